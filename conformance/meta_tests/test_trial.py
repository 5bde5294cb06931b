"""Whom a fault changes is told from what a sound run passed, and is what a whole run shows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from conformance.clock import VirtualClock
from conformance.reference.call import Call
from conformance.reference.config import ReferenceConfig
from conformance.reference.fault import Fault
from conformance.reference.matrix import Outcome, changed_abilities, reached, try_out
from conformance.reference.prove import clean
from conformance.reference.trace import Passed, Trace, pickled
from conformance.reference.trial import changes, touched_by

PAIR = ("http", "one")
CALL: dict[str, Any] = {
    "method": "POST", "path": "/v1/x", "route": "chat", "raw": b'{"a": 1}', "request_id": "req_1",
    "started": 0.0, "headers": {"accept": "*/*"}, "query": {}, "query_lists": {}, "params": {},
    "state": {},
}  # fmt: skip


def passed(kept: bytes | None = None, stage: Any = "reply") -> Passed:
    kept = kept or pickled({"id": "a", "data": [{"n": 1}]}, {"stream": True})
    return Passed(PAIR, stage, CALL, None, None, ReferenceConfig(), (1.0, 2.0), kept)


def fault(hook: Callable[..., Any], **more: Any) -> Fault:
    options = {"at": "reply", "routes": None, **more}
    return Fault("a.b", ("a.b",), "It is wrong.", hook=hook, **options)


def looks(call: Call, value: Any) -> None:
    assert (call.stream, call.now, call.clock.monotonic()) == (True, 1, 2.0)
    assert call.config.models


def edits(call: Call, value: Any) -> None:
    value["data"][0]["n"] = 2


def replaces(call: Call, value: Any) -> Any:
    return {**value, "id": "b"}


def saves(call: Call, value: Any) -> Any:
    """What is shown is a copy; what was changed may be the stored object."""
    shown = {**value}
    value["id"] = "b"
    return shown


def fails(call: Call, value: Any) -> Any:
    raise ValueError("no")


def stores(call: Call, value: Any) -> None:
    call.table("files").clear()


def asks(call: Call, value: Any) -> None:
    call.on("another")


def sleeps(call: Call, value: Any) -> Any:
    return call.clock.sleep(1)


def waits(call: Call, value: Any) -> Any:
    return asyncio.sleep(0)


async def hurries(call: Call, value: Any) -> Any:
    return None


def marks(call: Call, value: Any) -> None:
    call.headers["x"] = "y"


def parses(call: Call, value: Any) -> None:
    call.state["raw"] = call.raw


@pytest.mark.parametrize(
    ("hook", "wanted"),
    [
        (looks, (False, False)),
        (hurries, (False, False)),
        (parses, (False, False)),
        (edits, (True, False)),
        (replaces, (True, False)),
        (fails, (True, False)),
        (marks, (True, False)),
        (saves, (True, True)),
        (stores, (True, True)),
        (asks, (True, True)),
        (sleeps, (True, True)),
    ],
)
def test_what_a_hook_does_to_a_copy(hook: Callable[..., Any], wanted: tuple[bool, bool]) -> None:
    assert changes(fault(hook), passed()) == wanted


def test_what_waits_in_real_time_counts_as_a_change() -> None:
    assert changes(fault(waits), passed())[0]


def test_where_a_fault_does_not_apply_nothing_is_changed() -> None:
    assert changes(fault(edits, routes=frozenset({"models"})), passed()) == (False, False)
    assert changes(fault(edits, when=lambda call: call.path == "/"), passed()) == (False, False)
    assert changes(fault(edits, when=lambda call: call.app.data), passed()) == (True, True)


def test_what_cannot_be_copied_counts_as_changed() -> None:
    assert pickled(lambda: None, None) is None
    one = passed()
    one.kept = None
    assert changes(fault(looks), one) == (True, True)


def test_several_faults_change_what_each_of_them_does() -> None:
    trace = Trace({"reply": [passed()]}, {"c.d": {("http", "two")}})
    flag = Fault("c.d", (), "A flag.", "flag", None, None)
    assert touched_by([fault(looks)], trace) == (set(), False)
    assert touched_by([fault(edits)], trace) == ({PAIR}, False)
    assert touched_by([fault(looks), flag], trace) == ({("http", "two")}, True)


def test_what_is_built_upon_a_change_is_sent_again(reference: Outcome) -> None:
    assert reference.trace is not None
    everything = [(x.driver, x.probe) for x in reference.index.exchanges]
    again = reached({("http", "responses_kept")}, everything, reference.trace, False)
    names = {name for _, name in again}
    assert {"responses_kept", "responses_retrieved"} <= names
    assert "chat_stream" not in names
    alone = reached({("http", "responses_retrieved")}, everything, reference.trace, False)
    assert ("http", "responses_kept") in alone  # a fresh provider has to know it
    stored = reached({("http", "responses_kept")}, everything, reference.trace, True)
    assert stored > again


@pytest.fixture(scope="module")
def reference() -> Outcome:
    return clean(("http",), False)


@pytest.mark.parametrize("name", ["chat.stored.updated", "responses.stream.created-early"])
def test_a_part_shows_what_the_whole_shows(name: str, reference: Outcome) -> None:
    part = try_out(faults=[name], base=reference, fuzz=False)
    whole = try_out(faults=[name], fuzz=False)
    assert part.violated == whole.violated != frozenset()
    assert changed_abilities(part.drive.abilities, whole.drive.abilities) == frozenset()


def test_time_passes_when_nothing_else_can_run() -> None:
    clock = VirtualClock()
    seen: list[float] = []

    async def busy() -> None:
        for _ in range(50):
            await asyncio.sleep(0)
        seen.append(clock.monotonic())

    async def both() -> None:
        await asyncio.gather(clock.sleep(5), busy())

    asyncio.run(both())
    assert (seen, clock.monotonic()) == ([0.0], 5.0)
