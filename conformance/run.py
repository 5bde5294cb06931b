"""One run from end to end: drive, judge, gather. Knows no command line and no report format."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from conformance import __version__
from conformance.capability import Claim
from conformance.capability import Finding as Ability
from conformance.catalogue import catalogue_hash
from conformance.clock import Clock, SystemClock
from conformance.discovery import complete
from conformance.drivers.http import HttpDriver
from conformance.engine import Engine, Plan, World, findings, plan
from conformance.errors import UnreachableError
from conformance.exchange import Exchange
from conformance.judge import Bench, curl, judge
from conformance.profile import of_one_provider
from conformance.recording import Recording, Unsent
from conformance.requirement import Case
from conformance.results import Finding, Observation, Outcome, Result, Run
from conformance.secrets import Redactor
from conformance.session import BudgetSpent, Courier, Session
from conformance.shard import Shard
from conformance.surface import surface
from conformance.target import Target
from conformance.vacuous import vacuous
from conformance.verdict import KnownFailure, exit_status, outcome
from conformance.waits import told

DOCUMENTS = "openai-openapi 2.3.0 (f85dbe22, 2026-08-21), openai-python 3.51, openai-node 7.55"
"""The revision of OpenAI's documents that the requirements were written to."""


@dataclass(frozen=True)
class Options:
    """How to run, beside the target.

    ``fuzz_tier``: how much is fuzzed, where not as ``tier``. ``kept``: by endpoint the bodies that
    failed in an earlier run, sent first.
    """

    drivers: tuple[str, ...] = ("http",)
    claims: Mapping[str, Claim] = field(default_factory=dict)
    profile: str = ""
    tier: str = "standard"
    strict: bool = False
    seed: int = 0
    known: tuple[KnownFailure, ...] = ()
    shard: Shard = field(default_factory=Shard)
    fuzz: bool = True
    fuzz_tier: str = ""
    kept: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


@dataclass
class Drive:
    """What driving left: the recording and what was spent."""

    recording: Recording
    abilities: Mapping[str, Ability]
    requests: int = 0
    tokens: int = 0
    seconds: float = 0.0
    interrupted: bool = False
    unreachable: str = ""
    drivers: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    base_url: str = ""


async def drive(
    target: Target,
    cases: Sequence[Case],
    options: Options,
    *,
    inner: httpx.AsyncBaseTransport | None = None,
    clock: Clock | None = None,
    recording: Recording | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    check: bool = True,
    chosen: Plan | None = None,
) -> Drive:
    """Send everything that the cases need.

    ``inner`` and ``clock``: for in-process runs. ``check``: look first whether the target answers,
    and stop with the reason when it does not. ``chosen``: send these, not what the cases need.
    """
    clock = clock or SystemClock()
    recording = recording if recording is not None else Recording()
    http = HttpDriver(target, recording, clock, inner)
    courier = Courier(target, http, recording, clock)
    drivers: dict[str, str] = {"http": f"httpx {httpx.__version__}"}
    world = World(courier, recording, clock, options.claims, tier=options.tier, seed=options.seed)
    world.on_progress = progress
    world.fuzz_tier = options.fuzz_tier or options.tier
    world.kept = options.kept
    began = time.monotonic()
    result = Drive(recording, {}, drivers=drivers)
    closing: list[Any] = []
    try:
        if check:
            with suppress(BudgetSpent):  # the plan then says so of every probe
                target = courier.target = await reach(courier)
        sdks = [name for name in options.drivers if name != "http"]
        if sdks:
            from conformance.drivers.sdk_open import open_drivers

            opened = await open_drivers(sdks, courier, http.transport)
            world.sdks, world.missing = opened.drivers, opened.missing
            drivers.update(opened.versions)
            closing.append(opened)
        made = chosen or plan(cases, options.drivers, options.tier)
        if len(recording) and chosen is None:
            made = without_answered(made, recording)
        if not options.fuzz:
            made = without_fuzzing(made, recording)
        if isinstance(clock, SystemClock) and (words := told(made, courier.target)):
            print(words, file=sys.stderr, flush=True)
        await Engine(world, made).run()
    except UnreachableError as error:
        result.unreachable = str(error)
    except (KeyboardInterrupt, asyncio.CancelledError):
        result.interrupted = True
    finally:
        for thing in closing:
            await thing.aclose()
        await http.aclose()
    result.abilities = findings(recording)
    result.models = dict(courier.target.models)
    result.base_url = courier.target.base_url
    result.requests, result.tokens = courier.budget.requests, courier.budget.tokens
    result.seconds = time.monotonic() - began
    return result


