"""What a user's own calls would meet at another provider: each with its findings, worst first."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from conformance.exchange import Exchange
from conformance.migrate import Call
from conformance.reporting import text
from conformance.reporting.compare import EXCEPTIONS, Weight, compare


class Fate(StrEnum):
    """How a call ends at the new provider, worst first."""

    LOST = "works, and loses data"
    BROKEN = "breaks"
    RENAMED = "works when the model is renamed"
    SAME = "works as it is"
    REFUSED = "was refused before, too"
    UNKNOWN = "could not be tried"


@dataclass(frozen=True)
class Replay:
    """A call with the answers that it got: under its own model, and under another."""

    call: Call
    answer: Exchange | None
    renamed: Exchange | None = None
    other_model: str = ""


@dataclass(frozen=True)
class Met:
    """What became of a call. ``findings``: in words. ``rules``: requirements that it breaks."""

    replay: Replay
    fate: Fate
    findings: tuple[str, ...] = ()
    rules: tuple[str, ...] = field(default=())


def meet(replay: Replay, rules: Mapping[str, Sequence[str]]) -> Met:
    """Judge a replayed call. ``rules``: by exchange, the MUST requirements that it violates."""
    old, new = replay.call.recorded, replay.answer
    findings: list[str] = []
    renamed = bool(replay.call.new_model)
    if new is not None and replay.renamed is not None:
        how = f"rename {replay.call.model} to {replay.other_model}"
        findings.append(f"{new.status}, the model is not known: {how}")
        new, renamed = replay.renamed, True
    if new is None or (new.response is None and _quota(new)):
        return Met(replay, Fate.UNKNOWN, (_ended(new),))
    if new.status == 429:
        return Met(replay, Fate.UNKNOWN, ("the limit of the key was spent (429)",))
    broken = tuple(dict.fromkeys(rules.get(new.id, ())))
    if not old.ok:
        same = "the same" if old.status == new.status else f"{_ended(old)} before"
        return Met(replay, Fate.REFUSED, (f"{_ended(new)}; {same}",), broken)
    if not new.ok:
        said = f"then {_ended(new)}" if findings else _ended(new)
        return Met(replay, Fate.BROKEN, (*findings, said), broken)
    worst, told = _differences(old, new)
    findings += told
    if old.is_sse != new.is_sse:
        findings.insert(0, "a stream before, a document now" if old.is_sse else "a stream now")
        return Met(replay, Fate.BROKEN, tuple(findings), broken)
    if worst is Weight.SHAPE:
        return Met(replay, Fate.LOST, tuple(findings), broken)
    if renamed and replay.call.new_model:
        findings.insert(0, f"sent as {replay.call.new_model} instead of {replay.call.model}")
    return Met(replay, Fate.RENAMED if renamed else Fate.SAME, tuple(findings), broken)


def _quota(x: Exchange) -> bool:
    return x.failure is not None and x.failure.kind == "budget"


def _differences(old: Exchange, new: Exchange) -> tuple[Weight | None, list[str]]:
    """The heaviest difference between two successful answers, and what is said of each."""
    pair = (replace(x, probe="call", step="", driver="http", superseded=False) for x in (old, new))
    one, other = ([x] for x in pair)
    worst: Weight | None = None
    told = []
    for found in compare(one, other):
        if found.weight is Weight.SHAPE and _CHOSEN.search(found.what):
            told.append(f"{found.what}: {found.b}: the model may have chosen so")
        elif found.weight is Weight.SHAPE:
            worst = Weight.SHAPE
            told.append(f"{found.what}: {found.b} (was {found.a})")
        elif found.weight is Weight.FINISH:
            told.append(f"finish_reason {found.b} (was {found.a}): the model may have chosen so")
    return worst, told


def _ended(x: Exchange | None) -> str:
    if x is None:
        return "not sent"
    if x.response is None:
        return f"no answer: {x.failure.message}" if x.failure else "no answer"
    if x.ok:
        return str(x.status)
    name = EXCEPTIONS.get(x.status, "InternalServerError" if x.status >= 500 else "APIStatusError")
    body = x.json
    error = body.get("error") if isinstance(body, dict) else None
    error = error if isinstance(error, dict) else {}
    message = error.get("message")
    said = f": {text.short(message, 200)}" if isinstance(message, str) else ""
    code = f" {error['code']}" if isinstance(error.get("code"), str) else ""
    return f"{x.status}{code} ({name}){said}"


_CHOSEN = re.compile(r"(message|delta)\.(tool_calls|function_call|content|refusal)\b[^,]*$")
"""Parts of an answer that depend on what the model decided to do."""
ORDER = tuple(Fate)


def ordered(all_met: Sequence[Met]) -> list[Met]:
    return sorted(all_met, key=lambda met: (ORDER.index(met.fate), -met.replay.call.times))


def breaks(all_met: Sequence[Met]) -> bool:
    """Whether some call ends worse than it was recorded."""
    return any(met.fate in (Fate.LOST, Fate.BROKEN) for met in all_met)


def render(target: str, all_met: Sequence[Met], left: Mapping[str, int]) -> str:
    """The findings as Markdown."""
    total = sum(met.replay.call.times for met in all_met)
    head = f"# Your calls against {text.plain(target)}"
    counts = [
        f"{sum(met.fate is fate for met in all_met)} {fate}"
        for fate in Fate
        if any(met.fate is fate for met in all_met)
    ]
    lines = [
        head,
        "",
        f"{text.many(total, 'call')} of {text.many(len(all_met), 'form')}, "
        f"each form replayed once. By form: {'; '.join(counts)}.",
    ]
    for fate in Fate:
        rows = [met for met in ordered(all_met) if met.fate is fate]
        if not rows:
            continue
        title = f"{fate[0].upper()}{fate[1:]}"
        lines += ["", f"## {title}", "", "| call | times | what it meets |", "|---|---|---|"]
        for met in rows:
            call = met.replay.call
            what = "; ".join(met.findings) or "nothing but other words"
            if met.rules:
                what += f" (breaks {', '.join(met.rules[:4])}"
                what += f" and {len(met.rules) - 4} more)" if len(met.rules) > 4 else ")"
            name = f"{call.name}" + (f", {call.model}" if call.model else "")
            cells = (_cell(word) for word in (name, str(call.times), what))
            lines.append("| " + " | ".join(cells) + " |")
    if left:
        lines += ["", "## Not replayed", ""]
        lines += [f"- {count}: {text.short(reason)}" for reason, count in sorted(left.items())]
    return "\n".join(lines) + "\n"


def _cell(word: str) -> str:
    return text.plain(word).replace("|", "\\|").replace("`", "'").replace("<", "&lt;")


def render_json(target: str, all_met: Sequence[Met], left: Mapping[str, int]) -> str:
    """The findings for a program."""
    calls: list[dict[str, Any]] = [
        {
            "call": met.replay.call.name,
            "times": met.replay.call.times,
            "model": met.replay.call.model,
            "fate": str(met.fate),
            "findings": list(met.findings),
            "requirements": list(met.rules),
        }
        for met in ordered(all_met)
    ]
    return json.dumps({"target": target, "calls": calls, "left": dict(left)}, ensure_ascii=False)
