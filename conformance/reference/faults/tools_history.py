"""Faults of conversations with tool results, and of legacy functions."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.fault import fault
from conformance.reference.faults.chat_stream import choices
from conformance.reference.faults.tools_requests import lenient, refusing

Json = dict[str, Any]
Chunks = list[Json]
BASE = "chat.tools.history"
ALL = tuple(
    f"{BASE}.{name}"
    for name in (
        "null-content", "several-results", "text-parts", "long-id", "many-rounds",
        "empty-result", "streamed", "without-tools", "no-content", "empty-content", "echo",
    )
)  # fmt: skip


def callers(body: Json) -> list[Json]:
    """The assistant messages that called tools."""
    listed = body.get("messages") or ()
    return [m for m in listed if isinstance(m, dict) and m.get("tool_calls")]


def results(body: Json) -> list[Json]:
    listed = body.get("messages") or ()
    return [m for m in listed if isinstance(m, dict) and m.get("role") == "tool"]


def _ids(body: Json) -> list[str]:
    return [call["id"] for message in callers(body) for call in message["tool_calls"]]


_null = tuple(
    one for one in ALL if not one.endswith(("many-rounds", "empty-content", "no-content"))
)
refusing(f"{BASE}.null-content", "`content: null` beside tool calls is refused.",
         lambda b: any("content" in m and m["content"] is None for m in callers(b)),
         "assistant-null-content-422", (*_null, f"{BASE}.many-rounds"))  # fmt: skip
refusing(
    f"{BASE}.no-content",
    "A message without content is refused.",
    lambda b: any("content" not in m for m in callers(b)),
)
refusing(
    f"{BASE}.empty-content",
    "A message with empty content is refused.",
    lambda b: any(m.get("content") == "" for m in callers(b)),
)
refusing(
    f"{BASE}.text-parts",
    "A tool message with text parts is refused.",
    lambda b: any(isinstance(m["content"], list) for m in results(b)),
)
refusing(f"{BASE}.text-parts/null", "Null content together with arrays is refused.",
         lambda b: any(isinstance(m["content"], list) for m in results(b))
         and any(m.get("content") is None for m in callers(b)),
         "cloudflare-tool-history-400", f"{BASE}.text-parts")  # fmt: skip
refusing(
    f"{BASE}.several-results",
    "Results must come in the order of the calls.",
    lambda b: [m["tool_call_id"] for m in results(b)] != _ids(b),
)
refusing(
    f"{BASE}.long-id",
    "A tool call id may have 36 characters.",
    lambda b: any(len(id) > 36 for id in _ids(b)),
)
refusing(
    f"{BASE}.many-rounds", "A second round of tool calls is refused.", lambda b: len(callers(b)) > 1
)
refusing(
    f"{BASE}.empty-result",
    "An empty tool result is refused.",
    lambda b: any(m["content"] == "" for m in results(b)),
)
refusing(
    f"{BASE}.streamed",
    "A stream after tool results is refused.",
    lambda b: bool(results(b)) and b.get("stream") is True,
)
refusing(
    f"{BASE}.without-tools",
    "Tool calls without tools in the request are refused.",
    lambda b: bool(callers(b)) and not b.get("tools"),
)
refusing(f"{BASE}.signature", "Tool calls without the vendor's signature are refused.",
         lambda b: any("extra_content" not in c for m in callers(b) for c in m["tool_calls"]),
         "gemini-thought-signature-required", ALL)  # fmt: skip
refusing(
    f"{BASE}.echo",
    "A message is refused when it holds the annotations that it came with.",
    lambda b: any("annotations" in m for m in callers(b)),
)
refusing(
    "chat.functions.accepts.result",
    "The role function is refused.",
    lambda b: any(m.get("role") == "function" for m in b["messages"]),
)


def _without_text(message: Json) -> Json:
    return {**message, "content": "null"} if isinstance(message.get("content"), list) else message


@fault(f"{BASE}.parts-read", at="accepted", route="chat",
       field_defects="tool-message-content-parts-broken")  # fmt: skip
def parts_lost(call: Call, body: Json) -> Json:
    """The text parts of a tool message never reach the model."""
    return {**body, "messages": [
        _without_text(m) if m["role"] == "tool" else m for m in body["messages"]]}  # fmt: skip


@fault(f"{BASE}.several-read", at="accepted", route="chat")
def last_lost(call: Call, body: Json) -> Json | None:
    """Of several results only the first reaches the model."""
    found = results(body)
    if len(callers(body)) != 1 or len(found) < 2:
        return None
    return {**body, "messages": [m for m in body["messages"] if m not in found[1:]]}


@fault(f"{BASE}.stream-read", at="accepted", route="chat", when=lambda call: call.stream)
def result_lost(call: Call, body: Json) -> Json:
    """In a stream the tool result is empty for the model."""
    return {**body, "messages": [
        {**m, "content": "none"} if m["role"] == "tool" else m for m in body["messages"]
    ]}  # fmt: skip


def _mended(body: Json, when: Any) -> Json | None:
    """The request without its history, where it is bad in this way."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not all(isinstance(m, dict) for m in messages):
        return None
    if not when(body):
        return None
    return {**body, "messages": [m for m in messages if m.get("role") == "user"][:1]}


