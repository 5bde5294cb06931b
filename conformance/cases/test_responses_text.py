"""Responses: the encoding of the text, and logprobs."""

from __future__ import annotations

from functools import partial
from typing import Any

from conformance import response_events as re
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.probes.chat_stream import GLYPHS
from conformance.requirement import MUST, SHOULD, field, openai, openapi, requirement
from conformance.texts import cooperates, speaks
from conformance.texts import damage as damage_of

rule = partial(requirement, needs="responses")
streaming = partial(requirement, needs="responses.stream")


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
    damage = damage_of(text)
    if damage and not (cooperates(text) or speaks(text, GLYPHS)):
        raise Inconclusive("the model did not repeat the text")
    if damage:
        fail("output_text", GLYPHS, text, message=damage)
    if not cooperates(text):
        raise Inconclusive("the model did not repeat the text")


# ---- logprobs ----------------------------------------------------------------------------------


@rule(
    "responses.logprobs.not-ignored",
    SHOULD,
    '`include: ["message.output_text.logprobs"]` brings logprobs, or is refused.',
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
