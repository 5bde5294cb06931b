"""Which JSON Schemas a strict tool or answer format accepts."""

from __future__ import annotations

from typing import Any

_TYPES = {"object", "array", "string", "number", "integer", "boolean", "null"}


def broken(schema: Any, strict: bool) -> str | None:
    """What is wrong with a schema, in OpenAI's words; None when nothing is."""
    if not isinstance(schema, dict):
        return "schema must be a JSON Schema of 'type: \"object\"'."
    return _look(schema, (), strict, 0)


def _look(schema: Any, context: tuple[str, ...], strict: bool, depth: int) -> str | None:
    if isinstance(schema, bool) or depth > 64:
        return None
    if not isinstance(schema, dict):
        return f"In context={context}, schema is not of type 'object', 'boolean'."
    kinds = schema.get("type")
    names = kinds if isinstance(kinds, list) else [kinds] if kinds is not None else []
    for name in names:
        if not isinstance(name, str) or name not in _TYPES:
            return f"In context={context}, {name!r} is not valid under any of the given schemas."
    properties = schema.get("properties", {})
    if not isinstance(properties, dict):
        return f"In context={context}, 'properties' is not an object."
    if strict and ("object" in names or "properties" in schema):
        problem = _strict_object(schema, properties, context)
        if problem:
            return problem
    if "array" in names and "items" not in schema and "prefixItems" not in schema:
        return f"In context={context}, array schema missing items."
    return _inside(schema, properties, context, strict, depth)


def _strict_object(
    schema: dict[str, Any], properties: dict[str, Any], context: tuple[str, ...]
) -> str | None:
    if schema.get("additionalProperties") is not False:
        return (
            f"In context={context}, 'additionalProperties' is required to be supplied and to be "
            "false."
        )
    required = schema.get("required", [])
    left = [name for name in properties if name not in required]
    if left:
        return (
            f"In context={context}, 'required' is required to be supplied and to be an array "
            f"including every key in properties. Missing '{left[0]}'."
        )
    return None


def _inside(
    schema: dict[str, Any],
    properties: dict[str, Any],
    context: tuple[str, ...],
    strict: bool,
    depth: int,
) -> str | None:
    below = [(child, (*context, "properties", name)) for name, child in properties.items()]
    if "items" in schema:
        below.append((schema["items"], (*context, "items")))
    for key in ("anyOf", "oneOf", "allOf"):
        options = schema.get(key)
        if isinstance(options, list):
            below += [(child, (*context, key, str(i))) for i, child in enumerate(options)]
    for key in ("$defs", "definitions"):
        defined = schema.get(key)
        if isinstance(defined, dict):
            below += [(child, (*context, key, name)) for name, child in defined.items()]
    for child, path in below:
        problem = _look(child, path, strict, depth + 1)
        if problem:
            return problem
    return None
