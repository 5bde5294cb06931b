"""Responses: the results of tools go back, and wrong round trips are refused."""

from __future__ import annotations

from functools import partial

from conformance import response_events as re
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, expect, fail, require
from conformance.probes.responses_tools import MARK
from conformance.requirement import MUST, SHOULD, openai, openapi, requirement

CHOICE = openai("responses/create tool_choice")
rule = partial(requirement, needs="responses.tools")


def _answered(x: Exchange) -> None:
    body = re.need(x)
    text = re.text_of(x)
    if MARK in text:
        return
    if not text and not re.calls(body):
        fail("output", "a message", body.get("output"))
    raise Inconclusive("the model did not repeat what the tool said")


@rule(
    "responses.tools.result-used",
    MUST,
    "The result of a tool reaches the model, and a message answers it.",
    source=openai("responses/create input"),
    breaks=["every tool loop ends without an answer"],
)
def test_result(responses_tools_reply: Exchange, responses_tools_reply_stream: Exchange) -> None:
    for x in (responses_tools_reply, responses_tools_reply_stream):
        _answered(x)


@rule(
    "responses.tools.result-counted",
    MUST,
    "A call and its result count as input.",
    source=openapi("ResponseUsage input_tokens"),
    breaks=["the model does not see what its tool said"],
)
def test_result_counted(responses_tools: Exchange, responses_tools_reply: Exchange) -> None:
    few, many = (re.count(x, "input_tokens") for x in (responses_tools, responses_tools_reply))
    require(many >= few + 12, "usage.input_tokens", f"at least {few + 12}", many)


@rule(
    "responses.tools.result-by-id",
    MUST,
    "The result of a tool may go back by `previous_response_id`, without the call.",
    source=openai("responses/create previous_response_id"),
    breaks=["agents that keep their state on the server"],
)
def test_by_id(responses_tools_previous: Exchange) -> None:
    x = responses_tools_previous
    if x.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    expect(x).status(2)
    _answered(x)


@rule(
    "responses.tools.orphan-refused",
    SHOULD,
    "A result without a call is refused with 400.",
    source=openai("responses/create input"),
    any_status=True,
)
def test_orphan(responses_tools_orphan: Exchange) -> None:
    expect(responses_tools_orphan).status(4)


@rule(
    "responses.tools.unanswered-refused",
    SHOULD,
    "A call without its result is refused with 400.",
    source=openai("responses/create input"),
    any_status=True,
)
def test_unanswered(responses_tools_unanswered: Exchange) -> None:
    expect(responses_tools_unanswered).status(4)


@rule(
    "responses.tools.unknown-choice",
    SHOULD,
    "A `tool_choice` that names no offered tool is refused with 400.",
    source=CHOICE,
    any_status=True,
)
def test_unknown(responses_tools_unknown: Exchange) -> None:
    expect(responses_tools_unknown).status(4)


@rule(
    "responses.tools.bad-choice",
    MUST,
    "A `tool_choice` that is no known word is refused with a 4xx status.",
    source=CHOICE,
    any_status=True,
    breaks=["a mistake in the request changes what the model may do"],
)
def test_bad_choice(responses_tools_bad_choice: Exchange) -> None:
    expect(responses_tools_bad_choice).status(4)
