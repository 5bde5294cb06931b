"""The careful half of the event-stream reader: one line at a time, every oddity noted."""

from __future__ import annotations

import codecs
import re
from collections import Counter

from conformance.wire.shown import shown
from conformance.wire.sse_values import Deviation, Event

_KEPT_PER_KIND = 100
_NAME_KEPT = 60
_KNOWN = ("data", "event", "id", "retry")
_RETRY_DIGITS = 15  # of milliseconds: more than anybody waits, and a safe integer everywhere
_HEADER = re.compile(
    r"HTTP/[0-9](\.[0-9])? [0-9]{3}\b"
    r"|(content-(type|length|encoding)|transfer-encoding|connection|keep-alive|cache-control"
    r"|server|date|vary|via|set-cookie|alt-svc|cf-[a-z-]+|strict-transport-security"
    r"|access-control-[a-z-]+|openai-[a-z-]+|x-[a-z-]+)[ \t]*:",
    re.IGNORECASE,
)
_CHUNK_SIZE = re.compile(r"[0-9A-Fa-f]{1,8}")
_JSON = re.compile(r'\{\s*("|\}|$)|\[\s*(\{|"[^"]*"\s*,)')


class Notes:
    """Collects deviations, the first hundred of each kind: a hostile stream makes millions."""

    def __init__(self) -> None:
        self._kept: list[Deviation] = []
        self._seen: Counter[str] = Counter()

    @property
    def omitted(self) -> int:
        """How many deviations were not kept."""
        return self._seen.total() - len(self._kept)

    def add(self, kind: str, position: int, detail: str) -> None:
        """Note one deviation."""
        self._seen[kind] += 1
        if self._seen[kind] <= _KEPT_PER_KIND:
            self._kept.append(Deviation(kind, position, detail))

    def sorted(self) -> tuple[Deviation, ...]:
        """All that were kept, by position."""
        return tuple(sorted(self._kept, key=lambda deviation: deviation.position))


class Block:
    """Field lines since the last blank line."""

    def __init__(self, start: int) -> None:
        self.start = start
        self._fields: list[str] = []
        self._seen: set[str] = set()  # known names among them
        self._data: list[str] = []
        self._spaced = True
        self._event = ""
        self._id: str | None = None
        self._retry: int | None = None

    def event(self, end: int, at: float, notes: Notes, complete: bool) -> Event:
        """The finished block as an event."""
        data = "\n".join(self._data)
        if self._data:
            if not data.strip():
                notes.add("empty-data", self.start, "the event's data is empty")
        elif "event" in self._seen:
            notes.add("lone-event-line", self.start, f"event {shown(self._event)} without data")
        elif self._seen:
            only = " and ".join(name for name in ("id", "retry") if name in self._seen)
            notes.add("lone-field-line", self.start, f"{only} without data")
        return Event(
            data=data,
            event=self._event,
            id=self._id,
            retry=self._retry,
            start=self.start,
            end=end,
            at=at,
            fields=tuple(self._fields),
            has_data=bool(self._data),
            complete=complete,
            spaced=bool(self._data) and self._spaced,
        )

    def add(self, name: str, value: str, spaced: bool, start: int, notes: Notes) -> None:
        """Take one field of a known name; `start` is the position of its line."""
        if name == "data":
            self._data.append(value)
            self._spaced = self._spaced and spaced
        elif name in self._seen:
            notes.add("repeated-field", start, f"a second {name!r} in one block")
        self._fields.append(name)
        self._seen.add(name)
        if name == "event":
            self._event = value
        elif name == "id":
            if "\0" in value:
                notes.add("id-with-nul", start, f"id {shown(value)} contains U+0000")
            else:
                self._id = value
        elif name == "retry":
            if value.isascii() and value.isdigit() and len(value) <= _RETRY_DIGITS:
                self._retry = int(value)
            else:
                detail = f"retry {shown(value)} is not a number of milliseconds"
                notes.add("bad-retry", start, detail)

    def add_unknown(self, name: str) -> None:
        """Take one field that clients ignore."""
        self._fields.append(name[:_NAME_KEPT])


def read_line(
    raw: bytes, start: int, block: Block, notes: Notes, *, whole: bool, ended: bool
) -> str | None:
    """Read one line that is not blank: return a comment's text, or None if `block` took it.

    Args:
        raw: the line without its end.
        start: its position in the stream.
        whole: False where the line is cut, so that its last character may be incomplete.
        ended: False where the stream ended within the line.
    """
    try:
        text = codecs.utf_8_decode(raw, "strict", whole)[0]
    except UnicodeDecodeError as error:
        text = codecs.utf_8_decode(raw, "replace", whole)[0]
        wrong = raw[error.start : error.end].hex(" ")
        notes.add("invalid-utf8", start + error.start, f"bytes {wrong} are not UTF-8")
    name, colon, value = text.partition(":")
    spaced = value.startswith(" ")
    if spaced:
        value = value[1:]
    if "\0" in text and name != "id":
        notes.add("nul", start + raw.index(b"\0"), "the line contains U+0000")
    if colon and not name:
        return value
    if name in _KNOWN:
        if not colon:
            detail = f"{name!r} without a colon means an empty value"
            notes.add("field-without-colon", start, detail)
        block.add(name, value, spaced, start, notes)
        return None
    # A field name that the end of the stream cut off says nothing about the server's lines.
    if colon or ended or not any(known.startswith(name) for known in _KNOWN):
        notes.add(*_unknown(text, start, bool(colon)))
    block.add_unknown(name)
    return None


def _unknown(text: str, start: int, colon: bool) -> tuple[str, int, str]:
    """The deviation that best names a line without a known field."""
    quoted = shown(text)
    if text[:1] in (" ", "\t"):
        return "leading-whitespace", start, f"the line starts with white space: {quoted}"
    if _HEADER.match(text):
        return "header-in-body", start, f"{quoted} belongs into the head of the response"
    if _JSON.match(text):
        return "bare-json", start, f"JSON without 'data:': {quoted}"
    if _CHUNK_SIZE.fullmatch(text):
        return "chunk-size-in-body", start, f"{quoted} looks like the size of a chunk"
    if not colon:
        return "field-without-colon", start, f"{quoted} has no colon and is ignored"
    return "unknown-field", start, f"{quoted} has no known field name and is ignored"
