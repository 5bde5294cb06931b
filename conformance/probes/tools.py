"""Tool calls: one request for each way in which a client asks for them."""

from __future__ import annotations

from typing import Any

from conformance.capability import capability
from conformance.probe import Accepted, chat, probe
from conformance.requirement import MUST, SHOULD, openai

capability("chat.tools", "tool calls", "tools", within="chat")
capability("chat.tools.allowed", "allowed tools", "tools_allowed", within="chat.tools")
capability("chat.tools.custom", "custom tools", "tools_custom", within="chat.tools")
capability("chat.functions", "legacy functions", "functions", within="chat")


def tool(name: str, description: str = "", strict: bool = False, **properties: Any) -> Any:
    """A function tool of which every property is required and no other allowed."""
    function: dict[str, Any] = {
        "name": name,
        "description": description,
        "parameters": {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        },
    }
    if strict:
        function["strict"] = True
    return {"type": "function", "function": function}


CITY = {"type": "string", "description": "Name of the city"}
UNIT = {"type": "string", "enum": ["celsius", "fahrenheit"]}
WEATHER = tool("get_weather", "Get the current weather of one city.", city=CITY, unit=UNIT)
NOTE = tool("save_note", "Save a note for the user.", text={"type": "string"})
TIME = {"type": "function", "function": {"name": "get_time", "description": "Get the time of day."}}
LONG_NAME = "look_up-the_current_phase-of_the_moon-without_any_arguments_0064"
BARE = {"type": "function", "function": {"name": LONG_NAME}}
EVENT = tool(
    "create_event",
    "Put an event into the calendar.",
    strict=True,
    title={"type": "string"},
    priority={"type": "integer", "enum": [1, 2, 3]},
    place={"anyOf": [{"type": "string"}, {"type": "null"}]},
    guests={
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "role": {"type": "string", "enum": ["host", "guest"]},
            },
            "required": ["name", "role"],
            "additionalProperties": False,
        },
    },
)

ASK = "What is the weather in Paris, in celsius? Use the get_weather tool."
CITIES = (
    "What is the weather in Paris, Tokyo and Cairo, in celsius? "
    "Call get_weather once for each city, all in one answer."
)
BOTH = "Call two tools in one answer: get_time, and get_weather for Paris in celsius."
PLAIN = {"temperature": 0, "max_tokens": 256}
STREAM = {"stream": True}
COUNTED = {"stream": True, "stream_options": {"include_usage": True}}


def force(name: str) -> dict[str, Any]:
    """The tool choice that forces one function."""
    return {"type": "function", "function": {"name": name}}


def _add(name: str, prompt: str, tools: list[Any], **options: Any) -> None:
    more = {k: options.pop(k) for k in ("needs", "accepted", "valid") if k in options}
    more.setdefault("needs", "chat.tools")
    probe(name, *chat(prompt, tools=tools, **{**PLAIN, **options}), tokens=384, **more)


_add("tools", ASK, [WEATHER], tool_choice="required")
_add("tools_offered", ASK, [WEATHER], needs="chat", valid=False, max_tokens=1)
_add("tools_stream", ASK, [WEATHER], tool_choice="required", **COUNTED)
_add("tools_unrelated", "Hello, how are you?", [NOTE, WEATHER], tool_choice="required")
_add("tools_unrelated_stream", "Hello, how are you?", [NOTE], tool_choice="required", **STREAM)
_add("tools_auto", ASK, [WEATHER, NOTE], tool_choice="auto")
probe("tools_without", *chat(ASK, temperature=0, max_tokens=1), needs="chat.tools")
_add("tools_auto_stream", ASK, [WEATHER, NOTE], tool_choice="auto", **STREAM)
_add("tools_named", ASK, [WEATHER, NOTE], tool_choice=force("save_note"))
_add("tools_named_stream", ASK, [WEATHER, NOTE], tool_choice=force("save_note"), **STREAM)
_add("tools_none", ASK, [WEATHER], tool_choice="none")
_add("tools_none_stream", ASK, [WEATHER], tool_choice="none", **COUNTED)
_add("tools_parallel", CITIES, [WEATHER], tool_choice="required", parallel_tool_calls=True)
_add("tools_parallel_stream", CITIES, [WEATHER], tool_choice="required", **STREAM)
_add("tools_single", CITIES, [WEATHER], tool_choice="required", parallel_tool_calls=False)
_add(
    "tools_single_stream",
    CITIES,
    [WEATHER],
    tool_choice="required",
    parallel_tool_calls=False,
    **STREAM,
)
_add("tools_both_stream", BOTH, [TIME, WEATHER], tool_choice="required", **STREAM)
_add(
    "tools_strict",
    "Put lunch with Ada and Grace into my calendar. Ada is the host.",
    [EVENT],
    tool_choice="required",
)
_add(
    "tools_strict_stream",
    "Put lunch with Ada and Grace into my calendar. Ada is the host.",
    [EVENT],
    tool_choice="required",
    **STREAM,
)
for _stream in (False, True):
    _add(
        "tools_cut_stream" if _stream else "tools_cut",
        "Put lunch with Ada and Grace into my calendar. Ada is the host.",
        [EVENT],
        tool_choice="required",
        **{"max_tokens": 12, **(COUNTED if _stream else {})},
    )
