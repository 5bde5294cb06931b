"""The Responses API: tools and their round trips, answers by schema, reasoning."""

from __future__ import annotations

from typing import Any

from conformance import response_events as re
from conformance.capability import capability
from conformance.exchange import Exchange
from conformance.probe import Accepted, Context, Model, Skip, probe, user
from conformance.probes.responses import PATH, response
from conformance.probes.structured import NESTED, STORY
from conformance.requirement import MUST, SHOULD, openai

STREAM: dict[str, Any] = {"stream": True}
PLAIN: dict[str, Any] = {"temperature": 0, "max_output_tokens": 256}
ASK = "What is the weather in Paris, in celsius? Use the get_weather tool."
CITIES = (
    "What is the weather in Paris, Tokyo and Cairo, in celsius? "
    "Call get_weather once for each city, all in one answer."
)


def tool(name: str, description: str, strict: bool = True, **properties: Any) -> dict[str, Any]:
    """A function tool in the flat form of the Responses API."""
    return {
        "type": "function",
        "name": name,
        "description": description,
        "strict": strict,
        "parameters": {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        },
    }


UNIT = {"type": "string", "enum": ["celsius", "fahrenheit"]}
WEATHER = tool(
    "get_weather", "Get the current weather of one city.", city={"type": "string"}, unit=UNIT
)
NOTE = tool("save_note", "Save a note for the user.", text={"type": "string"})
CODE = {"type": "custom", "name": "run_code", "description": "Runs Python code."}
RESULT = "It is 21 degrees and the sky is zirconium grey."
MARK = "zirconium"


def called(x: Exchange) -> bool:
    """Whether a tool was called."""
    return bool(re.calls_of(x))


def _by_schema(x: Exchange) -> bool:
    return re.text_of(x).lstrip().startswith("{")


capability(
    "responses.tools", "tools of responses", "responses_tools", within="responses",
    took_effect=called,
)  # fmt: skip
capability(
    "responses.tools.custom",
    "custom tools of responses",
    "responses_tools_custom",
    within="responses.tools",
    took_effect=called,
)
capability(
    "responses.tools.allowed",
    "allowed tools of responses",
    "responses_tools_allowed",
    within="responses.tools",
)
capability(
    "responses.json-schema",
    "responses by JSON Schema",
    "responses_schema",
    within="responses",
    took_effect=_by_schema,
)
capability(
    "responses.json-object",
    "JSON mode of responses",
    "responses_json",
    within="responses",
    took_effect=_by_schema,
)
capability(
    "responses.reasoning",
    "reasoning items",
    "responses_reasoning",
    within="responses",
    took_effect=lambda x: bool(re.items(re.result(x), "reasoning")),
)


def _add(name: str, prompt: Any, tools: list[Any], **options: Any) -> None:
    more = {k: options.pop(k) for k in ("needs", "accepted", "valid") if k in options}
    more.setdefault("needs", "responses.tools")
    probe(name, *response(prompt, tools=tools, **{**PLAIN, **options}), tokens=384, **more)


def named(name: str, kind: str = "function") -> dict[str, Any]:
    """The tool choice that forces one tool."""
    return {"type": kind, "name": name}


