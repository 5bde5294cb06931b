"""Checks of request values, refusing in the words of OpenAI's validator.

A check takes the path of a value, as in `messages[0].role`, and the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from conformance.reference.errors import invalid, invalid_value, missing, unknown_parameter
from conformance.reference.parse import json_name

Check = Callable[[str, Any], None]


def refuse_type(path: str, expected: str, value: Any) -> None:
    """Raise the 400 of a value of the wrong JSON type."""
    raise invalid(
        f"Invalid type for '{path}': expected {expected}, but got {json_name(value)} instead.",
        path,
        "invalid_type",
    )


def nullable(check: Check) -> Check:
    """null is as good as absent."""

    def run(path: str, value: Any) -> None:
        if value is not None:
            check(path, value)

    return run


def anything(path: str, value: Any) -> None:
    """No rule."""


def boolean(path: str, value: Any) -> None:
    """true or false."""
    if not isinstance(value, bool):
        refuse_type(path, "a boolean", value)


def _bounds(path: str, value: float, low: float | None, high: float | None, kind: str) -> None:
    if low is not None and value < low:
        raise invalid(
            f"Invalid '{path}': {kind} below minimum value. Expected a value >= {low}, but got "
            f"{_shown(value)} instead.",
            path,
            f"{kind}_below_min_value",
        )
    if high is not None and value > high:
        raise invalid(
            f"Invalid '{path}': {kind} above maximum value. Expected a value <= {high}, but got "
            f"{_shown(value)} instead.",
            path,
            f"{kind}_above_max_value",
        )


def _shown(value: float) -> str:
    if isinstance(value, int) and value.bit_length() > 128:
        return "a very large integer"
    return str(value)


def number(low: float | None = None, high: float | None = None) -> Check:
    """Any JSON number in the bounds."""

    def run(path: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            refuse_type(path, "a decimal number", value)
        if value != value or value in (float("inf"), float("-inf")):
            refuse_type(path, "a finite decimal number", value)
        _bounds(path, value, low, high, "decimal")

    return run


def integer(low: int | None = None, high: int | None = None) -> Check:
    """An integer in the bounds."""

    def run(path: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            refuse_type(path, "an integer", value)
        _bounds(path, value, low, high, "integer")

    return run


def string(
    low: int = 0, high: int | None = None, pattern: str | None = None, note: str = ""
) -> Check:
    """A string of a length and pattern."""
    compiled = re.compile(pattern) if pattern else None

    def run(path: str, value: Any) -> None:
        if not isinstance(value, str):
            refuse_type(path, "a string", value)
        if len(value) < low:
            raise invalid(
                f"Invalid '{path}': string too short. Expected a string with minimum length "
                f"{low}, but got {'an empty string' if not value else 'a shorter one'} instead.",
                path,
                "empty_string" if not value else "string_below_min_length",
            )
        if high is not None and len(value) > high:
            raise invalid(
                f"Invalid '{path}': string too long. Expected a string with maximum length "
                f"{high}, but got a string with length {len(value)} instead.",
                path,
                "string_above_max_length",
            )
        if compiled is not None and not compiled.fullmatch(value):
            raise invalid(
                f"Invalid '{path}': string does not match pattern. Expected a string that "
                f"matches the pattern '^{pattern}$'.",
                path,
                "invalid_value",
            )

    return run


def enum(*allowed: str) -> Check:
    """One of some strings."""

    def run(path: str, value: Any) -> None:
        if not isinstance(value, str):
            refuse_type(path, f"one of {', '.join(allowed)}", value)
        if value not in allowed:
            raise invalid_value(path, value, allowed)

    return run


def array(item: Check = anything, low: int = 0, high: int | None = None) -> Check:
    """An array of a length, every item checked."""

    def run(path: str, value: Any) -> None:
        if not isinstance(value, list):
            refuse_type(path, "an array", value)
        if len(value) < low:
            raise invalid(
                f"Invalid '{path}': empty array. Expected an array with minimum length {low}, "
                "but got an empty array instead.",
                path,
                "empty_array",
            )
        if high is not None and len(value) > high:
            raise invalid(
                f"Invalid '{path}': array too long. Expected an array with maximum length "
                f"{high}, but got an array with length {len(value)} instead.",
                path,
                "array_above_max_length",
            )
        for index, entry in enumerate(value):
            item(f"{path}[{index}]", entry)

    return run


def mapping(value_check: Check, most: int | None = None, key_length: int | None = None) -> Check:
    """An object of free keys."""

    def run(path: str, value: Any) -> None:
        if not isinstance(value, dict):
            refuse_type(path, "an object", value)
        if most is not None and len(value) > most:
            raise invalid(
                f"Invalid '{path}': too many properties. Expected an object with at most {most} "
                f"properties, but got an object with {len(value)} properties instead.",
                path,
                "object_above_max_properties",
            )
        for key, entry in value.items():
            if key_length is not None and len(key) > key_length:
                raise invalid(
                    f"Invalid '{path}': property name too long. Expected at most {key_length} "
                    f"characters, but got {len(key)}.",
                    path,
                    "string_above_max_length",
                )
            value_check(f"{path}.{key[:64]}", entry)

    return run


metadata = nullable(mapping(string(high=512), most=16, key_length=64))


def fields(
    checks: Mapping[str, Check], required: Sequence[str] = (), closed: bool = False
) -> Check:
    """An object of known keys; other keys pass unless it is closed."""

    def run(path: str, value: Any) -> None:
        if not isinstance(value, dict):
            refuse_type(path, "an object", value)
        prefix = f"{path}." if path else ""
        if closed:
            for key in value:
                if key not in checks:
                    raise unknown_parameter(prefix + key)
        for key in required:
            if key not in value:
                raise missing(prefix + key)
        for key, check in checks.items():
            if key in value:
                check(prefix + key, value[key])

    return run


def by_type(expected: str, **checks: Check) -> Check:
    """Another check for each JSON type: string, array, object, integer, number, boolean."""

    def run(path: str, value: Any) -> None:
        name = json_name(value).split()[-1]
        check = checks.get({"number": "number"}.get(name, name))
        if check is None:
            refuse_type(path, expected, value)
        else:
            check(path, value)

    return run


def tagged(key: str, **kinds: Check) -> Check:
    """An object whose `key` says which check it has to pass."""

    def run(path: str, value: Any) -> None:
        if not isinstance(value, dict):
            refuse_type(path, "an object", value)
        if key not in value:
            raise missing(f"{path}.{key}")
        enum(*kinds)(f"{path}.{key}", value[key])
        kinds[value[key]](path, value)

    return run
