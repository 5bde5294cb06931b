"""A receiver of webhooks on this machine: answers the challenge, keeps what is posted."""

from __future__ import annotations

import asyncio
import contextlib
import json
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

LARGEST = 64 * 1024
MOST = 20
"""Bytes of a request, and requests, that are kept; what a target sends beyond is dropped."""


class Receiver:
    """Listens for the length of an ``async with`` block, by default on a free port of loopback.

    ``listen``: ``HOST:PORT`` instead; ``url``: the address by which others find that.
    """

    def __init__(self, listen: str = "", url: str = "") -> None:
        host, _, port = listen.rpartition(":")
        self._address = (host.strip("[]") or "127.0.0.1", int(port or 0))
        self._public = url
        self.challenges: list[str] = []
        self.events: list[Any] = []
        self.url = ""
        self._server: asyncio.Server | None = None
        self._news = asyncio.Condition()

    async def __aenter__(self) -> Receiver:
        host, port = self._address
        self._server = await asyncio.start_server(self._serve, host, port, limit=LARGEST)
        port = self._server.sockets[0].getsockname()[1]
        self.url = self._public or f"http://127.0.0.1:{port}/events"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def wait(self, seconds: float) -> None:
        """Until an event has come, or so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(lambda: self.events)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(5):
                status, body = await self._answer(reader)
                head = f"HTTP/1.1 {status}\r\ncontent-type: text/plain\r\n"
                head += f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
                writer.write(head.encode() + body)
                await writer.drain()
        except (OSError, ValueError, EOFError, asyncio.LimitOverrunError):
            pass  # whatever the target sends, the run goes on
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[str, bytes]:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, target, _ = head.split("\r\n", 1)[0].split(" ", 2)
        if method == "GET":
            words = parse_qs(urlsplit(target).query)
            token = next((words[name][0] for name in ("challenge", "token") if name in words), "")
            self._keep(self.challenges, token)
            return "200 OK", token.encode()
        size = 0
        for line in head.split("\r\n")[1:]:
            name, _, value = line.partition(":")
            if name.lower() == "content-length":
                size = min(max(int(value), 0), LARGEST)
        posted = json.loads(await reader.readexactly(size))
        async with self._news:
            self._keep(self.events, posted)
            self._news.notify_all()
        return "200 OK", b""

    @staticmethod
    def _keep(kept: list[Any], value: Any) -> None:
        if len(kept) < MOST:
            kept.append(value)
