"""Faults of streams that only show beside other answers, or over time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ApiError, ErrorReply
from conformance.reference.fault import fault
from conformance.reference.faults.chat_stream import choices, plain, texts
from conformance.reference.reply import Frame, Reply
from conformance.reference.sse import frame

Json = dict[str, Any]
Chunks = list[Json]
Frames = list[Frame]


def prompt(call: Call) -> str:
    return str(call.fields.get("messages"))


@fault("chat.stream.text-equal", at="chunks", route="chat", when=plain,
       field_defects="stream-leading-whitespace-differs")  # fmt: skip
def leading_lines(call: Call, chunks: Chunks) -> None:
    """Streamed text starts with empty lines that the whole answer does not have."""
    for chunk in texts(chunks)[:1]:
        delta = chunk["choices"][0]["delta"]
        delta["content"] = "\n\n" + delta["content"]


@fault("chat.stream.text-equal/lost", at="chunks", route="chat", when=plain,
       breaks=("chat.stream.text-equal", "chat.stream.stop.same-text"))  # fmt: skip
def lost_piece(call: Call, chunks: Chunks) -> Chunks:
    """A piece of the text is never sent."""
    lost = texts(chunks)[3:4]
    return [chunk for chunk in chunks if chunk not in lost]


@fault("chat.stream.finish-equal", at="chunks", route="chat", when=plain)
def always_stop(call: Call, chunks: Chunks) -> None:
    """A stream that the token limit cut off ends with `stop`."""
    for choice in choices(chunks):
        if choice["finish_reason"] == "length":
            choice["finish_reason"] = "stop"


@fault("chat.stream.model-equal", at="chunks", route="chat")
def other_model(call: Call, chunks: Chunks) -> None:
    """Chunks name the file of the model."""
    for chunk in chunks:
        chunk["model"] = "/models/model.gguf"


@fault("chat.stream.id-unique", at="chunks", route="chat",
       breaks=("chat.stream.id-unique", "chat.stream.parallel.ids"))  # fmt: skip
def same_id(call: Call, chunks: Chunks) -> None:
    """All streams have one id."""
    for chunk in chunks:
        chunk["id"] = "chatcmpl-0"


@fault("chat.stream.incremental", at="frames", route="chat")
def buffered(call: Call, frames: Frames) -> Frames:
    """The stream is held back and sent in one piece."""
    return [Frame(b"".join(one.data for one in frames), sum(one.delay for one in frames))]


@fault("chat.stream.incremental/burst", at="frames", route="chat", breaks="chat.stream.incremental")
def burst(call: Call, frames: Frames) -> None:
    """The role comes at once, everything else when the answer is finished."""
    if len(frames) > 1:
        frames[1].delay = sum(one.delay for one in frames)
        for one in frames[2:]:
            one.delay = 0.0


@fault("chat.stream.n.every-choice", at="chunks", route="chat",
       when=lambda call: call.fields.get("n") == 2)  # fmt: skip
def one_choice(call: Call, chunks: Chunks) -> Chunks:
    """A stream brings the first choice only."""
    return [c for c in chunks if not c["choices"] or c["choices"][0]["index"] == 0]


def _halved(text: str) -> str:
    return "".join("\ufffd\ufffd" if c > "\uffff" else c for c in text)


@fault("chat.encoding.whole", at="reply", route="chat", when=lambda call: "🌍" in prompt(call),
       breaks=("chat.encoding.whole", "chat.content.whole-characters"),
       field_defects="utf8-destroyed-nonstream-too")  # fmt: skip
def halved_whole(call: Call, body: Json) -> None:
    """Tokens are decoded one by one: an emoji is two replacement characters."""
    message = body["choices"][0]["message"]
    message["content"] = _halved(message["content"] or "")


@fault("chat.encoding.streamed", at="chunks", route="chat",
       field_defects="utf8-split-replacement-chars-in-deltas")  # fmt: skip
def halved_deltas(call: Call, chunks: Chunks) -> None:
    """A character whose tokens come apart is streamed as replacement characters."""
    for choice in choices(chunks):
        if choice["delta"].get("content"):
            choice["delta"]["content"] = _halved(choice["delta"]["content"])


@fault("chat.encoding.streamed/latin", at="chunks", route="chat", breaks="chat.encoding.streamed")
def mojibake(call: Call, chunks: Chunks) -> None:
    """The bytes of a character are sent as if each were one."""
    for choice in choices(chunks):
        text = choice["delta"].get("content")
        if text:
            choice["delta"]["content"] = text.encode().decode("latin-1")


# ---- errors ------------------------------------------------------------------------------------


@fault("chat.stream.error.json", at="http", route="chat", when=lambda call: call.stream)
def error_as_event(call: Call, reply: Reply) -> None:
    """A refusal of a stream has its status, and its body is an event."""
    if reply.status >= 400 and isinstance(reply.body, bytes):
        reply.set("content-type", "text/event-stream")
        reply.body = b"data: " + reply.body + b"\n\n"


@fault("chat.stream.error.not-200", at="http", route="chat", when=lambda call: call.stream,
       breaks=("chat.stream.error.not-200", "chat.stream.error.validated",
               "chat.stream.error.same-status"),
       field_defects="prestream-request-error-as-200-sse-event")  # fmt: skip
def error_as_200(call: Call, reply: Reply) -> None:
    """A refusal of a stream is an event of a stream with status 200."""
    if reply.status == 400 and isinstance(reply.body, bytes):
        reply.status = 200
        reply.set("content-type", "text/event-stream")
        reply.body = [Frame(b"data: " + reply.body + b"\n\ndata: [DONE]\n\n")]


def _midstream(call: Call, frames: Frames, event: Frame, *, go_on: bool) -> Frames:
    half = max(2, len(frames) // 2)
    return [*frames[:half], event, *(frames[half:] if go_on else [])]


def crashing(call: Call) -> bool:
    """One request of the run breaks in the middle of its answer."""
    return plain(call) and call.fields.get("stream_options") == {}


@fault("chat.stream.error.form", at="frames", route="chat", when=crashing,
       breaks=("chat.stream.error.form", "chat.stream.shape.choices", "chat.stream.shape.created",
               "chat.stream.shape.id", "chat.stream.shape.model",
               "chat.stream.shape.object"))  # fmt: skip
def flat_error(call: Call, frames: Frames) -> Frames:
    """An error in mid-stream is a flat object."""
    flat = {"message": "CUDA out of memory", "type": "server_error", "code": 500}
    return _midstream(call, frames, frame(flat, "error"), go_on=False)


@fault("chat.stream.error.form/string", at="frames", route="chat", when=crashing,
       breaks="chat.stream.error.form")  # fmt: skip
def string_error(call: Call, frames: Frames) -> Frames:
    """An error in mid-stream is a string."""
    return _midstream(call, frames, frame({"error": "out of memory"}), go_on=False)


@fault("chat.stream.error.last", at="frames", route="chat", when=crashing)
def error_and_on(call: Call, frames: Frames) -> Frames:
    """The stream goes on after an error."""
    error = {"error": {"message": "Trying again.", "type": "server_error"}}
    return _midstream(call, frames, frame(error), go_on=True)


@fault("chat.stream.closes/error", at="frames", route="chat", when=crashing,
       breaks="chat.stream.closes", field_defects="midstream-error-no-done")  # fmt: skip
def error_held_open(call: Call, frames: Frames) -> Frames:
    """The connection is held open after an error, without [DONE]."""
    error = {"error": {"message": "Upstream failed.", "type": "server_error"}}
    return [*_midstream(call, frames, frame(error), go_on=False), Frame(b"", 8.0)]


@fault("chat.stream.error.validated", at="request", route="chat")
def no_validation(call: Call, body: Json) -> Json | None:
    """A stream without messages is answered."""
    if body.get("messages") != [] or not body.get("stream"):
        return None
    return {**body, "messages": [{"role": "user", "content": ""}]}


@fault("chat.stream.error.same-status", at="error", route="chat", when=lambda call: call.stream)
def server_fault(call: Call, error: ErrorReply) -> None:
    """A token limit that is too large makes a stream fail with 500."""
    if (call.fields.get("max_tokens") or 0) > 1_000_000:
        error.status = 500


# ---- one after the other, and side by side -----------------------------------------------------


@fault("chat.stream.cancel.next", at="frames", route="chat", when=plain,
       breaks=("chat.stream.cancel.next", "errors.no-5xx", "errors.no-5xx.first"))  # fmt: skip
def leaking(call: Call, frames: Frames) -> Any:
    """A client that leaves takes a slot with it, and the next request finds none."""
    data = call.app.data
    if data.get("left"):
        data["left"] = False
        data["refuse"] = 2
    if data.get("refuse") and call.fields.get("max_tokens") == 65:
        data["refuse"] -= 1
        raise ApiError(503, "No slot is free.", type="server_error")

    async def body() -> AsyncIterator[bytes]:
        whole = False
        try:
            for one in frames:
                await call.clock.sleep(one.delay)
                yield one.data
            whole = True
        finally:
            data["left"] = data.get("left") or (not whole and call.fields["max_tokens"] == 400)

    return body


@fault("chat.stream.again", at="frames", route="chat", when=plain,
       breaks=("chat.stream.again", "chat.stream.finish"))  # fmt: skip
def worn_out(call: Call, frames: Frames) -> Frames | None:
    """The second of two equal streams, one after the other, is cut in half."""
    key = f"seen {prompt(call)}"
    if call.fields.get("max_tokens") != 65 or not call.app.data.get(key):
        call.app.data[key] = call.fields.get("max_tokens") == 65
        return None
    return [*frames[: len(frames) // 2], frames[-1]]


@fault("chat.stream.parallel.served", at="frames", route="chat", when=plain)
def one_at_a_time(call: Call, frames: Frames) -> Any:
    """Of eight streams at once one fails."""
    key = "words"
    if call.fields.get("max_tokens") == 32 and "Repeat exactly" in prompt(call):
        call.app.data[key] = call.app.data.get(key, 0) + 1
        if call.app.data[key] >= 8:
            raise ApiError(500, "The engine is busy.", type="server_error")
    return None


@fault("chat.stream.parallel.isolated", at="chunks", route="chat", when=plain,
       field_defects="cross-request-leak")  # fmt: skip
def leak(call: Call, chunks: Chunks) -> None:
    """A stream begins with the text of another one that runs at the same time."""
    if call.fields.get("max_tokens") != 32 or "Repeat exactly" not in prompt(call):
        return
    said = "".join(c["choices"][0]["delta"]["content"] for c in texts(chunks))
    other = call.app.data.get("last word")
    call.app.data["last word"] = said
    if other:
        delta = texts(chunks)[0]["choices"][0]["delta"]
        delta["content"] = f"{other} {delta['content']}"


@fault("chat.stream.parallel.ids", at="chunks", route="chat")
def id_of_the_second(call: Call, chunks: Chunks) -> None:
    """The id of a stream is the second in which it began."""
    if call.fields.get("max_tokens") == 32:
        for chunk in chunks:
            chunk["id"] = f"chatcmpl-{chunk['created']}"


@fault("chat.stream.shape.id.non-empty/filters", at="chunks", route="chat",
       breaks=("chat.stream.constant-id", "chat.stream.constant-created",
               "chat.stream.constant-model", "chat.stream.shape.id.non-empty",
               "chat.stream.shape.model.non-empty", "chat.stream.shape.object",
               "chat.stream.shape.created"),
       field_defects="azure-first-chunk-empty-choices")  # fmt: skip
def empty_first(call: Call, chunks: Chunks) -> Chunks:
    """The first chunk has no choices, and its id, model and object are empty."""
    first = {"id": "", "object": "", "created": 0, "model": "", "choices": [],
             "prompt_filter_results": [{"prompt_index": 0}]}  # fmt: skip
    return [first, *chunks]
