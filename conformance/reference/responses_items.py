"""Items of the Responses API: what came in, what the model reads, what it says."""

from __future__ import annotations

from typing import Any

from conformance.reference import logprobs, tokens
from conformance.reference.ask import Ask, Generation, Tool, Turn
from conformance.reference.call import Call
from conformance.reference.chat_reply import EFFORT_TOKENS
from conformance.reference.config import ModelCard
from conformance.reference.errors import invalid

Item = dict[str, Any]
_PREFIX = {
    "message": "msg_",
    "reasoning": "rs_",
    "function_call": "fc_",
    "function_call_output": "fco_",
    "custom_tool_call": "ctc_",
    "custom_tool_call_output": "ctco_",
    "compaction": "cmp_",
}
_DIGITS = 48


def normal(call: Call, given: Any) -> list[Item]:
    """Input as a list of whole items, each with an id."""
    if given is None:
        return []
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    made = []
    for item in given:
        kind = item.get("type", "message")
        if kind == "item_reference":
            continue
        whole = {**item, "type": kind}
        whole.setdefault("id", call.app.new_id(_PREFIX[kind], _DIGITS))
        if kind == "message":
            whole["status"] = "completed"
            if isinstance(item["content"], str):
                said = "output_text" if item["role"] == "assistant" else "input_text"
                part: Item = {"type": said, "text": item["content"]}
                if said == "output_text":
                    part |= {"annotations": [], "logprobs": []}
                whole["content"] = [part]
        made.append(whole)
    return made


def text_of(content: Any) -> str:
    """The text of a message's content or of a tool's output."""
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text") or part.get("refusal") or "" for part in content or ())


def check_pairs(items: list[Item]) -> None:
    """Every tool output answers a call, and every call is answered."""
    calls = {item["call_id"] for item in items if item["type"].endswith("_call")}
    outputs = {item["call_id"] for item in items if item["type"].endswith("_call_output")}
    for name in sorted(outputs - calls):
        raise invalid(
            f"No tool call found for function call output with call_id {name[:100]}.", "input"
        )
    for name in sorted(calls - outputs):
        raise invalid(f"No tool output found for function call {name[:100]}.", "input")


def turns(items: list[Item], instructions: Any) -> tuple[Turn, ...]:
    """The conversation as the model reads it."""
    made = [Turn("system", instructions)] if isinstance(instructions, str) else []
    for item in items:
        if item["type"] == "message":
            made.append(Turn(item["role"], text_of(item["content"])))
        elif item["type"].endswith("_call_output"):
            made.append(Turn("tool", text_of(item["output"])))
    return tuple(made)


def ask_of(body: Item, card: ModelCard, items: list[Item]) -> Ask:
    """A request as the model understands it."""
    tools = tuple(
        Tool(
            tool["name"],
            tool.get("parameters") or {},
            tool.get("description") or "",
            tool["type"] == "custom",
        )
        for tool in body.get("tools") or ()
    )
    choice: Any = body.get("tool_choice") or "auto"
    if isinstance(choice, dict) and choice["type"] == "allowed_tools":
        names = {tool.get("name") for tool in choice["tools"]}
        tools = tuple(tool for tool in tools if tool.name in names)
        choice = choice["mode"]
    elif isinstance(choice, dict):
        choice = "=" + choice["name"]
    wanted = (body.get("text") or {}).get("format") or {}
    limit, temperature = body.get("max_output_tokens"), body.get("temperature")
    reasoning = 0
    if card.reasoning:
        effort = (body.get("reasoning") or {}).get("effort") or "medium"
        reasoning = min(EFFORT_TOKENS.get(effort, 64), limit or 10**9)
    return Ask(
        turns=turns(items, body.get("instructions")),
        tools=tools,
        choice=choice,
        parallel=body.get("parallel_tool_calls") is not False,
        schema=wanted.get("schema") if wanted.get("type") == "json_schema" else None,
        json_object=wanted.get("type") == "json_object",
        max_tokens=limit,
        temperature=1.0 if temperature is None else temperature,
        reasoning_tokens=reasoning,
    )


def output_items(call: Call, body: Item, card: ModelCard, made: Generation) -> list[Item]:
    """What the model said, as items."""
    items: list[Item] = []
    if card.reasoning:
        items.append(_reasoning(call, body))
    cut = made.finish == "length"
    status = "incomplete" if cut else "completed"
    for one in made.calls:
        kind, key = ("custom_tool_call", "input") if one.custom else ("function_call", "arguments")
        items.append(
            {
                "id": call.app.new_id(_PREFIX[kind], _DIGITS),
                "type": kind,
                "status": status,
                key: one.arguments,
                "call_id": call.app.new_id("call_"),
                "name": one.name,
            }
        )
    if not made.calls and (made.text or not card.reasoning):
        part: Item = {"type": "output_text", "annotations": [], "logprobs": [], "text": made.text}
        if "message.output_text.logprobs" in (body.get("include") or ()):
            part["logprobs"] = logprobs.content(made.tokens, body.get("top_logprobs") or 0)
        items.append(
            {
                "id": call.app.new_id("msg_", _DIGITS),
                "type": "message",
                "status": status,
                "content": [part],
                "role": "assistant",
            }
        )
    return items


def _reasoning(call: Call, body: Item) -> Item:
    item: Item = {"id": call.app.new_id("rs_", _DIGITS), "type": "reasoning", "summary": []}
    if (body.get("reasoning") or {}).get("summary"):
        said = "**Thinking it over** The question is read twice before it is answered."
        item["summary"] = [{"type": "summary_text", "text": said}]
    if "reasoning.encrypted_content" in (body.get("include") or ()):
        item["encrypted_content"] = "gAAAAA" + call.app.new_id("", 64)
    return item


def count(items: list[Item], body: Item) -> int:
    """How many tokens the input is."""
    total = 3
    for item in items:
        total += 3 + tokens.count(text_of(item.get("content") or item.get("output")))
        total += tokens.count(str(item.get("arguments") or item.get("input") or ""))
    if isinstance(body.get("instructions"), str):
        total += 3 + tokens.count(body["instructions"])
    for tool in body.get("tools") or ():
        total += 4 + tokens.count(str(tool)) // 2
    return total
