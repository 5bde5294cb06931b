"""Legal ways to stream."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from conformance.reference.call import Call
from conformance.reference.fault import variation
from conformance.reference.reply import Frame, Reply

Json = dict[str, Any]
Chunks = list[Json]
Frames = list[Frame]


def _each(frames: Frames, change: Any) -> None:
    for one in frames:
        one.data = change(one.data)


@variation("stream.crlf", at="frames")
def crlf(call: Call, frames: Frames) -> None:
    """Lines end with CRLF."""
    _each(frames, lambda data: data.replace(b"\n", b"\r\n"))


@variation("stream.cr", at="frames")
def cr(call: Call, frames: Frames) -> None:
    """Lines end with CR."""
    _each(frames, lambda data: data.replace(b"\n", b"\r"))


@variation("stream.no-space", at="frames")
def no_space(call: Call, frames: Frames) -> None:
    """No space follows `data:`."""
    _each(frames, lambda data: data.replace(b"data: ", b"data:", 1))


@variation("stream.comments", at="frames")
def comments(call: Call, frames: Frames) -> None:
    """Comments keep the connection alive, in blocks of their own and beside data."""
    frames.insert(0, Frame(b": connected\n\n"))
    frames.insert(2, Frame(b": keep-alive\n\n"))
    frames[-1].data = b": last\n" + frames[-1].data


@variation("stream.event-names", at="frames", route="chat")
def event_names(call: Call, frames: Frames) -> None:
    """Every chunk has an event line and an id beside its data."""
    for number, one in enumerate(frames):
        one.data = f"event: message\nid: {number}\n".encode() + one.data


@variation("stream.retry", at="frames", route="chat")
def retry(call: Call, frames: Frames) -> None:
    """The first event has a retry line."""
    frames[0].data = b"retry: 3000\n" + frames[0].data


@variation("stream.packets", at="frames")
def packets(call: Call, frames: Frames) -> Frames:
    """Packets end anywhere, also inside a character."""
    made: Frames = []
    for one in frames:
        third = max(1, len(one.data) // 3)
        made += [Frame(one.data[:third], one.delay), Frame(one.data[third : 2 * third + 1]),
                 Frame(one.data[2 * third + 1 :])]  # fmt: skip
    return made


@variation("stream.pairs", at="frames")
def pairs(call: Call, frames: Frames) -> Frames:
    """Two events share a packet."""
    return [
        Frame(b"".join(one.data for one in frames[n : n + 2]), frames[n].delay)
        for n in range(0, len(frames), 2)
    ]


@variation("stream.bytes", at="frames", route="chat",
           when=lambda call: not call.fields.get("tools"))  # fmt: skip
def one_byte(call: Call, frames: Frames) -> Frames | None:
    """A short stream comes byte by byte."""
    if len(frames) > 20:
        return None
    return [Frame(bytes([b])) for one in frames for b in one.data]


def _rebuilt(frames: Frames, make: Any) -> None:
    for one in frames:
        if one.data.startswith(b"data: {"):
            one.data = b"data: " + make(json.loads(one.data[6:])).encode() + b"\n\n"


@variation("stream.json-spaces", at="frames", route="chat")
def spaces(call: Call, frames: Frames) -> None:
    """The JSON of chunks has spaces, sorted keys and escaped characters."""
    _rebuilt(frames, lambda chunk: json.dumps(chunk, sort_keys=True))


@variation("stream.multi-line", at="frames", route="chat")
def lines(call: Call, frames: Frames) -> None:
    """The JSON of a chunk is spread over several data lines."""
    _rebuilt(frames, lambda chunk: json.dumps(chunk, indent=1).replace("\n", "\ndata: "))


@variation("stream.bare-type", at="http", route="chat", when=lambda call: call.stream)
def bare_type(call: Call, reply: Reply) -> None:
    """The content type of a stream has no charset."""
    if reply.status == 200:
        reply.set("content-type", "text/event-stream")


def _choices(chunks: Chunks) -> list[Json]:
    return [choice for chunk in chunks for choice in chunk["choices"]]


@variation("stream.sentence", at="chunks", route="chat",
           when=lambda call: not call.fields.get("logprobs"))  # fmt: skip
def sentence(call: Call, chunks: Chunks) -> Chunks | None:
    """A fast server sends the whole text in one delta."""
    if call.fields.get("n") or (call.fields.get("max_tokens") or 0) > 300:
        return None
    made: Chunks = []
    for chunk in chunks:
        delta = chunk["choices"][0]["delta"] if chunk["choices"] else {}
        before = made[-1]["choices"][0]["delta"] if made and made[-1]["choices"] else {}
        if delta.get("content") and before.get("content") and not delta.get("role"):
            before["content"] += delta["content"]
        else:
            made.append(chunk)
    return made


@variation("stream.bare-chunks", at="chunks", route="chat")
def bare_chunks(call: Call, chunks: Chunks) -> None:
    """Chunks have the documented keys and no other; logprobs are absent where they are null."""
    for chunk in chunks:
        for key in ("obfuscation", "service_tier", "system_fingerprint"):
            chunk.pop(key, None)
        if chunk.get("usage", 0) is None:
            del chunk["usage"]
        for choice in chunk["choices"]:
            if choice.get("logprobs") is None:
                choice.pop("logprobs", None)
            choice["delta"].pop("refusal", None)


@variation("stream.vendor-keys", at="chunks", route="chat")
def vendor_keys(call: Call, chunks: Chunks) -> None:
    """Chunks carry unknown keys, also in choices and deltas."""
    for chunk in chunks:
        chunk.update(provider="example", timings={"ms": 3.5}, system_fingerprint=None)
        for choice in chunk["choices"]:
            choice["native_finish_reason"] = None
            if choice["delta"].get("content"):
                choice["delta"]["reasoning_content"] = None


@variation("stream.reasoning", at="chunks", route="chat",
           when=lambda call: not call.fields.get("logprobs"))  # fmt: skip
def reasoning(call: Call, chunks: Chunks) -> Chunks:
    """Reasoning is streamed in a field of its own before the text."""
    made = [chunks[0]]
    if chunks[0]["choices"]:
        for word in ("Let", " me", " think"):
            extra = deepcopy(chunks[0])
            extra["choices"][0]["delta"] = {"reasoning_content": word}
            made.append(extra)
    return [*made, *chunks[1:]]


@variation("stream.role-with-text", at="chunks", route="chat",
           when=lambda call: not (call.fields.get("logprobs") or call.fields.get("n")))  # fmt: skip
def role_with_text(call: Call, chunks: Chunks) -> Chunks:
    """The role comes in the chunk of the first piece."""
    first, second = chunks[0], chunks[1]
    if first["choices"] and second["choices"] and second["choices"][0]["delta"].get("content"):
        second["choices"][0]["delta"]["role"] = "assistant"
        return chunks[1:]
    return chunks


@variation("stream.null-deltas", at="chunks", route="chat")
def null_deltas(call: Call, chunks: Chunks) -> None:
    """The role chunk and the finish chunk have `content: null`."""
    for choice in _choices(chunks):
        if choice["finish_reason"] or choice["delta"].get("content") == "":
            choice["delta"]["content"] = None


@variation("stream.empty-deltas", at="chunks", route="chat",
           when=lambda call: not call.fields.get("logprobs"))  # fmt: skip
def empty_deltas(call: Call, chunks: Chunks) -> Chunks:
    """Some deltas are empty, or hold an empty text."""
    made: Chunks = []
    for number, chunk in enumerate(chunks):
        made.append(chunk)
        if chunk["choices"] and number == 1 and not chunk["choices"][0]["finish_reason"]:
            for delta in ({}, {"content": ""}):
                extra = deepcopy(chunk)
                extra["choices"][0]["delta"] = dict(delta)
                made.append(extra)
    return made


@variation("stream.moderation", at="chunks", route="chat")
def moderation(call: Call, chunks: Chunks) -> Chunks:
    """A moderation chunk without choices follows the usage."""
    side = {"type": "error", "code": "unavailable", "message": "Not available."}
    extra = {**chunks[-1], "choices": [], "moderation": {"input": side, "output": side}}
    extra.pop("usage", None)
    return [*chunks, extra]


@variation("stream.choices-together", at="chunks", route="chat",
           when=lambda call: bool(call.fields.get("n")))  # fmt: skip
def together(call: Call, chunks: Chunks) -> Chunks:
    """Several choices share a chunk."""
    made: Chunks = []
    for chunk in chunks:
        before = made[-1]["choices"] if made else []
        indexes = {choice["index"] for choice in before}
        if before and chunk["choices"] and chunk["choices"][0]["index"] not in indexes:
            before.extend(chunk["choices"])
        else:
            made.append(chunk)
    return made


@variation("stream.choices-apart", at="chunks", route="chat",
           when=lambda call: bool(call.fields.get("n")))  # fmt: skip
def apart(call: Call, chunks: Chunks) -> Chunks:
    """The choices come one after the other, the last one first."""
    first = [c for c in chunks if c["choices"] and c["choices"][0]["index"] == 0]
    rest = [c for c in chunks if c["choices"] and c["choices"][0]["index"] > 0]
    return [*rest, *first, *(c for c in chunks if not c["choices"])]


@variation("stream.slow", at="frames", route="chat")
def slow(call: Call, frames: Frames) -> None:
    """The first token takes three seconds: a long prompt, or a queue."""
    frames[0].delay = 3.0


@variation("stream.fast", at="frames", route="chat")
def fast(call: Call, frames: Frames) -> None:
    """A thousand tokens a second."""
    for one in frames:
        one.delay /= 20


FILTERS = {"hate": {"filtered": False, "severity": "safe"}}


@variation("stream.filters", at="chunks", route="chat")
def filters(call: Call, chunks: Chunks) -> Chunks:
    """As on Azure: a chunk before all others tells of the prompt's filters, and has no choices."""
    for chunk in chunks:
        for choice in chunk["choices"]:
            choice["content_filter_results"] = FILTERS if choice["delta"].get("content") else {}
    told = [{"prompt_index": 0, "content_filter_results": FILTERS}]
    return [{**chunks[0], "choices": [], "prompt_filter_results": told}, *chunks]
