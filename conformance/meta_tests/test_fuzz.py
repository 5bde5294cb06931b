"""Fuzzing's own parts: what is drawn, what a verdict says, what shrinking leaves."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from conformance.fuzz import verdict
from conformance.fuzz.choices import MOST, choices, groups
from conformance.fuzz.draw import Drawn, constraints, invalid_bodies, valid_bodies
from conformance.fuzz.invalid import related
from conformance.fuzz.live import without
from conformance.fuzz.raw import raws
from conformance.fuzz.schema import ENDPOINTS, Endpoint
from conformance.fuzz.shrink import smaller
from conformance.fuzz.valid import optional
from conformance.meta_tests.support import made
from conformance.target import Target

TARGET = Target("http://t.invalid/v1", models={"chat": "m"})
EACH = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: e.name)


def filled(body: Any) -> Any:
    return TARGET.fill(body)


@EACH
def test_valid_bodies_are_valid_and_hold_every_member(endpoint: Endpoint) -> None:
    drawn = valid_bodies(endpoint.name, "standard", 1)
    schema = Draft202012Validator(endpoint.schema)
    wrong = [(d.body, e.message) for d in drawn for e in schema.iter_errors(filled(d.body))]
    assert wrong == []
    assert {name for d in drawn for name in d.holds} >= set(optional(endpoint.schema))


def test_valid_conversations_are_begun_and_ended_by_the_user_in_turns() -> None:
    drawn = [d.body["messages"] for d in valid_bodies("chat", "standard", 1)]
    roles = {tuple(message["role"] for message in messages) for messages in drawn}
    assert roles == {("user",), ("user", "assistant", "user")}


@EACH
def test_invalid_bodies_are_invalid(endpoint: Endpoint) -> None:
    schema = Draft202012Validator(endpoint.schema)
    whole = invalid_bodies(endpoint.name, "standard", 1)
    drawn = [d for d in whole if d.constraint is not None and not related(d.constraint)]
    assert [d for d in drawn if schema.is_valid(filled(d.body))] == []
    assert drawn


@EACH
def test_every_member_is_negated_somewhere(endpoint: Endpoint) -> None:
    known = {c.pointer.split("/")[1] for c, _ in constraints(endpoint.name) if c.pointer}
    open_ended = {"web_search_options"}
    assert known | open_ended >= set(endpoint.schema["properties"])


def test_the_same_seed_draws_the_same() -> None:
    first = valid_bodies.__wrapped__("chat", "standard", 7)
    assert first == valid_bodies.__wrapped__("chat", "standard", 7)
    assert first != valid_bodies.__wrapped__("chat", "standard", 8)


def test_odd_requests_have_names_of_their_own() -> None:
    names = [raw.name for raw in raws("m", "full")]
    assert len(names) == len(set(names)) > 100
    assert max(len(raw.content) for raw in raws("m", "full")) < 1_200_000


def mark(**said: Any) -> dict[str, Any]:
    return {"fuzz": {"endpoint": "chat", **said}}


def refused(message: str, **error: Any) -> Any:
    body = {"error": {"message": message, "type": "invalid_request_error", **error}}
    return made(body, status=400, context=mark(valid=True, holds=["n"]))


def test_a_feature_that_is_not_there_is_no_fault() -> None:
    assert verdict.refusal(refused("logprobs is not supported with this model")) is None
    assert verdict.refusal(refused("x", code="unsupported_parameter")) is None
    assert verdict.refusal(refused("Extra inputs are not permitted")) is None


def test_a_range_that_is_narrower_is_a_fault() -> None:
    found = verdict.refusal(refused("temperature must be below 1", param="temperature"))
    assert found is not None
    assert "temperature" in str(found)


def test_an_invalid_body_that_is_accepted() -> None:
    said = mark(valid=False, pointer="/n", constraint="type", level="must")
    assert verdict.acceptance(made({}, context=said), "must") is not None
    assert verdict.acceptance(made({}, context=said), "should") is None
    assert verdict.acceptance(made({}, status=400, context=said), "must") is None


def test_quota_is_nobodys_fault_and_a_500_is() -> None:
    said = mark(valid=True, holds=[])
    assert verdict.failing(made({}, status=429, context=said)) is None
    assert str(verdict.failing(made("oops", status=500, context=said))).startswith("status 500")


def test_shrinking_takes_members_away_but_keeps_what_matters() -> None:
    schema = next(e for e in ENDPOINTS if e.name == "chat").schema
    body = {"model": "m", "messages": [], "max_tokens": 1, "n": 0, "user": "u", "seed": 1}
    found = list(smaller(body, schema, keep="n"))
    assert {"model": "m", "messages": [], "max_tokens": 1, "n": 0, "seed": 1} in found
    assert all("n" in candidate and "model" in candidate for candidate in found)


@EACH
def test_each_kind_of_value_is_in_some_valid_body(endpoint: Endpoint) -> None:
    root = endpoint.schema
    packed = groups(root, 1)
    count = Counter(name for group in packed for name in group)
    wanted = {name: len(choices(root["properties"][name], root)) for name in optional(root)}
    assert {name: count[name] for name in wanted} == wanted
    required = root["required"]
    assert all(len([n for n in group if n not in required]) <= MOST for group in packed)
    assert all(len(packed) >= len(choices(root["properties"][name], root)) for name in required)


def test_forms_words_and_both_ends_of_a_range_are_sent() -> None:
    bodies = [filled(d.body) for d in valid_bodies("chat", "standard", 1)]
    temperatures = {body.get("temperature") for body in bodies}
    assert {0, 1, 2} <= temperatures
    stops = [body["stop"] for body in bodies if body.get("stop")]
    assert {type(stop) for stop in stops} == {str, list}
    assert max(len(stop) for stop in stops if isinstance(stop, list)) == 4
    assert {"none", "auto", "required"} <= {
        body["tool_choice"] for body in bodies if isinstance(body.get("tool_choice"), str)
    }
    assert max(len(body.get("tools", ())) for body in bodies) == 20


def test_what_needs_another_member_is_sent_without_it() -> None:
    drawn = [d for d in invalid_bodies("chat", "standard", 1) if d.constraint]
    alone = [d.body for d in drawn if d.constraint and d.constraint.keyword == "with:tools"]
    assert alone
    assert all("tools" not in body and "tool_choice" in body for body in alone)
    assert sum(d.constraint is not None and related(d.constraint) for d in drawn) > 10


def test_what_is_named_as_unsupported_is_left_out_and_the_rest_tried() -> None:
    answer = refused("'n' is not supported", code="unsupported_parameter", param="n")
    assert verdict.blamed(answer) == {"n"}
    tried = Drawn({"model": "m", "n": 2, "stop": "a"}, None, ("n", "stop"))
    left = without(tried, verdict.blamed(answer))
    assert left is not None
    assert (left.body, left.holds) == ({"model": "m", "stop": "a"}, ("stop",))
    assert without(replace(tried, holds=("n",)), frozenset({"n"})) is None
    assert without(tried, verdict.blamed(refused("n is too large", param="n"))) is None


@pytest.mark.parametrize("name", ["completions", "embeddings", "moderations", "rerank"])
def test_the_full_tier_negates_every_keyword(name: str) -> None:
    wanted = {(c.pointer, c.keyword) for c, _ in constraints(name)}
    drawn = [d.constraint for d in invalid_bodies(name, "full", 1) if d.constraint]
    assert {(c.pointer, c.keyword) for c in drawn} == wanted
