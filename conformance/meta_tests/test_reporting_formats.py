"""The formats hold against their schemas and readers, and what a target sends stays inert."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from conformance.meta_tests.test_reporting_samples import (
    BROKEN_EXCHANGES,
    HEADER,
    HOSTILE,
    broken,
    cut_off,
    exchange,
    footer,
    passing,
    result,
)
from conformance.reporting import annotations, badge, ctrf, html, junit, summary, terminal
from conformance.reporting.report import Report, build
from conformance.results import Outcome, Run

SUITE = Path(__file__).parents[2] / "schemas" / "suite"
REPORTS = [passing, broken, cut_off]
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\ud800-\udfff]")
RENDERERS = [
    annotations.render,
    badge.render,
    badge.svg,
    ctrf.render,
    html.render,
    junit.render,
    summary.render,
    terminal.plain,
    lambda report: terminal.plain(report, details=True),
]


def _validator(name: str) -> Draft202012Validator:
    schema = json.loads((SUITE / name).read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("made", REPORTS)
def test_results_schema(made: object) -> None:
    check = _validator("results.schema.json")
    for line in made().run.lines():  # type: ignore[operator]
        check.validate(json.loads(json.dumps(line)))


def test_results_schema_refuses() -> None:
    check = _validator("results.schema.json")
    line = dict(next(iter(broken().run.results)).line())
    assert check.is_valid({"type": "of the future", "x": 1})
    assert not check.is_valid({**line, "outcome": "fine"})
    assert not check.is_valid({**line, "owner": "nobody"})
    assert not check.is_valid({"type": "footer", "exit": 9})


@pytest.mark.parametrize("made", REPORTS)
def test_badge_and_ctrf_schemas(made: object) -> None:
    report = made()  # type: ignore[operator]
    _validator("badge.schema.json").validate(json.loads(badge.render(report)))
    document = json.loads(ctrf.render(report))
    _validator("ctrf.schema.json").validate(document)
    counts = document["results"]["summary"]
    names = ("passed", "failed", "skipped", "pending", "other")
    assert counts["tests"] == sum(counts[name] for name in names)


@pytest.mark.parametrize("made", REPORTS)
def test_junit_counts_are_those_of_its_cases(made: object) -> None:
    root = ET.fromstring(junit.render(made()))  # type: ignore[operator]
    for element in (root, *root.iter("testsuite")):
        cases = list(element.iter("testcase"))
        assert str(len(cases)) == element.get("tests")
        for kind, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert str(sum(c.find(kind) is not None for c in cases)) == element.get(name)
        times = sum(float(c.get("time") or 0) for c in cases)
        assert pytest.approx(times) == float(element.get("time") or 0)


def test_junit_says_warned_and_known_aloud() -> None:
    root = ET.fromstring(junit.render(broken()))
    said = {c.get("name") for c in root.iter("testcase") if c.find("system-out") is not None}
    names = ("chat.long", "chat.capped", "chat.note", "chat.known")
    assert {f"{name} [http]" for name in names} == said


@pytest.mark.parametrize("render", RENDERERS)
@pytest.mark.parametrize("made", REPORTS)
def test_nothing_that_acts_comes_out(made: object, render: object) -> None:
    text = render(made())  # type: ignore[operator]
    assert not CONTROL.search(text)
    text.encode("utf-8")


class _Reader(HTMLParser):
    """What a browser would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0
        self.ids: list[str] = []
        self.links: list[str] = []
        self.bad: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name == "href":
                self.links.append(value or "")
            elif name.startswith("on") or name in ("src", "srcset", "action"):
                self.bad.append(f"{tag} {name}")
        if tag in ("img", "iframe", "link", "object", "embed", "base"):
            self.bad.append(tag)


@pytest.mark.parametrize("made", REPORTS)
def test_page_is_inert(made: object) -> None:
    report = made()  # type: ignore[operator]
    page = html.render(report)
    reader = _Reader()
    reader.feed(page)
    assert reader.bad == []
    assert reader.scripts == 1
    assert len(set(reader.ids)) == len(reader.ids)
    for link in reader.links:
        assert link.startswith(("#", "https://"))
    missing = {link[1:] for link in reader.links if link[0] == "#"} - set(reader.ids)
    claimed = {f"chat.r{n}" for n in range(9)}
    assert missing <= claimed
    for result_ in report.run.results:
        assert result_.requirement in reader.ids
    assert "default-src 'none'" in page


def test_markdown_cannot_be_left() -> None:
    text = summary.render(broken())
    assert "<script" not in text.replace("&lt;script", "")
    assert "@everyone" not in re.sub(r"<pre>.*?</pre>", "", text, flags=re.DOTALL)
    assert "\n## <b>" not in text


