"""Hypothesis strategies for values that a schema allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from conformance.fuzz.schema import Node, resolved
from conformance.probe import Model

Strategy = st.SearchStrategy[Any]

LETTERS = st.sampled_from(
    "aZ09 .,:;!?_-'\"\\/<>&{}[]%$#@\u00e9\u00df\u0130\u03a9\u0436\u05d0\u0628"
    "\u0939\u0e01\u3042\u6f22\ud55c"
    "\u0301\u200d\u2028\ufe0f\U0001f600\U0001f468\U0001f1e9\U00010348\U00020000\U00030000\U000e0041"
)
"""Text of every plane and direction; what is no text is sent by the raw bodies."""
PLAIN = st.characters(min_codepoint=32, max_codepoint=126)
"""What a pattern draws from; all of Unicode would cost seconds before the first body."""
LONGEST = 24
MOST = 3


def valid(node: Node, root: Node) -> Strategy:
    """Values of a node, narrowed to what is cheap and what every model takes."""
    node = resolved(node, root)
    narrowed = node.get("x-generate")
    if isinstance(narrowed, Mapping):
        kept = {k: v for k, v in node.items() if k.startswith("x-") and k != "x-generate"}
        return valid({**kept, **narrowed}, root)
    if "x-model" in node:
        return st.just(Model(node["x-model"]))
    if "const" in node:
        return st.just(node["const"])
    if "enum" in node:
        return st.sampled_from(list(node["enum"]))
    if "anyOf" in node:
        return st.one_of([valid(branch, root) for branch in node["anyOf"]])
    kinds = node.get("type", ())
    kinds = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    made = [_of(kind, node, root) for kind in sorted(kinds, key=lambda k: k == "null")]
    return st.one_of(made)


def _of(kind: str, node: Node, root: Node) -> Strategy:
    match kind:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(node.get("minimum", 0), node.get("maximum", 1000))
        case "number":
            low, high = node.get("minimum", 0), node.get("maximum", 1)
            cents = st.integers(int(low * 100), int(high * 100))
            return cents.map(lambda n: n / 100)
        case "string":
            return _string(node)
        case "array":
            return _array(node, root)
    return _object(node, root)


def _string(node: Node) -> Strategy:
    if "pattern" in node:
        return st.from_regex(node["pattern"], fullmatch=True, alphabet=PLAIN).map(_line)
    low = node.get("minLength", 0)
    text = st.text(LETTERS, min_size=low, max_size=min(node.get("maxLength", LONGEST), LONGEST))
    if low:
        # white space alone is as good as nothing for some servers
        text = text.map(lambda s: s if s.strip() else "a" + s[1:])
    prefix = node.get("x-prefix", "")
    return text.map(lambda s: prefix + s) if prefix else text


def _array(node: Node, root: Node) -> Strategy:
    low = node.get("minItems", 0)
    most = max(low, min(node.get("maxItems", MOST), MOST))
    items = valid(node.get("items", {"type": "string"}), root)
    first = [valid(one, root) for one in node.get("prefixItems", ())]
    if first:
        rest = st.lists(items, max_size=most - len(first))
        return st.tuples(st.tuples(*first), rest).map(lambda both: [*both[0], *both[1]])
    path = node.get("x-distinct")
    if path:
        return st.lists(items, min_size=low, max_size=most, unique_by=lambda v: _at(v, path))
    return st.lists(items, min_size=low, max_size=most)


def numbered(item: Any, number: int) -> Any:
    """A copy of an item that differs from the others in its name."""
    if isinstance(item, str):
        return f"{item}{number}"
    if isinstance(item, dict):
        return {
            k: f"f{number}" if k == "name" else numbered(v, number) if k == "function" else v
            for k, v in item.items()
        }
    return item


def _line(text: Any) -> str:
    return str(text).rstrip("\n")  # `$` also matches before a last newline


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value[part]
    return value


def _object(node: Node, root: Node) -> Strategy:
    properties = node.get("properties", {})
    required = node.get("required", ())
    if properties:
        optional = {
            name: valid(properties[name], root)
            for name in properties
            if name not in required and generated(properties[name], root)
        }
        needed = {name: valid(properties[name], root) for name in required}
        return st.fixed_dictionaries(needed, optional=optional).map(dict)
    extra = node.get("additionalProperties")
    if isinstance(extra, Mapping):
        names = node.get("propertyNames", {})
        keys = _string({"minLength": 1, "maxLength": 8, **names})
        return st.dictionaries(keys, valid(extra, root), max_size=MOST)
    return st.just({})


def generated(node: Node, root: Node) -> bool:
    """Whether valid bodies hold this member at all."""
    return resolved(node, root).get("x-generate") is not False


def completed(body: Mapping[str, Any], node: Node, root: Node) -> dict[str, Any]:
    """The object with what its members need beside them, and without what they exclude."""
    whole = dict(body)
    for name in body:
        found = resolved(node.get("properties", {}).get(name, {}), root)
        for other, value in found.get("x-with", {}).items():
            if other not in body or body[other] is None or isinstance(value, bool):
                whole[other] = value
        for other in found.get("x-without", ()):
            whole.pop(other, None)
    return whole


def needed(node: Node, root: Node) -> Strategy:
    """The smallest valid object: what is required, and the base of a body."""
    properties = node.get("properties", {})
    parts = {name: valid(properties[name], root) for name in node.get("required", ())}
    parts.update({name: st.just(value) for name, value in node.get("x-base", {}).items()})
    return st.fixed_dictionaries(parts).map(dict)


def bodies(root: Node, chosen: Mapping[str, Strategy]) -> Strategy:
    """Valid bodies that hold these members."""
    joined = st.tuples(needed(root, root), st.fixed_dictionaries(dict(chosen)))
    return joined.map(lambda pair: completed({**pair[0], **pair[1]}, root, root))


def optional(root: Node) -> tuple[str, ...]:
    """The members that valid bodies may hold beside what they must."""
    base = root.get("x-base", {})
    return tuple(
        name
        for name, node in root["properties"].items()
        if name not in root.get("required", ()) and name not in base and generated(node, root)
    )
