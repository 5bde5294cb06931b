"""One request and what came back: raw bytes, header lists in arrival order, arrival times.

Values here are frozen and know nothing of what is expected of them.
Parsed forms (text, JSON, events) are computed from the bytes on demand, never stored instead.
Times are seconds; ``started`` is Unix time, everything else counts from the moment of sending.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from conformance.wire import sse
from conformance.wire.jsontext import JsonDocument, JsonError, read_json

Headers = tuple[tuple[str, str], ...]

MAX_DECODED = 64 * 1024 * 1024
"""Bytes to which a compressed body is unpacked at most: a gzip bomb ends here."""


MAX_LINES = 100_000
"""Lines of a stream that are read at most: an endless stream of nothing ends here."""


def header(headers: Headers, name: str) -> str | None:
    """The first value of a header, by case-insensitive name; None when absent."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)


def header_all(headers: Headers, name: str) -> tuple[str, ...]:
    """Every value of a header, in arrival order."""
    wanted = name.lower()
    return tuple(value for key, value in headers if key.lower() == wanted)


@dataclass(frozen=True)
class Chunk:
    """Bytes as one read delivered them. ``at``: seconds after sending."""

    at: float
    data: bytes


@dataclass(frozen=True)
class Failure:
    """Why an exchange has no (whole) response.

    ``kind``: connect, tls, timeout, protocol, reset, size, cancelled (by the suite or by a client
    library that left), interrupted (the run ended meanwhile), budget, unsent (a client library
    raised before it sent anything).
    """

    kind: str
    message: str


@dataclass(frozen=True)
class ClientView:
    """What a client library made of an exchange: the driver's own observation, JSON all through.

    ``outcome``: returned or raised. ``value``: the returned object dumped to JSON, for a stream the
    list of its chunks. ``error``: class names (most special first), status, code, param, type,
    request_id, message of the exception.
    """

    client: str
    call: str
    outcome: str
    value: Any = None
    error: Any = None
    extra: dict[str, Any] = field(default_factory=dict)


class _Plain:
    """Goes from process to process without what was computed from it."""

    def __getstate__(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in self.__dataclass_fields__}  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Request(_Plain):
    method: str
    url: str
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        return header(self.headers, name)

    @cached_property
    def json(self) -> Any:
        """The parsed body, or None when it is not JSON."""
        try:
            return json.loads(self.body) if self.body else None
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True)
class Response(_Plain):
    """``head_at``/``ended_at``: when the header block and the last byte had come.

    ``complete`` is False when the body broke off, whoever ended it.
    """

    status: int
    reason: str
    http_version: str
    headers: Headers
    chunks: tuple[Chunk, ...]
    head_at: float
    ended_at: float
    complete: bool = True

    @cached_property
    def _first(self) -> dict[str, str]:
        """The first value of each header by its name in lower case."""
        return {key.lower(): value for key, value in reversed(self.headers)}

    def header(self, name: str) -> str | None:
        return self._first.get(name.lower())

    def header_all(self, name: str) -> tuple[str, ...]:
        return header_all(self.headers, name)

    @cached_property
    def raw(self) -> bytes:
        """The body as sent, still compressed if it was."""
        return b"".join(chunk.data for chunk in self.chunks)

    @cached_property
    def decoded(self) -> tuple[bytes, str | None]:
        """The body without its content encoding, and what went wrong, if anything."""
        encoding = (self.header("content-encoding") or "identity").strip().lower()
        if encoding in ("identity", "") or not self.raw:
            return self.raw, None
        try:
            if encoding in ("gzip", "x-gzip", "deflate"):
                wbits = 47 if encoding != "deflate" else 15
                try:
                    data = _inflate(self.raw, wbits)
                except zlib.error:
                    if encoding != "deflate":
                        raise
                    data = _inflate(self.raw, -15)  # many servers send raw deflate
                return data, None
        except (zlib.error, gzip.BadGzipFile, EOFError) as error:
            return self.raw, f"not valid {encoding}: {error}"
        return self.raw, f"unknown content encoding {encoding!r}"

    @property
    def body(self) -> bytes:
        return self.decoded[0]

    @cached_property
    def media_type(self) -> str:
        """The content type without parameters, lower case; empty when there is none."""
        return (self.header("content-type") or "").split(";")[0].strip().lower()

    @cached_property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @cached_property
    def document(self) -> JsonDocument | JsonError:
        """The body read as strict JSON, or the reason why it is none."""
        try:
            return read_json(self.body)
        except JsonError as error:
            return error

    @property
    def json(self) -> Any:
        """The parsed body, or None when it is not JSON."""
        document = self.document
        return None if isinstance(document, JsonError) else document.value

    @cached_property
    def stream(self) -> sse.Stream:
        """The body read as server-sent events, with arrival times and byte positions."""
        if self.header("content-encoding"):
            return sse.read([(self.ended_at, self.body)], max_lines=MAX_LINES)
        return sse.read(((chunk.at, chunk.data) for chunk in self.chunks), max_lines=MAX_LINES)

    @cached_property
    def payloads(self) -> tuple[Any, ...]:
        """The parsed JSON of each event's data, in order; what does not parse is left out."""
        return tuple(value for _, value in self._payloads)

    @cached_property
    def timed_payloads(self) -> tuple[tuple[float, Any], ...]:
        """As :attr:`payloads`, each with its arrival time."""
        return tuple((event.at, value) for event, value in self._payloads)

    @cached_property
    def event_payloads(self) -> tuple[tuple[sse.Event, Any], ...]:
        """Each event that carries JSON, with the parsed value."""
        return tuple(self._payloads)

    @cached_property
    def numbered(self) -> tuple[tuple[int, sse.Event, dict[str, Any]], ...]:
        """Each event that carries a JSON object, with its number, from 1."""
        parsed = {id(event): value for event, value in self._payloads}
        return tuple(
            (number, event, parsed[id(event)])
            for number, event in enumerate(self.stream.events, start=1)
            if isinstance(parsed.get(id(event)), dict)
        )

    @cached_property
    def _payloads(self) -> list[tuple[sse.Event, Any]]:
        found = []
        for event in self.stream.events:
            if not event.data or event.data.startswith("[DONE]"):
                continue
            try:
                found.append((event, json.loads(event.data)))
            except (ValueError, RecursionError):
                continue
        return found


