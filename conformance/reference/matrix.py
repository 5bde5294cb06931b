"""Every fault against every requirement: the suite's own proof, in this process, in virtual time.

Each run is a fresh provider with one fault (or one legal variation), driven by the same engine and
judged by the same cases as a real target. Given what the provider shows without the fault, only
what the fault changes is sent and judged again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import httpx

from conformance.capability import Claim, all_capabilities, lineage
from conformance.capability import Finding as Ability
from conformance.catalogue import all_cases
from conformance.clock import Clock, SystemClock, VirtualClock
from conformance.drivers.inprocess import InProcessTransport
from conformance.drivers.transport import EXTENSION, Meta
from conformance.engine import Plan
from conformance.judge import Bench, Told, judge
from conformance.probe import all_probes
from conformance.profile import load_profile
from conformance.recording import Index, Recording
from conformance.reference.app import create_app
from conformance.reference.config import ReferenceConfig
from conformance.reference.fault import Fault, all_faults, all_variations
from conformance.reference.patched import Patched
from conformance.reference.trace import PAIR, Pair, SameApp, Trace, TracedApp
from conformance.reference.trial import touched_by
from conformance.requirement import Case
from conformance.results import Finding, Observation
from conformance.run import Drive, Options, drive
from conformance.target import Limits, Target

BASE_URL = "http://reference.invalid/v1"

SHORT_LIVED = ReferenceConfig(idempotency_ttl_s=5.0)
"""Its idempotency keys expire while the run can wait for it."""


class TracedTransport(InProcessTransport):
    """Tells the provider for which probe a request is sent."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        meta: Meta = request.extensions.get(EXTENSION) or Meta()
        PAIR.set((meta.driver, meta.probe))
        return await super().handle_async_request(request)


@dataclass(frozen=True)
class Outcome:
    """What one provider showed: the finding of each requirement and driver.

    ``trace``: what its requests passed, where it had no fault. ``memo``: see
    :class:`conformance.judge.Bench`.
    """

    findings: Mapping[tuple[str, str], Finding]
    drive: Drive
    index: Index
    trace: Trace | None = None
    memo: Mapping[int, dict[str, Told]] = field(default_factory=dict)

    def of(self, observation: Observation) -> frozenset[str]:
        """Ids with this observation under any driver."""
        return frozenset(id for (id, _), f in self.findings.items() if f.observation is observation)

    @property
    def violated(self) -> frozenset[str]:
        return self.of(Observation.VIOLATED)


def reference_target(config: ReferenceConfig) -> Target:
    """The target that an in-process provider is."""
    from conformance.reference.config import KEY_LIMITED, reference_keys, reference_models

    limited = config.keys.get(KEY_LIMITED)
    return Target(
        BASE_URL,
        keys=reference_keys(config),
        models=reference_models(config),
        limits=Limits(concurrency=64),
        limited_rpm=limited.requests_limit if limited else None,
        limited_window_s=limited.window_s if limited else None,
        idempotency_expiry_s=config.idempotency_ttl_s,
        name="embedded provider",
    )


@dataclass(frozen=True)
class Setting:
    """Whose providers are compared: the same cases, drivers and configuration."""

    cases: tuple[Case, ...]
    drivers: tuple[str, ...] = ("http",)
    config: ReferenceConfig = field(default_factory=ReferenceConfig)
    options: Options = field(default_factory=Options)

    @property
    def judged(self) -> Iterable[tuple[Case, str]]:
        """Every case with every driver that it has."""
        return (
            (case, driver)
            for case in self.cases
            for driver in self.drivers
            if driver in case.drivers
        )


def try_out(
    *,
    faults: Sequence[str] = (),
    variations: Sequence[str] = (),
    cases: Sequence[Case] | None = None,
    drivers: tuple[str, ...] = ("http",),
    config: ReferenceConfig | None = None,
    tier: str = "full",
    base: Outcome | None = None,
    fuzz: bool = True,
    again: int = 2,
) -> Outcome:
    """Drive and judge a provider with these faults and variations.

    ``again``: how often at most, when a sound provider answers late on a machine under load.
    ``fuzz``: fuzz it too, as much as the standard tier does. ``base``: what the same provider
    showed without them. Then only what they change is sent again; the rest is taken from there.
    """
    profile = load_profile("reference")
    kept = tuple(c for c in cases or all_cases() if profile.applies(c.requirement.needs))
    claims = dict.fromkeys(all_capabilities(), Claim.CLAIMED)
    options = Options(drivers=drivers, claims=claims, tier=tier, fuzz=fuzz, fuzz_tier="standard")
    setting = Setting(kept, drivers, config or SHORT_LIVED, options)
    if base is not None and base.trace is not None:
        known = {**all_variations(), **all_faults()}
        return _again(setting, [known[name] for name in (*variations, *faults)], base, base.trace)
    clock = clock_for(drivers)
    if faults or variations or setting.config.profile:
        app = create_app(setting.config, clock=clock, faults=faults, variations=variations)
        trace, transport = None, InProcessTransport(app)
    else:
        app = TracedApp(setting.config, clock)
        trace, transport = app.trace, TracedTransport(app)
    found = _drive(setting, transport, clock, Recording())
    if trace is not None and late(found.recording) and again:
        # this machine, not the provider, was slow: its deadlines are in real time
        return try_out(
            cases=cases, drivers=drivers, config=config, tier=tier, fuzz=fuzz, again=again - 1
        )
    index = found.recording.by_probe()
    memo: dict[int, dict[str, Told]] = {}
    if trace is not None:
        memo = {id(x): {} for x in found.recording.exchanges}
    bench = Bench(index, claims, found.abilities, memo)
    findings = {(case.id, driver): judge(case, driver, bench) for case, driver in setting.judged}
    return Outcome(findings, found, index, trace, memo)


