"""Right and wrong of each rule of shape, from the examples that the schemas carry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance import schemas, shapes
from conformance.reference.proof import short
from conformance.shape_roots import prefix, schemas_judged

WRONG: tuple[Any, ...] = ("wrong", 7, None, {}, [], True, -1, 1.5, "", "None")


def shape_examples() -> dict[str, dict[str, Any]]:
    """An example by requirement: where, what is right, what comes instead."""
    found = {}
    for schema in schemas_judged():
        documents = _documents(schema)
        for rule in shapes.rules(schema):
            example = _example(rule, documents.get(rule.schema, []))
            if example:
                found[f"{prefix(schema)}.shape.{rule.slug}"] = example
    return found


def _documents(schema: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for example in schemas.load(schema).get("examples", ()):
        for part in shapes.parts(schema, example):
            found.setdefault(part.schema, []).append(part.value)
    return found


def _example(rule: shapes.ShapeRule, documents: list[Any]) -> dict[str, Any]:
    right = next(_values(rule, documents), shapes.MISSING)
    broken = next((value for value in WRONG if rule.constraint.broken(value)), shapes.MISSING)
    if broken is shapes.MISSING and not rule.required:
        return {}
    expected = short(right) if right is not shapes.MISSING else rule.constraint.text
    wrong = "absent" if broken is shapes.MISSING else short(broken)
    return {"at": rule.path, "expected": [expected or "any value"], "actual": wrong}


def _values(rule: shapes.ShapeRule, documents: list[Any]) -> Iterator[Any]:
    """What right documents have at the rule's place."""
    for document in documents:
        for _, value in shapes.places(document, rule.steps):
            if value is not shapes.MISSING:
                yield value
