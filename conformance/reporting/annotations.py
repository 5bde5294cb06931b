"""Workflow commands that GitHub shows beside a build: ``::error`` and ``::warning`` lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.reporting import failure, text
from conformance.reporting.report import Report
from conformance.results import Outcome, Result

MOST = 9
"""Of each kind GitHub shows ten a step; the tenth says how many more there are."""

_KINDS = (
    ("error", (Outcome.FAILED, Outcome.ERROR)),
    ("warning", (Outcome.WARNED, Outcome.KNOWN)),
    ("notice", (Outcome.NOTED,)),
)


def render(report: Report) -> str:
    """One line a command, the verdict last."""
    lines: list[str] = []
    for kind, outcomes in _KINDS:
        lines += _commands(kind, [r for r in report.results if r.outcome in outcomes])
    clean = report.exit == 0
    lines.append(
        command("notice" if clean else "error", "openai-conformance", report.verdict.sentence)
    )
    return "".join(f"{line}\n" for line in lines)


def _commands(kind: str, results: Sequence[Result]) -> Iterator[str]:
    for result in results[:MOST]:
        title = f"{result.outcome}: {result.level} {result.requirement} [{result.driver}]"
        rows = [result.text, *(f"{name}: {said}" for name, said in failure.facts(result))]
        yield command(kind, text.plain(title), "\n".join(row for row in rows if row))
    if len(results) > MOST:
        yield command(kind, "openai-conformance", f"{len(results) - MOST} more like these")


def command(kind: str, title: str, message: str) -> str:
    """A workflow command; neither part can end it or begin another."""
    return f"::{kind} title={_property(title)}::{_data(message)}"


def _data(words: str) -> str:
    return text.plain(words, keep="\n").replace("%", "%25").replace("\n", "%0A")


def _property(words: str) -> str:
    return _data(words).replace(":", "%3A").replace(",", "%2C")
