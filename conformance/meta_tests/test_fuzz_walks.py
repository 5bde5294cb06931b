"""Walks over stored objects ask what they must, whatever hypothesis draws."""

from __future__ import annotations

from conformance.fuzz.runs import ALWAYS, DROPPED, THREADS, run_walk, whole
from conformance.fuzz.stateful import Step, _finished, walk


def test_a_walk_over_runs_asks_in_mid_run_after_it_and_after_its_thread() -> None:
    for steps in (run_walk(0), tuple(whole([]))):
        assert [s.do for s in steps if s.number == THREADS + 1] == list(ALWAYS)
        assert [s.do for s in steps if s.number == THREADS + 2] == list(DROPPED)


def test_the_same_seed_walks_the_same_over_runs() -> None:
    assert run_walk.__wrapped__(0) == run_walk(0)


def test_every_walk_looks_into_what_is_there_and_what_is_gone() -> None:
    for steps in (walk(False, 0), tuple(_finished([Step("create", 1), Step("create", 2),
                                                   Step("delete", 1)]))):  # fmt: skip
        gone: set[int] = set()
        late: list[Step] = []
        early: list[Step] = []
        for step in steps:
            if step.do == "delete":
                gone.add(step.number)
            elif step.do == "inside":
                (late if step.number in gone else early).append(step)
        assert late
        assert early


def test_what_was_never_deleted_is_not_asked_for_as_gone() -> None:
    assert _finished([Step("create", 1), Step("retrieve", 1)])[2:] == [Step("inside", 1)]
