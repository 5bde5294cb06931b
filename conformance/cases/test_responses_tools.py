"""Responses: which tools are called, and how."""

from __future__ import annotations

from functools import partial
from typing import Any

from conformance import response_events as re
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.requirement import MAY, MUST, openai, openapi, requirement
from conformance.response_events import CREATED
from conformance.toolcalls import MARKUP, parsed, schema_problem

CREATE = openai("responses/create tools")
CHOICE = openai("responses/create tool_choice")
plain = partial(requirement, needs="responses")
rule = partial(requirement, needs="responses.tools")


def _ended(x: Exchange) -> bool:
    return re.need(x).get("status") == "completed"


def _must_call(x: Exchange) -> list[dict[str, Any]]:
    made = re.calls_of(x)
    if not made:
        if re.result(x).get("status") != "completed":
            raise Inconclusive("the answer was cut before a call")
        fail("output", "a function_call item", [i.get("type") for i in re.output(re.result(x))])
    return made


@plain(
    "responses.tools.required",
    MUST,
    "With `tool_choice: required` a tool is called, or the request is refused.",
    source=CHOICE,
    breaks=["agents that count on a call get prose"],
)
def test_required(responses_tools: Exchange) -> None:
    if not responses_tools.ok:
        raise NotApplicable("refused")
    _must_call(responses_tools)


@rule(
    "responses.tools.required-unrelated",
    MUST,
    "`tool_choice: required` holds when the question has nothing to do with the tool, too.",
    source=CHOICE,
    breaks=["agents that count on a call get prose"],
)
def test_unrelated(responses_tools_unrelated: Exchange) -> None:
    _must_call(responses_tools_unrelated)


@rule(
    "responses.tools.required-streamed",
    MUST,
    "`tool_choice: required` holds in a stream.",
    source=CHOICE,
    breaks=["agents that count on a call get prose"],
)
def test_required_stream(
    responses_tools_stream: Exchange, responses_tools_unrelated_stream: Exchange
) -> None:
    for x in (responses_tools_stream, responses_tools_unrelated_stream):
        re.completed(x)
        _must_call(x)


def _forced(x: Exchange, name: str) -> None:
    names = {c.get("name") for c in _must_call(x)}
    require(names == {name}, "output[function_call].name", name, sorted(map(str, names)))


@rule(
    "responses.tools.named",
    MUST,
    "A `tool_choice` that names a function has that function called, and no other.",
    source=CHOICE,
    breaks=["the wrong tool runs"],
)
def test_named(responses_tools_named: Exchange) -> None:
    _forced(responses_tools_named, "save_note")


@rule(
    "responses.tools.named-streamed",
    MUST,
    "A `tool_choice` that names a function holds in a stream.",
    source=CHOICE,
    breaks=["the wrong tool runs"],
)
def test_named_stream(responses_tools_named_stream: Exchange) -> None:
    re.completed(responses_tools_named_stream)
    _forced(responses_tools_named_stream, "save_note")


@rule(
    "responses.tools.none",
    MUST,
    "With `tool_choice: none` no tool is called.",
    source=CHOICE,
    breaks=["a tool runs that was forbidden"],
)
def test_none(responses_tools_none: Exchange, responses_tools_none_stream: Exchange) -> None:
    for x in (responses_tools_none, responses_tools_none_stream):
        made = re.calls_of(x)
        if made:
            fail("output", "no function_call", made[0], exchange=x)


@rule(
    "responses.tools.allowed",
    MUST,
    "`allowed_tools` keeps the model from calling any other tool.",
    source=CHOICE,
    breaks=["a tool runs that was forbidden"],
)
def test_allowed(responses_tools_allowed: Exchange) -> None:
    if not responses_tools_allowed.ok:
        raise NotApplicable("refused")
    names = {c.get("name") for c in re.calls_of(responses_tools_allowed)}
    require(names <= {"save_note"}, "output[function_call].name", "save_note",
            sorted(map(str, names)))  # fmt: skip


@rule(
    "responses.tools.single",
    MUST,
    "With `parallel_tool_calls: false` at most one call is made.",
    source=openai("responses/create parallel_tool_calls"),
    breaks=["tools that must not run side by side do"],
)
def test_single(responses_tools_single: Exchange) -> None:
    made = re.calls_of(responses_tools_single)
    if not made:
        raise NotApplicable
    require(len(made) <= 1, "output", "one function_call", len(made))


@rule(
    "responses.tools.parallel",
    MUST,
    "Parallel calls are items of their own, each with its own arguments.",
    source=openai("responses/create parallel_tool_calls"),
    breaks=["json.loads(arguments) raises", "only one of the tools runs"],
)
def test_parallel(
    responses_tools_parallel: Exchange, responses_tools_parallel_stream: Exchange
) -> None:
    several = 0
    for x in (responses_tools_parallel, responses_tools_parallel_stream):
        made = re.calls_of(x)
        several += len(made) > 1
        for call in made:
            text = str(call.get("arguments") or "")
            if text.count('"city"') > 1 and _keys(call) is None:
                fail("output[function_call].arguments", "those of one call", text, exchange=x)
        for key in ("id", "call_id"):
            names = [call.get(key) for call in made if call.get(key)]
            if len(set(map(str, names))) < len(names):
                fail(f"output[function_call].{key}", "one for each call", names, exchange=x)
    if several < 2:
        raise Inconclusive("the model made one call at a time")