def without_answered(made: Plan, recording: Recording) -> Plan:
    """The plan without what an earlier run already sent."""
    return Plan(tuple(pair for pair in made.pairs if pair not in recording.finished))


def without_fuzzing(made: Plan, recording: Recording) -> Plan:
    """The plan without the scenarios that fuzz, which are left with the reason."""
    kept = []
    for driver, name in made.pairs:
        if name.startswith("fuzz_"):
            recording.leave(driver, name, Unsent("skipped", "fuzzing was left out", "suite"))
        else:
            kept.append((driver, name))
    return Plan(tuple(kept))


async def reach(courier: Courier) -> Target:
    """Look whether the target answers at all, and complete its models from its own list.

    Raises UnreachableError with what to do.
    """
    session = Session(courier, "reach", tokens=0)
    first = await session.send("models", "GET", "/models", retry=True)
    base = courier.target.base_url
    failure = first.failure
    if failure is not None and failure.kind in ("connect", "tls"):
        hint = {
            "connect": "Is the server running, and are host and port right?",
            "tls": "Check the certificate, or whether the port speaks http.",
        }[failure.kind]
        raise UnreachableError(f"{base} cannot be reached: {failure.message}. {hint}")
    second = (
        await session.send(
            "chat",
            "POST",
            "/chat/completions",
            json={
                "model": courier.target.model("chat"),
                "messages": [{"role": "user", "content": "Say hello."}],
                "max_tokens": 1,
            },
        )
        if not first.ok
        else first
    )
    if first.response is None and second.response is None:
        what = failure.message if failure else "no answer"
        raise UnreachableError(
            f"{base} accepts connections but answers nothing ({what}). "
            "Is this an HTTP API? Raise --timeout if it only needs longer."
        )
    if first.status == 401 and second.status == 401:
        raise UnreachableError(
            f"{base} refuses the key (401). Give a valid one by --api-key, "
            "keys.api in the configuration, or the profile's variable (OPENAI_API_KEY)."
        )
    if first.status == 404 and second.status == 404 and not urlsplit(base).path.strip("/"):
        third = await session.send("v1", "GET", "/v1/models", retry=False)
        if third.ok:
            raise UnreachableError(
                f"{base} answers 404, {base}/v1 works: give --base-url {base}/v1"
            )
    return await complete(session, first, courier.target)


def judge_all(
    cases: Iterable[Case],
    drive_result: Drive,
    options: Options,
    *,
    redactor: Redactor | None = None,
) -> list[Result]:
    """The result of every case with every driver that it has."""
    bench = Bench(drive_result.recording.by_probe(), options.claims, drive_result.abilities)
    found = (
        judge_one(case, driver, bench, options, redactor=redactor)
        for case in cases
        for driver in options.drivers
        if driver in case.drivers
    )
    return [result for result in found if worth_saying(result)]


def worth_saying(result: Result) -> bool:
    """A client library that met nothing to judge adds nothing to what raw HTTP says of a rule."""
    alone = result.requirement.startswith("sdk.")
    return result.driver == "http" or alone or result.observation is not Observation.NOT_RUN


def judge_one(
    case: Case,
    driver: str,
    bench: Bench,
    options: Options,
    *,
    redactor: Redactor | None = None,
) -> Result:
    """The result of one case with one driver, secrets replaced."""
    began = time.perf_counter()
    finding = judge(case, driver, bench)
    seconds = time.perf_counter() - began
    return make_result(case, driver, finding, bench, options, seconds, redactor or Redactor())


