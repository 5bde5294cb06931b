"""From method and path to a route."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

if TYPE_CHECKING:
    from conformance.reference.call import Call

Handler = Callable[["Call"], Any]
Validate = Callable[["Call", dict[str, Any]], None]
BodyKind = Literal["json", "optional", "form", "either", "none"]


@dataclass(frozen=True)
class Route:
    """One operation. `{x}` in a path is one segment, `{x*}` the rest of the path."""

    name: str
    method: str
    path: str
    handler: Handler
    validate: Validate | None = None
    body: BodyKind = "none"
    limited: bool = False
    """Whether the operation is counted in the rate limits, and says so in its headers."""


@dataclass(frozen=True)
class Match:
    """What was found for a path: the routes by method, and the path's parameters."""

    methods: dict[str, Route]
    params: dict[str, str]


class Router:
    """A tree of path segments."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._root: dict[str, Any] = {}
        for route in routes:
            node = self._root
            for segment in route.path.strip("/").split("/"):
                key = segment if not segment.startswith("{") else segment[:-1]
                node = node.setdefault(key, {})
            methods = node.setdefault("", {})
            if route.method in methods:
                raise ValueError(f"{route.method} {route.path} is routed twice")
            methods[route.method] = route

    def match(self, raw_path: str) -> Match | None:
        """The routes at a path, as it came over the wire (`%2F` is not a separator)."""
        segments = [unquote(part) for part in raw_path.removeprefix("/").split("/")]
        if "" in segments:  # a trailing or doubled slash names nothing
            return None
        return _walk(self._root, segments, {})


def _walk(node: dict[str, Any], segments: list[str], params: dict[str, str]) -> Match | None:
    if not segments:
        methods = node.get("")
        return Match(methods, params) if methods else None
    head, rest = segments[0], segments[1:]
    fixed = node.get(head)
    if isinstance(fixed, dict) and not head.startswith("{"):
        found = _walk(fixed, rest, params)
        if found:
            return found
    for key, child in node.items():
        if not key.startswith("{"):
            continue
        if key.endswith("*"):
            return Match(child[""], {**params, key[1:-1]: "/".join(segments)})
        found = _walk(child, rest, {**params, key[1:]: head})
        if found:
            return found
    return None
