"""Responses: what options do, judged on probes of their own."""

from __future__ import annotations

from functools import partial

from conformance import response_events as re
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, expect, fail, require
from conformance.requirement import MUST, SHOULD, field, openai, openapi, requirement
from conformance.select import Selector

rule = partial(requirement, needs="responses")
streaming = partial(requirement, needs="responses.stream")
COUNTED = openapi("ResponseUsage input_tokens")
STREAMS = openai("responses-streaming")


@rule(
    "responses.text",
    MUST,
    "A question is answered by a message with an `output_text` part that is not empty.",
    source=openai("responses/object output"),
    breaks=["both SDKs: `output_text` is empty"],
)
def test_text(responses: Exchange) -> None:
    body = re.need(responses)
    if re.items(body, "message") and any(
        p.get("type") == "refusal" for i in re.items(body, "message") for p in re.parts(i)
    ):
        raise Inconclusive("the model refused")
    if not re.texts(body) and re.ended_at_once(responses):
        raise Inconclusive("the model ended its answer at once")
    require(bool(re.texts(body)), "output_text", "a text", body.get("output"))


REFUSED = Selector(
    "refused responses",
    lambda x: x.status >= 400 and x.request.method == "POST" and x.endpoint == "/responses",
)


@requirement(
    "responses.error.no-messages",
    MUST,
    "No error of `/responses` asks for `messages`, the parameter of another route.",
    source=field("https://github.com/kgateway-dev/kgateway"),
    over=REFUSED,
    any_status=True,
    breaks=["the Agents SDK, which uses this route by default"],
)
def test_no_messages(x: Exchange) -> None:
    body = x.json
    error = re.dict_of(body, "error")
    if "messages" in x.sent:
        raise NotApplicable
    message = str(error.get("message") or "")
    asks = error.get("param") == "messages" or "'messages'" in message or "`messages`" in message
    require(not asks, "error", "about `input`", error)


@rule(
    "responses.error.messages-refused",
    MUST,
    "A request with `messages` in place of `input` is not answered as if it had an input.",
    source=openai("responses/create input"),
    any_status=True,
    breaks=["a client that mixes up the two APIs gets an answer to nothing"],
)
def test_messages(responses_bad_messages: Exchange) -> None:
    x = responses_bad_messages
    if x.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    if x.ok and "fox" in re.text_of(x):
        raise NotApplicable("the target understands messages too")
    expect(x).status(4)


# ---- limits ------------------------------------------------------------------------------------


def _limited(x: Exchange) -> None:
    body = re.need(x)
    out = re.number(re.usage_of(x).get("output_tokens"))
    if body.get("status") == "incomplete":
        return
    if out is not None and out >= 16:
        fail("status", "incomplete", f"{body.get('status')} after {out} tokens")
    if len(re.text_of(x)) > 100:
        fail("output_text", "cut after 16 tokens", re.text_of(x))
    raise Inconclusive("the model ended by itself")


@rule(
    "responses.limit.incomplete",
    MUST,
    'A response that `max_output_tokens` cut off has the status "incomplete".',
    source=openai("responses/create max_output_tokens"),
    breaks=["a truncated answer passes for a whole one"],
)
def test_limit(responses_length: Exchange) -> None:
    _limited(responses_length)


@streaming(
    "responses.limit.incomplete-streamed",
    MUST,
    "A stream that `max_output_tokens` cut off ends with the event `response.incomplete`.",
    source=STREAMS,
    breaks=["a truncated answer passes for a whole one"],
)
def test_limit_stream(responses_stream_length: Exchange) -> None:
    re.ended(responses_stream_length)
    _limited(responses_stream_length)
    end = re.of(re.seen(responses_stream_length), *re.ENDS)[-1]
    wanted = "response.incomplete"
    require(end.type == wanted, f"{end.where}: type", wanted, end.type)


@rule(
    "responses.limit.reason",
    MUST,
    'The reason of a response that `max_output_tokens` cut off is "max_output_tokens".',
    source=openai("responses/object incomplete_details"),
    breaks=["clients cannot tell a limit from a filter"],
)
def test_limit_reason(responses_length: Exchange) -> None:
    body = re.need(responses_length)
    reason = re.dict_of(body, "incomplete_details").get("reason")
    if body.get("status") != "incomplete" or reason is None:
        raise NotApplicable
    require(reason == "max_output_tokens", "incomplete_details.reason", "max_output_tokens", reason)