_add(
    "tools_bare",
    "What is the phase of the moon?",
    [BARE],
    tool_choice="required",
    accepted=Accepted(
        "chat.tools.accepts.bare",
        MUST,
        "A tool may have a name of 64 characters, and neither parameters nor a description.",
        openai("chat/create tools"),
    ),
)
_add("tools_unknown", ASK, [WEATHER], tool_choice=force("no_such_tool"), valid=False)
_add(
    "tools_allowed",
    ASK,
    [WEATHER, NOTE],
    tool_choice={
        "type": "allowed_tools",
        "allowed_tools": {
            "mode": "required",
            "tools": [{"type": "function", "function": {"name": "save_note"}}],
        },
    },
    needs="chat.tools.allowed",
)
_CODE = {"type": "custom", "custom": {"name": "run_code", "description": "Runs Python code."}}
_HELLO = "Say hello in Python. Use the run_code tool."
_add("tools_custom", _HELLO, [_CODE], tool_choice="required", needs="chat.tools.custom")
_add(
    "tools_custom_stream",
    _HELLO,
    [_CODE],
    tool_choice="required",
    needs="chat.tools.custom",
    **STREAM,
)

UNUSUAL = 'Zürich, 東京 & "café"  in C:\\new, 🎉'
_SAVE = f"Save exactly this text with the save_note tool: {UNUSUAL}"
_add("tools_unicode", _SAVE, [NOTE], tool_choice="required")
_add("tools_unicode_stream", _SAVE, [NOTE], tool_choice="required", **STREAM)


def _loose(number: int, **more: Any) -> Any:
    """A tool as frameworks write it that know nothing of strict schemas."""
    function = {"name": f"look_up_{number}", "description": f"Looks something up in {number}."}
    return {"type": "function", "function": {**function, **more}}


_WIDE = [
    _loose(0, strict=False, parameters={"type": "object", "properties": {}}),
    _loose(1, strict=None, parameters={"type": "object"}),
    _loose(
        2,
        parameters={
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "Query",
            "type": "object",
            "properties": {
                "text": {"type": ["string", "null"], "default": None, "examples": ["a"]},
                "place": {"$ref": "#/$defs/Place"},
                "limit": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]},
                "sort": {"const": "name", "type": "string"},
                "filters": {"type": "object", "additionalProperties": {"type": "string"}},
            },
            "required": ["text"],
            "$defs": {"Place": {"type": "object", "properties": {"city": {"type": "string"}}}},
        },
    ),
    *(_loose(n, parameters=WEATHER["function"]["parameters"]) for n in range(3, 24)),
]
probe(
    "tools_wide",
    *chat("Say hello.", tools=_WIDE, temperature=0, max_tokens=16),
    needs="chat.tools",
    accepted=Accepted(
        "chat.tools.accepts.schemas",
        MUST,
        "Tools may be two dozen, with the schemas of pydantic and zod: $schema, $ref, lists of "
        "types, anyOf, defaults, and `strict` false or null.",
        openai("chat/create tools"),
        ("agents and MCP servers send the schemas that their libraries write",),
    ),
)
probe(
    "tools_format",
    *chat(
        "Say hello, as JSON.",
        tools=[WEATHER],
        response_format={"type": "json_object"},
        temperature=0,
        max_tokens=32,
    ),
    needs="chat.tools",
    accepted=Accepted(
        "chat.tools.accepts.format",
        SHOULD,
        "Tools and a response format may stand in one request.",
        openai("chat/create response_format"),
        ("agents that call tools and end with a typed answer: OpenAI Agents SDK, pydantic-ai",),
    ),
)

# what OpenAI refuses
_bad = {"needs": "chat.tools", "valid": False}
_open = tool("save_note", "Save a note.", text={"type": "string"}, reminder={"type": "string"})
_open["function"] = {
    **_open["function"],
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": _open["function"]["parameters"]["properties"],
        "required": ["text"],
    },
}
_add("tools_bad_strict", "Save this note: buy milk.", [_open], tool_choice="required", valid=False)
_add(
    "tools_bad_schema",
    "Save this note: buy milk.",
    [{"type": "function", "function": {"name": "save_note", "parameters": {"type": "banana"}}}],
    valid=False,
)
_add(
    "tools_bad_name",
    "Save this note: buy milk.",
    [{"type": "function", "function": {"name": "save a note!", "parameters": {"type": "object"}}}],
    valid=False,
)
_add("tools_bad_choice", ASK, [WEATHER], tool_choice="sometimes", valid=False)

# the form before tools
_functions = {"functions": [WEATHER["function"]], **PLAIN}
probe(
    "functions",
    *chat(ASK, **_functions, function_call={"name": "get_weather"}),
    needs="chat.functions",
    tokens=384,
)
probe(
    "functions_stream",
    *chat(ASK, **_functions, function_call={"name": "get_weather"}, stream=True),
    needs="chat.functions",
    tokens=384,
)
probe(
    "functions_result",
    *chat(
        ASK,
        {
            "role": "assistant",
            "content": None,
            "function_call": {
                "name": "get_weather",
                "arguments": '{"city":"Paris","unit":"celsius"}',
            },
        },
        {"role": "function", "name": "get_weather", "content": '{"temperature": 21}'},
        **_functions,
    ),
    needs="chat.functions",
    tokens=384,
    accepted=Accepted(
        "chat.functions.accepts.result",
        MUST,
        "The result of a function goes back in a message with the role `function`.",
        openai("chat/create functions"),
    ),
)
