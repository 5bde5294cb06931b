"""The raw driver: sends exactly what it is given, follows nothing, retries nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

import httpx

from conformance.clock import Clock
from conformance.drivers.tls import trust
from conformance.drivers.transport import EXTENSION, Meta, RecordingTransport
from conformance.drivers.websocket import WEBSOCKET, converse, wants
from conformance.exchange import Exchange
from conformance.recording import Recording
from conformance.target import Target

USER_AGENT = "openai-conformance"

KEPT_ALIVE = 16
IDLE_S = 2.0
"""Seconds after which an idle connection is not used again: many servers close it after five."""


@dataclass(frozen=True)
class Wanted:
    """One request to be sent. ``stop``: given the bytes so far, whether the client leaves now."""

    method: str
    url: str
    headers: Mapping[str, str] | tuple[tuple[str, str], ...]
    content: bytes | AsyncIterator[bytes] | None = None
    timeout: float = 60.0
    stop: Callable[[bytes], bool] | None = None


class HttpDriver:
    """Sends requests through one pooled client, recorded by a :class:`RecordingTransport`."""

    name = "http"

    def __init__(
        self,
        target: Target,
        recording: Recording,
        clock: Clock,
        inner: httpx.AsyncBaseTransport | None = None,
        *,
        http2: bool = False,
    ) -> None:
        """``http2``: send no `Connection`, which HTTP/2 does not have."""
        self._limits = target.limits
        self.transport = RecordingTransport(
            inner or NetworkTransport(),
            recording,
            clock,
            target.base_url,
            target.limits.max_response_bytes,
        )
        self._client = httpx.AsyncClient(
            transport=self.transport,
            follow_redirects=False,
            timeout=target.limits.timeout_s,
        )
        # the SDKs' own set, so that a target sees no difference
        self._client.headers = httpx.Headers(
            {
                "accept": "application/json",
                "accept-encoding": "gzip, deflate",
                "connection": "keep-alive",
                "user-agent": USER_AGENT,
            }
        )
        if http2:
            del self._client.headers["connection"]

    async def send(self, wanted: Wanted, meta: Meta) -> Exchange:
        """Send and read to the end, to the stop condition, or to a cap. Never raises for a target.

        Raises asyncio.CancelledError only when the run itself is interrupted.
        """
        headers = wanted.headers
        items = tuple(headers.items()) if isinstance(headers, Mapping) else headers
        limit = self._limits.connect_timeout_s
        try:
            request = self._client.build_request(
                wanted.method,
                wanted.url,
                headers=httpx.Headers(list(items)),
                content=wanted.content,
                extensions={EXTENSION: meta, WEBSOCKET: bool(meta.context.get("websocket"))},
                timeout=httpx.Timeout(wanted.timeout, connect=min(limit, wanted.timeout)),
            )
            meta.deadline = asyncio.get_running_loop().time() + wanted.timeout
            async with asyncio.timeout(wanted.timeout):
                response = await self._client.send(request, stream=True)
                try:
                    await self._read(response, wanted, meta)
                finally:
                    await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, TimeoutError, OSError):
            if meta.exchange is None:
                raise
        assert meta.exchange is not None
        return meta.exchange

    @staticmethod
    async def _read(response: httpx.Response, wanted: Wanted, meta: Meta) -> None:
        if wanted.stop is None:
            async for _ in response.aiter_raw():
                pass
            return
        seen = b""
        async for data in response.aiter_raw():
            seen += data
            if wanted.stop(seen):
                meta.cancelled = True
                return

    async def aclose(self) -> None:
        await self._client.aclose()


class NetworkTransport(httpx.AsyncBaseTransport):
    """Sockets, pooled; nothing is retried below the recording.

    A server may end a connection after an answer without having said so; a request that comes to
    it then is lost, and says nothing of what the server makes of that request. So a second try
    goes over a connection of its own.
    """

    def __init__(self) -> None:
        # every request looks at all idle connections: no more of them than are of use
        pool = httpx.Limits(
            max_connections=200, max_keepalive_connections=KEPT_ALIVE, keepalive_expiry=IDLE_S
        )
        self._pooled = httpx.AsyncHTTPTransport(
            limits=pool, retries=0, trust_env=False, verify=trust()
        )
        once = httpx.Limits(max_connections=200, max_keepalive_connections=0)
        self._fresh = httpx.AsyncHTTPTransport(
            limits=once, retries=0, trust_env=False, verify=trust()
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if wants(request):
            return await converse(request)
        meta = request.extensions.get(EXTENSION)
        own = isinstance(meta, Meta) and meta.fresh
        return await (self._fresh if own else self._pooled).handle_async_request(request)

    async def aclose(self) -> None:
        await self._pooled.aclose()
        await self._fresh.aclose()
