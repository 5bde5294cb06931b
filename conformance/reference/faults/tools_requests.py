"""Faults that refuse valid requests with tools, or answer those that must be refused."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ApiError
from conformance.reference.fault import fault

Json = dict[str, Any]
Chunks = list[Json]
SHAPE = "chat.shape.choices.message.tool-calls"


def refusing(id: str, text: str, matches: Any, defect: str = "", breaks: Any = None) -> None:
    """A fault that refuses a valid request with a 400."""

    @fault(id, at="accepted", route="chat", text=text, field_defects=defect or (), breaks=breaks)
    def refuse(call: Call, body: Json) -> None:
        if matches(body):
            raise ApiError(400, f"This is not supported: {text}", param="tools")


refusing("chat.tools.stream.accepted", "Tools are refused in a stream.",
         lambda b: b.get("tools") and b.get("stream"), "tools-with-stream-rejected",
         ("chat.tools.stream.accepted", "chat.tools.accepts.auto", "chat.tools.accepts.named",
          "chat.tools.accepts.none", "chat.tools.accepts.parallel", "chat.tools.accepts.strict",
          "chat.tools.history.streamed"))  # fmt: skip
refusing(
    "chat.tools.accepts.auto",
    "A malformed call of the model is answered by a 400.",
    lambda b: b.get("tool_choice") == "auto",
    "tool-parse-failure-as-400",
)
refusing(
    "chat.tools.accepts.required",
    "`required` is refused as tool_choice.",
    lambda b: b.get("tool_choice") == "required" and b.get("tools"),
    breaks=("chat.tools.accepts.required",),
)
refusing("chat.tools.accepts.named", "A named function is refused as tool_choice.",
         lambda b: isinstance(b.get("tool_choice"), dict)
         and b["tool_choice"]["type"] == "function")  # fmt: skip
refusing(
    "chat.tools.accepts.none",
    "tool_choice none is refused.",
    lambda b: b.get("tool_choice") == "none",
)
refusing(
    "chat.tools.accepts.parallel",
    "parallel_tool_calls is refused.",
    lambda b: "parallel_tool_calls" in b,
)
refusing("chat.tools.accepts.strict", "A strict tool is refused.", lambda b: "strict" in str(b))
refusing("chat.tools.accepts.bare", "A tool without parameters is refused.",
         lambda b: any("parameters" not in t.get("function", {"parameters": 1})
                       and len(t["function"]["name"]) == 64
                       for t in b.get("tools") or ()))  # fmt: skip


# ---- what must be refused ----------------------------------------------------------------------


def lenient(id: str, text: str, change: Any, defects: Any = ()) -> None:
    """A fault that answers what must be refused: the request is mended before it is checked."""

    @fault(id, at="request", route="chat", text=text, field_defects=defects)
    def mend(call: Call, body: Json) -> Json | None:
        mended: Json | None = change(body)
        return mended


def _forced(body: Json) -> str | None:
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") == "function":
        return str(choice["function"]["name"])
    return None


def _tool(body: Json) -> Json:
    tools = body.get("tools")
    found = tools[0].get("function") if isinstance(tools, list) and tools else None
    return found if isinstance(found, dict) else {}


lenient(
    "chat.tools.named-unknown",
    "A tool_choice may name a function that is not there.",
    lambda b: {**b, "tool_choice": "required"} if _forced(b) == "no_such_tool" else None,
    "tool-choice-named-unknown-accepted",
)
lenient(
    "chat.tools.bad-choice",
    "Any word will do as tool_choice.",
    lambda b: {**b, "tool_choice": "auto"} if b.get("tool_choice") == "sometimes" else None,
)
lenient(
    "chat.tools.bad-schema",
    "The schema of a tool is not looked at.",
    lambda b: {**b, "tools": None} if "banana" in str(b.get("tools")) else None,
)
lenient(
    "chat.tools.bad-name",
    "The name of a tool is not looked at.",
    lambda b: {**b, "tools": None} if " " in str(_tool(b).get("name")) else None,
)


def _loose(body: Json) -> Json | None:
    function = _tool(body)
    if not function.get("strict") or function["parameters"].get("additionalProperties") is False:
        return None
    schema = {**function["parameters"]}
    schema["properties"] = {"text": {"type": "string"}}
    return {
        **body,
        "tools": [
            {"type": "function", "function": {"name": function["name"], "parameters": schema}}
        ],
    }


lenient(
    "chat.tools.bad-strict",
    "A strict tool may be open, and is not enforced.",
    _loose,
    "strict-tool-invalid-schema-accepted",
)
