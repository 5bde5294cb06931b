"""Responses repeat what they were asked with: one requirement for each option."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance import response_events as re
from conformance.exchange import Exchange
from conformance.expect import NotApplicable, fail, require
from conformance.requirement import (
    EVERY_DRIVER,
    MUST,
    SHOULD,
    Case,
    Level,
    Requirement,
    openai,
    requirement,
)
from conformance.response_events import CREATED

MISLED = ("clients that store the response with its options",)
AGENTS = ("agents that go on from a response use the wrong options",)


def _same(key: str) -> Callable[[Exchange], None]:
    def decide(x: Exchange) -> None:
        asked = x.sent.get(key)
        body = re.need(x)
        if asked is None or (key not in body and key not in REQUIRED):
            raise NotApplicable
        found = body.get(key)
        if key == "metadata" and not asked and not found:
            return
        if key == "store" and asked is True:
            raise NotApplicable("a server without storage may say so")
        if found != asked:
            fail(key, repr(asked), found if key in body else "absent")

    return decide


REQUIRED = ("instructions", "metadata", "temperature", "top_p", "parallel_tool_calls")
ECHOED: dict[str, tuple[Level, tuple[str, ...]]] = {
    "instructions": (MUST, AGENTS),
    "metadata": (MUST, ("clients that find responses again by metadata",)),
    "temperature": (MUST, MISLED),
    "top_p": (MUST, MISLED),
    "parallel_tool_calls": (MUST, AGENTS),
    "previous_response_id": (MUST, ("clients that walk back through a conversation",)),
    "truncation": (MUST, MISLED),
    "max_output_tokens": (MUST, MISLED),
    "store": (MUST, ("a client that asked for no storage is told that there was one",)),
    "background": (SHOULD, ()),
    "user": (SHOULD, ()),
    "safety_identifier": (SHOULD, ()),
    "prompt_cache_key": (SHOULD, ()),
    "top_logprobs": (SHOULD, ()),
}


def _cases() -> list[Case]:
    found = []
    for key, (level, breaks) in ECHOED.items():
        text = f"The response repeats `{key}` as it was sent."
        source = openai(f"responses/object {key}")
        made = Requirement(
            f"responses.echo.{key.replace('_', '-')}", level, text, source, "responses", breaks
        )
        found.append(Case(made, _same(key), over=CREATED, drivers=EVERY_DRIVER, module=__name__))
    return found


CASES = _cases()


def _mean_the_same(asked: Any, found: Any) -> bool:
    if isinstance(asked, dict) and isinstance(found, dict):
        kind = asked.get("type")
        if kind == "allowed_tools":
            return found.get("type") == kind and found.get("mode") == asked.get("mode")
        return all(found.get(key) == asked.get(key) for key in ("type", "name"))
    return bool(asked == found)


@requirement(
    "responses.echo.tool-choice",
    MUST,
    "The response repeats `tool_choice` as it was sent.",
    source=openai("responses/object tool_choice"),
    needs="responses",
    over=CREATED,
    breaks=AGENTS,
)
def test_tool_choice(x: Exchange) -> None:
    asked, body = x.sent.get("tool_choice"), re.need(x)
    if asked is None or "tool_choice" not in body:
        raise NotApplicable
    require(_mean_the_same(asked, body["tool_choice"]), "tool_choice", repr(asked),
            body["tool_choice"])  # fmt: skip


@requirement(
    "responses.echo.tools",
    MUST,
    "The response lists every function that it was given, in the flat form.",
    source=openai("responses/object tools"),
    needs="responses",
    over=CREATED,
    breaks=AGENTS,
)
def test_tools(x: Exchange) -> None:
    asked, body = x.sent.get("tools"), re.need(x)
    if not isinstance(asked, list) or not isinstance(body.get("tools"), list):
        raise NotApplicable
    kinds = {t.get("type") for t in asked if isinstance(t, dict)}
    if not asked or not kinds <= {"function", "custom"} or '"defer_loading"' in str(x.sent):
        raise NotApplicable("tools that the server arranges by itself")
    if any(t.get("defer_loading") for t in asked if isinstance(t, dict)):
        raise NotApplicable("tools that the server arranges by itself")
    names = [t.get("name") for t in asked if isinstance(t, dict)]
    found = [t.get("name") for t in body["tools"] if isinstance(t, dict)]
    require(set(map(str, names)) <= set(map(str, found)), "tools[].name", repr(names), found)


@requirement(
    "responses.echo.tool-parameters",
    MUST,
    "The functions that a response lists have the parameters that they were given.",
    source=openai("responses/object tools"),
    needs="responses",
    over=CREATED,
    breaks=AGENTS,
)
def test_tool_parameters(x: Exchange) -> None:
    listed = re.need(x).get("tools")
    offered = re.offered(x)
    judged = False
    for tool in listed if isinstance(listed, list) else ():
        name = tool.get("name") if isinstance(tool, dict) else None
        asked = re.dict_of(offered.get(name), "parameters") if isinstance(name, str) else {}
        found = tool.get("parameters") if isinstance(tool, dict) else None
        if not asked.get("properties") or not isinstance(found, dict):
            continue
        judged = True
        one, two = sorted(re.dict_of(asked, "properties")), sorted(re.dict_of(found, "properties"))
        require(one == two, f"tools[{name}].parameters.properties", repr(one), two)
    if not judged:
        raise NotApplicable


@requirement(
    "responses.echo.format",
    MUST,
    'The response repeats the type and the name of `text.format`; without one it is "text".',
    source=openai("responses/object text"),
    needs="responses",
    over=CREATED,
    breaks=["openai-python parse(): the wrong class is built, or none"],
)
def test_format(x: Exchange) -> None:
    body = re.need(x)
    found = re.dict_of(re.dict_of(body, "text"), "format")
    if not found or x.sent.get("prompt"):
        raise NotApplicable
    asked = re.dict_of(re.dict_of(x.sent, "text"), "format") or {"type": "text"}
    for key in ("type", "name"):
        require(found.get(key) == asked.get(key), f"text.format.{key}", repr(asked.get(key)),
                found.get(key))  # fmt: skip


@requirement(
    "responses.echo.format-given",
    SHOULD,
    "The response says in `text.format` which format it has.",
    source=openai("responses/object text"),
    needs="responses",
    over=CREATED,
    breaks=["strict decoders want `text.format`"],
)
def test_format_given(x: Exchange) -> None:
    text = re.dict_of(re.need(x), "text")
    require(bool(re.dict_of(text, "format")), "text.format", "an object", text or "absent")


@requirement(
    "responses.echo.effort",
    SHOULD,
    "The response repeats `reasoning.effort` as it was sent.",
    source=openai("responses/object reasoning"),
    needs="responses",
    over=CREATED,
)
def test_effort(x: Exchange) -> None:
    asked = re.dict_of(x.sent, "reasoning").get("effort")
    found = re.dict_of(re.need(x), "reasoning").get("effort")
    if asked is None or found is None:
        raise NotApplicable
    require(found == asked, "reasoning.effort", repr(asked), found)


# ---- what was not sent -------------------------------------------------------------------------

UNSENT: dict[str, tuple[Any, ...]] = {
    "instructions": (None,),
    "previous_response_id": (None,),
    "tools": ([],),
    "tool_choice": ("auto",),
    "parallel_tool_calls": (True,),
    "metadata": ({}, None),
    "max_output_tokens": (None,),
    "background": (False, None),
}


@requirement(
    "responses.echo.unsent",
    MUST,
    "What was not sent stands in the response with its default, not with another's value.",
    source=openai("responses/object"),
    needs="responses",
    breaks=["a system prompt of the server leaks into `instructions`", *AGENTS],
)
def test_unsent(responses: Exchange) -> None:
    body = re.need(responses)
    judged = False
    for key, wanted in UNSENT.items():
        if key not in body:
            continue
        judged = True
        found = body[key]
        if key == "tool_choice" and found == "none":
            continue
        if not any(found == value and type(found) is type(value) for value in wanted):
            fail(key, [repr(value) for value in wanted], found)
    if not judged:
        raise NotApplicable
