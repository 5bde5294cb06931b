"""Responses: what `previous_response_id` remembers."""

from __future__ import annotations

from functools import partial

from conformance import response_events as re
from conformance.cases._responses import good, remembers, step
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, expect, fail, require
from conformance.requirement import MUST, SHOULD, field, openai, requirement

MEMORY = openai("responses/create previous_response_id")
plain = partial(requirement, needs="responses")
rule = partial(requirement, needs="responses.stored")


@plain(
    "responses.previous.unknown",
    MUST,
    "An unknown `previous_response_id` is refused with 400 or 404.",
    source=MEMORY,
    any_status=True,
    breaks=["a conversation silently loses its memory"],
)
def test_previous_unknown(responses_bad_previous: Exchange) -> None:
    if responses_bad_previous.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    expect(responses_bad_previous).status(4)


@requirement(
    "responses.previous.unknown-streamed",
    MUST,
    "An unknown `previous_response_id` is refused with 400 or 404 for a stream, too.",
    source=MEMORY,
    needs="responses.stream",
    any_status=True,
    breaks=["a conversation silently loses its memory"],
)
def test_previous_unknown_streamed(responses_bad_previous_stream: Exchange) -> None:
    if responses_bad_previous_stream.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    expect(responses_bad_previous_stream).status(4)


@rule(
    "responses.previous.error",
    SHOULD,
    "The error about an unknown `previous_response_id` names it in `param`.",
    source=MEMORY,
    any_status=True,
)
def test_previous_error(responses_bad_previous: Exchange) -> None:
    if responses_bad_previous.status not in (400, 404):
        raise NotApplicable
    expect(responses_bad_previous).error_object.get("param").one_of("previous_response_id")


@plain(
    "responses.previous.remembers",
    MUST,
    "With `previous_response_id` the model sees the turn before, or the request is refused.",
    source=MEMORY,
    breaks=["a conversation silently loses its memory"],
)
def test_remembers(responses_memory: Steps) -> None:
    remembers(responses_memory, "one", "two")


@plain(
    "responses.previous.remembers-all",
    MUST,
    "With `previous_response_id` the model sees every turn of the chain, not only the last.",
    source=MEMORY,
    breaks=["a conversation forgets its beginning"],
)
def test_remembers_all(responses_memory: Steps) -> None:
    good(responses_memory, "hello")
    remembers(responses_memory, "one", "three")


@plain(
    "responses.previous.from-stream",
    MUST,
    "The id of a streamed response may be the next `previous_response_id`.",
    source=field("https://github.com/stdapi-ai/stdapi.ai"),
    breaks=["conversations by id break for streams only"],
)
def test_from_stream(responses_memory: Steps) -> None:
    good(responses_memory, "three")
    x = step(responses_memory, "four")
    try:
        expect(x).status(2)
    except Exception as violation:
        violation.exchange = x  # type: ignore[attr-defined]
        raise
    remembers(responses_memory, "one", "four")


@plain(
    "responses.previous.answered",
    MUST,
    "A response that may be retrieved may be the next `previous_response_id`.",
    source=MEMORY,
    breaks=["conversations end after their first turn"],
)
def test_previous_answered(responses_retrieved: Exchange, responses_memory: Steps) -> None:
    if not responses_retrieved.ok:
        raise NotApplicable
    good(responses_memory, "one")
    expect(step(responses_memory, "two")).status(2)


@rule(
    "responses.previous.instructions-dropped",
    MUST,
    "`instructions` of an earlier response are not carried over by `previous_response_id`.",
    source=openai("responses/create instructions"),
    breaks=["agents that take turns speak with each other's system prompt"],
)
def test_instructions_dropped(
    responses_instructed: Exchange, responses_after_instructed: Exchange
) -> None:
    if not responses_after_instructed.ok:
        raise NotApplicable
    before, after = re.need(responses_instructed), re.need(responses_after_instructed)
    kept = after.get("instructions")
    if before.get("instructions") and kept is not None:
        fail("instructions", "null", kept)
    both = (responses_instructed, responses_after_instructed)
    one, two = (re.number(re.usage_of(x).get("input_tokens")) for x in both)
    if one is None or two is None or one < 120:
        return
    require(two < one, "usage.input_tokens", f"less than {one}: without the instructions", two)
