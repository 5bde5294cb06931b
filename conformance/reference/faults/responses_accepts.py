"""Faults of the Responses API: valid requests that are refused."""

from __future__ import annotations

from typing import Any

from conformance.reference.faults.responses import refuses

Json = dict[str, Any]


def _items(body: Json) -> list[Json]:
    found = body.get("input")
    return [i for i in found if isinstance(i, dict)] if isinstance(found, list) else []


def _only(body: Json) -> bool:
    return len(_items(body)) == 1


def _parts(body: Json) -> bool:
    return any(isinstance(i.get("content"), list) for i in _items(body))


def _plain(body: Json) -> bool:
    return body.get("max_output_tokens") == 64 and not body.get("stream")


def _role(role: str) -> Any:
    return lambda b: _plain(b) and any(i.get("role") == role for i in _items(b))


_ = "responses.accepts."
refuses(_ + "plain-options",
        lambda b: set(b) == {"model", "input", "temperature", "max_output_tokens"} and _plain(b)
        and str(b["input"])[:6] == "Repeat",
        "unknown parameter: temperature")  # fmt: skip
refuses(_ + "max-output-tokens", lambda b: b.get("max_output_tokens") == 16, "max_output_tokens")
refuses(_ + "message", lambda b: _only(b) and "type" not in b["input"][0] and not _parts(b),
        "input[0].type is missing")  # fmt: skip
refuses(_ + "message-typed", lambda b: _only(b) and "type" in b["input"][0] and not _parts(b),
        "input[0].type is unknown")  # fmt: skip
refuses(_ + "parts", lambda b: _only(b) and _parts(b) and _plain(b), "content must be a string")
refuses(
    _ + "several",
    lambda b: _plain(b) and len(_items(b)) == 3 and not _parts(b),
    "too many items",
    "resp-multi-item-input-400",
)
refuses(
    _ + "assistant-output-text",
    lambda b: any("id" not in i and "output_text" in str(i) for i in _items(b)),
    "input[1].id is missing",
    "resp-assistant-easy-message-rejected",
)
refuses(_ + "assistant-full", lambda b: "msg_0123456789" in str(b), "unknown item")
refuses(_ + "developer", _role("developer"), "the role developer is unknown")
refuses(_ + "system", _role("system"), "the role system is unknown")
refuses(_ + "instructions", lambda b: _plain(b) and isinstance(b.get("instructions"), str),
        "unknown parameter: instructions")  # fmt: skip
refuses(_ + "metadata", lambda b: _plain(b) and bool(b.get("metadata")),
        "unknown parameter: metadata")  # fmt: skip
refuses(_ + "sampling", lambda b: b.get("top_p") == 0.9, "temperature and top_p exclude each other")
refuses(_ + "truncation", lambda b: b.get("truncation") == "auto", "unknown truncation")
refuses(_ + "text-empty", lambda b: b.get("text") == {}, "text.format is required",
        "resp-text-empty-object-rejected")  # fmt: skip
refuses(_ + "text-format", lambda b: b.get("text") == {"format": {"type": "text"}},
        "Unrecognized key: text", "resp-text-param-rejected")  # fmt: skip
refuses(_ + "store-false", lambda b: _plain(b) and b.get("store") is False
        and "temperature" not in b and isinstance(b.get("input"), str),
        "store must be true")  # fmt: skip
refuses(_ + "stream-false", lambda b: b.get("stream") is False, "stream must be true")
refuses(_ + "background-false", lambda b: b.get("background") is False, "unknown: background")
refuses(_ + "nulls", lambda b: "truncation" in b and b["truncation"] is None, "null is no value")
refuses(_ + "identifiers", lambda b: "safety_identifier" in b, "unknown: safety_identifier")
refuses(_ + "service-tier", lambda b: "service_tier" in b, "unknown: service_tier")
refuses(_ + "include-empty", lambda b: b.get("include") == [], "include must not be empty")
refuses(_ + "tool-free-choice", lambda b: b.get("parallel_tool_calls") is True and "tools" not in b,
        "parallel_tool_calls without tools")  # fmt: skip
refuses(_ + "obfuscation-off", lambda b: "stream_options" in b, "unknown: stream_options")
refuses(
    _ + "own-output",
    lambda b: _plain(b) and any("logprobs" in str(i) for i in _items(b)),
    "input[1].content[0].logprobs should be iterable",
    "resp-own-output-not-accepted-as-input",
)
_ = "responses.tools.accepts."


def _kinds(body: Json) -> list[Any]:
    return [i.get("type") for i in _items(body)]


def _results(body: Json) -> list[Json]:
    return [i for i in _items(body) if i.get("type") == "function_call_output"]


def _called(body: Json) -> list[Json]:
    return [i for i in _items(body) if i.get("type") == "function_call"]


refuses(
    _ + "result",
    lambda b: bool(_results(b)) and isinstance(_results(b)[0]["output"], str)
    and not b.get("stream") and len(_called(b)) == 1 and "id" in _called(b)[0],
    "unknown item function_call_output",
)  # fmt: skip
refuses(_ + "result-parts",
        lambda b: bool(_results(b)) and isinstance(_results(b)[0]["output"], list),
        "output must be a string")  # fmt: skip
refuses(_ + "call-without-id", lambda b: len(_called(b)) == 1 and "id" not in _called(b)[0],
        "input[1].id is missing")  # fmt: skip
refuses(_ + "history", lambda b: len(_called(b)) == 2, "one call at a time")
refuses("responses.reasoning.accepts.own-output", lambda b: "reasoning" in _kinds(b),
        "unknown item reasoning")  # fmt: skip
