"""What must hold: a requirement, its level and source, and the decorator that ties a case to it.

A requirement is data: the report, ``conformance explain`` and the generated catalogue print it.
A case is the function under the decorator. It decides one requirement and only judges what was
recorded: everything that is sent is a probe or a scenario, named by the case's arguments.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from conformance.select import Selector

ID = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)+$")


class Level(StrEnum):
    """Force of a requirement (BCP 14)."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


MUST, SHOULD, MAY = Level.MUST, Level.SHOULD, Level.MAY


@dataclass(frozen=True)
class Source:
    """Where a requirement comes from: kind, place, and an address where there is one."""

    kind: str
    ref: str
    url: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}"


def openai(ref: str) -> Source:
    """OpenAI's reference documentation: a page below ``/docs/api-reference``."""
    page = ref.split(" ")[0].split("#")[0]
    return Source("openai", ref, f"https://platform.openai.com/docs/api-reference/{page}")


def openapi(ref: str) -> Source:
    """A schema or path of OpenAI's OpenAPI document."""
    return Source("openai-openapi", ref, "https://github.com/openai/openai-openapi")


def live(ref: str) -> Source:
    """What api.openai.com was recorded to send; ``ref`` says what and when."""
    return Source("recorded traffic", ref)


def sdk(ref: str) -> Source:
    """What an official SDK does with an answer: ``openai-python 3.51 _streaming.py``."""
    repo = "openai-node" if ref.startswith("openai-node") else "openai-python"
    return Source("sdk", ref, f"https://github.com/openai/{repo}")


def rfc(number: int, section: str = "") -> Source:
    anchor = f"#section-{section}" if section else ""
    ref = f"{number} section {section}" if section else str(number)
    return Source("RFC", ref, f"https://www.rfc-editor.org/rfc/rfc{number}{anchor}")


def whatwg(ref: str) -> Source:
    return Source("WHATWG", ref, "https://html.spec.whatwg.org/multipage/server-sent-events.html")


def field(url: str) -> Source:
    """A defect reported in a real server; ``url`` is the thread."""
    return Source("field", url.removeprefix("https://github.com/"), url)


def suite(ref: str) -> Source:
    """A rule of the suite itself (hygiene that no text of OpenAI's spells out)."""
    return Source("suite", ref)


def document(ref: str) -> Source:
    """A provider's own document, as its profile quotes it."""
    return Source("provider document", ref)


@dataclass(frozen=True)
class Requirement:
    """One normative sentence.

    ``needs``: the capability without which it does not apply. ``breaks``: which clients a violation
    breaks and how. ``since``: first day (ISO) on which OpenAI itself kept the rule; older recorded
    traffic is not judged by it.
    """

    id: str
    level: Level
    text: str
    source: Source
    needs: str = ""
    breaks: tuple[str, ...] = ()
    since: str = ""
    quote: str = ""

    @property
    def area(self) -> str:
        return self.id.split(".")[0]


@dataclass(frozen=True)
class Case:
    """The function that decides a requirement.

    ``probes``: names of what it judges. ``over``: instead, a selector; it judges every exchange
    of the run that the selector picks. ``drivers``: which drivers' traffic it judges.
    ``any_status``: the function looks at the status itself. ``together``: with ``over``, the
    function takes all of those exchanges at once. ``feeds``: probes that give it something to
    judge where nothing else that was selected does.
    """

    requirement: Requirement
    function: Callable[..., None]
    probes: tuple[str, ...] = ()
    over: Selector | None = None
    drivers: tuple[str, ...] = ("http",)
    any_status: bool = False
    module: str = ""
    together: bool = False
    feeds: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return self.requirement.id

    @property
    def passive(self) -> bool:
        return self.over is not None


HTTP = ("http",)
SDKS = ("python-sdk", "python-sdk-async", "node-sdk")
EVERY_DRIVER = (*HTTP, *SDKS)


def requirement(
    id: str,
    level: Level,
    text: str,
    *,
    source: Source,
    needs: str = "",
    over: Selector | None = None,
    drivers: Iterable[str] | None = None,
    any_status: bool = False,
    together: bool = False,
    feeds: Iterable[str] = (),
    breaks: Iterable[str] = (),
    since: str = "",
    quote: str = "",
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make the function below the case of a requirement.

    The function's arguments name probes, or, with ``over``, its one argument takes an exchange
    (with ``together`` a tuple of all of them).
    It returns when the requirement holds and raises :class:`conformance.expect.Violation`,
    :class:`~conformance.expect.Inconclusive` or :class:`~conformance.expect.NotApplicable`.

    Raises ValueError on a malformed id or a sentence without a full stop.
    """
    if not ID.match(id):
        raise ValueError(f"{id!r} is not a requirement id: lower-case words joined by dots")
    if not text.endswith("."):
        raise ValueError(f"{id}: the sentence wants a full stop")
    made = Requirement(id, level, text, source, needs, tuple(breaks), since, quote)
    if drivers is None:
        drivers = EVERY_DRIVER if over is not None else HTTP

    def tie(function: Callable[..., None]) -> Callable[..., None]:
        names = tuple(inspect.signature(function).parameters)
        case = Case(
            requirement=made,
            function=function,
            probes=() if over is not None else names,
            over=over,
            drivers=tuple(drivers),
            any_status=any_status,
            module=function.__module__,
            together=together,
            feeds=tuple(feeds),
        )
        add_case(function, case)
        return function

    return tie


def add_case(function: Any, case: Case) -> None:
    """Tie a case to a function; one function may decide several."""
    function.__cases__ = [*getattr(function, "__cases__", ()), case]


def cases_of(module: Any) -> list[Case]:
    """The cases of a module: those tied to its functions, then those in its list ``CASES``."""
    found: list[Case] = []
    for value in vars(module).values():
        tied = getattr(value, "__cases__", ()) if callable(value) else ()
        found.extend(case for case in tied if case.module == module.__name__ and case not in found)
    found.extend(getattr(module, "CASES", ()))
    return found
