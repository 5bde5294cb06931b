"""Idempotency-Key: the same request twice is executed once."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from conformance.reference.errors import ApiError, invalid
from conformance.reference.reply import Reply

if TYPE_CHECKING:
    from conformance.reference.call import Call

HEADER = "idempotency-key"
MAX_KEY = 255


@dataclass
class _Entry:
    """A key in use: what was asked, and the answer once it is there."""

    digest: str
    done: asyncio.Event
    reply: Reply | None = None
    expires: float = 0.0


class IdempotencyStore:
    """The keys of all accounts.

    Each decision is a method of its own, so that a fault can replace it.
    """

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str, str, str], _Entry] = {}

    async def once(self, call: Call, execute: Callable[[], Awaitable[Reply]]) -> Reply:
        """Execute, or replay what the same key was answered before."""
        key = call.headers.get(HEADER)
        if key is None or call.method != "POST":
            return await execute()
        self.check(key)
        name = self.name(call, key)
        digest = self.digest(call)
        while True:
            entry = self._entries.get(name)
            if entry is not None and entry.reply and entry.expires <= call.clock.time():
                entry = None
            if entry is None:
                return await self._first(call, name, digest, execute)
            if entry.digest != digest:
                raise self.conflict(entry)
            if entry.reply is not None:
                return self.replay(call, entry.reply)
            # a twin is being executed: wait for it, and look again
            await self.wait(entry)

    def check(self, key: str) -> None:
        """Refuse a key that is none."""
        if not 1 <= len(key) <= MAX_KEY:
            raise invalid(
                f"Invalid Idempotency-Key: expected 1 to {MAX_KEY} characters, but got {len(key)}.",
                "Idempotency-Key",
                "invalid_idempotency_key",
            )

    def name(self, call: Call, key: str) -> tuple[str, str, str, str]:
        """What a key belongs to: the account and the endpoint that it was used with."""
        return (call.owner, call.method, call.path, key)

    def digest(self, call: Call) -> str:
        """The same for bodies that mean the same, whatever their white space and key order."""
        raw = call.raw
        if call.headers.get("content-type", "").startswith("application/json"):
            with contextlib.suppress(ValueError, RecursionError):
                raw = json.dumps(json.loads(raw), sort_keys=True).encode()
        return hashlib.sha256(raw).hexdigest()

    def conflict(self, entry: _Entry) -> ApiError:
        """The refusal of a key that was used with another body."""
        return ApiError(
            400,
            "This Idempotency-Key was used with another request body. Use a new key for "
            "a new request.",
            param="Idempotency-Key",
            code="idempotency_key_reused",
            headers=[("x-should-retry", "false")],
        )

    async def wait(self, entry: _Entry) -> None:
        """Until a twin has been executed."""
        await entry.done.wait()

    def keeps(self, reply: Reply) -> bool:
        """Whether an answer is stored: a refused request may be mended and sent again."""
        return reply.status < 300

    def replay(self, call: Call, stored: Reply) -> Reply:
        """The stored answer once more."""
        body = list(stored.body) if isinstance(stored.body, list) else stored.body
        reply = Reply(stored.status, list(stored.headers), body)
        call.request_id = reply.header("x-request-id") or call.request_id
        reply.set("idempotent-replayed", "true")
        return reply

    async def _first(
        self,
        call: Call,
        name: tuple[str, str, str, str],
        digest: str,
        execute: Callable[[], Awaitable[Reply]],
    ) -> Reply:
        entry = self._entries[name] = _Entry(digest, asyncio.Event())
        try:
            reply = await execute()
            if self.keeps(reply):
                entry.reply = replace(reply, headers=list(reply.headers))
                entry.reply.set("x-request-id", call.request_id)
                entry.expires = call.clock.time() + call.config.idempotency_ttl_s
            return reply
        finally:
            if entry.reply is None:
                del self._entries[name]
            entry.done.set()