def clock_for(drivers: Iterable[str]) -> Clock:
    """Virtual time, unless client libraries are driven: they wait by the clock of the machine."""
    return VirtualClock() if set(drivers) <= {"http"} else SystemClock()


def late(recording: Recording) -> bool:
    """Whether an answer did not come in time."""
    return any(x.failure is not None and x.failure.kind == "timeout" for x in recording.exchanges)


def _drive(
    setting: Setting,
    transport: InProcessTransport,
    clock: Clock,
    recording: Recording,
    chosen: Plan | None = None,
) -> Drive:
    options = setting.options
    if chosen is not None:  # a client library that sends nothing need not be opened
        sending = {driver for driver, _ in chosen.pairs}
        options = replace(options, drivers=tuple(d for d in options.drivers if d in sending))
    return asyncio.run(
        drive(
            reference_target(setting.config),
            setting.cases,
            options,
            inner=transport,
            clock=clock,
            recording=recording,
            check=False,
            chosen=chosen,
        )
    )


def _again(setting: Setting, planted: Sequence[Fault], base: Outcome, trace: Trace) -> Outcome:
    """What a provider shows, told from what it shows without what is planted."""
    pairs, stored = touched_by(planted, trace)
    whole = base.drive.recording
    # in the order of sending, which scenarios that run alone keep
    everything = list(dict.fromkeys([(x.driver, x.probe) for x in base.index.exchanges]))
    everything += [pair for pair in whole.unsent if pair not in everything]
    gone: frozenset[str] = frozenset()
    while True:
        pairs = reached(pairs, everything, trace, stored)
        rest = Recording(x for x in whole.exchanges if (x.driver, x.probe) not in pairs)
        rest.unsent = {k: v for k, v in whole.unsent.items() if k not in pairs}
        clock = clock_for(setting.drivers)
        app = SameApp(setting.config, clock, planted, trace)
        chosen = Plan(tuple(pair for pair in everything if pair in pairs))
        found = _drive(setting, TracedTransport(app), clock, rest, chosen)
        now = changed_abilities(base.drive.abilities, found.abilities)
        if now <= gone:
            break
        # what needs a capability that is not what it was may be sent or left now
        gone |= now
        more = {pair for pair in everything if gone & set(lineage(all_probes()[pair[1]].needs))}
        if more <= pairs:
            break
        pairs |= more
    index = Patched(base.index, found.recording, frozenset(pairs))
    bench = Bench(index, setting.options.claims, found.abilities, base.memo)
    findings = {}
    for case, driver in setting.judged:
        key = (case.id, driver)
        same = key in base.findings and not gone & set(lineage(case.requirement.needs))
        if same and not index.concerns(case, driver):
            findings[key] = base.findings[key]
        else:
            findings[key] = judge(case, driver, bench)
    return Outcome(findings, found, index)


def changed_abilities(
    before: Mapping[str, Ability], after: Mapping[str, Ability]
) -> frozenset[str]:
    """The capabilities of which something else was found."""
    return frozenset(name for name in after if before.get(name) != after[name])


TOGETHER = {
    "conversations": "responses",
    **dict.fromkeys(
        ("assistants", "threads", "uploads", "vector_stores", "batches", "fine_tuning"), "files"
    ),
}
"""Routes that share what is stored: what a fault changes in one may show in another."""


def group(route: str) -> str:
    """The group of a route's name (``chat.retrieve``)."""
    first = route.split(".")[0]
    return TOGETHER.get(first, first)


def reached(pairs: set[Pair], everything: Iterable[Pair], trace: Trace, stored: bool) -> set[Pair]:
    """All that must be sent again when some pairs are.

    ``stored``: what is stored may differ, and shows wherever the same is looked at.
    """
    known = all_probes()
    found = set(pairs)
    if stored:
        groups = {group(r) for pair in pairs for r in trace.stateful.get(pair, ())}
        found |= {p for p, routes in trace.stateful.items() if groups & set(map(group, routes))}
    follow: dict[str, set[str]] = {}
    for _, name in everything:
        for earlier in known[name].after:
            follow.setdefault(earlier, set()).add(name)
    keeps = {name for _, name in trace.stateful}
    changed = {name for _, name in found}
    spread(changed, lambda name: follow.get(name, ()))  # what builds upon a changed answer
    # What it builds upon must be there again; with it comes whatever looks at the same object.
    again = set(changed)
    spread(again, lambda name: keeps.intersection((*known[name].after, *follow.get(name, ()))))
    return {pair for pair in everything if pair[1] in again}


def spread(names: set[str], more: Callable[[str], Iterable[str]]) -> None:
    """Add what names lead to, until there is no more."""
    waiting = list(names)
    while waiting:
        for name in more(waiting.pop()):
            if name not in names:
                names.add(name)
                waiting.append(name)
