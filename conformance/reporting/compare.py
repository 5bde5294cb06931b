"""What changes for a client that moves from one target to another: the same probes, recorded twice.

Differences are ordered by what breaks: an answer that is refused, a shape that lacks or retypes
something, another error, then headers, models and latency.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from conformance.exchange import Exchange
from conformance.reporting.text import plain

QUIET = frozenset(
    {
        "alt-svc",
        "cf-cache-status",
        "cf-ray",
        "connection",
        "content-length",
        "content-type",
        "date",
        "keep-alive",
        "server",
        "set-cookie",
        "strict-transport-security",
        "transfer-encoding",
        "vary",
        "via",
        "x-content-type-options",
        "x-request-id",
    }
)
"""Headers that differ from server to server and that no client of the API reads."""


class Weight(IntEnum):
    """How much a difference breaks, most first."""

    REFUSED = 0
    SHAPE = 1
    ERROR = 2
    FINISH = 3
    MODELS = 4
    HEADERS = 5
    EXTRA = 6
    LATENCY = 7


TITLES: Mapping[Weight, str] = {
    Weight.REFUSED: "Answered here, refused there",
    Weight.SHAPE: "Missing or of another type",
    Weight.ERROR: "Other errors",
    Weight.FINISH: "Other finish reasons",
    Weight.MODELS: "Models",
    Weight.HEADERS: "Headers",
    Weight.EXTRA: "Additional fields (harmless for most clients)",
    Weight.LATENCY: "Latency",
}


@dataclass(frozen=True)
class Difference:
    """One line of the comparison. ``where``: route or probe."""

    weight: Weight
    where: str
    a: str
    b: str
    what: str = ""


def shape(value: Any, path: str = "") -> dict[str, str]:
    """Paths of a document with the JSON types seen there; arrays are one path."""
    found = {path or "body": _kind(value)}
    if isinstance(value, dict):
        for key, inner in value.items():
            found.update(shape(inner, f"{path}.{key}" if path else str(key)))
    elif isinstance(value, list):
        for inner in value[:20]:
            found.update(shape(inner, f"{path}[]"))
    return found


def compare(a: Iterable[Exchange], b: Iterable[Exchange]) -> tuple[Difference, ...]:
    """Every difference between two recordings, heaviest first; only probes that both sent count."""
    left, right = _by_probe(a), _by_probe(b)
    found: list[Difference] = []
    shapes: dict[tuple[str, str], dict[str, tuple[str, str]]] = {}
    for name in sorted(left.keys() & right.keys()):
        x, y = left[name], right[name]
        where = f"{x.route} ({name})"
        if x.ok != y.ok:
            found.append(Difference(Weight.REFUSED, where, _status(x), _status(y)))
            continue
        if not x.ok:
            if _status(x) != _status(y):
                found.append(Difference(Weight.ERROR, where, _status(x), _status(y)))
            continue
        place = shapes.setdefault((x.route, "stream" if x.is_stream else ""), {})
        _shapes(x, y, place)
        if _finish(x) != _finish(y):
            found.append(Difference(Weight.FINISH, where, _finish(x), _finish(y)))
    found += _shape_differences(shapes)
    found += _models(left, right)
    found += _headers(left.values(), right.values())
    found += _latency(left, right)
    return tuple(sorted(found, key=lambda d: (d.weight, d.where, d.what)))


def render(names: Sequence[str], found: Sequence[Difference]) -> str:
    """The comparison as Markdown."""
    a, b = names
    lines = [f"# Moving from {plain(a)} to {plain(b)}", ""]
    breaking = sum(d.weight <= Weight.ERROR for d in found)
    lines.append(
        f"{breaking} differences can break a client, {len(found) - breaking} more were seen."
        if found
        else "No difference was seen in what both were asked."
    )
    for weight, title in TITLES.items():
        rows = [d for d in found if d.weight is weight]
        if not rows:
            continue
        lines += ["", f"## {title}", "", f"| where | {plain(a)} | {plain(b)} |", "|---|---|---|"]
        for row in rows:
            where = f"{row.where}: `{row.what}`" if row.what else row.where
            cells = (plain(cell).replace("|", "\\|") for cell in (where, row.a, row.b))
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _by_probe(exchanges: Iterable[Exchange]) -> dict[str, Exchange]:
    found: dict[str, Exchange] = {}
    for x in exchanges:
        if x.driver == "http" and x.probe and not x.step and not x.superseded and x.response:
            found[x.probe] = x
    return found


def _status(x: Exchange) -> str:
    body = x.json
    error = body.get("error") if isinstance(body, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return f"{x.status} {code}" if code else str(x.status)


def _documents(x: Exchange) -> list[Any]:
    return list(x.payloads) if x.is_sse else [x.json]


def _shapes(x: Exchange, y: Exchange, place: dict[str, tuple[str, str]]) -> None:
    one: dict[str, str] = {}
    other: dict[str, str] = {}
    for source, into in ((x, one), (y, other)):
        for document in _documents(source):
            for path, kind in shape(document).items():
                if into.get(path) in (None, "null"):
                    into[path] = kind
    for path in one.keys() | other.keys():
        seen = place.get(path, ("absent", "absent"))
        kinds = (one.get(path, "absent"), other.get(path, "absent"))
        place[path] = tuple(  # type: ignore[assignment]
            new if old in ("absent", "null") else old for old, new in zip(seen, kinds, strict=True)
        )


def _shape_differences(
    shapes: Mapping[tuple[str, str], Mapping[str, tuple[str, str]]],
) -> Iterable[Difference]:
    for (route, mode), paths in shapes.items():
        where = f"{route} {mode}".strip()
        for path, (one, other) in sorted(paths.items()):
            if one == other or "null" in (one, other):
                continue
            parent = path.rpartition(".")[0]
            if parent and "absent" in paths.get(parent, ()):
                continue  # said of its parent already
            weight = Weight.EXTRA if one == "absent" else Weight.SHAPE
            yield Difference(weight, where, one, other, path)


def _finish(x: Exchange) -> str:
    reasons: set[str] = set()
    for document in _documents(x):
        rows = document.get("choices") if isinstance(document, dict) else None
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict) and isinstance(row.get("finish_reason"), str):
                reasons.add(row["finish_reason"])
    return ", ".join(sorted(reasons)) or "none"


def _models(left: Mapping[str, Exchange], right: Mapping[str, Exchange]) -> Iterable[Difference]:
    sides = [
        {m for x in side.values() if x.route == "GET /models" for m in _ids(x.json)}
        for side in (left, right)
    ]
    if sides[0] != sides[1]:
        a, b = (", ".join(sorted(side)[:12]) or "none" for side in sides)
        yield Difference(Weight.MODELS, "GET /models", a, b)


def _ids(body: Any) -> list[str]:
    rows = body.get("data", body.get("models")) if isinstance(body, dict) else body
    return [str(r.get("id")) for r in rows if isinstance(r, dict)] if isinstance(rows, list) else []


def _headers(a: Iterable[Exchange], b: Iterable[Exchange]) -> Iterable[Difference]:
    def names(side: Iterable[Exchange]) -> dict[str, str]:
        found: dict[str, str] = {}
        for x in side:
            for name, value in x.response.headers if x.response and x.ok else ():
                found.setdefault(name.lower(), value)
        return {k: v for k, v in found.items() if k not in QUIET}

    one, other = names(a), names(b)
    for name in sorted(one.keys() ^ other.keys()):
        yield Difference(
            Weight.HEADERS, name, one.get(name, "absent")[:60], other.get(name, "absent")[:60]
        )


def _latency(left: Mapping[str, Exchange], right: Mapping[str, Exchange]) -> Iterable[Difference]:
    both = [n for n in left.keys() & right.keys() if left[n].ok and right[n].ok]
    if both:
        a, b = (statistics.median(side[n].duration for n in both) for side in (left, right))
        yield Difference(
            Weight.LATENCY,
            f"median of {len(both)} answers",
            f"{a * 1000:.0f} ms",
            f"{b * 1000:.0f} ms",
        )


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"
