"""Schemas that leave one answer: what reaches the client is known, whatever the model would say."""

from __future__ import annotations

import json

from conformance import streamed
from conformance.chats import counted
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, expect, fail, require
from conformance.probes.structured import WORDS
from conformance.requirement import MUST, field, openai, requirement
from conformance.texts import damage
from conformance.toolcalls import finish

SCHEMA = "chat.json-schema"
BREAKS = ["text in every language but English, and every emoji"]


def _whole(x: Exchange) -> None:
    if x.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    if 400 <= x.status < 500:
        raise NotApplicable("the target refuses this schema")
    expect(x).status(2)
    if finish(x) != "stop":
        raise NotApplicable("the answer is not finished")
    try:
        value = json.loads(streamed.content(x))
    except (ValueError, RecursionError):
        raise NotApplicable("the content is no JSON") from None
    found = value.get("words") if isinstance(value, dict) else None
    if not isinstance(found, str):
        raise NotApplicable("the content does not fit the schema")
    if found != WORDS:
        fail("content.words", WORDS, found, message=damage(found) or "other characters")


@requirement(
    "chat.json-schema.characters",
    MUST,
    "A string that a schema prescribes comes with all its characters.",
    source=field("https://github.com/mlc-ai/mlc-llm"),
    needs=SCHEMA,
    any_status=True,
    breaks=BREAKS,
)
def test_characters(json_words: Exchange) -> None:
    _whole(json_words)


@requirement(
    "chat.json-schema.stream-characters",
    MUST,
    "A streamed string that a schema prescribes comes with all its characters.",
    source=field("https://github.com/mlc-ai/mlc-llm"),
    needs=SCHEMA,
    any_status=True,
    breaks=BREAKS,
)
def test_characters_streamed(json_words_stream: Exchange) -> None:
    _whole(json_words_stream)


@requirement(
    "chat.json-schema.bounded",
    MUST,
    "`max_completion_tokens` bounds an answer that keeps to a schema.",
    source=openai("chat/create max_completion_tokens"),
    needs=SCHEMA,
    breaks=["runaway generation: current SDKs send only this one"],
)
def test_bounded(json_short_new: Exchange) -> None:
    made = counted(json_short_new, "completion_tokens")  # a token may be long
    require(made <= 6, "usage.completion_tokens", "<= 6", made)


@requirement(
    "chat.json-schema.stream-isolated",
    MUST,
    "Streams that run side by side keep each to its own schema.",
    source=field("https://github.com/BerriAI/litellm/issues/35023"),
    needs=SCHEMA,
    breaks=["users read each other's answers"],
)
def test_isolated(json_parallel: Steps) -> None:
    words = {str(x.context.get("word")): x for x in json_parallel if x.context.get("word")}
    own = 0
    for word, x in words.items():
        text = streamed.text(x)
        own += word in text
        for other in words:
            if other != word and other in text:
                fail("the joined deltas", word, text[:200], exchange=x)
    if not own:
        raise NotApplicable("no answer fits its schema")
