"""For each claim of each profile a defect that turns it, and the providers that are given it.

The defects are planted faults by their id, or made here where only a client library, an address or
an SDK decides the claim.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from conformance.catalogue import all_cases, matches
from conformance.claims import ClaimVerdict, Verdict, audit
from conformance.clock import VirtualClock
from conformance.drivers.inprocess import InProcessTransport
from conformance.profile import ClaimRow, Profile, load_profile
from conformance.reference.app import ReferenceApp
from conformance.reference.call import Call
from conformance.reference.config import ReferenceConfig
from conformance.reference.dialects.hooks import dialect_hooks
from conformance.reference.errors import invalid
from conformance.reference.fault import Fault, all_faults
from conformance.requirement import Case
from conformance.run import Options, drive, judge_all
from conformance.settings import embedded_target
from conformance.target import Limits

PYTHON = ("python-sdk", "python-sdk-async")


@dataclass(frozen=True)
class Defect:
    """What is planted, and what must be driven for it to show."""

    faults: tuple[Fault, ...] = ()
    requirements: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ("http",)
    address: str = ""


def planted(*names: str, drivers: tuple[str, ...] = ("http",)) -> Defect:
    """Faults of the embedded provider, by their ids."""
    found = tuple(all_faults()[name] for name in names)
    return Defect(found, tuple(id for fault in found for id in fault.breaks), drivers)


def _closed(call: Call, body: dict[str, Any]) -> None:
    for message in body["messages"]:
        if message.get("role") == "assistant" and set(message) - {"role", "content"}:
            raise invalid("Messages may hold role and content alone.", "messages")


def _of_sdk(*kinds: str) -> Callable[[Call], bool]:
    return lambda call: call.headers.get("x-stainless-async", "").startswith(kinds)


def _history(*kinds: str) -> Defect:
    """A client library gets what it returned refused when it sends it back."""
    fault = Fault("sdk-history", (), "Own messages are refused.", "accepted", frozenset({"chat"}),
                  _closed, when=_of_sdk(*kinds))  # fmt: skip
    return Defect((fault,), ("sdk.chat.next-turn",), PYTHON)


def turned(claim: str) -> Defect:
    """The defect that turns a claim."""
    found = DEFECTS[claim]
    if not isinstance(found, str):
        return found
    names, _, more = found.partition(" beside ")
    made = planted(*names.split())
    return replace(made, requirements=(*made.requirements, *more.split()))


DEFECTS: Mapping[str, str | Defect] = {
    "A-url": Defect((), ("assisters.base-url.https",), address="http://api.assisters.dev/v1"),
    "A-key": "auth.query-key",
    "A-env": Defect(),
    "A-sdk": _history("false", "async"),
    "A-json": "errors.chat.invalid-json",
    "A-endpoints": "rerank.accepts.return-documents",
    "A-shape": "chat.usage.total",
    "A-stream": "chat.stream.terminator",
    "A-models": "assisters.models.listed",
    "A-dims": "assisters.models.dimensions",
    "A-openai-names": "assisters.models.openai-name",
    "A-supported": "models.list.unique",
    "A-unsupported": "assisters.unsupported.vision",
    "A-headers": "assisters.headers.request-id",
    "A-tiers": "assisters.tiers.as-told",
    "A-429": "ratelimit.enforced",
    "A-idem": "idempotency.replay.same-answer",
    "B-keys": "assisters-com.keys.revoked",
    "B-models": "assisters-com.models.shape",
    "B-chat": "assisters-com.chat.shape",
    "B-temp": "assisters-com.temperature.bounded",
    "B-stream": "chat.stream.terminator",
    "B-embed": "assisters-com.embeddings.shape",
    "B-tools": "chat.tools.accepts.auto",
    "B-reasoning": "assisters-com.reasoning.present",
    "B-errors": "errors.chat.invalid-json",
    "B-retry": "retry.after.form beside ratelimit.refused.status",
    "B-idem": "idempotency.replay.same-answer",
    "B-webhooks": "assisters-com.webhooks.verified",
    "B-batch": "assisters-com.embeddings-batch.count",
    "B-data": "assisters-com.mask.redacted",
    "B-audit": "assisters-com.audit.inside",
    "B-legacy": "assisters-com.unsupported.completions",
    "B-metrics": "assisters-com.metrics.parses",
    "B-canary": "assisters-com.canary.exists",
    "C-wire": "chat.usage.total",
    "C-key": "auth.query-key",
    "C-names": "alveare.names.summarise",
    "C-sdk": _history("false", "async"),
    "C-stream": "chat.stream.terminator",
    "C-tools": "chat.tools.accepts.auto",
    "C-json": "chat.json-object.parses beside chat.json-object",
    "C-errors": "errors.chat.invalid-json",
    "C-ratelimit": "headers.ratelimit.names",
    "C-no-assistants": "alveare.unsupported.assistants",
    "D-format": "assistant.list.limit",
    "D-400": "openai-assistants.page.status",
    "D-async": _history("async"),
    "D-sdk": _history("false"),
    "E-chat": "chat.usage.total",
    "E-stream": "chat.stream.terminator",
    "E-tools": "chat.tools.accepts.auto",
    "E-structured": "chat.json-schema.fits beside chat.json-schema",
    "E-completions": "completions.null.suffix",
    "E-embeddings": "embeddings.accepts.string",
    "E-moderations": "moderations.accepts.list",
    "E-models": "models.list.unique",
    "E-responses": "responses.created-at.now",
    "E-assistants": "assistant.list.limit",
    "E-errors": "errors.chat.invalid-json",
    "E-headers": "headers.request-id.success",
    "E-ratelimit": "ratelimit.enforced",
    "E-retry": "retry.after.form beside ratelimit.refused.status",
}
"""What turns each claim that can be turned: faults, and what must be driven beside them."""

BY_NATURE = ("D-call",)
"""Claims that no provider keeps, because OpenAI's SDK does not."""


