"""One result as a block of plain text, the same in terminal, JUnit, Markdown and page."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.reporting import text
from conformance.reporting.words import OWNERS
from conformance.results import Observation, Outcome, Result

_WIDTH = 10


def headline(result: Result) -> str:
    """``FAILED  MUST chat.stream.terminator  [python-sdk]``."""
    outcome = str(result.outcome).upper()
    named = text.plain(f"{result.level} {result.requirement}")
    return f"{outcome}  {named}  [{text.plain(result.driver)}]"


def block(result: Result) -> str:
    """The whole of what is to be said about a result that is not passed."""
    lines = [headline(result)]
    if result.text:
        lines.append(f"  {text.plain(result.text)}")
    lines += [f"  {name:<{_WIDTH}}{said}" for name, said in facts(result)]
    return "\n".join(lines)


def facts(result: Result) -> Iterator[tuple[str, str]]:
    """The labelled rows of the block; alternatives have the label ``or``."""
    if result.source:
        yield "source", text.plain(result.source)
    if result.message:
        yield "message", text.short(result.message, 600)
    if result.reason:
        yield "known", text.short(result.reason, 600)
    if holds_now(result):
        yield "", "it holds now: remove its entry from the known failures"
    if result.at:
        yield "at", text.short(result.at)
    for number, alternative in enumerate(result.expected):
        yield "expected" if not number else "or", text.short(alternative)
    if has_actual(result):
        yield "actual", text.value(result.actual)
    if result.outcome is not Outcome.PASSED and result.owner and result.owner != "server":
        yield "owner", f"{result.owner}: {OWNERS.get(result.owner, 'not the server')}"
    for broken in result.breaks if result.observation is Observation.VIOLATED else ():
        yield "breaks", text.plain(broken)
    if result.exchange:
        yield "exchange", text.short(result.exchange)
    if result.again:
        yield "again", text.plain(result.again)


def has_actual(result: Result) -> bool:
    """Whether an actual value was seen: null counts where something else was expected."""
    if result.actual is not None:
        return True
    return result.observation is Observation.VIOLATED and bool(result.expected)


def holds_now(result: Result) -> bool:
    """A known failure that is none any more."""
    return result.outcome is Outcome.FAILED and result.observation is Observation.HELD


def line(result: Result) -> str:
    """What went wrong, in one line without the headline."""
    if holds_now(result):
        return "listed as a known failure, but it holds now: remove the entry"
    if result.expected:
        wanted = " or ".join(text.short(each, 60) for each in result.expected[:3])
        where = f"{text.short(result.at, 80)}: " if result.at else ""
        return f"{where}expected {wanted}, got {text.value(result.actual, 80)}"
    return text.short(result.message or result.at or result.text, 200)
