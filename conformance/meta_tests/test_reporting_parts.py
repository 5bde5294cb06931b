"""The small parts: text, marks, times, sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.meta_tests.test_reporting_samples import (
    HEADER,
    exchange,
    footer,
    result,
    stream,
)
from conformance.reporting import text
from conformance.reporting.evidence import evidence, excerpt
from conformance.reporting.failure import block, line
from conformance.reporting.html import anchor, safe_url
from conformance.reporting.marks import Piece, pieces
from conformance.reporting.report import build
from conformance.reporting.sentence import verdict
from conformance.reporting.timeline import timeline
from conformance.reporting.timing import plot, timings
from conformance.reporting.words import symbol, worst
from conformance.results import Observation, Outcome, Run


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        ("grüß 世界 😀", "grüß 世界 😀"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\x1b[0m\x00\x9b", "\\x1b[0m\\x00\\x9b"),
        ("\u202e\ud800\ufeff", "\\u202e\\ud800\\ufeff"),
        ("\U000e0041", "\\U000e0041"),
        ("\u2028", "\\u2028"),
    ],
)
def test_plain(raw: str, shown: str) -> None:
    assert shown == text.plain(raw)


def test_short_says_the_true_length() -> None:
    assert text.short("a" * 9, 3) == "aaa… (9 characters)"
    capped = "a" * 2000 + "… (70000 characters)"
    assert text.short(capped, 3) == "aaa… (70000 characters)"
    assert text.value({"a": [1, None]}) == '{"a": [1, null]}'


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "1 byte"),
        (999, "999 bytes"),
        (2900, "2.9 kB"),
        (5_000_000, "5.0 MB"),
        (7_200_000_000, "7.2 GB"),
    ],
)
def test_size(count: int, words: str) -> None:
    assert words == text.size(count)


@pytest.mark.parametrize(
    ("number", "words"),
    [(0.004, "4.0 ms"), (0.083, "83 ms"), (1.21, "1.21 s"), (12.5, "12.5 s"), (125, "2 min 5 s")],
)
def test_seconds(number: float, words: str) -> None:
    assert words == text.seconds(number)


def test_listed() -> None:
    assert text.listed(["a", "b"]) == "a, b"
    assert text.listed(["a", "b", "c"], 1) == "a and 2 more"


@pytest.mark.parametrize(
    ("expected", "actual", "marked"),
    [
        (("chat.completion",), "chat.completions", ["s"]),
        (("text/event-stream",), "text/plain", ["plain"]),
        (("gpt-4o-mini-2024",), "gpt-4o-mini", ["‸"]),
        (("a string",), "17", ["17"]),
        ((), "17", ["17"]),
        (("x",), "", ["(empty)"]),
        (("aaa-bbb", "zzz-yyy"), "zzz.yyy", ["."]),
    ],
)
def test_marks(expected: tuple[str, ...], actual: str, marked: list[str]) -> None:
    found = pieces(expected, actual)
    assert marked == [piece.text for piece in found if piece.marked]
    assert actual == "".join(p.text for p in found if p.text not in ("‸", "(empty)"))


def test_marks_are_never_empty() -> None:
    assert (Piece("b", True), Piece("cde", False)) == pieces(("acde",), "bcde")


def test_block_has_every_row() -> None:
    seen = result("a.b", Outcome.FAILED, message="m", at="p", expected=("1", "2"), actual=None)
    rows = block(replace(seen, owner="quota", exchange="x", again="curl")).splitlines()
    assert rows[0] == "FAILED  MUST a.b  [http]"
    assert [row.split()[0] for row in rows[3:]] == [
        "message",
        "at",
        "expected",
        "or",
        "actual",
        "owner",
        "exchange",
        "again",
    ]
    assert "  actual    null" in rows


def test_line_of_what_holds_now() -> None:
    seen = result("a.b", Outcome.FAILED, observation=Observation.HELD)
    assert line(seen) == "listed as a known failure, but it holds now: remove the entry"


def test_anchor_and_source() -> None:
    assert anchor("chat.stream-x") == "chat.stream-x"
    assert anchor('a"> ') == "a_22_3E_20"
    assert safe_url("javascript:alert(1)") == ""
    assert safe_url('https://a.example/"onclick=') == ""
    assert safe_url("https://a.example/b") == "https://a.example/b"


def test_worst() -> None:
    assert Outcome.FAILED is worst([Outcome.PASSED, Outcome.FAILED])
    assert Outcome.PASSED is worst([Outcome.SKIPPED, Outcome.PASSED])
    assert Outcome.SKIPPED is worst([Outcome.SKIPPED, Outcome.UNSUPPORTED])
    assert symbol(Outcome.FAILED) == "✗"


def test_spans() -> None:
    assert text.spans("a `b` c") == (("a ", False), ("b", True), (" c", False))
    assert text.spans("a `b` c`") == (("a ", False), ("b", True), (" c`", False))
    assert text.spans("`") == (("`", False),)


def test_timeline() -> None:
    assert timeline(exchange("x1")) is None
    drawn = timeline(stream("x1", (0.1, 0.2, 0.2)), "event 3: error")
    assert drawn is not None
    assert sum(bar.count for bar in drawn.bars) == 3
    assert drawn.mark is not None
    one = timeline(stream("x1", (0.1,)))
    assert one is not None
    assert one.bars[0].height == 24.0


def test_plot() -> None:
    assert plot(timings([exchange("x1", status=500)])) is None
    many = [exchange(f"x{n}", path=f"/p{n}", duration=0.0) for n in range(15)]
    drawn = plot(timings(many))
    assert drawn is not None
    assert (len(drawn.rows), drawn.left_out) == (12, 3)


def test_excerpts() -> None:
    assert excerpt(b"").note == "empty"
    assert excerpt("grüß\n\0".encode()).text == "grüß\n\\x00"
    assert excerpt(b"\xff ok ok ok").text == "\\xff ok ok ok"
    assert excerpt("ü".encode() * 3000).text == "ü" * 2048
    assert excerpt("aüü".encode(), 4).text == "aü"
    assert "binary" in excerpt(bytes(range(256))).note


def test_broken_encoding_is_said() -> None:
    seen = exchange("x1", b"nonsense", headers=(("content-encoding", "gzip"),))
    assert "not valid gzip" in evidence(seen).got_body.note


def test_cut_body_is_said() -> None:
    seen = exchange("x1")
    assert seen.response is not None
    cut = replace(seen, response=replace(seen.response, complete=False))
    assert "the body broke off" in evidence(cut).remarks


def test_attempts_are_said() -> None:
    seen = evidence(exchange("x1", attempt=2, superseded=True)).remarks
    assert seen[:2] == ("attempt 2", "tried again afterwards; this attempt was not judged")


@pytest.mark.parametrize(
    ("outcomes", "exit", "more", "word", "said"),
    [
        (("passed",), 0, {}, "no violation found", "1 of 1 MUST requirement were verified"),
        (("passed", "failed"), 1, {}, "not conformant", "1 of 2 judged MUST requirements fail"),
        (("error",), 3, {}, "no verdict", "1 result ended in an error"),
        (("skipped",), 5, {}, "nothing run", "Nothing was run"),
        (("skipped",), 3, {"unreachable": "no route"}, "not reached", "no route"),
        (("passed",), 2, {"interrupted": True}, "interrupted", "was interrupted"),
        (("inconclusive",), 1, {"vacuous": ["chat"]}, "not verified", "verified of: chat"),
        (("passed", "known failure"), 0, {}, "no violation found", "beyond 1 known failure"),
    ],
)
def test_sentence(
    outcomes: tuple[str, ...], exit: int, more: dict[str, object], word: str, said: str
) -> None:
    results = tuple(result(f"a.r{n}", Outcome(o)) for n, o in enumerate(outcomes))
    found = verdict(footer(Run(HEADER, results), exit, **more))
    assert word == found.word
    assert said in found.sentence


def test_sentence_about_should() -> None:
    warned = tuple(result(f"a.r{n}", Outcome.WARNED, level="SHOULD") for n in range(2))
    assert "2 SHOULDs are not followed" in verdict(footer(Run(HEADER, warned), 0)).sentence
    assert "1 SHOULD is not followed" in verdict(footer(Run(HEADER, warned[:1]), 0)).sentence
    failed = tuple(replace(r, outcome=Outcome.FAILED) for r in warned)
    strict = {**HEADER, "level": "should"}
    assert "2 SHOULD requirements fail" in verdict(footer(Run(strict, failed), 1)).sentence
    held = (result("a.x", Outcome.PASSED),)
    assert "MUST or SHOULD" in verdict(footer(Run(strict, held), 0)).sentence


def test_levels_that_nobody_knows_come_last() -> None:
    results = (result("a.x", Outcome.PASSED, level="?"), result("a.y", Outcome.PASSED))
    report = build(footer(Run(HEADER, results), 0), [])
    assert [item.id for item in report.areas[0].items] == ["a.y", "a.x"]
