"""Every fault against every requirement: the suite's own proof, in this process, in virtual time.

Each run is a fresh provider with one fault (or one legal variation), driven by the same engine and
judged by the same cases as a real target.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from conformance.capability import Claim, all_capabilities
from conformance.catalogue import all_cases
from conformance.clock import VirtualClock
from conformance.drivers.inprocess import InProcessTransport
from conformance.engine import Plan
from conformance.judge import Bench, judge
from conformance.profile import load_profile
from conformance.recording import Recording
from conformance.reference.app import create_app
from conformance.reference.config import ReferenceConfig
from conformance.reference.fault import all_faults, all_variations
from conformance.requirement import Case
from conformance.results import Finding, Observation
from conformance.run import Drive, Options, drive
from conformance.target import Limits, Target

_MEMO: dict[tuple[str, str, bytes], Finding] = {}
"""What passive cases found: a fault changes few exchanges, the rest is not judged again."""

BASE_URL = "http://reference.invalid/v1"


@dataclass(frozen=True)
class Outcome:
    """What one provider showed: the finding of each requirement and driver."""

    findings: Mapping[tuple[str, str], Finding]
    drive: Drive
    unsent: Mapping[tuple[str, str], object] = field(default_factory=dict)

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
        name="embedded provider",
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
) -> Outcome:
    """Drive and judge a provider with these faults and variations.

    ``fuzz``: fuzz it too, as much as the standard tier does. ``base``: what the same provider
    showed without them. Then only the probes of the routes that the faults change are sent again;
    the rest is taken from there.
    """
    profile = load_profile("reference")
    cases = [c for c in cases or all_cases() if profile.applies(c.requirement.needs)]
    config = config or ReferenceConfig()
    clock = VirtualClock()
    app = create_app(config, clock=clock, faults=faults, variations=variations)
    claims = dict.fromkeys(all_capabilities(), Claim.CLAIMED)
    options = Options(drivers=drivers, claims=claims, tier=tier, fuzz=fuzz, fuzz_tier="standard")
    recording, chosen = Recording(), None
    if base is not None:
        recording, chosen = _rest(base.drive.recording, groups_of([*faults, *variations]))
    found = asyncio.run(
        drive(
            reference_target(config),
            cases,
            options,
            inner=InProcessTransport(app),
            clock=clock,
            recording=recording,
            check=False,
            chosen=chosen,
        )
    )
    bench = Bench(found.recording.by_probe(), claims, found.abilities, _MEMO)
    findings = {
        (case.id, driver): judge(case, driver, bench)
        for case in cases
        for driver in drivers
        if driver in case.drivers
    }
    return Outcome(findings, found, dict(found.recording.unsent))


TOGETHER = {
    "conversations": "responses",
    **dict.fromkeys(
        ("assistants", "threads", "uploads", "vector_stores", "batches", "fine_tuning"), "files"
    ),
}
"""Routes that share state: what a fault changes in one may show in another."""


def group(name: str) -> str:
    """The group of a route's name (``chat.retrieve``) or of an endpoint (``/chat/completions``)."""
    first = name.strip("/").replace("/", ".").split(".")[0]
    return TOGETHER.get(first, first)


def groups_of(planted: Sequence[str]) -> frozenset[str] | None:
    """The groups that faults or variations change; None when it may be all of them."""
    known = {**all_variations(), **all_faults()}
    routes = [known[name].routes for name in planted]
    if any(r is None or r & {"unknown", "preflight"} for r in routes):
        return None
    return frozenset(group(route) for r in routes if r is not None for route in r)


def _rest(whole: Recording, groups: frozenset[str] | None) -> tuple[Recording, Plan | None]:
    """What need not be sent again, and what must be."""
    if groups is None:
        return Recording(), None
    again = {(x.driver, x.probe) for x in whole.exchanges if group(x.endpoint) in groups}
    rest = Recording(x for x in whole.exchanges if (x.driver, x.probe) not in again)
    again |= set(whole.unsent)
    return rest, Plan(tuple(sorted(again)))
