"""Whether the toy model calls tools, and with what."""

from __future__ import annotations

import json
import re
from typing import Any

from conformance.reference.ask import Ask, Tool, ToolCall
from conformance.reference.instructions import told, tool_results
from conformance.reference.schema_values import example

_NAME = r"[A-Z][\w'-]+(?:\s(?!and\b)[A-Z][\w'-]+)*"
_CITIES = re.compile(rf"\b(?:in|for|of|at)\s+({_NAME}(?:\s*(?:,|and|, and|&)\s*{_NAME})*)")
_PLACES = ("city", "location", "place", "town")
_TEXTS = ("query", "q", "question", "input", "text", "message", "prompt")


def cities(text: str) -> list[str]:
    """The places that a text names, in order."""
    found: list[str] = []
    for match in _CITIES.finditer(text):
        for name in re.split(r"\s*(?:,\s*and\b|,|\band\b|&)\s*", match[1]):
            if name and name not in found:
                found.append(name)
    return found


def hints(text: str, place: str | None) -> dict[str, Any]:
    """Values for properties, out of the prompt."""
    known: dict[str, Any] = dict.fromkeys(_TEXTS, text[:200] or "text")
    if place:
        known.update(dict.fromkeys(_PLACES, place))
    numbers = [int(number) for number in re.findall(r"\b\d{1,9}\b", text)]
    known.update(zip(("a", "b", "c"), numbers, strict=False))
    for key, value in re.findall(r"\b(\w+)\s*(?:=|is|named|called)\s*[\"']?([\w.-]+)", text):
        known.setdefault(key, value)
    named = re.search(r"\b([A-Z][a-z]+) is (\d+)(?: years old)?", text)
    if named:
        known.update({"name": named[1], "age": int(named[2])})
    return known


def _call(tool: Tool, text: str, place: str | None) -> ToolCall:
    if tool.custom:
        return ToolCall(tool.name, told(text) or place or text or "input", custom=True)
    value = example(dict(tool.schema) or {"type": "object"}, hints(text, place))
    value = value if isinstance(value, dict) else {}
    return ToolCall(tool.name, json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _about_weather(tool: Tool) -> bool:
    return "weather" in f"{tool.name} {tool.description}".lower()


def _wants(ask: Ask) -> bool:
    text = ask.last_user.lower()
    if tool_results(ask.turns):
        return False
    if re.search(r"\b(?:do not|don't|without)\b[^.]*\btools?\b", text):
        return False
    if re.search(r"\b(?:weather|temperature|forecast)\b", text):
        return True
    if re.search(r"\b(?:use|call|invoke)\b[^.]*\b(?:tools?|functions?)\b", text):
        return True
    return any(
        re.search(rf"\b{re.escape(name)}\b", text)
        for tool in ask.tools
        for name in (tool.name.lower(), tool.name.lower().replace("_", " "))
    )


def tool_calls(ask: Ask) -> tuple[ToolCall, ...]:
    """The calls to make; none when the model answers with text."""
    if not ask.tools or ask.choice == "none":
        return ()
    if ask.choice == "auto" and not _wants(ask):
        return ()
    text = ask.last_user
    if ask.choice.startswith("="):
        usable = [tool for tool in ask.tools if tool.name == ask.choice[1:]]
    else:
        usable = list(ask.tools)
        named = [t for t in usable if re.search(rf"\b{re.escape(t.name)}\b", text)]
        about = [t for t in usable if _about_weather(t) and "weather" in text.lower()]
        usable = named or about[:1] or usable[:1]
    places: list[str | None] = [*cities(text)] or [None]
    if ask.choice.startswith("="):
        places = places[:1]  # a named function is called once
    calls = [_call(tool, text, place) for tool in usable for place in places]
    return tuple(calls if ask.parallel else calls[:1])
