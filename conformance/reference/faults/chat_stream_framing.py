"""Faults in the bytes of event streams."""

from __future__ import annotations

from conformance.reference.call import Call
from conformance.reference.fault import fault
from conformance.reference.faults.chat_stream import plain
from conformance.reference.reply import Frame, Reply, cut_after

Frames = list[Frame]


def streams(call: Call) -> bool:
    return call.stream


def inserted(frames: Frames, data: bytes, place: int = 2) -> None:
    """Put a piece of our own between two events."""
    frames.insert(min(place, len(frames) - 1), Frame(data))


@fault("sse.utf8", at="frames", route="chat", breaks=("sse.utf8", "chat.encoding.streamed"))
def cut_characters(call: Call, frames: Frames) -> None:
    """The last byte of every non-ASCII character is lost."""
    for one in frames:
        text = one.data.decode()
        one.data = b"".join(c.encode() if c < "\x80" else c.encode()[:-1] for c in text)


@fault("sse.no-bom", at="frames", route="chat")
def byte_order_mark(call: Call, frames: Frames) -> None:
    """The stream starts with a byte order mark."""
    frames[0].data = b"\xef\xbb\xbf" + frames[0].data


@fault("sse.blank-line", at="frames", route="chat")
def no_last_blank_line(call: Call, frames: Frames) -> None:
    """The last event lacks its blank line."""
    frames[-1].data = frames[-1].data.rstrip(b"\n") + b"\n"


@fault("sse.blank-line/unterminated", at="frames", route="chat", breaks="sse.blank-line")
def no_last_line_end(call: Call, frames: Frames) -> None:
    """The stream ends inside the line of the last event."""
    frames[-1].data = frames[-1].data.rstrip(b"\n")


@fault(
    "sse.blank-line/single-newline",
    at="frames",
    route="chat",
    breaks=("sse.json", "chat.stream.text-equal"),
    when=plain,
)
def one_newline(call: Call, frames: Frames) -> None:
    """Only one newline stands between two data lines, so that they are one event."""
    if len(frames) > 6:
        frames[3].data = frames[3].data.rstrip(b"\n") + b"\n"


@fault("sse.data-field", at="frames", route="chat")
def bare_json(call: Call, frames: Frames) -> None:
    """A JSON text stands in the stream without `data:`."""
    inserted(frames, b'{"status":"processing"}\n\n')


@fault("sse.no-headers", at="frames", route="chat", field_defects="http-headers-dumped-in-body")
def headers_in_body(call: Call, frames: Frames) -> None:
    """A second block of HTTP headers is sent in the body."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n".replace(b"\r", b"")
    frames[0].data = head + frames[0].data


@fault("sse.no-chunk-sizes", at="frames", route="chat")
def twice_chunked(call: Call, frames: Frames) -> None:
    """Chunked coding is applied twice, and its sizes show in the body."""
    for one in frames:
        one.data = f"{len(one.data):x}\n".encode() + one.data


@fault("sse.known-lines", at="frames", route="chat")
def unknown_line(call: Call, frames: Frames) -> None:
    """A line of a log stands in the stream."""
    inserted(frames, b"INFO request accepted\n\n")


@fault("sse.known-lines/indented", at="frames", route="chat", breaks="sse.known-lines")
def indented(call: Call, frames: Frames) -> None:
    """A data line is indented, so that clients ignore it."""
    inserted(frames, b'  data: {"status":"processing"}\n\n')


@fault("sse.no-empty-data", at="frames", route="chat", field_defects="sse-empty-data-heartbeat")
def empty_heartbeat(call: Call, frames: Frames) -> None:
    """A heartbeat is an event with empty data."""
    inserted(frames, b"data: \n\n")


@fault("sse.json", at="frames", route="chat", field_defects="sse-comment-wrapped-as-data")
def comment_as_data(call: Call, frames: Frames) -> None:
    """A comment is sent behind `data:`."""
    inserted(frames, b"data: : PROCESSING\n\n")


@fault("sse.json/string", at="frames", route="chat", breaks=("sse.json", "chat.stream.shape.body"))
def json_string(call: Call, frames: Frames) -> None:
    """The data of an event is a JSON string."""
    inserted(frames, b'data: "ping"\n\n')


@fault("sse.json/nan", at="frames", route="chat", breaks=("sse.json",))
def not_a_number(call: Call, frames: Frames) -> None:
    """A chunk has a number that JSON does not have."""
    frames[0].data = frames[0].data.replace(b'{"id"', b'{"score":NaN,"id"')


@fault("sse.no-lone-id", at="frames", route="chat")
def lone_id(call: Call, frames: Frames) -> None:
    """A block consists of an id alone."""
    inserted(frames, b"id: 7\n\n")


@fault("sse.no-lone-id/retry", at="frames", route="chat", breaks="sse.no-lone-id")
def lone_retry(call: Call, frames: Frames) -> None:
    """The stream begins with a block of `retry:` alone."""
    inserted(frames, b"retry: 3000\n\n", 0)


@fault("sse.no-lone-event", at="frames", route="chat")
def lone_event(call: Call, frames: Frames) -> None:
    """A blank line stands between an event line and its data."""
    frames[1].data = b"event: message\n\n" + frames[1].data


@fault("sse.line-ends", at="frames", route="chat")
def mixed_line_ends(call: Call, frames: Frames) -> None:
    """Every other event ends its lines with CRLF."""
    for one in frames[1::2]:
        one.data = one.data.replace(b"\n", b"\r\n")


@fault("sse.content-type", at="http", route="chat", when=streams)
def json_type(call: Call, reply: Reply) -> None:
    """The stream says that it is application/json."""
    if reply.status == 200:
        reply.set("content-type", "application/json")


@fault(
    "sse.content-type/missing",
    at="http",
    route="chat",
    when=streams,
    breaks="sse.content-type",
    field_defects="stream-content-type-missing",
)
def no_type(call: Call, reply: Reply) -> None:
    """The stream has no content type."""
    if reply.status == 200:
        reply.drop("content-type")


@fault("sse.charset", at="http", route="chat", when=streams)
def wrong_charset(call: Call, reply: Reply) -> None:
    """The stream says that it is Latin-1."""
    if reply.status == 200:
        reply.set("content-type", "text/event-stream; charset=iso-8859-1")


@fault("chat.stream.complete", at="http", route="chat", when=streams, breaks="sse.complete")
def breaks_off(call: Call, reply: Reply) -> None:
    """The connection breaks in the middle of the stream."""
    if isinstance(reply.body, list):
        reply.body = cut_after(reply.body, len(reply.body) // 2)


@fault("sse.no-content-length", at="http", route="chat", when=streams)
def content_length(call: Call, reply: Reply) -> None:
    """The length of the stream is given before it begins."""
    if isinstance(reply.body, list):
        reply.set("content-length", str(sum(len(one.data) for one in reply.body)))
