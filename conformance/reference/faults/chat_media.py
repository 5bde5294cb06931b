"""Faults of chat completions: images, audio, files, reasoning models."""

from __future__ import annotations

import json
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import invalid
from conformance.reference.fault import fault
from conformance.reference.faults.chat import crash, messages_of, once, whole
from conformance.reference.faults.chat_accepts import refuse

Json = dict[str, Any]


# media


def _kinds(body: Json) -> set[str]:
    return {
        str(p.get("type"))
        for m in messages_of(body)
        if isinstance(m.get("content"), list)
        for p in m["content"]
        if isinstance(p, dict)
    }


refuse("chat.image.refused-cleanly", "An image is a 500.",
       lambda b: "image_url" in _kinds(b) and b.get("max_tokens") == 16
       and "bm8gcGlj" not in str(b) and "'detail'" not in str(b), error=crash)  # fmt: skip
refuse("chat.audio.refused-cleanly", "Audio is a 500.",
       lambda b: "input_audio" in _kinds(b), error=crash)  # fmt: skip
refuse("chat.file.refused-cleanly", "A file is a 500.",
       lambda b: "file" in _kinds(b), error=crash)  # fmt: skip
refuse("chat.image.detail", "detail is refused.",
       lambda b: "image_url" in _kinds(b) and '"detail": "low"' in json.dumps(b))  # fmt: skip


@fault("chat.image.counted", at="accepted", route="chat", when=whole)
def blind(call: Call, body: Json) -> None:
    """Images are accepted and dropped."""
    if body.get("max_tokens") != 16:
        return
    for message in messages_of(body):
        if isinstance(message.get("content"), list):
            message["content"] = [p for p in message["content"] if p.get("type") != "image_url"]


@fault("chat.image.broken-refused", at="request", route="chat", when=whole)
def broken_taken(call: Call, body: Json) -> None:
    """An image that cannot be read is left out in silence."""
    for message in messages_of(body):
        if isinstance(message.get("content"), list):
            message["content"] = [p for p in message["content"] if "bm8gcGlj" not in str(p)]


# reasoning


def thinking(call: Call) -> bool:
    """A whole answer of the reasoning model."""
    return (
        once(call)
        and "reasoning" in str(call.model)
        and call.fields.get("max_completion_tokens") in (16, 2000)
    )


@fault("chat.reasoning.answered", at="reply", route="chat",
       when=lambda call: thinking(call) and not call.fields.get("stop"))  # fmt: skip
def thoughts_only(call: Call, reply: Json) -> None:
    """The whole answer is in `reasoning_content`, `content` is empty."""
    message = reply["choices"][0]["message"]
    message["reasoning_content"], message["content"] = message["content"], ""


@fault("chat.reasoning.counted", at="reply", route="chat", when=thinking)
def thoughts_free(call: Call, reply: Json) -> None:
    """completion_tokens counts the thoughts alone."""
    usage = reply["usage"]
    thought = usage["completion_tokens_details"]["reasoning_tokens"]
    usage["completion_tokens"] = thought
    usage["total_tokens"] = usage["prompt_tokens"] + thought


@fault("chat.reasoning.cut", at="reply", route="chat", when=thinking)
def cut_is_stop(call: Call, reply: Json) -> None:
    """An answer whose limit was spent on thoughts ends with "stop"."""
    reply["choices"][0]["finish_reason"] = "stop"


@fault("chat.reasoning.effort", at="request", route="chat", when=whole)
def effort_refused(call: Call, body: Json) -> None:
    """reasoning_effort is refused by the reasoning model."""
    if body.get("reasoning_effort") and "reasoning" in str(body.get("model")):
        raise invalid("Unrecognized request argument supplied: reasoning_effort")


@fault("chat.reasoning.effort-takes-effect", at="reply", route="chat", when=thinking)
def effort_ignored(call: Call, reply: Json) -> None:
    """A low effort makes more thoughts."""
    if call.fields.get("reasoning_effort") == "low":
        usage = reply["usage"]
        for holder, key in (
            (usage["completion_tokens_details"], "reasoning_tokens"),
            (usage, "completion_tokens"),
            (usage, "total_tokens"),
        ):
            holder[key] += 500


@fault("chat.reasoning.stop-outside-thoughts", at="reply", route="chat",
       when=lambda call: thinking(call) and bool(call.fields.get("stop")),
       field_defects="stop-applies-inside-reasoning")  # fmt: skip
def stop_in_thoughts(call: Call, reply: Json) -> None:
    """A stop string in the thoughts ends the answer before it begins."""
    reply["choices"][0]["message"]["content"] = ""
