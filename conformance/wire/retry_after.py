"""The `Retry-After` header by RFC 9110, section 10.2.3: `delay-seconds` or an HTTP date.

How the official SDKs read it, more leniently, is in `conformance.wire.sdk_retry`.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from typing import Literal

from conformance.wire.sdk_retry import RetryDecision, node_sdk_delay, python_sdk_delay
from conformance.wire.shown import shown

__all__ = [
    "RetryAfter",
    "RetryDecision",
    "node_sdk_delay",
    "parse_retry_after",
    "python_sdk_delay",
]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_IMF_FIXDATE = re.compile(
    rf"({'|'.join(_DAYS)}), ([0-9]{{2}}) ({'|'.join(_MONTHS)}) ([0-9]{{4}})"
    r" ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
)
_LONGEST = 2**31  # seconds, the number that RFC 9111, section 1.2.2 lets stand for "very long"


@dataclass(frozen=True)
class RetryAfter:
    """How long to wait, seconds from `now`; negative for a date in the past."""

    seconds: float
    form: Literal["seconds", "date"]


def parse_retry_after(text: str, now: float) -> RetryAfter:
    """Read the header's value strictly.

    Args:
        text: the value; spaces and tabs around it are not part of it.
        now: the time to which a date is compared, seconds since the epoch.

    Raises:
        ValueError: the value is neither form; the message says why.
    """
    value = text.strip(" \t")
    if re.fullmatch(r"[0-9]+", value):
        if len(value.lstrip("0")) > len(str(_LONGEST)) or int(value.lstrip("0") or 0) > _LONGEST:
            raise ValueError(f"Retry-After {shown(value)} is more than 2^31 seconds")
        return RetryAfter(float(value), "seconds")
    match = _IMF_FIXDATE.fullmatch(value)
    if match is None:
        raise ValueError(f"Retry-After {shown(value)} {_reason(value)}")
    return RetryAfter(_epoch(match, value) - now, "date")


def _epoch(match: re.Match[str], value: str) -> float:
    """Seconds since the epoch of an IMF-fixdate.

    Raises:
        ValueError: no such date, or the day of the week is not that of the date.
    """
    year, day, hour, minute, second = (int(match[group]) for group in (4, 2, 5, 6, 7))
    month = _MONTHS.index(match[3]) + 1
    real = year > 0 and 1 <= day <= calendar.monthrange(year, month)[1]
    if not real or hour > 23 or minute > 59 or second > 60:  # 60: a leap second
        raise ValueError(f"Retry-After {shown(value)} is a date that does not exist")
    if _DAYS[calendar.weekday(year, month, day)] != match[1]:
        raise ValueError(f"Retry-After {shown(value)} names the wrong day of the week")
    return float(calendar.timegm((year, month, day, hour, minute, second)))


def _reason(value: str) -> str:
    """Why a value is neither `delay-seconds` nor an HTTP date."""
    if not value:
        return "is empty"
    if re.fullmatch(r"-[0-9.]+", value):
        return "is negative"
    if re.fullmatch(r"\+[0-9.]+", value):
        return "has a sign"
    if re.fullmatch(r"[0-9]*\.[0-9]*", value):
        return "is a fraction; whole seconds are required"
    if re.fullmatch(r"[0-9.]+[eE][+-]?[0-9]+", value):
        return "has an exponent; decimal digits are required"
    if re.fullmatch(r"([0-9.]+ *(ms|h|m|s|sec|seconds?|minutes?))+", value):
        return "has a unit; the number alone is required"
    if re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return "is an ISO 8601 date; an HTTP date like 'Sun, 06 Nov 1994 08:49:37 GMT' is required"
    if re.match(r"[A-Z][a-z]+day, [0-9]{2}-|[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] ", value):
        return "is an obsolete form of HTTP date, which servers must not send"
    if re.match(r"[A-Z][a-z]{2}, [0-9]{1,2} [A-Z][a-z]{2} [0-9]", value):
        return "is not exactly an HTTP date like 'Sun, 06 Nov 1994 08:49:37 GMT'"
    return "is neither a number of seconds nor an HTTP date"
