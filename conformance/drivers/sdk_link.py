"""One client connection of the forwarder: reads requests, writes answers byte for byte."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus

import h11

from conformance.drivers.transport import Meta

MAX_REQUEST = 256 * 1024 * 1024
GRACE = 0.5
"""Seconds for which the end of an answer is still read after the client has left at ``[DONE]``."""

_READ = 65536
_RESET = struct.pack("ii", 1, 0)

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Arrival:
    """A request as it came. ``target``: path and query without the tag."""

    method: str
    target: str
    headers: RawHeaders
    body: bytes
    tag: str = ""

    def header(self, name: str) -> str | None:
        wanted = name.lower().encode()
        return next((v.decode("latin-1") for k, v in self.headers if k.lower() == wanted), None)

    @property
    def likeness(self) -> tuple[str | None, ...]:
        """What two requests of one call have in common."""
        return tuple(map(self.header, ("user-agent", "authorization", "x-stainless-async")))

    def tagged(self, tag: str, target: str) -> Arrival:
        return replace(self, tag=tag, target=target)


class Link:
    """A connection while it lasts. ``meta``: what the request under way is recorded under."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._parser = h11.Connection(h11.SERVER, max_incomplete_event_size=256 * 1024)
        self._ended = False
        self._closing = False
        self._missing: int | None = None
        self._chunked = False
        self._bodiless = False
        self._tail = b""
        self._over = False
        self._begun = False
        self._deaf = False
        self.meta: Meta | None = None
        self.linger = 0.0
        # what was written must be with the client before a reset overtakes it
        writer.transport.set_write_buffer_limits(0)

    @property
    def at_end(self) -> bool:
        """The client has seen ``[DONE]`` or the whole length, or the bytes do not tell."""
        return self._over or self._missing == 0

    async def next_request(self) -> Arrival | None:
        """The next request with its whole body; None when the client has closed."""
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = self._parser.next_event()
            if event is h11.NEED_DATA:
                if self._parser.they_are_waiting_for_100_continue:
                    self._parser.send(h11.InformationalResponse(status_code=100, headers=[]))
                    await self._write(b"HTTP/1.1 100 Continue\r\n\r\n")
                data = b"" if self._ended else await self._reader.read(_READ)
                self._ended = self._ended or not data
                self._parser.receive_data(data)
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > MAX_REQUEST:
                    raise h11.RemoteProtocolError("the body is too long", error_status_hint=413)
            elif isinstance(event, h11.EndOfMessage):
                assert head is not None
                return Arrival(
                    head.method.decode("ascii"),
                    head.target.decode("latin-1"),
                    head.headers.raw_items(),
                    bytes(body),
                )
            else:
                return None

    async def watch(self) -> None:
        """Return when the client closes its side; bytes that come early are kept."""
        try:
            while data := await self._reader.read(_READ):
                self._parser.receive_data(data)
        except ConnectionError:
            pass
        if not self._ended:
            self._ended = True
            with suppress(h11.RemoteProtocolError):
                self._parser.receive_data(b"")

    def left(self) -> float:
        """The client has closed its side: seconds for which the answer is read on all the same."""
        self._deaf = True
        if self.at_end:
            return GRACE
        if self.meta is not None:
            self.meta.context["client_left"] = True
        return self.linger if self._begun else 0.0

    def gone(self) -> None:
        """Nobody reads the answer any more."""
        self._closing = True
        if self.meta is not None:
            self.meta.left = True

    async def head(self, status: int, reason: bytes, headers: RawHeaders, arrival: Arrival) -> None:
        """Write status line and headers; decide how the body is framed."""
        names = {name.lower() for name, _ in headers}
        chunked = b"transfer-encoding" in names
        length = next((v for k, v in headers if k.lower() == b"content-length"), None)
        if chunked:  # the target's framing: a length beside it would contradict it
            headers = [pair for pair in headers if pair[0].lower() != b"content-length"]
            length = None
        self._begun = True
        self._tail = b""
        self._over = b"content-encoding" in names
        self._bodiless = arrival.method == "HEAD" or status in (204, 304)
        self._missing = int(length) if length and length.isdigit() else None
        old = self._parser.their_http_version == b"1.0"
        self._chunked = not self._bodiless and self._missing is None and not old
        if old:
            headers = [pair for pair in headers if pair[0].lower() != b"transfer-encoding"]
            self._closing = True
            headers.append((b"Connection", b"close"))
        elif self._chunked and not chunked:
            headers.append((b"Transfer-Encoding", b"chunked"))
        lines = [b"HTTP/1.1 %d %b" % (status, reason)]
        lines += [name + b": " + value for name, value in headers]
        await self._write(b"\r\n".join(lines) + b"\r\n\r\n")

    async def body(self, data: bytes) -> None:
        """Write a piece of the body, as one chunk where the body is chunked."""
        if self._bodiless or not data:
            return
        if self._missing is not None:
            data = data[: self._missing]
            self._missing -= len(data)
        self._tail += data
        self._over = self._over or b"[DONE]" in self._tail
        self._tail = self._tail[-5:]
        await self._write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    async def end(self) -> bool:
        """Close the body; whether the connection can go on."""
        if self._chunked:
            await self._write(b"0\r\n\r\n")
        short = self._missing is not None and self._missing > 0 and not self._bodiless
        return not short and not self._closing and not self._deaf

    def reusable(self) -> bool:
        """Make ready for the next request of this connection."""
        try:
            # h11 only has to learn that the request was answered
            self._parser.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
            self._parser.send(h11.EndOfMessage())
            self._parser.start_next_cycle()
        except h11.LocalProtocolError:
            return False
        return True

    async def refuse(self, status: int, reason: str, method: str = "POST") -> None:
        """Answer from here, in the shape that clients expect of an error."""
        error = {"message": reason, "type": "conformance", "param": None, "code": "not_forwarded"}
        body = json.dumps({"error": error}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"x-should-retry", b"false"),
        ]
        with suppress(ConnectionError):
            await self.head(status, _reason(status), headers, Arrival(method, "", [], b""))
            await self.body(body)

    async def _write(self, data: bytes) -> None:
        if self._deaf:
            return
        self._writer.write(data)
        try:
            await self._writer.drain()
        except ConnectionError:
            if not self.left():
                raise

    def abort(self) -> None:
        """Reset the connection."""
        if self._writer.transport.is_closing():
            return
        sock = self._writer.get_extra_info("socket")
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._writer.transport.abort()

    async def close(self) -> None:
        """Close in an orderly way."""
        self._writer.close()
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(1):
                await self._writer.wait_closed()


def _reason(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""
