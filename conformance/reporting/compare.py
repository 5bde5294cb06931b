"""What changes for a client that moves from one target to another: the same probes, recorded twice.

Differences are ordered by what breaks: first what succeeds and has another shape, because nothing
raises there and data is lost in silence; then what is refused, other errors, and what else differs.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from conformance.exchange import Exchange
from conformance.reporting.text import many, plain, seconds

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

    SHAPE = 0
    REFUSED = 1
    ERROR = 2
    FINISH = 3
    MODELS = 4
    LIMITS = 5
    PRICES = 6
    HEADERS = 7
    EXTRA = 8
    LATENCY = 9


TITLES: Mapping[Weight, str] = {
    Weight.SHAPE: "Answered with another shape: missing, or of another type",
    Weight.REFUSED: "Answered by one, refused by the other",
    Weight.ERROR: "Other errors",
    Weight.FINISH: "Other finish reasons",
    Weight.MODELS: "Models",
    Weight.LIMITS: "Rate limits",
    Weight.PRICES: "Prices",
    Weight.HEADERS: "Headers",
    Weight.EXTRA: "Additional fields (harmless for most clients)",
    Weight.LATENCY: "Latency",
}


EXCEPTIONS: Mapping[int, str] = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    409: "ConflictError",
    422: "UnprocessableEntityError",
    429: "RateLimitError",
}
"""What the official SDKs raise for a status."""


@dataclass(frozen=True)
class Difference:
    """One line of the comparison.

    ``where``: route or probe. ``depth``: how deep in a document, the outermost first.
    """

    weight: Weight
    where: str
    a: str
    b: str
    what: str = ""
    depth: int = 0


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
            found.append(Difference(Weight.REFUSED, where, _raised(x), _raised(y)))
            continue
        if not x.ok:
            if _status(x) != _status(y):
                found.append(Difference(Weight.ERROR, where, _raised(x), _raised(y)))
            continue
        place = shapes.setdefault((x.route, "stream" if x.is_stream else ""), {})
        _shapes(x, y, place)
        if _finish(x) != _finish(y):
            found.append(Difference(Weight.FINISH, where, _finish(x), _finish(y)))
    found += _shape_differences(shapes)
    found += _models(left, right)
    found += _limits(left.values(), right.values())
    found += _headers(left.values(), right.values())
    found += _latency(left, right)
    return ordered(found)


def ordered(found: Iterable[Difference]) -> tuple[Difference, ...]:
    """Heaviest first, and the outermost of a document before what is within."""
    return tuple(sorted(found, key=lambda d: (d.weight, d.depth, d.where, d.what)))


def render(names: Sequence[str], found: Sequence[Difference]) -> str:
    """The comparison as Markdown."""
    a, b = names
    lines = [f"# Moving from {plain(a)} to {plain(b)}", ""]
    breaking = sum(d.weight <= Weight.ERROR for d in found)
    lines.append(
        f"{many(breaking, 'difference')} can break a client, {len(found) - breaking} more "
        f"{'was' if len(found) - breaking == 1 else 'were'} seen."
        if found
        else "No difference was seen in what both were asked."
    )
    first = found[0] if found and found[0].weight is Weight.SHAPE else None
    if first is not None:
        lines += [
            "",
            "The worst come first: these calls succeed, no client library raises anything, "
            "and what is missing is lost in silence.",
        ]
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


def _raised(x: Exchange) -> str:
    """The status with its code, and what an official SDK makes of it."""
    if x.ok:
        return _status(x)
    name = EXCEPTIONS.get(x.status, "InternalServerError" if x.status >= 500 else "APIStatusError")
    return f"{_status(x)} ({name})"


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
    """For each object what it lacks, with what stands there instead, and what it has besides."""
    for (route, mode), paths in shapes.items():
        where = f"{route} {mode}".strip()
        lost: dict[str, list[str]] = {}
        added: dict[str, list[str]] = {}
        for path, (one, other) in sorted(paths.items()):
            parent = path[:-2] if path.endswith("[]") else path.rpartition(".")[0]
            if one == other or "null" in (one, other) or "absent" in paths.get(parent, ()):
                continue  # the same, or said of its parent already
            if one == "absent":
                added.setdefault(parent, []).append(path)
            elif other == "absent":
                lost.setdefault(parent, []).append(path)
            else:
                yield Difference(Weight.SHAPE, where, one, other, path, _depth(path))
        for parent, names in lost.items():
            instead = added.pop(parent, [])
            b = "absent" + (f"; instead {_typed(instead, paths, 1)}" if instead else "")
            a = _typed(names, paths, 0)
            yield Difference(Weight.SHAPE, where, a, b, ", ".join(names), _depth(names[0]))
        for names in added.values():
            for path in names:
                yield Difference(Weight.EXTRA, where, "absent", paths[path][1], path, _depth(path))


def _depth(path: str) -> int:
    return path.count(".") + path.count("[]")


def _typed(names: Sequence[str], paths: Mapping[str, tuple[str, str]], side: int) -> str:
    """Paths with their types; the type alone where there is one path and it is the reader's own."""
    if side == 0 and len(names) == 1:
        return paths[names[0]][0]
    return ", ".join(f"{name} ({paths[name][side]})" for name in names)


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


