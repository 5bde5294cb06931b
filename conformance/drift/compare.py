"""What drifted between the structures that were kept and those of a run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from conformance.drift.structure import Structure

ABSENT = "absent"
"""Stands among the types of a path that was accepted as one that may be missing."""


class Kind(StrEnum):
    REMOVED = "removed"
    RETYPED = "retyped"
    NULLED = "newly null"
    ADDED = "added"


@dataclass(frozen=True)
class Drift:
    """One path of one probe's answer that is other than it was."""

    kind: Kind
    probe: str
    path: str
    was: tuple[str, ...] = ()
    now: tuple[str, ...] = ()

    @property
    def breaking(self) -> bool:
        return self.kind is not Kind.ADDED

    def __str__(self) -> str:
        word = "breaking" if self.breaking else "additive"
        types = " -> ".join(", ".join(each) for each in (self.was, self.now) if each)
        return f"{word}: {self.kind} {self.probe}: {self.path} ({types})"


def drift(old: Mapping[str, Structure], new: Mapping[str, Structure]) -> tuple[Drift, ...]:
    """Breaking changes first. A probe that only one of them has was not sent: that is no drift."""
    found = [each for probe in sorted(old.keys() & new.keys()) for each in _of(probe, old, new)]
    return tuple(sorted(found, key=lambda each: not each.breaking))


def _of(probe: str, old: Mapping[str, Structure], new: Mapping[str, Structure]) -> Iterator[Drift]:
    before, after = old[probe], new[probe]
    gone: list[str] = []
    for path, kinds in before.items():
        was = tuple(kind for kind in kinds if kind != ABSENT)
        if path not in after:
            # what lies below something that is gone, null or empty now is not told again
            inside = path.startswith(tuple(f"{parent}{c}" for parent in gone for c in ".["))
            if not inside and ABSENT not in kinds and _had_a_place(path, after):
                gone.append(path)
                yield Drift(Kind.REMOVED, probe, path, was)
            continue
        now = tuple(after[path])
        fresh = set(now) - set(was)
        if fresh == {"null"}:
            yield Drift(Kind.NULLED, probe, path, was, now)
        elif fresh - {"null"} and not (fresh == {"integer"} and "number" in was):
            yield Drift(Kind.RETYPED, probe, path, was, now)
    for path, kinds in after.items():
        if path not in before:
            yield Drift(Kind.ADDED, probe, path, (), tuple(kinds))


def _had_a_place(path: str, after: Structure) -> bool:
    """Whether the parent is still an object: only then is its missing member removed."""
    if path.endswith("[]"):
        return False  # an empty list says nothing of its elements
    parent = path.rpartition(".")[0]
    if not parent:
        return True
    return "object" in after.get(parent, ())


def widened(old: Mapping[str, Structure], new: Mapping[str, Structure]) -> dict[str, Structure]:
    """What is kept once a drift is accepted: every type that was seen, and what may be missing.

    Probes that were not sent stay as they were.
    """
    found: dict[str, Structure] = {name: dict(kept) for name, kept in old.items()}
    for probe, after in new.items():
        before = old.get(probe)
        if before is None:
            found[probe] = dict(after)
            continue
        removed = {d.path for d in _of(probe, old, new) if d.kind is Kind.REMOVED}
        merged = {path: set(kinds) for path, kinds in before.items()}
        for path, kinds in after.items():
            merged.setdefault(path, set()).update(kinds)
        for path in removed:
            merged[path].add(ABSENT)
        found[probe] = {path: sorted(kinds) for path, kinds in sorted(merged.items())}
    return dict(sorted(found.items()))


def dump(kept: Mapping[str, Structure]) -> str:
    """As text: a line a path, so that a change of one is a change of one line."""
    probes = []
    for name, paths in kept.items():
        rows = [f"  {json.dumps(path)}: {json.dumps(kinds)}" for path, kinds in paths.items()]
        probes.append(f" {json.dumps(name)}: {{\n" + ",\n".join(rows) + "\n }")
    return "{\n" + ",\n".join(probes) + "\n}\n"


def parse(text: str) -> dict[str, Structure]:
    """Raises ValueError when it is not what :func:`dump` writes."""
    found = json.loads(text)
    if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
        raise ValueError("not the structures of a target")
    return found
