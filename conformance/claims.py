"""The claims audit: every sentence of the provider's documents gets a verdict and its evidence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from conformance.capability import Finding as Ability
from conformance.capability import all_capabilities
from conformance.catalogue import matches
from conformance.exchange import Exchange
from conformance.measures import MEASURES
from conformance.profile import ClaimRow, Profile
from conformance.results import Observation, Outcome, Result

_JUDGED = (Observation.HELD, Observation.VIOLATED)
DOCUMENTED = "documented by "
"""How the reason of a known failure begins that the profile itself excuses."""
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
    ``capabilities``: what was found of each capability that the claim names. ``measured``: a number
    that stands beside the claim and decides nothing.
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
    measured: str = ""

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
        for name in ("held", "violated", "remark", "measured"):
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
    profile: Profile,
    results: Iterable[Result],
    abilities: Mapping[str, Ability],
    exchanges: Iterable[Exchange] = (),
) -> list[ClaimVerdict]:
    """A verdict for every claim of the profile, in its order.

    ``exchanges``: the recording, for the numbers that are measured and stated beside a claim.
    """
    results = list(results)
    verdicts = [_decide(row, profile, results, abilities) for row in profile.claims]
    seen = list(exchanges) if any(row.measures for row in profile.claims) else []
    for number, row in enumerate(profile.claims):
        if row.measures:
            words = MEASURES[row.measures](seen, profile)
            verdicts[number] = replace(verdicts[number], measured=words)
    return verdicts


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
    """A violated MUST, or anything that the claim names by its whole id.

    Not where the provider's own page says that it leaves OpenAI's there.
    """
    if result.observation is not Observation.VIOLATED:
        return False
    if result.outcome is Outcome.KNOWN and result.reason.startswith(DOCUMENTED):
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
    said = [f"{r.requirement}: {told}" if (told := _told(r)) else r.requirement for r in violated]
    said = list(dict.fromkeys(said))[:3]
    return said + ([f"{len(violated) - 3} more"] if len(violated) > 3 else [])


def _told(result: Result) -> str:
    """What a violation says for itself, short enough to stand in a sentence."""
    if result.message:
        return result.message
    if result.actual is None or not result.expected:
        return ""
    at = f"{result.at} " if result.at else ""
    return _short(f"{at}was {result.actual}, expected {' or '.join(result.expected)}", 160)


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _ids(results: Iterable[Result]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(r.requirement for r in results))


def _exchanges(results: Iterable[Result]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(x for r in results for x in r.exchanges))[:EVIDENCE]


def summary(
    profile: Profile, verdicts: Sequence[ClaimVerdict], *, where: str = "", when: str = ""
) -> str:
    """One paragraph for somebody who decides: how many claims hold, and which do not, in words.

    ``where`` and ``when``: the target and the day, for whoever the paragraph is forwarded to.
    """
    about = profile.title + (f" at {where}" if where else "") + (f", {when}" if when else "")
    if not verdicts:
        return f"{about}: no claims of it are known."
    by = {kind: [v for v in verdicts if v.verdict is kind] for kind in Verdict}
    claims = [v for v in verdicts if v.verdict in _CLAIMED]
    upheld = len(by[Verdict.UPHELD])
    head = f"of {_many(len(claims), 'claim')} that can be checked from outside, {upheld} hold"
    parts = [f"{about}: {head}{'s' if upheld == 1 else ''}"]
    for kind, say in _SAID.items():
        if by[kind]:
            parts.append(say(by[kind]))
    return "; ".join(parts) + "."


_CLAIMED = (Verdict.UPHELD, Verdict.BROKEN, Verdict.UNDECIDED)
MOST_TOLD = 6
"""Claims that a paragraph tells in words; the rest by their ids."""


def _broken(rows: Sequence[ClaimVerdict]) -> str:
    return f"{len(rows)} {_be(rows)} broken: {_told_each(rows)}"


def _undecided(rows: Sequence[ClaimVerdict]) -> str:
    return f"{len(rows)} could not be decided: {_told_each(rows)}"


def _told_each(rows: Sequence[ClaimVerdict]) -> str:
    told = [f"“{v.sentence.rstrip('.')}” ({v.id}: {_short(_worded(v), 160)})" for v in rows]
    rest = [v.id for v in rows[MOST_TOLD:]]
    return ", ".join([*told[:MOST_TOLD], *rest])


def _worded(verdict: ClaimVerdict) -> str:
    """The reason without the ids of requirements, where words stand behind them."""
    return re.sub(r"(^|; )[a-z0-9-]+(\.[a-z0-9-]+)*: ", r"\1", verdict.reason)


def _uncheckable(rows: Sequence[ClaimVerdict]) -> str:
    return f"{len(rows)} cannot be checked from outside ({', '.join(v.id for v in rows)})"


def _unsupported(words: str) -> Callable[[Sequence[ClaimVerdict]], str]:
    def say(rows: Sequence[ClaimVerdict]) -> str:
        known = all_capabilities()
        names = [
            known[name].title if name in known else name
            for row in rows
            for name in row.capabilities or {}
        ]
        return f"{', '.join(names)}: {words} ({', '.join(v.id for v in rows)})"

    return say


_SAID: Mapping[Verdict, Callable[[Sequence[ClaimVerdict]], str]] = {
    Verdict.BROKEN: _broken,
    Verdict.UNDECIDED: _undecided,
    Verdict.REFUSED: _unsupported("refused, as documented"),
    Verdict.WORKS: _unsupported("documented as not supported, in part or whole it works"),
    Verdict.IGNORED: _unsupported("documented as not supported, in part ignored in silence"),
    Verdict.UNCHECKABLE: _uncheckable,
}


def _be(rows: Sequence[ClaimVerdict]) -> str:
    return "is" if len(rows) == 1 else "are"


def _many(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
