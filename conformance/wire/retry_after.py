"""Retry-After (first form)."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime


@dataclass(frozen=True)
class RetryAfter:
    seconds: float
    form: str


def parse_retry_after(text: str, now: float) -> RetryAfter:
    if text.strip().isdigit():
        return RetryAfter(float(text), "seconds")
    return RetryAfter(parsedate_to_datetime(text).timestamp() - now, "date")
