"""The chunks of a streamed chat completion."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from conformance.reference import logprobs, tokens
from conformance.reference.chat_reply import FINGERPRINT, Chat, legacy, silence
from conformance.reference.instructions import hashed

_PADDING = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

Delta = tuple[int, dict[str, Any], dict[str, Any] | None, str | None]


def padding(*parts: object) -> str:
    """The random-looking string that hides the length of a delta."""
    number = hashed(*parts)
    return "".join(_PADDING[(number >> step) % 62] for step in range(1 + number % 12))


def chunks(chat: Chat) -> list[dict[str, Any]]:
    """All chunks but the [DONE], choices interleaved."""
    options = chat.body.get("stream_options") or {}
    with_usage = options.get("include_usage") is True
    padded = options.get("include_obfuscation") is not False
    base: dict[str, Any] = {
        "id": chat.id,
        "object": "chat.completion.chunk",
        "created": chat.created,
        "model": chat.card.id,
        "service_tier": chat.tier,
        "system_fingerprint": FINGERPRINT,
    }
    made: list[dict[str, Any]] = []
    streams = [_choice(chat, index) for index in range(len(chat.generations))]
    for row in zip_longest(*streams):
        for index, delta, probs, finish in filter(None, row):
            choice = {"index": index, "delta": delta, "logprobs": probs, "finish_reason": finish}
            chunk = {**base, "choices": [choice]}
            if with_usage:
                chunk["usage"] = None
            if padded:
                chunk["obfuscation"] = padding(chat.id, len(made))
            made.append(chunk)
    if with_usage:
        made.append({**base, "choices": [], "usage": chat.usage})
    return made


def _choice(chat: Chat, index: int) -> Iterator[Delta]:
    generation = chat.generations[index]
    if generation.calls:
        deltas = _function(chat, index) if legacy(chat.body) else _calls(chat, index)
        for delta in deltas:
            yield index, delta, None, None
    elif "audio" in (chat.body.get("modalities") or ()):
        yield from _audio(chat, index)
    else:
        yield from _text(chat, index)
    yield index, {}, None, chat.finishes[index]


def _text(chat: Chat, index: int) -> Iterator[Delta]:
    asked = bool(chat.body.get("logprobs"))
    top = chat.body.get("top_logprobs") or 0
    first: dict[str, Any] | None = {"content": [], "refusal": None} if asked else None
    yield index, {"role": "assistant", "content": "", "refusal": None}, first, None
    position = 0
    for text, pieces in tokens.deltas(chat.generations[index].tokens):
        probs: dict[str, Any] | None = None
        if asked:
            probs = {"content": logprobs.content(pieces, top, position), "refusal": None}
        position += len(pieces)
        yield index, {"content": text}, probs, None


def _calls(chat: Chat, index: int) -> Iterator[dict[str, Any]]:
    calls = chat.generations[index].calls
    role: dict[str, Any] = {"role": "assistant", "content": None}
    if len(calls) > 1:
        yield {**role, "refusal": None}
        role = {}
    for number, call in enumerate(calls):
        kind, key = ("custom", "input") if call.custom else ("function", "arguments")
        start = {
            "index": number,
            "id": chat.call_ids[index][number],
            "type": kind,
            kind: {"name": call.name, key: ""},
        }
        tail = {"refusal": None} if role else {}
        yield {**role, "tool_calls": [start], **tail}
        for text, _ in tokens.deltas(tokens.encode(call.arguments)):
            yield {"tool_calls": [{"index": number, kind: {key: text}}]}


def _function(chat: Chat, index: int) -> Iterator[dict[str, Any]]:
    call = chat.generations[index].calls[0]
    start = {"name": call.name, "arguments": ""}
    yield {"role": "assistant", "content": None, "function_call": start, "refusal": None}
    for text, _ in tokens.deltas(tokens.encode(call.arguments)):
        yield {"function_call": {"arguments": text}}


def _audio(chat: Chat, index: int) -> Iterator[Delta]:
    name = f"audio_{chat.id.removeprefix('chatcmpl-')}"
    yield index, {"role": "assistant", "content": None, "refusal": None}, None, None
    data = base64.b64encode(silence()).decode()
    yield index, {"audio": {"id": name, "data": data}}, None, None
    for text, _ in tokens.deltas(chat.generations[index].tokens):
        yield index, {"audio": {"transcript": text}}, None, None
    yield index, {"audio": {"expires_at": chat.created + 3600}}, None, None
