"""How many requirements were positively verified. A skip is never a pass, no share rounded up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from conformance.reporting.words import UNJUDGED, VIOLATIONS, worst
from conformance.results import Outcome, Result


@dataclass(frozen=True)
class Score:
    """Requirements, not results: one that several drivers judged counts once, by its worst.

    ``total`` is all that were selected; ``held + violated + undecided + absent + broken == total``.
    ``undecided``: inconclusive or not judged. ``absent``: not offered and not claimed.
    ``broken``: the suite or the connection broke.
    """

    total: int = 0
    held: int = 0
    violated: int = 0
    undecided: int = 0
    absent: int = 0
    broken: int = 0

    @property
    def judged(self) -> int:
        return self.held + self.violated

    @property
    def percent(self) -> int:
        """Whole per cent of the total that held, rounded down."""
        return self.held * 100 // self.total if self.total else 0


def by_requirement(results: Iterable[Result]) -> dict[str, tuple[Result, ...]]:
    """The results of each requirement, in the order in which they come."""
    found: dict[str, list[Result]] = {}
    for result in results:
        found.setdefault(result.requirement, []).append(result)
    return {id: tuple(mine) for id, mine in found.items()}


def outcome_of(results: Iterable[Result]) -> Outcome:
    """The outcome of one requirement over its drivers."""
    return worst([result.outcome for result in results])


def score(results: Iterable[Result], level: str = "") -> Score:
    """The score of the requirements of a level; of all without one."""
    chosen = [r for r in results if not level or r.level == level]
    outcomes = [outcome_of(mine) for mine in by_requirement(chosen).values()]
    return Score(
        total=len(outcomes),
        held=outcomes.count(Outcome.PASSED),
        violated=sum(o in VIOLATIONS for o in outcomes),
        undecided=sum(o in UNJUDGED and o is not Outcome.UNSUPPORTED for o in outcomes),
        absent=outcomes.count(Outcome.UNSUPPORTED),
        broken=outcomes.count(Outcome.ERROR),
    )
