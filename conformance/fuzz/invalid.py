"""Values with exactly one keyword negated, wherever in a body it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

from conformance.fuzz.schema import Constraint, Node, level_of, resolved, types_of
from conformance.fuzz.valid import Strategy, completed, needed, numbered, valid

Negation = tuple[Constraint, Strategy]

# no lenient reader takes these for the wanted type: no "1", no 0 for false
_WRONG: Mapping[str, Any] = {
    "string": "maybe", "number": 5.5, "integer": 5, "array": ["x"], "object": {"x": 1},
    "boolean": True, "null": None,
}  # fmt: skip
_TRIED: Mapping[str, tuple[str, ...]] = {
    "string": ("integer", "object", "array"),
    "number": ("string", "array", "object"),
    "integer": ("string", "array", "object"),
    "boolean": ("string", "array", "object"),
    "array": ("integer", "string", "object"),
    "object": ("string", "array", "integer"),
    "null": ("array", "object"),
}


def negations(node: Node, root: Node, pointer: str = "", level: str = "") -> Iterator[Negation]:
    """Each keyword of a node and of everything below it, with values that break it alone."""
    node = resolved(node, root)
    if node.get("x-uncertain") is True:
        level = "none"
    for keyword, strategy in _own(node, root):
        yield Constraint(pointer, keyword, level_of(node, keyword, level)), strategy
    for branch in node.get("anyOf", ()):
        branch = resolved(branch, root)
        for constraint, strategy in negations(branch, root, pointer, level):
            if constraint.pointer == pointer and constraint.keyword in ("type", "null", "enum"):
                continue  # a value of another branch's type would be valid after all
            yield constraint, strategy
    yield from _members(node, root, pointer, level)
    if "items" in node:
        for constraint, strategy in negations(node["items"], root, f"{pointer}/0", level):
            if "x-uncertain" in node and node["x-uncertain"] is True:
                constraint = Constraint(constraint.pointer, constraint.keyword, "none")
            yield constraint, strategy.map(lambda value: [value])


def relations(root: Node) -> Iterator[Negation]:
    """What the schema of one member cannot say: members that need another, and wrong wholes."""
    smallest = needed(root, root)
    for name, child in root["properties"].items():
        found = resolved(child, root)
        for other in found.get("x-with", {}):
            level = level_of(found, f"with:{other}")
            value = valid({k: v for k, v in found.items() if k != "x-generate"}, root)
            alone = _placed(smallest, name, value.filter(_is_given), root, root)
            yield Constraint(f"/{name}", f"with:{other}", level), alone.map(_without(other))
    for words, members in root.get("x-refused", {}).items():
        yield Constraint("", f"{RELATION}{words}"), smallest.map(_with(members))


RELATION = "relation:"


def related(constraint: Constraint) -> bool:
    """Whether it is about what stands together: the schema then allows the body."""
    return constraint.keyword.startswith((RELATION, "with:"))


def _with(members: Mapping[str, Any]) -> Any:
    return lambda body: {**body, **members}


def _is_given(value: Any) -> bool:
    return value is not None


def _members(node: Node, root: Node, pointer: str, level: str) -> Iterator[Negation]:
    smallest = needed(node, root)
    for name, child in node.get("properties", {}).items():
        found = resolved(child, root)
        for constraint, strategy in negations(found, root, f"{pointer}/{name}", level):
            if constraint.keyword == "null" and name not in node.get("required", ()):
                # null for an optional member is often taken for absent
                constraint = Constraint(constraint.pointer, "null", "none")
            yield constraint, _placed(smallest, name, strategy, node, root)
    extra = node.get("additionalProperties")
    if isinstance(extra, Mapping):
        key = "50" if "pattern" in node.get("propertyNames", {}) else "key"
        for constraint, strategy in negations(extra, root, f"{pointer}/*", level):
            yield constraint, strategy.map(lambda value: {key: value})


def _placed(smallest: Strategy, name: str, value: Strategy, node: Node, root: Node) -> Strategy:
    def place(pair: tuple[dict[str, Any], Any]) -> dict[str, Any]:
        whole = completed({**pair[0], name: pair[1]}, node, root)
        return {**whole, name: pair[1]}

    return st.tuples(smallest, value).map(place)


def _own(node: Node, root: Node) -> Iterator[tuple[str, Strategy]]:
    """The keywords of this node alone."""
    types = types_of(node)
    if types and "const" not in node:
        yield "type", st.sampled_from(_wrong_types(types))
        if "null" not in types:
            yield "null", st.none()
    if "const" in node:
        yield "const", st.sampled_from(["no-such-value", str(node["const"]).upper() + "X"])
    elif "enum" in node and "string" in types:
        yield "enum", st.sampled_from(["no-such-value", "x"])
    number = "integer" if "integer" in types else "number"
    if "integer" in types and "number" not in types and "anyOf" not in node:
        yield "integer", st.sampled_from([1.5, 2.25])
    if "minimum" in node:
        yield "minimum", _beyond(node["minimum"], -1, number)
    if "maximum" in node:
        yield "maximum", _beyond(node["maximum"], 1, number)
    yield from _text(node)
    yield from _sizes(node, root)
    yield from _objects(node, root)


def _wrong_types(types: tuple[str, ...]) -> list[Any]:
    told = [t for t in types if t != "null"] or list(types)
    tried = [w for t in told for w in _TRIED[t]]
    allowed = set(types) | ({"integer"} if "number" in types else set())
    return [_WRONG[w] for w in dict.fromkeys(tried) if w not in allowed] or [{"x": 1}]


def _beyond(limit: float, sign: int, kind: str) -> Strategy:
    if kind == "integer":
        return st.sampled_from([limit + sign, limit + sign * 1000])
    return st.sampled_from([limit + sign * step for step in (1, 0.5, 1000)])


def _text(node: Node) -> Iterator[tuple[str, Strategy]]:
    if node.get("minLength"):
        yield "minLength", st.just("")
    if "maxLength" in node:
        over = node["maxLength"] + 1
        yield "maxLength", st.sampled_from(["a" * over, "b" * (over * 2)])
    if "pattern" in node:
        tried = [s for s in ("no spaces!", "dots.and:colons", "") if not _fits(node, s)]
        yield "pattern", st.sampled_from([s for s in tried if s] or tried)


def _fits(node: Node, text: str) -> bool:
    return re.search(node["pattern"], text) is not None


def _sizes(node: Node, root: Node) -> Iterator[tuple[str, Strategy]]:
    if node.get("minItems"):
        yield "minItems", st.just([])
    if "maxItems" in node:
        over = node["maxItems"] + 1
        item = valid(node.get("items", {"type": "string"}), root)
        yield "maxItems", item.map(lambda one: [numbered(one, n) for n in range(over)])


def _objects(node: Node, root: Node) -> Iterator[tuple[str, Strategy]]:
    for name in node.get("required", ()):
        smallest = needed(node, root)
        yield f"required:{name}", smallest.map(_without(name))
    if node.get("additionalProperties") is False:
        smallest = needed(node, root)
        yield "additionalProperties", smallest.map(lambda body: {**body, "no_such_parameter": 1})
    names = node.get("propertyNames", {})
    extra = node.get("additionalProperties")
    if "pattern" in names and isinstance(extra, Mapping):
        yield "propertyNames", valid(extra, root).map(lambda value: {"no number": value})
    if "maxLength" in names and isinstance(extra, Mapping):
        long = "k" * (names["maxLength"] + 1)
        yield "propertyNames", valid(extra, root).map(lambda value: {long: value})
    if "maxProperties" in node and isinstance(extra, Mapping):
        over = node["maxProperties"] + 1
        yield (
            "maxProperties",
            valid(extra, root).map(lambda value: {f"k{n}": value for n in range(over)}),
        )


def _without(name: str) -> Any:
    return lambda body: {key: value for key, value in body.items() if key != name}
