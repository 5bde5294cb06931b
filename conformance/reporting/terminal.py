"""The report on a terminal: a line a failure, or with details its whole block."""

from __future__ import annotations

import io
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from conformance.reporting import failure, text
from conformance.reporting.report import Report
from conformance.reporting.words import BY_OUTCOME, OWNERS, WORDS
from conformance.results import Outcome, Result

GAPS = 8
"""Reasons for not judging that are listed at most; the page has all."""


def render(report: Report, console: Console, *, details: bool = False) -> None:
    """Print the report. Nothing that the target sent is taken for markup or control."""
    for part in _parts(report, details):
        console.print(part, soft_wrap=isinstance(part, Text), markup=False, emoji=False)


def plain(report: Report, *, details: bool = False, width: int = 100) -> str:
    """What :func:`render` prints, without colours."""
    console = Console(file=io.StringIO(), width=width, color_system=None, highlight=False)
    render(report, console, details=details)
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def _parts(report: Report, details: bool) -> Iterator[Text | Table]:
    yield Text(_about(report), style="bold")
    shown = [r for r in report.results if _worth_a_line(r)]
    for result in shown:
        yield from _block(result) if details else _line(result)
    if shown:
        yield Text()
    yield _areas(report)
    if report.claims:
        yield Text("\nClaims", style="bold")
        if report.audit:
            yield Text(f"  {text.short(report.audit, 2000)}\n")
        for claim in report.claims:
            yield Text(
                f"  {text.short(str(claim.get('verdict')), 40)}  "
                f"{text.short(str(claim.get('id')), 60)}  "
                f"{text.short(str(claim.get('sentence') or claim.get('reason') or ''), 160)}"
            )
    yield from _gaps(report)
    if report.fuzzed:
        each = (f"{text.short(f.endpoint, 40)} {f.negated} of {f.of}" for f in report.fuzzed)
        words = "Fuzzed, keywords of the request schemas negated: " + ", ".join(each)
        yield Text(f"\n{words}", style="dim")
        for line in (report.run.footer or {}).get("fuzz_failures") or ():
            yield Text(f"  {text.short(str(line), 1800)}")
    yield Text()
    yield Text(_spent(report), style="dim")
    styles = {"pass": "bold green", "fail": "bold red", "error": "bold magenta"}
    yield Text(
        f"{report.verdict.symbol} {report.verdict.word.upper()}  {report.verdict.sentence}",
        style=styles[report.verdict.tone],
    )


def _about(report: Report) -> str:
    header = report.header
    words = [text.short(report.target, 200)]
    if header.get("profile"):
        words.append(f"profile {text.short(str(header['profile']), 60)}")
    words.append(f"suite {text.short(str(header.get('version') or '?'), 40)}")
    words.append(f"catalogue {text.short(str(header.get('catalogue') or '?'), 40)}")
    drivers = header.get("drivers")
    if isinstance(drivers, dict):
        words += [text.short(f"{name} ({with_})", 80) for name, with_ in drivers.items()]
    return ", ".join(words)


def _worth_a_line(result: Result) -> bool:
    return result.outcome in (
        Outcome.FAILED,
        Outcome.ERROR,
        Outcome.WARNED,
        Outcome.KNOWN,
        Outcome.NOTED,
    )


def _line(result: Result) -> Iterator[Text]:
    line = Text()
    line.append(failure.headline(result), style=BY_OUTCOME[result.outcome].style)
    line.append(f"  {failure.line(result)}")
    yield line


def _block(result: Result) -> Iterator[Text]:
    head, _, rest = failure.block(result).partition("\n")
    yield Text(head, style=BY_OUTCOME[result.outcome].style)
    if rest:
        yield Text(rest)
    yield Text()


def _areas(report: Report) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("area")
    table.add_column("MUST verified", justify="right", no_wrap=True)
    table.add_column("requirements")
    for area in report.areas:
        counts = Text()
        for word in WORDS:
            number = area.counts.get(word.text)
            if number:
                counts.append(", " if counts else "")
                counts.append(f"{number} {word.text}", style=word.style)
        name = Text(text.short(area.name, 40))
        table.add_row(name, Text(f"{area.must.held} of {area.must.total}"), counts)
    return table


def _gaps(report: Report) -> Iterator[Text]:
    if not report.gaps:
        return
    yield Text("\nNot judged, and why", style="bold")
    for gap in report.gaps[:GAPS]:
        owner = f" [{gap.owner}]" if gap.owner in OWNERS else ""
        count = text.many(len(gap.requirements), "requirement")
        yield Text(f"  {gap.outcome}: {text.short(gap.reason, 160)}{owner}, {count}")
    if len(report.gaps) > GAPS:
        yield Text(f"  and {text.many(len(report.gaps) - GAPS, 'more reason')}")


def _spent(report: Report) -> str:
    spent = report.spent
    words = []
    if spent.requests is not None:
        words.append(text.many(spent.requests, "request"))
    if spent.tokens is not None:
        words.append(text.many(spent.tokens, "token"))
    if spent.cost is not None or spent.unpriced:
        words.append(text.money(spent.cost, spent.unpriced))
    if spent.seconds is not None:
        words.append(text.seconds(spent.seconds))
    if spent.retried:
        words.append(f"{spent.retried} tried again ({spent.throttled} for 429)")
    counts = ", ".join(f"{number} {word}" for word, number in report.counts.items())
    return "; ".join(part for part in (", ".join(words), counts) if part)