@dataclass(frozen=True)
class Exchange(_Plain):
    """One request, its response or the failure, and who sent it for what.

    ``id``: ``x1``, ``x2``, ... in the order of sending. ``probe``/``step``: which probe caused it
    and which of its steps it is. ``endpoint``: path below the base URL, without query, as
    ``/chat/completions``. ``attempt``: 1 for the first try, more when suite or SDK tried again.
    """

    id: str
    request: Request
    response: Response | None
    failure: Failure | None = None
    probe: str = ""
    step: str = ""
    driver: str = "http"
    endpoint: str = ""
    started: float = 0.0
    duration: float = 0.0
    attempt: int = 1
    superseded: bool = False
    client: ClientView | None = None
    context: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def status(self) -> int:
        """The status, 0 when there is no response."""
        return self.response.status if self.response else 0

    @cached_property
    def ok(self) -> bool:
        return 200 <= self.status < 300 and not self._cut

    @property
    def _cut(self) -> bool:
        return self.failure is not None and self.failure.kind == "cancelled"

    @property
    def json(self) -> Any:
        return self.response.json if self.response else None

    @cached_property
    def sent(self) -> Any:
        """The request body as JSON, {} when it is not an object."""
        body = self.request.json
        return body if isinstance(body, dict) else {}

    @cached_property
    def is_stream(self) -> bool:
        """Whether the client asked for events."""
        return self.sent.get("stream") is True

    @property
    def is_sse(self) -> bool:
        return bool(self.response and self.response.media_type == "text/event-stream")

    def header(self, name: str) -> str | None:
        return self.response.header(name) if self.response else None

    @property
    def payloads(self) -> tuple[Any, ...]:
        return self.response.payloads if self.response else ()

    @property
    def route(self) -> str:
        """Method and endpoint, as ``POST /chat/completions``."""
        return f"{self.request.method} {self.endpoint}"

    def __str__(self) -> str:
        size = len(self.response.raw) if self.response else 0
        what = str(self.status) if self.response else (self.failure.kind if self.failure else "?")
        events = ""
        if self.is_sse and self.response:
            events = f", {len(self.response.stream.events)} events"
        return f"{self.route}, {what}, {self.duration:.2f} s{events}, {size} bytes"


@dataclass(frozen=True)
class Steps:
    """What a scenario left: its exchanges by the name of the step, in the order of sending.

    ``looked``: at which of them a case has looked; the last is the one that it speaks of.
    """

    name: str
    exchanges: tuple[Exchange, ...]
    looked: list[Exchange] = field(default_factory=list, compare=False, repr=False)

    def __getitem__(self, step: str) -> Exchange:
        found = self.get(step)
        if found is None:
            raise KeyError(step)
        return found

    def get(self, step: str) -> Exchange | None:
        found = next((x for x in reversed(self.exchanges) if x.step == step), None)
        if found is not None:
            self.looked.append(found)
        return found

    def all(self, step: str) -> tuple[Exchange, ...]:
        """Every exchange of a step that was sent more than once."""
        return tuple(x for x in self.exchanges if x.step == step)

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self.exchanges)

    def __contains__(self, step: object) -> bool:
        return any(x.step == step for x in self.exchanges)


def endpoint_of(url: str, base_url: str = "") -> str:
    """The path below the base URL; without one, below the last ``/v1`` or Azure's deployment."""
    path = urlsplit(url).path
    base = urlsplit(base_url).path.rstrip("/") if base_url else ""
    if base and path.startswith(base):
        return path[len(base) :] or "/"
    if base_url:
        return path
    marker = path.find("/v1/")
    if marker >= 0:
        return path[marker + 3 :]
    return path


def _inflate(data: bytes, wbits: int) -> bytes:
    decoder = zlib.decompressobj(wbits)
    out = decoder.decompress(data, MAX_DECODED)
    if decoder.unconsumed_tail:
        raise zlib.error(f"unpacks to more than {MAX_DECODED} bytes")
    if not decoder.eof:
        raise zlib.error("the compressed body ends too early")
    return out
