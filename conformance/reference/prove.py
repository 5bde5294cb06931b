"""``python -m conformance.reference.prove``: the fault matrix, printed.

Without arguments: no fault, every variation, every fault. With words: only faults and variations
whose id begins with one of them. Exit status 1 when a fault is missed or anything else is violated.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from conformance.catalogue import all_cases, catalogue_hash
from conformance.reference.companions import companions
from conformance.reference.dialects import providers
from conformance.reference.fault import all_faults, all_variations
from conformance.reference.matrix import Outcome, try_out
from conformance.reference.proof import example, record
from conformance.results import Finding, Observation


@dataclass(frozen=True)
class Proof:
    """What one provider showed against what it should."""

    name: str
    missed: tuple[str, ...]
    extra: tuple[str, ...]
    errors: tuple[str, ...]
    seen: Mapping[str, Finding] = field(default_factory=dict)
    """The violation of each requirement that the fault breaks."""

    def line(self) -> dict[str, Any]:
        """What is kept of it."""
        made: dict[str, Any] = {"name": self.name}
        made["noticed"] = {id: example(finding) for id, finding in sorted(self.seen.items())}
        for word, rows in (("missed", self.missed), ("extra", self.extra), ("error", self.errors)):
            if rows:
                made[word] = list(rows)
        return made

    @property
    def exact(self) -> bool:
        return not (self.missed or self.extra or self.errors)


@cache
def clean(drivers: tuple[str, ...] = ("http",), fuzz: bool = True) -> Outcome:
    """What the provider shows without any fault."""
    return try_out(drivers=drivers, fuzz=fuzz)


FUZZ = "fuzz."
"""Fuzzing notices whatever another requirement notices of wrong bodies, so its faults are tried
against the requirements of their own endpoint, and all other faults without it."""


def fuzzed(name: str) -> bool:
    """Whether a provider is fuzzed too."""
    return name.startswith((FUZZ, "variation:")) or name == "none"


def prove(name: str, drivers: tuple[str, ...] = ("http",), declared: bool = True) -> Proof:
    """Try one fault (its id), one variation (``variation:ID``) or none (``none``)."""
    faults, variations, expected = [], [], set()
    if name.startswith("variation:"):
        variations = [name.removeprefix("variation:")]
    elif name != "none":
        faults, expected = [name], set(all_faults()[name].breaks)
    own = ".".join(name.split(".")[:2]) + "." if name.startswith(FUZZ) else ""
    cases = [case for case in all_cases() if case.id.startswith(own)]
    fuzz = fuzzed(name)
    if name == "none":
        shown = clean(drivers, fuzz)
    else:
        shown = try_out(
            faults=faults,
            variations=variations,
            cases=cases,
            drivers=drivers,
            base=None if name.startswith(FUZZ) else clean(drivers, fuzz),
            fuzz=fuzz,
        )
    known = {case.id for case in cases if set(case.drivers) & set(drivers)}
    messages = tuple(
        f"{id} [{driver}]: {f.message}"
        for (id, driver), f in shown.findings.items()
        if f.observation is Observation.ERROR
    )
    violated = shown.violated
    beside = companions().get(name, frozenset()) if declared else frozenset()
    missed = sorted((expected & known) - violated)
    if expected and not expected & known:
        missed = ["no case of any of its requirements"]
    return Proof(
        name,
        tuple(missed),
        # that a capability is gone is a consequence of much, and has a test of its own
        tuple(sorted(x for x in violated - expected - beside if not x.startswith("served."))),
        messages,
        {
            id: finding
            for (id, _), finding in shown.findings.items()
            if id in expected and finding.observation is Observation.VIOLATED
        },
    )


def names(words: Iterable[str] = ()) -> list[str]:
    """Everything that can be tried, or what begins with one of the words."""
    # what only a documented provider, a client library or TLS shows has tests of its own
    elsewhere = (*(f"{name}." for name in providers()), "openai-assistants.", "sdk.", "tls.")
    faults = [name for name in all_faults() if not name.startswith(elsewhere)]
    every = ["none", *(f"variation:{v}" for v in all_variations()), *faults]
    words = tuple(words)
    if not words:
        return every
    return [n for n in every if n.removeprefix("variation:").startswith(words)]


def prove_all(wanted: Iterable[str], workers: int = 1, declared: bool = True) -> Iterator[Proof]:
    wanted, one = list(wanted), partial(prove, declared=declared)
    if workers <= 1:
        yield from map(one, wanted)
        return
    for fuzz in {fuzzed(name) for name in wanted}:
        clean(("http",), fuzz)  # once, for the forked workers too
    with ProcessPoolExecutor(workers, get_context("fork")) as pool:
        yield from pool.map(one, wanted, chunksize=4)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m conformance.reference.prove")
    parser.add_argument("words", nargs="*", metavar="ID", help="beginnings of fault ids, or none")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--verbose", "-v", action="store_true")
    parser.add_argument("--record", type=Path, metavar="FILE", help="keep what was shown")
    given = parser.parse_args()
    bad = total = 0
    lines = []
    began = time.monotonic()
    for proof in prove_all(names(given.words), given.workers):
        total += 1
        lines.append(proof.line())
        if proof.exact:
            if given.verbose:
                print(f"ok     {proof.name}", flush=True)
            continue
        bad += 1
        print(f"BAD    {proof.name}")
        for word, rows in (
            ("missed", proof.missed),
            ("extra", proof.extra),
            ("error", proof.errors),
        ):
            for row in rows[:12]:
                print(f"       {word} {row}")
    if given.record:
        record(given.record, lines, catalogue_hash())
    seconds = time.monotonic() - began
    print(f"{total} tried, {bad} not as planned, {seconds:.0f} s")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
