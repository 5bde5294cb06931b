"""The requirements on client libraries hold with the embedded provider; each fault breaks one."""

from __future__ import annotations

import asyncio
import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

from conformance.capability import Claim, all_capabilities
from conformance.catalogue import all_cases
from conformance.clock import Clock, SystemClock, VirtualClock
from conformance.drivers.http import HttpDriver
from conformance.drivers.inprocess import InProcessTransport
from conformance.drivers.python_sdk import NAMES
from conformance.drivers.sdk_open import open_drivers
from conformance.engine import Engine, World, findings, plan
from conformance.judge import Bench, judge
from conformance.recording import Recording
from conformance.reference.app import create_app
from conformance.reference.config import (
    ReferenceConfig,
    reference_keys,
    reference_models,
)
from conformance.reference.fault import all_faults
from conformance.reference.routes import all_routes
from conformance.requirement import Case
from conformance.results import Finding, Observation
from conformance.session import Courier
from conformance.surface import route_of
from conformance.target import Limits, Target

REAL_TIME = ("sdk.retries.recovers", "sdk.retries.waits", "sdk.runs.poll-helper")
"""The library's own sleep does not move the provider's virtual clock: judged in real runs."""
CASES = {
    case.id: case for case in all_cases() if case.id.startswith("sdk.") and case.id not in REAL_TIME
}
FAULTS = sorted(
    {(fault.id, id) for fault in all_faults().values() for id in fault.breaks if id in CASES}
)


POLLED = "sdk.runs.poll-helper"
QUICK = ReferenceConfig(job_step_s=0.01)


@dataclass(frozen=True)
class Shown:
    """What was sent, and what the cases found."""

    recording: Recording
    findings: Mapping[tuple[str, str], Finding]


async def _found(cases: Sequence[Case], faults: Sequence[str], clock: Clock) -> Shown:
    recording = Recording()
    config = QUICK if isinstance(clock, SystemClock) else ReferenceConfig()
    keys, models = reference_keys(config), reference_models(config)
    limits = Limits(timeout_s=10)
    target = Target("http://t.test/v1", keys, models, limits, limited_rpm=3, limited_window_s=2)
    app = create_app(config, clock=clock, faults=faults)
    http = HttpDriver(target, recording, clock, InProcessTransport(app))
    courier = Courier(target, http, recording, clock)
    opened = await open_drivers(NAMES, courier, http.transport)
    try:
        claims = dict.fromkeys(all_capabilities(), Claim.CLAIMED)
        world = World(courier, recording, clock, claims, sdks=opened.drivers, tier="full")
        await Engine(world, plan(cases, NAMES, "full")).run()
    finally:
        await opened.aclose()
        await http.aclose()
    bench = Bench(recording.by_probe(), {}, findings(recording))
    return Shown(recording, {(c.id, n): judge(c, n, bench) for c in cases for n in NAMES})


def found(cases: Sequence[Case], *faults: str, clock: Clock | None = None) -> Shown:
    async def within() -> Shown:
        async with asyncio.timeout(300):
            return await _found(cases, faults, clock or VirtualClock())

    return asyncio.run(within())


@functools.cache
def sound() -> Shown:
    return found(tuple(CASES.values()))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("id", CASES)
def test_holds_with_the_embedded_provider(id: str, name: str) -> None:
    finding = sound().findings[id, name]
    assert finding.observation is Observation.HELD, finding


@pytest.mark.parametrize(("fault", "id"), FAULTS)
def test_fault_is_found_by_both_clients(fault: str, id: str) -> None:
    for finding in found([CASES[id]], fault).findings.values():
        assert finding.observation is Observation.VIOLATED, finding


def test_every_requirement_has_a_fault() -> None:
    assert sorted({id for _, id in FAULTS}) == sorted(CASES)


@pytest.mark.parametrize("faults", [(), (POLLED,)])
def test_the_helper_that_polls(faults: tuple[str, ...]) -> None:
    case = next(case for case in all_cases() if case.id == POLLED)
    wanted = Observation.VIOLATED if faults else Observation.HELD
    for finding in found([case], *faults, clock=SystemClock()).findings.values():
        assert finding.observation is wanted, finding


NO_CALL = {
    "models.delete": "deletes a model that somebody trained and pays for",
    "images.variations": "only DALL-E 2 made variations, and OpenAI does not serve it any more",
}
"""Routes of the embedded provider that no tour calls, with the reason. Of `/realtime` there is
none either: the library opens its WebSocket itself, past the forwarder that records."""


def test_the_clients_call_every_route_that_the_embedded_provider_serves() -> None:
    known = {route.name: route_of(route.method, _plain(route.path)) for route in all_routes()}
    served = {name: route for name, route in known.items() if route is not None}
    assert NO_CALL.keys() <= served.keys()
    for driver in NAMES:
        sent = {
            route_of(x.request.method, x.endpoint)
            for x in sound().recording.exchanges
            if x.driver == driver
        }
        missing = [name for name, route in served.items() if route not in sent]
        assert sorted(missing) == sorted(NO_CALL), driver


def _plain(path: str) -> str:
    return re.sub(r"[{}*]", "", path)
