"""Which clients notice a fault: tried with one of them, kept, and told."""

from __future__ import annotations

import json
from pathlib import Path

from conformance.meta_tests.command import Ask, ask
from conformance.reference import seen
from conformance.reference.fault import all_faults
from conformance.requirement import EVERY_DRIVER

__all__ = ["ask"]


def test_a_client_library_loses_what_raw_http_reads() -> None:
    found = seen.seen("chat.stream.terminator", ("http", "python-sdk"))
    assert found["http"] == found["python-sdk"] == ["chat.stream.terminator"]


def test_what_was_tried_is_kept_and_told(tmp_path: Path) -> None:
    file = tmp_path / "seen.json"
    assert seen.read(file) == {}
    found = {"b": {"http": ["x"], "node-sdk": []}, "a": {"http": []}}
    seen.write(found, file)
    assert seen.read(file) == found
    assert list(json.loads(file.read_text())["faults"]) == ["a", "b"]
    assert next(iter(seen.rows(found))).split() == ["b", "http", "1", "node-sdk", "–"]


def test_what_is_kept_is_of_faults_that_exist(ask: Ask) -> None:
    kept = seen.read()
    assert set(kept) <= set(all_faults())
    assert {driver for told in kept.values() for driver in told} == set(EVERY_DRIVER)
    assert any(told["http"] != told["node-sdk"] for told in kept.values())
    assert "seen with http, " in ask("faults").out
    assert len(seen.names(["sdk."])) < len(seen.names([])) == len(all_faults())
