"""Reading embeddings answers: vectors out of lists and base64, and how alike two of them are."""

from __future__ import annotations

import base64
import binascii
import math
import struct
from collections.abc import Sequence
from typing import Any

from conformance.exchange import Exchange

Vector = Sequence[float]

MOST_INPUTS = 2048
"""Inputs that one request may hold."""


def wanted_format(x: Exchange) -> str:
    """What the request asks for: base64, or float (also when it says nothing)."""
    return "base64" if x.sent.get("encoding_format") == "base64" else "float"


def inputs(x: Exchange) -> list[Any] | None:
    """The inputs of a request, one for each vector; None where the request is not a valid one."""
    given = x.sent.get("input")
    if isinstance(given, str):
        return [given] if given else None
    if not isinstance(given, list) or not given:
        return None
    if _tokens(given):
        return [given]
    if len(given) > MOST_INPUTS:
        return None
    if all(isinstance(item, str) and item for item in given) or all(map(_tokens, given)):
        return given
    return None


def _tokens(value: Any) -> bool:
    """A list of token ids."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in value)
    )


def entries(x: Exchange) -> list[Any]:
    """The elements of ``data``, whatever they are; [] where there is no list."""
    body = x.json
    data = body.get("data") if isinstance(body, dict) else None
    return data if isinstance(data, list) else []


def embeddings(x: Exchange) -> list[Any]:
    """The ``embedding`` of each element as it stands, None where there is none."""
    return [e.get("embedding") if isinstance(e, dict) else None for e in entries(x)]


def raw_bytes(text: str) -> bytes | None:
    """The bytes of a base64 string; None where it is not base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def unpack(text: str) -> tuple[float, ...] | None:
    """Little-endian float32 numbers from base64; None where it is not that."""
    data = raw_bytes(text)
    if data is None or not data or len(data) % 4:
        return None
    return struct.unpack(f"<{len(data) // 4}f", data)


def vector(value: Any) -> tuple[float, ...] | None:
    """The numbers of an ``embedding``, flat and finite; None where it is not a vector."""
    found: tuple[float, ...] | None = None
    if isinstance(value, str):
        found = unpack(value)
    elif isinstance(value, list) and value:
        numbers = [n for n in value if isinstance(n, int | float) and not isinstance(n, bool)]
        found = tuple(map(float, numbers)) if len(numbers) == len(value) else None
    if found is None or not all(map(math.isfinite, found)):
        return None
    return found


def vectors(x: Exchange) -> list[tuple[float, ...] | None]:
    """The vector of each element."""
    return [vector(value) for value in embeddings(x)]


def first(x: Exchange) -> tuple[float, ...] | None:
    """The first vector."""
    found = vectors(x)
    return found[0] if found else None


def norm(v: Vector) -> float:
    return math.sqrt(sum(n * n for n in v))


def cosine(a: Vector, b: Vector) -> float:
    """The cosine of the angle; 0 where a vector is all zero or the lengths differ."""
    length = norm(a) * norm(b)
    if len(a) != len(b) or not length or not math.isfinite(length):
        return 0.0
    return sum(p * q for p, q in zip(a, b, strict=True)) / length


def prompt_tokens(x: Exchange) -> int | None:
    """``usage.prompt_tokens``, where it is an integer."""
    body = x.json
    usage = body.get("usage") if isinstance(body, dict) else None
    count = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return count if isinstance(count, int) and not isinstance(count, bool) else None
