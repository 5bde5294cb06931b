"""Responses: reasoning items."""

from __future__ import annotations

from functools import partial
from typing import Any

from conformance import response_events as re
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, require
from conformance.requirement import MUST, openai, openapi, requirement
from conformance.response_events import CREATED

plain = partial(requirement, needs="responses")
reasoning = partial(requirement, needs="responses.reasoning")


@plain(
    "responses.reasoning.before",
    MUST,
    "A reasoning item stands before the message or call that it led to.",
    source=openapi("ReasoningItem"),
    over=CREATED,
    breaks=["OpenAI refuses a reasoning item without its following item when it is sent back"],
)
def test_before(x: Exchange) -> None:
    body = re.need(x)
    kinds = [i.get("type") for i in re.output(body)]
    if "reasoning" not in kinds or body.get("status") != "completed" or len(kinds) == 1:
        raise NotApplicable
    require(kinds[-1] != "reasoning", "output", "reasoning before what follows", kinds)


@reasoning(
    "responses.reasoning.counted",
    MUST,
    "A response with reasoning counts `reasoning_tokens`.",
    source=openapi("ResponseUsage output_tokens_details"),
    breaks=["costs of reasoning are not seen"],
)
def test_reasoning_counted(responses_reasoning: Exchange) -> None:
    if not responses_reasoning.ok:
        raise NotApplicable("refused")
    body = re.need(responses_reasoning)
    if not re.items(body, "reasoning"):
        raise NotApplicable
    usage = re.usage_of(responses_reasoning)
    thought = re.detail(usage, "output_tokens_details", "reasoning_tokens")
    if thought is None:
        raise NotApplicable
    spoken = [p for i in re.items(body, "reasoning") for p in (*re.parts(i), *_summary(i))]
    if not spoken and thought == 0:
        raise Inconclusive("the model did not think")
    require(thought > 0, "usage.output_tokens_details.reasoning_tokens", "above 0", thought)


def _summary(item: dict[str, Any]) -> list[dict[str, Any]]:
    found = item.get("summary")
    return [p for p in found if isinstance(p, dict)] if isinstance(found, list) else []


@reasoning(
    "responses.reasoning.encrypted",
    MUST,
    '`include: ["reasoning.encrypted_content"]` brings `encrypted_content`, or is refused.',
    source=openai("responses/create include"),
    breaks=["Codex and the Agents SDK without storage lose the reasoning"],
)
def test_encrypted(responses_reasoning_encrypted: Exchange) -> None:
    if not responses_reasoning_encrypted.ok:
        raise NotApplicable("refused")
    found = re.items(re.need(responses_reasoning_encrypted), "reasoning")
    if not found:
        raise NotApplicable
    for item in found:
        text = item.get("encrypted_content")
        require(bool(re.text_or_none(text)), "output[].encrypted_content", "a string", text)


@reasoning(
    "responses.reasoning.streamed",
    MUST,
    "What is a reasoning item without streaming is one in a stream.",
    source=openai("responses-streaming"),
    breaks=["clients that stream lose the reasoning, or show it as the answer"],
)
def test_reasoning_stream(
    responses_reasoning: Exchange, responses_reasoning_stream: Exchange
) -> None:
    re.completed(responses_reasoning_stream)
    if not responses_reasoning.ok or not re.items(re.need(responses_reasoning), "reasoning"):
        raise NotApplicable
    found = re.items(re.need(responses_reasoning_stream), "reasoning")
    require(bool(found), "output", "a reasoning item", "none")
