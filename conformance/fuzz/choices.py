"""The kinds of valid value that a schema knows, and how few bodies hold all of them.

What a server refuses is mostly one form: a list where it wants a string, the bound itself, one word
of several. So every form, every word and both ends of every range are in some body.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from conformance.fuzz.schema import Node, resolved
from conformance.fuzz.valid import Strategy, generated, numbered, optional, valid

Choice = tuple[str, Strategy]
MOST = 5
"""Choices that one body holds at most."""
TOGETHER = 4
"""Tools of different forms in one list."""
MANY = 20
"""Items of a long list, where it may be as long."""
LARGEST = 2**53


def choices(node: Node, root: Node) -> list[Strategy]:
    """One strategy for each kind of value of a node, but null."""
    node = resolved(node, root)
    narrowed = node.get("x-generate")
    if isinstance(narrowed, Mapping):
        return choices(narrowed, root)
    if "const" in node or "x-model" in node:
        return [] if "const" in node and node["const"] is None else [valid(node, root)]
    if "enum" in node:
        return [st.just(value) for value in node["enum"] if value is not None]
    if "anyOf" in node:
        return [one for branch in node["anyOf"] for one in choices(branch, root)]
    declared = node.get("type", ())
    kinds = (declared,) if isinstance(declared, str) else tuple(declared)
    return [one for kind in kinds if kind != "null" for one in _of(kind, node, root)]


def _of(kind: str, node: Node, root: Node) -> list[Strategy]:
    own = valid({**node, "type": kind}, root)
    match kind:
        case "boolean":
            return [st.just(True), st.just(False)]
        case "integer" | "number":
            ends = [node[word] for word in ("default", "minimum", "maximum") if word in node]
            ends = [end for end in dict.fromkeys(ends) if abs(end) <= LARGEST]
            few = kind == "integer" and len(ends) > 1 and max(ends) - min(ends) < 2
            return [*map(st.just, ends), *(() if few else (own,))]
        case "array" if "prefixItems" in node:
            return _begun(node["prefixItems"], root)
        case "array":
            return [own, *_each(node, root), *_long(node, root)]
        case "string" if "maxLength" in node:
            longest = "a" * node["maxLength"]
            fits = "pattern" not in node or re.search(node["pattern"], longest)
            return [own, st.just(longest)] if fits else [own]
        case "object" if node.get("properties"):
            return _objects(node, root)
    return [own]


def _each(node: Node, root: Node) -> list[Strategy]:
    """Lists that hold each choice of an item, several in one where names tell them apart."""
    each = choices(node.get("items", {"type": "string"}), root)
    size = min(node.get("maxItems", TOGETHER), TOGETHER) if "x-distinct" in node else 1
    parts = [each[start : start + size] for start in range(0, len(each), size)]
    return [st.tuples(*part).map(_told_apart if size > 1 else list) for part in parts]


def _told_apart(items: Sequence[Any]) -> list[Any]:
    seen: list[Any] = []
    for item in items:
        seen.append(numbered(item, len(seen)) if names(item) & names(*seen) else item)
    return seen


def names(*items: Any) -> set[Any]:
    """The names of tools of either form."""
    return {item.get("name", item.get("function", {}).get("name")) for item in items}


def _long(node: Node, root: Node) -> list[Strategy]:
    """As many items as there may be, or many; of lists in a list, few are enough."""
    item = resolved(node.get("items", {"type": "string"}), root)
    count = min(node.get("maxItems", MANY), MANY if item.get("type") != "array" else 2)
    if count < 2:
        return []
    return [valid(item, root).map(lambda one: [numbered(one, n) for n in range(count)])]


def _begun(parts: Sequence[Node], root: Node) -> list[Strategy]:
    """Lists in which each choice of each of the first items stands somewhere."""
    each = [choices(part, root) for part in parts]
    return [
        st.tuples(*(several[turn % len(several)] for several in each)).map(list)
        for turn in range(max(map(len, each)))
    ]


def _objects(node: Node, root: Node) -> list[Strategy]:
    """An object for each choice of each member, with no more than what it must hold beside."""
    properties = node["properties"]
    required = {name: valid(properties[name], root) for name in node.get("required", ())}
    found = [st.fixed_dictionaries(required).map(dict)]
    for name, child in properties.items():
        several = choices(child, root) if generated(child, root) else []
        if name in required and len(several) < 2:
            continue
        found += [st.fixed_dictionaries({**required, name: one}).map(dict) for one in several]
    return found


def groups(root: Node, number: int) -> list[dict[str, Strategy]]:
    """Every choice of every optional member, packed into few bodies."""
    every: list[Choice] = [
        (name, one) for name in optional(root) for one in choices(root["properties"][name], root)
    ]
    chance = random.Random(number)  # noqa: S311 - what stands together, no secret
    chance.shuffle(every)
    count = Counter(name for name, _ in every)
    every.sort(key=lambda choice: -count[choice[0]])  # stable: what is hard to place goes first
    fewest = max([-(-len(every) // MOST), *count.values()], default=0)
    packed: list[dict[str, Strategy]] = [{} for _ in range(fewest)]
    for name, one in every:
        chance.shuffle(packed)  # or the same members would always meet
        for held in sorted(packed, key=len):
            if len(held) < MOST and all(_beside(name, other, root) for other in held):
                held[name] = one
                break
        else:
            packed.append({name: one})
    return _with_required(packed, root, chance)


def _with_required(
    packed: list[dict[str, Strategy]], root: Node, chance: random.Random
) -> list[dict[str, Strategy]]:
    """Every choice of what must be there too, in turn; with bodies of its own where it has more."""
    whole = [dict(held) for held in packed]
    for name in root["required"]:
        several = choices(root["properties"][name], root)
        if len(several) < 2:
            continue
        chance.shuffle(several)
        whole += [{} for _ in several[len(whole) :]]
        for place, held in enumerate(whole):
            held[name] = several[place % len(several)]
    return whole


def _beside(name: str, other: str, root: Node) -> bool:
    """Whether two members may stand in one body without one changing the other."""
    mine, its = _touched(name, root), _touched(other, root)
    return name not in its and other not in mine and not mine & its


def _touched(name: str, root: Node) -> frozenset[str]:
    node = resolved(root["properties"][name], root)
    words: Iterable[str] = (*node.get("x-with", ()), *node.get("x-without", ()))
    return frozenset((*words, name))