LIMIT = re.compile(r"x-ratelimit-(limit|remaining|reset)-([a-z0-9_-]+)")


def _fields(side: Iterable[Exchange]) -> dict[str, str]:
    """Each header that successful answers carry, with the first value seen."""
    found: dict[str, str] = {}
    for x in side:
        for name, value in x.response.headers if x.response and x.ok else ():
            found.setdefault(name.lower(), value)
    return {k: v for k, v in found.items() if k not in QUIET}


def _limits(a: Iterable[Exchange], b: Iterable[Exchange]) -> Iterable[Difference]:
    """The limits that the headers of both sides name, under whatever names."""

    def told(side: Iterable[Exchange], *words: str) -> str:
        fields = _fields(side)
        for name, value in fields.items():
            match = LIMIT.fullmatch(name)
            if match and match[1] == "limit" and match[2] in words:
                return f"{value} ({name})"
        return "no header says"

    a, b = list(a), list(b)
    for title, words in (("requests", ("requests", "rpm")), ("tokens", ("tokens", "tpm"))):
        one, other = told(a, *words), told(b, *words)
        if one != other:
            yield Difference(Weight.LIMITS, f"{title} a window", one, other)


def _headers(a: Iterable[Exchange], b: Iterable[Exchange]) -> Iterable[Difference]:
    one, other = _fields(a), _fields(b)
    for name in sorted(one.keys() ^ other.keys()):
        yield Difference(
            Weight.HEADERS, name, one.get(name, "absent")[:60], other.get(name, "absent")[:60]
        )


def _latency(left: Mapping[str, Exchange], right: Mapping[str, Exchange]) -> Iterable[Difference]:
    both = [n for n in left.keys() & right.keys() if left[n].ok and right[n].ok]
    if both:
        a, b = (statistics.median(side[n].duration for n in both) for side in (left, right))
        yield Difference(
            Weight.LATENCY, f"median of {many(len(both), 'answer')}", seconds(a), seconds(b)
        )
    streams = [n for n in both if _first(left[n]) is not None and _first(right[n]) is not None]
    if streams:
        a, b = (statistics.median(_first(side[n]) or 0 for n in streams) for side in (left, right))
        yield Difference(
            Weight.LATENCY,
            f"first event, median of {many(len(streams), 'stream')}",
            seconds(a),
            seconds(b),
        )


def _first(x: Exchange) -> float | None:
    """Seconds to the first event of a stream."""
    timed = x.response.timed_payloads if x.is_sse and x.response else ()
    return timed[0][0] if timed else None


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
