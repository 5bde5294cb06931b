"""Chat streams: log probabilities and stop strings."""

from __future__ import annotations

from typing import Any

from conformance.chats import (
    SPECIAL_TOKENS,
    content_of,
    integer,
    judged_logprobs,
    numbers,
    said,
    stops_of,
    streamed_choices,
)
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, expect, require
from conformance.requirement import MUST, openai, requirement
from conformance.select import CHAT_STREAM

STOP = openai("chat/create stop")
LOGPROBS = openai("chat/streaming logprobs")
JOINED = "choices[0].delta.content, joined"


def pieces(x: Exchange) -> list[tuple[str, list[dict[str, Any]]]]:
    """Text and entries of each chunk of the first choice. Raises NotApplicable without chunks."""
    found = []
    for choice in streamed_choices(x):
        if integer(choice.get("index")) not in (0, None):
            continue
        delta, logprobs = choice.get("delta"), choice.get("logprobs")
        text = delta.get("content") if isinstance(delta, dict) else None
        entries = logprobs.get("content") if isinstance(logprobs, dict) else None
        listed = [e for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []
        found.append((text if isinstance(text, str) else "", listed))
    if not found:
        raise NotApplicable("no chunks")
    return found


def text_of(x: Exchange) -> str:
    return "".join(text for text, _ in pieces(x))


@requirement(
    "chat.stream.stop.not-in-text",
    MUST,
    "The streamed text does not contain a stop string.",
    source=STOP,
    needs="chat.stream",
    over=CHAT_STREAM,
    breaks=["ReAct agents run past `Observation:`"],
)
def test_not_in_text(x: Exchange) -> None:
    stops = stops_of(x)
    if not stops:
        raise NotApplicable
    text = text_of(x)
    require(not any(s in text for s in stops), JOINED, f"nothing of {stops}", text)


@requirement(
    "chat.stream.stop.same-text",
    MUST,
    "With `stop` the streamed text is that of the whole answer: nothing of the stop string leaks.",
    source=STOP,
    needs="chat.stream",
    breaks=["ReAct parsers see `Observ`; the text depends on the mode"],
)
def test_same_text(chat: Exchange, chat_stop_list: Exchange, chat_stream_stop: Exchange) -> None:
    whole, streamed = content_of(chat_stop_list), text_of(chat_stream_stop)
    if streamed.rstrip() == whole.rstrip():
        return
    if any(s in streamed or s in whole for s in stops_of(chat_stream_stop)):
        raise NotApplicable("another requirement speaks of stop strings in the text")
    if not content_of(chat).startswith(whole.rstrip()):
        raise Inconclusive("answers at temperature 0 differ anyway")
    related = streamed.startswith(whole.rstrip()) or whole.startswith(streamed.rstrip())
    require(not related, JOINED, whole, streamed)
    raise Inconclusive("the model gave another answer")


@requirement(
    "chat.stream.stop.no-false-match",
    MUST,
    "What was held back for a stop string is sent when the stream ends without it.",
    source=STOP,
    needs="chat.stream",
    breaks=["the last words of an answer are lost"],
)
def test_tail(chat: Exchange, chat_stream_stop_tail: Exchange) -> None:
    whole, streamed = content_of(chat), text_of(chat_stream_stop_tail)
    if streamed == whole:
        return
    require(not whole.startswith(streamed), JOINED, whole, streamed)
    raise Inconclusive("the model gave another answer")


@requirement(
    "chat.stream.content.no-special-tokens",
    MUST,
    "The streamed text holds no control tokens of the model.",
    source=openai("chat/streaming"),
    needs="chat.stream",
    over=CHAT_STREAM,
    breaks=["users see `</s>`, and the next turn's history is polluted"],
)
def test_special_tokens(x: Exchange) -> None:
    text, asked = text_of(x), said(x)
    if not text:
        raise NotApplicable
    found = [token for token in SPECIAL_TOKENS if token in text and token not in asked]
    require(not found, JOINED, "no control tokens", found)


@requirement(
    "chat.stream.logprobs.given",
    MUST,
    "A stream has log probabilities where the whole answer has them, and does not break on them.",
    source=LOGPROBS,
    needs="chat.logprobs",
    any_status=True,
    breaks=["evaluation code reads from null"],
)
def test_given(chat_stream_logprobs: Exchange, chat_stream_logprobs_one: Exchange) -> None:
    for x in (chat_stream_logprobs, chat_stream_logprobs_one):
        if x.status == 429:
            raise Inconclusive("the answer was 429", owner="quota")
        expect(x).status(2)
    rows = pieces(chat_stream_logprobs)
    if not any(text for text, _ in rows):
        raise NotApplicable
    given = any(entries for _, entries in rows)
    require(given, "choices[0].logprobs.content", "an entry for each token", "none in any chunk")


@requirement(
    "chat.stream.logprobs.join",
    MUST,
    "The tokens of the log probabilities of all chunks, joined, are the streamed text.",
    source=LOGPROBS,
    needs="chat.logprobs",
    breaks=["perplexity and token highlighting are wrong without an error"],
)
def test_join(chat_stream_logprobs: Exchange) -> None:
    if not chat_stream_logprobs.ok:
        raise NotApplicable
    rows = pieces(chat_stream_logprobs)
    entries = [entry for _, listed in rows for entry in listed]
    if not entries:
        raise NotApplicable("another requirement speaks of logprobs that are missing")
    text, joined = text_of(chat_stream_logprobs), "".join(str(e.get("token")) for e in entries)
    if "bytes:" in joined or "\\x" in joined or "\ufffd" in joined:
        raise NotApplicable("tokens that are parts of characters")
    if len(joined) > 8 and text.count(joined[:8]) > 1:
        raise NotApplicable("the text repeats itself")
    require(joined.strip() == text.strip(), "choices[0].logprobs.content, joined", text, joined)


@requirement(
    "chat.stream.logprobs.one-end",
    MUST,
    "A stream of one token with log probabilities ends like any other.",
    source=LOGPROBS,
    needs="chat.logprobs",
    breaks=["random 500s in the middle of a stream"],
)
def test_one_end(chat_stream_logprobs_one: Exchange) -> None:
    if not chat_stream_logprobs_one.ok:
        raise NotApplicable
    payloads = chat_stream_logprobs_one.payloads
    errors = [p for p in payloads if isinstance(p, dict) and p.get("error")]
    require(not errors, "stream", "no error", errors)
    reasons = [c.get("finish_reason") for c in streamed_choices(chat_stream_logprobs_one)]
    if not reasons:
        raise NotApplicable
    require(any(reasons), "choices[0].finish_reason", "in the last chunk", reasons)


@requirement(
    "chat.stream.logprobs.equal",
    MUST,
    "The same text has about the same log probabilities streamed and not streamed.",
    source=LOGPROBS,
    needs="chat.logprobs",
    breaks=["a confidence that depends on the mode"],
)
def test_equal(chat_logprobs_plain: Exchange, chat_stream_logprobs: Exchange) -> None:
    if not chat_stream_logprobs.ok or not chat_logprobs_plain.ok:
        raise NotApplicable
    (text, whole), (joined, parts) = (
        judged_logprobs(x)[0] for x in (chat_logprobs_plain, chat_stream_logprobs)
    )
    if text != joined:
        raise Inconclusive("the two answers differ")
    if [e.get("token") for e in whole] != [e.get("token") for e in parts]:
        raise NotApplicable("another requirement speaks of entries that are missing")
    pairs = [
        numbers([a.get("logprob"), b.get("logprob")]) for a, b in zip(whole, parts, strict=True)
    ]
    known = [(a, b) for a, b in (pair for pair in pairs if len(pair) == 2) if min(a, b) > -100]
    if len(known) < 4:
        raise Inconclusive("the answer is too short to compare")
    apart = sum(abs(a - b) for a, b in known) / len(known)
    usual = sum(max(abs(a), abs(b)) for a, b in known) / len(known)
    shown = [round(b, 3) for _, b in known]
    fine = apart <= 0.05 + 0.25 * usual
    require(
        fine, "choices[0].logprobs.content[].logprob", str([round(a, 3) for a, _ in known]), shown
    )
