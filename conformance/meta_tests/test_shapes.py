"""The rules of a schema judge each property apart, keyword by keyword."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import pytest

from conformance import schemas, shapes
from conformance.shape_values import compile_constraint


def rule(schema: str, slug: str) -> shapes.ShapeRule:
    return next(one for one in shapes.rules(schema) if one.slug == slug)


def broken(schema: str, document: object) -> dict[str, list[str]]:
    """The slugs of the MUST rules that the document breaks, with the places."""
    found = {
        one.slug: [miss.path for miss in shapes.check(one, document).mismatches]
        for one in shapes.rules(schema)
        if one.level == "MUST"
    }
    return {slug: places for slug, places in found.items() if places}


def example(schema: str, number: int = 0) -> Any:
    return json.loads(json.dumps(schemas.load(schema)["examples"][number]))


@pytest.mark.parametrize(
    ("node", "right", "wrong"),
    [
        ({"type": "string"}, ["", "a"], [None, 1, True, [], {}]),
        ({"type": ["string", "null"]}, ["a", None], [0, False]),
        ({"type": "integer"}, [0, -1, 1.0], [True, 1.5, "1", math.nan, math.inf, None]),
        ({"type": "integer", "x-strict-integer": True}, [1], [1.0, True]),
        ({"type": "number"}, [0, 1.5], [True, "1", math.nan, -math.inf]),
        ({"type": "boolean"}, [True, False], [0, 1, "true", None]),
        ({"type": "object"}, [{}], [[], None, "x"]),
        ({"type": "array"}, [[], [1]], [{}, None, "x"]),
        ({"type": "null"}, [None], [0, "", False]),
        ({"const": "stop"}, ["stop"], ["Stop", None, 1]),
        ({"const": True}, [True], [1, "true", False]),
        ({"const": 1}, [1], [True, 2]),
        ({"enum": ["a", None]}, ["a", None], ["b", "null", 0]),
        ({"pattern": "^a+$"}, ["aa", 7], ["ab", ""]),
        ({"minimum": 0}, [0, 3, "x"], [-1, -0.5]),
        ({"maximum": 1}, [1, 0], [1.5, 2]),
        ({"exclusiveMinimum": 10}, [11, 10.5], [10, 9]),
        ({"exclusiveMaximum": 10}, [9], [10, 1e300]),
        ({"minLength": 1}, ["a", 0], [""]),
        ({"maxLength": 2}, ["ab"], ["abc"]),
        ({"minItems": 1}, [[0], "x"], [[]]),
        ({"maxItems": 1}, [[], [0]], [[0, 1]]),
        ({"type": "array", "items": {"type": "integer"}}, [[], [1, 2]], [[1, "2"], [True]]),
        (
            {"type": "object", "additionalProperties": {"type": "string"}},
            [{}, {"a": "b"}],
            [{"a": 1}, {"a": None}],
        ),
        ({}, [None, 1, "x", [], {}], []),
    ],
    ids=lambda value: json.dumps(value)[:40] if isinstance(value, dict) else "",
)
def test_keyword(node: dict[str, Any], right: list[object], wrong: list[object]) -> None:
    constraint = compile_constraint(node)
    assert [value for value in right if constraint.broken(value) is not None] == []
    assert [value for value in wrong if constraint.broken(value) is None] == []


def test_expected_is_said_in_words() -> None:
    said = {
        "an integer >= 0": {"type": "integer", "minimum": 0},
        "one of stop, null": {"enum": ["stop", None]},
        "a string or null": {"type": ["null", "string"]},
        "true": {"const": True},
        "an array with at least 1 elements": {"type": "array", "minItems": 1},
        "a number or a string (that matches ^a)": {"type": ["number", "string"], "pattern": "^a"},
    }
    assert {compile_constraint(node).text: node for node in said.values()} == said


def test_elements_without_a_rule_of_their_own_are_judged_by_their_array() -> None:
    node = {"type": "array", "items": {"type": "number"}}
    assert compile_constraint(node).broken([1, 2, [3]]) == ((2,), "a number", [3])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"object": "chat.completions"}, {"object": ["object"]}),
        ({"created": 1_760_000_000_000}, {"created": ["created"]}),
        ({"created": 1760000000.5}, {"created": ["created"]}),
        ({"created": "1760000000"}, {"created": ["created"]}),
        ({"id": 7}, {"id": ["id"]}),
        ({"choices": []}, {"choices": ["choices"]}),
        ({"choices": None}, {"choices": ["choices"]}),
        ({"choices": [None]}, {"choices.items": ["choices[0]"]}),
        ({"vendor": {"choices": 1}}, {}),
        ({"usage": None}, {}),
        ({"system_fingerprint": ""}, {}),
    ],
)
def test_one_defect_of_a_chat_completion(change: Any, expected: dict[str, list[str]]) -> None:
    assert broken("chat.completion", {**example("chat.completion"), **change}) == expected


def test_several_defects_are_told_apart() -> None:
    document = example("chat.completion", 1)
    choice = document["choices"][0]
    del choice["finish_reason"]
    choice["message"]["role"] = "model"
    choice["message"]["tool_calls"][0]["function"]["arguments"] = {"city": "Oslo"}
    del choice["message"]["tool_calls"][1]["id"]
    choice["logprobs"]["content"][0]["logprob"] = 0.5
    assert broken("chat.completion", document) == {
        "choices.finish-reason": ["choices[0].finish_reason"],
        "choices.message.role": ["choices[0].message.role"],
        "choices.message.tool-calls.function.function.arguments": [
            "choices[0].message.tool_calls[0].function.arguments"
        ],
        "choices.message.tool-calls.custom.id": ["choices[0].message.tool_calls[1].id"],
        "choices.logprobs.content.logprob": ["choices[0].logprobs.content[0].logprob"],
    }


def test_a_missing_property_is_not_null() -> None:
    document = example("chat.completion")
    del document["choices"][0]["message"]["content"]
    result = shapes.check(rule("chat.completion", "choices.message.content"), document)
    (miss,) = result.mismatches
    assert miss.actual is shapes.MISSING
    assert (miss.expected, result.judged, result.present) == ("a string or null", 1, 0)


def test_a_missing_parent_is_judged_by_its_own_rule_only() -> None:
    role = rule("chat.completion", "choices.message.role")
    for document in (None, [], {}, {"choices": {}}, {"choices": [{}, 1, {"message": "x"}]}):
        result = shapes.check(role, document)
        assert (result.judged, result.held, result.mismatches) == (0, False, ())
    assert broken("chat.completion", []) == {"body": ["$"]}


def test_levels_of_presence_and_form_are_rules_apart() -> None:
    document = example("chat.completion")
    del document["usage"]
    presence = rule("chat.completion", "usage.presence")
    assert presence.level == "SHOULD"
    assert shapes.check(presence, document).mismatches
    assert not shapes.check(rule("chat.completion", "usage"), document).mismatches
    document["usage"] = None
    assert not shapes.check(presence, document).mismatches
    assert shapes.check(rule("chat.completion", "usage.non-null"), document).mismatches


def test_an_integer_with_a_point_is_a_note() -> None:
    document = {**example("chat.completion"), "created": 1760000000.0}
    result = shapes.check(rule("chat.completion", "created"), document)
    assert result.held
    assert [note.path for note in result.notes] == ["created"]


def test_an_unknown_kind_of_item_is_accepted() -> None:
    assert broken("response.item", {"type": "hologram_call"}) == {}
    assert broken("response.item", {"id": "x"}) == {"type": ["type"]}
    assert broken("response.item", {"type": "reasoning", "summary": []}) == {"reasoning.id": ["id"]}


def test_events_are_judged_by_the_branch_of_their_type() -> None:
    event = {"type": "response.output_text.delta", "delta": 1, "output_index": 0}
    assert broken("response.events", event) == {
        "response.output-text.delta.item-id": ["item_id"],
        "response.output-text.delta.content-index": ["content_index"],
        "response.output-text.delta.delta": ["delta"],
    }


def test_parts_are_found_to_any_depth() -> None:
    event = {"type": "response.completed", "response": example("response")}
    found = [(part.schema, part.path) for part in shapes.parts("response.events", event)]
    assert found[:3] == [
        ("response.events", ""),
        ("response", "response"),
        ("response.item", "response.output[0]"),
    ]
    assert len(found) == 2 + len(example("response")["output"])


def test_paths_say_which_kind_is_meant() -> None:
    paths = {one.path for one in shapes.rules("response.item")}
    assert "{message}.content[output_text].text" in paths
    arguments = rule("chat.completion", "choices.message.tool-calls.function.function.arguments")
    assert arguments.sentence.startswith(f"`{arguments.path}` is a string")
    assert arguments.breaks


@pytest.mark.parametrize(
    ("embedding", "places"),
    [
        ([0.5, 1], []),
        ("AAAAPw==", []),
        ([[0.5]], ["data[0].embedding[0]"]),
        ([], ["data[0].embedding"]),
        ([None], ["data[0].embedding[0]"]),
        (["0.5"], ["data[0].embedding[0]"]),
        ([True], ["data[0].embedding[0]"]),
        ("not base64!", ["data[0].embedding"]),
        ("", ["data[0].embedding"]),
        (None, ["data[0].embedding"]),
    ],
)
def test_embedding_is_flat_or_base64(embedding: object, places: list[str]) -> None:
    document = example("embeddings")
    document["data"][0]["embedding"] = embedding
    assert broken("embeddings", document).get("data.embedding", []) == places


@pytest.mark.parametrize(
    ("body", "slugs"),
    [
        ({"error": "no"}, {"error"}),
        ({"detail": []}, {"error"}),
        ([{"error": {}}], {"body"}),
        ({"error": {"message": "m", "type": None, "param": None, "code": 400}},
         {"error.type", "error.code"}),
    ],
)  # fmt: skip
def test_forms_of_errors(body: object, slugs: set[str]) -> None:
    assert set(broken("error", body)) == slugs


def test_hostile_documents_stay_cheap() -> None:
    deep: Any = {}
    for _ in range(900):
        deep = {"choices": [deep], "error": deep}
    wide = {"choices": [{"index": "x"}] * 20_000}
    started = time.perf_counter()
    for document in (deep, wide, "x" * 10_000_000, {"choices": {"0": 1}}):
        for one in shapes.rules("chat.completion"):
            assert len(shapes.check(one, document).mismatches) <= shapes.MOST_MISMATCHES
    assert time.perf_counter() - started < 20
