"""Every shape requirement catches its defect: each is broken in an example document, and noticed.

The documents are the examples of the schemas and what the embedded provider answers.
"""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import pytest

from conformance import schemas, shapes
from conformance.reference.matrix import try_out
from conformance.shape_roots import documents, schemas_judged

WRONG: tuple[Any, ...] = (
    {"wrong": True}, ["wrong"], 12345, "None", "wrong", None, -7, 1.5, True, "", [], {}, 1e13,
)  # fmt: skip


@cache
def material() -> dict[str, list[Any]]:
    """Right documents by schema."""
    found: dict[str, list[Any]] = {}
    for schema in schemas_judged():
        for example in schemas.load(schema).get("examples", ()):
            for part in shapes.parts(schema, example):
                found.setdefault(part.schema, []).append(part.value)
    for exchange in try_out().drive.recording.exchanges:
        for schema, parts in documents(exchange).items():
            found.setdefault(schema, []).extend(part.value for part in parts)
    return found


def smallest(steps: tuple[Any, ...], last: Any) -> Any:
    """The smallest document in which the steps lead to ``last`` (absent when it is MISSING)."""
    if not steps:
        return last
    step, rest = steps[0], steps[1:]
    inner = smallest(rest, last)
    match step:
        case shapes.Key(name):
            return {} if inner is shapes.MISSING else {name: inner}
        case shapes.Values():
            return {"another": inner}
        case shapes.When(key, values):
            return {**(inner if isinstance(inner, dict) else {}), key: sorted(values)[0]}
        case _:
            return [inner]


def from_nothing(rule: shapes.ShapeRule) -> list[Any]:
    """Broken documents for a rule that no example reaches."""
    wrong = next((w for w in WRONG if rule.constraint.broken(w)), shapes.MISSING)
    found = [] if wrong is shapes.MISSING else [smallest(rule.steps, wrong)]
    return found + ([smallest(rule.steps, shapes.MISSING)] if rule.required else [])


def broken_copies(rule: shapes.ShapeRule, document: Any) -> list[Any]:
    """The document with one place of the rule broken: removed, or given a wrong value."""
    copies = []
    for where, value in list(shapes.places(document, rule.steps))[:3]:
        if not where:
            copies += [w for w in WRONG if rule.constraint.broken(w)]
            continue
        if rule.required and value is not shapes.MISSING:
            copies.append(edited(document, where, None, delete=True))
        if not rule.constraint.text and not rule.required:
            continue
        for wrong in WRONG:
            if rule.constraint.broken(wrong):
                copies.append(edited(document, where, wrong))
                break
    return copies


def edited(document: Any, where: tuple[Any, ...], value: Any, *, delete: bool = False) -> Any:
    changed = copy.deepcopy(document)
    place = changed
    for key in where[:-1]:
        place = place[key]
    if delete:
        place.pop(where[-1])
    else:
        place[where[-1]] = value
    return changed


@pytest.mark.parametrize("schema", schemas_judged())
def test_every_rule_notices_its_defect(schema: str) -> None:
    unproved = []
    for rule in shapes.rules(schema):
        noticed = False
        for document in material().get(schema, ()):
            assert not shapes.check(rule, document).mismatches or rule.level == "MAY"
            for broken in broken_copies(rule, document):
                assert shapes.check(rule, broken).mismatches, (rule.slug, broken)
                noticed = True
            if noticed:
                break
        if not noticed:
            copies = from_nothing(rule)
            if not copies or not all(shapes.check(rule, c).mismatches for c in copies):
                unproved.append(rule.slug)
    assert unproved == []
