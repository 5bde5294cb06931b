"""The ASGI application."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextvars import ContextVar
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from conformance.reference.call import Call
from conformance.reference.clock import Clock, SystemClock
from conformance.reference.config import ReferenceConfig
from conformance.reference.dialects.hooks import dialect_hooks
from conformance.reference.fault import Fault, Stage, all_faults, all_variations, select
from conformance.reference.headers import compress
from conformance.reference.idempotency import IdempotencyStore
from conformance.reference.limits import Limits
from conformance.reference.parse import too_large
from conformance.reference.pipeline import serve
from conformance.reference.reply import Cut, Drop, Reply
from conformance.reference.routes import all_routes
from conformance.reference.routing import Router

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_ids: ContextVar[random.Random] = ContextVar("ids", default=random.Random(0))  # noqa: B039, S311

_DRAIN = 256 * 1024 * 1024


class ConnectionDropped(Exception):
    """The provider broke the connection; in process there is no other way to say so."""


@cache
def _router() -> Router:
    return Router(all_routes())


class ReferenceApp:
    """One provider with its own accounts, objects, windows and planted faults."""

    call: type[Call] = Call

    def __init__(self, config: ReferenceConfig, clock: Clock, planted: Sequence[Fault]) -> None:
        self.config = config
        self.clock = clock
        self.active = {item.id: item for item in planted}
        self.hooks: dict[Stage, list[Fault]] = {}
        for item in planted:
            self.hooks.setdefault(item.at, []).append(item)
        self.limits = Limits(clock)
        self.idempotency = IdempotencyStore()
        self.tables: dict[tuple[str, str], dict[str, Any]] = {}
        self.data: dict[str, Any] = {}
        """Scratch for hooks that remember something between calls."""
        self._same: dict[bytes, int] = {}

    def new_id(self, prefix: str, digits: int = 24) -> str:
        """A fresh identifier.

        It depends on the seed, on the request that is served and on how often the same one came
        before, not on what else is going on: the same request is answered alike.
        """
        return prefix + f"{_ids.get().getrandbits(4 * digits):0{digits}x}"

    def identify(self, call: Call) -> None:
        """Name a request, and all that is made for it."""
        digest = hashlib.sha256(
            repr((self.config.seed, call.method, call.path, call.headers, call.query)).encode()
        )
        digest.update(call.raw)
        key = digest.digest()
        _ids.set(random.Random(key + bytes(str(self._turn(key)), "ascii")))  # noqa: S311
        call.request_id = self.new_id("req_", 32)

    def _turn(self, key: bytes) -> int:
        """How often the same request came, with this one."""
        self._same[key] = self._same.get(key, 0) + 1
        return self._same[key]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "websocket":
            from conformance.reference.routes.realtime import websocket

            await websocket(self, scope, receive, send)
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = self._call(scope)
        await _read(call, receive)
        self.identify(call)
        try:
            reply = await serve(call)
            compress(call, reply)
            await _send(call, reply, send)
        except (Drop, Cut):
            await _drop(send)

    def _call(self, scope: Scope) -> Call:
        headers: dict[str, str] = {}
        for name, value in scope["headers"]:
            headers[name.decode("latin-1").lower()] = value.decode("latin-1")
        raw_path = scope.get("raw_path") or scope["path"].encode()
        path = raw_path.decode("latin-1").partition("?")[0]
        pairs = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        lists: dict[str, list[str]] = {}
        for key, value in pairs:
            lists.setdefault(key, []).append(value)
        call = self.call(
            app=self,
            method=scope["method"],
            path=unquote(path),
            headers=headers,
            http_version=str(scope.get("http_version", "1.1")),
            query=dict(pairs),
            query_lists=lists,
            started=self.clock.monotonic(),
        )
        _route(call, path)
        return call


def create_app(
    config: ReferenceConfig | None = None,
    *,
    clock: Clock | None = None,
    faults: Sequence[str] = (),
    variations: Sequence[str] = (),
) -> ReferenceApp:
    """A provider with the named faults and variations planted."""
    config = config or ReferenceConfig()
    planted = dialect_hooks(config.profile)
    if variations:
        planted += select(all_variations(), variations, "variation")
    if faults:
        planted += select(all_faults(), faults, "fault")
    for item in planted:
        if item.at == "front":
            raise ValueError(f"{item.id} is a fault of what stands before a provider: {item.text}")
    return ReferenceApp(config, clock or SystemClock(), planted)


def _route(call: Call, raw_path: str) -> None:
    if call.method == "OPTIONS":
        call.route = "preflight"
        return
    match = _router().match(raw_path[3:]) if raw_path.startswith("/v1/") else None
    if match is None:
        return
    call.params = match.params
    method = "GET" if call.method == "HEAD" and "HEAD" not in match.methods else call.method
    call.spec = match.methods.get(method)
    if call.spec is None:
        call.state["allowed"] = sorted(match.methods)
    else:
        call.route = call.spec.name


async def _read(call: Call, receive: Receive) -> None:
    """The whole body; one that is too large is read on and thrown away, then refused."""
    pieces: list[bytes] = []
    size = 0
    more = True
    limit = call.config.max_body_bytes
    while more and size <= _DRAIN:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        piece = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(piece)
        if size <= limit:
            pieces.append(piece)
    if size > limit:
        call.state["body_error"] = too_large(limit)
    else:
        call.raw = b"".join(pieces)


async def _send(call: Call, reply: Reply, send: Send) -> None:
    body = reply.body
    if isinstance(body, bytes) and reply.header("content-length") is None and reply.status != 204:
        reply.headers.append(("content-length", str(len(body))))
    await send(
        {
            "type": "http.response.start",
            "status": reply.status,
            "headers": [
                (name.lower().encode("latin-1"), value.encode("latin-1"))
                for name, value in reply.headers
            ],
        }
    )
    empty = call.method == "HEAD" or reply.status == 204
    if isinstance(body, bytes) or empty:
        sent = b"" if empty or not isinstance(body, bytes) else body
        await send({"type": "http.response.body", "body": sent, "more_body": False})
        return
    if isinstance(body, list):
        for frame in body:
            if frame.delay > 0:
                await call.clock.sleep(frame.delay)
            await send({"type": "http.response.body", "body": frame.data, "more_body": True})
    else:
        async for data in body():
            await send({"type": "http.response.body", "body": data, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _drop(send: Send) -> None:
    """Break the connection: on a socket through the server's transport, else by raising."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionDropped
    transport.close()  # what was written still goes out, and then the end


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
