"""Faults of idempotency keys: ignored, confused, or worse than none."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ApiError
from conformance.reference.fault import fault
from conformance.reference.idempotency import IdempotencyStore, _Entry
from conformance.reference.reply import Reply
from conformance.reference.sse import dump

_I = "idempotency."
_SAME = _I + "replay.same-answer"
_KEPT = _I + "conflict.keeps-first"
_STREAM = _I + "stream.replay"
_OTHER = _I + "other-body.not-replayed"
_REFUSED = _I + "conflict.refused"
_ENDPOINT = _I + "other-endpoint.isolated"
_HEADER = "idempotency-key"
Name = tuple[str, str, str, str]


def keyed(call: Call) -> bool:
    """Whether a key is sent; without one no store is asked."""
    return _HEADER in call.headers


def store(id: str, *breaks: str, **options: Any) -> Any:
    """Plant a class of store."""

    def plant(kind: type[IdempotencyStore]) -> type[IdempotencyStore]:
        @fault(id, at="received", text=kind.__doc__, breaks=breaks or None, when=keyed, **options)
        def planted(call: Call, value: None) -> None:
            if type(call.app.idempotency) is not kind:
                call.app.idempotency = kind()

        return kind

    return plant


@store(
    _SAME,
    _SAME,
    _STREAM,
    _REFUSED,
    _KEPT,
    _I + "concurrent.once",
    _I + "error.then-replayed",
    _I + "expiry.kept",
    _I + "replay.responses",
    _I + "replay.completions",
    "served.idempotency",
    field_defects="idem-ignored",
)
class Ignores(IdempotencyStore):
    """Idempotency-Key is ignored."""

    async def once(self, call: Call, execute: Callable[[], Awaitable[Reply]]) -> Reply:
        return await execute()


@store(
    _I + "replay.success",
    _I + "replay.success",
    _I + "expiry.kept",
    _I + "replay.responses",
    _I + "replay.completions",
    _KEPT,
    _I + "error.then-replayed",
    _I + "stream.served-again",
    "served.idempotency",
)
class RefusesReplay(IdempotencyStore):
    """The second use of a key is refused, whatever its body."""

    def replay(self, call: Call, stored: Reply) -> Reply:
        raise ApiError(409, "This Idempotency-Key was used.", code="idempotency_key_in_use")


def _changed(id: str, text: str, change: Callable[[Reply], None], *more: str) -> None:
    """A fault that changes the replayed answer."""

    class Changed(IdempotencyStore):
        __doc__ = text

        def replay(self, call: Call, stored: Reply) -> Reply:
            reply = super().replay(call, stored)
            if isinstance(reply.body, bytes):
                change(reply)
            return reply

    store(id, id, *more)(Changed)


def _later(reply: Reply) -> None:
    assert isinstance(reply.body, bytes)
    body = json.loads(reply.body)
    body["created"] = body.get("created", 0) + 60
    reply.body = dump(body).encode()


def _spaced(reply: Reply) -> None:
    assert isinstance(reply.body, bytes)
    reply.body = json.dumps(json.loads(reply.body), indent=1).encode()


def _accepted(reply: Reply) -> None:
    reply.status = 208


_changed(_I + "replay.same-body", "A replay has a new time of creation.", _later)
_changed(_I + "replay.same-bytes", "A replay is indented anew.", _spaced)
_changed(
    _I + "replay.same-head",
    "A replay has a status of its own.",
    _accepted,
    "http.status.success",
)


@store(_I + "replay.costs-no-tokens")
class ChargesReplays(IdempotencyStore):
    """A replay takes tokens as if it were executed."""

    def replay(self, call: Call, stored: Reply) -> Reply:
        if call.account is not None and isinstance(stored.body, bytes):
            usage = json.loads(stored.body).get("usage") or {}
            call.app.limits.charge(call.account, int(usage.get("total_tokens", 0)))
        return super().replay(call, stored)


@store(_I + "key.exact")
class CutKeys(IdempotencyStore):
    """Only the first 64 characters of a key count."""

    def name(self, call: Call, key: str) -> Name:
        return super().name(call, key[:64])


@store(_I + "key.case")
class LowerKeys(IdempotencyStore):
    """Keys are compared without their case."""

    def name(self, call: Call, key: str) -> Name:
        return super().name(call, key.lower())


def _bounded(id: str, text: str, least: int, most: int) -> None:
    class Bounded(IdempotencyStore):
        __doc__ = text

        def check(self, key: str) -> None:
            if not least <= len(key) <= most:
                raise ApiError(400, "Invalid Idempotency-Key.", param="Idempotency-Key")

    store(id)(Bounded)


_bounded(_I + "key.one-character", "Keys of less than 8 characters are refused.", 8, 255)
_bounded(_I + "key.longest", "Keys of more than 128 characters are refused.", 1, 128)


@store(_OTHER, _OTHER, _REFUSED, _I + "other-stream.not-confused")
class AnyBody(IdempotencyStore):
    """The stored answer is given whatever the body."""

    def digest(self, call: Call) -> str:
        return ""


@store(_I + "other-stream.not-confused")
class StreamForgotten(IdempotencyStore):
    """stream is not part of what is compared."""

    def digest(self, call: Call) -> str:
        try:
            body = json.loads(call.raw)
        except ValueError:
            return super().digest(call)
        body.pop("stream", None)
        return json.dumps(body, sort_keys=True)


@store(_REFUSED)
class ExecutesConflict(IdempotencyStore):
    """A used key with another body is executed as new."""

    def name(self, call: Call, key: str) -> Name:
        return super().name(call, key + self.digest(call))


def _conflict(id: str, text: str, error: ApiError, *breaks: str, **options: Any) -> None:
    class Conflict(IdempotencyStore):
        __doc__ = text

        def conflict(self, entry: _Entry) -> ApiError:
            return error

    store(id, *(breaks or (id,)), **options)(Conflict)


_conflict(
    _I + "conflict.not-retried",
    "A conflict that stays is a 409 that clients retry.",
    ApiError(409, "Idempotency-Key conflict.", code="idempotency_key_conflict"),
    field_defects="rl-409-conflict-is-retried",
)
_conflict(
    _I + "other-body.no-server-error",
    "A conflict is a server error.",
    ApiError(500, "duplicate key value violates unique constraint", type="server_error"),
    _I + "other-body.no-server-error",
    _REFUSED,
    "errors.no-5xx",
)


@fault(
    _I + "conflict.error-object",
    at="error",
    breaks=(_I + "conflict.error-object", "errors.body.envelope"),
)
def bare_conflict(call: Call, error: Any) -> None:
    """A conflict is {detail}, as frameworks make it."""
    if isinstance(error.body, dict) and "Idempotency-Key" in str(error.body):
        error.body = {"detail": "Idempotency-Key conflict"}


@store(_KEPT)
class Overwrites(IdempotencyStore):
    """A conflict drops the stored answer."""

    def conflict(self, entry: _Entry) -> ApiError:
        for name, known in list(self._entries.items()):
            if known is entry:
                del self._entries[name]
        return super().conflict(entry)


@store(_I + "concurrent.once")
class NoLock(IdempotencyStore):
    """Twins that come while the first is running are executed."""

    async def once(self, call: Call, execute: Callable[[], Awaitable[Reply]]) -> Reply:
        key = call.headers.get(_HEADER)
        known = self._entries.get(self.name(call, key)) if key and call.method == "POST" else None
        if known is not None and known.reply is None:
            return await execute()
        return await super().once(call, execute)


@store(_I + "concurrent.answered")
class TwinsFail(IdempotencyStore):
    """Twins that come while the first is running are refused for good."""

    async def wait(self, entry: _Entry) -> None:
        raise ApiError(400, "This Idempotency-Key is in use.", param="Idempotency-Key")


@store(_I + "concurrent.answered/409", _I + "concurrent.answered")
class TwinsForbidden(IdempotencyStore):
    """Twins are refused with a 409 that forbids the retry."""

    async def wait(self, entry: _Entry) -> None:
        headers = [("x-should-retry", "false")]
        raise ApiError(409, "This Idempotency-Key is in use.", headers=headers)


@store(_I + "other-account.isolated", _I + "other-account.isolated")
class OneForAll(IdempotencyStore):
    """Keys are common to all accounts."""

    def name(self, call: Call, key: str) -> Name:
        return ("", call.method, call.path, key)


@store(_I + "other-account.served")
class SeenByAll(IdempotencyStore):
    """A key that another account has used is refused."""

    def name(self, call: Call, key: str) -> Name:
        owners: dict[str, str] = self.__dict__.setdefault("owners", {})
        if owners.setdefault(key, call.owner) != call.owner:
            raise ApiError(400, "This Idempotency-Key is in use.", param="Idempotency-Key")
        return super().name(call, key)


@store(_ENDPOINT, _ENDPOINT)
class OneForEndpoints(IdempotencyStore):
    """Only the key counts: neither the endpoint nor the body."""

    def name(self, call: Call, key: str) -> Name:
        path = call.path if call.route != "embeddings" else "/v1/chat/completions"
        return (call.owner, call.method, path, key)

    def digest(self, call: Call) -> str:
        return super().digest(call) if call.route == "chat" else next(
            (e.digest for n, e in self._entries.items() if n[3] == call.headers[_HEADER]), ""
        )  # fmt: skip


@fault(_I + "get.ignored", at="authorised", when=lambda call: call.method == "GET")
def get_refused(call: Call, verdict: Any) -> Any:
    """A key on GET is refused."""
    if _HEADER in call.headers:
        return ApiError(400, "Idempotency-Key is for POST only.", param="Idempotency-Key")
    return None


@fault(
    _I + "header.accepted",
    at="authorised",
    breaks=(
        _I + "header.accepted",
        _I + "header.accepted-stream",
        _I + "concurrent.answered",
        _I + "error.not-stored",
        _I + "key.longest",
        _I + "key.one-character",
        "served.idempotency",
    ),
)
def header_refused(call: Call, verdict: Any) -> Any:
    """Requests with an Idempotency-Key are refused."""
    if _HEADER in call.headers and call.method == "POST":
        return ApiError(400, "Unknown header: Idempotency-Key", param="Idempotency-Key")
    return None


@fault(_I + "header.accepted-stream", at="authorised")
def stream_refused(call: Call, verdict: Any) -> Any:
    """Streamed requests with an Idempotency-Key are refused."""
    if _HEADER in call.headers and b'"stream":true' in call.raw:
        return ApiError(400, "Idempotency-Key does not work with streams.")
    return None


@fault(_I + "key.no-server-error", at="authorised", breaks=(
    _I + "key.no-server-error", "errors.no-5xx"))  # fmt: skip
def long_key(call: Call, verdict: Any) -> Any:
    """A key that does not fit its column is a server error."""
    if len(call.headers.get(_HEADER, "")) > 255:
        return ApiError(500, "value too long for type character varying(255)", type="server_error")
    return None


@fault(_I + "key.marks", at="authorised")
def marked_key(call: Call, verdict: Any) -> Any:
    """A key with a slash is an unknown path of the store."""
    if "/" in call.headers.get(_HEADER, ""):
        return ApiError(404, "No such key.")
    return None


@store(_I + "key.empty-is-none")
class EmptyIsKey(IdempotencyStore):
    """The empty key is a key, common to all who send it, whatever they ask."""

    def check(self, key: str) -> None:
        if key:
            super().check(key)

    def digest(self, call: Call) -> str:
        return super().digest(call) if call.headers.get(_HEADER) else ""
