"""Streamed responses: what only shows beside other answers, or over time."""

from __future__ import annotations

from functools import partial

from conformance import arrivals
from conformance import response_events as re
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, expect, fail, require
from conformance.requirement import MUST, SHOULD, field, openai, requirement, suite

streaming = partial(requirement, needs="responses.stream")
STREAMS = openai("responses-streaming")


@streaming(
    "responses.stream.text-equal",
    MUST,
    "At temperature 0 the streamed text is the text that is answered without streaming.",
    source=STREAMS,
    breaks=["users see another text than the one that was tested"],
)
def test_text_equal(
    responses_zero: Exchange, responses_again: Exchange, responses_stream: Exchange
) -> None:
    text, streamed = re.text_of(responses_zero), re.text_of(responses_stream)
    if text != re.text_of(responses_again):
        raise Inconclusive("the answer differs from request to request")
    if not text or not streamed:
        raise NotApplicable
    require(streamed == text, "the joined deltas", text[:200], streamed[:200])


@streaming(
    "responses.stream.model-equal",
    SHOULD,
    "The same request names the same model streamed and not streamed.",
    source=openai("responses/object model"),
)
def test_model_equal(responses_zero: Exchange, responses_stream: Exchange) -> None:
    whole, found = (re.need(x).get("model") for x in (responses_zero, responses_stream))
    if not isinstance(whole, str) or not isinstance(found, str):
        raise NotApplicable
    require(whole == found, "model", whole, found)


DOCUMENTED = {
    "id", "object", "created_at", "status", "error", "incomplete_details", "instructions",
    "metadata", "model", "output", "parallel_tool_calls", "temperature", "tool_choice", "tools",
    "top_p", "usage", "text", "truncation", "store", "max_output_tokens",
    "previous_response_id", "background", "reasoning", "service_tier",
}  # fmt: skip


@streaming(
    "responses.stream.keys-equal",
    SHOULD,
    "The final response of a stream has the same properties as one that is not streamed.",
    source=openai("responses/object"),
    breaks=["clients that store the final response"],
)
def test_keys_equal(responses_zero: Exchange, responses_stream: Exchange) -> None:
    whole, found = re.need(responses_zero), re.need(responses_stream)
    missing = sorted((set(whole) & DOCUMENTED) - set(found))
    if "output" not in whole:
        raise NotApplicable
    require(not missing, "response", "the properties of a whole response", f"without {missing}")


# ---- streams over time and beside each other ---------------------------------------------------


@streaming(
    "responses.stream.incremental",
    MUST,
    "Deltas are sent while the answer is generated, not all at its end.",
    source=STREAMS,
    breaks=["users wait for the whole answer", "idle timeouts of proxies and clients"],
)
def test_incremental(responses_stream_long: Exchange, responses_stream_alone: Steps) -> None:
    arrivals.spread(responses_stream_long, responses_stream_alone, arrivals.of_response)


@streaming(
    "responses.stream.created-early",
    SHOULD,
    "`response.created` is sent when the work begins, not when it is done.",
    source=STREAMS,
    breaks=["clients cannot name a response that they want to cancel"],
)
def test_created_early(responses_stream_long: Exchange, responses_stream_alone: Steps) -> None:
    times = _every(responses_stream_long)
    if not times or times[-1] < 1.0 or responses_stream_long.header("content-encoding"):
        raise Inconclusive("the answer came too quickly to tell")
    if times[0] <= 0.8 * times[-1]:
        return
    told = arrivals.held_back(responses_stream_alone, _every, 0.2)
    if not told:
        raise Inconclusive("the answer came too quickly to tell")
    fail("arrival of response.created", f"well before {times[-1]:.2f} s", told)


def _every(x: Exchange) -> list[float]:
    return [event.at for event in re.seen(x)]


@streaming(
    "responses.stream.obfuscation-off",
    SHOULD,
    "With `include_obfuscation: false` no delta carries `obfuscation`.",
    source=openai("responses/create stream_options"),
)
def test_obfuscation(responses_with_obfuscation_off: Exchange) -> None:
    for event in re.seen(responses_with_obfuscation_off):
        require(not event.payload.get("obfuscation"), f"{event.where}: obfuscation", "absent",
                event.payload.get("obfuscation"))  # fmt: skip


@streaming(
    "responses.stream.cancel.next",
    MUST,
    "After a client has left a stream, the next stream is answered.",
    source=suite("a client that leaves must not break the server"),
    breaks=["every chat window has a stop button"],
)
def test_cancel_next(responses_cut: Steps) -> None:
    left, after = responses_cut.get("left"), responses_cut.get("next")
    if left is None or left.status != 200 or after is None:
        raise NotApplicable("the stream that should be left did not start")
    if after.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    expect(after).status(2)
    if not re.text_of(after) and re.ended_at_once(after):
        raise Inconclusive("the model ended its answer at once")
    if not re.text_of(after):
        fail("stream", "an answer", "no delta", exchange=after)


@streaming(
    "responses.stream.parallel.served",
    MUST,
    "Five streams at once are all answered.",
    source=suite("streams are served side by side"),
    breaks=["every application with more than one user"],
)
def test_parallel_served(responses_parallel: Steps) -> None:
    for x in responses_parallel:
        if x.status == 429:
            raise Inconclusive("an answer was 429", owner="quota")
        if not x.superseded:
            expect(x).status(2)


@streaming(
    "responses.stream.parallel.isolated",
    MUST,
    "Streams that run side by side do not mix their texts.",
    source=field("https://github.com/BerriAI/litellm/issues/35023"),
    breaks=["users read each other's answers"],
)
def test_parallel_isolated(responses_parallel: Steps) -> None:
    words = {str(x.context.get("word")): x for x in responses_parallel if x.context.get("word")}
    own = 0
    for word, x in words.items():
        text = re.text_of(x) + re.texts(re.last_response(x))
        own += word in text
        for other in words:
            if other != word and other in text:
                fail("the joined deltas", word, text[:200], exchange=x)
    if own < 2:
        raise Inconclusive("the model did not repeat the words")