_add("responses_tools", ASK, [WEATHER], tool_choice="required", valid=False)
_add("responses_tools_stream", ASK, [WEATHER], tool_choice="required", **STREAM)
_add("responses_tools_unrelated", "Hello, how are you?", [NOTE, WEATHER], tool_choice="required")
_add(
    "responses_tools_unrelated_stream", "Hello, how are you?", [NOTE], tool_choice="required",
    **STREAM,
)  # fmt: skip
_add("responses_tools_named", ASK, [WEATHER, NOTE], tool_choice=named("save_note"))
_add("responses_tools_named_stream", ASK, [WEATHER, NOTE], tool_choice=named("save_note"), **STREAM)
_add("responses_tools_none", ASK, [WEATHER], tool_choice="none")
_add("responses_tools_none_stream", ASK, [WEATHER], tool_choice="none", **STREAM)
_add("responses_tools_parallel", CITIES, [WEATHER], tool_choice="required")
_add("responses_tools_parallel_stream", CITIES, [WEATHER], tool_choice="required", **STREAM)
_add("responses_tools_single", CITIES, [WEATHER], tool_choice="required", parallel_tool_calls=False)
_add(
    "responses_tools_custom",
    "Say hello in Python. Use the run_code tool.",
    [CODE],
    tool_choice="required",
    needs="responses.tools.custom",
    valid=False,
)
_add(
    "responses_tools_custom_stream",
    "Say hello in Python. Use the run_code tool.",
    [CODE],
    tool_choice="required",
    needs="responses.tools.custom",
    **STREAM,
)
_add(
    "responses_tools_allowed",
    ASK,
    [WEATHER, NOTE],
    tool_choice={"type": "allowed_tools", "mode": "required", "tools": [named("save_note")]},
    needs="responses.tools.allowed",
    valid=False,
)
_add("responses_tools_unknown", ASK, [WEATHER], tool_choice=named("no_such_tool"), valid=False)
_add("responses_tools_bad_choice", ASK, [WEATHER], tool_choice="sometimes", valid=False)


def first_calls(x: Exchange) -> list[dict[str, Any]]:
    """The calls of an answer. Raises Skip where there is none that can be answered."""
    made = [c for c in re.calls_of(x) if isinstance(c.get("call_id"), str) and c["call_id"]]
    if not made:
        raise Skip("no tool was called, so nothing can be answered")
    return made


def outputs(made: list[dict[str, Any]], content: Any = RESULT) -> list[dict[str, Any]]:
    """A result for each call."""
    return [
        {"type": f"{c['type']}_output", "call_id": c["call_id"], "output": content} for c in made
    ]


LAST = user("What did the tool return? Repeat it word for word.")


def _reply(c: Context, content: Any = RESULT, **more: Any) -> dict[str, Any]:
    made = first_calls(c["responses_tools"])
    kept = re.output(re.result(c["responses_tools"]))
    said = [user(ASK), *kept, *outputs(made, content), LAST]
    return response(said, tools=[WEATHER], **PLAIN, **more)[2]


def _after(name: str, body: Any, **more: Any) -> None:
    more.setdefault("needs", "responses.tools")
    probe(name, "POST", PATH, body, after=("responses_tools",), tokens=384, **more)


_after(
    "responses_tools_reply",
    _reply,
    accepted=Accepted(
        "responses.tools.accepts.result",
        MUST,
        "The result of a tool goes back as `function_call_output` beside its call.",
        openai("responses/create input"),
        ("every tool loop ends after its first step",),
    ),
)
_after("responses_tools_reply_stream", lambda c: _reply(c, stream=True))
_after(
    "responses_tools_reply_parts",
    lambda c: _reply(c, [{"type": "input_text", "text": RESULT}]),
    accepted=Accepted(
        "responses.tools.accepts.result-parts",
        SHOULD,
        "The output of a tool may be a list of `input_text` parts.",
        openai("responses/create input"),
    ),
)


def _bare_call(c: Context) -> dict[str, Any]:
    made = first_calls(c["responses_tools"])
    bare = [{k: i[k] for k in ("type", "call_id", "name", "arguments") if k in i} for i in made]
    said = [user(ASK), *bare, *outputs(made), LAST]
    return response(said, tools=[WEATHER], **PLAIN)[2]


_after(
    "responses_tools_reply_bare",
    _bare_call,
    accepted=Accepted(
        "responses.tools.accepts.call-without-id",
        MUST,
        "A call that is sent back needs neither `id` nor `status`.",
        openai("responses/create input"),
        ("clients that keep only call_id, name and arguments",),
    ),
)


def _previous(c: Context) -> dict[str, Any]:
    earlier = c["responses_tools"]
    body = re.result(earlier)
    if body.get("store") is False:
        raise Skip("the response says that it is not stored")
    said = [*outputs(first_calls(earlier)), LAST]
    return response(said, tools=[WEATHER], **PLAIN, previous_response_id=re.id_of(earlier))[2]


