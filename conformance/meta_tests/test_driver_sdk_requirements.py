"""The requirements on client libraries hold with the embedded provider; each fault breaks one."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Sequence
from typing import Any

import pytest

from conformance.catalogue import all_cases
from conformance.clock import VirtualClock
from conformance.drivers.http import HttpDriver
from conformance.drivers.inprocess import InProcessTransport
from conformance.drivers.python_sdk import NAMES
from conformance.drivers.sdk_open import open_drivers
from conformance.engine import Engine, World, findings, plan
from conformance.judge import Bench, judge
from conformance.recording import Recording
from conformance.reference.app import create_app
from conformance.reference.config import (
    MODEL_CHAT,
    MODEL_EMBEDDING,
    MODEL_INSTRUCT,
    MODEL_MODERATION,
    ReferenceConfig,
    reference_keys,
)
from conformance.reference.fault import all_faults
from conformance.requirement import Case
from conformance.results import Finding, Observation
from conformance.session import Courier
from conformance.target import Limits, Target

MODELS = {
    "chat": MODEL_CHAT,
    "embedding": MODEL_EMBEDDING,
    "moderation": MODEL_MODERATION,
    "completion": MODEL_INSTRUCT,
}
REAL_TIME = ("sdk.retries.recovers", "sdk.retries.waits")
"""The library's own sleep does not move the provider's virtual clock: judged in real runs."""
CASES = {
    case.id: case for case in all_cases() if case.id.startswith("sdk.") and case.id not in REAL_TIME
}
FAULTS = sorted(
    {(fault.id, id) for fault in all_faults().values() for id in fault.breaks if id in CASES}
)


async def _found(cases: Sequence[Case], faults: Sequence[str]) -> dict[tuple[str, str], Finding]:
    clock, recording = VirtualClock(), Recording()
    keys = reference_keys(ReferenceConfig())
    limits = Limits(timeout_s=10)
    target = Target("http://t.test/v1", keys, MODELS, limits, limited_rpm=3, limited_window_s=2)
    app = create_app(clock=clock, faults=faults)
    http = HttpDriver(target, recording, clock, InProcessTransport(app))
    courier = Courier(target, http, recording, clock)
    opened = await open_drivers(NAMES, courier, http.transport)
    try:
        world = World(courier, recording, clock, sdks=opened.drivers)
        await Engine(world, plan(cases, NAMES)).run()
    finally:
        await opened.aclose()
        await http.aclose()
    bench = Bench(recording.by_probe(), {}, findings(recording))
    return {(c.id, name): judge(c, name, bench) for c in cases for name in NAMES}


def found(cases: Sequence[Case], *faults: str) -> dict[tuple[str, str], Finding]:
    async def within() -> dict[tuple[str, str], Finding]:
        async with asyncio.timeout(300):
            return await _found(cases, faults)

    return asyncio.run(within())


@functools.cache
def sound() -> Any:
    return found(tuple(CASES.values()))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("id", CASES)
def test_holds_with_the_embedded_provider(id: str, name: str) -> None:
    finding = sound()[id, name]
    assert finding.observation is Observation.HELD, finding


@pytest.mark.parametrize(("fault", "id"), FAULTS)
def test_fault_is_found_by_both_clients(fault: str, id: str) -> None:
    for finding in found([CASES[id]], fault).values():
        assert finding.observation is Observation.VIOLATED, finding


def test_every_requirement_has_a_fault() -> None:
    assert sorted({id for _, id in FAULTS}) == sorted(CASES)
