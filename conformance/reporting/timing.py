"""How long the target took: facts of the recording, and where the dots of their plot lie."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from conformance.exchange import Exchange
from conformance.reporting.text import seconds

WIDTH, LEFT = 640, 8
ROWS = 12
"""Routes that the plot shows at most, the busiest ones."""
_ID = re.compile(r"(?<=/)(?:[a-z]+[_-][A-Za-z0-9_-]{8,}|[0-9a-f-]{16,}|\d+)(?=/|$)")
_TICKS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)


@dataclass(frozen=True)
class Timing:
    """One answered exchange. ``first``: when the first event of a stream had come."""

    exchange: str
    route: str
    driver: str
    status: int
    total: float
    first: float | None = None


@dataclass(frozen=True)
class Dot:
    x: float
    first: bool
    title: str


@dataclass(frozen=True)
class Row:
    """One route: its numbers in words, and its dots."""

    route: str
    count: int
    median: str
    slowest: str
    first: str
    dots: tuple[Dot, ...]


@dataclass(frozen=True)
class Plot:
    """All rows on one logarithmic axis; ``ticks`` are places and words."""

    rows: tuple[Row, ...]
    ticks: tuple[tuple[float, str], ...]
    left_out: int


def timings(exchanges: Iterable[Exchange]) -> tuple[Timing, ...]:
    """The times of every whole answer, retried ones and those that the suite cut left out."""
    found = []
    for x in exchanges:
        if x.response is None or x.failure is not None or x.superseded:
            continue
        first = None
        if x.is_sse and x.response.stream.events:
            first = x.response.stream.events[0].at
        found.append(Timing(x.id, x.route, x.driver, x.status, x.duration, first))
    return tuple(found)


def plot(times: Sequence[Timing]) -> Plot | None:
    """The plot of successful answers; None when there is none."""
    by_route: dict[str, list[Timing]] = {}
    for timing in times:
        if 200 <= timing.status < 300:
            by_route.setdefault(_ID.sub("{id}", timing.route), []).append(timing)
    if not by_route:
        return None
    busiest = sorted(by_route, key=lambda route: (-len(by_route[route]), route))
    shown = {route: by_route[route] for route in busiest[:ROWS]}
    values = [v for mine in shown.values() for t in mine for v in (t.total, t.first) if v]
    low = math.log10(max(min(values, default=0.001), 0.0005) * 0.9)
    high = math.log10(max(*values, 0.002, 10**low * 3) * 1.1) if values else low + 1

    def place(value: float) -> float:
        part = (math.log10(max(value, 0.0005)) - low) / (high - low)
        return round(LEFT + min(max(part, 0), 1) * (WIDTH - 2 * LEFT), 1)

    ticks = tuple((place(t), _tick(t)) for t in _TICKS if low <= math.log10(t) <= high)
    rows = tuple(_row(route, mine, place) for route, mine in shown.items())
    return Plot(rows, ticks, len(by_route) - len(shown))


def _row(route: str, mine: Sequence[Timing], place: object) -> Row:
    assert callable(place)
    totals = [t.total for t in mine]
    firsts = [t.first for t in mine if t.first is not None]
    dots = [Dot(place(t.total), False, f"{t.exchange}: {seconds(t.total)}") for t in mine]
    dots += [
        Dot(place(t.first), True, f"{t.exchange}: first event after {seconds(t.first)}")
        for t in mine
        if t.first is not None
    ]
    return Row(
        route=route,
        count=len(mine),
        median=seconds(median(totals)),
        slowest=seconds(max(totals)),
        first=seconds(median(firsts)) if firsts else "",
        dots=tuple(dots[:400]),
    )


def _tick(value: float) -> str:
    return f"{value * 1000:g} ms" if value < 1 else f"{value:g} s"
