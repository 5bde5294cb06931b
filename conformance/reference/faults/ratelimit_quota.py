"""Faults of the refusal of a key that has no quota left."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ErrorReply
from conformance.reference.fault import fault
from conformance.reference.faults.ratelimit import field, header


def _spent(call: Call) -> bool:
    return call.account is not None and call.account.state == "no_quota"


_Q = "ratelimit.quota."
_AFTER = "retry-after"
_TWICE = ("ratelimit.quota.retry-forbidden", "sdk.retries.quota-at-once")
_SDK_QUOTA = "sdk.retries.quota"


@fault(_Q + "refused", at="error", breaks=(_Q + "refused", "errors.no-5xx"), when=_spent)
def quota_503(call: Call, error: ErrorReply) -> None:
    """A spent quota is answered with 503."""
    error.status = 503


@fault(_Q + "status", at="error", when=_spent)
def quota_402(call: Call, error: ErrorReply) -> None:
    """A spent quota is answered with 402."""
    error.status = 402


@fault(
    _Q + "error-object",
    at="error",
    when=_spent,
    breaks=(_Q + "error-object", "retry.refusal.message", _SDK_QUOTA, "errors.body.error-object"),
)
def quota_bare(call: Call, error: ErrorReply) -> None:
    """The refusal for quota is a string."""
    error.body = {"error": "insufficient balance"}


@fault(_Q + "code", at="error", when=_spent, breaks=(_Q + "code", _SDK_QUOTA),
       field_defects="rl-quota-nonstandard-code")  # fmt: skip
def quota_own_code(call: Call, error: ErrorReply) -> None:
    """The code of a spent quota is quota_exceeded."""
    field("code", "quota_exceeded")(error)


@fault(
    _SDK_QUOTA,
    at="error",
    when=_spent,
    breaks=(
        _SDK_QUOTA,
        _Q + "code",
        _Q + "type",
        "retry.asked.rate-limit",
        "retry.sdk.not-abandoned",
    ),
)
def quota_as_rate(call: Call, error: ErrorReply) -> None:
    """A spent quota is called a rate limit."""
    field("code", "rate_limit_exceeded")(error)
    field("type", "requests")(error)


@fault(_Q + "type", at="error", when=_spent)
def quota_own_type(call: Call, error: ErrorReply) -> None:
    """The type of a spent quota is billing_error."""
    field("type", "billing_error")(error)


@fault(_Q + "no-retry-after", at="error", when=_spent, breaks=(_Q + "no-retry-after", *_TWICE))
def quota_wait(call: Call, error: ErrorReply) -> None:
    """A spent quota says to come back in a second."""
    error.headers = [(_AFTER, "1")]


@fault(_Q + "retry-not-wanted", at="error", when=_spent, breaks=(_Q + "retry-not-wanted", *_TWICE))
def quota_again(call: Call, error: ErrorReply) -> None:
    """A spent quota asks for a retry."""
    header("x-should-retry", "true")(error)


@fault(_Q + "retry-forbidden", at="error", when=_spent, breaks=_TWICE)
def quota_silent(call: Call, error: ErrorReply) -> None:
    """A spent quota does not forbid the retry."""
    error.headers = []


@fault("sdk.retries.quota-at-once", at="error", when=_spent, breaks=(*_TWICE, "retry.asked.value"))
def quota_zero(call: Call, error: ErrorReply) -> None:
    """A spent quota forbids the retry by a 0."""
    header("x-should-retry", "0")(error)


@fault(_Q + "stream", at="authorised")
def quota_stream(call: Call, verdict: Any) -> Any:
    """Without quota one can still stream."""
    if getattr(verdict, "state", "") == "no_quota" and b'"stream":true' in call.raw:
        return replace(verdict, state="active")
    return None
