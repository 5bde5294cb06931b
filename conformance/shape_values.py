"""The constraints that a schema puts on one value, without looking into its properties."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Broken = tuple[tuple[int | str, ...], str, object]
"""Where inside the value (empty: the value itself), what was expected, what is there."""

_NOUNS = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "a boolean",
    "object": "an object",
    "array": "an array",
    "null": "null",
}


def _finite(value: object) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _is_integer(value: object) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and _finite(value)


_IS: Mapping[str, Callable[[object], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": _is_integer,
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}


@dataclass(frozen=True)
class Constraint:
    """What one value must be; an empty constraint accepts everything."""

    text: str = ""
    types: tuple[str, ...] = ()
    allowed: tuple[object, ...] | None = None
    pattern: re.Pattern[str] | None = None
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None
    shortest: int = 0
    longest: int | None = None
    fewest: int = 0
    most: int | None = None
    strict_integer: bool = False
    element: Constraint | None = None
    value: Constraint | None = None

    def broken(self, value: object) -> Broken | None:
        """The first thing that is wrong with the value, or None."""
        if not self._fits(value):
            return (), self.text, value
        if self.element is not None and isinstance(value, list):
            for number, element in enumerate(value):
                if not self.element._fits(element):
                    return (number,), self.element.text, element
        if self.value is not None and isinstance(value, dict):
            for key, inner in value.items():
                if not self.value._fits(inner):
                    return (str(key),), self.value.text, inner
        return None

    def unusual(self, value: object) -> bool:
        """Whether the value is an integer in the form of a fraction, such as 17.0."""
        return isinstance(value, float) and "integer" in self.types and "number" not in self.types

    def _fits(self, value: object) -> bool:
        if self.types and not any(_IS[name](value) for name in self.types):
            return False
        if self.allowed is not None and not any(_same(value, one) for one in self.allowed):
            return False
        if isinstance(value, str):
            return self._string_fits(value)
        if isinstance(value, list):
            return self.fewest <= len(value) and (self.most is None or len(value) <= self.most)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._number_fits(value)
        return True

    def _string_fits(self, value: str) -> bool:
        if len(value) < self.shortest or (self.longest is not None and len(value) > self.longest):
            return False
        return self.pattern is None or self.pattern.search(value) is not None

    def _number_fits(self, value: float) -> bool:
        return (
            (self.minimum is None or value >= self.minimum)
            and (self.maximum is None or value <= self.maximum)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
            and not (self.strict_integer and isinstance(value, float))
        )


def _same(value: object, other: object) -> bool:
    return isinstance(value, bool) == isinstance(other, bool) and value == other


def compile_constraint(node: Mapping[str, Any]) -> Constraint:
    """Reads the shallow keywords of a schema; elements without a description of their own too."""
    types = node.get("type", ())
    types = (types,) if isinstance(types, str) else tuple(types)
    allowed = (node["const"],) if "const" in node else node.get("enum")
    return Constraint(
        text=_describe(node, types),
        types=types,
        allowed=None if allowed is None else tuple(allowed),
        pattern=re.compile(node["pattern"]) if "pattern" in node else None,
        minimum=node.get("minimum"),
        maximum=node.get("maximum"),
        above=node.get("exclusiveMinimum"),
        below=node.get("exclusiveMaximum"),
        shortest=node.get("minLength", 0),
        longest=node.get("maxLength"),
        fewest=node.get("minItems", 0),
        most=node.get("maxItems"),
        strict_integer=bool(node.get("x-strict-integer")),
        element=_folded(node.get("items")),
        value=_folded(node.get("additionalProperties")),
    )


def _folded(node: object) -> Constraint | None:
    if not isinstance(node, Mapping) or "description" in node or "$ref" in node:
        return None
    inner = compile_constraint(node)
    return inner if inner.text else None


_LIMITS = (
    ("minimum", ">= {}"),
    ("maximum", "<= {}"),
    ("exclusiveMinimum", "> {}"),
    ("exclusiveMaximum", "< {}"),
    ("minLength", "at least {} characters long"),
    ("maxLength", "at most {} characters long"),
    ("minItems", "with at least {} elements"),
    ("maxItems", "with at most {} elements"),
    ("pattern", "that matches {}"),
)


def _describe(node: Mapping[str, Any], types: tuple[str, ...]) -> str:
    if "const" in node:
        return _literal(node["const"])
    if "enum" in node:
        return "one of " + ", ".join(_literal(one) for one in node["enum"])
    nouns = [_NOUNS[name] for name in types if name != "null"]
    nouns += ["null"] if "null" in types else []
    limits = [form.format(node[key]) for key, form in _LIMITS if key in node]
    if node.get("x-strict-integer"):
        limits.append("without a decimal point")
    text = " or ".join(nouns) if nouns else "a value" if limits else ""
    if text and limits:
        text = f"{text} ({', '.join(limits)})" if len(nouns) > 1 else f"{text} {', '.join(limits)}"
    return text


def _literal(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
