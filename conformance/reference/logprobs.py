"""Log probabilities, made up but consistent."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable
from typing import Any

from conformance.reference import tokens
from conformance.reference.tokens import Token

_POOL = tuple(
    tokens.token(text.encode())
    for text in (
        " the", " a", " and", " of", " to", " in", " is", " it", ",", ".", " for", " on",
        " that", " with", " as", " at", " by", " from", " or", " an", " be", " this",
    )
)  # fmt: skip


def likelihood(token: Token, position: int) -> float:
    """The log probability of a token at its place: never above zero."""
    number = zlib.crc32(token.data + bytes([position % 251]))
    return -round(0.0005 + (number % 6000) / 10_000, 6)


def ranked(token: Token, position: int, k: int) -> list[tuple[Token, float]]:
    """The k most likely tokens, the chosen one first, strictly decreasing, together below 1."""
    best = likelihood(token, position)
    pairs = [(token, best)]
    seen = {token.text}
    left = 1 - math.exp(best)
    for step in range(len(_POOL)):
        other = _POOL[(position + step) % len(_POOL)]
        if len(pairs) >= k:
            break
        if other.text in seen:
            continue
        seen.add(other.text)
        left /= 2
        pairs.append((other, round(math.log(left), 6)))
    return pairs[:k]


def _entry(token: Token, logprob: float) -> dict[str, Any]:
    return {"token": token.text, "logprob": logprob, "bytes": list(token.data)}


def content(pieces: Iterable[Token], top: int, start: int = 0) -> list[dict[str, Any]]:
    """Entries in the form of chat completions and responses."""
    entries: list[dict[str, Any]] = []
    for position, piece in enumerate(pieces, start):
        entry = _entry(piece, likelihood(piece, position))
        entry["top_logprobs"] = [_entry(*pair) for pair in ranked(piece, position, top)]
        entries.append(entry)
    return entries
