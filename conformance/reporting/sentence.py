"""The verdict of a run in one sentence, and the tone in which it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.reporting import text
from conformance.reporting.score import Score, score
from conformance.results import Outcome, Run


@dataclass(frozen=True)
class Verdict:
    """``word`` and ``symbol`` for the eye, ``tone`` a colour's name, ``sentence`` to be read."""

    word: str
    symbol: str
    tone: str
    sentence: str


def verdict(run: Run) -> Verdict:
    """What the run says of its target. Whatever is not a clean end comes before the score."""
    footer = run.footer
    if footer is None:
        seen = text.many(len(run.results), "result")
        return Verdict(
            "incomplete",
            "!",
            "error",
            f"This run is incomplete: it broke off before its end and left {seen}; "
            "it is no verdict on the target.",
        )
    if footer.get("unreachable"):
        reason = text.short(str(footer["unreachable"]), 500)
        return Verdict("not reached", "!", "error", f"The target could not be reached: {reason}")
    if footer.get("interrupted"):
        return Verdict(
            "interrupted", "!", "error", "This run was interrupted; what it had seen is below."
        )
    must = score(run.results, "MUST")
    strict = run.header.get("level") == "should"
    failed = sum(r.outcome is Outcome.FAILED for r in run.results)
    if failed:
        return Verdict("not conformant", "✗", "fail", _failed(run, must, strict))
    broken = sum(r.outcome is Outcome.ERROR for r in run.results)
    if broken:
        return Verdict(
            "no verdict",
            "!",
            "error",
            f"{text.many(broken, 'result')} ended in an error of the connection or the suite, so "
            f"this run is no verdict; {_held(must)}",
        )
    idle = (Outcome.SKIPPED,)
    if not run.results or all(r.outcome in idle for r in run.results):
        return Verdict("nothing run", "!", "error", "Nothing was run, so nothing is known.")
    empty = [str(name) for name in footer.get("vacuous") or ()]
    if empty:
        names = text.plain(text.listed(empty))
        return Verdict(
            "not verified",
            "✗",
            "fail",
            f"No violation was found, but nothing was positively verified of: {names}; "
            "what is claimed and never seen to work is not green.",
        )
    return Verdict("no violation found", "✓", "pass", _green(run, must, strict))


def _failed(run: Run, must: Score, strict: bool) -> str:
    failing = {r.requirement for r in run.results if r.outcome is Outcome.FAILED}
    violated = {
        r.requirement for r in run.results if r.outcome is Outcome.FAILED and r.level == "MUST"
    }
    parts = []
    if violated:
        parts.append(f"{len(violated)} of {must.judged} judged MUST requirements fail")
    others = len(failing) - len(violated)
    if others:
        kind = "SHOULD requirement" if strict else "other requirement"
        parts.append(f"{text.many(others, kind)} {'fails' if others == 1 else 'fail'}")
    return f"The target does not conform: {' and '.join(parts)}; {_held(must)}"


def _held(must: Score) -> str:
    rest = must.undecided + must.broken
    words = [f"{must.held} of {text.many(must.total, 'MUST requirement')} were verified"]
    if must.absent:
        words.append(f"{must.absent} concern what it does not offer")
    if rest:
        words.append(f"{rest} could not be decided")
    return ", ".join(words) + "."


def _green(run: Run, must: Score, strict: bool) -> str:
    known = {r.requirement for r in run.results if r.outcome is Outcome.KNOWN}
    warned = {r.requirement for r in run.results if r.outcome is Outcome.WARNED}
    what = "MUST or SHOULD requirement" if strict else "MUST requirement"
    sentence = f"No {what} was seen violated"
    if known:
        sentence += f" beyond {text.many(len(known), 'known failure')}"
    if warned:
        advice = "SHOULD is" if len(warned) == 1 else "SHOULDs are"
        sentence += f", {len(warned)} {advice} not followed"
    return f"{sentence}; {_held(must)}"
