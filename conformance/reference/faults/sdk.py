"""Faults that break what a client library returns or raises."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ErrorReply, invalid
from conformance.reference.fault import fault
from conformance.reference.reply import Frame, Reply
from conformance.reference.sse import DONE, dump, frame

Json = dict[str, Any]
Chunks = list[Json]
Events = list[tuple[str, Any]]


def streamed(call: Call) -> bool:
    """Whether the answer is streamed."""
    return call.stream


def _choices(chunks: Chunks) -> list[Json]:
    return [choice for chunk in chunks for choice in chunk["choices"]]


@fault("sdk.chat.text", at="reply", route="chat")
def parts(call: Call, reply: Json) -> None:
    """The content of an answer is a list of parts."""
    for choice in reply["choices"]:
        message = choice["message"]
        message["content"] = [{"type": "text", "text": message["content"]}]


@fault("sdk.chat.object", at="reply", route="chat")
def encoded_twice(call: Call, reply: Json) -> str:
    """The answer is a JSON string that holds the JSON."""
    return json.dumps(reply)


@fault("sdk.chat.error-in-200", at="reply", route="chat")
def hidden_error(call: Call, reply: Json) -> Json:
    """An error comes with status 200."""
    return {"error": {"message": "overloaded", "type": "server_error", "param": None, "code": None}}


@fault("sdk.chat.request-id", at="http", route="chat")
@fault("sdk.stream.request-id", at="http", route="chat", when=streamed)
def other_id_header(call: Call, reply: Reply) -> None:
    """The request id has another name."""
    reply.headers[:] = [
        ("request-id" if name.lower() == "x-request-id" else name, value)
        for name, value in reply.headers
    ]


@fault("sdk.chat.usage", at="reply", route="chat")
def no_usage(call: Call, reply: Json) -> None:
    """There is no usage."""
    reply.pop("usage", None)


@fault("sdk.chat.types", at="reply", route="chat")
def text_date(call: Call, reply: Json) -> None:
    """The creation time is a date in words."""
    reply["created"] = "2026-01-01T00:00:00Z"


@fault("sdk.chat.direct", at="received", route="chat")
def redirected(call: Call, value: Any) -> Reply | None:
    """Every request is redirected once."""
    if "again" in call.query:
        return None
    return Reply(307, [("location", f"{call.path}?again=1")])


@fault("sdk.chat.next-turn", at="accepted", route="chat")
def closed_messages(call: Call, body: Json) -> None:
    """Messages of the assistant may hold nothing but role and content."""
    for number, message in enumerate(body["messages"]):
        if message.get("role") == "assistant" and not message.get("tool_calls"):
            _refuse_others(number, message, {"role", "content"})


@fault("sdk.tools.round-trip", at="accepted", route="chat")
def closed_tool_messages(call: Call, body: Json) -> None:
    """Messages with tool calls may hold no refusal and no annotations."""
    for number, message in enumerate(body["messages"]):
        if message.get("tool_calls"):
            _refuse_others(number, message, {"role", "content", "tool_calls"})


def _refuse_others(number: int, message: Json, known: set[str]) -> None:
    for name in message:
        if name not in known:
            raise invalid(f"Unknown parameter: 'messages[{number}].{name}'.", "messages")


@fault(
    "sdk.environment.bare",
    at="received",
    route="chat",
    when=lambda call: b"from the environment" in call.raw,
)
def environment_refused(call: Call, early: Any) -> None:
    """A client that was made from its environment is told that its request is wrong."""
    raise invalid("Requests want the header OpenAI-Project.", None)


@fault("sdk.parse.object", at="reply", route="chat")
def fenced(call: Call, reply: Json) -> None:
    """Structured answers stand between code fences."""
    if not call.fields.get("response_format"):
        return
    for choice in reply["choices"]:
        choice["message"]["content"] = f"```json\n{choice['message']['content']}\n```"


@fault("sdk.completions.text", at="reply", route="completions")
def message_not_text(call: Call, reply: Json) -> None:
    """Legacy completions have messages instead of text."""
    for choice in reply["choices"]:
        choice["message"] = {"role": "assistant", "content": choice.pop("text")}


@fault("sdk.responses.output-text", at="reply", route="responses")
def plain_text_parts(call: Call, reply: Json) -> None:
    """The parts of output messages have the type "text"."""
    for item in reply["output"]:
        for part in item.get("content") or ():
            part["type"] = "text"


@fault("sdk.pagination.ends", at="reply", route="responses.input_items")
def always_more(call: Call, reply: Json) -> Json:
    """Every page is the first one and says that there are more."""
    first = call.app.data.setdefault(call.path, json.loads(json.dumps(reply)))
    return {**first, "has_more": True}


@fault("sdk.embeddings.count", at="reply", route="embeddings")
def only_the_first(call: Call, reply: Json) -> None:
    """Only the first input is embedded."""
    del reply["data"][1:]


@fault("sdk.embeddings.floats", at="reply", route="embeddings")
def nested(call: Call, reply: Json) -> None:
    """A vector stands in a list of its own."""
    for entry in reply["data"]:
        if not isinstance(entry["embedding"], str):
            entry["embedding"] = [entry["embedding"]]


@fault("sdk.embeddings.decoded", at="reply", route="embeddings")
def doubles(call: Call, reply: Json) -> None:
    """Base64 holds float64."""
    for entry in reply["data"]:
        if isinstance(entry["embedding"], str):
            entry["embedding"] = _packed("d", _unpacked(entry["embedding"]))


@fault("sdk.embeddings.equal", at="reply", route="embeddings")
def backwards(call: Call, reply: Json) -> None:
    """Base64 holds the numbers in the opposite order."""
    for entry in reply["data"]:
        if isinstance(entry["embedding"], str):
            entry["embedding"] = _packed("f", _unpacked(entry["embedding"])[::-1])


def _packed(kind: str, numbers: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}{kind}", *numbers)).decode()


def _unpacked(text: str) -> list[float]:
    data = base64.b64decode(text)
    return list(struct.unpack(f"<{len(data) // 4}f", data))


@fault("sdk.moderations.results", at="reply", route="moderations")
def bare_result(call: Call, reply: Json) -> Json:
    """The result of a moderation is not in a list."""
    return {**reply, "results": reply["results"][0]}


@fault("sdk.models.list", at="reply", route="models.list")
def other_list_key(call: Call, reply: Json) -> Json:
    """The models are under another key."""
    return {"models": reply["data"]}


@fault("sdk.models.retrieve", at="reply", route="models.retrieve")
def wrapped_model(call: Call, reply: Json) -> Json:
    """A model comes wrapped in data."""
    return {"data": reply}


@fault("sdk.stream.readable", at="frames", route="chat")
def bare_ping(call: Call, frames: list[Frame]) -> None:
    """A keep-alive is an event without data."""
    frames.insert(1, Frame(b"event: ping\ndata:\n\n"))


@fault("sdk.stream.not-silent", at="http", route="chat", when=streamed)
def no_stream(call: Call, reply: Reply) -> None:
    """A stream is answered with one JSON object."""
    reply.set("content-type", "application/json")
    reply.body = dump({"id": "chatcmpl-0", "object": "chat.completion", "choices": []}).encode()


@fault("sdk.stream.chunks", at="frames", route="chat")
def after_done(call: Call, frames: list[Frame]) -> None:
    """The last chunk comes after [DONE]."""
    frames[-2:] = [frames[-1], frames[-2]]


@fault("sdk.stream.text", at="chunks", route="chat")
def message_not_delta(call: Call, chunks: Chunks) -> None:
    """Chunks have a message instead of a delta."""
    for choice in _choices(chunks):
        choice["message"] = choice.pop("delta")


@fault("sdk.stream.finish-reason", at="chunks", route="chat")
def never_why(call: Call, chunks: Chunks) -> None:
    """No chunk says why the choice ended."""
    for choice in _choices(chunks):
        choice["finish_reason"] = None


@fault("sdk.stream.usage", at="accepted", route="chat")
def no_stream_usage(call: Call, body: Json) -> None:
    """include_usage is ignored."""
    body.pop("stream_options", None)


@fault("sdk.stream-helper.end", at="chunks", route="chat")
def second_choice_first(call: Call, chunks: Chunks) -> None:
    """Choices are counted from 1."""
    for choice in _choices(chunks):
        choice["index"] += 1


@fault("sdk.stream-helper.text", at="chunks", route="chat")
def other_object(call: Call, chunks: Chunks) -> None:
    """Every second chunk says that it is a whole completion."""
    for chunk in chunks[1::2]:
        chunk["object"] = "chat.completion"


@fault("sdk.stream-helper.tool-id", at="chunks", route="chat")
def repeated_id(call: Call, chunks: Chunks) -> None:
    """Every delta of a tool call repeats its id and its name."""
    known: dict[int, Json] = {}
    for choice in _choices(chunks):
        for delta in choice["delta"].get("tool_calls", ()):
            first = known.setdefault(delta["index"], delta)
            delta["id"] = first["id"]
            delta["function"]["name"] = first["function"]["name"]


@fault("sdk.stream-helper.tool-arguments", at="chunks", route="chat")
def repeated_arguments(call: Call, chunks: Chunks) -> None:
    """Every delta of a tool call holds all arguments so far."""
    so_far: dict[int, str] = {}
    for choice in _choices(chunks):
        for delta in choice["delta"].get("tool_calls", ()):
            text = so_far.get(delta["index"], "") + delta["function"].get("arguments", "")
            so_far[delta["index"]] = delta["function"]["arguments"] = text


@fault("sdk.responses.stream.events", at="frames", route="responses")
def early_done(call: Call, frames: list[Frame]) -> None:
    """[DONE] comes before the last event."""
    frames.insert(len(frames) - 1, frame(DONE))


@fault("sdk.responses.stream-helper", at="chunks", route="responses")
def no_added(call: Call, events: Events) -> Events:
    """Output items are never announced."""
    return [event for event in events if event[0] != "response.output_item.added"]


@fault("sdk.errors.bad-request", at="error", route="chat")
def unprocessable(call: Call, error: ErrorReply) -> None:
    """A wrong value is answered with 422."""
    if error.status == 400:
        error.status = 422


@fault("sdk.errors.authentication", at="error", route="chat")
def forbidden(call: Call, error: ErrorReply) -> None:
    """A wrong key is answered with 403."""
    if error.status == 401:
        error.status = 403


@fault("sdk.errors.not-found", at="error", route="chat")
def bad_model(call: Call, error: ErrorReply) -> None:
    """An unknown model is answered with 400."""
    if error.status == 404:
        error.status = 400


@fault("sdk.errors.before-stream", at="http", route="chat", when=streamed)
def error_event(call: Call, reply: Reply) -> None:
    """Errors of streams are events of a successful answer."""
    if reply.status >= 400 and isinstance(reply.body, bytes):
        reply.status = 200
        reply.set("content-type", "text/event-stream")
        reply.drop("content-length")
        reply.body = b"data: " + reply.body + b"\n\ndata: [DONE]\n\n"


@fault("sdk.errors.message", at="error", route="chat")
def detail_list(call: Call, error: ErrorReply) -> None:
    """The error is a list of details, as frameworks make it."""
    if error.status == 400:
        error.body = {"detail": [{"loc": ["body"], "msg": error.body["error"]["message"]}]}


@fault("sdk.errors.code", at="error", route="chat")
def no_code(call: Call, error: ErrorReply) -> None:
    """Errors have no code."""
    error.body["error"]["code"] = None


@fault("sdk.errors.type", at="error", route="chat")
def no_type(call: Call, error: ErrorReply) -> None:
    """Errors have no type."""
    error.body["error"].pop("type")


@fault("sdk.errors.param", at="error", route="chat")
def no_param(call: Call, error: ErrorReply) -> None:
    """Errors name no parameter."""
    error.body["error"]["param"] = None


@fault("sdk.errors.request-id", at="http", route="chat")
def no_error_id(call: Call, reply: Reply) -> None:
    """Errors have no request id."""
    if reply.status >= 400:
        reply.drop("x-request-id")
