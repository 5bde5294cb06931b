"""Which part of an actual value differs from what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ALIKE = 0.3
"""Share of the shorter value that must agree before a part is marked instead of the whole."""


@dataclass(frozen=True)
class Piece:
    text: str
    marked: bool


def pieces(expected: Sequence[str], actual: str) -> tuple[Piece, ...]:
    """``actual`` in pieces, the differing one marked.

    Expectations are often words (``a string``), so where the nearest alternative has little in
    common with the value, the whole is marked.
    """
    if not actual:
        return (Piece("(empty)", True),)
    best = max((_ends(each, actual) for each in expected), key=sum, default=(0, 0))
    start, end = best
    nearest = min((len(each) for each in expected if _ends(each, actual) == best), default=0)
    agreed = start + end
    if agreed < 3 or agreed < ALIKE * max(min(nearest, len(actual)), 1):
        return (Piece(actual, True),)
    stop = len(actual) - end
    if start == stop:  # something is missing here: mark the seam
        found = (Piece(actual[:start], False), Piece("‸", True), Piece(actual[stop:], False))
    else:
        found = (
            Piece(actual[:start], False),
            Piece(actual[start:stop], True),
            Piece(actual[stop:], False),
        )
    return tuple(piece for piece in found if piece.text)


def _ends(expected: str, actual: str) -> tuple[int, int]:
    """How many characters agree at the beginning and, of the rest, at the end."""
    most = min(len(expected), len(actual))
    start = 0
    while start < most and expected[start] == actual[start]:
        start += 1
    end = 0
    while end < most - start and expected[-1 - end] == actual[-1 - end]:
        end += 1
    return start, end
