"""The event-stream reader: the WHATWG text's examples, every deviation, any split, two oracles."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterable
from itertools import pairwise

import pytest
from httpx_sse._decoders import SSEDecoder as HttpxDecoder
from httpx_sse._decoders import SSELineDecoder
from hypothesis import given, settings
from hypothesis import strategies as st
from openai._streaming import SSEDecoder as OpenAIDecoder

from conformance.bench import sse as bench
from conformance.wire import sse
from conformance.wire.sse import Comment, Event, Reader, Stream, read

quick = settings(derandomize=True, deadline=None, max_examples=200, database=None)


def whole(body: bytes, **limits: int) -> Stream:
    return read([(1.0, body)], **limits)


def cut(body: bytes, places: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted({place % (len(body) + 1) for place in places}), len(body)]
    return [body[start:end] for start, end in pairwise(edges)]


def data_of(body: bytes) -> list[str]:
    return [event.data for event in whole(body).messages]


def only(body: bytes, **limits: int) -> sse.Deviation:
    (deviation,) = whole(body, **limits).deviations
    return deviation


# -- the WHATWG text --------------------------------------------------------------------------


def test_example_of_multi_line_data() -> None:
    assert data_of(b"data: YHOO\ndata: +2\ndata: 10\n\n") == ["YHOO\n+2\n10"]


def test_example_of_comment_ids_and_space() -> None:
    stream = whole(
        b": test stream\n\ndata: first event\nid: 1\n\n"
        b"data:second event\nid\n\ndata:  third event\n\n"
    )
    assert [event.data for event in stream.messages] == [
        "first event",
        "second event",
        " third event",
    ]
    assert [event.id for event in stream.messages] == ["1", "", None]
    assert [event.spaced for event in stream.messages] == [True, False, True]
    assert stream.comments == (Comment("test stream", 0, 14, 1.0),)
    assert stream.kinds() == {"field-without-colon"}


def test_example_of_empty_data_and_a_pending_event() -> None:
    stream = whole(b"data\n\ndata\ndata\n\ndata:")
    assert [(event.data, event.complete) for event in stream.events] == [
        ("", True),
        ("\n", True),
        ("", False),
    ]
    assert len(stream.messages) == 2


def test_space_after_the_colon_does_not_matter() -> None:
    assert data_of(b"data:test\n\ndata: test\n\n") == ["test", "test"]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_line_ends(end: bytes) -> None:
    stream = whole(b"data: a\n\nevent: e\ndata: b\n\n\n\n: c\n".replace(b"\n", end))
    assert [(event.event, event.data) for event in stream.events] == [("", "a"), ("e", "b")]
    assert stream.line_ends == {end.decode()}
    assert stream.deviations == ()
    assert stream.size == stream.comments[0].end


def test_positions_fields_and_times() -> None:
    reader = Reader()
    assert reader.feed(1.0, b"\ndata: a\n") == []
    (first,) = reader.feed(2.0, b"\nevent: e\nid: 7\nretry: 10\ndata: b\n\n")[:1]
    assert first == Event("a", start=1, end=10, at=2.0)
    assert reader.feed(3.0, b"") == []
    stream = reader.close()
    assert stream.events[1] == Event(
        "b", "e", "7", 10, 10, 44, 2.0, ("event", "id", "retry", "data")
    )
    assert stream.size == 44
    assert reader.close() is stream
    with pytest.raises(ValueError, match="closed"):
        reader.feed(4.0, b"data: c\n\n")


def test_events_have_the_time_of_the_chunk_that_completed_them() -> None:
    reader = Reader()
    chunks = [b"data: a\n\nda", b"ta: b", b"\n", b"\ndata: c\r\n\r", b"\n", b"data: d\r\r", b": x"]
    for at, chunk in enumerate(chunks):
        reader.feed(float(at), chunk)
    stream = reader.close()
    assert [event.at for event in stream.events] == [0.0, 3.0, 3.0, 5.0]
    assert [event.data for event in stream.events] == ["a", "b", "c", "d"]
    assert stream.comments[0].at == 6.0


def test_a_held_carriage_return_ends_its_line_at_its_own_time() -> None:
    stream = read([(1.0, b"data: a\r\r"), (2.0, b"data: b\r\r")])
    assert [event.at for event in stream.events] == [1.0, 2.0]


def test_events_of_the_fast_path_are_ordinary_values() -> None:
    (event,) = whole(b"event: e\ndata: x\n\n").events
    twin = Event("x", "e", start=0, end=18, at=1.0, fields=("event", "data"))
    assert event == twin
    assert hash(event) == hash(twin)
    assert repr(event) == repr(twin)
    assert pickle.loads(pickle.dumps(event)) == copy.copy(event) == twin


def test_characters_that_other_line_splitters_take_for_line_ends() -> None:
    text = "a\u2028b\u0085c\x0bd\x0ce"
    assert data_of(f"data: {text}\n\n".encode()) == [text]


def test_nothing_at_all() -> None:
    assert whole(b"") == Stream((), (), (), frozenset(), 0)
    assert whole(b"\n\n\n").events == ()


# -- deviations -------------------------------------------------------------------------------

DEVIATIONS = [
    ("bom", b"\xef\xbb\xbfdata: x\n\n", 0),
    ("bad-retry", b"data: x\nretry: 1s\n\n", 8),
    ("bad-retry", b"retry: 9999999999999999\ndata: x\n\n", 0),
    ("bad-retry", "retry: \u0663\ndata: x\n\n".encode(), 0),
    ("bare-json", b'data: x\n\n{"id": 1}\n\n', 9),
    ("bare-json", b'[{"id": 1}]\n\n', 0),
    ("chunk-size-in-body", b"1a4\ndata: x\n\n", 0),
    ("empty-data", b"data: x\n\ndata:\n\n", 9),
    ("empty-data", b"data:  \t\n\n", 0),
    ("field-without-colon", b"data: x\nwhat is this\n\n", 8),
    ("field-without-colon", b"[DONE]\n\n", 0),
    ("header-in-body", b"HTTP/1.1 200 OK\n\n", 0),
    ("header-in-body", b"data: x\n\nContent-Type: text/event-stream\n\n", 9),
    ("id-with-nul", b"id: a\0b\ndata: x\n\n", 0),
    ("incomplete-event", b"data: x\n\ndata: y\n", 9),
    ("invalid-utf8", b"data: x\xff\n\n", 7),
    ("invalid-utf8", b"event: \xe2\x82\ndata: x\n\n", 7),
    ("leading-whitespace", b" data: x\n\n", 0),
    ("leading-whitespace", b"data: x\n \n\n", 8),
    ("lone-event-line", b"event: ping\n\ndata: x\n\n", 0),
    ("lone-event-line", b"event: ping\nid: 1\n\n", 0),
    ("lone-field-line", b"data: x\n\nretry: 10\nid: 4\n\n", 9),
    ("mixed-line-ends", b"data: x\n\r\n", 8),
    ("mixed-line-ends", b"data: x\n\ndata: x\r\n\r\n", 16),
    ("mixed-line-ends", b"data: x\r\n\r\ndata: x\n\n", 18),
    ("mixed-line-ends", b"data: x\r\r\ndata: x\r\n\n", 8),
    ("nul", b"data: a\0b\n\n", 7),
    ("nul", b": a\0b\n\n", 3),
    ("repeated-field", b"event: a\ndata: x\nevent: b\n\n", 17),
    ("unknown-field", b"Data: x\n\n", 0),
    ("unknown-field", b"data: x\ndata : y\n\n", 8),
    ("unterminated-line", b"data: x\n\n: bye", 9),
]


@pytest.mark.parametrize(("kind", "body", "position"), DEVIATIONS)
def test_deviation(kind: str, body: bytes, position: int) -> None:
    found = [(one.kind, one.position) for one in whole(body).deviations if one.kind == kind]
    assert found[0] == (kind, position)
    others = whole(body).kinds() - {kind}
    assert others <= {"mixed-line-ends"}


def test_the_table_of_kinds_is_tested() -> None:
    table = {line.split("`")[1] for line in (sse.__doc__ or "").splitlines() if line[:3] == "| `"}
    limits = {"line-too-long", "too-many-lines"}
    assert table == {kind for kind, _, _ in DEVIATIONS} | limits


def test_an_ordinary_stream_has_no_deviations() -> None:
    body = b"".join(bench.chat_stream(3) + bench.responses_stream(3))
    assert whole(body).deviations == ()
    assert whole(b": ping\n\nid: 1\ndata:x\nretry: 5\n\n").deviations == ()


def test_a_replaced_byte_and_its_neighbours() -> None:
    assert data_of(b"data: a\xffb\n\n") == ["a\ufffdb"]
    assert data_of(b"event: \xff\ndata: x\n\n") == ["x"]


def test_an_id_with_nul_is_ignored() -> None:
    (event,) = whole(b"id: a\0\ndata: x\n\n").events
    assert event.id is None
    assert event.fields == ("id", "data")


@pytest.mark.parametrize("body", [b"data: x\n\nda", b"data: x\n\ndata: \xe2\x82"])
def test_a_stream_cut_anywhere_is_not_blamed_for_the_stump(body: bytes) -> None:
    stream = whole(body)
    assert stream.kinds() == {"incomplete-event", "unterminated-line"} | (
        {"empty-data"} if b"\xe2" in body else set()
    )
    assert not stream.events[-1].complete


def test_a_body_that_is_json_instead_of_a_stream() -> None:
    stream = whole(b'{"error": {"message": "no"}}')
    assert stream.kinds() == {"bare-json", "unterminated-line", "incomplete-event"}
    assert stream.messages == ()
    assert "message" in stream.deviations[1].detail


def test_details_are_short_and_printable() -> None:
    detail = only(b"x\x1b[31m" + b"y" * 500 + b": 1\n\n").detail
    assert len(detail) < 200
    assert detail.isprintable()


def test_the_head_of_an_event_may_change() -> None:
    body = b"event: a\ndata: 1\n\ndata: 2\n\nevent: b\ndata: 3\n\nevent: \ndata: 4\n\n"
    got = [(event.event, event.data) for event in whole(body).events]
    assert got == [("a", "1"), ("", "2"), ("b", "3"), ("", "4")]


@pytest.mark.parametrize("step", [1, 3, 1000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b""])
def test_a_long_line_is_cut(step: int, end: bytes) -> None:
    body = b"data: 12345\xe2\x82\xac6789" + end + end
    chunks = [(0.0, body[i : i + step]) for i in range(0, len(body), step)]
    stream = read(chunks, max_line=12)
    (event,) = stream.events
    assert event.data == "12345"  # the half of a character is dropped as well
    assert stream.deviations[0] == sse.Deviation("line-too-long", 0, "line of 18 bytes, cut to 12")
    assert event.end == len(body)
    assert "invalid-utf8" not in stream.kinds()


def test_a_line_too_long_by_one_byte() -> None:
    stream = whole(b"data: 1234567", max_line=12)
    assert stream.events[0].data == "123456"
    assert "line-too-long" in stream.kinds()


@pytest.mark.parametrize("cut", [1, 2])
def test_a_byte_order_mark_may_come_in_pieces(cut: int) -> None:
    body = b"\xef\xbb\xbfdata: x\n\n"
    stream = read([(0.0, body[:cut]), (0.1, body[cut:])])
    assert [event.data for event in stream.events] == ["x"]
    assert stream.kinds() == {"bom"}


def test_a_long_line_takes_no_memory() -> None:
    reader = Reader(max_line=10)
    for _ in range(1000):
        reader.feed(0.0, b"x" * 1000)
    assert reader._pending_size == 0
    reader.feed(0.0, b"\ndata: y\n\n")
    assert [event.data for event in reader.close().messages] == ["y"]


def test_lines_are_limited() -> None:
    body = b"data: 1\n\n: c\nevent: e\ndata: 2\n\ndata: 3\n\ndata: 4\n\n"
    for step in (1, 5, len(body)):
        chunks = [(0.0, body[i : i + step]) for i in range(0, len(body), step)]
        stream = read(chunks, max_lines=4)
        assert [event.data for event in stream.events] == ["1", "2"]
        assert stream.deviations[0].position == 31
        assert stream.kinds() == {"too-many-lines"}
        assert stream.size == len(body)


def test_deviations_are_limited() -> None:
    stream = whole(b"x\n" * 1000)
    assert len(stream.deviations) == 101
    assert stream.omitted == 900


# -- any split, and other readers -------------------------------------------------------------

pieces = st.sampled_from(
    [
        b"data: a",
        b"data:b",
        b"data:  ",
        b"data",
        b"data: \xe4\xbd\xa0\xe2\x82\xac",
        b"data: \xff\xe2\x82",
        b"data: n\0l",
        b"event: e",
        b"event: f",
        b"event: ",
        b"event: \xff",
        b"id: 1",
        b"id: \0",
        b"retry: 10",
        b"retry: x",
        b": c",
        b" x",
        b"HTTP/1.1 200 OK",
        b'{"a": 1}',
        b"1f",
        b"\xef\xbb\xbf",
        b"data: " + b"long" * 9,
        b"event: e\ndata: x\n\n",
        b"event: e\r\ndata: x\r\n\r\n",
        b"data: x\n\n",
        b"data: x\r\n\r\n",
        b"",
    ]
)
ends = st.sampled_from([b"\n", b"\n", b"\n\n", b"\r\n", b"\r\n\r\n", b"\r", b"\r\r", b""])
bodies = st.one_of(
    st.lists(st.tuples(pieces, ends), max_size=14).map(
        lambda pairs: b"".join(line + end for line, end in pairs)
    ),
    st.binary(max_size=60),
)


@quick
@given(body=bodies, places=st.lists(st.integers(0, 500), max_size=12), small=st.booleans())
def test_any_split_gives_the_same(body: bytes, places: list[int], small: bool) -> None:
    limits = {"max_line": 20, "max_lines": 7} if small else {}
    expected = whole(body, **limits)
    assert read([(1.0, piece) for piece in cut(body, places)], **limits) == expected
    reader = Reader(**limits)
    live = [event for byte in body for event in reader.feed(1.0, bytes([byte]))]
    stream = reader.close()
    assert stream == expected
    assert tuple(live) == stream.events[: len(live)]
    for event in stream.events:
        assert 0 <= event.start < event.end <= stream.size == len(body)


plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=8)
lines = st.one_of(
    plain.map("data: {}".format),
    plain.map("data:{}".format),
    st.sampled_from(["data", "event: e", "event:f", "retry: 10", ": c", "other: x", "", "", ""]),
)
legal = st.tuples(st.lists(lines, max_size=12), st.sampled_from(["\n", "\r\n", "\r"])).map(
    lambda pair: "".join(line + pair[1] for line in pair[0]).encode()
)


def by_httpx(chunks: list[bytes]) -> list[tuple[str, str, int | None]]:
    splitter, decoder, found = SSELineDecoder(), HttpxDecoder(), []
    text = b"".join(chunks).decode()
    for line in [*(splitter.decode(text) if text else []), *splitter.flush()]:
        event = decoder.decode(line)
        if event is not None:
            found.append((event.event if event.event != "message" else "", event.data, event.retry))
    return found


def by_openai(chunks: list[bytes]) -> list[tuple[str, str, int | None]]:
    events = OpenAIDecoder().iter_bytes(iter(chunks))
    return [(event.event or "", event.data, event.retry) for event in events]


@quick
@given(body=legal, places=st.lists(st.integers(0, 200), max_size=6))
def test_agreement_with_the_clients(body: bytes, places: list[int]) -> None:
    if body.startswith(b"\xef\xbb\xbf"):
        return  # they keep the mark
    chunks = cut(body, places)
    stream = read([(0.0, chunk) for chunk in chunks])
    ours = [
        (event.event, event.data, event.retry)
        for event in stream.events
        if event.complete and (event.has_data or event.event or event.retry is not None)
    ]
    assert ours == by_openai(chunks)
    assert ours == by_httpx(chunks)


@pytest.mark.parametrize("step", [0, 7, 4096, None])
def test_agreement_on_typical_streams(step: int | None) -> None:
    for events in (bench.chat_stream(40, "你"), bench.responses_stream(40)):
        chunks = bench.split(events, step)
        bodies = [chunk for _, chunk in chunks]
        ours = [(event.event, event.data, None) for event in read(chunks).events]
        assert ours == by_openai(bodies) == by_httpx(bodies)


def test_the_comparison_runs() -> None:
    rows = bench.compare(rounds=1)
    assert {row["name"] for row in rows} == {"ours", "openai", "httpx-sse"}
    assert all(row["ratio"] == 1.0 for row in rows if row["name"] == "ours")
