"""Whether a text that a model was asked to repeat came back, and whether it came back whole."""

from __future__ import annotations

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
