"""Text of a hostile server, made fit to be printed."""

from __future__ import annotations

_LONGEST = 60


def shown(text: str) -> str:
    """`text` in quotes, short, with control and other unprintable characters escaped."""
    return repr(text) if len(text) <= _LONGEST else f"{text[:_LONGEST]!r}..."
