"""Conversations of scenarios, and what client libraries send through the same gate."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.clock import Clock, SystemClock, VirtualClock
from conformance.drivers.transport import Meta
from conformance.probe import Probe, Skip
from conformance.recording import Recording
from conformance.session import BudgetSpent, Courier, Session
from conformance.target import Limits, Target


class Driver:
    """Keeps what it is asked to send, and answers with one status."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.sent: list[Any] = []

    async def send(self, wanted: Any, meta: Meta) -> Any:
        self.sent.append((wanted, meta))
        return SimpleNamespace(failure=None, status=self.status, response=None)


def courier(clock: Clock | None = None, status: int = 200, **limits: Any) -> Courier:
    target = Target("http://t.invalid/v1", {"api": "sk-1"}, limits=Limits(**limits))
    driver: Any = Driver(status)
    return Courier(target, driver, Recording(), clock or VirtualClock())


def test_a_conversation_is_one_request_with_a_line_for_each_event() -> None:
    used = courier()

    def enough(data: bytes) -> bool:
        return b"done" in data

    session = Session(used, "talk")
    asyncio.run(session.converse("all", "/realtime", {"a": 1}, {"b": "\u00e9"}, until=enough))
    ((wanted, meta),) = used.driver.sent  # type: ignore[attr-defined]
    assert [json.loads(line) for line in wanted.content.splitlines()] == [{"a": 1}, {"b": "\u00e9"}]
    assert (wanted.method, wanted.stop, meta.context) == ("GET", enough, {"websocket": True})


def test_a_scenario_of_a_client_library_sends_through_it() -> None:
    class Sdk:
        seen: tuple[Any, ...] = ()

        async def run(self, probe: Probe, body: Any, path: str) -> None:
            self.seen = (probe.name, probe.method, body, path, probe.drivers)

    sdk, used = Sdk(), courier()
    session = Session(used, "talk", "python-sdk", sdk=sdk)
    asyncio.run(session.call("POST", "/x", {"a": 1}))
    assert sdk.seen == ("talk", "POST", {"a": 1}, "/x", ("python-sdk",))
    with pytest.raises(Skip, match="wants a client library"):
        asyncio.run(Session(used, "talk").call("POST", "/x", {}))


def test_waiting_is_announced_to_people_alone(capsys: pytest.CaptureFixture[str]) -> None:
    Session(courier(), "talk").announce("waits a minute")
    assert capsys.readouterr().err == ""
    Session(courier(SystemClock()), "talk").announce("waits a minute")
    assert capsys.readouterr().err == "talk: waits a minute\n"


def test_what_a_client_library_sends_is_counted_and_paced() -> None:
    clock = VirtualClock()
    used = courier(clock, requests_per_minute=60, max_seconds=2.5)

    async def send() -> None:
        async with used.gate(Meta("one"), tokens=5):
            pass

    async def all_of_them() -> list[Any]:
        return await asyncio.gather(*(send() for _ in range(5)), return_exceptions=True)

    ended = asyncio.run(all_of_them())
    late = [one for one in ended if isinstance(one, BudgetSpent)]
    assert (len(late), used.budget.requests, used.budget.tokens) == (2, 3, 0)


def test_a_second_try_that_has_to_wait_too_long_leaves_the_first() -> None:
    used = courier(status=500, requests_per_minute=1, max_seconds=30)
    found = asyncio.run(Session(used, "talk").post("a", "/talk"))
    assert found.status == 500
    assert (len(used.driver.sent), used.budget.requests) == (1, 1)  # type: ignore[attr-defined]
