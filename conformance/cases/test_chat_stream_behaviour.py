"""Chat streaming: what only shows beside other answers, or over time."""

from __future__ import annotations

from conformance import arrivals, streamed
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, expect, fail
from conformance.probes.chat_stream import GLYPHS
from conformance.requirement import MUST, SHOULD, field, openai, openapi, requirement, suite
from conformance.select import CHAT_STREAM, Selector
from conformance.texts import cooperates, damage

NEEDS = "chat.stream"
STREAMING = openai("chat/streaming")


@requirement(
    "chat.stream.text-equal",
    MUST,
    "At temperature 0 the streamed text is the text that is answered without streaming.",
    source=STREAMING,
    needs=NEEDS,
    breaks=["users see another text than the one that was stored or tested"],
)
def test_text_equal(
    chat: Exchange, chat_again: Exchange, chat_stream: Exchange, chat_stream_usage: Exchange
) -> None:
    text = streamed.content(chat)
    if text != streamed.content(chat_again):
        raise Inconclusive("the answer differs from request to request")
    for x in (chat_stream, chat_stream_usage):
        streamed.by_choice(x)
    found = [streamed.content(x) for x in (chat_stream, chat_stream_usage)]
    if text not in found:
        fail("the joined deltas", text[:200], found[0][:200])


@requirement(
    "chat.stream.finish-equal",
    MUST,
    "The finish reason is the same streamed and not streamed.",
    source=STREAMING,
    needs=NEEDS,
    breaks=["a truncated answer passes for a whole one in one of the two modes"],
)
def test_finish_equal(chat_length: Exchange, chat_stream_length: Exchange) -> None:
    whole = streamed.choice_of(chat_length).get("finish_reason")
    found = streamed.finish(chat_stream_length)
    if found is None or whole not in streamed.FINISHES:
        raise NotApplicable
    if found != whole:
        fail("finish_reason", f"{whole}, as without stream", found)


@requirement(
    "chat.stream.model-equal",
    SHOULD,
    "The same request names the same model streamed and not streamed.",
    source=openapi("CreateChatCompletionStreamResponse"),
    needs=NEEDS,
)
def test_model_equal(chat: Exchange, chat_stream: Exchange) -> None:
    body = chat.json
    whole = body.get("model") if isinstance(body, dict) else None
    found = next((c["model"] for _, c in streamed.chunks(chat_stream) if c.get("model")), None)
    if not isinstance(whole, str) or not isinstance(found, str):
        raise NotApplicable
    if whole != found:
        fail("model", f"{whole}, as without stream", found)


@requirement(
    "chat.stream.id-unique",
    MUST,
    "Every stream has an id of its own.",
    source=openapi("CreateChatCompletionStreamResponse"),
    needs=NEEDS,
    breaks=["logs and caches that are keyed by the id"],
)
def test_id_unique(chat_stream: Exchange, chat_stream_usage: Exchange) -> None:
    first = streamed.chunks(chat_stream)[0][1].get("id")
    second = streamed.chunks(chat_stream_usage)[0][1].get("id")
    if not first or not second:
        raise NotApplicable
    if first == second:
        fail("id", "different in every answer", first)


@requirement(
    "chat.stream.incremental",
    MUST,
    "Deltas are sent while the answer is generated, not all at its end.",
    source=STREAMING,
    needs=NEEDS,
    breaks=["users wait for the whole answer", "idle timeouts of proxies and clients"],
)
def test_incremental(stream_long: Exchange, stream_alone: Steps) -> None:
    arrivals.spread(stream_long, stream_alone, arrivals.of_chat)


@requirement(
    "chat.stream.n.every-choice",
    MUST,
    "With `n: 2` a stream brings two choices, with the indexes 0 and 1.",
    source=openai("chat/create n"),
    needs=NEEDS,
    breaks=["clients that asked for two answers wait for the second"],
)
def test_every_choice(stream_n: Exchange) -> None:
    found = set(streamed.by_choice(stream_n))
    if found != {0, 1}:
        fail("choices[].index", "0 and 1", sorted(found))


