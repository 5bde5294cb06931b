"""Whether a text that a model was asked to repeat came back, and whether it came back whole."""

from __future__ import annotations

import re

MOJIBAKE = ("你".encode().decode("latin-1"), "🌍".encode().decode("latin-1"))


def cooperates(text: str) -> bool:
    """Whether the model repeated enough of the text to judge it."""
    return ("Begin" in text and "end" in text) or "你" in text or "Привет" in text


def damage(text: str) -> str | None:
    """What happened to the characters of the text, or None."""
    if "\ufffd" in text:
        return "replacement characters"
    if any(bad in text for bad in MOJIBAKE):
        return "UTF-8 read as Latin-1"
    return None


_WORD = re.compile(r"[^\W\d_]{2,}")
_COMMON = frozenset(("the", "of", "and", "to", "in", "is", "that", "for", "it", "you", "with"))


def speaks(text: str, asked: str) -> bool:
    """Whether half of its words are words of the request, or the commonest of English.

    What is wrong with the characters of another text may be the model's own doing.
    """
    words = set(_WORD.findall(text.lower()))
    known = words & (_COMMON | set(_WORD.findall(asked.lower())))
    return len(known) >= min(2, len(words)) and 0 < len(words) <= len(known) * 2
