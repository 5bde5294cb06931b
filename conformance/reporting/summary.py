"""Markdown for a step summary or a pull request's comment."""

from __future__ import annotations

import html
import string
from collections.abc import Iterator

from conformance.reporting import failure, text
from conformance.reporting.report import Report
from conformance.reporting.words import BY_OUTCOME, NOT_CLAIMED, WORDS
from conformance.results import Result

MOST = 60
"""Results with their whole block; GitHub cuts a summary at 1 MB."""

GAPS = 25
_BESIDE = ("measured", "remark")
"""What else a claim says, behind the reason of its verdict."""

_PUNCTUATION = {ord(c): f"&#{ord(c)};" for c in string.punctuation}


def render(report: Report) -> str:
    """The summary. Whatever the target sent stands escaped for Markdown and HTML alike."""
    return "\n".join(_lines(report)) + "\n"


def inert(words: str) -> str:
    """``words`` with every punctuation character as an entity: no markup, link or mention."""
    return text.plain(words).translate(_PUNCTUATION)


def code(words: str) -> str:
    return f"<code>{inert(words)}</code>"


def _lines(report: Report) -> Iterator[str]:
    verdict = report.verdict
    yield f"## {verdict.symbol} {verdict.word}: {code(text.short(report.target, 120))}"
    yield ""
    yield inert(verdict.sentence)
    yield ""
    yield from (f"> {inert(text.short(note, 400))}\n" for note in report.notes)
    yield f"<sub>{_about(report)}</sub>"
    yield ""
    yield from _areas(report)
    yield from _results(report)
    yield from _claims(report)
    yield from _gaps(report)
    yield f"<sub>{NOT_CLAIMED}</sub>"


def _about(report: Report) -> str:
    header = report.header
    words = [
        f"{name} {code(text.short(str(header[name]), 80))}"
        for name in ("profile", "version", "catalogue", "started")
        if header.get(name)
    ]
    spent = report.spent
    if spent.requests is not None:
        words.append(text.many(spent.requests, "request"))
    if spent.tokens is not None:
        words.append(text.many(spent.tokens, "token"))
    if spent.cost is not None or spent.unpriced:
        words.append(text.money(spent.cost, {inert(k): n for k, n in spent.unpriced.items()}))
    if spent.seconds is not None:
        words.append(text.seconds(spent.seconds))
    return ", ".join(words)


def _areas(report: Report) -> Iterator[str]:
    if not report.areas:
        return
    shown = [word for word in WORDS if any(area.counts.get(word.text) for area in report.areas)]
    heads = ["Area", "MUST verified", *(f"{word.symbol} {word.text}" for word in shown)]
    yield f"| {' | '.join(heads)} |"
    yield f"|:--{'|--:' * (len(heads) - 1)}|"
    for area in report.areas:
        cells = [inert(area.name), f"{area.must.held} of {area.must.total}"]
        cells += [str(area.counts.get(word.text) or "") for word in shown]
        yield f"| {' | '.join(cells)} |"
    yield ""


def _results(report: Report) -> Iterator[str]:
    wanted = [r for r in report.results if BY_OUTCOME[r.outcome].tone != "quiet"]
    wanted = [r for r in wanted if BY_OUTCOME[r.outcome].tone != "pass"]
    if not wanted:
        return
    yield "### What is to be done"
    yield ""
    for result in wanted[:MOST]:
        yield from _details(result)
    if len(wanted) > MOST:
        yield f"{len(wanted) - MOST} more stand in the report."
        yield ""


def _details(result: Result) -> Iterator[str]:
    word = BY_OUTCOME[result.outcome]
    yield "<details>"
    yield (
        f"<summary>{word.symbol} {word.text}: {inert(result.level)} "
        f"{code(result.requirement)} {inert(f'[{result.driver}]')}</summary>"
    )
    yield ""
    yield f"<pre>{html.escape(failure.block(result))}</pre>"
    yield ""
    yield "</details>"
    yield ""


def _claims(report: Report) -> Iterator[str]:
    if not report.claims:
        return
    yield "### Claims"
    yield ""
    if report.audit:
        yield inert(text.short(report.audit, 2000))
        yield ""
    yield "| Verdict | Claim | Why |"
    yield "|:--|:--|:--|"
    for claim in report.claims:
        said = [str(claim.get(name) or "") for name in ("verdict", "id", "sentence", "reason")]
        said[3] = "; ".join(
            words for words in (said[3], *(str(claim.get(n) or "") for n in _BESIDE)) if words
        )
        cells = [inert(text.short(words, 200)) for words in said]
        yield f"| {cells[0]} | {cells[1]} {cells[2]} | {cells[3]} |"
    yield ""
    if report.contradictions:
        yield "What the provider's own pages contradict:"
        yield ""
        yield from (f"- {inert(text.short(line, 400))}" for line in report.contradictions)
        yield ""


def _gaps(report: Report) -> Iterator[str]:
    if not report.gaps:
        return
    yield "<details>"
    yield "<summary>Not judged, and why</summary>"
    yield ""
    for gap in report.gaps[:GAPS]:
        owner = f" ({inert(gap.owner)})" if gap.owner else ""
        ids = inert(text.listed(list(gap.requirements)))
        yield f"- {gap.outcome}: {inert(text.short(gap.reason, 200))}{owner}: {ids}"
    if len(report.gaps) > GAPS:
        yield f"- {text.many(len(report.gaps) - GAPS, 'more reason')}"
    yield ""
    yield "</details>"
    yield ""
