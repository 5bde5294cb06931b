"""Tool calls of an answer, whole or streamed, in one form, and the tools that were offered."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from conformance import streamed
from conformance.exchange import Exchange
from conformance.expect import NotApplicable

MARKUP = (
    "<tool_call",
    "</tool_call",
    "<function=",
    "<parameter=",
    "[TOOL_CALLS]",
    "<|python_tag|>",
    "<|tool_call",
    "<|tool▁call",
    "<function_call",
    "<｜tool",
)
"""What models write that were trained on calls in text; a server takes it out of the content."""


@dataclass
class Call:
    """One call, assembled. ``numbers``: the events that it came in."""

    index: int = 0
    id: Any = None
    type: Any = None
    name: Any = None
    arguments: Any = None
    numbers: list[int] = field(default_factory=list)
    deltas: list[dict[str, Any]] = field(default_factory=list)

    @property
    def at(self) -> str:
        return f"tool call {self.index}"


def _inner(raw: dict[str, Any], key: str) -> dict[str, Any]:
    found = raw.get(key)
    return found if isinstance(found, dict) else {}


def whole_calls(x: Exchange, choice: int = 0) -> list[Call]:
    """The calls of a whole answer; [] when there are none."""
    listed = streamed.message(x, choice).get("tool_calls")
    found = []
    for index, raw in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(raw, dict):
            function = _inner(raw, "function") or _inner(raw, "custom")
            arguments = function.get("arguments", function.get("input"))
            if not function:  # flat calls are seen in the field
                function, arguments = raw, raw.get("arguments")
            name = function.get("name")
            found.append(Call(index, raw.get("id"), raw.get("type"), name, arguments))
    return found


def streamed_calls(x: Exchange, choice: int = 0) -> list[Call]:
    """The calls of a stream: deltas of the same index are one call; no index counts as 0."""
    found: dict[int, Call] = {}
    for piece in streamed.pieces(x):
        listed = piece.delta.get("tool_calls")
        if piece.index != choice or not isinstance(listed, list):
            continue
        for raw in listed:
            if not isinstance(raw, dict):
                continue
            index = streamed.number(raw.get("index")) or 0
            call = found.setdefault(index, Call(index))
            call.numbers.append(piece.number)
            call.deltas.append(raw)
            _join(call, raw)
    return list(found.values())


def _join(call: Call, raw: dict[str, Any]) -> None:
    function = _inner(raw, "function") or _inner(raw, "custom")
    call.id = call.id or raw.get("id")
    call.type = call.type or raw.get("type")
    call.name = call.name or function.get("name")
    text = function.get("arguments", function.get("input"))
    if isinstance(text, str):
        call.arguments = (call.arguments or "") + text
    elif text is not None and call.arguments is None:
        call.arguments = text


def calls(x: Exchange, choice: int = 0) -> list[Call]:
    """The calls of an answer of either form."""
    return streamed_calls(x, choice) if x.is_stream else whole_calls(x, choice)


def made_calls(x: Exchange) -> list[tuple[int, list[Call]]]:
    """The calls of each choice that made any. Raises NotApplicable when none did."""
    if x.is_stream:
        places = sorted({piece.index for piece in streamed.pieces(x)})
    else:
        body = x.json
        listed = body.get("choices") if isinstance(body, dict) else None
        places = list(range(len(listed))) if isinstance(listed, list) else []
    found = [(place, calls(x, place)) for place in places]
    found = [(place, made) for place, made in found if made]
    if not found:
        raise NotApplicable("no tool was called")
    return found


def finish(x: Exchange, choice: int = 0) -> Any:
    """The finish reason of a choice of either form."""
    if x.is_stream:
        return streamed.finish(x, choice)
    return streamed.choice_of(x, choice).get("finish_reason")


def content(x: Exchange, choice: int = 0) -> str:
    """The text beside the calls."""
    if x.is_stream:
        return streamed.text(x, choice)
    found = streamed.message(x, choice).get("content")
    return found if isinstance(found, str) else ""


def offered(x: Exchange) -> dict[str, dict[str, Any]]:
    """The tools of the request by name, each as its inner object."""
    found: dict[str, dict[str, Any]] = {}
    listed = x.sent.get("tools")
    for tool in listed if isinstance(listed, list) else ():
        inner = tool.get(tool.get("type")) if isinstance(tool, dict) else None
        if isinstance(inner, dict) and isinstance(inner.get("name"), str):
            found[inner["name"]] = inner
    return found


def named(x: Exchange) -> str | None:
    """The function that the request forces, if it forces one."""
    choice = x.sent.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") in ("function", "custom"):
        inner = choice.get(choice["type"])
        name = inner.get("name") if isinstance(inner, dict) else None
        return name if isinstance(name, str) else None
    return None


def schema_problem(value: Any, schema: Any) -> str | None:
    """What keeps a value from satisfying a schema, in words; None when nothing does."""
    if not isinstance(schema, dict):
        return None
    try:
        problem = next(iter(Draft202012Validator(schema).iter_errors(value)), None)
    except (SchemaError, RecursionError, ValueError, TypeError, AttributeError):
        return None
    except Exception as error:  # an unresolvable $ref has a class of its own
        if "Unresolvable" in type(error).__name__ or "Referencing" in type(error).__name__:
            return None
        raise
    if problem is None:
        return None
    return f"{problem.json_path}: {problem.message[:200]}"


def schema_broken(schema: Any) -> bool:
    """Whether this is no JSON Schema."""
    if not isinstance(schema, dict):
        return True
    try:
        Draft202012Validator.check_schema(schema)
    except (SchemaError, RecursionError):
        return True
    return False


def parsed(arguments: Any) -> Any:
    """The JSON value of an arguments string. Raises ValueError when it is none."""
    if not isinstance(arguments, str):
        raise ValueError("the arguments are no string")
    try:
        return json.loads(arguments)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def keys(call: Call) -> list[str] | None:
    """The sorted keys of a call's arguments; None when they are no JSON object."""
    try:
        value = parsed(call.arguments)
    except ValueError:
        return None
    return sorted(value) if isinstance(value, dict) else None


def takes_nothing(x: Exchange, name: Any) -> bool:
    """Whether the tool needs no arguments, so that "" may stand for them."""
    inner = offered(x).get(name) if isinstance(name, str) else None
    schema = inner.get("parameters") if inner is not None else None
    if not isinstance(schema, dict):
        return True
    return not schema.get("properties") and not schema.get("required")
