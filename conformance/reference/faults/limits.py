"""Faults of rate limits and idempotency."""

from __future__ import annotations

from conformance.reference.call import Call
from conformance.reference.errors import ErrorReply
from conformance.reference.fault import fault
from conformance.reference.reply import Reply


@fault("limits.headers.reset.duration", at="http")
def seconds_only(call: Call, reply: Reply) -> None:
    """Resets are bare numbers of seconds."""
    for name in ("x-ratelimit-reset-requests", "x-ratelimit-reset-tokens"):
        if reply.header(name):
            reply.set(name, "60")


@fault("limits.headers.remaining", at="http")
def never_less(call: Call, reply: Reply) -> None:
    """remaining never changes."""
    limit = reply.header("x-ratelimit-limit-requests")
    if limit:
        reply.set("x-ratelimit-remaining-requests", limit)


@fault("limits.retry-after.present", at="error")
def no_retry_after(call: Call, error: ErrorReply) -> None:
    """A 429 does not say when to come back."""
    error.headers = [pair for pair in error.headers if not pair[0].startswith("retry-after")]


@fault("limits.exceeded.status", at="error")
def busy(call: Call, error: ErrorReply) -> None:
    """A spent limit is answered with 503."""
    if error.status == 429:
        error.status = 503


@fault("idempotency.replayed", at="received", when=lambda call: call.method == "POST")
def forgets_keys(call: Call, value: None) -> None:
    """Idempotency-Key is ignored."""
    call.headers.pop("idempotency-key", None)
