"""What failed under fuzzing is kept and sent first; walks over stored objects are worth sending."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.errors import UsageError
from conformance.fuzz import kept
from conformance.fuzz.draw import constraints
from conformance.fuzz.schema import ENDPOINTS
from conformance.fuzz.stateful import walk
from conformance.meta_tests.support import made
from conformance.probe import Model

WRONG = {"endpoint": "chat", "valid": False, "pointer": "/temperature", "constraint": "type",
         "level": "must"}  # fmt: skip
VALID = {"endpoint": "embeddings", "valid": True, "holds": ["user"]}


def failed(status: int, fuzz: dict[str, Any], body: dict[str, Any], **more: Any) -> Any:
    return made({}, status=status, sent=body, context={"fuzz": fuzz}, **more)


def test_the_smallest_body_of_a_cause_is_kept_and_read_again(tmp_path: Path) -> None:
    long = {"model": "m", "messages": [], "temperature": "x" * 50}
    short = {"model": "m", "messages": [], "temperature": "x"}
    valid = {"model": "e", "input": "x", "user": "u"}
    found = kept.lines(
        [
            failed(200, WRONG, long),
            failed(200, WRONG, short),
            failed(400, WRONG, {"model": "fine"}),
            failed(500, VALID, valid),
            failed(500, {"endpoint": "raw", "raw": "odd"}, {}),
        ]
    )
    assert [(line["endpoint"], line["status"]) for line in found] == [
        ("chat", 200), ("embeddings", 500)]  # fmt: skip
    assert all(line["curl"].startswith("curl ") for line in found)
    told = kept.told([failed(200, WRONG, long), failed(200, WRONG, short)])
    assert told == [f"chat, {found[0]['cause']}: {found[0]['curl']}"]
    assert '"temperature": "x"' in found[0]["curl"].replace(':"', ': "')
    (tmp_path / kept.FILE).write_text(kept.dump(found), "utf-8")
    again = kept.load(tmp_path)
    assert again["chat"][0].body == {**short, "model": Model("chat")}
    assert str(again["chat"][0].constraint) == "/temperature type"
    assert again["embeddings"][0].body["model"] == Model("embedding")
    assert again["embeddings"][0].holds == ("user",)


def test_nothing_is_kept_where_there_is_nothing(tmp_path: Path) -> None:
    assert kept.load(None) == {}
    assert kept.load(tmp_path) == {}


def test_a_broken_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / kept.FILE).write_text(json.dumps({"endpoint": "chat"}) + "\n", "utf-8")
    with pytest.raises(UsageError, match=r"line 1.*Delete the line"):
        kept.load(tmp_path)


def test_the_run_says_what_it_negated() -> None:
    found = kept.coverage([failed(400, WRONG, {}), made({})])
    assert found["chat"]["negated"] == 1
    assert found["chat"]["of"] == len(constraints("chat"))
    assert len(found["chat"]["left"]) == found["chat"]["of"] - 1
    assert kept.coverage([made({})]) == {}


@pytest.mark.parametrize("name", [e.name for e in ENDPOINTS])
def test_the_full_tier_negates_every_keyword(name: str) -> None:
    from conformance.fuzz.draw import chosen_constraints

    assert {c for c, _ in chosen_constraints(name, "full", 0)} == {c for c, _ in constraints(name)}


@pytest.mark.parametrize("changes", [True, False])
@pytest.mark.parametrize("number", [0, 7])
def test_a_walk_deletes_and_looks_again(changes: bool, number: int) -> None:
    steps = walk(changes, number)
    assert steps == walk(changes, number)
    made: set[int] = set()
    gone: set[int] = set()
    survived: set[int] = set()
    late, beside = 0, 0
    for step in steps:
        late += step.number in gone
        beside += step.do == "retrieve" and step.number in survived
        if step.do == "create":
            made.add(step.number)
        if step.do == "delete" and step.number not in gone:
            gone.add(step.number)
            survived = made - gone
    assert late > 0
    assert beside > 0
    assert changes or all(step.do != "change" for step in steps)
