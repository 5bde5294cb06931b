"""Event streams: their bytes, judged over every stream of the run."""

from __future__ import annotations

import json
from collections.abc import Callable

from conformance import streamed
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, expect, fail
from conformance.requirement import (
    EVERY_DRIVER,
    MAY,
    MUST,
    Case,
    Level,
    Requirement,
    add_case,
    openai,
    requirement,
    sdk,
    whatwg,
)
from conformance.select import STREAM

PARSING = whatwg("9.2.6 Interpreting an event stream")
PYTHON = "openai-python: JSONDecodeError, the rest of the answer is lost"
NODE = "openai-node: SyntaxError, the stream aborts"

FORBIDDEN: tuple[tuple[str, Level, str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "sse.utf8",
        MUST,
        "An event stream is valid UTF-8.",
        ("invalid-utf8",),
        ("every client shows replacement characters, strict decoders raise",),
    ),
    (
        "sse.no-bom",
        MUST,
        "An event stream does not start with a byte order mark.",
        ("bom",),
        ("openai-python: the first event is lost",),
    ),
    (
        "sse.blank-line",
        MUST,
        "Every event, the last one too, is closed by a blank line.",
        ("incomplete-event", "unterminated-line"),
        ("openai-python and browsers: the last event is dropped in silence",),
    ),
    (
        "sse.data-field",
        MUST,
        "Every JSON text of an event stream stands behind `data:`.",
        ("bare-json",),
        ("every SSE client ignores the line",),
    ),
    (
        "sse.no-headers",
        MUST,
        "The body of an event stream holds no HTTP status line or header.",
        ("header-in-body",),
        ("clients that treat unknown lines as an error",),
    ),
    (
        "sse.no-chunk-sizes",
        MUST,
        "The body of an event stream holds no sizes of chunks: chunked coding is applied once.",
        ("chunk-size-in-body",),
        ("clients that treat unknown lines as an error",),
    ),
    (
        "sse.known-lines",
        MUST,
        "Every line is blank, a comment, or one of the fields data, event, id and retry.",
        ("unknown-field", "leading-whitespace", "field-without-colon", "bad-retry", "nul"),
        ("SSE clients ignore such a line, and what stands in it is lost",),
    ),
    (
        "sse.no-empty-data",
        MUST,
        "No event has empty data: a heartbeat is a comment.",
        ("empty-data",),
        (PYTHON, NODE),
    ),
    (
        "sse.no-lone-id",
        MUST,
        "No block consists of `id:` or `retry:` alone.",
        ("lone-field-line", "id-with-nul"),
        (PYTHON,),
    ),
    (
        "sse.no-lone-event",
        MUST,
        "No block has an `event:` line without data, and none stands between the two.",
        ("lone-event-line",),
        (PYTHON, NODE),
    ),
    (
        "sse.line-ends",
        MUST,
        "An event stream uses one kind of line end throughout.",
        ("mixed-line-ends",),
        ("clients that split at one form of the blank line: events merge or come late",),
    ),
)

ALIVE_S = 5.0
"""A stream of which a piece came so lately goes on."""


def _without(kinds: tuple[str, ...]) -> Callable[[Exchange], None]:
    def decide(stream: Exchange) -> None:
        streamed.events(stream)
        assert stream.response is not None
        for deviation in stream.response.stream.deviations:
            if deviation.kind in kinds:
                if not stream.response.complete and deviation.kind in (
                    "incomplete-event",
                    "unterminated-line",
                ):
                    raise NotApplicable("the body broke off")
                fail(f"byte {deviation.position}", "no such line", deviation.detail)

    return decide


def forbidden(x: Exchange) -> None:
    """Holds the cases of the table."""


for _id, _level, _text, _kinds, _breaks in FORBIDDEN:
    add_case(
        forbidden,
        Case(
            Requirement(_id, _level, _text, PARSING, breaks=_breaks),
            _without(_kinds),
            over=STREAM,
            drivers=EVERY_DRIVER,
            module=__name__,
        ),
    )


@requirement(
    "sse.content-type",
    MUST,
    "A stream has the content type `text/event-stream`.",
    source=openai("chat/streaming"),
    over=STREAM,
    breaks=["EventSource and fetch-event-source refuse it", "proxies buffer it"],
)
def test_content_type(stream: Exchange) -> None:
    streamed.events(stream)
    if stream.header("content-type") is None and stream.context.get("headers_filtered"):
        raise NotApplicable
    expect(stream).media_type("text/event-stream")


@requirement(
    "sse.charset",
    MUST,
    "A charset that the content type of a stream names is UTF-8.",
    source=whatwg("9.2.5 Parsing an event stream"),
    over=STREAM,
    breaks=["browsers and Java clients decode as told: every non-ASCII character is wrong"],
)
def test_charset(stream: Exchange) -> None:
    streamed.events(stream)
    given = (stream.header("content-type") or "").lower()
    if "charset" not in given:
        raise NotApplicable
    charset = given.partition("charset")[2].strip(" =").split(";")[0].strip("\"' ")
    if charset not in ("utf-8", "utf8"):
        fail("header content-type", "charset=utf-8", given)


@requirement(
    "sse.complete",
    MUST,
    "The body of a stream ends as HTTP says: by the last chunk, or after content-length bytes.",
    source=sdk("openai-python 3.51 _streaming.py"),
    over=STREAM,
    breaks=["openai-python: APIConnectionError", "openai-node: TypeError terminated"],
)
def test_complete(stream: Exchange) -> None:
    if not stream.response:
        raise NotApplicable
    late = stream.failure is not None and stream.failure.kind == "timeout"
    times = [chunk.at for chunk in stream.response.chunks]
    if late and times and stream.duration - times[-1] < ALIVE_S:
        raise Inconclusive("pieces still came when the time limit of the run was over")
    if not stream.response.complete or stream.failure is not None:
        why = stream.failure.message if stream.failure else "it broke off"
        fail("body", "a whole body", f"{len(stream.response.raw)} bytes, then: {why}")


@requirement(
    "sse.no-content-length",
    MAY,
    "A stream has no content-length: its length is not known when it begins.",
    source=openai("chat/streaming"),
    over=STREAM,
)
def test_no_content_length(stream: Exchange) -> None:
    streamed.events(stream)
    if stream.context.get("foreign"):
        raise NotApplicable
    expect(stream).header("content-length").absent()


@requirement(
    "sse.json",
    MUST,
    "The data of every event but `[DONE]` is one JSON object.",
    source=openai("chat/streaming"),
    over=STREAM,
    breaks=[PYTHON, NODE],
)
def test_json(stream: Exchange) -> None:
    for number, event in enumerate(streamed.events(stream), start=1):
        if not event.data.strip() or "DONE" in event.data[:12].upper():
            continue
        if not event.complete:
            continue
        try:
            value = json.loads(event.data, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            fail(f"event {number}, field data", "a JSON object", f"{event.data[:200]} ({error})")
        if not isinstance(value, dict):
            fail(f"event {number}, field data", "a JSON object", event.data[:200])


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")
