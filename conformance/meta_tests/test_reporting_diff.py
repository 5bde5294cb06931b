"""Two runs compared."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from conformance.meta_tests.test_reporting_samples import HEADER, HOSTILE, footer, result
from conformance.reporting.diff import Diff, Kind, diff, render, render_json
from conformance.results import Outcome, Result, Run

HELD, FAILED = Outcome.PASSED, Outcome.FAILED


def _diff(old: list[Result], new: list[Result], **header: str) -> Diff:
    before = footer(Run(HEADER, tuple(old)), 0)
    return diff(before, footer(Run({**HEADER, **header}, tuple(new)), 0))


@pytest.mark.parametrize(
    ("was", "now", "kind"),
    [
        (Outcome.PASSED, Outcome.FAILED, Kind.BROKEN),
        (Outcome.SKIPPED, Outcome.WARNED, Kind.BROKEN),
        (Outcome.FAILED, Outcome.PASSED, Kind.FIXED),
        (Outcome.INCONCLUSIVE, Outcome.PASSED, Kind.GAINED),
        (Outcome.FAILED, Outcome.ERROR, Kind.LOST),
        (Outcome.FAILED, Outcome.KNOWN, Kind.RULED),
        (Outcome.SKIPPED, Outcome.INCONCLUSIVE, Kind.RULED),
    ],
)
def test_kinds(was: Outcome, now: Outcome, kind: Kind) -> None:
    found = _diff([result("a.b", was)], [result("a.b", now)])
    assert [change.kind for change in found.changes] == [kind]
    assert found.worse is (kind is Kind.BROKEN)
    assert str(kind) in render(found)


def test_changed_evidence_is_not_another_text() -> None:
    old = result("a.b", FAILED, at="id", expected=("x",), actual="one", exchanges=("x1",))
    assert _diff([old], [replace(old, actual="two", exchanges=("x9",))]).same == 1
    changed = _diff([old], [replace(old, actual=None)])
    assert [change.kind for change in changed.changes] == [Kind.EVIDENCE]


def test_drivers_are_apart() -> None:
    old = [result("a.b", HELD), result("a.b", HELD, driver="python-sdk")]
    found = _diff(old, [old[0], result("a.b", FAILED, driver="python-sdk")])
    assert [change.result.driver for change in found.changes] == ["python-sdk"]


def test_new_and_gone() -> None:
    found = _diff([result("a.b", HELD)], [result("a.c", HELD)])
    assert [change.kind for change in found.changes] == [Kind.REMOVED, Kind.ADDED]
    assert "0 unchanged" in render(found)


def test_what_makes_runs_hard_to_compare_is_said() -> None:
    found = diff(Run(HEADER, ()), Run({**HEADER, "catalogue": HOSTILE}, ()))
    assert len(found.remarks) == 3
    assert render(found).startswith("note: the old run is incomplete\n")
    assert "\x1b" not in render(found)


def test_json() -> None:
    old, new = result("a.b", HELD), result("a.b", FAILED, message=HOSTILE)
    value = json.loads(render_json(_diff([old], [new, result("a.c", HELD)])))
    assert value["worse"] is True
    assert [change["kind"] for change in value["changes"]] == ["newly broken", "new"]
    assert value["changes"][1]["old"] is None
