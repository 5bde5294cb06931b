"""Legacy completions: streams."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

from conformance.chats import (
    counted,
    integer,
    legacy_text_of,
    numbers,
    prompt_count,
    prompt_texts,
    streamed_choices,
    streamed_text,
)
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, expect, require
from conformance.requirement import MUST, openai, requirement
from conformance.select import COMPLETION_STREAM

STREAM = openai("completions/create stream")
NEEDS = "completions.stream"


def chunks(x: Exchange) -> list[dict[str, Any]]:
    found = [p for p in x.payloads if isinstance(p, dict) and "choices" in p]
    if not found:
        raise NotApplicable
    return found


@requirement(
    "completions.stream.events",
    MUST,
    "A stream is sent as `text/event-stream` and holds chunks.",
    source=STREAM,
    needs="completions",
    over=COMPLETION_STREAM,
    breaks=["openai-python: zero chunks, no exception"],
)
def test_events(x: Exchange) -> None:
    kind = x.response.media_type if x.response else ""
    require(kind == "text/event-stream", "header content-type", "text/event-stream", kind)
    some = any(isinstance(p, dict) and "choices" in p for p in x.payloads)
    require(some, "stream", "chunks with choices", f"{len(x.payloads)} events")


@requirement(
    "completions.stream.terminator",
    MUST,
    "A stream that ends normally is closed by the event `data: [DONE]`.",
    source=STREAM,
    needs=NEEDS,
    over=COMPLETION_STREAM,
    breaks=["clients that read until [DONE] wait for ever or report a cut stream"],
)
def test_terminator(x: Exchange) -> None:
    chunks(x)
    expect(x).last_event().data("[DONE]")


@requirement(
    "completions.stream.constant",
    MUST,
    "`id`, `created` and `model` are the same in all chunks.",
    source=STREAM,
    needs=NEEDS,
    over=COMPLETION_STREAM,
    breaks=["logs and caches that are keyed by the id"],
)
def test_constant(x: Exchange) -> None:
    for name in ("id", "created", "model"):
        values = {str(chunk[name]) for chunk in chunks(x) if chunk.get(name) is not None}
        require(len(values) <= 1, f"event 2, {name}", "the same in all chunks", sorted(values)[:3])


@requirement(
    "completions.stream.finish-once",
    MUST,
    "Each choice ends with exactly one chunk that has a `finish_reason`.",
    source=STREAM,
    needs=NEEDS,
    over=COMPLETION_STREAM,
    breaks=["accumulators wait for the end of a choice"],
)
def test_finish(x: Exchange) -> None:
    chunks(x)
    ends: dict[int, int] = defaultdict(int)
    for choice in streamed_choices(x):
        index = integer(choice.get("index"))
        if index is not None:
            ends[index] += choice.get("finish_reason") is not None
    if not ends:
        raise NotApplicable
    bad = {index: count for index, count in ends.items() if count != 1}
    require(not bad, "choices[].finish_reason", "once for each choice", bad)


@requirement(
    "completions.stream.nothing-after-finish",
    MUST,
    "A choice has no text after its `finish_reason`.",
    source=STREAM,
    needs=NEEDS,
    over=COMPLETION_STREAM,
    breaks=["the last words are lost"],
)
def test_after(x: Exchange) -> None:
    chunks(x)
    ended: set[int] = set()
    for choice in streamed_choices(x):
        index = integer(choice.get("index")) or 0
        late = index in ended and bool(choice.get("text"))
        require(not late, "choices[].text", "nothing after the end", choice.get("text"))
        if choice.get("finish_reason") is not None:
            ended.add(index)


@requirement(
    "completions.stream.choices",
    MUST,
    "Every prompt has its own number in a stream.",
    source=STREAM,
    needs=NEEDS,
    over=COMPLETION_STREAM,
    breaks=["answers are paired with the wrong prompt"],
)
def test_choices(x: Exchange) -> None:
    chunks(x)
    found = {integer(choice.get("index")) for choice in streamed_choices(x)}
    if not found or None in found:
        raise NotApplicable
    wanted = set(range(prompt_count(x) * (integer(x.sent.get("n")) or 1)))
    require(found == wanted, "choices[].index", str(sorted(wanted)), sorted(i or 0 for i in found))


@requirement(
    "completions.stream.same-text",
    MUST,
    "The streamed text is the text of the whole answer at temperature 0.",
    source=STREAM,
    needs=NEEDS,
    breaks=["text is lost or doubled in streams"],
)
def test_same_text(
    completions: Exchange, completions_again: Exchange, completions_stream: Exchange
) -> None:
    whole, streamed = legacy_text_of(completions), streamed_text(completions_stream)
    chunks(completions_stream)
    if streamed == whole:
        return
    if legacy_text_of(completions_again) != whole:
        raise Inconclusive("answers at temperature 0 differ anyway")
    require(False, "choices[0].text, joined", whole, streamed)


@requirement(
    "completions.stream.usage",
    MUST,
    "With `stream_options.include_usage` the last chunk has no choices and the usage.",
    source=openai("completions/create stream_options"),
    needs=NEEDS,
    over=COMPLETION_STREAM,
    breaks=["cost accounting of streams"],
)
def test_usage(x: Exchange) -> None:
    options = x.sent.get("stream_options")
    if not isinstance(options, dict) or options.get("include_usage") is not True:
        raise NotApplicable
    last = chunks(x)[-1]
    require(last.get("choices") == [], "last chunk, choices", "[]", last.get("choices"))
    usage = last.get("usage")
    require(isinstance(usage, dict), "last chunk, usage", "an object", usage)


@requirement(
    "completions.stream.usage-total",
    MUST,
    "The usage of a stream adds up, and is that of the whole answer.",
    source=openai("completions/create stream_options"),
    needs=NEEDS,
    breaks=["cost accounting of streams"],
)
def test_usage_total(completions: Exchange, completions_stream_usage: Exchange) -> None:
    usage = chunks(completions_stream_usage)[-1].get("usage")
    if not isinstance(usage, dict):
        raise NotApplicable
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    prompt, made, total = (integer(usage.get(name)) for name in names)
    if prompt is None or made is None or total is None:
        raise NotApplicable
    require(total == prompt + made, "usage.total_tokens", f"{prompt} + {made}", total)
    whole = counted(completions, "prompt_tokens")
    require(prompt == whole, "usage.prompt_tokens", f"{whole}, as in the whole answer", prompt)


@requirement(
    "completions.stream.no-usage-unasked",
    MUST,
    "Without `stream_options.include_usage` no chunk has a usage and none is without choices.",
    source=openai("completions/create stream_options"),
    needs=NEEDS,
    over=COMPLETION_STREAM,
    breaks=["clients that read choices[0] of every chunk: IndexError"],
)
def test_no_usage(x: Exchange) -> None:
    options = x.sent.get("stream_options")
    if isinstance(options, dict) and options.get("include_usage"):
        raise NotApplicable
    for chunk in chunks(x):
        require(chunk.get("choices") != [], "choices", "a choice in every chunk", [])


def positions(x: Exchange) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for choice in streamed_choices(x):
        logprobs, text = choice.get("logprobs"), choice.get("text")
        if isinstance(logprobs, dict) and isinstance(text, str):
            found.append((text, logprobs))
    return found


@requirement(
    "completions.stream.logprobs-aligned",
    MUST,
    "`logprobs` of a chunk is null, or has the tokens of the chunk's text.",
    source=openai("completions/object logprobs"),
    needs="completions.logprobs",
    breaks=["`tokens[0]`: IndexError now and then"],
)
def test_aligned(completions_stream_logprobs: Exchange) -> None:
    pairs = positions(completions_stream_logprobs)
    chunks(completions_stream_logprobs)
    require(bool(pairs), "choices[].logprobs", "an object in chunks with text", None)
    for text, logprobs in pairs:
        words = logprobs.get("tokens")
        if not isinstance(words, list):
            continue
        fine = bool(words) or not text
        require(fine, "choices[].logprobs.tokens", f"the tokens of {text!r}", words)
    joined = "".join(
        str(word) for _, logprobs in pairs for word in logprobs.get("tokens") or () if word
    )
    whole = streamed_text(completions_stream_logprobs)
    if "bytes:" in joined or "\ufffd" in joined:
        raise NotApplicable
    require(joined.strip() == whole.strip(), "choices[].logprobs.tokens, joined", whole, joined)


@requirement(
    "completions.stream.echo-text",
    MUST,
    "With `echo` the streamed text begins with the prompt, once.",
    source=openai("completions/create echo"),
    needs="completions.echo",
    breaks=["streams and whole answers differ"],
)
def test_echo_text(completions_stream_echo: Exchange) -> None:
    prompt, text = prompt_texts(completions_stream_echo)[0], streamed_text(completions_stream_echo)
    chunks(completions_stream_echo)
    require(text.startswith(prompt), "choices[0].text, joined", f"{prompt!r} and more", text)
    require(text.count(prompt) == 1, "choices[0].text, joined", "the prompt once", text)


@requirement(
    "completions.stream.echo-offsets",
    MUST,
    "With `echo` the `text_offset` of all chunks says where the tokens begin in the whole text.",
    source=openai("completions/object logprobs"),
    needs="completions.echo",
    breaks=["tokens are aligned with the wrong words"],
)
def test_echo_offsets(completions_stream_echo: Exchange) -> None:
    text = streamed_text(completions_stream_echo)
    offsets: list[float] = []
    for _, logprobs in positions(completions_stream_echo):
        words, found = logprobs.get("tokens"), numbers(logprobs.get("text_offset"))
        if not isinstance(words, list) or len(words) != len(found):
            raise NotApplicable
        for word, offset in zip(words, found, strict=True):
            fine = text.startswith(str(word), int(offset)) or "bytes:" in str(word)
            at = "choices[].logprobs.text_offset"
            require(fine, at, f"the place of {word!r}", offset)
        offsets += found
    if not offsets:
        raise NotApplicable
    rising = all(a <= b for a, b in pairwise(offsets))
    require(rising, "choices[].logprobs.text_offset", "rising offsets", offsets)
