"""A loopback HTTP/1.1 server that passes what any client sends on to the target.

Client libraries run as their users run them, with the HTTP client that they bring, and still
everything passes one recording transport. The answer goes back as it comes: header list in order,
chunk by chunk, content encoding untouched, a reset as a reset and a stall as a stall. h11 reads the
requests; answers are written by hand, because h11 would move the framing headers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import h11
import httpx

from conformance.drivers.sdk_link import Arrival, Link
from conformance.drivers.transport import EXTENSION, Meta

PREFIX = "/-/"
_PER_CONNECTION = frozenset((b"connection", b"keep-alive", b"proxy-connection", b"upgrade"))


@dataclass(frozen=True)
class Passage:
    """What the owner says of a request that it lets pass.

    ``timeout``: seconds for all of it. ``linger``: seconds for which an answer that has begun is
    still read for the recording when the client has left, because it could not make sense of it.
    """

    meta: Meta
    timeout: float = 60.0
    linger: float = 0.0


class Refusal(Exception):
    """The owner lets a request not pass: it is answered here and never sent."""

    def __init__(self, reason: str, status: int = 503) -> None:
        super().__init__(reason)
        self.status = status


Admit = Callable[[Arrival], AbstractAsyncContextManager[Passage]]
"""The owner's gate, open while the request lasts. Raises :class:`Refusal`."""


class Forwarder:
    """Listens on loopback and forwards through ``transport``; follows no redirect, retries nothing.

    A path that begins with ``/-/<tag>`` belongs to the call of that name; the prefix is taken away.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, base_url: str, admit: Admit) -> None:
        self._transport = transport
        self._target = httpx.URL(base_url)
        self._admit = admit
        self._server: asyncio.Server | None = None
        self._links: set[Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._redirected: list[tuple[str, Arrival]] = []
        self.port = 0

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Begin to listen; ``port`` 0 takes any free one."""
        self._server = await asyncio.start_server(self._connected, host, port, backlog=256)
        self.port = self._server.sockets[0].getsockname()[1]

    def base_url(self, tag: str = "") -> str:
        """The base URL to give to a client, as the target's own with another origin."""
        prefix = PREFIX + tag if tag else ""
        return f"http://127.0.0.1:{self.port}{prefix}{self._target.path.rstrip('/')}"

    async def aclose(self) -> None:
        """Stop listening and end what is under way."""
        if self._server is not None:
            self._server.close()
        for link in tuple(self._links):
            link.abort()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # closed transports let go of their sockets in the next turn

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        link = Link(reader, writer)
        self._links.add(link)
        try:
            await self._serve(link)
        except h11.RemoteProtocolError as error:
            await link.refuse(error.error_status_hint, f"not an HTTP request: {error}")
        except (ConnectionError, TimeoutError, asyncio.CancelledError):
            link.abort()
        finally:
            with suppress(asyncio.CancelledError):
                await link.close()
            self._links.discard(link)
            self._tasks.discard(task)

    async def _serve(self, link: Link) -> None:
        while (arrival := await link.next_request()) is not None:
            working = asyncio.ensure_future(self._pass_on(link, self._untag(arrival)))
            watching = asyncio.ensure_future(link.watch())
            try:
                await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
                if not working.done() and (patience := link.left()):
                    await asyncio.wait((working,), timeout=patience)
            finally:
                watching.cancel()
                if not working.done():
                    link.gone()
                    working.cancel()
                await asyncio.gather(working, watching, return_exceptions=True)
            if working.cancelled() or not working.result() or not link.reusable():
                return

    def _untag(self, arrival: Arrival) -> Arrival:
        path = arrival.target
        if not path.startswith(PREFIX):
            return arrival.tagged(self._redirected_from(arrival), path)
        tag, slash, rest = path[len(PREFIX) :].partition("/")
        return arrival.tagged(tag, slash + rest or "/")

    def _redirected_from(self, arrival: Arrival) -> str:
        """The call that an answer sent to this address, which has no tag."""
        likely = sorted(
            (entry for entry in self._redirected if entry[0] == arrival.target),
            key=lambda entry: (
                entry[1].likeness != arrival.likeness,
                entry[1].body != arrival.body,
            ),
        )
        if not likely:
            return ""
        self._redirected.remove(likely[0])
        return likely[0][1].tag

    async def _pass_on(self, link: Link, arrival: Arrival) -> bool:
        """Whether the connection can serve another request."""
        try:
            async with self._admit(arrival) as passage:
                link.meta, link.linger = passage.meta, passage.linger
                try:
                    async with asyncio.timeout(passage.timeout):
                        return await self._exchange(link, arrival, passage)
                finally:
                    link.meta = None
        except Refusal as refusal:
            await link.refuse(refusal.status, str(refusal), arrival.method)
            return True
        except httpx.RemoteProtocolError as error:
            if _ended_early(error):
                await link.close()
            else:
                link.abort()
        except (httpx.TransportError, httpx.InvalidURL, TimeoutError, OSError):
            link.abort()
        return False

    async def _exchange(self, link: Link, arrival: Arrival, passage: Passage) -> bool:
        request = self._request(arrival, passage)
        response = await self._transport.handle_async_request(request)
        stream = response.stream
        assert isinstance(stream, httpx.AsyncByteStream)
        try:
            self._follow(response, arrival)
            await link.head(
                response.status_code,
                response.extensions.get("reason_phrase", b""),
                [pair for pair in response.headers.raw if pair[0].lower() not in _PER_CONNECTION],
                arrival,
            )
            async for data in stream:
                await link.body(data)
        finally:
            await stream.aclose()
        return await link.end()

    def _request(self, arrival: Arrival, passage: Passage) -> httpx.Request:
        netloc = self._target.netloc
        headers = [
            (name, netloc if name.lower() == b"host" else value)
            for name, value in arrival.headers
            if name.lower() not in _PER_CONNECTION - {b"connection"}
        ]
        request = httpx.Request(
            arrival.method,
            self._target.copy_with(raw_path=arrival.target.encode("latin-1")),
            headers=headers,
            stream=httpx.ByteStream(arrival.body),
            extensions={
                "timeout": httpx.Timeout(passage.timeout).as_dict(),
                EXTENSION: passage.meta,
            },
        )
        request.read()
        return request

    def _follow(self, response: httpx.Response, arrival: Arrival) -> None:
        """Remember whose call a redirect within this origin goes on with."""
        location = response.headers.get("location")
        if location and 300 <= response.status_code < 400:
            with suppress(ValueError):
                parts = urlsplit(location)
                if not parts.netloc and parts.path.startswith("/"):
                    address = parts.path + (f"?{parts.query}" if parts.query else "")
                    self._redirected = [*self._redirected[-200:], (address, arrival)]


def _ended_early(error: httpx.RemoteProtocolError) -> bool:
    """The target closed in an orderly way, only too soon."""
    text = str(error)
    return "without sending" in text or "incomplete" in text
