"""What a run may say beside its results: audit, surface, what was fuzzed, what has no price."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.meta_tests.test_reporting_samples import HOSTILE, broken, passing
from conformance.reporting import html, summary, terminal, text
from conformance.reporting.report import Report, build

BESIDE = {
    "claims": "Of 3 claims 1 is upheld.",
    "contradictions": ["the page says 60, the list 100", HOSTILE],
    "fuzzed": {"chat": {"negated": 24, "of": 98, "left": ["stop"]}},
    "fuzz_failures": [f"chat, status 500: curl -sS {HOSTILE}"],
    "unpriced": {"gpt-x": 12},
}
SURFACE = (
    {"type": "surface", "method": "GET", "path": "/files", "state": "absent",
     "requirements": {"files": 3, "lists": 1, "odd": "x"}},
    {"type": "surface", "method": "GET", "path": "/evals", "state": "served", "requirements": None},
    {"type": "another"},
)  # fmt: skip


@pytest.fixture(params=[passing, broken])
def report(request: pytest.FixtureRequest) -> Report:
    plain: Report = request.param()
    run = replace(plain.run, footer={**(plain.run.footer or {}), **BESIDE}, extra=SURFACE)
    return build(run, list(plain.exchanges.values()))


def test_it_is_read(report: Report) -> None:
    assert [(r.path, r.state, r.judged) for r in report.surface] == [
        ("/files", "absent", 4),
        ("/evals", "served", 0),
    ]
    assert [(f.endpoint, f.negated, f.of) for f in report.fuzzed] == [("chat", 24, 98)]


def test_it_is_shown(report: Report) -> None:
    for shown in (summary.render(report), terminal.plain(report)):
        assert "Of 3 claims 1 is upheld" in shown
    assert summary.inert("the page says 60, the list 100") in summary.render(report)
    assert "chat 24 of 98" in " ".join(terminal.plain(report).split())
    assert "chat, status 500: curl -sS" in " ".join(terminal.plain(report).split())
    assert "\x1b" not in terminal.plain(report)
    assert HOSTILE not in html.render(report)


def test_what_has_no_price_is_said() -> None:
    assert text.money(None, {"m": 5}) == "no price"
    assert text.money(0.5, {}) == "0.5000 USD"
    assert text.money(0.5, {"m": 5}) == "0.5000 USD and 5 tokens without a price (m)"
