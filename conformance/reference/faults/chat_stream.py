"""Faults in the chunks of chat streams and in their order."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from conformance.reference.call import Call
from conformance.reference.fault import fault
from conformance.reference.reply import Frame, Reply
from conformance.reference.sse import DONE, frame

Json = dict[str, Any]
Chunks = list[Json]
Frames = list[Frame]


def plain(call: Call) -> bool:
    """A stream of text without tools or a format, so that one defect stays one."""
    body = call.fields
    return call.stream and not any(
        body.get(key) for key in ("tools", "functions", "response_format", "modalities")
    )


def choices(chunks: Chunks) -> list[Json]:
    return [choice for chunk in chunks for choice in chunk["choices"]]


def texts(chunks: Chunks) -> list[Json]:
    """The chunks that carry text."""
    return [c for c in chunks if c["choices"] and c["choices"][0]["delta"].get("content")]


@fault("chat.stream.events", at="accepted", route="chat", when=lambda call: call.stream,
       breaks=("chat.stream.events", "idempotency.header.accepted-stream",
               "idempotency.stream.served-again"))  # fmt: skip
def not_streamed(call: Call, body: Json) -> Json:
    """stream: true is ignored: the answer is one JSON object."""
    return {**body, "stream": False}


@fault("chat.stream.events/lines", at="frames", route="chat", breaks="chat.stream.events")
def json_lines(call: Call, frames: Frames) -> Frames:
    """The chunks are lines of JSON, without `data:`."""
    return [Frame(one.data[6:].rstrip(b"\n") + b"\n", one.delay) for one in frames[:-1]]


@fault("chat.stream.events/empty", at="frames", route="chat",
       breaks=("chat.stream.events", "idempotency.stream.replay"))  # fmt: skip
def nothing(call: Call, frames: Frames) -> Frames:
    """The body of the stream is empty."""
    return []


@fault("chat.stream.terminator", at="frames", route="chat")
def no_done(call: Call, frames: Frames) -> None:
    """The stream just ends, without [DONE]."""
    frames.pop()


@fault("chat.stream.terminator/spelt", at="frames", route="chat", breaks="chat.stream.terminator")
def misspelt_done(call: Call, frames: Frames) -> None:
    """The stream ends with [DONE] and something behind it."""
    frames[-1] = frame(f"{DONE} ok")


@fault("chat.stream.done-last", at="frames", route="chat")
def done_twice(call: Call, frames: Frames) -> None:
    """[DONE] is sent twice."""
    frames.append(frame(DONE))


@fault("chat.stream.done-last/chunk", at="frames", route="chat", breaks="chat.stream.done-last")
def chunk_after_done(call: Call, frames: Frames) -> None:
    """The last chunk comes after [DONE]."""
    frames[-1], frames[-2] = frames[-2], frames[-1]


@fault("chat.stream.closes", at="frames", route="chat", when=plain)
def held_open(call: Call, frames: Frames) -> None:
    """The connection is held open after [DONE]."""
    frames.append(Frame(b"", 8.0))


@fault(
    "chat.stream.not-empty",
    at="frames",
    route="chat",
    field_defects="stream-first-token-error-swallowed-done-only",
)
def only_done(call: Call, frames: Frames) -> Frames:
    """An error before the first token is swallowed: the stream is [DONE] alone."""
    return frames[-1:]


@fault(
    "chat.stream.constant-id",
    at="chunks",
    route="chat",
    field_defects=(
        "stream-chunk-id-changes-and-tool-id-changes",
        "chunk-model-null-and-id-counter",
    ),
)
def changing_id(call: Call, chunks: Chunks) -> None:
    """Every chunk has an id of its own."""
    for number, chunk in enumerate(chunks):
        chunk["id"] += str(number)


@fault("chat.stream.constant-created", at="chunks", route="chat")
def changing_created(call: Call, chunks: Chunks) -> None:
    """`created` is the time of each chunk."""
    for number, chunk in enumerate(chunks):
        chunk["created"] += number


@fault("chat.stream.constant-model", at="chunks", route="chat")
def changing_model(call: Call, chunks: Chunks) -> None:
    """The last chunk names another model than the others."""
    chunks[-1]["model"] += "-0125"


@fault("chat.stream.role-first", at="chunks", route="chat", field_defects="role-never-sent")
def no_role(call: Call, chunks: Chunks) -> None:
    """No delta names the role."""
    for choice in choices(chunks):
        choice["delta"].pop("role", None)


@fault("chat.stream.role-first/late", at="chunks", route="chat", breaks="chat.stream.role-first")
def late_role(call: Call, chunks: Chunks) -> None:
    """The role comes with the finish reason."""
    for choice in choices(chunks):
        choice["delta"].pop("role", None)
        if choice["finish_reason"]:
            choice["delta"]["role"] = "assistant"


@fault("chat.stream.role-once", at="chunks", route="chat")
def repeated_role(call: Call, chunks: Chunks) -> None:
    """Every delta names the role."""
    for choice in choices(chunks):
        choice["delta"] = {"role": "assistant", **choice["delta"]}


@fault(
    "chat.stream.role-once/named-events",
    at="frames",
    route="chat",
    breaks=(
        "chat.stream.role-once",
        "chat.stream.terminator",
        "chat.stream.shape.id",
        "chat.stream.shape.created",
    ),
    field_defects="sse-named-events-and-role-each",
)
def named_events(call: Call, frames: Frames) -> Frames:
    """Named events with the role in each delta, without id, created and [DONE]."""
    made = []
    for one in frames[:-1]:
        chunk = json.loads(one.data[6:])
        for choice in chunk["choices"]:
            choice["delta"] = {"role": "assistant", **choice["delta"]}
        kept = {key: value for key, value in chunk.items() if key not in ("id", "created")}
        made.append(frame(kept, "message", one.delay))
    return made


@fault(
    "chat.stream.not-cumulative",
    at="chunks",
    route="chat",
    when=plain,
    breaks=("chat.stream.not-cumulative", "chat.stream.text-equal"),
)
def cumulative(call: Call, chunks: Chunks) -> None:
    """Each delta holds all of the text so far."""
    so_far: dict[int, str] = {}
    for choice in choices(chunks):
        if choice["delta"].get("content"):
            index = choice["index"]
            so_far[index] = so_far.get(index, "") + choice["delta"]["content"]
            choice["delta"]["content"] = so_far[index]


@fault("chat.stream.no-message", at="chunks", route="chat")
def message_too(call: Call, chunks: Chunks) -> None:
    """A choice has an empty `message` beside its delta."""
    for choice in choices(chunks):
        choice["message"] = {"role": "assistant", "content": ""}


@fault(
    "chat.stream.no-message/cumulative",
    at="chunks",
    route="chat",
    breaks=(
        "chat.stream.no-message",
        "chat.stream.shape.object",
        "chat.stream.usage.only-when-asked",
        "chat.stream.usage.own-chunk",
        "chat.stream.usage.once",
        "chat.stream.usage.completion-equal",
        "chat.stream.usage.prompt-equal",
    ),
    field_defects="stream-chunk-carries-message-cumulative",
)
def perplexing(call: Call, chunks: Chunks) -> Chunks:
    """Chunks are chat.completion objects with the message so far and usage."""
    kept = [chunk for chunk in chunks if chunk["choices"]]
    said = ""
    for number, chunk in enumerate(kept, start=1):
        chunk["object"] = "chat.completion"
        chunk["usage"] = {"prompt_tokens": 9, "completion_tokens": number,
                          "total_tokens": 9 + number}  # fmt: skip
        for choice in chunk["choices"]:
            said += choice["delta"].get("content") or ""
            choice["message"] = {"role": "assistant", "content": said}
    return kept


@fault("chat.stream.no-error-key", at="chunks", route="chat",
       field_defects="chunk-has-error-null-and-vendor-fields")  # fmt: skip
def error_null(call: Call, chunks: Chunks) -> None:
    """Every chunk has `error: null` and fields of the vendor."""
    for chunk in chunks:
        chunk.update(error=None, Successful=True, HttpStatusCode=0, StreamEvent=None)


@fault("chat.stream.one-finish", at="chunks", route="chat",
       field_defects="multiple-finish-reason-chunks",
       breaks=("chat.stream.one-finish", "chat.stream.usage.own-chunk"))  # fmt: skip
def two_finishes(call: Call, chunks: Chunks) -> Chunks:
    """Two chunks have the finish reason, the second one with the usage."""
    ends = [c for c in chunks if c["choices"] and c["choices"][0]["finish_reason"]]
    if chunks[-1]["choices"]:
        return [*chunks, deepcopy(ends[-1])]
    return [*chunks[:-1], {**chunks[-1], "choices": deepcopy(ends[-1]["choices"])}]


@fault("chat.stream.finish", at="chunks", route="chat",
       breaks=("chat.stream.finish", "chat.stream.logprobs.one-end"),
       field_defects="tool-stream-ends-without-finish")  # fmt: skip
def no_finish(call: Call, chunks: Chunks) -> None:
    """No chunk has a finish reason."""
    for choice in choices(chunks):
        choice["finish_reason"] = None


@fault("chat.stream.nothing-after-finish", at="chunks", route="chat", when=plain)
def early_finish(call: Call, chunks: Chunks) -> None:
    """The finish reason comes before the last piece of text."""
    for place in range(len(chunks) - 1, 0, -1):
        chunk, before = chunks[place], chunks[place - 1]
        if chunk["choices"] and chunk["choices"][0]["finish_reason"] and before["choices"]:
            chunks[place], chunks[place - 1] = before, chunk
            return


@fault("chat.stream.finish-alone", at="chunks", route="chat", when=plain,
       field_defects="finish-chunk-carries-content")  # fmt: skip
def finish_with_text(call: Call, chunks: Chunks) -> Chunks:
    """The last piece of text and the finish reason share a chunk."""
    made: Chunks = []
    last: dict[int, Json] = {}
    for chunk in chunks:
        choice = chunk["choices"][0] if chunk["choices"] else None
        if choice and choice["finish_reason"] and choice["index"] in last:
            last[choice["index"]]["finish_reason"] = choice["finish_reason"]
            continue
        if choice:
            last[choice["index"]] = choice
        made.append(chunk)
    return made


@fault("chat.stream.choices-not-empty", at="chunks", route="chat")
def empty_opening(call: Call, chunks: Chunks) -> Chunks:
    """The first chunk has no choices and reports nothing."""
    return [{**chunks[0], "choices": []}, *chunks]


@fault("chat.stream.choices-not-empty/last", at="chunks", route="chat",
       breaks=("chat.stream.choices-not-empty", "chat.stream.usage.last"),
       field_defects="usage-not-in-last-chunk-empty-extra")  # fmt: skip
def empty_last(call: Call, chunks: Chunks) -> Chunks:
    """After the usage comes a chunk with neither choices nor usage."""
    return [*chunks, {**chunks[-1], "choices": [], "usage": None}]


@fault("chat.stream.index-in-range", at="chunks", route="chat",
       when=lambda call: plain(call) and not call.fields.get("n"),
       breaks=("chat.stream.index-in-range", "chat.stream.role-first", "chat.stream.finish",
               "chat.stream.text-equal"),
       field_defects="choice-index-is-token-counter")  # fmt: skip
def counting_index(call: Call, chunks: Chunks) -> None:
    """The index of the choice counts tokens."""
    for number, choice in enumerate(choices(chunks)):
        choice["index"] = number


@fault("chat.stream.one-choice-each", at="chunks", route="chat", when=plain)
def twice_in_a_chunk(call: Call, chunks: Chunks) -> Chunks:
    """Two pieces of one choice stand in one chunk."""
    made: Chunks = []
    for chunk in chunks:
        before = made[-1]["choices"] if made else []
        if before and chunk["choices"] and len(made) > 1 and len(before) == 1 and (
            before[0]["index"] == chunk["choices"][0]["index"]
        ) and not chunk["choices"][0]["finish_reason"]:  # fmt: skip
            before.extend(chunk["choices"])
        else:
            made.append(chunk)
    return made


@fault("chat.stream.code-points", at="frames", route="chat", when=plain)
def lone_surrogates(call: Call, frames: Frames) -> Frames:
    """An emoji is cut into two halves of a surrogate pair, in two deltas."""
    made: Frames = []
    for one in frames:
        chunk = json.loads(one.data[6:]) if DONE.encode() not in one.data else {}
        listed = chunk.get("choices") or [{}]
        text = listed[0].get("delta", {}).get("content") or ""
        if len(text) == 1 and text > "\uffff":
            units = text.encode("utf-16-be")
            for half in (units[:2], units[2:]):
                listed[0]["delta"]["content"] = half.decode("utf-16-be", "surrogatepass")
                made.append(Frame(f"data: {json.dumps(chunk)}\n\n".encode(), one.delay))
        else:
            made.append(one)
    return made


@fault("chat.stream.only-when-asked", at="http", route="chat",
       when=lambda call: not call.stream,
       breaks=("chat.stream.only-when-asked", "http.content-length.not-on-stream"),
       field_defects="nonstream-json-with-done-appended")  # fmt: skip
def done_after_json(call: Call, reply: Reply) -> None:
    """A whole answer is followed by [DONE], under the content type of a stream."""
    if reply.status == 200 and isinstance(reply.body, bytes):
        reply.set("content-type", "text/event-stream")
        reply.body += b"\n\ndata: [DONE]\n\n"


def _shape(id: str, object_: str, text: str, defects: tuple[str, ...]) -> None:
    @fault(id, at="chunks", route="chat", text=text, breaks="chat.stream.shape.object",
           field_defects=defects)  # fmt: skip
    def other_object(call: Call, chunks: Chunks) -> None:
        for chunk in chunks:
            chunk["object"] = object_


_shape("chat.stream.object/vendor", "extensions.chat.completion.chunk",
       "Chunks have an object name of the vendor.", ("object-vendor-prefixed-chunk",))  # fmt: skip
_shape("chat.stream.object/plural", "chat.completions.chunk",
       "Chunks have the object name in the plural.",
       ("object-misspelled-chat-completions-chunk",))  # fmt: skip
_shape("chat.stream.object/text", "text_completion",
       "Chunks have the object name of legacy completions.",
       ("stream-object-text-completion-in-chat",))  # fmt: skip


def _finish_before(id: str, value: str, text: str, defect: str) -> None:
    @fault(id, at="chunks", route="chat", text=text, field_defects=defect,
           breaks="chat.stream.shape.choices.finish-reason")  # fmt: skip
    def wrong_null(call: Call, chunks: Chunks) -> None:
        for choice in choices(chunks):
            if choice["finish_reason"] is None:
                choice["finish_reason"] = value


_finish_before("chat.stream.finish/empty", "", "The finish reason is empty before the end.",
               "finish-reason-empty-string")  # fmt: skip
_finish_before("chat.stream.finish/null-word", "null",
               "The finish reason is the word null before the end.",
               "finish-reason-string-null")  # fmt: skip


@fault("chat.stream.finish/absent", at="chunks", route="chat",
       breaks="chat.stream.shape.choices.finish-reason",
       field_defects="finish-reason-key-missing-in-intermediate-chunks")  # fmt: skip
def finish_absent(call: Call, chunks: Chunks) -> None:
    """The key finish_reason is there in the last chunk only."""
    for choice in choices(chunks):
        if choice["finish_reason"] is None:
            del choice["finish_reason"]
