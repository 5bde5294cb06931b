"""``report.html``: one file that needs no network and works without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from conformance.exchange import Exchange
from conformance.reporting import failure, text
from conformance.reporting.evidence import Evidence, evidence
from conformance.reporting.marks import Piece, pieces
from conformance.reporting.report import Item, Report
from conformance.reporting.timing import plot
from conformance.reporting.words import BY_OUTCOME, LEVELS, NOT_CLAIMED, OWNERS, WORDS, Word
from conformance.reporting.workarounds import workaround
from conformance.results import Outcome, Result


@dataclass(frozen=True)
class Form:
    """How much a page holds: exchanges, and bytes of a body; the rest stands in the recording.

    ``site``: the way to the root of the published site, empty for a page of its own. A published
    page leaves what passed to the pages of the requirements.
    """

    exchanges: int = 150
    body: int = 4096
    site: str = ""


ALONE = Form()
PUBLISHED = Form(30, 1200, "../../../../")

_HTTPS = re.compile(r"https://[a-z0-9.-]+(/[\w./#%~?=&+-]*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Finding:
    """What one driver found, as the page shows it. ``elsewhere``: where its evidence stands."""

    result: Result
    word: Word
    facts: tuple[tuple[str, str], ...]
    expected: tuple[str, ...]
    actual: tuple[Piece, ...]
    evidence: Evidence | None
    elsewhere: str
    again: str


@dataclass(frozen=True)
class Entry:
    """A requirement, as the page shows it."""

    item: Item
    word: Word
    drivers: str
    breaks: tuple[str, ...]
    source: str
    url: str
    advice: str
    reason: str
    search: str
    findings: tuple[Finding, ...]
    beside: tuple[tuple[Word, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Part:
    """An area: what wants reading, what was not judged, what passed."""

    name: str
    anchor: str
    open: tuple[Entry, ...]
    idle: tuple[Entry, ...]
    passed: tuple[Entry, ...]


def render(report: Report, form: Form = ALONE) -> str:
    """The page."""
    drivers = sorted({r.driver for r in report.run.results})
    return (
        environment()
        .get_template("report.html")
        .render(
            report=report,
            parts=tuple(_parts(report, form)),
            site=form.site,
            evidence=bool(report.exchanges),
            plot=plot(report.timings),
            words=[word for word in WORDS if word.text in report.counts],
            all_words=WORDS,
            levels=LEVELS,
            drivers=drivers,
            disclaimer=NOT_CLAIMED,
        )
    )


@cache
def environment() -> Environment:
    """The templates, with everything escaped that is not ours."""
    made = Environment(
        loader=PackageLoader("conformance.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["plain"] = text.plain
    made.filters["short"] = lambda words, limit=text.LONGEST: text.short(str(words), limit)
    made.filters["spans"] = text.spans
    made.filters["seconds"] = text.seconds
    made.filters["anchor"] = anchor
    made.filters["alike"] = alike
    made.filters["thousands"] = text.thousands
    made.globals["word_of"] = BY_OUTCOME.__getitem__
    made.globals["owners"] = OWNERS
    made.globals["many"] = text.many
    made.globals["asset"] = asset
    return made


def alike(entries: Iterable[Entry]) -> list[list[Entry]]:
    """Entries of equal outcome, level and drivers together."""
    groups: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in entries:
        groups.setdefault((entry.word.slug, entry.item.level, entry.drivers), []).append(entry)
    return list(groups.values())


def asset(name: str) -> str:
    """A style sheet or script of ours, to be put into the page as it is."""
    return files("conformance.reporting").joinpath("templates", name).read_text("utf-8")


def anchor(id: str) -> str:
    """An id fit for an address: letters, digits, dots, hyphens stay, the rest is encoded."""
    return quote(id.encode("utf-8", "replace"), safe=".-_").replace("%", "_")


def safe_url(url: str) -> str:
    """An https address of a source; empty for anything else."""
    return url if _HTTPS.fullmatch(url) else ""


def _parts(report: Report, form: Form) -> Iterator[Part]:
    proofs = _Proofs(report.exchanges, form)
    for area in report.areas:
        entries = [_entry(item, proofs) for item in area.items]
        yield Part(
            text.short(area.name, 60),
            f"area-{anchor(area.name)}",
            tuple(e for e in entries if e.item.detailed),
            tuple(e for e in entries if e.word.tone == "quiet"),
            tuple(e for e in entries if e.word.tone == "pass"),
        )


def _entry(item: Item, proofs: _Proofs) -> Entry:
    breaks = dict.fromkeys(note for result in item.results for note in result.breaks)
    findings: tuple[Finding, ...] = ()
    if item.detailed:
        telling = [r for r in item.results if _telling(r)]
        if proofs.brief:
            telling = _unlike(telling)
        findings = tuple(_finding(r, proofs, first=r is telling[0]) for r in telling)
    first = item.first
    drivers = list(dict.fromkeys(r.driver for r in item.results))
    reason = "" if item.outcome is Outcome.PASSED else failure.line(first)
    search = " ".join((item.id, item.text, item.level, *drivers, reason)).lower()
    return Entry(
        item=item,
        word=BY_OUTCOME[item.outcome],
        drivers=" ".join(drivers),
        breaks=tuple(breaks),
        source=first.source,
        url=safe_url(first.source_url),
        advice=workaround(item.id) if item.violated else "",
        reason=reason,
        search=text.short(search, 1000) if findings and not proofs.brief else "",
        findings=findings,
        beside=_beside(item, [found.result for found in findings]),
    )


def _telling(result: Result) -> bool:
    """Whether it wants to be shown as a finding of its own."""
    return BY_OUTCOME[result.outcome].tone not in ("pass", "quiet")


def _unlike(results: Iterable[Result]) -> list[Result]:
    """Those that say another thing than one before: several drivers often see the same."""
    found: dict[tuple[object, ...], Result] = {}
    for result in results:
        found.setdefault((result.outcome, result.at, result.expected, result.reason), result)
    return list(found.values())


def _beside(item: Item, shown: Iterable[Result]) -> tuple[tuple[Word, tuple[str, ...]], ...]:
    """What the drivers without a finding of their own saw."""
    alone = {id(result) for result in shown}
    drivers: dict[Outcome, list[str]] = {}
    for result in item.results:
        if id(result) not in alone:
            drivers.setdefault(result.outcome, []).append(result.driver)
    return tuple((BY_OUTCOME[outcome], tuple(mine)) for outcome, mine in drivers.items())


def _finding(result: Result, proofs: _Proofs, *, first: bool) -> Finding:
    labels = ("message", "known", "", "at", "owner")
    actual: tuple[Piece, ...] = ()
    expected = tuple(text.short(each) for each in result.expected)
    if failure.has_actual(result):
        actual = pieces(expected, text.value(result.actual))
    proof, elsewhere = proofs.of(result)
    return Finding(
        result=result,
        word=BY_OUTCOME[result.outcome],
        facts=tuple(row for row in failure.facts(result) if row[0] in labels),
        expected=expected,
        actual=actual,
        evidence=proof,
        elsewhere=elsewhere,
        again=text.plain(result.again) if first or not proofs.brief else "",
    )


class _Proofs:
    """Hands out the telling exchanges: whole where first met, afterwards where it stands."""

    def __init__(self, exchanges: Mapping[str, Exchange], form: Form) -> None:
        self._exchanges = exchanges
        self._form = form
        self._shown: set[str] = set()

    @property
    def brief(self) -> bool:
        """Whether the page is one of many, to be published."""
        return bool(self._form.site)

    def of(self, result: Result) -> tuple[Evidence | None, str]:
        """The exchange to show, or the id of one that is shown already."""
        known = self._exchanges
        telling = next((known[id] for id in result.exchanges if id in known), None)
        if telling is None:
            return None, ""
        if telling.id in self._shown:
            return None, telling.id
        if len(self._shown) >= self._form.exchanges:
            return None, ""
        self._shown.add(telling.id)
        return evidence(telling, result.at, self._form.body), ""
