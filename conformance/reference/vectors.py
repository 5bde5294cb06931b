"""Embedding vectors: texts that share words and letters point the same way."""

from __future__ import annotations

import hashlib
import math
import re
import struct
from functools import lru_cache

from conformance.reference.config import EMBEDDING_DIMENSIONS


def _features(text: str) -> list[tuple[str, float]]:
    words = re.findall(r"\w+", text.lower())
    features = [(f"w:{word}", 2.0) for word in words]
    for word in words:
        padded = f"^{word}$"
        features += [(f"t:{padded[i : i + 3]}", 0.7) for i in range(len(padded) - 2)]
    return features


@lru_cache(maxsize=4_000)
def _directions(feature: str) -> tuple[tuple[int, float], ...]:
    digest = hashlib.blake2b(feature.encode("utf-8", "replace"), digest_size=24).digest()
    return tuple(
        (int.from_bytes(digest[i : i + 2], "little") % EMBEDDING_DIMENSIONS,
         1.0 if digest[i + 2] & 1 else -1.0)
        for i in range(0, 24, 3)
    )  # fmt: skip


@lru_cache(maxsize=512)
def embed(text: str, dimensions: int = EMBEDDING_DIMENSIONS) -> tuple[float, ...]:
    """A unit vector of 32-bit floats; fewer dimensions are cut off and scaled again."""
    values = [0.0] * EMBEDDING_DIMENSIONS
    # a little of the text itself, so that no two texts and no cut are ever all zero
    own = hashlib.shake_256(text.encode("utf-8", "replace")).digest(EMBEDDING_DIMENSIONS)
    for position, byte in enumerate(own):
        values[position] = (byte - 127.5) / 1000
    for feature, weight in _features(text[:100_000]):
        for position, sign in _directions(feature):
            values[position] += sign * weight
    values = values[:dimensions]
    length = math.sqrt(sum(value * value for value in values))
    packed = struct.pack(f"<{dimensions}f", *(value / length for value in values))
    return struct.unpack(f"<{dimensions}f", packed)
