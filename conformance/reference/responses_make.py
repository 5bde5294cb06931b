"""Response objects, and the states they go through."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from conformance.reference.ask import Generation
from conformance.reference.call import Call
from conformance.reference.responses_items import Item

TERMINAL = ("completed", "failed", "cancelled", "incomplete")


@dataclass
class Record:
    """A stored response: the answer as it will be, and when it was asked for."""

    final: dict[str, Any]
    inputs: list[Item]
    context: list[Item]
    created: float
    background: bool
    cancelled: float | None = None
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


def base(call: Call, body: Item) -> dict[str, Any]:
    """A response before anything was said."""
    text = body.get("text") or {}
    reasoning = body.get("reasoning") or {}
    made: dict[str, Any] = {
        "id": call.app.new_id("resp_", 48),
        "object": "response",
        "created_at": call.now,
        "status": "in_progress",
        "background": bool(body.get("background")),
        "billing": {"payer": "developer"},
        "completed_at": None,
        "error": None,
        "frequency_penalty": 0.0,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "max_tool_calls": body.get("max_tool_calls"),
        "model": body["model"],
        "output": [],
        "parallel_tool_calls": body.get("parallel_tool_calls") is not False,
        "presence_penalty": 0.0,
        "previous_response_id": body.get("previous_response_id"),
        "prompt_cache_key": body.get("prompt_cache_key"),
        "prompt_cache_retention": body.get("prompt_cache_retention"),
        "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
        "safety_identifier": body.get("safety_identifier"),
        "service_tier": body.get("service_tier") or "auto",
        "store": body.get("store") is not False,
        "temperature": 1.0 if body.get("temperature") is None else body["temperature"],
        "text": {
            "format": _format(text.get("format")),
            "verbosity": text.get("verbosity") or "medium",
        },
        "tool_choice": body.get("tool_choice") or "auto",
        "tools": [_tool(tool) for tool in body.get("tools") or ()],
        "top_logprobs": body.get("top_logprobs") or 0,
        "top_p": 1.0 if body.get("top_p") is None else body["top_p"],
        "truncation": body.get("truncation") or "disabled",
        "usage": None,
        "user": body.get("user"),
        "metadata": body.get("metadata") or {},
    }
    conversation = conversation_id(body)
    if conversation:
        made["conversation"] = {"id": conversation}
    return made


def _format(given: Item | None) -> Item:
    if not given or given["type"] != "json_schema":
        return given or {"type": "text"}
    return {"description": None, "strict": False, **given}


def _tool(given: Item) -> Item:
    if given["type"] == "function":
        return {"description": None, "parameters": {}, "strict": True, **given}
    return {"description": None, "format": {"type": "text"}, **given}


def conversation_id(body: Item) -> str | None:
    """The conversation that a request belongs to."""
    given = body.get("conversation")
    if isinstance(given, dict):
        return str(given["id"])
    return given if isinstance(given, str) else None


def finished(
    response: dict[str, Any], output: list[Item], made: Generation, spent: int, now: int
) -> dict[str, Any]:
    """The response at its end."""
    tier = response["service_tier"]
    cut = made.finish == "length"
    return {
        **response,
        "status": "incomplete" if cut else "completed",
        "completed_at": None if cut else now,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "output": output,
        "service_tier": {"auto": "default", "fast": "priority"}.get(tier, tier),
        "usage": {
            "input_tokens": spent,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": made.output_tokens,
            "output_tokens_details": {"reasoning_tokens": made.reasoning_tokens},
            "total_tokens": spent + made.output_tokens,
        },
    }


def view(call: Call, record: Record) -> dict[str, Any]:
    """The response as it is at this moment: a background one takes its time."""
    final = record.final
    if not record.background:
        return final
    until = call.clock.time() if record.cancelled is None else record.cancelled
    age = until - record.created
    step = call.config.job_step_s
    if age >= 2 * step:
        return final
    status = "queued" if age < step else "in_progress"
    if record.cancelled is not None:
        status = "cancelled"
    return {
        **final,
        "status": status,
        "output": [],
        "usage": None,
        "completed_at": None,
        "incomplete_details": None,
    }
