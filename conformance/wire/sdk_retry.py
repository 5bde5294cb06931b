"""What the official SDKs do with an answer that is an error: retry or not, and after how long.

Read from the sources of openai-python 2.52 and 3.x (`_base_client.py`: `_should_retry`,
`_parse_retry_after_header`, `_calculate_retry_timeout`), of openai-python 1.0 to 2.51, and of
openai-node 6.49 and 7.55 (`client.mjs`: `shouldRetry`, `retryRequest`). Retries left are assumed.

| | Python 2.52 and later | Python 1.0-2.51 | Node 7 | Node 6 |
|---|---|---|---|---|
| delay that is kept | 0 < d <= 120 s | 0 < d <= 60 s | 0 <= d <= 60 s | any |
| longer delay | no retry at all | own backoff | own backoff | waits |
| zero, negative, past date | own backoff | own backoff | zero at once, else backoff | at once |

Own backoff of all: min(0.5 * 2^k, 8) s, less up to a quarter by chance, k = retries so far.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import mktime_tz, parsedate_tz
from typing import Literal

Headers = Sequence[tuple[str, str]]

PYTHON_LONGEST = 120.0
"""Seconds; openai-python 2.52 and later give up on a longer delay."""

OLD_LONGEST = 60.0
"""Seconds; openai-python before 2.52 and openai-node 7 ignore a longer delay."""

_TIMER_LONGEST = 2**31 - 1  # milliseconds; a JavaScript timer beyond that fires at once
_INFINITIES = ("inf", "+inf", "infinity", "+infinity")
_PARSE_FLOAT = re.compile(
    r"\s*([+-]?(?:Infinity|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?))"
)


@dataclass(frozen=True)
class RetryDecision:
    """What a client does; `delay` is seconds, None where the client's own backoff decides it."""

    retries: bool
    delay: float | None
    reason: str


def python_sdk_delay(
    headers: Headers,
    status: int,
    now: float,
    generation: Literal["2.52", "1.0"] = "2.52",
) -> RetryDecision:
    """What openai-python does.

    Args:
        headers: names in any case, and values, of the response.
        status: its HTTP status.
        now: seconds since the epoch.
        generation: "2.52" for that release and later, "1.0" for those from 1.0 to 2.51.
    """
    delay, source = _python_delay(headers, now, overflow_counts=generation == "2.52")
    known = delay is not None and math.isfinite(delay)
    longest = PYTHON_LONGEST if generation == "2.52" else OLD_LONGEST
    if generation == "2.52" and delay is not None and known and delay > longest:
        return RetryDecision(False, None, f"{source} of {delay:g} s is over {longest:g} s")
    retries, reason = _should_retry(headers, status)
    if not retries:
        return RetryDecision(False, None, reason)
    if delay is None:
        return RetryDecision(True, None, f"{reason}; no usable delay is given")
    if known and 0 < delay <= longest:
        return RetryDecision(True, delay, f"{reason}; {source}")
    return RetryDecision(True, None, f"{reason}; {source} of {delay:g} s is ignored")


def node_sdk_delay(
    headers: Headers, status: int, now: float, generation: Literal["7", "6"] = "7"
) -> RetryDecision:
    """What openai-node does; arguments as for `python_sdk_delay`.

    `Date.parse` is taken to read what RFC 5322 describes. V8 reads more, ISO dates among it, but
    those start with digits and are read as a number of seconds before that.
    """
    retries, reason = _should_retry(headers, status)
    if not retries:
        return RetryDecision(False, None, reason)
    millis = _node_millis(headers, now, zero_counts=generation == "7")
    if millis is None:
        return RetryDecision(True, None, f"{reason}; no usable delay is given")
    shown = f"a delay of {millis / 1000:g} s"
    if generation == "7":
        if math.isfinite(millis) and 0 <= millis <= OLD_LONGEST * 1000:
            return RetryDecision(True, millis / 1000, f"{reason}; {shown}")
        return RetryDecision(True, None, f"{reason}; {shown} is ignored")
    if not 1 <= millis <= _TIMER_LONGEST:
        return RetryDecision(True, 0.0, f"{reason}; {shown} makes the timer fire at once")
    return RetryDecision(True, millis / 1000, f"{reason}; {shown}")


def _header(headers: Headers, name: str) -> str | None:
    """The value; a repeated header is joined as httpx and fetch join it."""
    values = [value for key, value in headers if key.lower() == name]
    return ", ".join(values) if values else None


def _should_retry(headers: Headers, status: int) -> tuple[bool, str]:
    """The rule that all generations share."""
    asked = _header(headers, "x-should-retry")
    if asked in ("true", "false"):
        return asked == "true", f"x-should-retry is {asked}"
    return status in (408, 409, 429) or status >= 500, f"status {status}"


def _python_delay(
    headers: Headers, now: float, *, overflow_counts: bool
) -> tuple[float | None, str]:
    """Seconds, possibly not finite, and the header that they come from."""
    for name, divisor in (("retry-after-ms", 1000), ("retry-after", 1)):
        value = _header(headers, name)
        if value is None:
            continue
        try:
            delay = float(value)
        except ValueError:
            continue
        if overflow_counts and delay == math.inf and value.strip().lower() not in _INFINITIES:
            return PYTHON_LONGEST + 1, name
        return delay / divisor, name
    date = _date(_header(headers, "retry-after"))
    return (None, "") if date is None else (date - now, "retry-after date")


def _node_millis(headers: Headers, now: float, *, zero_counts: bool) -> float | None:
    """Milliseconds, possibly NaN; None where neither header is present or usable."""
    millis = None
    if text := _header(headers, "retry-after-ms"):
        millis = _parse_float(text)
    text = _header(headers, "retry-after")
    # Node 6 asks `!timeoutMillis`, so that there a zero does not hide retry-after.
    if text and (millis is None or (millis == 0 and not zero_counts)):
        seconds = _parse_float(text)
        if seconds is not None:
            return seconds * 1000
        date = _date(text)
        return math.nan if date is None else (date - now) * 1000
    return millis


def _parse_float(text: str) -> float | None:
    """JavaScript's parseFloat: the longest number at the start; None for NaN."""
    match = _PARSE_FLOAT.match(text)
    return float(match[1]) if match else None


def _date(text: str | None) -> float | None:
    """Seconds since the epoch of a date as mail and HTTP write it, leniently read."""
    try:
        parts = parsedate_tz(text or "")
        return None if parts is None else float(mktime_tz(parts))
    except (ValueError, TypeError, LookupError, OverflowError, OSError):
        return None
