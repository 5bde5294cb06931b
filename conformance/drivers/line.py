"""One connection of its own: what a server does with a connection that is used again.

The shared client has many connections and drops idle ones by itself, so nothing can be seen there.
Under a driver that has no sockets the same requests go out, and only their answers tell.
"""

from __future__ import annotations

from dataclasses import replace

import httpx

from conformance.drivers.http import HttpDriver, NetworkTransport, Wanted
from conformance.drivers.transport import EXTENSION, Meta
from conformance.exchange import Exchange
from conformance.session import Session, encode

PORT = "line"
"""Under this name the context of an exchange holds the client's port: the connection."""

_IDLE_S = 600.0


class LineTransport(httpx.AsyncBaseTransport):
    """Notes on which connection an answer came."""

    def __init__(self, inner: httpx.AsyncBaseTransport, *, owned: bool) -> None:
        self._inner = inner
        self._owned = owned

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        stream = response.extensions.get("network_stream")
        address = stream.get_extra_info("client_addr") if stream is not None else None
        meta = request.extensions.get(EXTENSION)
        if isinstance(meta, Meta) and isinstance(address, tuple) and len(address) > 1:
            meta.context[PORT] = address[1]
        return response

    async def aclose(self) -> None:
        if self._owned:
            await self._inner.aclose()


class Line:
    """A client with one connection, recorded as all others are."""

    def __init__(self, session: Session) -> None:
        self._session = session
        courier = session.courier
        inner = courier.driver.transport.inner
        own = isinstance(inner, NetworkTransport)
        if own:
            limits = httpx.Limits(
                max_connections=1, max_keepalive_connections=1, keepalive_expiry=_IDLE_S
            )
            inner = httpx.AsyncHTTPTransport(limits=limits, retries=0, trust_env=False)
        self.inner = inner
        self._driver = HttpDriver(
            replace(courier.target),
            courier.recording,
            courier.clock,
            LineTransport(inner, owned=own),
        )

    async def __aenter__(self) -> Line:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._driver.aclose()

    async def send(
        self, step: str, method: str, path: str, body: object = None, *, timeout: float = 30.0
    ) -> Exchange:
        """Send one request; nothing is tried again."""
        session = self._session
        courier = session.courier
        target = session.target
        headers = {}
        key = session.key("api")
        if key:
            headers["authorization"] = f"Bearer {key}"
        content = None
        if body is not None:
            headers["content-type"] = "application/json"
            content = encode(target.fill(body))
        url = target.base_url.rstrip("/") + target.fill_path(path)
        courier.budget.take(64)
        await courier.pace()
        exchange = await self._driver.send(
            Wanted(method, url, headers, content, timeout), Meta(session.name, step, session.driver)
        )
        courier.budget.settle(exchange, 64)
        return exchange
