"""Faults of what is stored under an Idempotency-Key: errors, refusals, streams."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from conformance.probes.idempotency import ELSEWHERE
from conformance.reference.call import Call
from conformance.reference.errors import ApiError
from conformance.reference.faults.idempotency import Name, store
from conformance.reference.idempotency import HEADER, IdempotencyStore
from conformance.reference.reply import Reply

_I = "idempotency."
_STREAM = _I + "stream.replay"


class _StoresErrors(IdempotencyStore):
    """Keeps refusals too."""

    async def once(self, call: Call, execute: Callable[[], Awaitable[Reply]]) -> Reply:
        key = call.headers.get(HEADER)
        if not key or call.method != "POST":
            return await super().once(call, execute)
        errors: dict[Name, ApiError] = self.__dict__.setdefault("errors", {})
        name = self.name(call, key)
        if name in errors:
            raise errors[name]
        try:
            return await super().once(call, execute)
        except ApiError as error:
            if self.stores(error):
                errors[name] = error
            raise

    def stores(self, error: ApiError) -> bool:
        return error.param != "Idempotency-Key"


@store(_I + "error.not-stored", _I + "error.not-stored")
class StoresInvalid(_StoresErrors):
    """A refused request is stored: its key gives the error for ever."""

    def stores(self, error: ApiError) -> bool:
        return error.status == 400 and super().stores(error)


@store(_I + "error.rate-limit")
class StoresLimits(_StoresErrors):
    """A refusal for the rate limit is stored, and replayed after the wait."""

    def stores(self, error: ApiError) -> bool:
        return error.status == 429


@store(_I + "error.repeated")
class BusyErrors(_StoresErrors):
    """A key whose request was refused stays in use."""

    async def once(self, call: Call, execute: Callable[[], Awaitable[Reply]]) -> Reply:
        try:
            return await super().once(call, execute)
        except ApiError as error:
            if error.status == 400 and self.__dict__.setdefault("seen", set()) is not None:
                key = call.headers.get(HEADER, "")
                seen: set[str] = self.__dict__["seen"]
                if key and key in seen and error.param != "Idempotency-Key":
                    raise ApiError(409, "This Idempotency-Key is in use.") from error
                seen.add(key)
            raise

    def stores(self, error: ApiError) -> bool:
        return False


@store(_I + "error.then-replayed")
class ForgetsMended(_StoresErrors):
    """A key whose request was refused once is not looked at again."""

    async def once(self, call: Call, execute: Callable[[], Awaitable[Reply]]) -> Reply:
        refused: set[str] = self.__dict__.setdefault("refused", set())
        key = call.headers.get(HEADER, "")
        if key in refused:
            return await execute()
        try:
            return await super().once(call, execute)
        except ApiError as error:
            if error.status == 400 and error.param != "Idempotency-Key":
                refused.add(key)
            raise

    def stores(self, error: ApiError) -> bool:
        return False


@store(_STREAM)
class StreamsAnew(IdempotencyStore):
    """Streams are not stored."""

    def keeps(self, reply: Reply) -> bool:
        return super().keeps(reply) and isinstance(reply.body, bytes)


@store(_I + "stream.complete")
class StreamCut(IdempotencyStore):
    """A replayed stream lacks its end."""

    def replay(self, call: Call, stored: Reply) -> Reply:
        reply = super().replay(call, stored)
        if isinstance(reply.body, list):
            reply.body.pop()
        return reply


@store(_I + "stream.served-again", _I + "stream.served-again", _STREAM, "sse.content-type",
       _I + "left.served-again")  # fmt: skip
class StreamAsJson(IdempotencyStore):
    """A replayed stream says that it is JSON."""

    def replay(self, call: Call, stored: Reply) -> Reply:
        reply = super().replay(call, stored)
        if isinstance(reply.body, list):
            reply.set("content-type", "application/json")
        return reply


@store(_I + "left.served-again")
class Locked(IdempotencyStore):
    """A key whose client left in mid-stream stays in use."""

    async def once(self, call: Call, execute: Callable[[], Awaitable[Reply]]) -> Reply:
        key = call.headers.get(HEADER) or ""
        name = self.name(call, key)
        held: set[Name] = self.__dict__.setdefault("held", set())
        if name in held:
            raise ApiError(409, "A request with this Idempotency-Key is in progress.")
        reply = await super().once(call, execute)
        if not key or not isinstance(reply.body, list):
            return reply
        frames = reply.body

        async def send() -> AsyncIterator[bytes]:
            held.add(name)
            for frame in frames:
                await call.clock.sleep(frame.delay)
                yield frame.data
            held.discard(name)

        return Reply(reply.status, reply.headers, send)


def _only_chat(endpoint: str) -> None:
    class Ignores(IdempotencyStore):
        __doc__ = f"At /{endpoint} the key is ignored."

        async def once(self, call: Call, execute: Callable[[], Awaitable[Reply]]) -> Reply:
            if call.path == f"/v1/{endpoint}":
                return await execute()
            return await super().once(call, execute)

    store(f"{_I}replay.{endpoint}", f"{_I}replay.{endpoint}")(Ignores)


for _endpoint in ELSEWHERE:
    _only_chat(_endpoint)


class _Expiring(IdempotencyStore):
    """Keeps keys for another time than it says."""

    share = 1.0

    async def once(self, call: Call, execute: Callable[[], Awaitable[Reply]]) -> Reply:
        reply = await super().once(call, execute)
        for entry in self._entries.values():
            if entry.reply is not None and not entry.__dict__.get("moved"):
                entry.__dict__["moved"] = True
                entry.expires += call.config.idempotency_ttl_s * (self.share - 1)
        return reply


@store(_I + "expiry.kept")
class ForgetsEarly(_Expiring):
    """Keys are forgotten after half of the time that the documents say."""

    share = 0.5


@store(_I + "expiry.forgotten")
class NeverForgets(_Expiring):
    """Keys never expire."""

    share = 1000.0


@store(_I + "expiry.forgotten/refused", _I + "expiry.forgotten")
class Tombstones(IdempotencyStore):
    """A key that has expired is refused for ever."""

    async def once(self, call: Call, execute: Callable[[], Awaitable[Reply]]) -> Reply:
        key = call.headers.get(HEADER)
        entry = self._entries.get(self.name(call, key)) if key else None
        if entry is not None and entry.reply and entry.expires <= call.clock.time():
            raise ApiError(400, "This Idempotency-Key has expired.", param="Idempotency-Key",
                           code="idempotency_key_expired")  # fmt: skip
        return await super().once(call, execute)
