"""Durations as Go prints them, the form of OpenAI's `x-ratelimit-reset-*` headers.

Observed there: `0s`, `2ms`, `120ms`, `8.64s`, `50.529s`, `6m0s`, `14m24s`, `20m52.666s`. Go's
`time.Duration.String` (https://pkg.go.dev/time#Duration.String) adds hours, micro- and nanoseconds.
"""

from __future__ import annotations

import re

from conformance.wire.shown import shown

_LONGEST = 9_223_372_036.0  # seconds: Go counts nanoseconds in 64 bits
_CLOCK = re.compile(r"(?:([0-9]+)h)?(?:([0-9]+)m)?([0-9]+(?:\.[0-9]{1,9})?)s")
_SMALL = re.compile(r"([0-9]+(?:\.[0-9]{1,6})?)(ms|us|µs|μs|ns)")
_SCALE = {"ms": 1e3, "us": 1e6, "µs": 1e6, "μs": 1e6, "ns": 1e9}


def parse_duration(text: str) -> float:
    """The duration in seconds.

    Hours, minutes and seconds stand in this order and end with seconds (`6m0s`, not `6m`); a
    duration below one second may be one number of `ms`, `us`, `µs` or `ns`.

    Raises:
        ValueError: `text` is not of this form; the message says what is wrong with it.
    """
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, rest = (float(part or 0) for part in clock.groups())
        seconds = hours * 3600 + minutes * 60 + rest
    elif small := _SMALL.fullmatch(text):
        seconds = float(small[1]) / _SCALE[small[2]]
    else:
        raise ValueError(f"{shown(text)} is not a duration like 6m0s: {_reason(text)}")
    if seconds > _LONGEST:
        raise ValueError(f"{shown(text)} is longer than the longest duration of Go, 292 years")
    return seconds


def _reason(text: str) -> str:
    """Why `text` is not a duration, the most telling reason first."""
    if not text:
        return "it is empty"
    if text != text.strip():
        return "it has white space around it"
    if text[0] in "+-":
        return "it has a sign"
    if re.fullmatch(r"[0-9]+(\.[0-9]*)?", text):
        return "it has no unit"
    if re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return "it is a date"
    if re.match(r"P[0-9T]", text):
        return "it is an ISO 8601 duration"
    if re.search(r"[0-9]\s*(d|day|sec|min|hour|hr)", text):
        return "it has a unit that Go does not know"
    if re.fullmatch(r"([0-9]+h)?([0-9]+m)?", text):
        return "its seconds are missing"
    return "numbers with units h, m, s in this order, or one number of ms, us or ns, are expected"
