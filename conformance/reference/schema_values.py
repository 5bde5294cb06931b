"""Example values that satisfy a JSON Schema, for tool arguments and structured answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DEPTH = 8
_FORMATS = {
    "date": "2025-06-15",
    "date-time": "2025-06-15T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "P1D",
    "email": "ada@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "uuid": "123e4567-e89b-42d3-a456-426614174000",
}


def example(
    schema: Any,
    hints: Mapping[str, Any] | None = None,
    *,
    root: Any = None,
    name: str = "",
    depth: int = 0,
) -> Any:
    """A value for a schema; `hints` gives values to properties by name."""
    root = schema if root is None else root
    hints = hints or {}
    schema = _resolve(schema, root)
    if not isinstance(schema, dict):
        return "value"
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return _from_enum(schema["enum"], hints.get(name))
    for key in ("anyOf", "oneOf"):
        options = schema.get(key)
        if isinstance(options, list) and options:
            option = _simplest(options, root, depth)
            return example(option, hints, root=root, name=name, depth=depth + 1)
    if isinstance(schema.get("allOf"), list):
        return example(_merged(schema, root), hints, root=root, name=name, depth=depth)
    kind = _kind(schema, depth)
    if kind == "object":
        return _object(schema, hints, root, depth)
    if kind == "array":
        return _array(schema, hints, root, name, depth)
    if kind == "string":
        return _string(schema, hints.get(name), name)
    if kind in ("integer", "number"):
        return _number(schema, hints.get(name), kind)
    return {"boolean": True, "null": None}.get(kind, "value")


def _resolve(schema: Any, root: Any) -> Any:
    for _ in range(16):
        ref = schema.get("$ref") if isinstance(schema, dict) else None
        if not isinstance(ref, str):
            return schema
        target = root
        for part in ref.lstrip("#").strip("/").split("/") if ref != "#" else ():
            part = part.replace("~1", "/").replace("~0", "~")
            target = target.get(part) if isinstance(target, dict) else None
        schema = target if isinstance(target, dict) else {}
    return {}


def _merged(schema: dict[str, Any], root: Any) -> dict[str, Any]:
    merged = {key: value for key, value in schema.items() if key != "allOf"}
    for part in schema["allOf"]:
        part = _resolve(part, root)
        if not isinstance(part, dict):
            continue
        for key, value in part.items():
            if key == "properties":
                merged["properties"] = {**merged.get("properties", {}), **value}
            elif key == "required":
                merged["required"] = [*merged.get("required", []), *value]
            else:
                merged.setdefault(key, value)
    return merged


def _kind(schema: dict[str, Any], depth: int) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        if "null" in kind and depth >= _DEPTH:
            return "null"
        kind = next((name for name in kind if name != "null"), "null")
    if kind is None:
        kind = "object" if "properties" in schema else "array" if "items" in schema else "string"
    return str(kind)


def _simplest(options: list[Any], root: Any, depth: int) -> Any:
    """The first option that says something; deep down the one that ends the recursion."""
    resolved = [_resolve(option, root) for option in options]
    if depth >= _DEPTH:
        for option in resolved:
            if isinstance(option, dict) and option.get("type") in ("null", "string", "boolean"):
                return option
    for option in resolved:
        if isinstance(option, dict) and option.get("type") != "null":
            return option
    return resolved[0]


def _from_enum(values: list[Any], hint: Any) -> Any:
    return hint if hint is not None and hint in values else values[0]


def _object(
    schema: dict[str, Any], hints: Mapping[str, Any], root: Any, depth: int
) -> dict[str, Any]:
    properties = schema.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    required = schema.get("required")
    required = required if isinstance(required, list) else []
    names = list(properties) if depth < _DEPTH else [n for n in properties if n in required]
    names += [name for name in required if name not in properties]
    return {
        name: example(properties.get(name, {}), hints, root=root, name=name, depth=depth + 1)
        for name in names
        if isinstance(name, str)
    }


def _array(
    schema: dict[str, Any], hints: Mapping[str, Any], root: Any, name: str, depth: int
) -> list[Any]:
    least = schema.get("minItems", 0)
    wanted = max(least if isinstance(least, int) else 0, 0 if depth >= _DEPTH else 1)
    most = schema.get("maxItems")
    if isinstance(most, int):
        wanted = min(wanted, most)
    singular = name[:-1] if name.endswith("s") else name
    prefix = schema.get("prefixItems")
    prefix = prefix if isinstance(prefix, list) else []
    items = schema.get("items", {})
    values: list[Any] = []
    for index in range(min(max(wanted, len(prefix)), 64)):
        item = prefix[index] if index < len(prefix) else items
        value = example(item, hints, root=root, name=singular, depth=depth + 1)
        if schema.get("uniqueItems") and value in values:
            value = _another(value, item, index)
        values.append(value)
    return values


def _another(value: Any, schema: Any, index: int) -> Any:
    choices = schema.get("enum") if isinstance(schema, dict) else None
    if isinstance(choices, list) and index < len(choices):
        return choices[index]
    if isinstance(value, str):
        return f"{value}{index}"
    return value + index if isinstance(value, int) else value


def _string(schema: dict[str, Any], hint: Any, name: str) -> str:
    form = schema.get("format")
    if isinstance(form, str) and form in _FORMATS:
        return _FORMATS[form]
    pattern = schema.get("pattern")
    if isinstance(pattern, str):
        made = _from_pattern(pattern)
        if made is not None:
            return made
    text = hint if isinstance(hint, str) else (name or "value")
    least, most = schema.get("minLength"), schema.get("maxLength")
    if isinstance(least, int) and len(text) < least:
        text = (text + " " + "x" * least)[:least]
    return text[:most] if isinstance(most, int) else text


def _from_pattern(pattern: str) -> str | None:
    """A string for the simple patterns that people write; None when it is beyond that."""
    import re

    for candidate in (
        "AB123",
        "abc",
        "ABC",
        "123",
        "12345",
        "2025-06-15",
        "A1",
        "a",
        "1",
        "+15550100",
    ):
        try:
            if re.search(pattern, candidate):
                return candidate
        except re.error:
            return None
    made = re.sub(r"\\d\{(\d+)\}", lambda m: "1" * int(m[1]), pattern.strip("^$"))
    made = re.sub(r"\[A-Z\]\{(\d+)\}", lambda m: "A" * int(m[1]), made)
    made = re.sub(r"\[a-z\]\{(\d+)\}", lambda m: "a" * int(m[1]), made)
    made = re.sub(r"\[0-9\]\{(\d+)\}", lambda m: "1" * int(m[1]), made)
    made = made.replace(r"\d+", "1").replace("[0-9]+", "1").replace("[a-z]+", "a")
    made = made.replace("[A-Z]+", "A").replace("\\", "")
    return made if re.search(pattern, made) else None


def _number(schema: dict[str, Any], hint: Any, kind: str) -> int | float:
    low, high = schema.get("minimum"), schema.get("maximum")
    step = 1 if kind == "integer" else 0.5
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if isinstance(above, int | float) and not isinstance(above, bool):
        low = above + step
    if isinstance(below, int | float) and not isinstance(below, bool):
        high = below - step
    value: int | float = 1
    if isinstance(hint, int | float) and not isinstance(hint, bool):
        value = hint
    if isinstance(low, int | float) and value < low:
        value = low
    if isinstance(high, int | float) and value > high:
        value = high
    multiple = schema.get("multipleOf")
    if isinstance(multiple, int | float) and multiple > 0:
        rounded = -(-value // multiple) * multiple
        value = rounded
    return int(value) if kind == "integer" else value
