"""Responses: counting of the input, and compaction."""

from __future__ import annotations

from conformance import response_events as re
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, expect, require
from conformance.requirement import MUST, SHOULD, openai, openapi, requirement


@requirement(
    "responses.input-tokens.equal",
    SHOULD,
    "`/responses/input_tokens` counts what a response with the same input then uses.",
    source=openai("responses/input-tokens"),
    needs="responses.input-tokens",
)
def test_input_tokens(responses_input_tokens: Exchange, responses: Exchange) -> None:
    body = responses_input_tokens.json
    counted = re.number(body.get("input_tokens")) if isinstance(body, dict) else None
    used = re.number(re.usage_of(responses).get("input_tokens"))
    if counted is None or used is None:
        raise NotApplicable
    require(counted == used, "input_tokens", str(used), counted)


@requirement(
    "responses.input-tokens.grows",
    MUST,
    "`/responses/input_tokens` counts more for a longer input.",
    source=openai("responses/input-tokens"),
    needs="responses.input-tokens",
    breaks=["clients that cut their input to a budget"],
)
def test_input_tokens_grow(
    responses_input_tokens: Exchange, responses_input_tokens_long: Exchange
) -> None:
    bodies = (responses_input_tokens.json, responses_input_tokens_long.json)
    few, many = (re.number(b.get("input_tokens")) if isinstance(b, dict) else None for b in bodies)
    if few is None or many is None:
        raise NotApplicable
    require(many >= few + 20, "input_tokens", f"at least {few + 20}", many)


@requirement(
    "responses.compact.item",
    MUST,
    "A compaction ends with an item of the type `compaction` with `encrypted_content`.",
    source=openapi("CompactResource"),
    needs="responses.compact",
    breaks=["clients that replace their history by the compacted one"],
)
def test_compact(responses_compact: Exchange) -> None:
    if not responses_compact.ok or not isinstance(responses_compact.json, dict):
        raise NotApplicable
    kinds = [i.get("type") for i in re.output(responses_compact.json)]
    require("compaction" in kinds, "output[].type", "compaction", kinds)


@requirement(
    "responses.compact.accepted",
    MUST,
    "The output of a compaction is accepted as input.",
    source=openai("responses/compact"),
    needs="responses.compact",
    any_status=True,
    breaks=["long conversations end here"],
)
def test_compact_next(responses_compact_next: Exchange) -> None:
    if responses_compact_next.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    expect(responses_compact_next).status(2)
