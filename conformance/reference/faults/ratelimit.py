"""Faults of the rate-limit headers, and of what a refusal looks like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ErrorReply
from conformance.reference.fault import fault
from conformance.reference.reply import Reply

Json = dict[str, Any]
_H = "headers.ratelimit."
_R = "ratelimit.refused."
_PREFIX = "x-ratelimit-"
_LEFT = _PREFIX + "remaining-requests"
_LIMIT = _PREFIX + "limit-requests"
_RESET = _PREFIX + "reset-requests"
_ALL = tuple(
    f"{_PREFIX}{kind}-{resource}"
    for kind in ("limit", "remaining", "reset")
    for resource in ("requests", "tokens")
)
_GONE = (_H + "present",)


def _headers(
    id: str,
    text: str,
    change: Callable[[Reply], None],
    *more: str,
    of: Callable[[Call, Reply], bool] | None = None,
    field_defects: str = "",
) -> None:
    """A fault that changes the rate-limit headers of the answers that have them."""
    own = id.partition("/")[0]
    breaks = tuple(dict.fromkeys((*((own,) if "/" not in id or not more else ()), *more)))

    @fault(id, at="http", text=text, breaks=breaks or (own,), field_defects=field_defects or ())
    def changed(call: Call, reply: Reply) -> None:
        if reply.header(_LIMIT) is not None and (of is None or of(call, reply)):
            change(reply)


def _drop(*names: str) -> Callable[[Reply], None]:
    def change(reply: Reply) -> None:
        for name in names:
            reply.drop(name)

    return change


def _set(name: str, value: Callable[[str], str]) -> Callable[[Reply], None]:
    def change(reply: Reply) -> None:
        for full in (f"{_PREFIX}{name}-requests", f"{_PREFIX}{name}-tokens"):
            before = reply.header(full)
            if before is not None:
                reply.set(full, value(before))

    return change


def _rename(name: Callable[[str], str]) -> Callable[[Reply], None]:
    def change(reply: Reply) -> None:
        for full in _ALL:
            value = reply.header(full)
            if value is not None:
                reply.drop(full)
                reply.set(name(full), value)

    return change


def _scoped(full: str) -> str:
    _, _, kind, resource = full.split("-")
    return f"{_PREFIX}api_key-{kind}-{resource}"


def _scoped_names(reply: Reply) -> None:
    _drop(_RESET, _PREFIX + "reset-tokens")(reply)
    _rename(_scoped)(reply)


def _bare_names(reply: Reply) -> None:
    for kind in ("Limit", "Remaining", "Reset"):
        value = reply.header(f"{_PREFIX}{kind}-requests") or ""
        reply.set(f"X-RateLimit-{kind}", value)
    _drop(*_ALL)(reply)


def _nothing(reply: Reply) -> None:
    for kind in ("limit", "remaining"):
        _set(kind, lambda _: "0")(reply)


def _streamed(call: Call, reply: Reply) -> bool:
    return call.stream


def _embedded(call: Call, reply: Reply) -> bool:
    """Only where nobody counts."""
    return call.route == "embeddings"


def _second(call: Call, reply: Reply) -> bool:
    return call.account is not None and call.account.name == "second"


_headers(_H + "present", "There are no rate-limit headers.", _drop(*_ALL))
_headers(
    _H + "names",
    "The names of the rate-limit headers have a scope in them, and there is no reset.",
    _scoped_names,
    _H + "present",
    field_defects="rl-nonstandard-header-names",
)
_headers(
    _H + "names/turned",
    "The names of the rate-limit headers are turned: requests-limit.",
    _rename(lambda n: _PREFIX + "-".join(reversed(n.removeprefix(_PREFIX).split("-")))),
    _H + "names",
    _H + "present",
)
_headers(
    _H + "names/hyphen",
    "The names of the rate-limit headers begin with x-rate-limit.",
    _rename(lambda n: n.replace("ratelimit", "rate-limit")),
    _H + "names",
    _H + "present",
)
_headers(
    _H + "generic",
    "The rate-limit headers are named without what they count.",
    _bare_names,
    _H + "present",
)
for _name in _ALL:
    _headers(f"{_H}complete/{_name[12:]}", f"{_name} is missing.", _drop(_name), _H + "complete")
_headers(_H + "complete", "Resets are missing.", _drop(_RESET, _PREFIX + "reset-tokens"))
_headers(
    _H + "once",
    "The rate-limit headers are sent twice, by a gateway and by the server.",
    lambda reply: reply.headers.extend([(n, "99999") for n in _ALL if n.startswith(_PREFIX + "l")]),
)
_headers(
    _H + "once/same",
    "The rate-limit headers are sent twice with the same values.",
    lambda reply: reply.headers.extend([(n, reply.header(n) or "") for n in _ALL]),
    _H + "once",
)
for _suffix, _text, _form in (
    ("", "a fraction", "{}.0"),
    ("/window", "the window behind it", "{};w=60"),
    ("/empty", "nothing", ""),
):
    _headers(
        f"{_H}limit.integer{_suffix}",
        f"The limits have {_text}.",
        _set("limit", _form.format),
        _H + "limit.integer",
    )
    _headers(
        f"{_H}remaining.integer{_suffix}",
        f"What remains has {_text}.",
        _set("remaining", _form.format),
        _H + "remaining.integer",
    )
_headers(
    _H + "remaining.integer/negative",
    "What remains is negative by one in all.",
    _set("remaining", lambda value: str(-2 - int(value))),
    _H + "remaining.integer",
)
_headers(
    _H + "known",
    "What remains of the tokens is -1.",
    lambda reply: reply.set(_PREFIX + "remaining-tokens", "-1"),
)
_headers(
    _H + "limit.positive",
    "Limits are 0, and so is what remains.",
    _nothing,
    of=_embedded,
)
_headers(
    _H + "remaining.within-limit",
    "More remains than the limit.",
    lambda reply: reply.set(_PREFIX + "limit-tokens", "5"),
    of=_embedded,
)
_headers(
    _H + "remaining.counts-this",
    "What remains of the requests is always the limit.",
    lambda reply: reply.set(_LEFT, reply.header(_LIMIT) or ""),
    of=_embedded,
)
_headers(
    _H + "remaining.falls",
    "What remains of the requests never changes.",
    lambda reply: reply.set(_LEFT, str(int(reply.header(_LIMIT) or 0) - 1)),
    of=_second,
)
_headers(
    _H + "remaining.tokens-fall",
    "What remains of the tokens never changes.",
    lambda reply: reply.set(
        _PREFIX + "remaining-tokens", reply.header(_PREFIX + "limit-tokens") or ""
    ),
    of=_second,
)
_headers(
    _H + "limit.constant",
    "The limit of the requests changes from answer to answer.",
    lambda reply: reply.set(
        _LIMIT, str(int(reply.header(_LIMIT) or 0) + int(reply.header(_LEFT) or 0) % 7)
    ),
    of=_embedded,
)
_headers(
    _H + "remaining/frozen",
    "What remains of the requests is always the limit.",
    lambda reply: reply.set(_LEFT, reply.header(_LIMIT) or ""),
    _H + "remaining.counts-this",
    _H + "remaining.falls",
    "ratelimit.enforced.as-headers-say",
    "ratelimit.remaining.by-one",
    "ratelimit.remaining.reaches-zero",
)
for _suffix, _text, _value in (
    ("", "bare numbers of seconds", "60"),
    ("/iso", "ISO dates", "2026-11-20T12:00:00Z"),
    ("/iso-duration", "ISO durations", "PT1M"),
    ("/words", "words", "60 seconds"),
    ("/minutes", "minutes without seconds", "6m"),
    ("/clock", "written as a clock does", "00:01:00"),
    ("/negative", "negative", "-1s"),
    ("/empty", "empty", ""),
):
    _headers(
        f"{_H}reset.duration{_suffix}",
        f"Resets are {_text}.",
        _set("reset", lambda _, value=_value: value),  # type: ignore[misc]
        _H + "reset.duration",
    )
_headers(
    _H + "reset.not-epoch",
    "Resets are seconds since the epoch.",
    _set("reset", lambda _: "1760000060"),
    field_defects="rl-reset-as-epoch",
)
_headers(
    _H + "reset.not-epoch/ms",
    "Resets are milliseconds since the epoch, with a unit.",
    _set("reset", lambda _: "1760000060000ms"),
    _H + "reset.not-epoch",
)
_headers(
    _H + "reset.plausible",
    "Resets are milliseconds, called seconds.",
    _set("reset", lambda _: "60000000s"),
)
_headers(
    _H + "stream",
    "Streams carry no rate-limit headers.",
    _drop(*_ALL),
    _H + "stream-usage",
    of=_streamed,
    field_defects="rl-headers-dropped-on-stream",
)
_headers(
    _H + "stream-usage",
    "Streams with usage carry no rate-limit headers.",
    _drop(*_ALL),
    of=lambda call, reply: call.stream and bool(call.fields.get("stream_options")),
)
_headers(
    _R + "headers",
    "A refusal carries no rate-limit headers.",
    _drop(*_ALL),
    of=lambda call, reply: reply.status == 429,
)


def refused(
    id: str,
    text: str,
    change: Callable[[ErrorReply], Any],
    *breaks: str,
    of: Callable[[Call, ErrorReply], bool] | None = None,
    field_defects: str | tuple[str, ...] = (),
) -> None:
    """A fault that changes the refusals of a spent limit."""

    @fault(id, at="error", text=text, breaks=breaks or None, field_defects=field_defects)
    def changed(call: Call, error: ErrorReply) -> None:
        spent = call.account is not None and call.account.name == "limited"
        if error.status == 429 and spent and (of is None or of(call, error)):
            change(error)


def field(name: str, value: Any) -> Callable[[ErrorReply], None]:
    """Set a member of the error object."""

    def change(error: ErrorReply) -> None:
        error.body["error"][name] = value

    return change


def header(name: str, value: str | None) -> Callable[[ErrorReply], None]:
    """Replace a header of the refusal, or take it away."""

    def change(error: ErrorReply) -> None:
        error.headers = [pair for pair in error.headers if pair[0] != name]
        if value is not None:
            error.headers.append((name, value))

    return change
