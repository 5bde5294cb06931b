"""Chat streaming: the order of chunks, from the first to [DONE]."""

from __future__ import annotations

import itertools
from collections import Counter

from conformance import streamed
from conformance.exchange import Exchange
from conformance.expect import NotApplicable, fail
from conformance.requirement import MUST, SHOULD, openai, openapi, requirement, sdk
from conformance.select import CHAT_STREAM

CHUNK = openapi("CreateChatCompletionStreamResponse")
NEEDS = "chat.stream"


@requirement(
    "chat.stream.events",
    MUST,
    "`stream: true` is answered by events, each behind `data:`, not by one JSON document.",
    source=openai("chat/create stream"),
    needs="chat",
    over=CHAT_STREAM,
    breaks=["openai-python and openai-node: no chunk and no exception"],
)
def test_events(stream: Exchange) -> None:
    if stream.response is None or not stream.response.complete:
        raise NotApplicable
    if not any(event.has_data for event in stream.response.stream.events):
        fail("body", "events", stream.response.text[:200] or "an empty body")


@requirement(
    "chat.stream.terminator",
    MUST,
    "A stream that ends normally is closed by the event `data: [DONE]`.",
    source=openai("chat/streaming"),
    needs=NEEDS,
    over=CHAT_STREAM,
    breaks=["clients that read until [DONE] wait for ever or report a cut stream"],
)
def test_terminator(stream: Exchange) -> None:
    events = streamed.events(stream)
    if streamed.failed(stream):
        raise NotApplicable("the stream broke off")
    if not any(event.data == "[DONE]" for event in events):
        fail(f"event {len(events)}, field data", "[DONE]", events[-1].data[:200])


@requirement(
    "chat.stream.done-last",
    MUST,
    "Nothing follows `data: [DONE]`, neither an event nor a second [DONE].",
    source=openai("chat/streaming"),
    needs=NEEDS,
    over=CHAT_STREAM,
    breaks=["both SDKs ignore what comes after: it is lost"],
)
def test_done_last(stream: Exchange) -> None:
    events = streamed.events(stream)
    done = [number for number, event in enumerate(events) if event.data.startswith("[DONE]")]
    if not done:
        raise NotApplicable
    if done[0] != len(events) - 1:
        fail(f"event {done[0] + 2}", "nothing after [DONE]", events[done[0] + 1].data[:200])


@requirement(
    "chat.stream.closes",
    MUST,
    "The body ends within five seconds after `[DONE]` or an error.",
    source=sdk("openai-python 3.51 _streaming.py"),
    needs=NEEDS,
    over=CHAT_STREAM,
    breaks=["clients that read the body to its end hang until their timeout"],
)
def test_closes(stream: Exchange) -> None:
    events = streamed.events(stream)
    assert stream.response is not None
    last = events[-1].at
    ended = any(event.data.startswith("[DONE]") for event in events)
    if not (ended or any(streamed.is_error(p) for _, _, p in streamed.payloads(stream))):
        raise NotApplicable
    waited = stream.response.ended_at - last
    if waited > 5:
        fail("body", "the end of the body", f"{waited:.1f} s after the last event")


@requirement(
    "chat.stream.not-empty",
    MUST,
    "At least one chunk with a choice comes before `[DONE]`, unless an error is reported.",
    source=openai("chat/streaming"),
    needs=NEEDS,
    over=CHAT_STREAM,
    breaks=["an error in the server looks like an empty answer", "get_final_completion() raises"],
)
def test_not_empty(stream: Exchange) -> None:
    events = streamed.events(stream)
    if streamed.failed(stream):
        raise NotApplicable
    listed = (payload.get("choices") for _, _, payload in streamed.payloads(stream))
    if not any(isinstance(choices, list) and choices for choices in listed):
        fail("stream", "a chunk with a choice", f"{len(events)} events, none with a choice")


def _constant(stream: Exchange, key: str) -> None:
    found = streamed.chunks(stream)
    number, first = found[0]
    for later, chunk in found[1:]:
        if key in first and key in chunk and chunk[key] != first[key]:
            fail(f"event {later}: {key}", f"as in event {number}: {first[key]!r}", chunk[key])


