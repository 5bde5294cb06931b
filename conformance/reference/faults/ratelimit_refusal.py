"""Faults of the refusal of a spent limit, and of the wait that it tells."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ErrorReply
from conformance.reference.fault import fault
from conformance.reference.faults.ratelimit import field, header, refused
from conformance.reference.reply import Frame, Reply

_R = "ratelimit.refused."
_AFTER, _MS = "retry-after", "retry-after-ms"
_SAME_WAIT = "retry.sdk.same-wait"
_ABANDONED = "retry.sdk.not-abandoned"


def _of_tokens(call: Call, error: ErrorReply) -> bool:
    return bool(error.body["error"]["type"] == "tokens")


def _of_requests(call: Call, error: ErrorReply) -> bool:
    return not _of_tokens(call, error)


def _status(status: int) -> Any:
    def change(error: ErrorReply) -> None:
        error.status = status

    return change


_BOTH = (_R + "status", "ratelimit.tokens.type")
refused(_R + "status", "A spent limit is answered with 503.", _status(503), *_BOTH, "errors.no-5xx")
refused(
    _R + "status/500",
    "A full queue is answered with 500.",
    _status(500),
    *_BOTH,
    "ratelimit.burst.statuses",
    "errors.no-5xx",
    field_defects="rl-queue-full-500",
)
refused(
    _R + "status/403",
    "A spent limit is answered with 403.",
    _status(403),
    *_BOTH,
    "ratelimit.burst.statuses",
    "retry.after.not-on-client-errors",
)


def _body(error: ErrorReply, body: Any) -> None:
    error.body = body


refused(
    _R + "error-object",
    "The refusal is {message} alone, as frameworks make it.",
    lambda error: _body(error, {"message": "rate limit exceeded"}),
    _R + "error-object",
    "retry.refusal.message",
    "errors.body.envelope",
    field_defects="rl-429-bare-message",
)
refused(
    _R + "error-object/text",
    "The error of the refusal is a string.",
    lambda error: _body(error, {"error": "rate limit exceeded"}),
    _R + "error-object",
    "retry.refusal.message",
    "errors.body.error-object",
)
refused(
    "retry.refusal.message",
    "The refusal has an empty message.",
    field("message", ""),
    _R + "error-object",
    "retry.refusal.message",
    "errors.message.readable",
)


def _small(call: Call) -> bool:
    return call.account is not None and call.account.name == "limited"


def streams(call: Call) -> bool:
    """Whether a stream is asked for; a refused body has not been parsed."""
    return b'"stream":true' in call.raw


@fault(
    _R + "content-type",
    at="http",
    breaks=(_R + "content-type", "errors.content-type"),
    when=lambda call: not streams(call),
)
def as_text(call: Call, reply: Reply) -> None:
    """The refusal is sent as text/plain."""
    if reply.status == 429 and _small(call):
        reply.set("content-type", "text/plain")


@fault(
    "retry.refusal.message/html",
    at="http",
    breaks=(
        "retry.refusal.message",
        _R + "content-type",
        _R + "error-object",
        "errors.body.json",
    ),
)
def as_page(call: Call, reply: Reply) -> None:
    """The refusal is a page of the gateway."""
    if reply.status == 429 and _small(call):
        reply.set("content-type", "text/html")
        reply.body = b"<html><body><h1>429 Too Many Requests</h1></body></html>"


refused(_R + "code", "The code of the refusal is null.", field("code", None), of=_of_requests)
refused(
    _R + "code/status",
    "The code of the refusal is the status, as text.",
    field("code", "429"),
    _R + "code",
    "errors.code.symbolic",
    of=_of_requests,
)
refused(
    _R + "type",
    "The type of the refusal is rate_limit_error.",
    field("type", "rate_limit_error"),
    of=_of_requests,
)


def _quota(error: ErrorReply) -> None:
    error.body["error"].update(type="insufficient_quota", code="insufficient_quota")


refused(_R + "not-quota", "A spent minute is called missing quota.", _quota, of=_of_requests)


def _no_wait(error: ErrorReply) -> None:
    header(_AFTER, None)(error)
    header(_MS, None)(error)


def _renamed_wait(error: ErrorReply) -> None:
    _no_wait(error)
    error.headers.append(("llm_provider-retry-after", "2"))


_NO_WAIT = (_R + "retry-after", "ratelimit.tokens.retry-after")
refused(_R + "retry-after", "The refusal does not say when to come back.", _no_wait, *_NO_WAIT)
refused(
    _R + "retry-after/renamed",
    "The wait of the upstream is passed on by another name.",
    _renamed_wait,
    *_NO_WAIT,
    field_defects="rl-retry-after-renamed",
)
refused(
    _R + "retry-after/ms",
    "Only retry-after-ms says when to come back.",
    header(_AFTER, None),
    _R + "retry-after",
    "ratelimit.tokens.retry-after",
)
refused(
    "ratelimit.tokens.retry-after",
    "A refusal for tokens does not say when to come back.",
    _no_wait,
    of=_of_tokens,
)
refused(
    "ratelimit.stream.retry-after",
    "The refusal of a stream does not say when to come back.",
    _no_wait,
    of=lambda call, error: streams(call),
)
refused(
    "ratelimit.burst.waits",
    "Refusals under load do not say when to come back.",
    _no_wait,
    of=lambda call, error: load(call) > 6,
)
refused(
    "ratelimit.tokens.type",
    "A refusal for tokens says that it is for requests.",
    field("type", "requests"),
    of=_of_tokens,
)


def load(call: Call) -> int:
    """How many refusals there were in this very moment."""
    now = round(call.clock.monotonic(), 3)
    before, count = call.app.data.get("load", (now, 0))
    count = count + 1 if before == now else 1
    call.app.data["load"] = (now, count)
    return int(count)


@fault("ratelimit.stream.status", at="http", when=streams)
def stream_ok(call: Call, reply: Reply) -> None:
    """The refusal of a stream is an event of a stream with status 200."""
    if reply.status == 429 and call.account and call.account.name == "limited":
        assert isinstance(reply.body, bytes)
        reply.status = 200
        reply.drop(_AFTER)
        reply.set("content-type", "text/event-stream")
        reply.body = [Frame(b"data: " + reply.body + b"\n\ndata: [DONE]\n\n")]


@fault(
    "ratelimit.stream.body",
    at="http",
    breaks=("ratelimit.stream.body", "retry.refusal.message", "errors.body.json"),
    when=streams,
)
def stream_event(call: Call, reply: Reply) -> None:
    """The refusal of a stream is an event, with status 429."""
    if reply.status == 429 and call.account and call.account.name == "limited":
        assert isinstance(reply.body, bytes)
        reply.set("content-type", "text/event-stream")
        reply.body = b"data: " + reply.body + b"\n\n"


# what the wait looks like; retry-after-ms goes away, or it would be believed instead


def _after(value: str) -> Any:
    def change(error: ErrorReply) -> None:
        _no_wait(error)
        error.headers.append((_AFTER, value))

    return change


def _wait(id: str, text: str, value: str, *breaks: str, field_defects: str = "") -> None:
    refused(id, text, _after(value), *breaks, field_defects=field_defects or ())


_F = "retry.after.form"
_LONG = "ratelimit.retry-after.not-too-long"
_wait(_F, "Retry-After is an ISO date.", "2030-01-01T00:00:00Z", _F, _SAME_WAIT)
_wait(_F + "/unit", "Retry-After has a unit.", "2s", _F, _SAME_WAIT)
_wait(_F + "/words", "Retry-After is a word.", "soon", _F, _SAME_WAIT)
_wait(_F + "/empty", "Retry-After is empty.", "", _F, _SAME_WAIT)
_wait(
    "retry.after.whole-seconds",
    "Retry-After has a fraction.",
    "2.493",
    field_defects="rl-retry-after-fraction",
)
_wait(
    "retry.after.positive",
    "Retry-After is 0.",
    "0",
    "retry.after.positive",
    _SAME_WAIT,
    field_defects="rl-retry-after-zero-or-past",
)
_wait(
    "retry.after.positive/negative",
    "Retry-After is negative.",
    "-1",
    "retry.after.positive",
    _SAME_WAIT,
)
_wait(
    "retry.after.positive/past",
    "Retry-After is a date in the past.",
    formatdate(1_500_000_000, usegmt=True),
    "retry.after.positive",
    _SAME_WAIT,
)
_wait(
    "retry.after.not-epoch",
    "Retry-After is the time in seconds since the epoch.",
    "1760000060",
    "retry.after.not-epoch",
    _ABANDONED,
    _LONG,
    "retry.sdk.within-a-minute",
)
_wait(
    _ABANDONED,
    "Retry-After is an hour.",
    "3600",
    _ABANDONED,
    _LONG,
    "retry.sdk.within-a-minute",
)
_wait(
    "retry.sdk.within-a-minute",
    "Retry-After is 90 seconds.",
    "90",
    "retry.sdk.within-a-minute",
    _LONG,
)
_wait(_LONG, "Retry-After is a minute, whatever the window.", "60")
refused(
    "retry.after.once",
    "Retry-After is sent twice.",
    lambda error: error.headers.append((_AFTER, "9")),
    "retry.after.once",
    "http.header.once",
)
refused(_SAME_WAIT, "retry-after-ms is 0.", header(_MS, "0"), _SAME_WAIT, "retry.after-ms.form")
refused(
    "retry.after-ms.form",
    "retry-after-ms is negative.",
    header(_MS, "-1500"),
    "retry.after-ms.form",
    _SAME_WAIT,
)
refused("retry.after-ms.agrees", "retry-after-ms is in seconds.", header(_MS, "30000"))
refused(
    "retry.asked.rate-limit",
    "A spent limit forbids the retry.",
    header("x-should-retry", "false"),
    "retry.asked.rate-limit",
    _ABANDONED,
)
refused("retry.asked.value", "x-should-retry is True.", header("x-should-retry", "True"))


@fault(
    "retry.asked.client-errors",
    at="error",
    breaks=("retry.asked.client-errors",),
)
def retry_bad_request(call: Call, error: ErrorReply) -> None:
    """Invalid requests ask for a retry."""
    own = error.body["error"].get("param") == "Idempotency-Key"
    if error.status in (400, 404) and not own:
        header("x-should-retry", "true")(error)


@fault(
    "retry.after.not-on-client-errors",
    at="error",
    breaks=("retry.after.not-on-client-errors",),
)
def wait_for_bad_request(call: Call, error: ErrorReply) -> None:
    """Invalid requests have a Retry-After."""
    if error.status == 400:
        error.headers.append((_AFTER, "1"))


@fault("retry.after.not-on-success", at="http")
def wait_for_success(call: Call, reply: Reply) -> None:
    """Served answers have a Retry-After."""
    if reply.status == 200:
        reply.set(_AFTER, "1")
