"""Chat completion objects out of generations."""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from conformance.reference import logprobs
from conformance.reference.ask import Ask, Generation, Tool
from conformance.reference.call import Call
from conformance.reference.chat_messages import turns
from conformance.reference.chat_rules import prompt_tokens
from conformance.reference.config import ModelCard
from conformance.reference.model import generate

FINGERPRINT = "fp_5f0c1a2b3d"
EFFORT_TOKENS = {"none": 0, "minimal": 0, "low": 16, "high": 128, "xhigh": 192, "max": 256}


@dataclass(frozen=True)
class Chat:
    """Everything that an answer, streamed or whole, is made of."""

    id: str
    created: int
    body: dict[str, Any]
    card: ModelCard
    generations: tuple[Generation, ...]
    call_ids: tuple[tuple[str, ...], ...]
    usage: dict[str, Any]

    @property
    def tier(self) -> str:
        """The service tier of the reply."""
        asked = self.body.get("service_tier") or "auto"
        return {"auto": "default", "fast": "priority"}.get(asked, asked)

    @property
    def finishes(self) -> tuple[str, ...]:
        """The finish reason of each choice."""
        if not legacy(self.body):
            return tuple(made.finish for made in self.generations)
        return tuple(
            "function_call" if made.finish == "tool_calls" else made.finish
            for made in self.generations
        )


def legacy(body: dict[str, Any]) -> bool:
    """Whether the request speaks of functions instead of tools."""
    return bool(body.get("functions")) and not body.get("tools")


def tools_of(body: dict[str, Any]) -> tuple[tuple[Tool, ...], str]:
    """The tools that may be called, and the choice among them."""
    if legacy(body):
        tools = tuple(
            Tool(f["name"], f.get("parameters") or {}, f.get("description") or "")
            for f in body["functions"]
        )
        wanted = body.get("function_call") or "auto"
        return tools, wanted if isinstance(wanted, str) else "=" + wanted["name"]
    made = []
    for tool in body.get("tools") or ():
        inner = tool[tool["type"]]
        made.append(
            Tool(
                inner["name"],
                inner.get("parameters") or {},
                inner.get("description") or "",
                tool["type"] == "custom",
            )
        )
    choice = body.get("tool_choice") or "auto"
    if isinstance(choice, str):
        return tuple(made), choice
    if choice["type"] == "allowed_tools":
        allowed = choice["allowed_tools"]
        names = {_tool_name(tool) for tool in allowed["tools"]}
        return tuple(tool for tool in made if tool.name in names), allowed["mode"]
    return tuple(made), "=" + choice[choice["type"]]["name"]


def _tool_name(tool: dict[str, Any]) -> str:
    inner = tool.get(tool.get("type", ""), tool)
    return str(inner.get("name")) if isinstance(inner, dict) else ""


def stops_of(body: dict[str, Any]) -> tuple[str, ...]:
    """The stop strings."""
    stop = body.get("stop") or ()
    return (stop,) if isinstance(stop, str) else tuple(stop)


def ask_of(body: dict[str, Any], card: ModelCard) -> Ask:
    """A chat request as the model understands it."""
    tools, choice = tools_of(body)
    wanted = body.get("response_format") or {}
    schema = None
    if wanted.get("type") == "json_schema":
        schema = wanted["json_schema"].get("schema") or {"type": "object"}
    reasoning = 0
    if card.reasoning:
        reasoning = EFFORT_TOKENS.get(body.get("reasoning_effort") or "medium", 64)
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    if limit is not None:
        reasoning = min(reasoning, limit)
    temperature = body.get("temperature")
    return Ask(
        turns=turns(body["messages"]),
        tools=tools,
        choice=choice,
        parallel=body.get("parallel_tool_calls") is not False and not legacy(body),
        schema=schema,
        json_object=wanted.get("type") == "json_object",
        stop=stops_of(body),
        max_tokens=limit,
        temperature=1.0 if temperature is None else temperature,
        seed=body.get("seed"),
        logit_bias={int(key): value for key, value in (body.get("logit_bias") or {}).items()},
        reasoning_tokens=reasoning,
    )


def make(call: Call, body: dict[str, Any]) -> Chat:
    """Generate all choices, and count them."""
    card = call.card("chat")
    ask = ask_of(body, card)
    made = tuple(generate(ask, index) for index in range(body.get("n") or 1))
    ids = tuple(tuple(call.app.new_id("call_") for _ in one.calls) for one in made)
    return Chat(
        id=call.app.new_id("chatcmpl-"),
        created=call.now,
        body=body,
        card=card,
        generations=made,
        call_ids=ids,
        usage=usage(prompt_tokens(body), made),
    )


def usage(prompt: int, made: Sequence[Generation]) -> dict[str, Any]:
    """The token counts of an answer."""
    completion = sum(one.output_tokens for one in made)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": sum(one.reasoning_tokens for one in made),
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def tool_call_objects(chat: Chat, index: int) -> list[dict[str, Any]]:
    """The tool calls of a choice."""
    made: list[dict[str, Any]] = []
    for call, name in zip(chat.generations[index].calls, chat.call_ids[index], strict=True):
        if call.custom:
            inner = {"name": call.name, "input": call.arguments}
            made.append({"id": name, "type": "custom", "custom": inner})
        else:
            inner = {"name": call.name, "arguments": call.arguments}
            made.append({"id": name, "type": "function", "function": inner})
    return made


def _message(chat: Chat, index: int) -> dict[str, Any]:
    made = chat.generations[index]
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if made.calls else made.text,
        "refusal": None,
        "annotations": [],
    }
    if made.calls and legacy(chat.body):
        first = made.calls[0]
        message["function_call"] = {"name": first.name, "arguments": first.arguments}
    elif made.calls:
        message["tool_calls"] = tool_call_objects(chat, index)
    elif "audio" in (chat.body.get("modalities") or ()):
        message["content"] = None
        message["audio"] = {
            "id": f"audio_{chat.id.removeprefix('chatcmpl-')}",
            "expires_at": chat.created + 3600,
            "data": base64.b64encode(silence()).decode(),
            "transcript": made.text,
        }
    return message


def silence(seconds: float = 0.05, rate: int = 8000) -> bytes:
    """A real WAV file of nothing."""
    data = b"\0\0" * int(seconds * rate)
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 1,
                       rate, rate * 2, 2, 16, b"data", len(data))  # fmt: skip
    return head + data


def choice_logprobs(chat: Chat, index: int) -> dict[str, Any] | None:
    """The logprobs of a choice; null when nobody asked."""
    if not chat.body.get("logprobs"):
        return None
    top = chat.body.get("top_logprobs") or 0
    return {
        "content": logprobs.content(chat.generations[index].tokens, top),
        "refusal": None,
    }


def completion(chat: Chat) -> dict[str, Any]:
    """The whole answer."""
    choices = [
        {
            "index": index,
            "message": _message(chat, index),
            "logprobs": choice_logprobs(chat, index),
            "finish_reason": chat.finishes[index],
        }
        for index in range(len(chat.generations))
    ]
    return {
        "id": chat.id,
        "object": "chat.completion",
        "created": chat.created,
        "model": chat.card.id,
        "choices": choices,
        "usage": chat.usage,
        "service_tier": chat.tier,
        "system_fingerprint": FINGERPRINT,
    }
