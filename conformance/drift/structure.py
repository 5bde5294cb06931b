"""What an answer consists of: the types at every path, of JSON and of event streams alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from conformance.exchange import Exchange
from conformance.expect import kind_of

Structure = dict[str, list[str]]
"""Sorted types by path, as ``choices[].message.content``; of a stream below ``event NAME``."""

DEEPEST, MOST = 40, 2000
"""Levels and paths of one answer that are kept at most: a target may send anything."""

_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$./ -]{0,60}")
_NUMBERED = re.compile(r"\d{4}|[0-9a-f]{8}")


def structures(exchanges: Iterable[Exchange]) -> dict[str, Structure]:
    """The structure of each probe's answer over raw HTTP; scenarios step by step."""
    found: dict[str, dict[str, set[str]]] = {}
    for x in exchanges:
        if x.driver != "http" or not x.probe or not x.ok or x.superseded:
            continue
        name = f"{x.probe}, {x.step}" if x.step else x.probe
        paths = found.setdefault(name, {})
        for path, kind in of(x):
            if path in paths or len(paths) < MOST:
                paths.setdefault(path, set()).add(kind)
    return {name: _sorted(paths) for name, paths in sorted(found.items()) if paths}


def of(x: Exchange) -> Iterator[tuple[str, str]]:
    """Every path of an answer with a type that was seen there."""
    if not x.is_sse:
        if x.json is not None:
            yield from _walk(x.json, "", 0)
        return
    assert x.response is not None
    for event, payload in x.response.event_payloads:
        kind = payload.get("type") if isinstance(payload, Mapping) else None
        name = kind if isinstance(kind, str) else event.event or "message"
        yield from _walk(payload, f"event {key(name)}", 0)


def _walk(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    yield path or "body", kind_of(value)
    if depth >= DEEPEST:
        return
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _walk(inner, f"{path}.{key(name)}" if path else key(name), depth + 1)
    elif isinstance(value, list):
        for inner in value[:100]:
            yield from _walk(inner, f"{path}[]", depth + 1)


def key(name: str) -> str:
    """A key as a path names it; one that looks made up for this answer is ``*``."""
    return name if _NAME.fullmatch(name) and not _NUMBERED.search(name) else "*"


def _sorted(paths: Mapping[str, set[str]]) -> Structure:
    return {path: sorted(kinds) for path, kinds in sorted(paths.items())}
