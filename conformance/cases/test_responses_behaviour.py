"""Responses: what options do, judged on probes of their own."""

from __future__ import annotations

from functools import partial
from typing import Any

from conformance import response_events as re
from conformance.cases.test_chat_stream_behaviour import _cooperates, _damage
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, expect, fail, require
from conformance.probes.chat_stream import GLYPHS
from conformance.requirement import MUST, SHOULD, field, openai, openapi, requirement, suite
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
    require(bool(re.texts(body)), "output_text", "a text", body.get("output"))


REFUSED = Selector(
    "refused responses",
    lambda x: (
        x.status >= 400 and x.request.method == "POST" and x.endpoint == "/responses"
    ),
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
    "A response that `max_output_tokens` cut off has the status \"incomplete\".",
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
    "The reason of a response that `max_output_tokens` cut off is \"max_output_tokens\".",
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
    "The message that was cut off has the status \"incomplete\".",
    source=openapi("OutputMessage status"),
)
def test_limit_item(responses_length: Exchange) -> None:
    body = re.need(responses_length)
    found = [i.get("status") for i in re.items(body, "message")]
    if body.get("status") != "incomplete" or not found:
        raise NotApplicable
    require(found[-1] == "incomplete", "output[message].status", "incomplete", found[-1])


# ---- counting: what was sent reached the model -------------------------------------------------


def _more(short: Exchange, long: Exchange, what: str, least: int = 20) -> None:
    few, many = re.count(short, "input_tokens"), re.count(long, "input_tokens")
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
def test_instructions(responses_short: Exchange, responses_instructed: Exchange) -> None:
    _more(responses_short, responses_instructed, "long instructions")


@rule(
    "responses.input.developer-used",
    MUST,
    "A `developer` message reaches the model: it counts as input.",
    source=openai("responses/create input"),
    breaks=["the system prompt is lost in silence"],
)
def test_developer(responses_short: Exchange, responses_developer: Exchange) -> None:
    _more(responses_short, responses_developer, "a long developer message")


@rule(
    "responses.input.history-used",
    MUST,
    "All messages of the input reach the model, not only the last: they count as input.",
    source=openai("responses/create input"),
    breaks=["the model forgets what was said before"],
)
def test_history(responses_short: Exchange, responses_history: Exchange) -> None:
    _more(responses_short, responses_history, "a history")


@rule(
    "responses.input.parts-used",
    MUST,
    "All parts of a message reach the model, not only one: they count as input.",
    source=openai("responses/create input"),
    breaks=["text of the user is lost in silence"],
)
def test_parts(responses_short: Exchange, responses_long_parts: Exchange) -> None:
    _more(responses_short, responses_long_parts, "a long part")


# ---- text --------------------------------------------------------------------------------------


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


@rule(
    "responses.encoding.whole",
    MUST,
    "Characters of several bytes come back whole in a response.",
    source=field("https://github.com/mlc-ai/mlc-llm"),
    breaks=["text in every language but English, and every emoji"],
)
def test_encoding(responses_unicode: Exchange) -> None:
    _encoded(re.text_of(responses_unicode))


@streaming(
    "responses.encoding.streamed",
    MUST,
    "A character whose tokens come apart is held back until it is whole.",
    source=field("https://github.com/mlc-ai/mlc-llm"),
    breaks=["text in every language but English, and every emoji"],
)
def test_encoding_streamed(responses_stream_unicode: Exchange) -> None:
    _encoded(re.text_of(responses_stream_unicode))


def _encoded(text: str) -> None:
    if not text:
        raise NotApplicable
    damage = _damage(text)
    if damage:
        fail("output_text", GLYPHS, text, message=damage)
    if not _cooperates(text):
        raise Inconclusive("the model did not repeat the text")


# ---- logprobs ----------------------------------------------------------------------------------


@rule(
    "responses.logprobs.not-ignored",
    SHOULD,
    "`include: [\"message.output_text.logprobs\"]` brings logprobs, or is refused.",
    source=openai("responses/create include"),
    breaks=["classifiers that read probabilities"],
)
def test_logprobs_given(responses_logprobs: Exchange) -> None:
    if not responses_logprobs.ok:
        raise NotApplicable("refused")
    found = re.text_parts(re.need(responses_logprobs))
    if not any(p.get("text") for p in found):
        raise NotApplicable
    if not any(p.get("logprobs") for p in found):
        fail("output[message].content[].logprobs", "an entry for each token", "none")


def _entries(part: dict[str, Any]) -> list[dict[str, Any]]:
    found = part.get("logprobs")
    return [e for e in found if isinstance(e, dict)] if isinstance(found, list) else []


