"""The list of known failures: strict to read, complete to write, and only ever shorter."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from conformance.errors import UsageError
from conformance.known_failures import documented, dump, findings, load
from conformance.profile import load_profile
from conformance.results import Observation, Outcome, Result
from conformance.verdict import KnownFailure

IDS = ("chat.shape.id", "chat.stream.terminator")
ROW = '[[known_failures]]\nrequirement = "chat.shape.id"\nreason = "issue 7"\n'


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "known.toml"
    path.write_text(text, "utf-8")
    return path


def test_load(tmp_path: Path) -> None:
    text = (
        ROW + "since = 2026-01-02\nexpires = '2026-12-31'\n"
        '[[known_failures]]\nrequirement = "chat.stream.terminator"\ndriver = "node-sdk"\n'
        'reason = "r"\nsince = 2026-01-02T10:00:00\n'
    )
    assert load(write(tmp_path, text), IDS) == (
        KnownFailure("chat.shape.id", "issue 7", "", "2026-01-02", "2026-12-31"),
        KnownFailure("chat.stream.terminator", "r", "node-sdk", "2026-01-02"),
    )
    assert load(write(tmp_path, ""), IDS) == ()


def test_the_catalogue_says_which_requirements_exist(tmp_path: Path) -> None:
    text = '[[known_failures]]\nrequirement = "chat.stream.terminator"\nreason = "r"\n'
    assert len(load(write(tmp_path, text))) == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("known_failures = 3", "known_failures wants [[known_failures]] tables."),
        ("known_failures = [3]", "known_failures wants [[known_failures]] tables."),
        ("[[failures]]", "unknown key 'failures'; entries are [[known_failures]] tables."),
        (ROW + "reasn = 'x'", "entry 1: unknown key 'reasn'; did you mean 'reason'?"),
        (ROW.replace('"issue 7"', "3"), "entry 1: reason wants a string, not 3."),
        (ROW.replace("issue 7", " "), "'reason' is missing; say why chat.shape.id is violated."),
        (ROW.replace("requirement", "driver"), "'requirement' is missing; name the one"),
        (
            ROW.replace("shape.id", "shape.ids"),
            "no requirement is called 'chat.shape.ids'; did you mean 'chat.shape.id'?",
        ),
        (ROW.replace("chat.shape.id", "zz"), "called 'zz'; `conformance list` shows all."),
        (ROW + "expires = 'soon'", "expires wants a day like 2026-12-31, not 'soon'."),
        (ROW + "since = 3", "since wants a day like 2026-12-31, not 3."),
        (ROW + ROW, "entry 2: chat.shape.id is listed twice; keep one."),
        (ROW + ROW + "driver = 'http'", "entry 2: chat.shape.id is listed twice; keep one."),
    ],
)
def test_lists_that_cannot_be(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=re.escape(sentence)):
        load(write(tmp_path, text), IDS)


def test_a_list_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the list of known failures .* cannot be read"):
        load(tmp_path / "gone.toml", IDS)


def test_what_a_provider_documents_against_openai_is_known() -> None:
    entries = documented(load_profile("assisters-com"))
    assert entries[0] == KnownFailure(
        "chat.bound.temperature",
        "documented by Assisters (assisters.com): temperature ends at 1",
    )
    assert documented(load_profile("openai")) == ()


def result(id: str, outcome: Outcome = Outcome.FAILED, driver: str = "http", **more: Any) -> Result:
    held = outcome is Outcome.PASSED
    more.setdefault("observation", Observation.HELD if held else Observation.VIOLATED)
    return Result(id, "MUST", driver, outcome=outcome, **more)


def test_findings_after_a_run() -> None:
    known = (
        KnownFailure("a.b", "r"),
        KnownFailure("a.c", "r", expires="2026-01-01"),
        KnownFailure("a.d", "r", driver="node-sdk"),
        KnownFailure("a.e", "r", expires="2026-02-01"),
    )
    results = [result(f"a.{x}") for x in "bcde"]
    assert findings(known, results, "2026-02-01") == [
        "the known failure a.c expired on 2026-01-01: mend it.",
        "the known failure a.d [node-sdk] met nothing in this run; delete it if it is gone.",
    ]
    assert findings(known[:1], [], "") == [
        "the known failure a.b met nothing in this run; delete it if it is gone."
    ]


def test_entries_that_stand_are_kept_whole(tmp_path: Path) -> None:
    known = (
        KnownFailure("chat.shape.id", "issue 1", "http", "2026-01-01", "2027-01-01"),
        KnownFailure("chat.stream.terminator", "issue 2", expires="2027-01-01"),
        KnownFailure("chat.a.b", "issue 3"),
        KnownFailure("chat.a.c", "mended"),
    )
    results = [
        result("chat.shape.id", Outcome.KNOWN, reason="issue 1"),
        result("chat.shape.id", driver="node-sdk", message="new"),
        result("chat.stream.terminator", Outcome.SKIPPED, observation=Observation.NOT_RUN),
        result("chat.a.c", Outcome.FAILED, observation=Observation.HELD),
    ]
    written = load(write(tmp_path, dump(results, "2026-03-04", known)), {*IDS, "chat.a.b"})
    assert written == (
        known[2],
        known[0],
        KnownFailure("chat.shape.id", "say why: new", "node-sdk", "2026-03-04"),
        known[1],
    )


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    nasty = 'a "quote"\n\x7f \x1b[31m \ud800 😀 \\'
    results = [
        result("chat.shape.id", message=nasty),
        result("chat.shape.id", driver="node-sdk", message=nasty),
        result("chat.stream.terminator", Outcome.KNOWN, reason="issue 7"),
        result("chat.stream.terminator", Outcome.PASSED, driver="node-sdk"),
        result("chat.a.b", Outcome.WARNED),
        result("chat.a.c", Outcome.FAILED, observation=Observation.HELD),
    ]
    text = dump(results, "2026-03-04")
    first, second = load(write(tmp_path, text), IDS)
    assert first.requirement == "chat.shape.id"
    assert first.driver == ""
    assert first.since == "2026-03-04"
    assert first.reason.startswith('say why: a "quote"\n\x7f')
    assert second == KnownFailure("chat.stream.terminator", "issue 7", "http")
    assert load(write(tmp_path, dump([])), IDS) == ()
    assert "say why: It holds." in dump([result("chat.a.b", text="It holds.")])
    assert "say why: violated" in dump([result("chat.a.b")])
