"""Faults in the usage of chat streams."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.fault import fault

Chunks = list[dict[str, Any]]
BASE = "chat.stream.usage"
COUNTS = {"prompt_tokens": 9, "completion_tokens": 7, "total_tokens": 16}


def asked(call: Call) -> bool:
    return (call.fields.get("stream_options") or {}).get("include_usage") is True


def _without(chunks: Chunks) -> Chunks:
    kept = [chunk for chunk in chunks if chunk["choices"]]
    for chunk in kept:
        chunk.pop("usage", None)
    return kept


@fault("chat.stream.usage", at="chunks", route="chat", breaks="chat.stream.usage.present",
       field_defects="include-usage-ignored")  # fmt: skip
def no_usage(call: Call, chunks: Chunks) -> Chunks:
    """include_usage is ignored."""
    return _without(chunks)


@fault(f"{BASE}.present", at="chunks", route="chat",
       when=lambda call: bool(call.fields.get("tools")),
       field_defects="usage-chunk-missing-when-tools-present")  # fmt: skip
def no_usage_with_tools(call: Call, chunks: Chunks) -> Chunks:
    """include_usage is ignored when the request has tools."""
    return _without(chunks)


@fault(f"{BASE}.present/format", at="chunks", route="chat", breaks=f"{BASE}.present",
       when=lambda call: bool(call.fields.get("response_format")))  # fmt: skip
def no_usage_with_format(call: Call, chunks: Chunks) -> Chunks:
    """include_usage is ignored when the request has a response format."""
    return _without(chunks)


def _chunk(chunks: Chunks, usage: Any) -> dict[str, Any]:
    return {**chunks[-1], "choices": [], "usage": usage}


@fault(f"{BASE}.only-when-asked", at="chunks", route="chat", when=lambda call: not asked(call),
       field_defects="usage-sent-for-empty-stream-options")  # fmt: skip
def usage_for_options(call: Call, chunks: Chunks) -> Chunks | None:
    """Any stream_options bring the usage chunk, also empty ones."""
    if call.fields.get("stream_options") is None:
        return None
    return [*chunks, _chunk(chunks, dict(COUNTS))]


@fault(f"{BASE}.only-when-asked/finish", at="chunks", route="chat",
       breaks=f"{BASE}.only-when-asked", when=lambda call: not asked(call))  # fmt: skip
def usage_at_finish(call: Call, chunks: Chunks) -> None:
    """The chunk with the finish reason always has usage."""
    chunks[-1]["usage"] = dict(COUNTS)


@fault(f"{BASE}.last", at="chunks", route="chat", when=asked)
def usage_before_finish(call: Call, chunks: Chunks) -> None:
    """The usage chunk comes before the finish reason."""
    chunks[-1], chunks[-2] = chunks[-2], chunks[-1]


@fault(f"{BASE}.own-chunk", at="chunks", route="chat", when=asked)
def usage_in_finish(call: Call, chunks: Chunks) -> Chunks:
    """The usage stands in the chunk with the finish reason."""
    return [*chunks[:-2], {**chunks[-2], "usage": chunks[-1]["usage"]}]


@fault(f"{BASE}.once", at="chunks", route="chat", when=asked)
def running_usage(call: Call, chunks: Chunks) -> None:
    """Every chunk has the usage so far."""
    for number, chunk in enumerate(chunks[:-1]):
        prompt = chunks[-1]["usage"]["prompt_tokens"]
        chunk["usage"] = {"prompt_tokens": prompt, "completion_tokens": number,
                          "total_tokens": prompt + number}  # fmt: skip


@fault(f"{BASE}.once/partial", at="chunks", route="chat", when=asked,
       breaks=(f"{BASE}.once", "chat.stream.shape.usage.completion-tokens"),
       field_defects="usage-partial-fields")  # fmt: skip
def partial_usage(call: Call, chunks: Chunks) -> None:
    """The first chunk has a usage of the prompt alone."""
    chunks[0]["usage"] = {"prompt_tokens": 11, "total_tokens": 11}


@fault(f"{BASE}.total", at="chunks", route="chat", when=asked)
def wrong_total(call: Call, chunks: Chunks) -> None:
    """total_tokens leaves out the prompt."""
    usage = chunks[-1]["usage"]
    chunks[-1]["usage"] = {**usage, "total_tokens": usage["completion_tokens"]}


@fault(f"{BASE}.counted", at="chunks", route="chat", when=asked,
       breaks=(f"{BASE}.counted", f"{BASE}.completion-equal"))  # fmt: skip
def nothing_counted(call: Call, chunks: Chunks) -> None:
    """Streamed tokens are not counted."""
    usage = chunks[-1]["usage"]
    chunks[-1]["usage"] = {**usage, "completion_tokens": 0, "total_tokens": usage["prompt_tokens"]}
    if usage.get("completion_tokens_details"):
        chunks[-1]["usage"].pop("completion_tokens_details")


@fault(f"{BASE}.prompt-equal", at="chunks", route="chat", when=asked)
def other_prompt(call: Call, chunks: Chunks) -> None:
    """The prompt of a stream is counted without its template."""
    usage = chunks[-1]["usage"]
    chunks[-1]["usage"] = {**usage, "prompt_tokens": usage["prompt_tokens"] - 3,
                           "total_tokens": usage["total_tokens"] - 3}  # fmt: skip


@fault(f"{BASE}.completion-equal", at="chunks", route="chat", when=asked)
def chunks_counted(call: Call, chunks: Chunks) -> None:
    """Chunks are counted instead of tokens."""
    usage = chunks[-1]["usage"]
    count = len(chunks)
    chunks[-1]["usage"] = {**usage, "completion_tokens": count,
                           "total_tokens": usage["prompt_tokens"] + count}  # fmt: skip


@fault("completions.stream.usage/total", at="chunks", route="completions", when=asked,
       breaks="completions.stream.shape.usage.total-tokens",
       field_defects="usage-total-missing-completions-stream")  # fmt: skip
def no_total(call: Call, chunks: Chunks) -> None:
    """The usage of a streamed legacy completion has no total_tokens."""
    usage = chunks[-1].get("usage")
    if usage:
        chunks[-1]["usage"] = {k: v for k, v in usage.items() if k != "total_tokens"}
