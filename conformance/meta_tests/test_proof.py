"""What the fault matrix showed, kept as data."""

from __future__ import annotations

import json
from pathlib import Path

from conformance.reference.proof import LONGEST, example, load, record
from conformance.reference.prove import Proof
from conformance.results import Finding, Observation

SEEN = Finding(Observation.VIOLATED, at="id", expected=("a string",), actual={"long": "x" * 999})


def test_an_example_is_short() -> None:
    found = example(SEEN)
    assert (found["at"], found["expected"]) == ("id", ["a string"])
    assert len(found["actual"]) == LONGEST + 1
    assert example(Finding(Observation.VIOLATED, message="why")) == {"message": "why"}
    assert example(Finding(Observation.VIOLATED)) == {}


def test_what_was_tried_adds_up_until_the_catalogue_changes(tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    assert load(path)["tried"] == {}
    one = Proof("a.b", (), (), (), {"a.b": SEEN}).line()
    two = Proof("a.c", ("a.c",), ("a.d",), ("broke",)).line()
    record(path, [one], "first")
    made = record(path, [two], "first")
    assert json.loads(path.read_text("utf-8")) == made == load(path)
    assert set(made["tried"]) == {"a.b", "a.c"}
    assert made["tried"]["a.c"]["missed"] == ["a.c"]
    assert set(record(path, [two], "second")["tried"]) == {"a.c"}
