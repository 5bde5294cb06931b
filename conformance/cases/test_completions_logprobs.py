"""Legacy completions: echo and log probabilities."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from conformance.chats import (
    choices_of,
    counted,
    integer,
    legacy_text_of,
    legacy_texts_of,
    numbers,
    prompt_texts,
    stops_of,
)
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, require
from conformance.requirement import MAY, MUST, SHOULD, openai, requirement
from conformance.select import COMPLETION, Selector

OBJECT = openai("completions/object logprobs")
EVALUATION = ["lm-evaluation-harness scores at chance, in silence"]
ASKED = COMPLETION & Selector(
    "with logprobs", lambda x: integer(x.sent.get("logprobs")) is not None
)
SILENT = COMPLETION & Selector("without logprobs", lambda x: x.sent.get("logprobs") is None)
AT = "choices[].logprobs"


def in_pieces(tokens: list[str], text: str) -> bool:
    """Whether a token is a piece of a character, which no string can hold."""
    joined = "".join(tokens)
    whole = [word.isascii() for word in (joined, text)]
    return "bytes:" in joined or "\ufffd" in joined or (not all(whole) and "" in tokens)


def rows(x: Exchange) -> list[tuple[str, dict[str, Any]]]:
    """Text and logprobs of each choice that has both with tokens."""
    found = []
    for choice in choices_of(x):
        text, logprobs = choice.get("text"), choice.get("logprobs")
        if isinstance(text, str) and isinstance(logprobs, dict):
            words = logprobs.get("tokens")
            if isinstance(words, list) and all(isinstance(w, str) for w in words):
                found.append((text, logprobs))
    if not found:
        raise NotApplicable
    return found


@requirement(
    "completions.logprobs.not-ignored",
    MUST,
    "`logprobs` brings the four lists of log probabilities, or is refused with a 4xx status.",
    source=OBJECT,
    needs="completions",
    any_status=True,
    breaks=EVALUATION,
)
def test_not_ignored(completions_logprobs: Exchange) -> None:
    x = completions_logprobs
    if x.status == 429 or not x.status:
        raise Inconclusive("no answer", owner="quota")
    require(x.status < 500, "status", ["200", "4xx"], x.status)
    if not x.ok:
        return
    if not any(legacy_texts_of(x)):
        raise NotApplicable
    for choice in choices_of(x):
        logprobs = choice.get("logprobs")
        if not isinstance(logprobs, dict):
            require(logprobs is not None, AT, "an object", logprobs)
            raise NotApplicable
        names = ("tokens", "token_logprobs", "top_logprobs", "text_offset")
        missing = [name for name in names if not logprobs.get(name)]
        require(not missing, AT, "tokens, token_logprobs, top_logprobs and text_offset", logprobs)


@requirement(
    "completions.logprobs.only-when-asked",
    SHOULD,
    "`logprobs` is null when it was not asked for.",
    source=OBJECT,
    needs="completions",
    over=SILENT,
    breaks=["answers grow tenfold"],
)
def test_only_when_asked(x: Exchange) -> None:
    if not choices_of(x):
        raise NotApplicable
    for choice in choices_of(x):
        require(not choice.get("logprobs"), AT, "null", choice.get("logprobs"))


@requirement(
    "completions.logprobs.lengths",
    MUST,
    "The lists of `logprobs` have the same length.",
    source=OBJECT,
    needs="completions.logprobs",
    over=ASKED,
    breaks=EVALUATION,
)
def test_lengths(x: Exchange) -> None:
    for _, logprobs in rows(x):
        lengths = {
            name: len(value) for name, value in logprobs.items() if isinstance(value, list)
            and name in ("tokens", "token_logprobs", "top_logprobs", "text_offset")
        }  # fmt: skip
        require(len(set(lengths.values())) <= 1, AT, "lists of the same length", lengths)


@requirement(
    "completions.logprobs.join",
    MUST,
    "`logprobs.tokens`, joined, are the text.",
    source=OBJECT,
    needs="completions.logprobs",
    over=ASKED,
    breaks=EVALUATION,
)
def test_join(x: Exchange) -> None:
    if stops_of(x) or x.sent.get("echo"):
        raise NotApplicable
    for text, logprobs in rows(x):
        joined = "".join(logprobs["tokens"])
        if in_pieces(logprobs["tokens"], text):
            raise NotApplicable("a token is a piece of a character")
        require(joined in (text, text.strip()), f"{AT}.tokens", text, joined)


@requirement(
    "completions.logprobs.offsets",
    MUST,
    "`logprobs.text_offset` says where each token begins in the text, the prompt included.",
    source=OBJECT,
    needs="completions.logprobs",
    over=ASKED,
    breaks=["tokens are aligned with the wrong words"],
)
def test_offsets(x: Exchange) -> None:
    told = 0
    prompts = prompt_texts(x)
    for text, logprobs in rows(x):
        offsets, words = numbers(logprobs.get("text_offset")), logprobs["tokens"]
        if len(offsets) != len(words) or not words:
            continue
        told += 1
        at = f"{AT}.text_offset"
        rising = all(a <= b for a, b in pairwise(offsets))
        require(rising, at, "rising offsets", offsets)
        if in_pieces(words, text):
            continue
        # OpenAI counts from the beginning of the prompt even when it is not echoed
        starts = {0, *(len(p) for p in prompts if not x.sent.get("echo"))}
        found = [
            start
            for start in starts
            if all(
                ("\0" * start + text).startswith(word, int(offset))
                for word, offset in zip(words, offsets, strict=True)
            )
        ]
        require(bool(found) or bool(stops_of(x)), at, "the place of each token", offsets)
    if not told:
        raise NotApplicable


@requirement(
    "completions.logprobs.top-count",
    MUST,
    "Each position has the number of alternatives that was asked for, or one more for the chosen "
    "token.",
    source=openai("completions/create logprobs"),
    needs="completions.logprobs",
    over=ASKED,
    breaks=EVALUATION,
)
def test_top_count(x: Exchange) -> None:
    wanted = integer(x.sent.get("logprobs")) or 0
    counts = []
    for _, logprobs in rows(x):
        tops = logprobs.get("top_logprobs")
        counts += [len(t) for t in tops if isinstance(t, dict)] if isinstance(tops, list) else []
    if not counts or not wanted:
        raise NotApplicable
    at = f"{AT}.top_logprobs"
    require(max(counts) <= wanted + 1, at, f"{wanted} or {wanted + 1}", counts)
    enough = sum(count >= wanted for count in counts)
    require(enough * 2 >= len(counts), at, f"{wanted} or {wanted + 1}", counts)


@requirement(
    "completions.logprobs.top-sum",
    MAY,
    "The probabilities of the alternatives of one position add up to no more than 1.",
    source=OBJECT,
    needs="completions.logprobs",
    over=ASKED,
    breaks=["confidence above 100 %"],
)
def test_top_sum(x: Exchange) -> None:
    told = 0
    for _, logprobs in rows(x):
        tops = logprobs.get("top_logprobs")
        for top in tops if isinstance(tops, list) else ():
            values = numbers(list(top.values())) if isinstance(top, dict) else []
            if values:
                told += 1
                total = sum(math.exp(min(v, 0.0)) for v in values)
                require(total <= 1.02, f"{AT}.top_logprobs", "a sum of at most 1", round(total, 4))
    if not told:
        raise NotApplicable


@requirement(
    "completions.logprobs.chosen-agrees",
    MUST,
    "The chosen token has the same log probability among the alternatives as in `token_logprobs`.",
    source=OBJECT,
    needs="completions.logprobs",
    over=ASKED,
    breaks=EVALUATION,
)
def test_chosen(x: Exchange) -> None:
    told = 0
    for _, logprobs in rows(x):
        own, tops = logprobs.get("token_logprobs"), logprobs.get("top_logprobs")
        if not isinstance(own, list) or not isinstance(tops, list):
            continue
        for word, value, top in zip(logprobs["tokens"], own, tops, strict=False):
            if not isinstance(top, dict) or not numbers([value]):
                continue
            other = numbers([top.get(word)])
            if other:
                told += 1
                fine = abs(other[0] - value) <= 0.01 + abs(value) * 0.01
                require(fine, f"{AT}.token_logprobs", str(other[0]), value)
    if not told:
        raise NotApplicable


@requirement(
    "completions.logprobs.one-each",
    MUST,
    "There is one entry for each generated token.",
    source=OBJECT,
    needs="completions.logprobs",
    over=ASKED,
    breaks=EVALUATION,
)
def test_one_each(x: Exchange) -> None:
    if x.sent.get("echo") or stops_of(x) or len(choices_of(x)) != 1:
        raise NotApplicable
    made = counted(x, "completion_tokens")
    for _, logprobs in rows(x):
        found = len(logprobs["tokens"])
        require(made - 2 <= found <= made + 1, f"{AT}.tokens", f"{made} tokens", found)


@requirement(
    "completions.echo.text",
    MUST,
    "With `echo` the text begins with the prompt, or it is refused with a 4xx status.",
    source=openai("completions/create echo"),
    needs="completions",
    any_status=True,
    breaks=EVALUATION,
)
def test_echo(completions_echo: Exchange) -> None:
    x = completions_echo
    if x.status == 429 or not x.status:
        raise Inconclusive("no answer", owner="quota")
    require(x.status < 500, "status", ["200", "4xx"], x.status)
    if x.ok:
        prompt, text = prompt_texts(x)[0], legacy_text_of(x)
        require(text.startswith(prompt), "choices[0].text", f"{prompt!r} and more", text)


@requirement(
    "completions.echo.with-logprobs",
    MUST,
    "With `echo` and `logprobs` the text begins with the prompt as well.",
    source=openai("completions/create echo"),
    needs="completions.echo",
    breaks=EVALUATION,
)
def test_echo_text(completions_echo_logprobs: Exchange) -> None:
    x = completions_echo_logprobs
    prompt, text = prompt_texts(x)[0], legacy_text_of(x)
    require(text.startswith(prompt), "choices[0].text", f"{prompt!r} and more", text)


@requirement(
    "completions.echo.logprobs-of-prompt",
    MUST,
    "With `echo` there is a log probability for each token of the prompt.",
    source=openai("completions/create echo"),
    needs="completions.echo",
    breaks=EVALUATION,
)
def test_echo_logprobs(completions_echo_logprobs: Exchange) -> None:
    x = completions_echo_logprobs
    for text, logprobs in rows(x):
        joined = "".join(logprobs["tokens"])
        if "bytes:" in joined:
            raise NotApplicable("a token is a part of a character")
        covers = joined.strip() == text.strip() or joined.endswith(text)
        require(covers, f"{AT}.tokens", text, joined)


@requirement(
    "completions.echo.first-null",
    MUST,
    "With `echo` the first token has no log probability: null.",
    source=openai("completions/create echo"),
    needs="completions.echo",
    breaks=EVALUATION,
)
def test_first_null(completions_echo_logprobs: Exchange) -> None:
    for text, logprobs in rows(completions_echo_logprobs):
        values = logprobs.get("token_logprobs")
        if not isinstance(values, list) or not values:
            raise NotApplicable
        if len("".join(logprobs["tokens"])) < len(text.strip()):
            raise NotApplicable("another requirement speaks of the prompt's tokens")
        require(values[0] is None, f"{AT}.token_logprobs[0]", "null", values[0])
        rest = [v for v in values[1:] if v is None]
        require(not rest, f"{AT}.token_logprobs", "a number for each later token", values)


@requirement(
    "completions.echo.nothing-generated",
    MUST,
    "With `echo` and `max_tokens: 0` the text is the prompt, with its log probabilities.",
    source=openai("completions/create max_tokens"),
    needs="completions.echo",
    breaks=EVALUATION,
)
def test_echo_only(completions_echo_only: Exchange) -> None:
    x = completions_echo_only
    prompt, text = prompt_texts(x)[0], legacy_text_of(x)
    require(text == prompt, "choices[0].text", prompt, text)


@requirement(
    "completions.echo.not-counted",
    MUST,
    "The echoed prompt is not counted in `completion_tokens`.",
    source=openai("completions/create echo"),
    needs="completions.echo",
    breaks=["cost accounting"],
)
def test_not_counted(completions: Exchange, completions_echo: Exchange) -> None:
    if not completions_echo.ok:
        raise NotApplicable
    made = counted(completions_echo, "completion_tokens")
    require(made <= 8, "usage.completion_tokens", "at most 8, the limit", made)
    before, now = counted(completions, "prompt_tokens"), counted(completions_echo, "prompt_tokens")
    require(now == before, "usage.prompt_tokens", str(before), now)
