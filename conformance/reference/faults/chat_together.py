"""Faults that show only when answers are laid together, or in one mode, option or choice alone."""

from __future__ import annotations

import html
from copy import deepcopy
from typing import Any

from conformance.reference.call import Call
from conformance.reference.chat_rules import prompt_tokens
from conformance.reference.errors import ApiError
from conformance.reference.fault import fault
from conformance.reference.faults.chat_stream import choices, plain, texts

Json = dict[str, Any]
Chunks = list[Json]


def counted(call: Call) -> bool:
    """A stream that was asked for its usage."""
    return call.stream and (call.fields.get("stream_options") or {}).get("include_usage") is True


def several(call: Call) -> bool:
    return counted(call) and (call.fields.get("n") or 1) > 1


def recount(chunk: Json, **counts: int) -> None:
    usage = {**chunk["usage"], **counts}
    usage["total_tokens"] = usage["prompt_tokens"] + usage["completion_tokens"]
    chunk["usage"] = usage


@fault("chat.usage.same-prompt", at="chunks", route="chat", when=several)
def prompt_per_choice(call: Call, chunks: Chunks) -> None:
    """A stream of several choices counts the prompt for each of them."""
    recount(chunks[-1], prompt_tokens=chunks[-1]["usage"]["prompt_tokens"] * 2)