@requirement(
    "chat.encoding.whole",
    MUST,
    "Characters of several bytes come back whole in an answer.",
    source=field("https://github.com/mlc-ai/mlc-llm"),
    needs="chat",
    breaks=["text in every language but English, and every emoji"],
)
def test_encoding_whole(unicode: Exchange) -> None:
    text = streamed.content(unicode)
    if not cooperates(text):
        raise Inconclusive("the model did not repeat the text")
    if damage(text):
        fail("message.content", GLYPHS, text, message=damage(text) or "")


@requirement(
    "chat.encoding.streamed",
    MUST,
    "A character whose tokens come apart is held back until it is whole.",
    source=field("https://github.com/mlc-ai/mlc-llm"),
    needs=NEEDS,
    breaks=["text in every language but English, and every emoji"],
)
def test_encoding_streamed(unicode: Exchange, stream_unicode: Exchange) -> None:
    whole, text = streamed.content(unicode), streamed.content(stream_unicode)
    if not text or (not cooperates(text) and "\ufffd" in whole):
        raise Inconclusive("the model did not repeat the text")
    if damage(text):
        fail("the joined deltas", GLYPHS, text, message=damage(text) or "")
    if not cooperates(text):
        raise Inconclusive("the model did not repeat the text")


EARLY = Selector(
    "refused chat streams",
    lambda x: (
        x.status >= 400
        and x.request.method == "POST"
        and x.endpoint == "/chat/completions"
        and x.is_stream
    ),
)


@requirement(
    "chat.stream.error.json",
    MUST,
    "A request that is refused before the first chunk is answered by JSON, not by an event stream.",
    source=openai("error codes"),
    over=EARLY,
    breaks=["both SDKs read the body of an error as JSON"],
    any_status=True,
)
def test_error_json(answer: Exchange) -> None:
    assert answer.response is not None
    text = answer.response.text.lstrip()
    if answer.is_sse or text.startswith(("data:", "event:")):
        fail("body", "JSON", f"{answer.header('content-type')}: {text[:200]}")


@requirement(
    "chat.stream.error.not-200",
    MUST,
    "An error before the first delta has an HTTP error status; it is no event of a 200.",
    source=openai("error codes"),
    needs=NEEDS,
    over=CHAT_STREAM,
    breaks=["retry and fallback by status never happen", "LiteLLM: an empty success"],
)
def test_error_not_200(stream: Exchange) -> None:
    found = streamed.payloads(stream)
    if not found:
        raise NotApplicable
    number, _, payload = found[0]
    if streamed.is_error(payload):
        fail(f"event {number}", "status 4xx or 5xx", payload)


@requirement(
    "chat.stream.error.form",
    MUST,
    'An error in mid-stream is an event of the form `{"error": {"message": ...}}`.',
    source=openapi("ErrorEvent"),
    needs=NEEDS,
    over=CHAT_STREAM,
    breaks=["openai-python: a flat error is not raised, the answer just ends"],
)
def test_error_form(stream: Exchange) -> None:
    reports = [(n, p) for n, _, p in streamed.payloads(stream) if streamed.is_error(p)]
    if not reports:
        raise NotApplicable
    number, payload = reports[0]
    error = payload.get("error")
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        fail(f"event {number}: error", "an object with a message", payload)


@requirement(
    "chat.stream.error.last",
    MUST,
    "No chunk follows an error that is reported in mid-stream.",
    source=openapi("ErrorEvent"),
    needs=NEEDS,
    over=CHAT_STREAM,
    breaks=["both SDKs raise at the error: what follows is lost"],
)
def test_error_last(stream: Exchange) -> None:
    found = streamed.payloads(stream)
    places = [place for place, (_, _, p) in enumerate(found) if streamed.is_error(p)]
    if not places:
        raise NotApplicable
    if places[0] != len(found) - 1:
        fail(f"event {found[places[0] + 1][0]}", "the end of the stream", found[places[0] + 1][2])


def _same_status(whole: Exchange, stream: Exchange) -> None:
    if stream.ok and not (400 <= whole.status < 500):
        raise NotApplicable("the target accepts this request")
    if whole.ok:
        raise NotApplicable("the target accepts this request")
    expect(stream).status(4)