def _aligned(x: Exchange) -> None:
    judged = False
    for part in re.text_parts(re.need(x)):
        entries, text = _entries(part), part.get("text")
        if not entries or not isinstance(text, str):
            continue
        data = b""
        for entry in entries:
            raw = entry.get("bytes")
            token = entry.get("token")
            if isinstance(raw, list) and all(re.number(b) in range(256) for b in raw):
                data += bytes(raw)
            elif isinstance(token, str):
                data += token.encode("utf-8", "replace")
        judged = True
        found = data.decode("utf-8", "replace").strip()
        special = found.startswith(text.strip()) and len(entries) > 1
        if found != text.strip() and not special:
            fail("output_text.logprobs[].token", text[:200], found[:200])
    if not judged:
        raise NotApplicable


@requirement(
    "responses.logprobs.aligned",
    MUST,
    "The tokens of a part's logprobs join to its text.",
    source=openapi("ResponseLogProb"),
    needs="responses.logprobs",
    breaks=["probabilities belong to other words"],
)
def test_logprobs_aligned(responses_logprobs: Exchange) -> None:
    _aligned(responses_logprobs)


@requirement(
    "responses.logprobs.aligned-streamed",
    MUST,
    "The tokens of a streamed part's logprobs join to its text.",
    source=openapi("ResponseLogProb"),
    needs="responses.logprobs",
    breaks=["probabilities belong to other words"],
)
def test_logprobs_streamed(responses_stream_logprobs: Exchange) -> None:
    _aligned(responses_stream_logprobs)


@requirement(
    "responses.logprobs.top",
    MUST,
    "`top_logprobs: 2` brings at most two alternatives a token.",
    source=openai("responses/create top_logprobs"),
    needs="responses.logprobs",
    breaks=["classifiers that index the alternatives"],
)
def test_logprobs_top(responses_logprobs: Exchange) -> None:
    counts = [
        len(e["top_logprobs"])
        for p in re.text_parts(re.need(responses_logprobs))
        for e in _entries(p)
        if isinstance(e.get("top_logprobs"), list)
    ]
    if not counts:
        raise NotApplicable
    # OpenAI adds the token itself where it is not among the alternatives
    require(max(counts) in (1, 2, 3), "top_logprobs", "2 alternatives", max(counts))


@requirement(
    "responses.logprobs.deltas",
    SHOULD,
    "The deltas of a stream with logprobs carry those of their own text.",
    source=openapi("ResponseTextDeltaEvent logprobs"),
    needs="responses.logprobs",
)
def test_logprobs_deltas(responses_stream_logprobs: Exchange) -> None:
    deltas = [e for e in re.of(re.seen(responses_stream_logprobs), "response.output_text.delta")
              if e.delta]  # fmt: skip
    if not deltas:
        raise NotApplicable
    found = [e for e in deltas if e.payload.get("logprobs")]
    require(bool(found), "response.output_text.delta: logprobs", "entries", "none")


@requirement(
    "responses.logprobs.unasked",
    SHOULD,
    "Without `include` the deltas of a stream carry no logprobs.",
    source=openapi("ResponseTextDeltaEvent logprobs"),
    needs="responses.stream",
)
def test_logprobs_unasked(responses_stream: Exchange) -> None:
    deltas = re.of(re.seen(responses_stream), "response.output_text.delta")
    if not deltas:
        raise NotApplicable
    for event in deltas:
        found = event.payload.get("logprobs")
        require(not found, f"{event.where}: logprobs", "[]", found)


# ---- streams over time and beside each other ---------------------------------------------------


@streaming(
    "responses.stream.incremental",
    MUST,
    "Deltas are sent while the answer is generated, not all at its end.",
    source=STREAMS,
    breaks=["users wait for the whole answer", "idle timeouts of proxies and clients"],
)
def test_incremental(responses_stream_long: Exchange, responses_stream_length: Exchange) -> None:
    x = responses_stream_long
    if x.header("content-encoding"):
        raise Inconclusive("a compressed body hides when its parts came", owner="suite")
    arrivals = [e.at for e in re.of(re.seen(x), "response.output_text.delta") if e.delta]
    if len(arrivals) < 10:
        raise Inconclusive("the answer is too short to tell")
    first, last = arrivals[0], arrivals[-1]
    if last - first >= 0.1 * last:
        return
    if first > 2 * responses_stream_length.duration + 0.25:
        fail(
            "arrival of the deltas",
            "spread over the time of generation",
            f"first after {first:.2f} s, last {last - first:.2f} s later; "
            f"16 tokens take {responses_stream_length.duration:.2f} s",
        )
    raise Inconclusive("the answer came too quickly to tell")


@streaming(
    "responses.stream.created-early",
    SHOULD,
    "`response.created` is sent when the work begins, not when it is done.",
    source=STREAMS,
    breaks=["clients cannot name a response that they want to cancel"],
)
def test_created_early(responses_stream_long: Exchange) -> None:
    events = re.seen(responses_stream_long)
    first, last = events[0].at, events[-1].at
    if last < 1.0 or responses_stream_long.header("content-encoding"):
        raise Inconclusive("the answer came too quickly to tell")
    require(first <= 0.8 * last, "arrival of response.created", f"well before {last:.2f} s",
            f"after {first:.2f} s")  # fmt: skip


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
