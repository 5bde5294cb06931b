"""Responses: the usage, judged over every response of the run."""

from __future__ import annotations

from functools import partial

from conformance import response_events as re
from conformance.exchange import Exchange
from conformance.expect import NotApplicable, require
from conformance.requirement import MUST, SHOULD, openai, openapi, requirement
from conformance.response_events import ANSWERS, CREATED

USAGE = openapi("ResponseUsage")
rule = partial(requirement, needs="responses")


@rule(
    "responses.usage.given",
    MUST,
    "A response that has ended has `usage`.",
    source=openai("responses/object usage"),
    over=ANSWERS,
    breaks=["LangChain and every budget lose the count"],
)
def test_usage(x: Exchange) -> None:
    body = re.need(x)
    if body.get("status") not in ("completed", "incomplete"):
        raise NotApplicable
    found = body.get("usage")
    require(isinstance(found, dict), "usage", "an object", found)


def _usage(x: Exchange, *keys: str) -> list[int]:
    """Counts of the usage. Raises NotApplicable unless all are there."""
    re.need(x)
    return [re.count(x, key) for key in keys]


@rule(
    "responses.usage.total",
    MUST,
    "`usage.total_tokens` is the sum of `input_tokens` and `output_tokens`.",
    source=USAGE,
    over=ANSWERS,
    breaks=["budgets and bills"],
)
def test_total(x: Exchange) -> None:
    into, out, total = _usage(x, "input_tokens", "output_tokens", "total_tokens")
    require(total == into + out, "usage.total_tokens", str(into + out), total)


@rule(
    "responses.usage.input-counted",
    MUST,
    "`usage.input_tokens` is at least 1.",
    source=USAGE,
    over=ANSWERS,
    breaks=["budgets and bills"],
)
def test_input_counted(x: Exchange) -> None:
    (into,) = _usage(x, "input_tokens")
    require(into >= 1, "usage.input_tokens", "at least 1", into)


@rule(
    "responses.usage.output-counted",
    MUST,
    "`usage.output_tokens` is at least 1 when there is output.",
    source=USAGE,
    over=ANSWERS,
    breaks=["budgets and bills"],
)
def test_output_counted(x: Exchange) -> None:
    (out,) = _usage(x, "output_tokens")
    body = re.need(x)
    if not re.texts(body) and not re.calls(body):
        raise NotApplicable
    require(out >= 1, "usage.output_tokens", "at least 1", out)


@rule(
    "responses.usage.cached-within",
    MUST,
    "`input_tokens_details.cached_tokens` is a part of `input_tokens`.",
    source=USAGE,
    over=ANSWERS,
    breaks=["costs become negative"],
)
def test_cached(x: Exchange) -> None:
    (into,) = _usage(x, "input_tokens")
    cached = re.detail(re.usage_of(x), "input_tokens_details", "cached_tokens")
    if cached is None:
        raise NotApplicable
    require(cached <= into, "usage.input_tokens_details.cached_tokens", f"at most {into}", cached)


@rule(
    "responses.usage.reasoning-within",
    MUST,
    "`output_tokens_details.reasoning_tokens` is a part of `output_tokens`.",
    source=USAGE,
    over=ANSWERS,
    breaks=["costs become negative"],
)
def test_reasoning_within(x: Exchange) -> None:
    (out,) = _usage(x, "output_tokens")
    thought = re.detail(re.usage_of(x), "output_tokens_details", "reasoning_tokens")
    if thought is None:
        raise NotApplicable
    require(
        thought <= out, "usage.output_tokens_details.reasoning_tokens", f"at most {out}", thought
    )


@rule(
    "responses.usage.within-limit",
    MUST,
    "`usage.output_tokens` is not above `max_output_tokens`.",
    source=openai("responses/create max_output_tokens"),
    over=CREATED,
    breaks=["the bound on costs does not hold"],
)
def test_within_limit(x: Exchange) -> None:
    limit = re.number(x.sent.get("max_output_tokens"))
    if limit is None:
        raise NotApplicable
    (out,) = _usage(x, "output_tokens")
    require(out <= limit, "usage.output_tokens", f"at most {limit}", out)


@rule(
    "responses.usage.no-chat-names",
    SHOULD,
    "`usage` does not have the names of chat completions.",
    source=USAGE,
    over=ANSWERS,
    breaks=["clients that add up both spellings count twice"],
)
def test_no_chat_names(x: Exchange) -> None:
    re.need(x)
    usage = re.usage_of(x)
    if not usage:
        raise NotApplicable
    for key in ("prompt_tokens", "completion_tokens"):
        require(key not in usage, f"usage.{key}", "absent", usage.get(key))
