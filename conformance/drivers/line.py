"""One connection of its own: used again, speaking HTTP/2, or a version of TLS that is outdated.

The shared client has many connections and drops idle ones by itself, so nothing can be seen there.
Under a driver that has no sockets the same requests go out, and only their answers tell.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import httpx

from conformance.drivers.http import HttpDriver, NetworkTransport, Wanted
from conformance.drivers.inprocess import InProcessTransport
from conformance.drivers.tls import TLS, agreed, trust
from conformance.drivers.transport import EXTENSION, Meta
from conformance.exchange import Exchange
from conformance.session import Session, encode

PORT = "line"
"""Under this name the context of an exchange holds the client's port: the connection."""

_IDLE_S = 600.0


class LineTransport(httpx.AsyncBaseTransport):
    """Notes on which connection an answer came, and which version of TLS carried it."""

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
            version = agreed(stream)
            if version:
                meta.context[TLS] = version
        return response

    async def aclose(self) -> None:
        if self._owned:
            await self._inner.aclose()


def no_http2(session: Session) -> str:
    """Why HTTP/2 cannot be tried; empty where it can.

    A client and a server agree on it by ALPN, within TLS; nothing of OpenAI's is spoken to with
    prior knowledge. In process there is no connection, and the provider is told that it is HTTP/2.
    """
    courier = session.courier
    if isinstance(courier.driver.transport.inner, InProcessTransport):
        return ""
    if not courier.target.base_url.startswith("https://"):
        return "HTTP/2 is agreed on within TLS, and the address is not https"
    if find_spec("h2") is None:
        return "HTTP/2 wants the package h2, which is not installed"
    return ""


class Line:
    """A client with one connection, recorded as all others are.

    ``http2``: it offers HTTP/2 as well. ``verify``: its TLS, where not the usual.
    """

    def __init__(
        self, session: Session, *, http2: bool = False, verify: ssl.SSLContext | None = None
    ) -> None:
        self._session = session
        courier = session.courier
        inner = courier.driver.transport.inner
        own = isinstance(inner, NetworkTransport)
        if own:
            limits = httpx.Limits(
                max_connections=1, max_keepalive_connections=1, keepalive_expiry=_IDLE_S
            )
            inner = httpx.AsyncHTTPTransport(
                limits=limits, retries=0, trust_env=False, http2=http2, verify=verify or trust()
            )
        elif http2 and isinstance(inner, InProcessTransport):
            inner = inner.over_http2()
        self.inner = inner
        self._driver = HttpDriver(
            replace(courier.target),
            courier.recording,
            courier.clock,
            LineTransport(inner, owned=own),
            http2=http2,
        )

    async def __aenter__(self) -> Line:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._driver.aclose()

    async def send(
        self,
        step: str,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = "api",
        timeout: float = 30.0,
        context: Mapping[str, Any] | None = None,
    ) -> Exchange:
        """Send one request; nothing is tried again."""
        session = self._session
        courier = session.courier
        target = session.target
        headers = {}
        token = session.key(key) if key else None
        if token:
            headers["authorization"] = f"Bearer {token}"
        content = None
        if body is not None:
            headers["content-type"] = "application/json"
            content = encode(target.fill(body))
        url = target.base_url.rstrip("/") + target.fill_path(path)
        courier.budget.take(64)
        await courier.pace()
        exchange = await self._driver.send(
            Wanted(method, url, headers, content, timeout),
            Meta(session.name, step, session.driver, context=dict(context or {})),
        )
        courier.budget.settle(exchange, 64)
        return exchange
