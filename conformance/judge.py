"""Decides cases over a recording. Pure: the same recording gives the same findings, any time."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.capability import Claim, all_capabilities, expected, lineage
from conformance.capability import Finding as Ability
from conformance.declined import declined
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, Violation
from conformance.probe import AnyProbe, Scenario, all_probes
from conformance.recording import Index, Unsent
from conformance.requirement import Case
from conformance.results import Finding, Observation

EVIDENCE = 3
"""Exchanges that a finding names at most."""


Told = Violation | Inconclusive | type[NotApplicable] | Exception | None
"""What a passive case says of one exchange; None: it holds."""


@dataclass(frozen=True)
class Bench:
    """What judging looks at: the recording, what the profile claims, what was found.

    ``memo``: what passive cases said before, by ``id()`` of the exchanges that are to be kept, then
    by case.
    """

    index: Index
    claims: Mapping[str, Claim] = field(default_factory=dict)
    abilities: Mapping[str, Ability] = field(default_factory=dict)
    memo: Mapping[int, dict[str, Told]] = field(default_factory=dict)


def judge(case: Case, driver: str, bench: Bench) -> Finding:
    """Decide one case for one driver."""
    absent = _absent_capability(case, bench)
    if absent is not None:
        return absent
    if not case.passive:
        return _active(case, driver, bench)
    return _passive(case, driver, bench)


def _absent_capability(case: Case, bench: Bench) -> Finding | None:
    capabilities = all_capabilities()
    for part in reversed(lineage(case.requirement.needs)):
        capability = capabilities.get(part)
        if capability is None:
            continue
        found = bench.abilities.get(part, Ability.UNKNOWN)
        claimed = bench.claims.get(part) == Claim.CLAIMED
        core = expected(capability, bench.claims) and found is not Ability.IGNORED
        if (claimed or core) and case.any_status and capability.gate in case.probes:
            continue  # expected, so that it is refused is what this case is about
        if found in (Ability.REFUSED, Ability.ABSENT) or (found is Ability.IGNORED and not claimed):
            how = "ignored in silence" if found is Ability.IGNORED else found
            return Finding(
                Observation.NOT_RUN,
                message=f"{capability.title}: {how}" + (", though claimed" if claimed else ""),
                owner="server",
                unsupported=not claimed,
            )
    return None


def _passive(case: Case, driver: str, bench: Bench) -> Finding:
    assert case.over is not None
    if case.together:
        return _together(case, driver, bench)
    seen, judged, problems, held = 0, 0, [], []
    unclear: Inconclusive | None = None
    for exchange in bench.index.picked(driver, case.over):
        if _too_old(case, exchange):
            continue
        seen += 1
        told = _told(case, exchange, bench.memo.get(id(exchange)))
        if told is NotApplicable:
            continue
        if isinstance(told, Inconclusive):
            unclear = told
            continue
        if isinstance(told, Violation):
            problems.append((exchange, told))
        elif isinstance(told, Exception):
            return _crash(told, (exchange.id,))
        else:
            held.append(exchange.id)
        judged += 1
    if problems:
        exchange, first = problems[0]
        found = _violated(first, exchange, [x.id for x, _ in problems])
        many = f"{len(problems)} of {judged} {case.over.title}"
        message = f"{first.message} ({many})" if first.message else many
        return _with(found, message=message, judged=judged, violated=len(problems))
    if not judged:
        if unclear is not None:
            return Finding(Observation.INCONCLUSIVE, unclear.reason, owner=unclear.owner)
        title = case.over.title
        why = f"what it speaks of was in none of the {title}" if seen else f"no {title} to judge"
        return Finding(Observation.NOT_RUN, why, owner="suite")
    return Finding(Observation.HELD, evidence=tuple(held[:EVIDENCE]), judged=judged)


def _told(case: Case, exchange: Exchange, kept: dict[str, Told] | None) -> Told:
    if kept is None:
        return _tell(case, exchange)
    if case.id not in kept:
        kept[case.id] = _tell(case, exchange)
    return kept[case.id]


def _tell(case: Case, exchange: Exchange) -> Told:
    try:
        case.function(exchange)
    except NotApplicable:
        return NotApplicable
    except Exception as told:
        return told
    return None


def _together(case: Case, driver: str, bench: Bench) -> Finding:
    """A rule about all exchanges of a selector at once, as that no two have the same id."""
    assert case.over is not None
    everything = bench.index.picked(driver, case.over)
    found = tuple(x for x in everything if not _too_old(case, x))
    if not found:
        return Finding(Observation.NOT_RUN, f"no {case.over.title} to judge", owner="suite")
    return _decide(case, (found,), tuple(x.id for x in found[:EVIDENCE]), found[0], len(found))


def _too_old(case: Case, exchange: Exchange) -> bool:
    """Recorded before the rule came to be."""
    since = case.requirement.since
    if not since or not exchange.context.get("foreign"):
        return False
    recorded = str(exchange.context.get("recorded") or "")
    return recorded < since or not exchange.context.get("day_known")


def _active(case: Case, driver: str, bench: Bench) -> Finding:
    known = all_probes()
    arguments: list[Exchange | Steps] = []
    for name in case.probes:
        found = _lookup(known[name], driver, bench)
        if isinstance(found, Finding):
            return found
        if not case.any_status:
            obstacle = _unusable(known[name], found)
            if obstacle is not None:
                return obstacle
        arguments.append(found)
    decided = _decide(case, tuple(arguments), _ids(arguments), _main(arguments), 1)
    if decided.observation is Observation.VIOLATED:
        return _of_the_model(case, arguments) or decided
    return decided


def _of_the_model(case: Case, arguments: list[Exchange | Steps]) -> Finding | None:
    """No violation where the model does not take a parameter that the requests only use."""
    if case.id.startswith(("errors.", "fuzz.")):
        return None  # these are about refusals
    for argument in arguments:
        for exchange in (argument,) if isinstance(argument, Exchange) else argument:
            param = declined(exchange)
            if param:
                return Finding(
                    Observation.INCONCLUSIVE,
                    f"the model does not take `{param}`, as reasoning models do not",
                    owner="model",
                    evidence=(exchange.id,),
                )
    return None


def _decide(
    case: Case,
    arguments: tuple[Any, ...],
    evidence: tuple[str, ...],
    main: Exchange | None,
    judged: int,
) -> Finding:
    for argument in arguments:
        if isinstance(argument, Steps):
            argument.looked.clear()
    try:
        case.function(*arguments)
    except Violation as violation:
        main = _main(list(arguments)) or main
        return _with(_violated(violation, main, evidence), judged=judged, violated=1)
    except Inconclusive as reason:
        return Finding(
            Observation.INCONCLUSIVE, reason.reason, owner=reason.owner, evidence=evidence
        )
    except NotApplicable as reason:
        message = str(reason) or "the answer has nothing that the requirement speaks of"
        return Finding(Observation.NOT_RUN, message, owner="suite", evidence=evidence)
    except Exception as error:
        return _crash(error, evidence)
    return Finding(Observation.HELD, evidence=evidence, judged=judged)


def _lookup(probe: AnyProbe, driver: str, bench: Bench) -> Exchange | Steps | Finding:
    where = driver if driver in probe.drivers else "http"
    index = bench.index
    found: Exchange | Steps | None
    if isinstance(probe, Scenario):
        found = index.steps(probe.name, where)
    else:
        found = index.exchange(probe.name, where)
    left = index.unsent.get((where, probe.name))
    if left is not None and (found is None or left.kind == "error"):
        return _unsent(left)
    if found is None:
        tier = "" if probe.tier != "full" else "; it is sent with --tier full"
        return Finding(Observation.NOT_RUN, f"{probe.name} was not sent{tier}", owner="suite")
    return found


def _unsent(left: Unsent) -> Finding:
    if left.kind == "error":
        return Finding(Observation.ERROR, left.reason, owner=left.owner)
    return Finding(
        Observation.NOT_RUN, left.reason, owner=left.owner, unsupported=left.kind == "unsupported"
    )


def _unusable(probe: AnyProbe, found: Exchange | Steps) -> Finding | None:
    """What stands in the way of judging an answer that the case takes for granted."""
    if isinstance(found, Steps):
        return None
    if found.response is None or (found.failure and found.failure.kind != "cancelled"):
        failure = found.failure
        kind = failure.kind if failure else "network"
        return Finding(
            Observation.NOT_RUN if found.response else Observation.ERROR,
            f"{probe.name}: {failure.message if failure else 'no answer'}",
            owner="network" if kind in ("connect", "tls") else "server",
            evidence=(found.id,),
        )
    if probe.valid and not found.ok:
        if found.status == 429:
            return Finding(
                Observation.INCONCLUSIVE,
                f"{probe.name} was answered 429",
                owner="quota",
                evidence=(found.id,),
            )
        return Finding(
            Observation.NOT_RUN,
            f"{probe.name} was answered {found.status}",
            owner="server",
            evidence=(found.id,),
        )
    return None


def _violated(violation: Violation, exchange: Exchange | None, ids: Any) -> Finding:
    telling = violation.exchange or exchange
    listed = [telling.id] if telling else []
    listed += [i for i in ids if i not in listed]
    return Finding(
        Observation.VIOLATED,
        message=violation.message,
        at=violation.at,
        expected=violation.expected,
        actual=_cap(violation.actual),
        owner="server",
        evidence=tuple(listed[:EVIDENCE]),
    )


def _with(finding: Finding, **changes: Any) -> Finding:
    return Finding(**{**finding.__dict__, **changes})


def _crash(error: Exception, evidence: tuple[str, ...]) -> Finding:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = ""
    if trace is not None:
        name = trace.tb_frame.f_code.co_filename.rsplit("conformance/", 1)[-1]
        where = f" ({name}:{trace.tb_lineno})"
    return Finding(
        Observation.ERROR,
        f"the case broke: {type(error).__name__}: {error}{where}",
        owner="suite",
        evidence=evidence,
    )


def _ids(arguments: list[Exchange | Steps]) -> tuple[str, ...]:
    ids: list[str] = []
    for argument in arguments:
        if isinstance(argument, Steps):
            ids.extend(x.id for x in argument)
        else:
            ids.append(argument.id)
    return tuple(ids)


def _main(arguments: list[Any]) -> Exchange | None:
    """What a finding is about: the last that a case looks at, after what it compares with."""
    for argument in reversed(arguments):
        if isinstance(argument, Steps):
            seen = argument.looked or argument.exchanges
            return seen[-1] if seen else None
        if isinstance(argument, Exchange):
            return argument
    return None


def _cap(value: Any, limit: int = 2000) -> Any:
    """A value small enough for a report, with its true length said."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
    if len(text) <= limit:
        return value if not isinstance(value, tuple) else list(value)
    return f"{text[:limit]}… ({len(text)} characters)"


def curl(exchange: Exchange, limit: int = 1500) -> str:
    """One line that sends the request again; the key stands as ``$API_KEY``."""
    request = exchange.request
    parts = ["curl", "-sS"]
    if exchange.is_stream:
        parts.append("-N")
    if request.method != "POST":
        parts += ["-X", request.method]
    query = request.url.split("?", 1)[1] if "?" in request.url else ""
    address = "$BASE_URL" + exchange.endpoint + (f"?{query}" if query else "")
    parts.append(f'"{address}"')
    for name, value in request.headers:
        low = name.lower()
        if low == "authorization":
            parts += ["-H", '"Authorization: Bearer $API_KEY"']
        elif low in ("content-type", "idempotency-key", "openai-beta", "origin") or low.startswith(
            ("access-control", "openai-")
        ):
            parts += ["-H", shlex.quote(f"{name}: {value}")]
    if request.body:
        text = request.body.decode("utf-8", "replace")
        short = text if len(text) <= limit else text[:limit] + f"… ({len(text)} characters)"
        parts += ["-d", shlex.quote(short)]
    return " ".join(parts)
