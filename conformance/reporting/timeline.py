"""The timeline of a stream: how many events arrived when, so that bursts and gaps are seen."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from conformance.exchange import Exchange
from conformance.reporting.text import many, seconds

WIDTH, HEIGHT, BAR = 640, 56, 4
"""Size of the drawing, and the width of a bar; times within one bar fall together."""

_EVENT = re.compile(r"\bevent (\d+)\b")


@dataclass(frozen=True)
class Bar:
    x: int
    y: float
    height: float
    count: int
    title: str


@dataclass(frozen=True)
class Timeline:
    """``head``: where the headers had come; ``mark``: where the telling event lies, if known."""

    bars: tuple[Bar, ...]
    head: float
    mark: float | None
    end: str
    words: str


def timeline(x: Exchange, at: str = "") -> Timeline | None:
    """The timeline of an event stream; None for another answer. ``at``: what a result points to."""
    response = x.response
    if response is None or not x.is_sse or not response.stream.events:
        return None
    events = response.stream.events
    span = max(response.ended_at, events[-1].at, response.head_at, 1e-6)

    def place(time: float) -> float:
        return min(max(time / span, 0), 1) * (WIDTH - BAR)

    buckets = Counter(int(place(event.at) // BAR) for event in events)
    tallest = max(buckets.values())
    bars = []
    for slot, count in sorted(buckets.items()):
        height = round(8 + 36 * math.log1p(count) / math.log1p(tallest), 1) if tallest > 1 else 24.0
        when = seconds(slot * BAR / (WIDTH - BAR) * span)
        bars.append(
            Bar(slot * BAR, HEIGHT - height, height, count, f"{many(count, 'event')} at {when}")
        )
    named = _EVENT.search(at)
    number = int(named[1]) if named else 0
    mark = place(events[number - 1].at) if 0 < number <= len(events) else None
    return Timeline(
        tuple(bars),
        round(place(response.head_at), 1),
        round(mark, 1) if mark is not None else None,
        seconds(span),
        _words(x, span),
    )


def _words(x: Exchange, span: float) -> str:
    """The same in a sentence."""
    assert x.response is not None
    times = [event.at for event in x.response.stream.events]
    arrivals = sorted(set(times))
    parts = [
        f"{many(len(times), 'event')} in {many(len(arrivals), 'arrival')} over {seconds(span)}",
        f"first after {seconds(times[0])}",
    ]
    gaps = [(b - a, a) for a, b in pairwise(arrivals)]
    if gaps:
        longest, after = max(gaps)
        parts.append(f"longest gap {seconds(longest)}, after {seconds(after)}")
    together = max(Counter(times).values())
    if together > 1:
        parts.append(f"at most {together} at once")
    return ", ".join(parts) + "."