@plain(
    "responses.tools.known",
    MUST,
    "Only tools are called that were offered.",
    source=CREATE,
    over=CREATED,
    breaks=["clients that look up a tool by name raise"],
)
def test_known(x: Exchange) -> None:
    made = [c for c in re.calls_of(x) if isinstance(c.get("name"), str)]
    # a search for tools, now or in an earlier turn, adds tools that the response then lists
    listed = re.need(x).get("tools")
    found = listed if isinstance(listed, list) else []
    named = {str(t.get("name")) for t in found if isinstance(t, dict)}
    known = {*re.offered(x), *(named if x.sent.get("tools") else ())}
    kinds = {t.get("type") for t in x.sent.get("tools") or () if isinstance(t, dict)}
    if not made or not known or not kinds <= {"function", "custom"} or _deferred(x):
        raise NotApplicable
    for call in made:
        require(call["name"] in known, "output[function_call].name", sorted(known), call["name"])


def _deferred(x: Exchange) -> bool:
    return b"defer_loading" in x.request.body or b"tool_search" in x.request.body


@plain(
    "responses.tools.arguments-json",
    MUST,
    "The arguments of a finished call are the text of a JSON object.",
    source=openapi("FunctionToolCall arguments"),
    over=CREATED,
    breaks=["json.loads(arguments) raises"],
)
def test_arguments(x: Exchange) -> None:
    made = [c for c in re.calls_of(x) if c.get("type") == "function_call"]
    made = [c for c in made if isinstance(c.get("arguments"), str)]
    if not made or not _ended(x):
        raise NotApplicable
    for call in made:
        text = call["arguments"]
        tool = re.offered(x).get(str(call.get("name")), {})
        if not text and not re.dict_of(tool, "parameters").get("properties"):
            continue
        try:
            value = parsed(text)
        except ValueError:
            value = None
        require(isinstance(value, dict), "output[function_call].arguments", "a JSON object", text)


@plain(
    "responses.tools.arguments-schema",
    MUST,
    "The arguments of a call of a strict function keep to its schema.",
    source=openai("responses/create tools"),
    over=CREATED,
    breaks=["typed tools raise on arguments that they were promised"],
)
def test_schema(x: Exchange) -> None:
    judged = False
    if not _ended(x):
        raise NotApplicable
    for call in re.calls_of(x):
        tool = re.offered(x).get(str(call.get("name")), {})
        try:
            value = parsed(call.get("arguments"))
        except ValueError:
            continue
        if tool.get("strict") is True and isinstance(value, dict):
            judged = True
            problem = schema_problem(value, tool.get("parameters"))
            require(problem is None, "output[function_call].arguments", "what the schema says",
                    f"{problem}: {call.get('arguments')}")  # fmt: skip
    if not judged:
        raise NotApplicable


@plain(
    "responses.tools.no-markup",
    MUST,
    "No markup of a tool call stands in the text.",
    source=CREATE,
    over=CREATED,
    breaks=["users see <tool_call>"],
)
def test_markup(x: Exchange) -> None:
    text = re.texts(re.need(x))
    if not text or not x.sent.get("tools"):
        raise NotApplicable
    for word in MARKUP:
        require(word not in text, "output_text", f"no {word}", text[:300])


@plain(
    "responses.tools.status",
    MUST,
    'A response that calls tools has the status "completed".',
    source=openai("responses/object status"),
    over=CREATED,
    breaks=["agents that wait for the end of the response"],
)
def test_status(x: Exchange) -> None:
    body = re.need(x)
    if not re.calls(body) or body.get("status") in ("incomplete", "failed"):
        raise NotApplicable
    if x.sent.get("background"):
        raise NotApplicable
    require(body.get("status") == "completed", "status", "completed", body.get("status"))


@rule(
    "responses.tools.counted",
    MAY,
    "Tools reach the model: they count as input.",
    source=openapi("ResponseUsage input_tokens"),
    breaks=["the model does not know of its tools"],
)
def test_counted(responses_tools_counted: Exchange, responses_tools_uncounted: Exchange) -> None:
    found = (responses_tools_counted, responses_tools_uncounted)
    many, few = (re.count(x, "input_tokens") for x in found)
    require(many > few + 5, "usage.input_tokens", f"more than {few + 5}, with a tool", many)


@rule(
    "responses.tools.custom-type",
    MUST,
    "A custom tool is called by a `custom_tool_call` with an `input`.",
    source=openapi("CustomToolCall"),
    breaks=["clients look for custom_tool_call and find nothing"],
)
def test_custom(responses_tools_custom: Exchange, responses_tools_custom_stream: Exchange) -> None:
    if not responses_tools_custom.ok:
        raise NotApplicable("refused")
    made = [
        call
        for x in (responses_tools_custom, responses_tools_custom_stream)
        for call in re.calls_of(x)
    ]
    if not made:
        raise NotApplicable
    for call in made:
        require(call.get("type") == "custom_tool_call", "output[].type", "custom_tool_call",
                call.get("type"))  # fmt: skip


@rule(
    "responses.tools.equal-streamed",
    MUST,
    "At temperature 0 the same tool is called with the same kinds of arguments, streamed or not.",
    source=openai("responses-streaming"),
    breaks=["agents that stream behave differently"],
)
def test_equal(responses_tools: Exchange, responses_tools_stream: Exchange) -> None:
    one, two = (re.calls_of(x) for x in (responses_tools, responses_tools_stream))
    if not one or not two or not _ended(responses_tools) or not _ended(responses_tools_stream):
        raise NotApplicable
    names = [str(c.get("name")) for c in (one[0], two[0])]
    require(names[1] == names[0], "name", names[0], names[1])
    keys = [_keys(c) for c in (one[0], two[0])]
    if None not in keys:
        require(keys[0] == keys[1], "arguments", repr(keys[0]), keys[1])


def _keys(call: dict[str, Any]) -> list[str] | None:
    try:
        value = parsed(call.get("arguments"))
    except ValueError:
        return None
    return sorted(value) if isinstance(value, dict) else None