def environment() -> Defect:
    return planted("sdk.environment.bare", drivers=PYTHON)


def with_wider(row: ClaimRow, profile: Profile) -> set[str]:
    """The claim, and those that its own page makes wider ones of it."""
    rows = {r.id: r for r in profile.claims}
    found, waiting = {row.id}, [row.id]
    while waiting:
        for wider in rows[waiting.pop()].within:
            if wider not in found:
                found.add(wider)
                waiting.append(wider)
    return found


def cases_of(profile: Profile, words: Sequence[str]) -> list[Case]:
    """The requirements that the words name, as far as the profile is asked for them."""
    return [
        case
        for case in all_cases()
        if any(matches(case.id, word) for word in words) and profile.applies(case.requirement.needs)
    ]


def verdicts(
    name: str, defect: Defect, words: Sequence[str], drivers: tuple[str, ...] = ("http",)
) -> dict[str, ClaimVerdict]:
    """What the embedded provider of a profile shows of its claims, given a defect."""
    profile, clock = load_profile(name), VirtualClock()
    config = ReferenceConfig(profile=name)
    app = ReferenceApp(config, clock, [*dialect_hooks(name), *defect.faults])
    target = replace(embedded_target(profile), limits=Limits(concurrency=64))
    if defect.address:
        target = replace(target, base_url=defect.address)
    cases = cases_of(profile, words)
    claims = profile.claims_of_capabilities
    options = Options(drivers=drivers, claims=claims, fuzz=False)
    work = drive(target, cases, options, inner=InProcessTransport(app), clock=clock, check=False)
    found = asyncio.run(work)
    results = judge_all(cases, found, options)
    return {v.id: v for v in audit(profile, results, found.abilities, found.recording.exchanges)}


def broken(found: Mapping[str, ClaimVerdict]) -> set[str]:
    """The claims that do not hold, or of which something unclaimed is not as documented."""
    return {id for id, verdict in found.items() if verdict.verdict is Verdict.BROKEN}