@requirement(
    "chat.stream.error.validated",
    MUST,
    "A request without messages is refused with a 4xx status, also with `stream: true`.",
    source=openai("chat/create messages"),
    needs=NEEDS,
    any_status=True,
    breaks=["clients take the empty stream for an empty answer"],
)
def test_error_validated(bad_messages_stream: Exchange) -> None:
    expect(bad_messages_stream).status(4)


@requirement(
    "chat.stream.error.same-status",
    MUST,
    "A request that is refused without streaming is refused with a 4xx status as a stream too.",
    source=openai("error codes"),
    needs=NEEDS,
    any_status=True,
    breaks=["retry and fallback by status never happen"],
)
def test_error_same_status(bad_limit_whole: Exchange, bad_limit_stream: Exchange) -> None:
    _same_status(bad_limit_whole, bad_limit_stream)


@requirement(
    "chat.stream.cancel.next",
    MUST,
    "After a client has left a stream, the next stream is answered.",
    source=suite("a client that leaves must not break the server"),
    needs=NEEDS,
    breaks=["every chat window has a stop button"],
)
def test_cancel_next(stream_cut: Steps) -> None:
    left = stream_cut.get("left")
    if left is None or left.status != 200:
        raise NotApplicable("the stream that should be left did not start")
    after = stream_cut["next"]
    if after.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    expect(after).status(2)
    streamed.by_choice(after)
    if not any(piece.speaks for piece in streamed.pieces(after)):
        again = stream_cut.get("again")
        if again is not None and streamed.finish(again) == "stop" and not streamed.text(again):
            raise Inconclusive("the model ends its answer to that prompt at once")
        fail("stream", "an answer", "no delta", exchange=after)


@requirement(
    "chat.stream.again",
    MUST,
    "A second stream after the first, on the same connection, is as whole as the first.",
    source=field("https://github.com/LostRuins/koboldcpp/issues/669"),
    needs=NEEDS,
    breaks=["every client that keeps connections open"],
)
def test_again(stream_cut: Steps) -> None:
    first, second = stream_cut.get("next"), stream_cut.get("again")
    if first is None or second is None or not first.ok or second.status == 429:
        raise NotApplicable
    expect(second).status(2)
    if streamed.finish(first) and not streamed.finish(second):
        fail("stream", "a whole answer", second.response.text[:200] if second.response else "none",
             exchange=second)  # fmt: skip


@requirement(
    "chat.stream.parallel.served",
    MUST,
    "Eight streams at once are all answered.",
    source=suite("streams are served side by side"),
    needs=NEEDS,
    breaks=["every application with more than one user"],
)
def test_parallel_served(stream_parallel: Steps) -> None:
    for x in stream_parallel:
        if x.status == 429:
            raise Inconclusive("an answer was 429", owner="quota")
        if not x.superseded:
            expect(x).status(2)


@requirement(
    "chat.stream.parallel.isolated",
    MUST,
    "Streams that run side by side do not mix their texts.",
    source=field("https://github.com/BerriAI/litellm/issues/35023"),
    needs=NEEDS,
    breaks=["users read each other's answers"],
)
def test_parallel_isolated(stream_parallel: Steps) -> None:
    words = {str(x.context.get("word")): x for x in stream_parallel if x.context.get("word")}
    own = 0
    for word, x in words.items():
        text = streamed.text(x)
        own += word in text
        for other in words:
            if other != word and other in text:
                fail("the joined deltas", word, text[:200], exchange=x)
    if own < 2:
        raise Inconclusive("the model did not repeat the words")


@requirement(
    "chat.stream.parallel.ids",
    MUST,
    "Streams that run side by side have different ids.",
    source=openapi("CreateChatCompletionStreamResponse"),
    needs=NEEDS,
    breaks=["clients that sort chunks by id"],
)
def test_parallel_ids(stream_parallel: Steps) -> None:
    seen: dict[str, Exchange] = {}
    for x in stream_parallel:
        found = {c.get("id") for _, _, c in streamed.payloads(x) if isinstance(c.get("id"), str)}
        for id in found:
            if id and seen.setdefault(id, x) is not x:
                fail("id", "different in every stream", id, exchange=x)
    if not seen:
        raise NotApplicable