def make_result(
    case: Case,
    driver: str,
    finding: Finding,
    bench: Bench,
    options: Options,
    seconds: float,
    redactor: Redactor,
) -> Result:
    """A finding with all that a report prints about it."""
    r = case.requirement
    known = known_failure(options.known, r.id, driver)
    judged = outcome(finding, r.level, strict=options.strict, known=known)
    telling = _exchange(bench, finding.evidence[0]) if finding.evidence else None
    said = finding.observation is not Observation.HELD
    return Result(
        requirement=r.id,
        level=str(r.level),
        driver=driver,
        observation=finding.observation,
        outcome=judged,
        text=r.text,
        source=str(r.source),
        source_url=r.source.url,
        owner=finding.owner if judged is not Outcome.PASSED else "",
        message=redactor.text(finding.message),
        at=finding.at,
        expected=tuple(redactor.text(e) for e in finding.expected),
        actual=redactor.value(finding.actual),
        exchanges=finding.evidence,
        exchange=redactor.text(str(telling)) if telling and said else "",
        again=redactor.text(curl(telling)) if telling and said else "",
        breaks=r.breaks,
        judged=finding.judged,
        violated=finding.violated,
        duration_s=round(seconds, 6),
        reason=known.reason if known else "",
    )


def _exchange(bench: Bench, id: str) -> Exchange | None:
    return bench.index.by_id.get(id)


def known_failure(
    known: Iterable[KnownFailure], requirement: str, driver: str
) -> KnownFailure | None:
    """The entry that speaks of a requirement with a driver, unless it has expired."""
    today = datetime.now(UTC).date().isoformat()
    for entry in known:
        if entry.requirement == requirement and entry.driver in ("", driver):
            if entry.expires and entry.expires < today:
                continue
            return entry
    return None


def assemble(
    target: Target,
    options: Options,
    drive_result: Drive,
    results: Sequence[Result],
    cases: Mapping[str, Case],
    claims: Sequence[Mapping[str, Any]] = (),
    *,
    started: float,
    redactor: Redactor,
    cost: float | None = None,
    more: Mapping[str, Any] | None = None,
) -> Run:
    """The whole run as its files hold it. ``more``: what else the footer says."""
    empty = vacuous(results, cases, options.claims, options.tier)
    status = exit_status(
        results,
        vacuous=empty,
        unreachable=bool(drive_result.unreachable),
        interrupted=drive_result.interrupted,
        requests=drive_result.requests,
    )
    header: dict[str, Any] = {
        "suite": "openai-conformance",
        "version": __version__,
        "catalogue": catalogue_hash(),
        "documents": DOCUMENTS,
        "target": redactor.text(target.name or target.base_url),
        # where another process drove, only it knows the address of the embedded provider
        "base_url": redactor.text(drive_result.base_url or target.base_url),
        "profile": options.profile,
        "models": redactor.value(dict(drive_result.models or target.models)),
        "drivers": dict(drive_result.drivers),
        "tier": options.tier,
        "level": "should" if options.strict else "must",
        "seed": options.seed,
        "started": datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
    }
    if target.version:
        header["target_version"] = redactor.text(target.version)
    if options.shard.count > 1:
        header["shard"] = str(options.shard)
    table = surface(drive_result.recording.exchanges, cases.values())
    run = Run(header, tuple(results), tuple(claims), extra=tuple(row.line() for row in table))
    footer: dict[str, Any] = {
        "counts": {k: v for k, v in run.counts().items() if v},
        "verdicts": sum(r.observation is not Observation.NOT_RUN for r in results),
        "requests": drive_result.requests,
        "tokens": drive_result.tokens,
        "cost": cost,
        "seconds": round(drive_result.seconds, 3),
        "capabilities": {
            name: str(found)
            for name, found in drive_result.abilities.items()
            if options.claims.get(name) is Claim.CLAIMED or not of_one_provider(name)
        },
        "vacuous": empty,
        "exit": status,
        **(more or {}),
    }
    if drive_result.unreachable:
        footer["unreachable"] = redactor.text(drive_result.unreachable)
    if drive_result.interrupted:
        footer["interrupted"] = True
    return replace(run, footer=footer)


def planned(cases: Sequence[Case], options: Options) -> Plan:
    return plan(cases, options.drivers, options.tier)
