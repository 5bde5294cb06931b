"""A run made ready for rendering: grouped, counted, worst first; what every renderer takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.exchange import Exchange
from conformance.reporting.clients import Client, clients
from conformance.reporting.score import Score, by_requirement, outcome_of, score
from conformance.reporting.sentence import Verdict, verdict
from conformance.reporting.timing import Timing, timings
from conformance.reporting.words import UNJUDGED, VIOLATIONS, WORDS, rank
from conformance.results import Outcome, Result, Run

_CLAIMS = (
    "broken",
    "not claimed and silently ignored",
    "undecided",
    "not claimed but works",
    "not claimed and cleanly refused",
    "upheld",
    "not checkable from outside",
)


@dataclass(frozen=True)
class Item:
    """One requirement with its results over all drivers, worst first."""

    id: str
    level: str
    text: str
    outcome: Outcome
    results: tuple[Result, ...]

    @property
    def area(self) -> str:
        return self.id.split(".")[0]

    @property
    def first(self) -> Result:
        return self.results[0]

    @property
    def violated(self) -> bool:
        return self.outcome in VIOLATIONS

    @property
    def detailed(self) -> bool:
        """Whether it wants evidence: violated, or broken off."""
        return self.violated or self.outcome is Outcome.ERROR


@dataclass(frozen=True)
class Area:
    """The requirements of an area, worst first."""

    name: str
    items: tuple[Item, ...]
    score: Score
    must: Score
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Gap:
    """What was not judged for one reason."""

    outcome: Outcome
    reason: str
    owner: str
    requirements: tuple[str, ...]


@dataclass(frozen=True)
class Spent:
    """What the run cost. None: nobody said.

    ``unpriced``: tokens without a price. ``retried``: attempts that were made again.
    """

    requests: int | None = None
    tokens: int | None = None
    cost: float | None = None
    unpriced: Mapping[str, int] = field(default_factory=dict)
    seconds: float | None = None
    retried: int = 0
    throttled: int = 0


@dataclass(frozen=True)
class Route:
    """A route of OpenAI's surface: what was seen of it, and how many requirements judged it."""

    method: str
    path: str
    state: str
    judged: int
    topics: tuple[str, ...]


@dataclass(frozen=True)
class Fuzzed:
    """An endpoint that was fuzzed: how many keywords of its request schema were negated."""

    endpoint: str
    negated: int
    of: int
    left: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """Everything that a renderer may show. ``counts`` are results, ``must`` requirements."""

    run: Run
    verdict: Verdict
    must: Score
    should: Score
    counts: Mapping[str, int]
    areas: tuple[Area, ...]
    claims: tuple[Mapping[str, Any], ...]
    gaps: tuple[Gap, ...]
    clients: tuple[Client, ...]
    capabilities: tuple[tuple[str, str], ...]
    surface: tuple[Route, ...]
    fuzzed: tuple[Fuzzed, ...]
    timings: tuple[Timing, ...]
    exchanges: Mapping[str, Exchange]
    spent: Spent

    @property
    def header(self) -> Mapping[str, Any]:
        return self.run.header

    @property
    def complete(self) -> bool:
        return self.run.complete

    @property
    def exit(self) -> int | None:
        return self.run.footer.get("exit") if self.run.footer else None

    @property
    def audit(self) -> str:
        """The audit of the claims in one paragraph."""
        return str((self.run.footer or {}).get("claims") or "")

    @property
    def contradictions(self) -> list[str]:
        """What the provider's own pages contradict."""
        return [str(line) for line in (self.run.footer or {}).get("contradictions") or ()]

    @property
    def notes(self) -> tuple[str, ...]:
        """What the run has to say of its settings and of the list of known failures."""
        return tuple(str(note) for note in (self.run.footer or {}).get("notes") or ())

    @property
    def target(self) -> str:
        return str(self.header.get("target") or self.header.get("base_url") or "unnamed target")

    @property
    def results(self) -> tuple[Result, ...]:
        """Every result, worst first."""
        return tuple(sorted(self.run.results, key=rank))


