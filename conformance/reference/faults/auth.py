"""Faults of authentication."""

from __future__ import annotations

from conformance.reference.call import Call
from conformance.reference.config import KEY_MAIN, Account
from conformance.reference.errors import ApiError, ErrorReply
from conformance.reference.fault import fault


@fault("auth.invalid-key.refused", at="authorised")
def any_key(call: Call, verdict: Account | ApiError) -> Account | ApiError:
    """Any key is as good as a real one."""
    if isinstance(verdict, ApiError) and verdict.code == "invalid_api_key":
        return call.config.keys[KEY_MAIN]
    return verdict


@fault("auth.missing-key.refused", at="authorised")
def no_key(call: Call, verdict: Account | ApiError) -> Account | ApiError:
    """Requests without a key are served."""
    if "authorization" not in call.headers:
        return call.config.keys[KEY_MAIN]
    return verdict


@fault("auth.invalid-key.status", at="error")
def bad_key_is_400(call: Call, error: ErrorReply) -> None:
    """A bad key is answered with 400."""
    if error.status == 401:
        error.status = 400


@fault("auth.key.not-echoed", at="error")
def echoed_key(call: Call, error: ErrorReply) -> None:
    """The refusal of a key shows the whole key."""
    if error.status == 401:
        error.body["error"]["message"] += " " + call.headers.get("authorization", "")
