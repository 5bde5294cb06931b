"""A small deterministic tokeniser.

Pieces are short on purpose: a stop string or an emoji spans several of them, as with
real vocabularies, so that a server that handles them token by token is caught.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

VOCABULARY = 100_000

_PIECE = re.compile(r" ?[A-Za-z]{1,4}|[0-9]{1,3}|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of text, maybe not a whole code point."""

    id: int
    data: bytes

    @property
    def text(self) -> str:
        """The piece as text; broken code points show as `\\xNN` escapes."""
        try:
            return self.data.decode()
        except UnicodeDecodeError:
            return "bytes:" + "".join(f"\\x{byte:02x}" for byte in self.data)


@lru_cache(maxsize=20_000)
def token(data: bytes) -> Token:
    """The token of a piece."""
    if len(data) == 1:
        return Token(data[0], data)
    return Token(256 + zlib.crc32(data) % (VOCABULARY - 256), data)


@lru_cache(maxsize=2_000)
def encode(text: str) -> tuple[Token, ...]:
    """A text in tokens; joining their bytes gives the text again."""
    tokens: list[Token] = []
    for match in _PIECE.finditer(text):
        data = match.group().encode("utf-8", "replace")
        if len(data) > 2 and match.group()[-1] > "\x7f":
            tokens += [token(data[:2]), token(data[2:])]
        else:
            tokens.append(token(data))
    return tuple(tokens)


def count(text: str) -> int:
    """How many tokens a text has."""
    return len(encode(text))


_SYLLABLES = ("ka", "lo", "mi", "ne", "ru", "sa", "to", "vi", "ba", "de")


def decode_ids(ids: Iterable[int]) -> str:
    """The text of token ids; ids nobody saw before read as made-up words."""
    return "".join(_piece_of(number) for number in ids)


def _piece_of(number: int) -> str:
    if number < 256:
        return chr(number) if 32 <= number < 127 else " "
    digits = str(number)
    return " " + _SYLLABLES[int(digits[-1])] + _SYLLABLES[int(digits[-2])]


def text_of(tokens: Sequence[Token]) -> str:
    """The text of tokens; an unfinished code point at the end is left out."""
    return b"".join(item.data for item in tokens).decode("utf-8", "ignore")


def deltas(tokens: Sequence[Token]) -> list[tuple[str, tuple[Token, ...]]]:
    """Tokens grouped so that every group is whole code points."""
    groups: list[tuple[str, tuple[Token, ...]]] = []
    pending: list[Token] = []
    for item in tokens:
        pending.append(item)
        try:
            text = b"".join(part.data for part in pending).decode()
        except UnicodeDecodeError:
            continue
        groups.append((text, tuple(pending)))
        pending = []
    return groups
