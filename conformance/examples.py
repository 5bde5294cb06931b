"""What a provider's pages print: requests as they stand, answers, calls of a library.

``conformance/profiles/examples/NAME.toml``; ``schemas/suite/examples.schema.json`` says what may
stand in it. A request becomes a probe and a requirement of its own, unless another requirement
decides it or nobody may send it; an answer must fit the profile's schema or contradict its page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from conformance.profile import read_toml

FOLDER = Path(__file__).resolve().parent / "profiles" / "examples"
SCHEMA = "suite/examples.schema"


@dataclass(frozen=True)
class PrintedRequest:
    """A request. ``answer``: the schema of what it is answered with.

    ``decided``: the requirement that sends the same. ``unsent``: why nobody may send it.
    ``note``: what the page leaves out, and what stands here instead.
    """

    id: str
    document: str
    place: str
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    answer: str = ""
    decided: str = ""
    unsent: str = ""
    note: str = ""

    @property
    def sent(self) -> bool:
        """Whether it is a probe of its own."""
        return not (self.decided or self.unsent)


@dataclass(frozen=True)
class PrintedAnswer:
    """An answer. ``contradicts``: what its own page says otherwise."""

    id: str
    document: str
    place: str
    schema: str
    body: str
    note: str = ""
    contradicts: str = ""


@dataclass(frozen=True)
class PrintedCall:
    """A call of a client library by its path, and the requirement that resolves it."""

    id: str
    document: str
    place: str
    path: str
    requirement: str


@dataclass(frozen=True)
class Examples:
    """All that the pages of one provider print."""

    requests: tuple[PrintedRequest, ...] = ()
    answers: tuple[PrintedAnswer, ...] = ()
    calls: tuple[PrintedCall, ...] = ()


@cache
def all_examples() -> Mapping[str, Examples]:
    """The printed examples, by the name of their profile."""
    return {path.stem: _load(path) for path in sorted(FOLDER.glob("*.toml"))}


def _load(path: Path) -> Examples:
    data = read_toml(path, "file of examples")
    return Examples(
        tuple(PrintedRequest(**row) for row in data.get("requests", ())),
        tuple(PrintedAnswer(**row) for row in data.get("answers", ())),
        tuple(PrintedCall(**row) for row in data.get("calls", ())),
    )


def probe_name(profile: str, request: PrintedRequest) -> str:
    """The name of the probe that sends it."""
    return f"{profile}_example_{request.id}".replace("-", "_")


def requirement_id(profile: str, request: PrintedRequest) -> str:
    """The id of the requirement that judges its answer."""
    return f"{profile}.example.{request.id}"


def printed_requirements(profile: str) -> tuple[str, ...]:
    """The ids of the requirements that judge a provider's printed requests for one answer."""
    whole = [row for row in all_examples()[profile].requests if not row.answer.endswith(".chunk")]
    return tuple(requirement_id(profile, row) for row in whole if row.sent)
