"""Faults of chat completions."""

from __future__ import annotations

import json
from typing import Any

from conformance.reference.call import Call
from conformance.reference.fault import fault

Json = dict[str, Any]


def whole(call: Call) -> bool:
    """Whether the answer is not streamed."""
    return not call.stream


@fault("chat.object", at="reply", route="chat")
def wrong_object(call: Call, reply: Json) -> None:
    """The answer's object is "text_completion"."""
    reply["object"] = "text_completion"


@fault("chat.id.unique", at="reply", route="chat")
def same_id(call: Call, reply: Json) -> None:
    """Every completion has the same id."""
    reply["id"] = "chatcmpl-0"


@fault("chat.usage.sum", at="reply", route="chat")
def wrong_sum(call: Call, reply: Json) -> None:
    """total_tokens is not the sum of its parts."""
    reply["usage"]["total_tokens"] += 1


@fault("chat.max-tokens.enforced", at="accepted", route="chat")
def ignores_limit(call: Call, body: Json) -> None:
    """max_tokens and max_completion_tokens are ignored."""
    body.pop("max_tokens", None)
    body.pop("max_completion_tokens", None)


@fault("chat.stop.enforced", at="accepted", route="chat")
def ignores_stop(call: Call, body: Json) -> None:
    """stop is ignored."""
    body.pop("stop", None)


@fault("chat.n.count", at="accepted", route="chat")
def ignores_n(call: Call, body: Json) -> None:
    """n is ignored: there is always one choice."""
    body["n"] = 1


@fault("chat.null.accepted", at="request", route="chat")
def refuses_null(call: Call, body: Json) -> None:
    """An explicit null is refused as the wrong type."""
    for name, value in body.items():
        if value is None:
            body[name] = {"null": True}


@fault("chat.tool-calls.arguments.string", at="reply", route="chat")
def parsed_arguments(call: Call, reply: Json) -> None:
    """Arguments are an object instead of JSON text."""
    for choice in reply["choices"]:
        for made in choice["message"].get("tool_calls", ()):
            if "function" in made:
                made["function"]["arguments"] = json.loads(made["function"]["arguments"])


@fault("chat.tool-choice.required", at="accepted", route="chat")
def ignores_choice(call: Call, body: Json) -> None:
    """tool_choice is ignored."""
    body.pop("tool_choice", None)


@fault("chat.finish-reason.length", at="reply", route="chat")
def never_length(call: Call, reply: Json) -> None:
    """An answer that was cut says that it stopped by itself."""
    for choice in reply["choices"]:
        if choice["finish_reason"] == "length":
            choice["finish_reason"] = "stop"


@fault("chat.logprobs.aligned", at="reply", route="chat")
def lost_logprob(call: Call, reply: Json) -> None:
    """The last token has no logprob entry."""
    for choice in reply["choices"]:
        if choice["logprobs"]:
            choice["logprobs"]["content"].pop()
