"""What a stream of server-sent events consists of, as values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """One block with at least one field line, dispatched by a browser or not.

    `data` is the values of all `data` fields joined with LF. The defaults are those of the
    ordinary block, one line `data: x`; the reader relies on them as class attributes.
    """

    data: str
    event: str = ""
    """The event type as sent, "" where there is none."""
    id: str | None = None
    """The id of this very block; None without one (or where it held U+0000)."""
    retry: int | None = None
    """Reconnection time, milliseconds."""
    start: int = 0
    """Position of the first byte of the block's first field line."""
    end: int = 0
    """Position after the blank line, or the size of the stream."""
    at: float = 0.0
    """Arrival time, seconds, of the chunk that completed the event."""
    fields: tuple[str, ...] = ("data",)
    """Names of the fields in order, unknown ones included."""
    has_data: bool = True
    complete: bool = True
    """False where the stream ended without the blank line."""
    spaced: bool = True
    """Every `data:` is followed by a space. Both forms are legal."""


@dataclass(frozen=True)
class Comment:
    """One line that starts with a colon; `text` lacks the colon and one space after it."""

    text: str
    start: int
    end: int
    at: float


@dataclass(frozen=True)
class Deviation:
    """Something that a careful server would not send; kinds: see `conformance.wire.sse`."""

    kind: str
    position: int
    detail: str


@dataclass(frozen=True)
class Stream:
    """A whole stream. `deviations` are ordered by position; `omitted` counts those not kept."""

    events: tuple[Event, ...]
    comments: tuple[Comment, ...]
    deviations: tuple[Deviation, ...]
    line_ends: frozenset[str]
    size: int
    omitted: int = 0

    @property
    def messages(self) -> tuple[Event, ...]:
        """What a client written to the WHATWG text dispatches: complete, with data."""
        return tuple(event for event in self.events if event.has_data and event.complete)

    def kinds(self) -> frozenset[str]:
        """The kinds of deviations seen."""
        return frozenset(deviation.kind for deviation in self.deviations)