def _unanswered(c: Context) -> dict[str, Any]:
    first_calls(c["responses_tools"])
    kept = re.output(re.result(c["responses_tools"]))
    return response([user(ASK), *kept, user("And now?")], tools=[WEATHER], **PLAIN)[2]


_after("responses_tools_previous", _previous, needs="responses.stored", valid=False)
_after(
    "responses_tools_unanswered",
    _unanswered,
    valid=False,
)
probe(
    "responses_tools_orphan",
    *response(
        [user(ASK), {"type": "function_call_output", "call_id": "call_none", "output": RESULT}],
        tools=[WEATHER],
        **PLAIN,
    ),
    needs="responses.tools",
    valid=False,
)
_HISTORY: list[Any] = [
    user("What is the weather in Paris and in Tokyo?"),
    *(
        {
            "type": "function_call",
            "call_id": f"call_{n}",
            "name": "get_weather",
            "arguments": f'{{"city":"{city}","unit":"celsius"}}',
        }
        for n, city in enumerate(("Paris", "Tokyo"))
    ),
    *(
        {"type": "function_call_output", "call_id": f"call_{n}", "output": f'{{"degrees":{n}}}'}
        for n in range(2)
    ),
]
_add(
    "responses_tools_history",
    _HISTORY,
    [WEATHER],
    accepted=Accepted(
        "responses.tools.accepts.history",
        MUST,
        "A history with two calls and their results, made elsewhere, is accepted.",
        openai("responses/create input"),
        ("conversations that move from one provider to another",),
    ),
)
_add("responses_tools_counted", "Hello.", [WEATHER, NOTE], tool_choice="none")
probe("responses_tools_uncounted", *response("Hello.", **PLAIN), needs="responses.tools")

# ---- answers by schema -------------------------------------------------------------------------

FORMAT = {"type": "json_schema", "name": "sea", "strict": True, "schema": NESTED}
probe(
    "responses_schema",
    *response(STORY, **PLAIN, text={"format": FORMAT}),
    needs="responses.json-schema",
    valid=False,
    tokens=320,
)
probe(
    "responses_schema_stream",
    *response(STORY, **PLAIN, text={"format": FORMAT}, stream=True),
    needs="responses.json-schema",
    tokens=320,
)
probe(
    "responses_json",
    *response(
        "Give the name of a city as a JSON object.",
        **PLAIN,
        text={"format": {"type": "json_object"}},
    ),
    needs="responses.json-object",
    valid=False,
    tokens=320,
)

# ---- reasoning ---------------------------------------------------------------------------------

COMPARE = "Which number is larger, 9.8 or 9.11? Answer with the word first or the word second."
_thinking = {"model": Model("reasoning"), "input": COMPARE, "max_output_tokens": 2000}
_reasoning: dict[str, Any] = {"needs": "responses.reasoning", "tokens": 2000}
probe(
    "responses_reasoning",
    "POST",
    PATH,
    {**_thinking, "reasoning": {"effort": "low", "summary": "auto"}},
    valid=False,
    **_reasoning,
)
probe(
    "responses_reasoning_stream",
    "POST",
    PATH,
    {**_thinking, "reasoning": {"effort": "low", "summary": "auto"}, "stream": True},
    **_reasoning,
)
probe(
    "responses_reasoning_encrypted",
    "POST",
    PATH,
    {**_thinking, "include": ["reasoning.encrypted_content"], "store": False},
    valid=False,
    **_reasoning,
)


def _reasoned(c: Context) -> dict[str, Any]:
    kept = re.output(re.result(c["responses_reasoning_encrypted"]))
    return {**_thinking, "input": [user(COMPARE), *kept, user("Are you sure?")], "store": False}


probe(
    "responses_reasoning_next",
    "POST",
    PATH,
    _reasoned,
    after=("responses_reasoning_encrypted",),
    accepted=Accepted(
        "responses.reasoning.accepts.own-output",
        MUST,
        "Reasoning items with `encrypted_content` may be sent back as input.",
        openai("responses/create include"),
        ("Codex and the Agents SDK without storage: the second turn fails",),
    ),
    **_reasoning,
)
