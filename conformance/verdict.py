"""Observation x level x known failures -> outcome; and the exit status of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from conformance.requirement import Level
from conformance.results import Finding, Observation, Outcome, Result

OK, VIOLATED, INTERRUPTED, BROKEN, USAGE, NOTHING = 0, 1, 2, 3, 4, 5


@dataclass(frozen=True)
class KnownFailure:
    """An expected violation. ``driver`` empty: every driver. ``expires``: ISO day, inclusive."""

    requirement: str
    reason: str
    driver: str = ""
    since: str = ""
    expires: str = ""


def outcome(finding: Finding, level: Level, *, strict: bool, known: KnownFailure | None) -> Outcome:
    """Judge what was seen.

    ``strict``: a violated SHOULD fails too. A known failure that holds now is failed: the entry
    must go, so that the list can only shrink.
    """
    match finding.observation:
        case Observation.HELD:
            return Outcome.FAILED if known else Outcome.PASSED
        case Observation.VIOLATED:
            if known:
                return Outcome.KNOWN
            if level is Level.MUST or (level is Level.SHOULD and strict):
                return Outcome.FAILED
            return Outcome.WARNED if level is Level.SHOULD else Outcome.NOTED
        case Observation.INCONCLUSIVE:
            return Outcome.INCONCLUSIVE
        case Observation.ERROR:
            return Outcome.ERROR
        case _:
            return Outcome.UNSUPPORTED if finding.unsupported else Outcome.SKIPPED


def exit_status(
    results: Iterable[Result],
    *,
    vacuous: Iterable[str] = (),
    unreachable: bool = False,
    interrupted: bool = False,
    requests: int = 0,
) -> int:
    """The exit status of a run (DESIGN: contract).

    ``vacuous``: claimed, but nothing verified. ``requests``: how many were sent; a budget that was
    spent on a target which never became usable is no reason to say that nothing was selected.
    """
    counts: dict[Outcome, int] = {}
    total = 0
    asked = False
    askers = {"server", "network"} | ({"quota"} if requests else set())
    for result in results:
        total += 1
        asked = asked or result.owner in askers
        counts[result.outcome] = counts.get(result.outcome, 0) + 1
    if interrupted:
        return INTERRUPTED
    if unreachable:
        return BROKEN
    if counts.get(Outcome.FAILED):
        return VIOLATED
    if counts.get(Outcome.ERROR):
        return BROKEN
    if not asked and counts.get(Outcome.SKIPPED, 0) == total:
        return NOTHING  # a target that was asked and never usable is vacuous instead
    if any(True for _ in vacuous):
        return VIOLATED
    return OK


def summary(counts: Mapping[str, int]) -> str:
    """Counts in words, without the empty ones."""
    order = (
        "passed",
        "failed",
        "warned",
        "noted",
        "known failure",
        "inconclusive",
        "unsupported",
        "error",
        "skipped",
    )
    return ", ".join(f"{counts[name]} {name}" for name in order if counts.get(name)) or "nothing"