@requirement(
    "chat.stream.constant-id",
    MUST,
    "Every chunk of a stream has the same `id`.",
    source=CHUNK,
    needs=NEEDS,
    over=CHAT_STREAM,
    breaks=["accumulators keyed by id make one message of every chunk"],
)
def test_constant_id(stream: Exchange) -> None:
    _constant(stream, "id")


@requirement(
    "chat.stream.constant-created",
    MUST,
    "Every chunk of a stream has the same `created`.",
    source=CHUNK,
    needs=NEEDS,
    over=CHAT_STREAM,
)
def test_constant_created(stream: Exchange) -> None:
    _constant(stream, "created")


@requirement(
    "chat.stream.constant-model",
    MUST,
    "Every chunk of a stream has the same `model`.",
    source=CHUNK,
    needs=NEEDS,
    over=CHAT_STREAM,
)
def test_constant_model(stream: Exchange) -> None:
    _constant(stream, "model")


@requirement(
    "chat.stream.role-first",
    MUST,
    "The first delta of each choice names the role `assistant`.",
    source=openai("chat/streaming"),
    needs=NEEDS,
    over=CHAT_STREAM,
    breaks=[
        "openai-node .stream(): missing role for choice 0",
        "LangChain JS: a generic chunk, tool calls are dropped",
    ],
)
def test_role_first(stream: Exchange) -> None:
    for index, pieces in streamed.by_choice(stream).items():
        if pieces[0].delta.get("role") != "assistant":
            shown = pieces[0].choice.get("delta", "absent")
            fail(f"event {pieces[0].number}, choice {index}: delta.role", "assistant", shown)


@requirement(
    "chat.stream.role-once",
    MUST,
    "Only the first delta of a choice names the role.",
    source=openai("chat/streaming"),
    needs=NEEDS,
    over=CHAT_STREAM,
    breaks=["openai-python .stream(): the role becomes `assistantassistant…`"],
)
def test_role_once(stream: Exchange) -> None:
    for index, pieces in streamed.by_choice(stream).items():
        named = [piece for piece in pieces if piece.delta.get("role")]
        if len(named) > 1:
            fail(
                f"event {named[1].number}, choice {index}: delta.role",
                "absent after the first delta",
                named[1].delta["role"],
            )


@requirement(
    "chat.stream.not-cumulative",
    MUST,
    "A delta holds the new text only, not the text so far.",
    source=openai("chat/streaming"),
    needs=NEEDS,
    over=CHAT_STREAM,
    breaks=["every client joins deltas: the text is repeated again and again"],
)
def test_not_cumulative(stream: Exchange) -> None:
    for index, pieces in streamed.by_choice(stream).items():
        texts = [piece.text for piece in pieces if piece.text]
        if len(texts) < 4:
            continue
        steps = itertools.pairwise(texts)
        if all(after.startswith(before) for before, after in steps) and texts[0] != texts[-1]:
            fail(f"choice {index}: delta.content", "pieces", [t[:40] for t in texts[:4]])


@requirement(
    "chat.stream.no-message",
    MUST,
    "A choice of a chunk has a `delta` and no `message`.",
    source=CHUNK,
    needs=NEEDS,
    over=CHAT_STREAM,
    breaks=["clients that look for `message` first print the text again with each chunk"],
)
def test_no_message(stream: Exchange) -> None:
    for pieces in streamed.by_choice(stream).values():
        for piece in pieces:
            if "message" in piece.choice:
                fail(f"event {piece.number}: message", "absent", piece.choice["message"])


@requirement(
    "chat.stream.no-error-key",
    MUST,
    "A chunk that reports no error has no `error` key, not even null.",
    source=CHUNK,
    needs=NEEDS,
    over=CHAT_STREAM,
    breaks=["openai-go: aborts the stream"],
)
def test_no_error_key(stream: Exchange) -> None:
    for number, chunk in streamed.chunks(stream):
        if "error" in chunk:
            fail(f"event {number}: error", "absent", chunk["error"])