@rule(
    "responses.limit.item",
    SHOULD,
    'The message that was cut off has the status "incomplete".',
    source=openapi("OutputMessage status"),
)
def test_limit_item(responses_length: Exchange) -> None:
    body = re.need(responses_length)
    found = [i.get("status") for i in re.items(body, "message")]
    if body.get("status") != "incomplete" or not found:
        raise NotApplicable
    require(found[-1] == "incomplete", "output[message].status", "incomplete", found[-1])


# ---- counting: what was sent reached the model -------------------------------------------------


def _more(
    short: Exchange, other: Exchange, what: str, least: int = 20, *, long: Exchange | None = None
) -> None:
    few, many = re.count(short, "input_tokens"), re.count(other, "input_tokens")
    if long is not None and re.count(long, "input_tokens") <= few:
        raise Inconclusive("usage does not grow with the input, so it tells nothing of its parts")
    require(many >= few + least, "usage.input_tokens", f"at least {few + least}, with {what}", many)


@rule(
    "responses.usage.input-grows",
    MUST,
    "`usage.input_tokens` grows with the input.",
    source=COUNTED,
    breaks=["budgets and bills"],
)
def test_input_grows(responses_short: Exchange, responses_long_input: Exchange) -> None:
    _more(responses_short, responses_long_input, "a long input")


@streaming(
    "responses.usage.output-grows",
    MUST,
    "`usage.output_tokens` grows with the text.",
    source=openapi("ResponseUsage output_tokens"),
    breaks=["budgets and bills"],
)
def test_output_grows(responses_zero: Exchange, responses_stream_long: Exchange) -> None:
    few, many = (len(re.text_of(x)) for x in (responses_zero, responses_stream_long))
    if few * 3 > many or many < 100:
        raise Inconclusive("both texts are about as long")
    less, more = (re.count(x, "output_tokens") for x in (responses_zero, responses_stream_long))
    require(more > less, "usage.output_tokens", f"more than {less}", more)


@rule(
    "responses.usage.steady",
    MUST,
    "The same request has the same `input_tokens`, streamed or not.",
    source=COUNTED,
    breaks=["budgets and bills"],
)
def test_steady(
    responses_zero: Exchange, responses_again: Exchange, responses_stream: Exchange
) -> None:
    counts = []
    for x in (responses_zero, responses_again, responses_stream):
        found = re.number(re.usage_of(x).get("input_tokens"))
        if found is not None:
            counts.append(found)
    if len(counts) < 2:
        raise NotApplicable
    require(len(set(counts)) == 1, "usage.input_tokens", str(counts[0]), counts)


@rule(
    "responses.instructions.used",
    MUST,
    "`instructions` reach the model: they count as input.",
    source=openai("responses/create instructions"),
    breaks=["the system prompt is lost in silence"],
)
def test_instructions(
    responses_short: Exchange, responses_long_input: Exchange, responses_instructed: Exchange
) -> None:
    _more(responses_short, responses_instructed, "long instructions", long=responses_long_input)


@rule(
    "responses.input.developer-used",
    MUST,
    "A `developer` message reaches the model: it counts as input.",
    source=openai("responses/create input"),
    breaks=["the system prompt is lost in silence"],
)
def test_developer(
    responses_short: Exchange, responses_long_input: Exchange, responses_developer: Exchange
) -> None:
    _more(
        responses_short, responses_developer, "a long developer message", long=responses_long_input
    )


@rule(
    "responses.input.history-used",
    MUST,
    "All messages of the input reach the model, not only the last: they count as input.",
    source=openai("responses/create input"),
    breaks=["the model forgets what was said before"],
)
def test_history(
    responses_short: Exchange, responses_long_input: Exchange, responses_history: Exchange
) -> None:
    _more(responses_short, responses_history, "a history", long=responses_long_input)


@rule(
    "responses.input.parts-used",
    MUST,
    "All parts of a message reach the model, not only one: they count as input.",
    source=openai("responses/create input"),
    breaks=["text of the user is lost in silence"],
)
def test_parts(
    responses_short: Exchange, responses_long_input: Exchange, responses_long_parts: Exchange
) -> None:
    _more(responses_short, responses_long_parts, "a long part", long=responses_long_input)
