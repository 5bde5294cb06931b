"""Text of a hostile target, made fit to be shown: short, and without anything that acts.

Control characters, escape sequences, direction overrides, zero-width characters and unpaired
surrogates become visible escapes as ``\\x1b``. What is shortened says its true length.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

LONGEST = 300
"""Characters of one value that are shown at most."""

_ACTING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_CAPPED = re.compile(r"… \((\d+) characters\)$")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def plain(text: str, keep: str = "") -> str:
    """``text`` with everything that a terminal or a page might act on escaped; ``keep`` is left."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in keep or _harmless(c) else _escape(c) for c in text)


def _harmless(char: str) -> bool:
    return unicodedata.category(char) not in _ACTING


def _escape(char: str) -> str:
    number = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def short(text: str, limit: int = LONGEST) -> str:
    """``text`` on one line, escaped, at most ``limit`` characters of it, with the true length."""
    if len(text) <= limit:
        return plain(text)
    capped = _CAPPED.search(text)
    length = int(capped[1]) if capped else len(text)
    return f"{plain(text[:limit])}… ({length} characters)"


def value(thing: Any, limit: int = LONGEST) -> str:
    """A JSON value as one line; a string stands as it is."""
    if isinstance(thing, str):
        return short(thing, limit)
    return short(json.dumps(thing, ensure_ascii=False, default=repr), limit)


def size(count: int) -> str:
    """A number of bytes in words: ``2.9 kB``."""
    if count < 1000:
        return f"{count} bytes" if count != 1 else "1 byte"
    number = count / 1000
    for unit in ("kB", "MB"):
        if number < 1000:
            return f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"


def money(usd: float | None, unpriced: Mapping[str, int]) -> str:
    """A cost in words, with the tokens that no price covers."""
    words = "no price" if usd is None else f"{usd:.4f} USD"
    if unpriced and usd is not None:
        beside = ", ".join(short(name, 60) for name in unpriced)
        words += f" and {many(sum(unpriced.values()), 'token')} without a price ({beside})"
    return words


def seconds(number: float) -> str:
    """A duration in words: ``83 ms``, ``1.21 s``, ``2 min 5 s``."""
    if number < 0.0995:
        return f"{number * 1000:.1f} ms" if number < 0.00995 else f"{number * 1000:.0f} ms"
    if number < 120:
        return f"{number:.2f} s" if number < 9.995 else f"{number:.1f} s"
    minutes, rest = divmod(round(number), 60)
    return f"{minutes} min {rest} s"


def thousands(number: int) -> str:
    """A number in groups of three digits: ``204,593``."""
    return f"{number:,}"


def many(count: int, word: str, plural: str = "") -> str:
    """``1 event``, ``2 events``."""
    return f"{count} {word}" if count == 1 else f"{count:,} {plural or word + 's'}"


def listed(words: list[str], limit: int = 5) -> str:
    """``a, b and 3 more``."""
    if len(words) <= limit:
        return ", ".join(words)
    return f"{', '.join(words[:limit])} and {len(words) - limit} more"


def spans(words: str) -> tuple[tuple[str, bool], ...]:
    """A sentence in parts, those between backticks marked as code; an odd backtick stays."""
    parts = words.split("`")
    if len(parts) % 2 == 0:
        parts[-2:] = ["`".join(parts[-2:])]
    return tuple((part, bool(n % 2)) for n, part in enumerate(parts) if part)
