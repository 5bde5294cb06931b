"""What each release of a client library makes of one target: a table, requirement by release."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from conformance.reporting.summary import code, inert
from conformance.reporting.words import BY_OUTCOME, worst
from conformance.results import Outcome, Result, Run

_NOTHING = "–"


@dataclass(frozen=True)
class Row:
    """One requirement. ``cells``: release to what its drivers found, in the order of the runs."""

    requirement: str
    level: str
    text: str
    cells: Mapping[str, tuple[Result, ...]]

    def outcome(self, release: str) -> Outcome | None:
        found = [result.outcome for result in self.cells.get(release, ())]
        return worst(found) if found else None

    @property
    def differs(self) -> bool:
        """Whether it matters with which release one comes."""
        found = {self.outcome(release) for release, results in self.cells.items() if results}
        return len(found) > 1

    @property
    def partly(self) -> bool:
        """Whether only some releases have a call that meets it."""
        return not self.differs and not all(self.cells.values())


@dataclass(frozen=True)
class Table:
    """``releases``: the names of the columns; ``drivers``: to each the library that was met."""

    target: str
    releases: tuple[str, ...]
    drivers: Mapping[str, str]
    rows: tuple[Row, ...]

    def counts(self, release: str) -> dict[Outcome, int]:
        found = dict.fromkeys(Outcome, 0)
        for row in self.rows:
            outcome = row.outcome(release)
            if outcome is not None:
                found[outcome] += 1
        return found


def table(runs: Mapping[str, Run]) -> Table:
    """One table of runs of the same target, each with another release."""
    drivers: dict[str, str] = {}
    cells: dict[str, dict[str, list[Result]]] = {}
    known: dict[str, Result] = {}
    for release, run in runs.items():
        named = run.header.get("drivers", {})
        drivers[release] = next((v for k, v in named.items() if k != "http"), "not run")
        for result in run.results:
            if result.driver == "http":
                continue
            known.setdefault(result.requirement, result)
            row = cells.setdefault(result.requirement, {name: [] for name in runs})
            row[release].append(result)
    rows = (
        Row(id, known[id].level, known[id].text, {k: tuple(v) for k, v in row.items()})
        for id, row in cells.items()
    )
    target = next((str(run.header.get("target", "")) for run in runs.values()), "")
    return Table(target, tuple(runs), drivers, tuple(sorted(rows, key=lambda r: r.requirement)))


def text(found: Table) -> str:
    """For a terminal: the sums, and what differs."""
    lines = [
        f"{'release':<10} {'library':<24} {'passed':>7} {'failed':>7} {'warned':>7} {'else':>5}"
    ]
    for release in found.releases:
        count = found.counts(release)
        told = [count[Outcome.PASSED], count[Outcome.FAILED], count[Outcome.WARNED]]
        numbers = " ".join(f"{n:>7}" for n in told)
        rest = sum(count.values()) - sum(told)
        lines.append(f"{release:<10} {found.drivers[release]:<24} {numbers} {rest:>5}")
    different = [row for row in found.rows if row.differs]
    partly = sum(row.partly for row in found.rows)
    same = len(found.rows) - len(different) - partly
    said = f"{same} requirements alike with every release, {partly} with those that meet them, "
    lines += ["", said + f"{len(different)} not:"]
    width = max((len(row.requirement) for row in different), default=0)
    heads = " ".join(f"{release:<12}" for release in found.releases)
    lines += [f"{'':<6} {'':<{width}}  {heads}".rstrip()] if different else []
    for row in different:
        words = " ".join(f"{_word(row, release):<12}" for release in found.releases)
        lines.append(f"{row.level:<6} {row.requirement:<{width}}  {words}".rstrip())
    return "\n".join(lines) + "\n"


def markdown(found: Table) -> str:
    """The whole table, what differs first, and why."""
    return "\n".join(_markdown(found)) + "\n"


def _markdown(found: Table) -> Iterator[str]:
    yield f"# {code(found.target)} as releases of openai-python see it"
    yield ""
    outcomes = [o for o in Outcome if any(found.counts(r)[o] for r in found.releases)]
    yield "| release | library | " + " | ".join(str(o) for o in outcomes) + " |"
    yield "| --- | --- |" + " --: |" * len(outcomes)
    for release in found.releases:
        numbers = " | ".join(str(found.counts(release)[o]) for o in outcomes)
        yield f"| {release} | {inert(found.drivers[release])} | {numbers} |"
    different = [row for row in found.rows if row.differs]
    for title, rows in (
        ("Not alike with every release", different),
        ("Alike with the releases that meet it", [row for row in found.rows if row.partly]),
        (
            "Alike with every release",
            [row for row in found.rows if not (row.differs or row.partly)],
        ),
    ):
        yield ""
        yield f"## {title}: {len(rows)}"
        yield ""
        if not rows:
            continue
        yield "| level | requirement | " + " | ".join(found.releases) + " |"
        yield "| --- | --- |" + " --- |" * len(found.releases)
        for row in rows:
            words = " | ".join(_word(row, release) for release in found.releases)
            yield f"| {row.level} | `{row.requirement}` | {words} |"
    yield from _reasons(found, different)


def _reasons(found: Table, rows: list[Row]) -> Iterator[str]:
    """What was said where a release does not pass, once for all releases that say the same."""
    yield ""
    yield "## What was found"
    for row in rows:
        said: dict[str, list[str]] = {}
        for release in found.releases:
            for result in row.cells[release]:
                if result.outcome is not Outcome.PASSED:
                    said.setdefault(_said(result), []).append(f"{release} {result.driver}")
        yield ""
        yield f"`{row.requirement}`: {inert(row.text)}"
        yield ""
        for words, where in said.items():
            yield f"- {', '.join(where)}: {inert(words[:400])}"


def _said(result: Result) -> str:
    if not result.expected:
        return f"{result.outcome}: {result.message}"
    actual = json.dumps(result.actual, ensure_ascii=False, default=repr)
    return f"{result.outcome}: {result.at} expected {' or '.join(result.expected)}, got {actual}"


def _word(row: Row, release: str) -> str:
    """The outcome of a cell; both where the two clients of a release do not agree."""
    found = [result.outcome for result in row.cells[release]]
    if not found:
        return _NOTHING
    words = dict.fromkeys(f"{BY_OUTCOME[o].symbol} {o}" for o in found)
    return " / ".join(words)


def data(found: Table) -> str:
    """The table as JSON."""
    rows = [
        {
            "requirement": row.requirement,
            "level": row.level,
            "differs": row.differs,
            "releases": {
                release: {r.driver: str(r.outcome) for r in row.cells[release]}
                for release in found.releases
            },
        }
        for row in found.rows
    ]
    whole = {"target": found.target, "releases": dict(found.drivers), "rows": rows}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"
