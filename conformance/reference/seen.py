"""Which clients notice a planted fault: ``python -m conformance.reference.seen [ID...]``.

Each fault is tried with raw HTTP and every client library that is here, against the requirements
that it breaks and all that speak of what a client library makes of an answer. A client sees a fault
when one of them is violated with it that the sound provider meets.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from conformance.catalogue import all_cases, catalogue_hash
from conformance.reference.fault import all_faults
from conformance.requirement import EVERY_DRIVER
from conformance.results import Observation

FILE = Path(__file__).parent / "seen.json"
"""What was shown, for the faults that were tried."""


def seen(name: str, drivers: Sequence[str] = EVERY_DRIVER) -> dict[str, list[str]]:
    """The requirements that each driver finds violated by a fault."""
    told: dict[str, list[str]] = {driver: [] for driver in drivers}
    broken = all_faults()[name].breaks
    for id, driver in _violated((name,), broken, tuple(drivers)) - _sound(tuple(drivers)):
        told[driver].append(id)
    return {driver: sorted(ids) for driver, ids in told.items()}


@cache
def _sound(drivers: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    """What is violated without a fault: nothing, unless a client library cannot do a thing."""
    return _violated((), (), drivers)


def _violated(
    faults: tuple[str, ...], broken: tuple[str, ...], drivers: tuple[str, ...]
) -> frozenset[tuple[str, str]]:
    from conformance.reference.matrix import try_out

    cases = [c for c in all_cases() if c.id in broken or c.id.startswith("sdk.")]
    found = try_out(faults=faults, cases=cases, drivers=drivers, fuzz=False).findings
    return frozenset(
        pair for pair, finding in found.items() if finding.observation is Observation.VIOLATED
    )


def names(words: Iterable[str]) -> list[str]:
    """The faults that are tried: those whose ids begin with one of the words, or all."""
    words = tuple(words)
    return [n for n in all_faults() if not words or n.startswith(words)]


def read(file: Path = FILE) -> dict[str, dict[str, list[str]]]:
    """What was kept: fault to driver to violated requirements."""
    kept: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    found: dict[str, dict[str, list[str]]] = kept.get("faults", {})
    return found


def write(found: dict[str, dict[str, list[str]]], file: Path = FILE) -> None:
    """Keep what was shown, one line a fault."""
    head = json.dumps({"catalogue": catalogue_hash()})[1:-1]
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(found[name])}" for name in sorted(found))
    file.write_text(f'{{{head}, "faults": {{\n{lines}\n}}}}\n', "utf-8")


def rows(found: dict[str, dict[str, list[str]]]) -> Iterator[str]:
    """A line a fault: how many requirements each driver finds violated."""
    for name, told in found.items():
        words = "  ".join(f"{driver} {len(ids) or '–'}" for driver, ids in told.items())
        yield f"{name:<60} {words}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m conformance.reference.seen")
    parser.add_argument("words", nargs="*", metavar="ID", help="beginnings of fault ids")
    parser.add_argument("--driver", action="append", metavar="NAME", help="default: all")
    parser.add_argument("--record", action="store_true", help=f"keep it in {FILE.name}")
    given = parser.parse_args()
    drivers = tuple(given.driver or EVERY_DRIVER)
    found, began = {}, time.monotonic()
    for name in names(given.words):
        found[name] = seen(name, drivers)
        print(next(rows({name: found[name]})), flush=True)
        if given.record:
            write({**read(), **found})
    print(f"{len(found)} tried, {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
