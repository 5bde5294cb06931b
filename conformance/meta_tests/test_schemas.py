"""The schemas are valid, explain themselves, agree with the SDK's types, and make good rules."""

from __future__ import annotations

import importlib
import json
import re
import types
import typing
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydantic
import pytest
from jsonschema import Draft202012Validator

from conformance import schemas, shapes
from conformance.meta_tests.sdk_differences import ABSENT, OPTIONAL, SDK_TYPES

NAMES = schemas.names()
WHOLE = tuple(name for name in NAMES if name != "common")
LEVELS = {"MUST", "SHOULD", "MAY"}
OWN_KEYWORDS = {
    "x-also",
    "x-breaks",
    "x-discriminator",
    "x-level",
    "x-part",
    "x-required-level",
    "x-source",
    "x-strict-integer",
}
CONSTRAINTS = {"type", "enum", "const", "pattern", "minimum", "maximum", "minItems", "minLength"}


def nodes(node: object, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every subschema of a schema with its JSON pointer."""
    if not isinstance(node, dict):
        return
    yield where, node
    for key in ("properties", "$defs"):
        for name, child in node.get(key, {}).items():
            yield from nodes(child, f"{where}/{key}/{name}")
    for key in ("items", "additionalProperties"):
        yield from nodes(node.get(key), f"{where}/{key}")
    for key in ("oneOf", "anyOf"):
        for number, child in enumerate(node.get(key, ())):
            yield from nodes(child, f"{where}/{key}/{number}")


@pytest.mark.parametrize("name", NAMES)
def test_is_valid_and_open(name: str) -> None:
    schema = schemas.load(name)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"].endswith("2020-12/schema")
    assert ("x-source" in schema) == (name != "common"), "shared parts have their user's source"
    for where, node in nodes(schema):
        assert node.get("additionalProperties") is not False, where
        assert {key for key in node if key.startswith("x-")} <= OWN_KEYWORDS, where
        assert node.get("x-level", "MUST") in LEVELS, where
        assert node.get("x-required-level", "MUST") in LEVELS, where
        assert set(node.get("required", ())) <= set(node.get("properties", ())), where


@pytest.mark.parametrize("name", WHOLE)
def test_examples_hold(name: str) -> None:
    schema = schemas.load(name)
    assert schema["examples"]
    for example in schema["examples"]:
        schemas.validator(name).validate(example)
        for part in shapes.parts(name, example):
            for rule in shapes.rules(part.schema):
                found = shapes.check(rule, part.value).mismatches
                assert rule.level == "MAY" or not found, (part.path, rule.slug)


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_is_explained(name: str) -> None:
    for where, node in nodes(schemas.load(name)):
        for child_name, child in node.get("properties", {}).items():
            branch = "/oneOf/" in where or "/$defs/" in where
            if branch and set(child) & {"const", "enum", "not"} and "description" not in child:
                continue  # the mark of a branch of a union
            explained = "description" in child or not set(child) & CONSTRAINTS
            assert explained, f"{where}/{child_name}"
        for texts in (node, *node.get("x-also", ())):
            sentence = texts.get("description", "Nothing.")
            assert sentence.endswith("."), where
            assert "\n" not in sentence, where
            assert "@" not in sentence, where


@pytest.mark.parametrize("name", WHOLE)
def test_slugs_are_unique_and_plain(name: str) -> None:
    slugs = Counter(rule.slug for rule in shapes.rules(name))
    assert not [slug for slug, count in slugs.items() if count > 1]
    for rule in shapes.rules(name):
        assert rule.slug == rule.slug.strip(".-")
        assert set(rule.slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")
        assert rule.level in LEVELS
        assert rule.source


@pytest.mark.parametrize("name", WHOLE)
def test_breaking_one_property_breaks_its_rule_alone(name: str) -> None:
    """For each place of each example: a value of a wrong type breaks rules of that path only."""
    for example in schemas.load(name)["examples"]:
        for rule in shapes.rules(name):
            constraint = rule.constraint
            if rule.name or not constraint.types or shapes.check(rule, example).present == 0:
                continue
            broken = json.loads(json.dumps(example))
            if not put_wrong(broken, rule.steps, constraint.types):
                continue
            result = shapes.check(rule, broken)
            assert result.mismatches, rule.slug
            for other in shapes.rules(name):
                if other.path != rule.path and shapes.check(other, broken).mismatches:
                    before = shapes.check(other, example).mismatches
                    assert shapes.check(other, broken).mismatches == before, (rule, other)


def put_wrong(document: Any, steps: tuple[shapes.Step, ...], allowed: tuple[str, ...]) -> bool:
    """Replaces the first value at the end of the steps by one of a type that is not allowed."""
    wrong: dict[str, object] = {"boolean": True, "string": "%%", "object": {}, "array": [True]}
    value = next((wrong[kind] for kind in wrong if kind not in allowed), None)
    for where, _ in shapes.places(document, steps):
        if not where or value is None:
            return False
        holder = document
        for part in where[:-1]:
            holder = holder[part]
        if isinstance(holder, dict) and where[-1] not in holder:
            continue
        holder[where[-1]] = value
        return True
    return False


# ------------------------------------------------------------------ agreement with the SDK


def sdk_type(name: str) -> type[pydantic.BaseModel] | None:
    module, _, cls = name.rpartition(".")
    try:
        found = importlib.import_module(f"openai.types{'.' + module if module else ''}")
    except ModuleNotFoundError:
        return None
    return getattr(found, cls, None)


def follow(node: dict[str, Any], file: str) -> tuple[dict[str, Any], str]:
    while "$ref" in node and "x-part" not in node:
        target, file = schemas.resolve(node["$ref"], file)
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node, file


def unwrap(annotation: Any) -> list[Any]:
    """The members of a type, without None, Optional, Annotated and Union."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return unwrap(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        members = typing.get_args(annotation)
        return [one for member in members for one in unwrap(member)]
    return [] if annotation is type(None) else [annotation]


def nullable(annotation: Any) -> bool:
    if typing.get_origin(annotation) is typing.Annotated:
        return nullable(typing.get_args(annotation)[0])
    return type(None) in typing.get_args(annotation)


Difference = tuple[str, str]


def differences(
    model: type[pydantic.BaseModel], node: dict[str, Any], file: str, path: str
) -> Iterator[Difference]:
    """What the SDK's type knows or requires and the schema does not."""
    properties = node.get("properties", {})
    for name, info in model.model_fields.items():
        key = info.alias or name
        at = f"{path}.{key}"
        if key not in properties:
            yield "absent", at
            continue
        if info.is_required() and not nullable(info.annotation):
            mark = properties[key].get("x-required-level")
            if mark == "MAY" or (mark is None and key not in node.get("required", ())):
                yield "optional", at
        child, home = follow(properties[key], file)
        yield from inside(info.annotation, child, home, at)


def inside(annotation: Any, node: dict[str, Any], file: str, path: str) -> Iterator[Difference]:
    if "x-part" in node or not set(node) & {"properties", "items", "oneOf"}:
        return
    for member in unwrap(annotation):
        if typing.get_origin(member) is list and "items" in node:
            child, home = follow(node["items"], file)
            yield from inside(typing.get_args(member)[0], child, home, f"{path}[]")
        elif isinstance(member, type) and issubclass(member, pydantic.BaseModel):
            found = branch_of(member, node, file)
            if found is not None:
                chosen, home, value = found
                yield from differences(member, chosen, home, path + value)


def branch_of(
    model: type[pydantic.BaseModel], node: dict[str, Any], file: str
) -> tuple[dict[str, Any], str, str] | None:
    """The schema for one member of a union; None where the schema asks nothing of it."""
    key = node.get("x-discriminator")
    if key is None:
        return node, file, ""
    if key not in model.model_fields:
        return None
    values = set(typing.get_args(model.model_fields[key].annotation))
    for given in node["oneOf"]:
        branch, home = follow(given, file)
        mark = branch.get("properties", {}).get(key, {})
        if values & {mark.get("const"), *mark.get("enum", ())}:
            properties = {**node["properties"], **branch["properties"]}
            required = [*node.get("required", ()), *branch["required"]]
            return {"properties": properties, "required": required}, home, f"[{min(values)}]"
    return None


def unexcused(name: str, model: type[pydantic.BaseModel]) -> list[Difference]:
    node, file = follow(schemas.load(name), schemas.file_of(name))
    branch = branch_of(model, node, file)
    if branch is None:
        return []
    found = set(differences(model, branch[0], branch[1], name + branch[2]))
    return sorted(one for one in found if not excused(*one))


def excused(kind: str, at: str) -> bool:
    table = ABSENT if kind == "absent" else OPTIONAL
    return any(
        re.fullmatch(".*".join(map(re.escape, excuse.split("*"))), at) is not None
        for excuse in table
    )


@pytest.mark.parametrize(("name", "cls"), SDK_TYPES)
def test_agrees_with_the_sdk(name: str, cls: str) -> None:
    model = sdk_type(cls)
    if model is None:
        pytest.skip("the installed SDK does not know this type")
    assert unexcused(name, model) == []


def test_events_agree_with_the_sdk() -> None:
    module = importlib.import_module("openai.types.responses.response_stream_event")
    models = unwrap(module.ResponseStreamEvent)
    assert [one for model in models for one in unexcused("response.events", model)] == []
    known = {kind for m in models for kind in typing.get_args(m.model_fields["type"].annotation)}
    ours = set(schemas.load("response.events")["$defs"])
    left_out = {at.removeprefix("response.events.") for at in ABSENT}
    assert sorted(known - ours - left_out) == []


def test_every_excuse_has_a_reason_and_a_schema() -> None:
    for table in (ABSENT, OPTIONAL):
        for at, reason in table.items():
            assert reason.endswith("."), at
            assert at.split("[")[0].startswith(NAMES), at


def test_an_sdk_field_that_we_do_not_know_is_found() -> None:
    class Model(pydantic.BaseModel):
        id: str
        novelty: int | None = None
        owned_by: str

    node = {"properties": {"id": {}, "owned_by": {}}, "required": ["id"]}
    found = sorted(differences(Model, node, "openai/model.json", "model"))
    assert found == [("absent", "model.novelty"), ("optional", "model.owned_by")]


def test_a_wheel_brings_its_own_schemas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "conformance"
    (package.parent / "schemas").mkdir(parents=True)
    monkeypatch.setattr(schemas, "_PACKAGE", package)
    assert schemas.root.__wrapped__() == package.parent / "schemas"
    (package / "_schemas").mkdir(parents=True)
    assert schemas.root.__wrapped__() == package / "_schemas"
