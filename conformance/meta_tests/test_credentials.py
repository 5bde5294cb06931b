"""What the suite can show for itself is counted, not claimed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance import credentials, genuine
from conformance.catalogue import all_cases
from conformance.har import write_har
from conformance.meta_tests.support import made
from conformance.reference.fault import all_faults, all_variations
from conformance.reference.proof import record
from conformance.reference.shape_examples import shape_examples


def test_everything_is_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(credentials, "data", tmp_path.joinpath)
    found = credentials.credentials()
    assert set(found["requirements"]) == {case.id for case in all_cases()}
    assert set(found["faults"]) == set(all_faults())
    assert set(found["variations"]) == set(all_variations())
    assert found["field"]["reported"] == len(found["field"]["defects"])
    for row in found["field"]["defects"]:
        assert row.get("faults") or row.get("reason"), row["id"]
    assert (found["proof"]["faults_tried"], found["genuine"]) == (0, {})


def test_what_was_recorded_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(credentials, "data", tmp_path.joinpath)
    one, two = "chat.stream.terminator", "chat.stream.terminator/spelt"
    shown = {"at": "event 3", "expected": ["[DONE]"], "actual": "nothing"}
    lines = [
        {"name": two, "noticed": {one: {**shown, "actual": "[Done]"}}},
        {"name": one, "noticed": {one: shown}},
        {"name": "chat.usage.total", "noticed": {}, "missed": ["chat.usage.total"]},
        {"name": "variation:one", "noticed": {}},
        {"name": "variation:two", "noticed": {}, "extra": ["chat.id"]},
    ]
    record(tmp_path / "proof.json", lines, "abc")
    (tmp_path / "genuine.json").write_text('{"exchanges": 3}')
    found = credentials.credentials()
    assert found["requirements"][one]["example"] == {"fault": one, **shown}
    assert found["requirements"][one]["proved_by"] == "a planted fault"
    assert found["proof"]["catalogue"] == "abc"
    counts = [found["proof"][f"{name}_tried"] for name in ("faults", "variations")]
    passed = (found["proof"]["faults_noticed"], found["proof"]["variations_accepted"])
    assert (counts, passed) == ([3, 2], (2, 1))
    assert found["genuine"] == {"exchanges": 3}


def test_how_a_requirement_is_proved() -> None:
    assert credentials.proved_by("conformance.cases.test_shapes", False).startswith("a broken copy")
    assert credentials.proved_by("conformance.cases.test_served", False).startswith("a provider")
    assert credentials.proved_by("conformance.cases.test_sdk", False) == "a test of its own"
    assert credentials.proved_by("conformance.cases.test_chat", False) == "nothing yet"


def test_recorded_files_are_found_in_the_repository_and_in_a_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert credentials.data("genuine.json").exists()
    monkeypatch.setattr(credentials, "PACKAGE", tmp_path)
    (tmp_path / "_data").mkdir()
    (tmp_path / "_data" / "genuine.json").touch()
    assert credentials.data("genuine.json").parent == tmp_path / "_data"


def test_genuine_traffic_is_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chat = made({"object": "chat.completion", "choices": 3}, sent={"model": "m", "messages": []})
    har = write_har([chat], creator="somebody", version="1")
    (tmp_path / "one.har").write_text(har, "utf-8")
    out = tmp_path / "genuine.json"
    assert genuine.main([str(tmp_path), "--source", "one answer", "--out", str(out)]) == 1
    made_ = json.loads(out.read_text("utf-8"))
    assert json.loads(capsys.readouterr().out) == made_
    assert (made_["exchanges"], made_["source"]) == (1, "one answer")
    assert made_["violated"]["MUST"]["chat.shape.choices"] == ["one.har"]
    assert made_["verdicts"] > made_["requirements_held"] > 0


def test_every_rule_of_shape_has_an_example() -> None:
    examples = shape_examples()
    asked = {case.id for case in all_cases() if case.module.endswith(".test_shapes")}
    assert set(examples) == asked
    assert examples["chat.shape.choices"]["actual"] == "wrong"
    for id, example in examples.items():
        assert example["expected"] != [example["actual"]], id
