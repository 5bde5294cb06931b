"""What was claimed and never seen to work: a run of which that is true is not green."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from conformance.capability import Claim
from conformance.engine import TIERS
from conformance.probe import all_probes
from conformance.requirement import MAY, Case
from conformance.results import Observation, Result


def vacuous(
    results: Iterable[Result],
    cases: Mapping[str, Case],
    claims: Mapping[str, Claim],
    tier: str = "full",
) -> list[str]:
    """Claimed capabilities of which nothing was positively verified; without claims: everything.

    What only a higher tier sends was not asked for, and what is noted at most (MAY) shows nothing.
    """
    results = list(results)
    verified: set[str] = set()
    touched: set[str] = set()
    for result in results:
        case = cases.get(result.requirement)
        if case is None or not _asked(case, tier):
            continue
        needs = case.requirement.needs
        if case.requirement.level is not MAY:
            touched.add(needs)
        if result.observation is Observation.HELD:
            verified.add(needs)
    claimed = {name for name, claim in claims.items() if claim == Claim.CLAIMED}
    empty = sorted(
        name
        for name in claimed & touched
        if not any(v == name or v.startswith(name + ".") for v in verified)
    )
    if not claimed and not (verified - {""}):
        empty.append("anything")
    return empty


def _asked(case: Case, tier: str) -> bool:
    known = all_probes()
    tiers = [TIERS.index(known[name].tier) for name in case.probes if name in known]
    return case.passive or not tiers or max(tiers) <= TIERS.index(tier)
