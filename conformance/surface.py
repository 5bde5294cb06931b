"""OpenAI's whole surface, route by route: what a recording shows of each, and what judged it.

The routes are those of the SDK's own resources, kept in ``surface_routes.txt``; a meta test
compares the file with the installed SDK. Print it anew with ``python -m conformance.surface``.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from conformance.exchange import Exchange
from conformance.requirement import Case

_VERBS = {"_get": "GET", "_get_api_list": "GET", "_post": "POST", "_put": "PUT",
          "_patch": "PATCH", "_delete": "DELETE"}  # fmt: skip


class State(StrEnum):
    """What was seen of a route."""

    SERVED = "served"
    REFUSED = "refused cleanly"
    BROKEN = "broken"
    UNSEEN = "not looked at"


@dataclass(frozen=True)
class RouteState:
    """``path`` is below the base URL, with ``{names}``; ``requirements`` judged some exchange."""

    method: str
    path: str
    state: State
    requirements: tuple[str, ...] = ()
    exchanges: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """The first part of the path."""
        return self.path.split("/")[1]

    def line(self) -> dict[str, Any]:
        """The line of ``results.jsonl``; requirements are counted by area and topic."""
        topics = Counter(".".join(id.split(".")[:2]) for id in self.requirements)
        return {
            "type": "surface",
            "method": self.method,
            "path": self.path,
            "state": str(self.state),
            "requirements": dict(topics),
            "exchanges": list(self.exchanges[:3]),
        }


@cache
def routes() -> tuple[tuple[str, str], ...]:
    """Method and path of every route, sorted by path."""
    text = resources.files("conformance").joinpath("surface_routes.txt").read_text("utf-8")
    return tuple((m, p) for m, _, p in (line.partition(" ") for line in text.splitlines()) if p)


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str], str], ...]:
    # a fixed part wins over a parameter: /threads/runs is not a thread called "runs"
    ranked = sorted(routes(), key=lambda route: route[1].count("{"))
    return tuple((m, re.compile(re.sub(r"\{\w+\}", "[^/]+", p) + "$"), p) for m, p in ranked)


@cache
def route_of(method: str, endpoint: str) -> tuple[str, str] | None:
    """The route of a request, None for what OpenAI does not have."""
    for verb, pattern, path in _patterns():
        if verb == method and pattern.match(endpoint):
            return verb, path
    return None


def surface(
    exchanges: Iterable[Exchange], cases: Iterable[Case] | None = None
) -> tuple[RouteState, ...]:
    """Every route with what the exchanges show of it, and the requirements that judged it."""
    if cases is None:
        from conformance.catalogue import all_cases

        cases = all_cases()
    by_route: dict[tuple[str, str], list[Exchange]] = {}
    for exchange in exchanges:
        route = route_of(exchange.request.method, exchange.endpoint)
        if route is not None:
            by_route.setdefault(route, []).append(exchange)
    listed = tuple(cases)
    found = []
    for method, path in routes():
        seen = by_route.get((method, path), [])
        found.append(
            RouteState(
                method,
                path,
                state_of(seen),
                tuple(sorted(_judges(seen, listed))),
                tuple(x.id for x in seen),
            )
        )
    return tuple(found)


def state_of(exchanges: Iterable[Exchange]) -> State:
    """What the exchanges of one route show."""
    states = {_one(x) for x in exchanges}
    for state in (State.SERVED, State.BROKEN, State.REFUSED):
        if state in states:
            return state
    return State.UNSEEN


def _one(x: Exchange) -> State:
    if x.response is None:
        return State.BROKEN
    if x.ok:
        return State.SERVED if x.response.media_type != "text/html" else State.BROKEN
    if x.status == 429:
        return State.UNSEEN
    if not (400 <= x.status < 500 or x.status == 501):
        return State.BROKEN
    body = x.json
    return State.REFUSED if isinstance(body, dict) and "error" in body else State.BROKEN


def _judges(exchanges: list[Exchange], cases: tuple[Case, ...]) -> set[str]:
    if not exchanges:
        return set()
    probes = {x.probe for x in exchanges}
    # what one driver sent is what the others sent, and a selector asks for no more than this
    exchanges = list({(x.probe, x.step, x.status): x for x in exchanges}.values())
    picked: dict[int, bool] = {}
    found = set()
    for case in cases:
        if case.over is None:
            if probes & set(case.probes):
                found.add(case.id)
            continue
        key = id(case.over)
        if key not in picked:
            picked[key] = any(case.over(x) for x in exchanges)
        if picked[key]:
            found.add(case.id)
    return found


def routes_of_sdk(package: Path) -> Iterator[tuple[str, str]]:
    """Method and path of every call that the SDK's resources make; ``package`` is its folder."""
    for file in sorted((package / "resources").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            verb = _VERBS.get(node.func.attr)
            path = _path(node.args[0]) if verb and node.args else ""
            if not verb or not path.startswith("/"):
                continue
            for word in node.keywords:
                if word.arg == "method" and isinstance(word.value, ast.Constant):
                    verb = str(word.value.value).upper()
            yield verb, path.split("?")[0]


def _path(node: ast.expr) -> str:
    if isinstance(node, ast.Call) and node.args:  # path_template("/files/{file_id}", ...)
        node = node.args[0]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ""


def main() -> None:
    """Print the routes of the installed SDK."""
    import openai

    found = set(routes_of_sdk(Path(openai.__file__).parent))
    print("\n".join(f"{m} {p}" for m, p in sorted(found, key=lambda r: (r[1], r[0]))))


if __name__ == "__main__":
    main()