@fault("chat.stream.usage.cut-counted", at="chunks", route="chat", when=several)
def first_choice_counted(call: Call, chunks: Chunks) -> None:
    """A stream of several choices counts the tokens of one."""
    recount(chunks[-1], completion_tokens=chunks[-1]["usage"]["completion_tokens"] // 2)


@fault("chat.stream.usage.within-limit", at="chunks", route="chat",
       when=lambda call: counted(call) and not call.fields.get("tools"),
       breaks=("chat.stream.usage.within-limit", "chat.stream.usage.completion-equal"))  # fmt: skip
def one_more(call: Call, chunks: Chunks) -> None:
    """A stream counts one token more than it brought."""
    recount(chunks[-1], completion_tokens=chunks[-1]["usage"]["completion_tokens"] + 1)


@fault("chat.stream.usage.present/logprobs", at="chunks", route="chat",
       when=lambda call: counted(call) and call.fields.get("logprobs") is True,
       breaks="chat.stream.usage.present")  # fmt: skip
def no_usage_with_logprobs(call: Call, chunks: Chunks) -> Chunks:
    """include_usage is ignored when the request asks for log probabilities."""
    return chunks[:-1]


@fault("chat.stream.usage.present/stop", at="chunks", route="chat",
       when=lambda call: counted(call) and bool(call.fields.get("stop")),
       breaks="chat.stream.usage.present")  # fmt: skip
def no_usage_with_stop(call: Call, chunks: Chunks) -> Chunks:
    """include_usage is ignored when the request has stop strings."""
    return chunks[:-1]


@fault("chat.stream.usage.present/length", at="chunks", route="chat", when=counted,
       breaks="chat.stream.usage.present")  # fmt: skip
def no_usage_when_cut(call: Call, chunks: Chunks) -> Chunks | None:
    """include_usage is ignored when the token limit cuts the answer off."""
    cut = any(choice["finish_reason"] == "length" for choice in choices(chunks))
    return chunks[:-1] if cut else None


@fault("chat.stream.created.now", at="chunks", route="chat",
       breaks=("chat.stream.created.now", "chat.created.runs"))  # fmt: skip
def example_time(call: Call, chunks: Chunks) -> None:
    """`created` of every chunk is a constant from an example."""
    for chunk in chunks:
        chunk["created"] = 1677652288


@fault("chat.created.runs", at="reply", route="chat")
def started(call: Call, body: Json) -> None:
    """`created` is the time at which the server was started."""
    body["created"] = call.app.data.setdefault("started", body["created"])


@fault("chat.stream.usage.within-limit/new-name", at="accepted", route="chat",
       when=lambda call: call.stream, breaks="chat.stream.usage.within-limit")  # fmt: skip
def limit_forgotten(call: Call, body: Json) -> Json:
    """A stream knows max_tokens alone: max_completion_tokens is ignored."""
    return {key: value for key, value in body.items() if key != "max_completion_tokens"}


@fault("chat.stream.n.different", at="chunks", route="chat", when=several)
def copied_choices(call: Call, chunks: Chunks) -> Chunks:
    """Every choice of a stream is the first one, which is another at each time."""
    made: Chunks = []
    begun = False
    for chunk in chunks:
        listed = chunk["choices"]
        if listed and listed[0]["index"]:
            continue
        if listed and not begun and listed[0]["delta"].get("content"):
            listed[0]["delta"]["content"], begun = "Well,", True
        made.append(chunk)
        if listed:
            made.append(deepcopy(chunk))
            made[-1]["choices"][0]["index"] = 1
    return made


def _rewritten(chunks: Chunks, old: str, new: str) -> None:
    for choice in choices(chunks):
        if choice["delta"].get("content"):
            choice["delta"]["content"] = choice["delta"]["content"].replace(old, new)


@fault("chat.stream.same-characters", at="chunks", route="chat", when=plain)
def no_lines(call: Call, chunks: Chunks) -> None:
    """Line breaks are lost in a stream: each ends a line of the event."""
    _rewritten(chunks, "\n", "")


@fault("chat.stream.same-characters/escaped", at="chunks", route="chat", when=plain,
       breaks="chat.stream.same-characters")  # fmt: skip
def escaped_lines(call: Call, chunks: Chunks) -> None:
    """Line breaks of a stream are escaped twice."""
    _rewritten(chunks, "\n", "\\n")


@fault("chat.stream.same-characters/html", at="chunks", route="chat", when=plain,
       breaks="chat.stream.same-characters")  # fmt: skip
def escaped_html(call: Call, chunks: Chunks) -> None:
    """A stream escapes the text for a page."""
    for choice in choices(chunks):
        if choice["delta"].get("content"):
            choice["delta"]["content"] = html.escape(choice["delta"]["content"])


@fault("chat.stream.same-characters/blank", at="chunks", route="chat", when=plain,
       breaks="chat.stream.same-characters")  # fmt: skip
def blank_dropped(call: Call, chunks: Chunks) -> Chunks:
    """Deltas that are nothing but white space are taken for empty and dropped."""
    blank = [c for c in texts(chunks) if not c["choices"][0]["delta"]["content"].strip()]
    return [chunk for chunk in chunks if chunk not in blank]


def _text(body: Json, old: str, new: str) -> None:
    for choice in body["choices"]:
        if choice["message"].get("content"):
            choice["message"]["content"] = choice["message"]["content"].replace(old, new)


@fault("chat.content.line-breaks", at="reply", route="chat",
       breaks=("chat.content.line-breaks", "chat.stream.same-characters"))  # fmt: skip
def escaped_whole(call: Call, body: Json) -> None:
    """Line breaks of a whole answer are escaped twice."""
    _text(body, "\n", "\\n")


@fault("chat.content.lines-kept", at="accepted", route="chat")
def one_line(call: Call, body: Json) -> None:
    """The prompt is put on one line before the model reads it."""
    for message in body["messages"]:
        if isinstance(message.get("content"), str):
            message["content"] = " ".join(message["content"].split())


@fault("chat.content.refusal-null", at="reply", route="chat")
def empty_refusal(call: Call, body: Json) -> None:
    """Every answer has an empty refusal."""
    for choice in body["choices"]:
        choice["message"]["refusal"] = ""


@fault("chat.tools.no-legacy-call", at="reply", route="chat",
       breaks=("chat.tools.no-legacy-call",
               "chat.shape.choices.message.function-call.non-null"))  # fmt: skip
def both_calls(call: Call, body: Json) -> None:
    """The first tool call is repeated as a legacy function call."""
    for choice in body["choices"]:
        for made in (choice["message"].get("tool_calls") or [])[:1]:
            choice["message"]["function_call"] = made.get("function")


@fault("chat.tools.counted", at="reply", route="chat",
       breaks=("chat.tools.counted", "chat.usage.same-prompt"),
       when=lambda call: bool(call.fields.get("tools")))  # fmt: skip
def tools_uncounted(call: Call, body: Json) -> None:
    """The definitions of tools are not counted."""
    bare = {key: value for key, value in call.fields.items() if key != "tools"}
    body["usage"]["prompt_tokens"] = prompt_tokens(bare)
    body["usage"]["total_tokens"] = sum(
        body["usage"][key] for key in ("prompt_tokens", "completion_tokens")
    )


@fault("chat.tools.cut", at="reply", route="chat",
       breaks=("chat.tools.cut", "chat.tools.arguments-json"))  # fmt: skip
def cut_call(call: Call, body: Json) -> None:
    """A tool call that the token limit cut off ends with `tool_calls`."""
    for choice in body["choices"]:
        if choice["message"].get("tool_calls"):
            choice["finish_reason"] = "tool_calls"


@fault("chat.tools.cut/stream", at="chunks", route="chat",
       breaks=("chat.tools.cut", "chat.tools.stream.arguments-json"))  # fmt: skip
def cut_streamed_call(call: Call, chunks: Chunks) -> None:
    """A streamed tool call that the token limit cut off ends with `tool_calls`."""
    if any(choice["delta"].get("tool_calls") for choice in choices(chunks)):
        for choice in choices(chunks):
            if choice["finish_reason"]:
                choice["finish_reason"] = "tool_calls"


@fault("chat.stream.logprobs.equal", at="chunks", route="chat",
       breaks=("chat.stream.logprobs.equal", "chat.logprobs.top-sum"),
       when=lambda call: call.fields.get("logprobs") is True)  # fmt: skip
def base_two(call: Call, chunks: Chunks) -> None:
    """The log probabilities of a stream are to the base of 10."""
    for choice in choices(chunks):
        for entry in (choice["logprobs"] or {}).get("content") or ():
            for one in (entry, *entry["top_logprobs"]):
                one["logprob"] /= 2.302585


@fault("chat.logprobs.top-count/stream", at="accepted", route="chat",
       when=lambda call: call.stream, breaks="chat.logprobs.top-count")  # fmt: skip
def no_alternatives(call: Call, body: Json) -> Json:
    """top_logprobs is ignored in a stream."""
    return {key: value for key, value in body.items() if key != "top_logprobs"}


@fault("chat.logprobs.chosen-listed/stream", at="chunks", route="chat",
       when=lambda call: bool(call.fields.get("top_logprobs")),
       breaks=("chat.logprobs.chosen-listed", "chat.logprobs.chosen-agrees"))  # fmt: skip
def first_alternatives(call: Call, chunks: Chunks) -> None:
    """The alternatives of a stream are always those of its first token."""
    rows = [
        entry
        for choice in choices(chunks)
        for entry in (choice["logprobs"] or {}).get("content") or ()
    ]
    for entry in rows[1:]:
        entry["top_logprobs"] = deepcopy(rows[0]["top_logprobs"])


@fault("chat.stop.not-in-text/first", at="accepted", route="chat", when=plain,
       breaks=("chat.stream.stop.not-in-text",))  # fmt: skip
def last_stop(call: Call, body: Json) -> None:
    """Of several stop strings a stream knows the last one only."""
    if isinstance(body.get("stop"), list):
        body["stop"] = body["stop"][-1:]


def long(call: Call, chunks: Chunks) -> bool:
    return len(chunks) > 64


@fault("chat.stream.long-whole", at="chunks", route="chat", when=plain)
def cut_short(call: Call, chunks: Chunks) -> Chunks | None:
    """A buffer of 64 chunks is full, and the stream ends as if that were all."""
    if not long(call, chunks):
        return None
    last = [c for c in chunks[64:] if not c["choices"] or c["choices"][0]["finish_reason"]]
    return chunks[:64] + last


@fault("chat.stream.long-whole/repeated", at="chunks", route="chat", when=plain,
       breaks="chat.stream.long-whole")  # fmt: skip
def repeated(call: Call, chunks: Chunks) -> None:
    """In long streams a chunk is sent twice."""
    if long(call, chunks):
        chunks.insert(31, deepcopy(chunks[30]))


@fault("chat.stream.constant-fingerprint", at="chunks", route="chat")
def new_fingerprints(call: Call, chunks: Chunks) -> None:
    """Every chunk has a fingerprint of its own."""
    for number, chunk in enumerate(chunks):
        chunk["system_fingerprint"] = f"fp_{number}"


@fault("chat.stream.obfuscation-off", at="chunks", route="chat", when=counted)
def padded(call: Call, chunks: Chunks) -> None:
    """Chunks are padded, whatever the request says."""
    for chunk in chunks:
        chunk["obfuscation"] = "aBcD"


@fault("chat.stream.accepts.parts", at="accepted", route="chat", when=lambda call: call.stream)
def no_parts(call: Call, body: Json) -> None:
    """Contents in parts are refused in a stream."""
    if any(message.get("role") == "system" and isinstance(message["content"], list)
           for message in body["messages"]):  # fmt: skip
        raise ApiError(400, "content must be a string", param="messages")
