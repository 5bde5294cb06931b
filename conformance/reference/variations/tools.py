"""Legal ways to call tools."""

from __future__ import annotations

import json
from contextlib import suppress
from copy import deepcopy
from typing import Any

from conformance.reference.call import Call
from conformance.reference.fault import variation
from conformance.reference.faults.chat_stream import choices
from conformance.reference.faults.tools import functions, messages
from conformance.reference.faults.tools_stream import deltas, opening, pieces
from conformance.reference.reply import Reply

Json = dict[str, Any]
Chunks = list[Json]


@variation("tools.forced-stops", at="http", route="chat")
def forced_stops(call: Call, reply: Reply) -> None:
    """A forced function ends with `stop`, as with older models, streamed or not."""
    choice = call.fields.get("tool_choice")
    if not isinstance(choice, dict) or choice.get("type") != "function":
        return
    old, new = b'"finish_reason":"tool_calls"', b'"finish_reason":"stop"'
    if isinstance(reply.body, bytes):
        reply.body = reply.body.replace(old, new)
    elif isinstance(reply.body, list):
        for one in reply.body:
            one.data = one.data.replace(old, new)


@variation("tools.empty-content", at="reply", route="chat")
def empty_content(call: Call, body: Json) -> None:
    """The content beside calls is empty instead of null."""
    for _, message in messages(body):
        message["content"] = ""


@variation("tools.spaced-arguments", at="reply", route="chat")
def spaced(call: Call, body: Json) -> None:
    """Arguments have spaces and lines."""
    for function in functions(body):
        with suppress(ValueError):  # what a limit cut off stays as it is
            function["arguments"] = json.dumps(json.loads(function["arguments"] or "{}"), indent=2)


@variation("tools.no-arguments", at="reply", route="chat")
def no_arguments(call: Call, body: Json) -> None:
    """A tool without parameters is called with empty arguments."""
    for function in functions(body):
        if function["arguments"] == "{}":
            function["arguments"] = ""


@variation("tools.other-ids", at="reply", route="chat")
def other_ids(call: Call, body: Json) -> None:
    """Ids of calls are short."""
    for _, message in messages(body):
        for number, made in enumerate(message["tool_calls"]):
            made["id"] = f"call_{body['id'][-6:]}{number}"


@variation("tools.explains", at="reply", route="chat",
           when=lambda call: call.fields.get("tool_choice") in (None, "auto"))  # fmt: skip
def explains(call: Call, body: Json) -> None:
    """The model says what it does before it calls a tool by its own choice."""
    for _, message in messages(body):
        message["content"] = "Let me look that up."


@variation("tools.indexed", at="reply", route="chat")
def indexed(call: Call, body: Json) -> None:
    """Calls of a whole answer have an index too."""
    for _, message in messages(body):
        for number, made in enumerate(message["tool_calls"]):
            made["index"] = number


@variation("tools.stream-role-apart", at="chunks", route="chat")
def role_apart(call: Call, chunks: Chunks) -> Chunks:
    """A chunk of the role alone comes before the first call."""
    if not chunks[0]["choices"] or not chunks[0]["choices"][0]["delta"].get("tool_calls"):
        return chunks
    extra = deepcopy(chunks[0])
    extra["choices"][0]["delta"] = {"role": "assistant", "content": None}
    chunks[0]["choices"][0]["delta"].pop("role", None)
    return [extra, *chunks]


@variation("tools.stream-whole", at="chunks", route="chat")
def whole(call: Call, chunks: Chunks) -> Chunks:
    """Each call is sent in one delta, with all of its arguments."""
    text: dict[int, str] = {}
    for made in pieces(chunks):
        inner = made.get("function") or made.get("custom") or {}
        key = "arguments" if "function" in made else "input"
        text[made["index"]] = text.get(made["index"], "") + inner.get(key, "")
    for made in opening(chunks):
        key, kind = ("arguments", "function") if "function" in made else ("input", "custom")
        made[kind][key] = text.get(made["index"], "")
    lost = pieces(chunks)
    return [c for c in chunks if not any(d is one for d in deltas([c]) for one in lost)]


@variation("tools.stream-types", at="chunks", route="chat")
def types(call: Call, chunks: Chunks) -> None:
    """Every delta has the type."""
    for made in pieces(chunks):
        made["type"] = "function" if "function" in made else "custom"


@variation("tools.stream-pieces", at="chunks", route="chat")
def tiny(call: Call, chunks: Chunks) -> Chunks:
    """Arguments come character by character, also cut inside an escape."""
    made: Chunks = []
    for chunk in chunks:
        found = [d for d in deltas([chunk]) if "id" not in d and "function" in d]
        if not found:
            made.append(chunk)
            continue
        for character in found[0]["function"]["arguments"]:
            extra = deepcopy(chunk)
            deltas([extra])[0]["function"]["arguments"] = character
            made.append(extra)
    return made


@variation("tools.stream-last-empty", at="chunks", route="chat")
def last_empty(call: Call, chunks: Chunks) -> None:
    """The finish chunk has `content: null`."""
    for choice in choices(chunks):
        if choice["finish_reason"]:
            choice["delta"] = {"content": None}
