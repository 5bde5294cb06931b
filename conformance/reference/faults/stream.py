"""Faults of streamed chat completions."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.fault import fault
from conformance.reference.reply import Frame, Reply, cut_after
from conformance.reference.sse import dump

Chunks = list[dict[str, Any]]


@fault("chat.stream.terminator", at="frames", route="chat")
def no_done(call: Call, frames: list[Frame]) -> None:
    """The stream just ends, without [DONE]."""
    frames.pop()


@fault("chat.stream.last-blank-line", at="frames", route="chat")
def no_last_blank_line(call: Call, frames: list[Frame]) -> None:
    """The last event lacks its blank line."""
    frames[-1].data = frames[-1].data.rstrip(b"\n") + b"\n"


@fault("chat.stream.content-type", at="http", route="chat", when=lambda call: call.stream)
def json_stream(call: Call, reply: Reply) -> None:
    """The stream says that it is application/json."""
    reply.set("content-type", "application/json")


@fault("chat.stream.incremental", at="frames", route="chat")
def buffered(call: Call, frames: list[Frame]) -> list[Frame]:
    """The stream is held back and sent in one piece."""
    return [Frame(b"".join(one.data for one in frames), sum(one.delay for one in frames))]


@fault("chat.stream.id.constant", at="chunks", route="chat")
def changing_id(call: Call, chunks: Chunks) -> None:
    """Every chunk has an id of its own."""
    for number, chunk in enumerate(chunks):
        chunk["id"] += str(number)


@fault("chat.stream.role.first", at="chunks", route="chat")
def no_role(call: Call, chunks: Chunks) -> None:
    """No delta names the role."""
    for chunk in chunks:
        for choice in chunk["choices"]:
            choice["delta"].pop("role", None)


@fault("chat.stream.finish-reason", at="chunks", route="chat")
def no_finish(call: Call, chunks: Chunks) -> None:
    """No chunk has a finish reason."""
    for chunk in chunks:
        for choice in chunk["choices"]:
            choice["finish_reason"] = None


@fault("chat.stream.usage", at="chunks", route="chat")
def no_usage(call: Call, chunks: Chunks) -> Chunks:
    """include_usage is ignored."""
    kept = [chunk for chunk in chunks if chunk["choices"]]
    for chunk in kept:
        chunk.pop("usage", None)
    return kept


@fault("chat.stream.tool-calls.id-once", at="chunks", route="chat")
def repeated_id(call: Call, chunks: Chunks) -> None:
    """Every tool delta repeats the id, and SDKs join them."""
    ids: dict[tuple[int, int], str] = {}
    for chunk in chunks:
        for choice in chunk["choices"]:
            for made in choice["delta"].get("tool_calls", ()):
                made["id"] = ids.setdefault((choice["index"], made["index"]), made.get("id", ""))


@fault("chat.stream.tool-calls.index", at="chunks", route="chat")
def no_index(call: Call, chunks: Chunks) -> None:
    """Tool deltas have no index."""
    for chunk in chunks:
        for choice in chunk["choices"]:
            for made in choice["delta"].get("tool_calls", ()):
                made.pop("index")


@fault("chat.stream.complete", at="http", route="chat", when=lambda call: call.stream)
def breaks_off(call: Call, reply: Reply) -> None:
    """The connection breaks in the middle of the stream."""
    if isinstance(reply.body, list):
        reply.body = cut_after(reply.body, len(reply.body) // 2)


@fault("chat.stream.code-points", at="frames", route="chat")
def halved_characters(call: Call, frames: list[Frame]) -> None:
    """Non-ASCII characters are replaced, as if cut in the middle."""
    for one in frames:
        text = one.data.decode()
        one.data = "".join(c if c < "\x80" else "\ufffd" for c in text).encode()


@fault("chat.stream.requested", at="http", route="chat", when=lambda call: call.stream)
def not_streamed(call: Call, reply: Reply) -> None:
    """stream: true is answered with one JSON object."""
    if isinstance(reply.body, list):
        reply.set("content-type", "application/json")
        reply.body = dump({"object": "chat.completion", "choices": []}).encode()