lenient(
    f"{BASE}.orphan",
    "A tool message without a call before it is accepted.",
    lambda b: _mended(b, lambda x: results(x) and not callers(x)),
)
lenient(f"{BASE}.unknown-id", "A tool message with an unknown id is accepted.",
        lambda b: _mended(b, lambda x: callers(x) and any(
            m.get("tool_call_id", "call_abc123") not in _ids(x) for m in results(x))))  # fmt: skip
lenient(
    f"{BASE}.unanswered",
    "Calls without results are accepted.",
    lambda b: _mended(b, lambda x: callers(x) and not results(x)),
)
lenient(
    f"{BASE}.no-id",
    "A tool message without an id is accepted.",
    lambda b: _mended(b, lambda x: any("tool_call_id" not in m for m in results(x))),
)
lenient(
    f"{BASE}.empty-calls",
    "An empty list of calls is accepted.",
    lambda b: _mended(b, lambda x: any(m.get("tool_calls") == [] for m in x["messages"])),
)


# ---- legacy functions --------------------------------------------------------------------------


def _functions(body: Json) -> list[tuple[Json, Json]]:
    return [(c, c["message"]) for c in body.get("choices", ()) if c["message"].get("function_call")]


@fault("chat.functions.called", at="reply", route="chat")
def function_as_tool(call: Call, body: Json) -> None:
    """A legacy function is answered by tool_calls."""
    for choice, message in _functions(body):
        made = message.pop("function_call")
        message["tool_calls"] = [{"id": "call_1", "type": "function", "function": made}]
        choice["finish_reason"] = "tool_calls"


@fault("chat.functions.arguments-json", at="reply", route="chat")
def broken_function(call: Call, body: Json) -> None:
    """The arguments of a legacy function are cut off."""
    for _, message in _functions(body):
        made = message["function_call"]
        message["function_call"] = {**made, "arguments": made["arguments"][:-1]}


@fault("chat.functions.finish-reason", at="reply", route="chat")
def function_finish(call: Call, body: Json) -> None:
    """A legacy function ends with `tool_calls`."""
    for choice, _ in _functions(body):
        choice["finish_reason"] = "tool_calls"


@fault("chat.functions.stream", at="chunks", route="chat")
def repeated_function(call: Call, chunks: Chunks) -> None:
    """Every delta of a legacy function repeats its name."""
    for choice in choices(chunks):
        if "function_call" in choice["delta"]:
            choice["delta"]["function_call"]["name"] = "get_weather"
