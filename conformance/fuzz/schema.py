"""Request schemas: the nodes, the constraints on them, and how surely OpenAI refuses a violation.

Beside JSON Schema's own keywords a node may hold

- ``x-must``: keywords whose violation OpenAI is known to refuse (``required:NAME`` for a member);
- ``x-uncertain``: keywords, or true for all below, of which it is not known: sent, never judged;
- ``x-generate``: what valid values are made from instead (false: the member is never generated);
- ``x-with``, ``x-without``: what else the body then holds, and must not hold;
- ``x-model``: the kind of the target's model that stands here; ``x-prefix``: how a text begins;
- ``x-base`` (top): what every body holds, so that it costs little;
- ``x-refused`` (top): members that the schema allows and OpenAI refuses together, by what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from conformance import schemas

Node = Mapping[str, Any]


@dataclass(frozen=True)
class Endpoint:
    """One endpoint that is fuzzed. ``needs``: its capability, where it has one."""

    name: str
    path: str
    page: str
    needs: str = ""
    official: bool = True

    @property
    def schema(self) -> Node:
        return schemas.load(f"openai/requests/{self.name}")


ENDPOINTS = (
    Endpoint("chat", "/chat/completions", "chat/create", "chat"),
    Endpoint("completions", "/completions", "completions/create", "completions"),
    Endpoint("embeddings", "/embeddings", "embeddings/create", "embeddings"),
    Endpoint("moderations", "/moderations", "moderations/create"),
    Endpoint("responses", "/responses", "responses/create", "responses"),
    Endpoint("rerank", "/rerank", "", official=False),
)


@dataclass(frozen=True)
class Constraint:
    """One keyword of one node. ``level``: must, should, or none (never judged)."""

    pointer: str
    keyword: str
    level: str = "should"

    def __str__(self) -> str:
        return f"{self.pointer or '(body)'} {self.keyword}"


def resolved(node: Node, root: Node) -> Node:
    """The node, or what its ``$ref`` points to; keywords beside the reference are kept."""
    while "$ref" in node:
        target: Any = root
        for part in str(node["$ref"]).removeprefix("#/").split("/"):
            target = target[part]
        node = {**target, **{k: v for k, v in node.items() if k != "$ref"}}
    return node


def level_of(node: Node, keyword: str, inherited: str = "") -> str:
    """How surely a violation of this keyword of this node is refused."""
    uncertain = node.get("x-uncertain", ())
    if inherited == "none" or uncertain is True or (uncertain and keyword in uncertain):
        return "none"
    return "must" if keyword in node.get("x-must", ()) else "should"


def types_of(node: Node) -> tuple[str, ...]:
    """The JSON types that a node allows; empty where it does not say."""
    if "anyOf" in node:
        return tuple(t for branch in node["anyOf"] for t in types_of(branch))
    if "enum" in node or "const" in node:
        values = node.get("enum", [node.get("const")])
        return tuple(dict.fromkeys(type_name(v) for v in values))
    declared = node.get("type", ())
    return (declared,) if isinstance(declared, str) else tuple(declared)


def type_name(value: Any) -> str:
    """The JSON Schema type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    for kind, name in ((int, "integer"), (float, "number"), (str, "string"), (list, "array")):
        if isinstance(value, kind):
            return name
    return "object"


@cache
def endpoint(name: str) -> Endpoint:
    """An endpoint by its name."""
    return next(e for e in ENDPOINTS if e.name == name)