@requirement(
    "chat.stream.one-finish",
    MUST,
    "A choice has no more than one chunk with a finish reason.",
    source=openai("chat/streaming"),
    needs=NEEDS,
    over=CHAT_STREAM,
    breaks=["accumulators emit the message twice, or join `stopstop`"],
)
def test_one_finish(stream: Exchange) -> None:
    for index, pieces in streamed.by_choice(stream).items():
        ends = [piece for piece in pieces if piece.finish]
        if len(ends) > 1:
            fail(
                f"event {ends[1].number}, choice {index}: finish_reason",
                "null after the first finish reason",
                [piece.finish for piece in ends],
            )


@requirement(
    "chat.stream.finish",
    MUST,
    "Every choice ends with a chunk that has a finish reason.",
    source=openai("chat/streaming"),
    needs=NEEDS,
    over=CHAT_STREAM,
    breaks=["openai-node .stream(): missing finish_reason for choice 0"],
)
def test_finish(stream: Exchange) -> None:
    streamed.whole(stream)
    for index, pieces in streamed.by_choice(stream).items():
        if not any(piece.finish for piece in pieces):
            fail(
                f"choice {index}: finish_reason",
                sorted(streamed.FINISHES),
                pieces[-1].choice.get("finish_reason", "absent"),
            )


@requirement(
    "chat.stream.nothing-after-finish",
    MUST,
    "A choice brings no further text or tool call after its finish reason.",
    source=openai("chat/streaming"),
    needs=NEEDS,
    over=CHAT_STREAM,
    breaks=["clients that stop at the finish reason lose the rest"],
)
def test_nothing_after_finish(stream: Exchange) -> None:
    for index, pieces in streamed.by_choice(stream).items():
        ended = False
        for piece in pieces:
            if ended and piece.speaks:
                fail(f"event {piece.number}, choice {index}", "no further delta", piece.delta)
            ended = ended or piece.finish is not None


@requirement(
    "chat.stream.finish-alone",
    SHOULD,
    "The chunk with the finish reason carries no part of the answer.",
    source=openai("chat/streaming"),
    needs=NEEDS,
    over=CHAT_STREAM,
    breaks=["clients that stop reading at the finish reason lose the last piece"],
)
def test_finish_alone(stream: Exchange) -> None:
    for index, pieces in streamed.by_choice(stream).items():
        for piece in pieces:
            if piece.finish and piece.speaks:
                fail(f"event {piece.number}, choice {index}: delta", "empty", piece.delta)


@requirement(
    "chat.stream.choices-not-empty",
    MUST,
    "`choices` is empty only in a chunk that reports usage, moderation or the prompt's filters.",
    source=CHUNK,
    needs=NEEDS,
    over=CHAT_STREAM,
    breaks=["`chunk.choices[0]`: IndexError"],
)
def test_choices_not_empty(stream: Exchange) -> None:
    reports = ("usage", "moderation", "prompt_filter_results")
    for number, chunk in streamed.chunks(stream):
        if chunk.get("choices") == [] and not any(chunk.get(key) for key in reports):
            fail(f"event {number}: choices", "a choice", sorted(chunk))


@requirement(
    "chat.stream.index-in-range",
    MUST,
    "The index of a choice lies below `n`: it numbers choices, not tokens.",
    source=CHUNK,
    needs=NEEDS,
    over=CHAT_STREAM,
    breaks=["openai-python .stream(): IndexError", "one choice is made of every token"],
)
def test_index_in_range(stream: Exchange) -> None:
    most = streamed.number(stream.sent.get("n")) or 1
    for index, pieces in streamed.by_choice(stream).items():
        if index >= most:
            fail(f"event {pieces[0].number}: choices[].index", f"less than {most}", index)


@requirement(
    "chat.stream.one-choice-each",
    MUST,
    "No chunk names the same choice twice.",
    source=CHUNK,
    needs=NEEDS,
    over=CHAT_STREAM,
    breaks=["clients that read choices[0] lose the second piece"],
)
def test_one_choice_each(stream: Exchange) -> None:
    seen = Counter((piece.number, piece.index) for piece in streamed.pieces(stream))
    if not seen:
        raise NotApplicable
    (number, index), count = seen.most_common(1)[0]
    if count > 1:
        fail(f"event {number}", f"choice {index} once", f"{count} times")
