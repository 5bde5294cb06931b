"""What cases read of rate limits in an answer: counts, waits, and the kind of a refusal.

Nothing here judges. Two families of header names are read, OpenAI's six and those that count by the
minute (``X-RateLimit-Limit-RPM``), so that the same rules hold for providers that renamed them.
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

from conformance.exchange import Exchange, header_all
from conformance.wire.ratelimit import (
    OPENAI,
    PER_MINUTE,
    Kind,
    LimitDialect,
    RateLimits,
    Resource,
    read_limits,
)
from conformance.wire.retry_after import RetryAfter, parse_retry_after

QUOTA_CODES = (
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
)
RATE_TYPES = ("requests", "tokens")
NAMES = tuple(OPENAI.names.values())
EPOCH = 1_000_000_000
"""Seconds: a "wait" of this size is a date in disguise."""


def limits_of(x: Exchange, dialect: LimitDialect = OPENAI) -> RateLimits:
    """The rate-limit headers of an answer by one dialect; read once for each answer."""
    kept: dict[int, RateLimits] = x.__dict__.setdefault("_limits", {})
    if id(dialect) not in kept:
        kept[id(dialect)] = read_limits(x.response.headers if x.response else (), dialect)
    return kept[id(dialect)]


def dialect_of(x: Exchange) -> LimitDialect | None:
    """The dialect whose headers an answer carries, OpenAI's before another; None without any."""
    for dialect in (OPENAI, PER_MINUTE):
        if limits_of(x, dialect).present():
            return dialect
    return None


def number(x: Exchange, resource: Resource, kind: Kind) -> float | None:
    """One value; None where it is absent, malformed, or -1 for "not known"."""
    dialect = dialect_of(x)
    found = limits_of(x, dialect).get(resource, kind) if dialect else None
    return found.value if found is not None else None


def resets(x: Exchange) -> list[float]:
    """Seconds until the limits are whole again, as far as the answer says so."""
    found = (number(x, resource, "reset") for resource in ("requests", "tokens"))
    return [value for value in found if value is not None and value < EPOCH]


def received(x: Exchange) -> float:
    """Unix time at which the head of the answer had come."""
    return x.started + (x.response.head_at if x.response else x.duration)


def server_time(x: Exchange) -> float:
    """The server's own time in the answer's Date header; without one, when it was received."""
    text = x.header("date")
    if text:
        try:
            return parsedate_to_datetime(text).timestamp()
        except (ValueError, TypeError, IndexError, OverflowError):
            pass
    return received(x)


def retry_after(x: Exchange) -> RetryAfter | None:
    """Retry-After, strictly read; None where it is absent or malformed."""
    text = x.header("retry-after")
    try:
        return parse_retry_after(text, server_time(x)) if text is not None else None
    except ValueError:
        return None


def retry_after_ms(x: Exchange) -> float | None:
    """retry-after-ms in seconds; None where it is absent or malformed."""
    text = x.header("retry-after-ms")
    if text is None or not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,9})?", text):
        return None
    return float(text) / 1000


def told(x: Exchange) -> float | None:
    """Seconds that a refusal tells the client to wait, by its most binding header."""
    wait = retry_after(x)
    if wait is not None:
        return wait.seconds
    millis = retry_after_ms(x)
    if millis is not None:
        return millis
    return max(resets(x), default=None)


def error_of(x: Exchange) -> dict[str, object]:
    """The error object of an answer, {} where there is none."""
    body = x.json
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def is_quota(x: Exchange) -> bool:
    """A refusal that only a person can lift: it says that money or quota is missing."""
    error = error_of(x)
    return any(str(error.get(key)) in QUOTA_CODES for key in ("code", "type"))


def is_rate(x: Exchange) -> bool:
    """A 429 that passes by itself, and says so by its code, its type or a wait."""
    error = error_of(x)
    if x.status != 429 or is_quota(x) or "too large" in str(error.get("message", "")).lower():
        return False
    named = error.get("code") == "rate_limit_exceeded" or error.get("type") in RATE_TYPES
    return named or x.header("retry-after") is not None


def values(x: Exchange, name: str) -> tuple[str, ...]:
    """Every value of a response header."""
    return header_all(x.response.headers, name) if x.response else ()
