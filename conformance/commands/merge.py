"""``conformance merge``: the shares of a split run become the run that was not split.

Results about single answers are taken as they are. Those about all traffic are judged again over
the joined recording, in which every probe counts once, because a share saw only a part of it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from conformance.errors import UsageError
from conformance.exchange import Exchange
from conformance.results import Observation, Result, Run, load

_SAME = ("version", "catalogue", "profile", "tier", "level", "seed", "target")


def merge_command(given: dict[str, Any]) -> int:
    from rich.console import Console

    from conformance.reporting import terminal
    from conformance.reporting.report import build

    places = [Path(place) for place in given["run"]]
    runs = [load(place) for place in places]
    _check(places, runs)
    run, exchanges = merge(runs, [_recorded(place) for place in places], Path(given["out"]))
    terminal.render(build(run, exchanges), Console(highlight=False))
    print(f"report: {Path(given['out']) / 'report.html'}", file=sys.stderr)
    return int(run.footer["exit"]) if run.footer else 3


def _recorded(place: Path) -> list[Exchange]:
    from conformance.har import read_har

    return read_har((place if place.is_dir() else place.parent) / "exchanges.har")


def _check(places: Sequence[Path], runs: Sequence[Run]) -> None:
    """Raises UsageError unless these are all the shares of one run, each once and whole."""
    first = runs[0].header
    shares: dict[str, Path] = {}
    for place, run in zip(places, runs, strict=True):
        if not run.complete:
            raise UsageError(f"{place} is incomplete (no footer): run that share again.")
        for name in _SAME:
            if run.header.get(name) != first.get(name):
                raise UsageError(
                    f"{place} differs from {places[0]} in {name} ({run.header.get(name)!r}, "
                    f"{first.get(name)!r}): merge shares of one run."
                )
        share = str(run.header.get("shard") or "")
        if not share:
            raise UsageError(f"{place} is not a share: it was run without --shard.")
        if share in shares:
            raise UsageError(f"{place} and {shares[share]} are both share {share}.")
        shares[share] = place
    count = int(next(iter(shares)).partition("/")[2])
    lacking = [f"{n}/{count}" for n in range(1, count + 1) if f"{n}/{count}" not in shares]
    if lacking or len(shares) != count:
        raise UsageError(f"these shares are missing: {', '.join(lacking) or 'of one count'}.")


def merge(
    runs: Sequence[Run], recordings: Sequence[Sequence[Exchange]], out: Path | None
) -> tuple[Run, list[Exchange]]:
    """The joined run, written to ``out``, and its exchanges under new numbers."""
    from conformance.catalogue import all_cases
    from conformance.engine import findings
    from conformance.recording import Recording
    from conformance.run import Drive, judge_all
    from conformance.setup import setup_of

    header = runs[0].header
    exchanges, results = _renumbered(runs, recordings)
    setup = setup_of({"profile": header["profile"], "base_url": header["base_url"]}, {}, out=out)
    drivers = tuple(dict.fromkeys(name for run in runs for name in run.header["drivers"]))
    asked = tuple(n for n in drivers if any(r.driver == n for r in results)) or drivers
    setup.options = replace(
        setup.options,
        drivers=asked,
        tier=header["tier"],
        strict=header["level"] == "should",
        seed=header["seed"],
        known=_known(results),
    )
    setup.target = replace(setup.target, name=header["target"])
    setup.started = min(datetime.fromisoformat(run.header["started"]).timestamp() for run in runs)
    once = Recording(_once(recordings, exchanges))
    drive = Drive(Recording(exchanges), findings(once), models=header["models"])
    for run in runs:
        footer = run.footer or {}
        drive.requests += footer.get("requests", 0)
        drive.tokens += footer.get("tokens", 0)
        drive.seconds = max(drive.seconds, footer.get("seconds", 0.0))
        drive.interrupted |= bool(footer.get("interrupted"))
        drive.unreachable = drive.unreachable or footer.get("unreachable", "")
        drive.drivers = {**run.header["drivers"], **drive.drivers}
    judged = {(r.requirement, r.driver) for r in results}
    wanted = {id for id, _ in judged}
    passive = [case for case in all_cases() if case.passive and case.id in wanted]
    again = {
        (r.requirement, r.driver): r
        for r in judge_all(passive, Drive(once, drive.abilities), setup.options)
    }
    joined = [_better(again.pop((r.requirement, r.driver), None), r) for r in results]
    joined += again.values()
    return setup.finish(drive, joined), exchanges


def _better(again: Result | None, own: Result) -> Result:
    """What the whole recording says, unless only the share knows why nothing was judged."""
    if again is None or again.observation is Observation.NOT_RUN:
        return own
    return again


def _known(results: Sequence[Result]) -> tuple[Any, ...]:
    """The known failures that the shares were run with, as far as they met something."""
    from conformance.verdict import KnownFailure

    return tuple(KnownFailure(r.requirement, r.reason, r.driver) for r in results if r.reason)


def _renumbered(
    runs: Sequence[Run], recordings: Sequence[Sequence[Exchange]]
) -> tuple[list[Exchange], list[Result]]:
    """All exchanges under numbers of their own, and the results that point at them."""
    exchanges: list[Exchange] = []
    results: list[Result] = []
    for run, recorded in zip(runs, recordings, strict=True):
        names: dict[str, str] = {}
        for exchange in recorded:
            names[exchange.id] = f"x{len(exchanges) + 1}"
            exchanges.append(replace(exchange, id=names[exchange.id]))
        for result in run.results:
            pointing = tuple(names.get(id, id) for id in result.exchanges)
            results.append(replace(result, exchanges=pointing))
    return exchanges, results


def _once(
    recordings: Sequence[Sequence[Exchange]], exchanges: Sequence[Exchange]
) -> list[Exchange]:
    """Each probe as the first share that sent it saw it; an unsplit run sends it once."""
    owner: dict[tuple[str, str], int] = {}
    kept = []
    rest = iter(exchanges)
    for number, recorded in enumerate(recordings):
        for _ in recorded:
            exchange = next(rest)
            if owner.setdefault((exchange.driver, exchange.probe), number) == number:
                kept.append(exchange)
    return kept
