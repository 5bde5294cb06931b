"""The events of a streamed response."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.reference import logprobs, tokens
from conformance.reference.ask import Generation
from conformance.reference.chat_chunks import padding

Event = tuple[str, dict[str, Any]]


def events(
    started: dict[str, Any], final: dict[str, Any], made: Generation, padded: bool
) -> list[Event]:
    """The whole lifecycle, numbered from 0."""
    plain = [*_opening(started)]
    for index, item in enumerate(final["output"]):
        plain += _item(index, item, made, final["top_logprobs"])
    plain.append((f"response.{final['status']}", {"response": final}))
    numbered = []
    for number, (name, fields) in enumerate(plain):
        payload = {"type": name, "sequence_number": number, **fields}
        if padded and name.endswith(".delta"):
            payload["obfuscation"] = padding(final["id"], number)
        numbered.append((name, payload))
    return numbered


def _opening(started: dict[str, Any]) -> Iterator[Event]:
    if started["background"]:
        queued = {**started, "status": "queued"}
        yield "response.created", {"response": queued}
        yield "response.queued", {"response": queued}
    else:
        yield "response.created", {"response": started}
    yield "response.in_progress", {"response": started}


def _item(index: int, item: dict[str, Any], made: Generation, top: int) -> Iterator[Event]:
    kind = item["type"]
    at = {"item_id": item["id"], "output_index": index}
    empty = dict(item)
    if kind != "reasoning":
        empty["status"] = "in_progress"
    for key, nothing in (("content", []), ("summary", []), ("arguments", ""), ("input", "")):
        if key in empty:
            empty[key] = nothing
    yield "response.output_item.added", {"output_index": index, "item": empty}
    if kind == "message":
        yield from _text(at, item, made, top)
    elif kind == "function_call":
        yield from _pieces("response.function_call_arguments", at, "arguments", item["arguments"])
    elif kind == "custom_tool_call":
        yield from _pieces("response.custom_tool_call_input", at, "input", item["input"])
    else:
        yield from _summary(at, item)
    yield "response.output_item.done", {"output_index": index, "item": item}


def _pieces(name: str, at: dict[str, Any], key: str, text: str) -> Iterator[Event]:
    for piece, _ in tokens.deltas(tokens.encode(text)):
        yield f"{name}.delta", {**at, "delta": piece}
    yield f"{name}.done", {**at, key: text}


def _text(at: dict[str, Any], item: dict[str, Any], made: Generation, top: int) -> Iterator[Event]:
    part = item["content"][0]
    at = {**at, "content_index": 0}
    nothing = {**part, "text": "", "logprobs": []}
    yield "response.content_part.added", {**at, "part": nothing}
    position = 0
    for text, pieces in tokens.deltas(made.tokens):
        probs = logprobs.content(pieces, top, position) if part["logprobs"] else []
        position += len(pieces)
        yield "response.output_text.delta", {**at, "delta": text, "logprobs": probs}
    done = {**at, "text": part["text"], "logprobs": part["logprobs"]}
    yield "response.output_text.done", done
    yield "response.content_part.done", {**at, "part": part}


def _summary(at: dict[str, Any], item: dict[str, Any]) -> Iterator[Event]:
    for number, part in enumerate(item["summary"]):
        here = {**at, "summary_index": number}
        name = "response.reasoning_summary"
        yield f"{name}_part.added", {**here, "part": {**part, "text": ""}}
        for text, _ in tokens.deltas(tokens.encode(part["text"])):
            yield f"{name}_text.delta", {**here, "delta": text}
        yield f"{name}_text.done", {**here, "text": part["text"]}
        yield f"{name}_part.done", {**here, "part": part}
