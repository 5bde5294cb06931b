"""The structures of answers: read, compared, kept by syrupy under plain pytest."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.drift.compare import ABSENT, Kind, drift, dump, parse, widened
from conformance.drift.snapshot import FILE
from conformance.drift.structure import DEEPEST, MOST, structures
from conformance.meta_tests.command import FEW, clean_names
from conformance.meta_tests.support import made, stream
from conformance.reference.config import KEY_MAIN
from conformance.reference.serve import ServedReference

ONE = {"chat": {"body": ["object"], "a": ["string"], "b": ["object"], "b.c": ["integer"]}}


def of(body: Any) -> dict[str, list[str]]:
    return structures([made(body, probe="chat")]).get("chat", {})


def now(**paths: Any) -> dict[str, dict[str, list[str]]]:
    """``ONE`` with other paths; None takes one away."""
    merged = {**ONE["chat"], **{name.replace("__", "."): kinds for name, kinds in paths.items()}}
    return {"chat": {path: kinds for path, kinds in merged.items() if kinds is not None}}


def told(new: dict[str, Any]) -> list[tuple[Kind, str]]:
    return [(each.kind, each.path) for each in drift(ONE, new)]


def test_every_path_has_its_types() -> None:
    assert of({"a": [1, 1.5, None, True], "b": {"c": "x"}, "metadata": {"run-12345": "y"}}) == {
        "a": ["array"],
        "a[]": ["boolean", "integer", "null", "number"],
        "b": ["object"],
        "b.c": ["string"],
        "body": ["object"],
        "metadata": ["object"],
        "metadata.*": ["string"],
    }


def test_streams_are_read_event_by_event() -> None:
    seen = structures(
        [stream({"type": "response.created"}, {"choices": []}, probe="s", step="one")]
    )
    assert seen == {
        "s, one": {
            "event message": ["object"],
            "event message.choices": ["array"],
            "event response.created": ["object"],
            "event response.created.type": ["string"],
        }
    }


def test_what_a_target_sends_is_bounded() -> None:
    deep: Any = 1
    for _ in range(60):
        deep = [deep]
    assert max(path.count("[]") for path in of(deep)) == DEEPEST
    assert len(of({f"k{chr(97 + n % 26)}{'x' * (n // 26)}": n for n in range(1600)})) <= MOST
    assert of("no JSON") == {}
    assert structures([made({"a": 1}, probe="chat", status=500)]) == {}


def test_kinds_of_drift() -> None:
    assert told(now()) == []
    assert told(now(a=None)) == [(Kind.REMOVED, "a")]
    assert told(now(b=None, b__c=None)) == [(Kind.REMOVED, "b")]
    assert told(now(a=["integer"])) == [(Kind.RETYPED, "a")]
    assert told(now(a=["null", "string"])) == [(Kind.NULLED, "a")]
    assert told(now(b=["null"], b__c=None)) == [(Kind.NULLED, "b")]
    assert told(now(d=["string"], a=None)) == [(Kind.REMOVED, "a"), (Kind.ADDED, "d")]
    assert told({}) == []
    assert [str(each) for each in drift(ONE, now(a=["null"]))] == [
        "breaking: newly null chat: a (string -> null)"
    ]


def test_elements_of_an_empty_list_are_not_removed() -> None:
    full, empty = {"p": of({"a": [{"b": 1}]})}, {"p": of({"a": []})}
    assert drift(full, empty) == ()


def test_a_number_may_be_whole() -> None:
    assert drift({"p": {"a": ["number"]}}, {"p": {"a": ["integer"]}}) == ()


def test_an_accepted_drift_is_none_any_more() -> None:
    for new in (now(a=None), now(a=["null"]), now(d=["string"]), {"other": {"body": ["array"]}}):
        kept = widened(ONE, new)
        assert drift(kept, new) == ()
        assert parse(dump(kept)) == kept
    kept = widened(ONE, now(a=None))
    assert ABSENT in kept["chat"]["a"]
    assert drift(kept, ONE) == ()


def test_what_is_not_kept_is_refused() -> None:
    with pytest.raises(ValueError, match="structures"):
        parse("[]")


Judged = Callable[..., tuple[int, str]]


@pytest.fixture
def judged(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Judged:
    """Plain pytest over one requirement, in this process; exit status and output."""
    for name in clean_names():
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    def run(url: str, *more: str) -> tuple[int, str]:
        capsys.readouterr()
        status = pytest.main(
            [
                *("--pyargs", "conformance.cases", "--requirement", f"{FEW}.unique"),
                *("--driver", "http", "--tier", "smoke", "--base-url", url),
                *("--target-name", "mine", "--api-key", KEY_MAIN, "--out", "here"),
                *("--shapes", "kept", "-p", "no:cacheprovider", "-rN", *more),
            ]
        )
        return int(status), capsys.readouterr().out

    return run


def test_under_plain_pytest(judged: Judged, tmp_path: Path) -> None:
    with ServedReference() as served:
        status, said = judged(served.base_url)
        assert status == 1, said
        assert "keep the answers by --snapshot-update" in said
        status, said = judged(served.base_url, "--snapshot-update")
    assert status == 0, said
    assert "drifted" not in said
    kept = tmp_path / "kept" / "mine" / f"{FILE}.json"
    shapes = json.loads(kept.read_text("utf-8"))
    assert shapes["models"]["data[].id"] == ["string"]
    less = {**shapes["models"]}
    less.pop("data[].owned_by")
    kept.write_text(dump({"models": less}), "utf-8")
    with ServedReference(faults=["models.list.no-created"]) as served:
        status, said = judged(served.base_url)
        assert status == 1, said
        assert "breaking: removed models: data[].created" in said
        assert "additive: added models: data[].owned_by" in said
        assert "created" in kept.read_text("utf-8")  # nothing is accepted unasked
        assert judged(served.base_url, "--snapshot-update")[0] == 0
        assert judged(served.base_url)[0] == 0
