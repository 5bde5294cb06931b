"""What handlers and hooks pass on: answers, frames, replies."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from conformance.reference.errors import Headers


@dataclass
class Frame:
    """One piece of a streamed body, sent on its own, `delay` seconds after the piece before."""

    data: bytes
    delay: float = 0.0


Body = bytes | list[Frame] | Callable[[], AsyncIterator[bytes]]


@dataclass
class Reply:
    """A whole HTTP answer, the last thing that hooks can change."""

    status: int
    headers: Headers = field(default_factory=list)
    body: Body = b""

    def header(self, name: str) -> str | None:
        """The first value of a header, or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def set(self, name: str, value: str) -> None:
        """Replace a header."""
        self.drop(name)
        self.headers.append((name, value))

    def drop(self, name: str) -> None:
        """Take a header away."""
        wanted = name.lower()
        self.headers[:] = [pair for pair in self.headers if pair[0].lower() != wanted]


@dataclass
class Answer:
    """A handler's success.

    Exactly one of `body` (JSON), `chunks` (payloads, data lines only) and
    `events` (named events) is meant; `steps` is how many token delays a JSON answer takes.
    """

    body: Any = None
    chunks: list[dict[str, Any]] | None = None
    events: list[tuple[str, Any]] | None = None
    done: bool = True
    steps: int = 0
    status: int = 200
    headers: Headers = field(default_factory=list)


class Drop(Exception):
    """Close the connection without an answer (from any stage before `http`)."""


class Cut(Exception):
    """Raise inside a streamed body (a callable body) to cut the connection there."""


def cut_after(frames: list[Frame], count: int) -> Callable[[], AsyncIterator[bytes]]:
    """A body that sends the first `count` frames and then breaks the connection."""

    async def body() -> AsyncIterator[bytes]:
        for frame in frames[:count]:
            yield frame.data
        raise Cut

    return body
