"""Smaller bodies that may fail for the same cause; each is tried by sending it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.fuzz.schema import Node


def smaller(body: dict[str, Any], root: Node, keep: str = "") -> Iterator[dict[str, Any]]:
    """Simplifications of a body, the boldest first. ``keep``: the member that must stay."""
    needed = {*root.get("required", ()), keep}
    base = root.get("x-base", {})
    free = [name for name in body if name not in needed and name not in base]
    if len(free) > 1:
        half = len(free) // 2
        for part in (free[:half], free[half:]):
            yield {k: v for k, v in body.items() if k not in part}
    for name in free:
        yield {k: v for k, v in body.items() if k != name}
    for name, value in body.items():
        for simple in _simpler(value):
            yield {**body, name: simple}


def _simpler(value: Any) -> Iterator[Any]:
    if isinstance(value, list) and len(value) > 1:
        yield value[:1]
        yield value[-1:]
    if isinstance(value, str) and len(value) > 16:
        yield value[: len(value) // 2]
    if isinstance(value, list):
        for index, item in enumerate(value[:2]):
            if isinstance(item, dict):
                for key, text in item.items():
                    if isinstance(text, str) and len(text) > 16:
                        short = {**item, key: text[: len(text) // 2]}
                        yield [*value[:index], short, *value[index + 1 :]]
