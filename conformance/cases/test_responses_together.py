"""Responses: what shows only when answers, whole and streamed, are laid together."""

from __future__ import annotations

import json

from conformance import response_events as re
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.requirement import MUST, openai, openapi, requirement
from conformance.select import on

ANSWERS = on("POST", "/responses", "responses, whole and streamed")
USAGE = openapi("ResponseUsage")
HARMLESS = frozenset(
    (
        "stream", "stream_options", "max_output_tokens", "temperature", "top_p", "metadata",
        "store", "user", "include", "background", "safety_identifier", "prompt_cache_key",
        "top_logprobs",
    )
)  # fmt: skip
"""Parameters that are no part of the prompt."""


@requirement(
    "responses.usage.same-input",
    MUST,
    "The same input and tools have the same `input_tokens` in every answer, streamed or not.",
    source=USAGE,
    needs="responses",
    over=ANSWERS,
    together=True,
    breaks=["cost accounting and budgets are wrong"],
)
def test_same_input(answers: tuple[Exchange, ...]) -> None:
    known: dict[str, tuple[int, Exchange]] = {}
    compared = False
    for x in answers:
        sent = {k: v for k, v in x.sent.items() if k not in HARMLESS and v is not None}
        if not sent or {"previous_response_id", "conversation", "prompt"} & sent.keys():
            continue  # what the server adds to them may change
        if x.context.get("foreign") or x.probe.startswith("fuzz"):
            continue
        count = re.number(re.usage_of(x).get("input_tokens"))
        if count is None:
            continue
        first, where = known.setdefault(json.dumps(sent, sort_keys=True), (count, x))
        compared = compared or where is not x
        if first != count:
            fail("usage.input_tokens", f"{first}, as in {where.id}", count, exchange=x)
    if not compared:
        raise NotApplicable("no two requests have the same input")


@requirement(
    "responses.instructions.streamed",
    MUST,
    "`instructions` reach the model in a stream as they do without.",
    source=openai("responses/create instructions"),
    needs="responses.stream",
    breaks=["agents whose rules hold only where nobody looks on"],
)
def test_instructions(
    responses_instructed: Exchange, responses_instructed_stream: Exchange
) -> None:
    whole = re.number(re.usage_of(responses_instructed).get("input_tokens"))
    found = re.number(re.usage_of(responses_instructed_stream).get("input_tokens"))
    if whole is None or found is None:
        raise NotApplicable("no usage")
    require(found == whole, "usage.input_tokens", f"{whole}, as without stream", found)


@requirement(
    "responses.stream.usage-equal",
    MUST,
    "The same text has the same `output_tokens` streamed and not streamed.",
    source=USAGE,
    needs="responses.stream",
    breaks=["cost accounting depends on the mode"],
)
def test_usage_equal(responses_zero: Exchange, responses_stream: Exchange) -> None:
    text = re.text_of(responses_zero)
    if not text or text != re.text_of(responses_stream):
        raise Inconclusive("the two answers differ")
    one, other = re.usage_of(responses_zero), re.usage_of(responses_stream)
    group = ("output_tokens_details", "reasoning_tokens")
    if re.detail(one, *group) or re.detail(other, *group):
        raise Inconclusive("hidden reasoning differs from answer to answer")
    whole, found = re.number(one.get("output_tokens")), re.number(other.get("output_tokens"))
    if whole is None or found is None:
        raise NotApplicable("no usage")
    # the same text may once be made of other tokens
    fine = abs(whole - found) <= 1
    require(fine, "usage.output_tokens", f"{whole}, as without stream", found)
