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
from conformance.judge import Bench, judge
from conformance.profile import load_profile
from conformance.recording import Recording
from conformance.reference.app import create_app
from conformance.reference.config import ReferenceConfig
from conformance.requirement import Case
from conformance.results import Finding, Observation
from conformance.run import Drive, Options, drive
from conformance.target import Limits, Target

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
    from conformance.reference.config import reference_keys, reference_models

    return Target(
        BASE_URL,
        keys=reference_keys(config),
        models=reference_models(config),
        limits=Limits(concurrency=64),
        limited_rpm=None,
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
) -> Outcome:
    """Drive and judge a provider with these faults and variations."""
    profile = load_profile("reference")
    cases = [c for c in cases or all_cases() if profile.applies(c.requirement.needs)]
    config = config or ReferenceConfig()
    clock = VirtualClock()
    app = create_app(config, clock=clock, faults=faults, variations=variations)
    claims = dict.fromkeys(all_capabilities(), Claim.CLAIMED)
    options = Options(drivers=drivers, claims=claims, tier=tier)
    found = asyncio.run(
        drive(
            reference_target(config),
            cases,
            options,
            inner=InProcessTransport(app),
            clock=clock,
            recording=Recording(),
            check=False,
        )
    )
    bench = Bench(found.recording.by_probe(), claims, found.abilities)
    findings = {
        (case.id, driver): judge(case, driver, bench)
        for case in cases
        for driver in drivers
        if driver in case.drivers
    }
    return Outcome(findings, found, dict(found.recording.unsent))
