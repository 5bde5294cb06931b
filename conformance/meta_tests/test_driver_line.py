"""One connection on a real socket: kept, or closed by the server."""

from __future__ import annotations

import asyncio

import pytest

from conformance.cases.test_http import test_reused as decide_reused
from conformance.clock import SystemClock
from conformance.drivers.http import HttpDriver
from conformance.drivers.line import PORT, Line
from conformance.expect import Violation
from conformance.probe import Scenario, all_probes
from conformance.recording import Recording
from conformance.reference.config import ReferenceConfig, reference_keys, reference_models
from conformance.reference.serve import ServedReference
from conformance.session import Courier, Session
from conformance.target import Target


async def _drive(base_url: str) -> Recording:
    config = ReferenceConfig()
    target = Target(base_url, reference_keys(config), reference_models(config))
    recording, clock = Recording(), SystemClock()
    driver = HttpDriver(target, recording, clock)
    scenario = all_probes()["http_line"]
    assert isinstance(scenario, Scenario)
    try:
        await scenario.run(Session(Courier(target, driver, recording, clock), "http_line"))
    finally:
        await driver.aclose()
    return recording


def test_kept() -> None:
    with ServedReference() as served:
        steps = asyncio.run(_drive(served.base_url)).steps("http_line")
    assert steps is not None
    assert len({x.context[PORT] for x in steps}) == 1
    decide_reused(steps)


def test_the_line_is_not_of_the_pool() -> None:
    target = Target("http://t.invalid/v1")
    recording, clock = Recording(), SystemClock()
    pooled = HttpDriver(target, recording, clock)
    line = Line(Session(Courier(target, pooled, recording, clock), "http_line"))
    assert line.inner is not pooled.transport.inner


def test_closed() -> None:
    with ServedReference(faults=["http.keep-alive.reused"]) as served:
        steps = asyncio.run(_drive(served.base_url)).steps("http_line")
    assert steps is not None
    with pytest.raises(Violation):
        decide_reused(steps)
