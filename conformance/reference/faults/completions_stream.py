"""Faults of legacy completion streams."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from conformance.reference.call import Call
from conformance.reference.fault import fault
from conformance.reference.faults.completions import ROUTE, streamed
from conformance.reference.reply import Frame, Reply

Json = dict[str, Any]
Chunks = list[Json]


# streams


def chunk_fault(
    id: str,
    words: str,
    change: Callable[[Call, Chunks], Chunks | None],
    when: Callable[[Call], bool] = streamed,
    **more: Any,
) -> None:
    """Register a fault of the chunks."""
    fault(id, at="chunks", route=ROUTE, text=words, when=when, **more)(change)


@fault("completions.stream.events", at="http", route=ROUTE, when=streamed)
def one_json(call: Call, reply: Reply) -> Reply:
    """stream is ignored: one JSON object comes."""
    if reply.status != 200:
        return reply
    body = {"id": "cmpl-1", "object": "text_completion", "choices": []}
    return Reply(200, [("content-type", "application/json")], json.dumps(body).encode())


@fault("completions.stream.terminator", at="frames", route=ROUTE, when=streamed)
def no_done(call: Call, frames: list[Frame]) -> list[Frame]:
    """[DONE] is missing."""
    return frames[:-1]


def new_ids(call: Call, chunks: Chunks) -> None:
    for number, chunk in enumerate(chunks):
        chunk["id"] = f"cmpl-{number}"


def no_finish(call: Call, chunks: Chunks) -> None:
    for chunk in chunks[:-1] if len(chunks) > 1 else chunks:
        for choice in chunk["choices"]:
            choice["finish_reason"] = None


def finish_first(call: Call, chunks: Chunks) -> None:
    ended: set[int] = set()
    for chunk in chunks:
        for choice in chunk["choices"]:
            reason = None if choice["index"] in ended else "length"
            ended.add(choice["index"])
            choice["finish_reason"] = reason


def all_zero(call: Call, chunks: Chunks) -> None:
    for chunk in chunks:
        for choice in chunk["choices"]:
            choice["index"] = 0


def cumulative(call: Call, chunks: Chunks) -> None:
    text = ""
    for chunk in chunks:
        for choice in chunk["choices"]:
            text += choice["text"]
            choice["text"] = text


def lose_usage(call: Call, chunks: Chunks) -> Chunks:
    return [chunk for chunk in chunks if chunk["choices"]]


def usage_off(call: Call, chunks: Chunks) -> None:
    if chunks[-1].get("usage"):
        chunks[-1]["usage"]["total_tokens"] += 2


def empty_last(call: Call, chunks: Chunks) -> Chunks:
    if call.fields.get("stream_options"):
        return chunks
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return [*chunks, {**chunks[-1], "choices": [], "usage": usage}]


def empty_lists(call: Call, chunks: Chunks) -> None:
    for chunk in chunks[1::2]:
        for choice in chunk["choices"]:
            if choice["logprobs"]:
                choice["logprobs"] = {"tokens": [], "token_logprobs": [], "top_logprobs": [],
                                      "text_offset": []}  # fmt: skip


def no_probs(call: Call, chunks: Chunks) -> None:
    for chunk in chunks:
        for choice in chunk["choices"]:
            choice["logprobs"] = None


def offsets_restart(call: Call, chunks: Chunks) -> None:
    length = len(call.fields["prompt"])
    for chunk in chunks:
        for choice in chunk["choices"]:
            offsets = choice["logprobs"] and choice["logprobs"]["text_offset"]
            if offsets:
                choice["logprobs"]["text_offset"] = [
                    o - length if o > length else o for o in offsets
                ]


def no_streamed_echo(call: Call, body: Json) -> None:
    """echo is ignored in streams."""
    call.body = dict(body)
    body["echo"] = False


chunk_fault("completions.stream.constant", "Every chunk has an id of its own.", new_ids)
chunk_fault(
    "completions.stream.finish-once",
    "No chunk but the last has a finish_reason.",
    no_finish,
    lambda call: streamed(call) and isinstance(call.fields["prompt"], list),
)
chunk_fault("completions.stream.nothing-after-finish", "finish_reason comes with the first chunk.",
            finish_first)  # fmt: skip
chunk_fault("completions.stream.choices", "Every chunk of a batch has the index 0.", all_zero,
            breaks=("completions.stream.choices", "completions.stream.finish-once",
                    "completions.stream.nothing-after-finish"))  # fmt: skip
chunk_fault("completions.stream.same-text", "Every chunk repeats all text so far.", cumulative,
            lambda call: streamed(call) and "logprobs" not in call.fields)  # fmt: skip
chunk_fault("completions.stream.usage", "include_usage is ignored.", lose_usage)
chunk_fault("completions.stream.usage-total", "total_tokens is not the sum.", usage_off)
chunk_fault("completions.stream.no-usage-unasked", "A chunk without choices comes unasked.",
            empty_last)  # fmt: skip
chunk_fault("completions.stream.logprobs-aligned", "Some chunks have empty lists.", empty_lists,
            lambda call: streamed(call) and not call.fields.get("echo"),
            field_defects="stream-logprobs-empty-arrays")  # fmt: skip
chunk_fault("completions.stream.logprobs-aligned/none", "Streams have no log probabilities.",
            no_probs, lambda call: streamed(call) and not call.fields.get("echo"),
            breaks=("completions.stream.logprobs-aligned",))  # fmt: skip
fault("completions.stream.echo-text", at="accepted", route=ROUTE, when=streamed)(no_streamed_echo)
chunk_fault("completions.stream.echo-offsets", "Offsets begin again after the prompt.",
            offsets_restart, lambda call: streamed(call) and bool(call.fields.get("echo")),
            field_defects="completions-stream-echo-text-offset-shifted")  # fmt: skip
