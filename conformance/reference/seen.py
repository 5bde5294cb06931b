"""With which clients a planted fault is seen: ``python -m conformance.reference.seen [ID...]``.

What raw HTTP sees is what the fault matrix tries. Here every client library is driven against each
fault: a library sees it when a requirement is violated that is judged by what the library sent and
made of the answer, and that the sound provider meets with it. Only the calls that a fault changes
are made again; by the clock of the machine, because client libraries wait by no other.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.catalogue import all_cases, catalogue_hash
from conformance.reference import prove
from conformance.reference.fault import all_faults
from conformance.requirement import HTTP, SDKS
from conformance.results import Observation

if TYPE_CHECKING:
    from conformance.reference.matrix import Outcome
    from conformance.requirement import Case

FILE = "seen.json"
"""What it is called beside what else is recorded."""

Seen = dict[str, list[str]]
"""The requirements that each client library finds violated; libraries that find none are left."""


def seen(name: str, drivers: Sequence[str] = SDKS, words: tuple[str, ...] = ()) -> Seen:
    """What the client libraries see of a fault; with words only in requirements that begin so."""
    from conformance.reference.matrix import try_out

    drivers = tuple(drivers)
    sound = _sound(drivers, words)
    cases = _cases(drivers, words)
    found = try_out(faults=[name], cases=cases, drivers=drivers, base=sound, fuzz=False)
    told: Seen = {}
    for id, driver in sorted(_violated(found) - _violated(sound)):
        told.setdefault(driver, []).append(id)
    return told


def _violated(found: Outcome) -> frozenset[tuple[str, str]]:
    return frozenset(
        pair
        for pair, finding in found.findings.items()
        if finding.observation is Observation.VIOLATED
    )


@cache
def _sound(drivers: tuple[str, ...], words: tuple[str, ...] = ()) -> Outcome:
    """What is shown without a fault."""
    from conformance.reference.matrix import try_out

    return try_out(cases=_cases(drivers, words), drivers=drivers, fuzz=False)


def _cases(drivers: tuple[str, ...], words: tuple[str, ...]) -> list[Case]:
    judged = (case for case in all_cases() if set(case.drivers) & set(drivers))
    return [case for case in judged if not words or case.id.startswith(words)]


def versions() -> dict[str, str]:
    """The client libraries that are here."""
    made = _sound(SDKS).drive.drivers
    return {driver: made[driver] for driver in SDKS if driver in made}


def names(words: Iterable[str] = ()) -> list[str]:
    """The faults of the matrix and those that only a client library shows, or what begins so."""
    words = tuple(words)
    tried = set(prove.names())
    every = [name for name in all_faults() if name in tried or name.startswith("sdk.")]
    return [name for name in every if not words or name.startswith(words)]


def clients(name: str, kept: Mapping[str, Mapping[str, Sequence[str]]]) -> tuple[str, ...] | None:
    """Every driver that sees a fault, or None when nobody tried.

    Raw HTTP sees what it breaks of the requirements that are judged with it: that is the matrix.
    """
    if name not in kept:
        return None
    raw = HTTP if not _raw().isdisjoint(all_faults()[name].breaks) else ()
    return (*raw, *(driver for driver in SDKS if kept[name].get(driver)))


@cache
def _raw() -> frozenset[str]:
    """The requirements that are judged with raw HTTP."""
    return frozenset(case.id for case in all_cases() if HTTP[0] in case.drivers)


def read(file: Path) -> dict[str, Any]:
    """What was kept; no fault where there is no file."""
    if not file.exists():
        return {"catalogue": "", "day": "", "drivers": {}, "faults": {}}
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def record(file: Path, found: Mapping[str, Seen], drivers: Mapping[str, str]) -> None:
    """Keep what was shown, one line a fault, beside what was kept of other faults."""
    faults = {**read(file)["faults"], **found}
    head = {
        "catalogue": catalogue_hash(),
        "day": datetime.now(UTC).date().isoformat(),
        "drivers": dict(drivers),
    }
    lines = ",\n".join(
        f"{json.dumps(name)}: {json.dumps(faults[name])}"
        for name in sorted(faults)
        if name in all_faults()
    )
    file.write_text(f'{json.dumps(head)[:-1]}, "faults": {{\n{lines}\n}}}}\n', "utf-8")


def rows(found: Mapping[str, Seen]) -> Iterator[str]:
    """A line a fault: how many requirements each library finds violated."""
    for name, told in found.items():
        words = "  ".join(f"{driver} {len(told.get(driver, ())) or '–'}" for driver in SDKS)
        yield f"{name:<60} {words}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m conformance.reference.seen")
    parser.add_argument("words", nargs="*", metavar="ID", help="beginnings of fault ids")
    parser.add_argument("--record", type=Path, metavar="FILE", help="keep what was shown")
    parser.add_argument("--missing", action="store_true", help="only what FILE does not have yet")
    given = parser.parse_args()
    kept = read(given.record)["faults"] if given.missing and given.record else {}
    found: dict[str, Seen] = {}
    began = time.monotonic()
    for name in names(given.words):
        if name in kept:
            continue
        found[name] = seen(name)
        print(next(rows({name: found[name]})), flush=True)
        if given.record and len(found) % 50 == 0:
            record(given.record, found, versions())
    if given.record:  # with nothing new, faults that are no more are left out
        record(given.record, found, versions() if found else read(given.record)["drivers"])
    print(f"{len(found)} tried, {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