def test_one_annotation_is_one_line() -> None:
    for line in annotations.render(broken()).splitlines():
        assert re.match(r"::(error|warning|notice) title=[^:,]*::", line)


def test_annotations_and_lists_are_capped() -> None:
    results = [result(f"chat.r{n}", Outcome.FAILED, message=HOSTILE) for n in range(80)]
    results += [result(f"chat.s{n}", Outcome.SKIPPED, message=f"reason {n}") for n in range(30)]
    report = build(footer(Run(HEADER, tuple(results)), 1), [])
    assert len(annotations.render(report).splitlines()) == 11
    assert "20 more stand in the report" in summary.render(report)
    assert "5 more reasons" in summary.render(report)
    assert "and 22 more reasons" in terminal.plain(report)


def test_page_is_capped() -> None:
    results = [
        result(f"chat.r{n}", Outcome.FAILED, exchanges=(f"x{n}",), exchange="POST /x")
        for n in range(400)
    ]
    big = json.dumps({"x": HOSTILE * 9000}).encode("utf-8", "surrogatepass")
    exchanges = [exchange(f"x{n}", big, request=big) for n in range(400)]
    page = html.render(build(footer(Run(HEADER, tuple(results)), 1), exchanges))
    assert page.count('<details class="exchange">') == html.ALONE.exchanges
    assert len(page) < 8_000_000
    assert f"({len(big)} bytes), the first 4096 shown" in page


def test_page_without_anything() -> None:
    page = html.render(build(Run({}, ()), []))
    assert "No requirement was judged" in page
    assert "unnamed target" in page


@pytest.mark.parametrize(
    ("outcomes", "exit", "more", "message", "color"),
    [
        ((), 5, {}, "no verdict", "lightgrey"),
        (("passed", "skipped"), 0, {}, "1 of 2 MUST", "green"),
        (("passed", "unsupported"), 0, {}, "1 of 2 MUST", "green"),
        (("passed", "inconclusive"), 0, {}, "1 of 2 MUST", "green"),
        (("passed",), 1, {"vacuous": ["chat.tools"]}, "1 of 1 MUST", "red"),
        (("passed", "error"), 3, {}, "no verdict", "lightgrey"),
        (("passed",), 2, {"interrupted": True}, "no verdict", "lightgrey"),
        (("passed", "known failure"), 0, {}, "1 of 2 MUST", "red"),
        (("passed",) * 10 + ("failed",), 1, {}, "10 of 11 MUST", "orange"),
        (("passed",) * 9 + ("failed",) * 2, 1, {}, "9 of 11 MUST", "red"),
    ],
)
def test_badge(
    outcomes: tuple[str, ...], exit: int, more: dict[str, object], message: str, color: str
) -> None:
    results = [result(f"chat.r{n}", Outcome(word)) for n, word in enumerate(outcomes)]
    report = build(footer(Run(HEADER, tuple(results)), exit, **more), [])
    assert (message, color) == (badge.badge(report).message, badge.badge(report).color)
    assert f"{badge.LABEL}: {message}" in badge.svg(report)


def test_stamps_that_are_none() -> None:
    report = replace(passing(), run=replace(passing().run, header={"started": "never"}))
    assert 'timestamp="1970-01-01T00:00:00"' in junit.render(report)
    assert json.loads(ctrf.render(report))["results"]["summary"]["start"] == 0


def test_summary_without_anything() -> None:
    assert "incomplete" in summary.render(build(Run({}, ()), []))


def _luminance(color: str) -> float:
    parts = [int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def _contrast(a: str, b: str) -> float:
    low, high = sorted((_luminance(a), _luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1])
def test_colours_can_be_read(scheme: int) -> None:
    css = html.asset("tokens.css").split("@media")[scheme]
    tokens = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", css))
    pairs = [("text", "ground"), ("muted", "ground"), ("link", "ground"), ("text", "code")]
    pairs += [("muted", "raised"), ("text", "raised"), ("muted", "code"), ("link", "raised")]
    tones = ("fail", "error", "warn", "known", "note", "quiet", "pass", "mark")
    pairs += [(tone, f"{tone}-ground") for tone in tones]
    pairs += [("text", f"{tone}-ground") for tone in ("fail", "error", "pass")]
    for front, back in pairs:
        assert _contrast(tokens[front], tokens[back]) >= 4.5, (scheme, front, back)
    for color in badge._HEX.values():
        assert _contrast("#ffffff", color) >= 4.5


def test_one_report_of_each_kind_is_made() -> None:
    assert isinstance(broken(), Report)
    assert len(BROKEN_EXCHANGES) == 7
