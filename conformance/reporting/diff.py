"""What changed between two runs: newly broken, newly fixed, changed evidence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from conformance.reporting import failure, text
from conformance.results import Observation, Result, Run


class Kind(StrEnum):
    """How a requirement with a driver changed, most telling first."""

    BROKEN = "newly broken"
    FIXED = "newly fixed"
    EVIDENCE = "changed evidence"
    LOST = "no longer judged"
    GAINED = "judged now"
    RULED = "judged otherwise"
    REMOVED = "gone"
    ADDED = "new"


_MEANING = {
    Kind.BROKEN: "It was seen to hold before, or was not judged, and is violated now.",
    Kind.FIXED: "It was violated before and was seen to hold now.",
    Kind.EVIDENCE: "It is violated in both, in another way.",
    Kind.LOST: "It was decided before and is not decided now.",
    Kind.GAINED: "It was not decided before and was seen to hold now.",
    Kind.RULED: "The same was seen, but its level or the known failures changed the outcome.",
    Kind.REMOVED: "The new run does not have it.",
    Kind.ADDED: "The old run does not have it.",
}


@dataclass(frozen=True)
class Change:
    """One requirement with one driver; ``old`` or ``new`` is None where a run lacks it."""

    kind: Kind
    old: Result | None
    new: Result | None

    @property
    def result(self) -> Result:
        found = self.new or self.old
        assert found is not None
        return found


@dataclass(frozen=True)
class Diff:
    """All changes, and what makes the runs hard to compare."""

    changes: tuple[Change, ...]
    same: int
    remarks: tuple[str, ...]

    def of(self, kind: Kind) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.kind is kind)

    @property
    def worse(self) -> bool:
        """Whether something is newly broken: what a gate asks."""
        return bool(self.of(Kind.BROKEN))


def diff(old: Run, new: Run) -> Diff:
    """Compare two runs, requirement by requirement and driver by driver."""
    before, after = _table(old), _table(new)
    found: list[Change] = []
    same = 0
    for key in sorted({*before, *after}):
        change = _change(before.get(key), after.get(key))
        if change is None:
            same += 1
        else:
            found.append(change)
    order = list(Kind)
    found.sort(key=lambda change: order.index(change.kind))
    return Diff(tuple(found), same, tuple(_remarks(old, new)))


def render(found: Diff) -> str:
    """The difference as plain text."""
    lines = [f"note: {text.plain(remark)}" for remark in found.remarks]
    for kind in Kind:
        changes = found.of(kind)
        if not changes:
            continue
        lines += ["", f"{kind} ({len(changes)}): {_MEANING[kind]}"]
        for change in changes:
            lines += _told(change)
    counts = [f"{len(found.of(kind))} {kind}" for kind in Kind if found.of(kind)]
    lines += ["", ", ".join([*counts, f"{found.same} unchanged"])]
    return "\n".join(lines).lstrip("\n") + "\n"


def render_json(found: Diff) -> str:
    """The difference as JSON."""
    value = {
        "remarks": list(found.remarks),
        "worse": found.worse,
        "unchanged": found.same,
        "changes": [
            {
                "kind": str(change.kind),
                "requirement": change.result.requirement,
                "driver": change.result.driver,
                "level": change.result.level,
                "old": change.old.line() if change.old else None,
                "new": change.new.line() if change.new else None,
            }
            for change in found.changes
        ],
    }
    return json.dumps(value, indent=2, default=repr) + "\n"


def _table(run: Run) -> Mapping[tuple[str, str], Result]:
    return {(result.requirement, result.driver): result for result in run.results}


def _change(old: Result | None, new: Result | None) -> Change | None:
    if old is None or new is None:
        return Change(Kind.ADDED if old is None else Kind.REMOVED, old, new)
    kind = _kind(old, new)
    return Change(kind, old, new) if kind else None


def _kind(old: Result, new: Result) -> Kind | None:
    was, now = old.observation, new.observation
    decided = (Observation.HELD, Observation.VIOLATED)
    if was is now:
        if now is Observation.VIOLATED and _evidence(old) != _evidence(new):
            return Kind.EVIDENCE
        return Kind.RULED if old.outcome is not new.outcome else None
    if now is Observation.VIOLATED:
        return Kind.BROKEN
    if now is Observation.HELD:
        return Kind.FIXED if was is Observation.VIOLATED else Kind.GAINED
    return Kind.LOST if was in decided else Kind.RULED


def _evidence(result: Result) -> tuple[Any, ...]:
    """What was expected, where, and of what kind the actual value was: ids and texts vary."""
    return (result.at, result.expected, type(result.actual).__name__)


def _told(change: Change) -> list[str]:
    result = change.result
    name = text.plain(f"{result.level} {result.requirement}  [{result.driver}]")
    if change.kind in (Kind.ADDED, Kind.REMOVED):
        return [f"  {name}  {result.outcome}"]
    assert change.old is not None
    assert change.new is not None
    rows = [f"  {name}  {change.old.outcome} -> {change.new.outcome}"]
    for label, seen in (("was", change.old), ("now", change.new)):
        if seen.observation is not Observation.HELD:
            rows.append(f"    {label}  {failure.line(seen)}")
    return rows


def _remarks(old: Run, new: Run) -> list[str]:
    said = []
    for name, run in (("old", old), ("new", new)):
        if not run.complete:
            said.append(f"the {name} run is incomplete")
    words = {"catalogue": "catalogues of requirements", "target": "targets", "profile": "profiles"}
    for key, what in words.items():
        if old.header.get(key) != new.header.get(key):
            before, after = (text.short(str(run.header.get(key)), 80) for run in (old, new))
            said.append(f"the runs have different {what}: {before}, {after}")
    return said
