"""Driving: what is sent late or not at all, what stands in for what, what a gate says."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.capability import Capability, Finding, find
from conformance.catalogue import select
from conformance.clock import SystemClock, VirtualClock
from conformance.engine import plan
from conformance.exchange import Steps
from conformance.meta_tests import test_engine as engine
from conformance.meta_tests.support import made
from conformance.meta_tests.test_engine import (
    App,
    add,
    add_capability,
    case,
    driven,
    fine,
    flaky,
)
from conformance.probe import Model, Scenario
from conformance.session import Session
from conformance.target import Limits

registry = engine.registry


def test_what_is_shown_by_an_absent_capability_is_absent(registry: dict[str, Any]) -> None:
    add(registry, "gate")
    add_capability("chat", "gate")
    add(registry, "keys", needs="chat")
    add_capability("auth", "keys")
    add(registry, "forms", needs="auth")
    app = App(lambda _: (404, {}, {"detail": "Not Found"}))
    found = driven(app, case("forms", needs="auth"))
    assert [r["path"] for r in app.seen] == ["/v1/gate"]
    assert found.abilities["auth"] is Finding.ABSENT
    assert found.recording.unsent["http", "forms"].kind == "unsupported"


@pytest.mark.parametrize("models", [{"chat": "m"}, {"chat": "m", "speech": "s"}])
def test_a_model_of_another_sort_that_fails_shows_nothing(
    registry: dict[str, Any], models: dict[str, str]
) -> None:
    async def talk(session: Session) -> None:
        await session.post("a", "/talk", named=session.model("speech"))

    add(registry, "gate", body={"model": Model("speech")})
    add_capability("speech", "gate")
    registry["talk"] = Scenario("talk", talk)
    add_capability("talking", "talk")
    app = App(lambda _: (500, {}, {}))
    found = driven(app, case("gate", needs="speech"), case("talk", needs="talking"), models=models)
    expected = Finding.BROKEN if "speech" in models else Finding.ABSENT
    assert (found.abilities["speech"], found.abilities["talking"]) == (expected, expected)


def test_late_probes_are_sent_when_all_others_are_done(registry: dict[str, Any]) -> None:
    add(registry, "later", after=("late",))
    add(registry, "late", late=True)
    for name in ("one", "two"):
        add(registry, name)
    app = App(fine)
    driven(app, *map(case, ("later", "late", "one", "two")))
    assert [r["path"] for r in app.seen][2:] == ["/v1/late", "/v1/later"]


def test_what_waits_for_a_slot_is_not_sent_when_the_time_is_over(registry: dict[str, Any]) -> None:
    clock = VirtualClock()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await clock.sleep(4.0)
        await App(fine)(scope, receive, send)

    names = [f"p{n}" for n in range(9)]
    for name in names:
        add(registry, name)
    limits = Limits(max_seconds=10.0, concurrency=1)
    found = driven(slow, *(case(name) for name in names), limits=limits, clock=clock)
    assert found.requests == len(found.recording.exchanges) == 3
    assert {u.kind for u in found.recording.unsent.values()} == {"budget"}


def test_a_second_try_that_comes_too_late_leaves_the_first(registry: dict[str, Any]) -> None:
    add(registry, "one")
    app = flaky((429, {"retry-after": "20"}), (200, {}))
    found = driven(app, case("one"), limits=Limits(max_seconds=10.0))
    assert found.requests == 1
    assert [x.superseded for x in found.recording.exchanges] == [False]


@pytest.mark.parametrize(
    ("status", "body", "wanted"),
    [
        (200, {}, Finding.WORKS),
        (400, {}, Finding.REFUSED),
        (404, {}, Finding.ABSENT),
        (404, {"error": {"code": "model_not_found"}}, Finding.REFUSED),
        (429, {}, Finding.UNKNOWN),
        (500, {}, Finding.BROKEN),
        (501, {}, Finding.ABSENT),
    ],
)
def test_what_a_gate_says(status: int, body: Any, wanted: Finding) -> None:
    assert find(Capability("a", "a", "g"), made(body, status=status)) is wanted


def test_a_gate_whose_effect_cannot_be_read_is_broken() -> None:
    def look(x: Any) -> bool:
        return bool(x.json["missing"])

    assert find(Capability("a", "a", "g", took_effect=look), made({})) is Finding.BROKEN
    assert find(Capability("a", "a", "g"), None) is Finding.UNKNOWN
    assert find(Capability("a", "a", "g"), made(response=False)) is Finding.UNKNOWN


@pytest.mark.parametrize(
    ("words", "probe"),
    [(("threads",), "threads_use"), (("lists",), "vector_stores_use"), (("stored",), "stored_use")],
)
def test_passive_requirements_alone_are_given_something_to_judge(
    words: tuple[str, ...], probe: str
) -> None:
    chosen = select(words)
    assert all(case.passive for case in chosen)
    assert ("http", probe) in plan(chosen, ("http",)).pairs
    mixed = (*chosen, *select(("thread.run.ends",)))
    assert ("http", probe) not in plan(mixed, ("http",)).pairs


def test_tidying_up_shows_nothing_of_a_capability() -> None:
    capability = Capability("x", "x", "gate")
    refused = made({"error": "no"}, status=400, probe="gate", step="create")
    tidied = made({}, probe="gate", step="cleanup")
    assert find(capability, Steps("gate", (refused, tidied))) is Finding.REFUSED
    assert find(capability, Steps("gate", (tidied,))) is Finding.UNKNOWN


def test_a_probe_goes_out_with_a_client_library(registry: dict[str, Any]) -> None:
    said = {"model": "m", "messages": [{"role": "user", "content": "Hello."}]}
    drivers = ("http", "python-sdk")
    add(registry, "one", path="/chat/completions", body=said, drivers=drivers)
    app = App(fine)
    found = driven(app, case("one", drivers=drivers[1:]), drivers=drivers, clock=SystemClock())
    exchange = found.recording.exchange("one", "python-sdk")
    assert exchange is not None
    assert exchange.client is not None
    assert [r["body"] for r in app.seen] == [said]
