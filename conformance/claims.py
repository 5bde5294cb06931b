"""The claims audit: every sentence of the provider's documents gets a verdict and its evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from conformance.capability import Finding as Ability
from conformance.catalogue import matches
from conformance.profile import ClaimRow, Profile
from conformance.results import Observation, Result

_JUDGED = (Observation.HELD, Observation.VIOLATED)
EVIDENCE = 5
"""Exchanges that a verdict names at most."""


class Verdict(StrEnum):
    UPHELD = "upheld"
    BROKEN = "broken"
    WORKS = "not claimed but works"
    REFUSED = "not claimed and cleanly refused"
    IGNORED = "not claimed and silently ignored"
    UNCHECKABLE = "not checkable from outside"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class ClaimVerdict:
    """One claim decided.

    ``requirements``: those that decided it, violated ones first. ``reason``: in words, why.
    ``capabilities``: what was found of each capability that the claim names.
    """

    id: str
    sentence: str
    verdict: Verdict
    reason: str = ""
    where: str = ""
    requirements: tuple[str, ...] = ()
    exchanges: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ()
    capabilities: Mapping[str, str] | None = None
    held: int = 0
    violated: int = 0
    remark: str = ""

    def line(self) -> dict[str, Any]:
        """The JSON object of ``results.jsonl``."""
        row: dict[str, Any] = {
            "type": "claim",
            "id": self.id,
            "verdict": str(self.verdict),
            "sentence": self.sentence,
            "reason": self.reason,
            "where": self.where,
            "requirements": list(self.requirements),
            "exchanges": list(self.exchanges),
        }
        if self.drivers:
            row["drivers"] = list(self.drivers)
        if self.capabilities:
            row["capabilities"] = dict(self.capabilities)
        for name in ("held", "violated", "remark"):
            if getattr(self, name):
                row[name] = getattr(self, name)
        return row


_UNSUPPORTED = {
    Ability.REFUSED: Verdict.REFUSED,
    Ability.ABSENT: Verdict.REFUSED,
    Ability.IGNORED: Verdict.IGNORED,
    Ability.WORKS: Verdict.WORKS,
    Ability.BROKEN: Verdict.BROKEN,
}
_WORST_FIRST = (Verdict.BROKEN, Verdict.IGNORED, Verdict.WORKS, Verdict.REFUSED)
_MISSING = (Ability.REFUSED, Ability.ABSENT, Ability.IGNORED, Ability.BROKEN)


def audit(
    profile: Profile, results: Iterable[Result], abilities: Mapping[str, Ability]
) -> list[ClaimVerdict]:
    """A verdict for every claim of the profile, in its order."""
    results = list(results)
    return [_decide(row, profile, results, abilities) for row in profile.claims]


def _decide(
    row: ClaimRow, profile: Profile, results: Sequence[Result], abilities: Mapping[str, Ability]
) -> ClaimVerdict:
    if row.uncheckable:
        return _verdict(row, profile, Verdict.UNCHECKABLE, row.uncheckable)
    if row.unclaimed:
        return _unclaimed(row, profile, results, abilities)
    return _claimed(row, profile, results, abilities)


def _verdict(
    row: ClaimRow, profile: Profile, verdict: Verdict, reason: str, **more: Any
) -> ClaimVerdict:
    page = profile.document(row.document)
    where = ", ".join(word for word in (page.title if page else "", row.place) if word)
    return ClaimVerdict(
        row.id, row.sentence, verdict, reason, where, remark=row.remark, drivers=row.drivers, **more
    )


def _unclaimed(
    row: ClaimRow, profile: Profile, results: Sequence[Result], abilities: Mapping[str, Ability]
) -> ClaimVerdict:
    """Documented as not supported: what does the server do with it?"""
    found = {name: abilities.get(name, Ability.UNKNOWN) for name in row.capabilities}
    each = {_UNSUPPORTED[ability] for ability in found.values() if ability in _UNSUPPORTED}
    chosen = [r for r in results if _names(row, r)]
    violated = [r for r in chosen if _counts_against(row, r)]
    held = [r for r in chosen if r.observation is Observation.HELD]
    more = {
        "capabilities": {name: str(ability) for name, ability in found.items()},
        "requirements": _ids(violated + held),
        "exchanges": _exchanges(violated + held),
        "held": len(held),
        "violated": len(violated),
    }
    words = "; ".join(f"{name}: {ability}" for name, ability in found.items())
    if violated:
        words = "; ".join([words, *_why(violated)])
        return _verdict(row, profile, Verdict.BROKEN, words, **more)
    if not each:
        return _verdict(row, profile, Verdict.UNDECIDED, f"nothing was found out: {words}", **more)
    verdict = next(v for v in _WORST_FIRST if v in each)
    return _verdict(row, profile, verdict, words, **more)


def _claimed(
    row: ClaimRow, profile: Profile, results: Sequence[Result], abilities: Mapping[str, Ability]
) -> ClaimVerdict:
    found = {name: abilities.get(name, Ability.UNKNOWN) for name in row.capabilities}
    chosen = [r for r in results if _names(row, r)]
    violated = [r for r in chosen if _counts_against(row, r)]
    held = [r for r in chosen if r.observation is Observation.HELD]
    missing = [f"{name} is {ability}" for name, ability in found.items() if ability in _MISSING]
    more = {
        "capabilities": {name: str(ability) for name, ability in found.items()},
        "requirements": _ids(violated + held),
        "exchanges": _exchanges(violated + held),
        "held": len(held),
        "violated": len(violated),
    }
    if violated or missing:
        words = "; ".join(missing + _why(violated))
        return _verdict(row, profile, Verdict.BROKEN, words, **more)
    gaps = _gaps(row, chosen, held, found)
    if gaps:
        return _verdict(row, profile, Verdict.UNDECIDED, "; ".join(gaps), **more)
    warned = [r for r in chosen if r.observation is Observation.VIOLATED]
    words = f"{len(held)} of {len(chosen)} requirements held" if chosen else _found(found)
    if warned:
        words += f", {len(warned)} recommendations did not: " + ", ".join(_ids(warned)[:3])
    return _verdict(row, profile, Verdict.UPHELD, words, **more)


def _found(found: Mapping[str, Ability]) -> str:
    return "; ".join(f"{name} {ability}" for name, ability in found.items())


def _names(row: ClaimRow, result: Result) -> bool:
    if row.drivers and result.driver not in row.drivers:
        return False
    return any(matches(result.requirement, word) for word in row.requirements)


def _counts_against(row: ClaimRow, result: Result) -> bool:
    """A violated MUST, or anything that the claim names by its whole id."""
    if result.observation is not Observation.VIOLATED:
        return False
    return result.level == "MUST" or result.requirement in row.requirements


def _gaps(
    row: ClaimRow,
    chosen: Sequence[Result],
    held: Sequence[Result],
    found: Mapping[str, Ability],
) -> list[str]:
    """What was never positively seen, with the reason."""
    gaps = []
    for word in row.requirements:
        mine = [r for r in chosen if matches(r.requirement, word)]
        if not any(r.observation in _JUDGED for r in mine):
            gaps.append(f"{word}: {_idle(mine)}")
    for driver in row.drivers:
        if not any(r.driver == driver for r in held):
            gaps.append(f"{driver}: {_idle([r for r in chosen if r.driver == driver])}")
    if not row.requirements:
        gaps += [f"{name} is unknown" for name, a in found.items() if a is Ability.UNKNOWN]
    return gaps


def _idle(results: Sequence[Result]) -> str:
    """Why nothing was judged, in the words of the first result that says it."""
    if not results:
        return "not part of this run"
    said = next((r.message for r in results if r.message), "")
    return said or f"{results[0].observation}"


def _why(violated: Sequence[Result]) -> list[str]:
    said = [f"{r.requirement}{': ' + r.message if r.message else ''}" for r in violated[:3]]
    return said + ([f"{len(violated) - 3} more"] if len(violated) > 3 else [])


def _ids(results: Iterable[Result]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(r.requirement for r in results))


def _exchanges(results: Iterable[Result]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(x for r in results for x in r.exchanges))[:EVIDENCE]


def summary(profile: Profile, verdicts: Sequence[ClaimVerdict]) -> str:
    """One paragraph for somebody who decides: how many claims hold, and which do not."""
    if not verdicts:
        return f"{profile.title} makes no claims that this suite knows of."
    by: dict[Verdict, list[str]] = {}
    for verdict in verdicts:
        by.setdefault(verdict.verdict, []).append(verdict.id)
    claims = [v for v in verdicts if v.verdict not in (Verdict.UNCHECKABLE, *_UNSUPPORTED_ONLY)]
    upheld = len(by.get(Verdict.UPHELD, ()))
    parts = [
        f"Of {_many(len(claims), 'claim')} of {profile.title} that can be checked "
        f"{upheld} {'holds' if upheld == 1 else 'hold'}"
    ]
    for kind, words in _SAID:
        ids = by.get(kind, [])
        if ids:
            be = "is" if len(ids) == 1 else "are"
            parts.append(words.format(n=len(ids), be=be, ids=", ".join(ids)))
    return "; ".join(parts) + "."


_SAID = (
    (Verdict.BROKEN, "{n} {be} broken ({ids})"),
    (Verdict.UNDECIDED, "{n} {be} undecided ({ids})"),
    (Verdict.REFUSED, "what is documented as not supported is refused cleanly ({ids})"),
    (Verdict.WORKS, "what is documented as not supported works ({ids})"),
    (Verdict.IGNORED, "what is documented as not supported is ignored in silence ({ids})"),
    (Verdict.UNCHECKABLE, "{n} cannot be checked from outside ({ids})"),
)
_UNSUPPORTED_ONLY = (Verdict.WORKS, Verdict.REFUSED, Verdict.IGNORED)


def _many(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
