"""A run split over several machines: each judges its share, `conformance merge` joins them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from conformance.errors import UsageError


@dataclass(frozen=True)
class Shard:
    """Share ``number`` of ``count``, counted from 1."""

    number: int = 1
    count: int = 1

    def takes(self, id: str) -> bool:
        """Whether a requirement belongs to this share: each belongs to one, always the same."""
        digest = hashlib.sha256(id.encode()).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


def parse(text: str) -> Shard:
    """``2/5`` as a share. Raises UsageError."""
    found = re.fullmatch(r"(\d{1,4})/(\d{1,4})", text.strip())
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise UsageError(f"--shard wants NUMBER/COUNT, such as 2/5, not {text!r}.")
    return Shard(int(found[1]), int(found[2]))
