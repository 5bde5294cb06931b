"""WebSocket conversations, recorded as any other exchange.

A request with the extension ``websocket`` opens a connection. Its body holds what the client says,
a message a line, all of it said when the server has spoken first. The answer is a response of
status 101 whose body is what the server said: a chunk and a line for each message, at its time. A
refused handshake is the plain HTTP response that it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

WEBSOCKET = "websocket"
_OWN = {b"host", b"connection", b"upgrade", b"accept", b"accept-encoding", b"content-length",
        b"content-type", b"user-agent"}  # fmt: skip
MOST = 4 * 1024 * 1024
"""Bytes of a message that are read at most."""


def wants(request: httpx.Request) -> bool:
    """Whether a request is the opening of a conversation."""
    return bool(request.extensions.get(WEBSOCKET))


async def converse(request: httpx.Request) -> httpx.Response:
    """Open a connection over the network. Raises httpx's errors."""
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidHandshake, InvalidStatus

    url = request.url.copy_with(scheme="wss" if request.url.scheme == "https" else "ws")
    headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in _passed(request)]
    times = request.extensions.get("timeout") or {}
    try:
        socket = await connect(
            str(url),
            additional_headers=headers,
            open_timeout=times.get("connect"),
            close_timeout=1,
            compression=None,
            max_size=MOST,
            proxy=None,
        )
    except InvalidStatus as error:
        refusal = error.response
        return httpx.Response(
            refusal.status_code,
            headers=list(refusal.headers.raw_items()),
            stream=httpx.ByteStream(bytes(refusal.body or b"")),
            extensions={"http_version": b"HTTP/1.1", "reason_phrase": b""},
        )
    except (InvalidHandshake, EOFError) as error:
        raise httpx.RemoteProtocolError(f"no WebSocket handshake: {error}") from error
    except (OSError, TimeoutError) as error:
        raise httpx.ConnectError(str(error) or "no handshake in time") from error
    answered = list(socket.response.headers.raw_items()) if socket.response else []
    return _opened(_Network(socket, await _lines(request)), answered)


async def converse_in_process(app: Any, request: httpx.Request) -> httpx.Response:
    """Open a connection to an ASGI application in this event loop."""
    url = request.url
    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": url.path,
        "raw_path": url.raw_path.partition(b"?")[0],
        "query_string": url.query,
        "root_path": "",
        "headers": [(k.lower(), v) for k, v in _passed(request)],
        "client": ("127.0.0.1", 50000),
        "server": (url.host, url.port or 80),
        "subprotocols": [],
        "state": {},
    }
    talk = _InProcess(app, scope, await _lines(request))
    first = await talk.said.get()
    if first is None or first["type"] != "websocket.accept":
        await talk.aclose()
        return httpx.Response(403, stream=httpx.ByteStream(b""))
    return _opened(talk, first.get("headers") or [])


def _passed(request: httpx.Request) -> list[tuple[bytes, bytes]]:
    return [(k, v) for k, v in request.headers.raw if k.lower() not in _OWN]


async def _lines(request: httpx.Request) -> list[str]:
    assert isinstance(request.stream, httpx.AsyncByteStream)
    body = b"".join([part async for part in request.stream])
    return [line.decode("utf-8") for line in body.splitlines() if line]


def _opened(talk: httpx.AsyncByteStream, headers: Any) -> httpx.Response:
    return httpx.Response(
        101,
        headers=headers,
        stream=talk,
        extensions={"http_version": b"HTTP/1.1", "reason_phrase": b"Switching Protocols"},
    )


def _line(message: str | bytes) -> bytes:
    data = message.encode("utf-8", "replace") if isinstance(message, str) else message
    return data + b"\n"


class _Network(httpx.AsyncByteStream):
    def __init__(self, socket: ClientConnection, lines: list[str]) -> None:
        self._socket = socket
        self._lines = lines

    async def __aiter__(self) -> AsyncIterator[bytes]:
        from websockets.exceptions import ConnectionClosed

        try:
            while True:
                yield _line(await self._socket.recv())
                while self._lines:
                    await self._socket.send(self._lines.pop(0))
        except ConnectionClosed as error:
            if error.rcvd is None:
                raise httpx.RemoteProtocolError("cut off without a closing frame") from error

    async def aclose(self) -> None:
        with suppress(OSError, TimeoutError):
            await self._socket.close()


class _InProcess(httpx.AsyncByteStream):
    def __init__(self, app: Any, scope: dict[str, Any], lines: list[str]) -> None:
        self.said: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._heard.put_nowait({"type": "websocket.connect"})
        self._lines = lines
        self._task = asyncio.ensure_future(self._run(app, scope))

    async def _run(self, app: Any, scope: dict[str, Any]) -> None:
        async def send(message: dict[str, Any]) -> None:
            self.said.put_nowait(message)
            await asyncio.sleep(0)

        try:
            await app(scope, self._heard.get, send)
        finally:
            self.said.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (message := await self.said.get()) is not None:
            if message["type"] == "websocket.close":
                break
            text = message.get("text")
            yield _line(text if text is not None else message.get("bytes") or b"")
            while self._lines:
                self._heard.put_nowait({"type": "websocket.receive", "text": self._lines.pop(0)})

    async def aclose(self) -> None:
        self._heard.put_nowait({"type": "websocket.disconnect", "code": 1000})
        self._task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await self._task
