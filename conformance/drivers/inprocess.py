"""An httpx transport that calls an ASGI application in this event loop, streaming as it streams.

httpx's own ASGITransport hands out the body only when it is complete; arrival times would be lost.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx

from conformance.drivers.websocket import converse_in_process, wants


class InProcessTransport(httpx.AsyncBaseTransport):
    """Each request runs the application in a task of its own; leaving early cancels it."""

    version = "1.1"

    def over_http2(self) -> InProcessTransport:
        """The same, which tells the application that it is spoken to by HTTP/2."""
        other = copy.copy(self)
        other.version = "2"
        return other

    def __init__(self, app: Any) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if wants(request):
            return await converse_in_process(self._app, request)
        assert isinstance(request.stream, httpx.AsyncByteStream)
        body = b"".join([part async for part in request.stream])
        url = request.url
        path = url.raw_path.partition(b"?")[0]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": self.version,
            "method": request.method,
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": path,
            "query_string": url.query,
            "root_path": "",
            "headers": [(k.lower(), v) for k, v in request.headers.raw],
            "client": ("127.0.0.1", 50000),
            "server": (url.host, url.port or 80),
            "state": {},
        }
        messages: asyncio.Queue[dict[str, Any] | BaseException | None] = asyncio.Queue()
        left = asyncio.Event()
        pending = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            if pending:
                return pending.pop()
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            messages.put_nowait(message)
            if message["type"] == "http.response.body":
                await asyncio.sleep(0)

        async def run() -> None:
            try:
                await self._app(scope, receive, send)
            except Exception as error:
                messages.put_nowait(error)
            else:
                messages.put_nowait(None)

        task = asyncio.ensure_future(run())
        try:
            first = await messages.get()
        except BaseException:
            task.cancel()
            raise
        if not isinstance(first, dict):
            raise _broken(first)
        return httpx.Response(
            status_code=first["status"],
            headers=first["headers"],
            stream=_Body(messages, task, left),
            extensions={
                "http_version": f"HTTP/{self.version}".encode(),
                "reason_phrase": b"",
            },
        )


class _Body(httpx.AsyncByteStream):
    def __init__(self, messages: Any, task: asyncio.Future[None], left: asyncio.Event) -> None:
        self._messages = messages
        self._task = task
        self._left = left

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            message = await self._messages.get()
            if not isinstance(message, dict):
                raise _broken(message)
            if message.get("body"):
                yield message["body"]
            if not message.get("more_body"):
                with suppress(asyncio.CancelledError):
                    await self._task
                return

    async def aclose(self) -> None:
        self._left.set()
        if not self._task.done():
            await asyncio.sleep(0)
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task


def _broken(message: object) -> httpx.RemoteProtocolError:
    text = f"the application failed: {message!r}" if message else "the application sent no answer"
    return httpx.RemoteProtocolError(text)
