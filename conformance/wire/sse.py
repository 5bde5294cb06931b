"""A strict reader of server-sent events that never fails: what deviates is data, not an exception.

Written from the WHATWG text (https://html.spec.whatwg.org/multipage/server-sent-events.html,
"Parsing an event stream" and "Interpreting an event stream"), not from what clients tolerate.
Byte positions count from 0 at the first byte of the body. The result does not depend on how the
bytes were split into chunks, `at` excepted.

Some deviations are legal by that text and still break official SDKs; a case decides what counts.

| kind                  | what was seen                                                    | legal |
|-----------------------|------------------------------------------------------------------|-------|
| `bom`                 | the stream starts with a byte order mark                         | yes   |
| `bad-retry`           | `retry` is not ASCII digits, or is absurdly long; it is ignored  | no    |
| `bare-json`           | a line starts with `{` or `[` + JSON, without `data:`            | no    |
| `chunk-size-in-body`  | a line is only hex digits: chunked coding applied twice          | no    |
| `empty-data`          | an event's data is empty or white space                          | yes   |
| `field-without-colon` | a line has no colon (`data` alone means empty data)              | yes   |
| `header-in-body`      | an HTTP status line or response header inside the stream         | no    |
| `id-with-nul`         | an `id` contains U+0000; it is ignored                           | no    |
| `incomplete-event`    | field lines after the last blank line: a browser drops them      | no    |
| `invalid-utf8`        | bytes that are not UTF-8; they became U+FFFD                     | no    |
| `leading-whitespace`  | a line starts with space or tab, so its field is unknown         | no    |
| `line-too-long`       | a line exceeds `max_line` bytes; the excess was dropped          | yes   |
| `lone-event-line`     | a block has `event` but no `data`: browsers ignore it            | yes   |
| `lone-field-line`     | a block has only `id` or `retry`                                 | yes   |
| `mixed-line-ends`     | a second (third) kind of line end appears                        | yes   |
| `nul`                 | a line other than `id` contains U+0000                           | yes   |
| `repeated-field`      | a second `event`, `id` or `retry` within one block               | yes   |
| `too-many-lines`      | more than `max_lines` lines; the rest was not read               | yes   |
| `unknown-field`       | a field name other than data, event, id, retry; it is ignored    | yes   |
| `unterminated-line`   | the stream ends inside a line                                    | no    |
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from conformance.wire.sse_block import Block, Notes, read_line
from conformance.wire.sse_values import Comment, Deviation, Event, Stream

__all__ = ["MAX_LINE", "MAX_LINES", "Comment", "Deviation", "Event", "Reader", "Stream", "read"]

MAX_LINE = 16 * 1024 * 1024
"""Bytes of one line that are kept; an image in base64 fits."""

MAX_LINES = 1_000_000
"""Lines of one stream that are read: bounds the objects that a hostile stream can make us build."""

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n?|\n")
_MORE_BLANKS = {
    b"\n": re.compile(rb"\n*+"),
    b"\r\n": re.compile(rb"(?:\r\n)*+"),
    b"\r": re.compile(rb"(?:\r(?!\n|\Z))*+"),
}
_DATA = b"data: "
_ENDS = (b"", b"\n", b"\r\n")  # by length
_EVENT_AND_DATA = ("event", "data")
_new_event = Event.__new__


class Reader:
    """Reads one stream as it arrives: `feed` each chunk, then `close`.

    Args:
        max_line: bytes of a line that are kept; longer lines are cut and reported.
        max_lines: lines that are read at all, comments included, blank lines not.

    Memory stays within what the events hold plus one line.
    """

    def __init__(self, *, max_line: int = MAX_LINE, max_lines: int = MAX_LINES) -> None:
        self._max_line = max_line
        self._room = max_lines  # lines that may still be read
        self._events: list[Event] = []
        self._comments: list[Comment] = []
        self._notes = Notes()
        self._ends: set[bytes] = set()
        self._block: Block | None = None
        self._pending: list[bytes] = []  # pieces of the line that has no end yet
        self._pending_size = 0
        self._cut: bytes | None = None  # kept beginning of a line that is too long
        self._cut_start = 0
        self._size = 0
        self._at = 0.0  # arrival time of the line being read
        self._held = False  # pending ends with CR: the next byte decides between CR and CRLF
        self._started = False  # the place where a byte order mark may stand is passed
        self._full = False
        self._width = 0  # length of the line end, if LF or CRLF is the only one so far
        self._head = (_DATA, "")  # of the last ordinary block
        self._between = False  # between two blocks, nothing left over
        self._stream: Stream | None = None

    def feed(self, at: float, data: bytes) -> list[Event]:
        """Take the next chunk and return the events that it completed.

        Args:
            at: arrival time, seconds (any clock).
            data: the bytes as they came.

        Raises:
            ValueError: the reader is closed.
        """
        if self._between and data:
            # The shortest way for the ordinary chunk: whole events, nothing left over before it.
            first, base = len(self._events), self._size
            self._size = base + len(data)
            self._at = at
            width = 0 if 0 in data else 2 if 13 in data else 1
            done = self._consume_ordinary(data, 0, base, width)
            if done != len(data):
                self._read_on(data, done, base, at)
            return self._events[first:]
        if self._stream is not None:
            raise ValueError("the reader is closed")
        if not data:
            return []
        base = self._size - self._pending_size
        self._size += len(data)
        if self._full:
            return []
        if not self._held:
            self._at = at
        if not self._pending:
            buffer = data
        elif self._started and not self._held and 10 not in data and 13 not in data:
            # The line only grows. Joining it at every chunk would take quadratic time.
            self._pending.append(data)
            self._pending_size += len(data)
            self._keep(base)
            return []
        else:
            buffer = b"".join((*self._pending, data))
        first = len(self._events)
        self._read_on(buffer, 0, base, at)
        return self._events[first:]

    def _read_on(self, buffer: bytes, done: int, base: int, at: float) -> None:
        """Read the lines of `buffer` from index `done` on and keep what has no end yet."""
        done = self._consume(buffer, done, base, at, last=False)
        rest = buffer[done:]
        self._held = rest.endswith(b"\r")
        self._pending = [rest] if rest and not self._full else []
        self._pending_size = len(rest) if self._pending else 0
        self._keep(base + done)
        self._at = at
        self._between = (
            not self._pending and not self._full and self._block is None and self._cut is None
        )

    def close(self) -> Stream:
        """End the stream and return all of it. A second call returns the same value."""
        if self._stream is not None:
            return self._stream
        buffer = b"".join(self._pending)
        base = self._size - self._pending_size
        if not self._full:
            done = self._consume(buffer, 0, base, self._at, last=True)
            if done < len(buffer) or self._cut is not None:
                self._unterminated(buffer[done:], base + done)
        if self._block is not None:
            start = self._block.start
            self._notes.add("incomplete-event", start, "the stream ends without the blank line")
            self._events.append(self._block.event(self._size, self._at, self._notes, False))
        self._stream = Stream(
            events=tuple(self._events),
            comments=tuple(self._comments),
            deviations=self._notes.sorted(),
            line_ends=frozenset(end.decode() for end in self._ends),
            size=self._size,
            omitted=self._notes.omitted,
        )
        self._pending = []
        self._between = False
        return self._stream

    def _keep(self, start: int) -> None:
        """Once the line that has no end yet is too long, hold only its beginning."""
        if self._cut is None and self._pending_size > self._max_line + 1:  # + 1: a held CR
            self._cut, self._cut_start = b"".join(self._pending)[: self._max_line], start
        if self._cut is not None:
            # Of the rest only a CR that may be half of a CRLF still matters.
            self._pending = [b"\r"] if self._held else []
            self._pending_size = len(self._pending)

    def _consume(self, buffer: bytes, done: int, base: int, at: float, *, last: bool) -> int:
        """Read the complete lines of `buffer` from index `done` on; return the index reached."""
        if not self._started:
            if len(buffer) < len(_BOM) and _BOM.startswith(buffer) and not last:
                return 0
            self._started = True
            if buffer.startswith(_BOM):
                self._notes.add("bom", 0, "the stream starts with a byte order mark, EF BB BF")
                done = len(_BOM)
        # Searching for an int is faster than for bytes, and once a buffer keeps it linear.
        width = 0 if 0 in buffer else 2 if 13 in buffer else 1
        while not self._full:
            if self._block is None and self._cut is None and not self._held:
                done = self._consume_ordinary(buffer, done, base, width)
            match = _LINE_END.search(buffer, done)
            if match is None or (match[0] == b"\r" and match.end() == len(buffer) and not last):
                return done
            blank = self._block is None and self._cut is None and match.start() == done
            self._line(buffer, done, match, base)
            done = match.end()
            if blank and (more := _MORE_BLANKS[match[0]].match(buffer, done)):
                done = more.end()
            self._held, self._at = False, at
        return done

    def _consume_ordinary(self, buffer: bytes, done: int, base: int, width: int) -> int:
        """Read blocks `data: x` and `event: n`, `data: x` in a tight loop; stop at any other.

        Nearly every event of a stream of a language model is of this form. The loop decides only
        what it knows to be free of deviations and leaves the rest to the line reader.
        `width` is 1 without a CR in `buffer` (lines end with LF), else 2 (with CRLF), 0 with NUL.
        """
        if not width or (width != self._width and self._ends):
            return done
        head, name = self._head
        room, at, longest, skip = self._room, self._at, self._max_line, len(head)
        find, starts, append = buffer.find, buffer.startswith, self._events.append
        size = len(buffer)
        try:
            while room > 1 and done < size:
                if not starts(head, done):  # mostly it is the same as that of the last event
                    found = _ordinary_head(buffer, done, _ENDS[width])
                    if found is None:
                        break
                    head, name = self._head = found
                    skip = len(head)
                value = done + skip
                feed = find(10, value)
                # The first byte of the data is not white space, so the data is not empty.
                if feed < 0 or buffer[feed + width] != 10 or buffer[value] <= 32:
                    break
                line = buffer[value : feed + 1 - width]
                if feed - done > longest or (
                    width == 2 and (13 in line or not buffer[feed - 1] == buffer[feed + 1] == 13)
                ):
                    break
                text = line.decode()
                event = _new_event(Event)
                values = event.__dict__  # a frozen __init__ takes eight times as long
                values["data"] = text
                values["start"] = base + done
                done = feed + width + 1
                values["end"] = base + done
                values["at"] = at
                if name:
                    values["event"] = name
                    values["fields"] = _EVENT_AND_DATA
                    room -= 1
                append(event)
                room -= 1
        except (IndexError, UnicodeDecodeError):
            pass  # the block is not complete, or not UTF-8
        if room != self._room:
            self._room = room
            if not self._width:
                self._width = width
                self._ends.add(_ENDS[width])
        return done

    def _line(self, buffer: bytes, begin: int, match: re.Match[bytes], base: int) -> None:
        """Read one complete line."""
        ending, place, after = match[0], base + match.start(), base + match.end()
        if ending not in self._ends:
            if self._ends:
                seen = ", ".join(sorted(repr(end.decode()) for end in self._ends))
                detail = f"line ends with {ending.decode()!r}, earlier ones with {seen}"
                self._notes.add("mixed-line-ends", place, detail)
            self._ends.add(ending)
            self._width = len(ending) if len(self._ends) == 1 and ending != b"\r" else 0
        raw, start = buffer[begin : match.start()], base + begin
        whole = True
        if self._cut is not None:
            raw, start, self._cut, whole = self._cut, self._cut_start, None, False
        elif len(raw) > self._max_line:
            raw, whole = raw[: self._max_line], False
        if not whole:
            self._note_cut(start, place)
        if not raw and whole:
            if self._block is not None:
                self._events.append(self._block.event(after, self._at, self._notes, True))
                self._block = None
        else:
            self._content(raw, start, after, whole=whole, ended=True)

    def _unterminated(self, raw: bytes, start: int) -> None:
        """Read what follows the last line end."""
        whole = True
        if self._cut is not None:
            raw, start, whole = self._cut, self._cut_start, False
        elif len(raw) > self._max_line:
            raw, whole = raw[: self._max_line], False
        if not whole:
            self._note_cut(start, self._size)
        self._notes.add("unterminated-line", start, "the stream ends inside this line")
        self._content(raw, start, self._size, whole=whole, ended=False)

    def _note_cut(self, start: int, end: int) -> None:
        detail = f"line of {end - start} bytes, cut to {self._max_line}"
        self._notes.add("line-too-long", start, detail)

    def _content(self, raw: bytes, start: int, end: int, *, whole: bool, ended: bool) -> None:
        """Hand one line that is not blank to the comments or to the open block."""
        if not self._room:
            self._full = True
            self._notes.add("too-many-lines", start, "the stream is not read from here on")
            return
        self._room -= 1
        block = self._block or Block(start)
        comment = read_line(raw, start, block, self._notes, whole=whole and ended, ended=ended)
        if comment is None:
            self._block = block
        else:
            self._comments.append(Comment(comment, start, end, self._at))


def _ordinary_head(buffer: bytes, start: int, end: bytes) -> tuple[bytes, str] | None:
    """What stands before the data in an ordinary block, and the event type in it.

    Raises:
        UnicodeDecodeError: the event type is not UTF-8.
    """
    if buffer.startswith(_DATA, start):
        return _DATA, ""
    stop = buffer.find(end, start)
    if not buffer.startswith(b"event: ", start) or not buffer.startswith(_DATA, stop + len(end)):
        return None
    name = buffer[start + 7 : stop]
    if stop < 0 or not name or 10 in name or 13 in name:
        return None
    return buffer[start : stop + len(end) + len(_DATA)], name.decode()


def read(
    chunks: Iterable[tuple[float, bytes]], *, max_line: int = MAX_LINE, max_lines: int = MAX_LINES
) -> Stream:
    """Read a whole recorded body, given as pairs of arrival time (seconds) and bytes."""
    reader = Reader(max_line=max_line, max_lines=max_lines)
    for at, data in chunks:
        reader.feed(at, data)
    return reader.close()