def build(run: Run, exchanges: Sequence[Exchange]) -> Report:
    """Group, count and sort a run. ``exchanges``: its recording, secrets replaced already."""
    exchanges = tuple(exchanges)
    footer = run.footer or {}
    return Report(
        run=run,
        verdict=verdict(run),
        must=score(run.results, "MUST"),
        should=score(run.results, "SHOULD"),
        counts={w.text: n for w in WORDS if (n := _count(run.results, w.outcome))},
        areas=_areas(run.results),
        claims=tuple(sorted(run.claims, key=_claim_rank)),
        gaps=_gaps(run.results),
        clients=clients(run.results, footer.get("capabilities") or {}),
        capabilities=tuple((footer.get("capabilities") or {}).items()),
        fuzzed=tuple(_fuzzed(*entry) for entry in (footer.get("fuzzed") or {}).items()),
        surface=tuple(_route(line) for line in run.extra if line.get("type") == "surface"),
        timings=timings(exchanges),
        exchanges={x.id: x for x in exchanges},
        spent=Spent(
            requests=footer.get("requests"),
            tokens=footer.get("tokens"),
            cost=footer.get("cost"),
            unpriced=footer.get("unpriced") or {},
            seconds=footer.get("seconds"),
            retried=sum(x.superseded for x in exchanges),
            throttled=sum(x.status == 429 and x.superseded for x in exchanges),
        ),
    )


def _count(results: Sequence[Result], outcome: Outcome) -> int:
    return sum(r.outcome is outcome for r in results)


def _route(line: Mapping[str, Any]) -> Route:
    found = line.get("requirements")
    topics = found if isinstance(found, dict) else {}
    counts = [n for n in topics.values() if isinstance(n, int)]
    method, path, state = (str(line.get(name, "")) for name in ("method", "path", "state"))
    return Route(method, path, state, sum(counts), tuple(map(str, topics)))


def _fuzzed(endpoint: str, found: Mapping[str, Any]) -> Fuzzed:
    left = tuple(map(str, found.get("left") or ()))
    return Fuzzed(str(endpoint), int(found.get("negated", 0)), int(found.get("of", 0)), left)


def _areas(results: Sequence[Result]) -> tuple[Area, ...]:
    items: dict[str, list[Item]] = {}
    for id, mine in by_requirement(sorted(results, key=rank)).items():
        item = Item(id, mine[0].level, mine[0].text, outcome_of(mine), mine)
        items.setdefault(item.area, []).append(item)
    areas = [_area(name, mine) for name, mine in items.items()]
    return tuple(sorted(areas, key=_area_rank))


def _area(name: str, items: list[Item]) -> Area:
    order = [word.outcome for word in WORDS]
    levels = ("MUST", "SHOULD", "MAY")
    items.sort(
        key=lambda i: (
            order.index(i.outcome),
            levels.index(i.level) if i.level in levels else len(levels),
            i.id,
        )
    )
    results = [r for item in items for r in item.results]
    outcomes = [item.outcome for item in items]
    counts = {w.text: outcomes.count(w.outcome) for w in WORDS if w.outcome in outcomes}
    return Area(name, tuple(items), score(results), score(results, "MUST"), counts)


def _area_rank(area: Area) -> tuple[int, int, int, str]:
    return (
        -area.counts.get("failed", 0),
        -area.counts.get("error", 0),
        -area.counts.get("warned", 0),
        area.name,
    )


def _claim_rank(claim: Mapping[str, Any]) -> int:
    word = str(claim.get("verdict"))
    return _CLAIMS.index(word) if word in _CLAIMS else len(_CLAIMS)


def _gaps(results: Sequence[Result]) -> tuple[Gap, ...]:
    found: dict[tuple[Outcome, str, str], list[str]] = {}
    for result in sorted(results, key=rank):
        if result.outcome in UNJUDGED or result.outcome is Outcome.ERROR:
            key = (result.outcome, result.message or "no reason was recorded", result.owner)
            ids = found.setdefault(key, [])
            if result.requirement not in ids:
                ids.append(result.requirement)
    gaps = [Gap(*key, tuple(ids)) for key, ids in found.items()]
    order = [word.outcome for word in WORDS]
    return tuple(sorted(gaps, key=lambda g: (order.index(g.outcome), -len(g.requirements))))
