"""Going on with a run: what had come to its end is taken over, halves are not."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.engine import Plan
from conformance.exchange import ClientView, Failure
from conformance.har import read_finished, write_har
from conformance.meta_tests.support import made
from conformance.output import PARTIAL, Spool, read_spool, spooled_finished
from conformance.probe import Scenario, all_probes
from conformance.recording import Recording
from conformance.resume import answered, complete, resumed
from conformance.run import without_answered
from conformance.secrets import Redactor

VIEW = ClientView("openai", "chat", "returned")
CHAT = made({}, probe="chat")
SDK = made({}, probe="chat", driver="python-sdk", id="x2")
STORED = made({}, probe="fuzz_stored_files", id="x3")
NONE: frozenset[tuple[str, str]] = frozenset()


def test_a_single_answer_is_complete() -> None:
    assert complete([CHAT], NONE)
    assert not complete([replace(CHAT, response=None, failure=Failure("timeout", "late"))], NONE)
    assert not complete([replace(CHAT, failure=Failure("interrupted", "cut"))], NONE)
    assert not complete([replace(CHAT, superseded=True)], NONE)
    assert not complete([replace(CHAT, probe="no such probe")], NONE)


def test_the_call_of_a_client_library_is_complete_with_its_view() -> None:
    assert not complete([SDK], NONE)
    assert complete([replace(SDK, client=VIEW)], NONE)


def test_a_scenario_is_complete_when_it_came_to_its_end() -> None:
    assert not complete([STORED], NONE)
    assert complete([STORED], frozenset({("http", "fuzz_stored_files")}))


def test_a_scenario_of_client_libraries_is_complete_when_each_of_them_has_ended() -> None:
    several = [
        name
        for name, probe in all_probes().items()
        if isinstance(probe, Scenario) and "http" not in probe.drivers and len(probe.drivers) > 1
    ]
    name = several[0]
    one, two = all_probes()[name].drivers[:2]
    sent = [
        made({}, probe=name),
        made({}, probe=name, driver=one),
        made({}, probe=name, driver=two),
    ]
    assert not complete(sent, frozenset({(one, name)}))
    assert complete(sent, frozenset({(one, name), (two, name)}))
    assert answered(sent) == {(one, name), (two, name)}


def test_what_changed_and_what_ended_is_spooled(tmp_path: Path) -> None:
    recording = Recording()
    with Spool(tmp_path, Redactor({"api": "sk-secret-key"})) as spool:
        recording.listeners.append(spool.add)
        recording.changed.append(spool.add)
        recording.endings.append(spool.finish)
        recording.add(SDK)
        recording.update(replace(SDK, client=VIEW))
        recording.add(STORED)
        recording.finish("http", "fuzz_stored_files")
        recording.update(CHAT)  # nobody had added it
    part = tmp_path / PARTIAL
    assert [(x.id, x.client) for x in read_spool(part)] == [
        ("x2", VIEW),
        ("x3", None),
        ("x1", None),
    ]
    assert spooled_finished(part) == {("http", "fuzz_stored_files")}
    assert [(x.id, x.driver, x.probe) for x in resumed(tmp_path)] == [
        ("x1", "python-sdk", "chat"), ("x2", "http", "fuzz_stored_files"), ("x3", "http", "chat"),
    ]  # fmt: skip
    part.write_text(part.read_text() + "5\n", "utf-8")
    assert len(read_spool(part)) == 3


def test_a_whole_run_says_in_its_har_what_ended(tmp_path: Path) -> None:
    ended = {("http", "fuzz_stored_files")}
    text = write_har([STORED], creator="t", version="0", finished=ended)
    (tmp_path / "exchanges.har").write_text(text, "utf-8")
    assert read_finished(tmp_path / "exchanges.har") == ended
    assert [x.probe for x in resumed(tmp_path)] == ["fuzz_stored_files"]
    assert read_finished(tmp_path / "none.har") == NONE
    assert "_finished" not in json.loads(write_har([], creator="t", version="0"))["log"]


def test_only_what_ended_is_left_out_of_the_plan() -> None:
    recording = Recording([CHAT])
    recording.finish("http", "chat")
    plan = Plan((("http", "chat"), ("python-sdk", "chat"), ("http", "fuzz_stored_files")))
    assert without_answered(plan, recording).pairs == plan.pairs[1:]


def test_a_spool_without_a_folder_notes_nothing() -> None:
    with Spool(None, Redactor()) as spool:
        spool.finish("http", "chat")


def test_client_libraries_and_scenarios_are_not_sent_again(tmp_path: Path) -> None:
    pytest.importorskip("openai")
    from conformance.catalogue import all_cases
    from conformance.reference.config import ReferenceConfig
    from conformance.reference.matrix import reference_target
    from conformance.reference.serve import ServedReference
    from conformance.run import Options, drive
    from conformance.target import Target

    cases = [c for c in all_cases() if c.id.startswith(("chat.usage.total", "fuzz.moderations"))]
    with ServedReference(ReferenceConfig()) as served:
        base = reference_target(ReferenceConfig())
        target = Target(served.base_url, base.keys, base.models)
        options = Options(drivers=("http", "python-sdk"))
        first = asyncio.run(drive(target, cases, options))
        text = write_har(first.recording.exchanges, creator="t", version="0",
                         finished=first.recording.finished)  # fmt: skip
        (tmp_path / "exchanges.har").write_text(text, "utf-8")
        again = Recording(resumed(tmp_path))
        for pair in answered(again.exchanges):
            again.finish(*pair)
        kept = len(again)
        second = asyncio.run(drive(target, cases, options, recording=again))
    assert {x.driver for x in again.exchanges[:kept]} == {"http", "python-sdk"}
    assert any(x.probe == "fuzz_moderations" for x in again.exchanges[:kept])
    # whether the target answers is looked at again, and its models
    assert {x.probe for x in second.recording.exchanges[kept:]} == {"reach"}
