"""Chat completions: images, audio and files in messages; reasoning models."""

from __future__ import annotations

from conformance.chats import (
    choices_of,
    content_of,
    counted,
    detail_of,
    finish_of,
    message_of,
)
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, expect, require
from conformance.requirement import MUST, SHOULD, openai, requirement

PARTS = openai("chat/create messages")
CONTENT = "choices[0].message.content"


def clean(x: Exchange) -> None:
    if x.status == 429 or not x.status:
        raise Inconclusive("no answer", owner="quota")
    require(x.status < 500, "status", ["200", "4xx"], x.status)


@requirement(
    "chat.image.refused-cleanly",
    MUST,
    "An image in a message is read, or refused with a 4xx status.",
    source=PARTS,
    needs="chat",
    any_status=True,
    breaks=["a 5xx is retried again and again"],
)
def test_image_clean(chat_image: Exchange) -> None:
    clean(chat_image)


@requirement(
    "chat.image.counted",
    MUST,
    "An image that is accepted is a part of the prompt.",
    source=PARTS,
    needs="chat.vision",
    breaks=["the model makes up what it does not see"],
)
def test_image_counted(chat_image: Exchange, chat_image_none: Exchange) -> None:
    if not chat_image.ok:
        raise NotApplicable
    before, now = counted(chat_image_none, "prompt_tokens"), counted(chat_image, "prompt_tokens")
    require(now >= before + 8, "usage.prompt_tokens", f"well above {before}", now)


@requirement(
    "chat.image.detail",
    MUST,
    "`image_url.detail` may be low, high or auto.",
    source=PARTS,
    needs="chat.vision",
    any_status=True,
    breaks=["clients that set the detail of images"],
)
def test_detail(
    chat_image_low: Exchange, chat_image_high: Exchange, chat_image_auto: Exchange
) -> None:
    for x in (chat_image_low, chat_image_high, chat_image_auto):
        if x.status == 429:
            raise Inconclusive("the answer was 429", owner="quota")
        expect(x).status(2)


@requirement(
    "chat.image.broken-refused",
    MUST,
    "An image that cannot be read is refused with a 4xx status.",
    source=PARTS,
    needs="chat.vision",
    any_status=True,
    breaks=["the model makes up what it does not see, or a 5xx is retried"],
)
def test_broken(chat_image_broken: Exchange) -> None:
    if chat_image_broken.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    expect(chat_image_broken).status(4)


@requirement(
    "chat.audio.refused-cleanly",
    MUST,
    "Audio in a message is read, or refused with a 4xx status.",
    source=PARTS,
    needs="chat",
    any_status=True,
    breaks=["a 5xx is retried again and again"],
)
def test_audio_clean(chat_audio: Exchange) -> None:
    clean(chat_audio)


@requirement(
    "chat.file.refused-cleanly",
    MUST,
    "A file in a message is read, or refused with a 4xx status.",
    source=PARTS,
    needs="chat",
    any_status=True,
    breaks=["a 5xx is retried again and again"],
)
def test_file_clean(chat_file: Exchange) -> None:
    clean(chat_file)


@requirement(
    "chat.reasoning.answered",
    MUST,
    "A reasoning model that ended by itself gives its answer in `content`.",
    source=openai("chat/object content"),
    needs="chat.reasoning",
    breaks=["the answer is empty and the request is repeated"],
)
def test_answered(chat_reasoning: Exchange) -> None:
    if not chat_reasoning.ok:
        raise NotApplicable
    has_text(chat_reasoning)


def has_text(x: Exchange) -> None:
    listed = choices_of(x)
    if not listed or finish_of(x) != "stop":
        raise NotApplicable
    message = message_of(listed[0])
    content = message.get("content")
    if message.get("refusal") or not isinstance(content, str | None):
        raise NotApplicable
    require(bool(content), CONTENT, "a text", content)


@requirement(
    "chat.reasoning.counted",
    MUST,
    "The tokens of the thoughts are a part of `completion_tokens`.",
    source=openai("chat/object usage"),
    needs="chat.reasoning",
    breaks=["cost accounting is wrong"],
)
def test_thoughts_counted(chat_reasoning: Exchange) -> None:
    thought = detail_of(chat_reasoning, "completion_tokens_details", "reasoning_tokens")
    if not thought:
        raise NotApplicable
    made = counted(chat_reasoning, "completion_tokens")
    if made < thought:
        raise NotApplicable("another requirement speaks of parts that are larger than the whole")
    least = thought + (1 if content_of(chat_reasoning) else 0)
    require(made >= least, "usage.completion_tokens", f"at least {least}", made)


@requirement(
    "chat.reasoning.cut",
    MUST,
    'When the limit is spent on thoughts, `finish_reason` is "length".',
    source=openai("chat/object finish_reason"),
    needs="chat.reasoning",
    breaks=["clients take an empty answer for the whole one"],
)
def test_cut(chat_reasoning_cut: Exchange) -> None:
    made, reason = counted(chat_reasoning_cut, "completion_tokens"), finish_of(chat_reasoning_cut)
    if made < 16 or reason is None:
        raise Inconclusive("the model needed less than the limit")
    if content_of(chat_reasoning_cut):
        raise Inconclusive("the model thought less than the limit")
    require(reason not in ("stop", "tool_calls"), "choices[0].finish_reason", '"length"', reason)


@requirement(
    "chat.reasoning.effort",
    MUST,
    "`reasoning_effort` is accepted by a reasoning model.",
    source=openai("chat/create reasoning_effort"),
    needs="chat.reasoning",
    any_status=True,
    breaks=["agents set the effort in every request"],
)
def test_effort(chat_reasoning_effort: Exchange) -> None:
    if chat_reasoning_effort.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    expect(chat_reasoning_effort).status(2)


@requirement(
    "chat.reasoning.effort-takes-effect",
    SHOULD,
    "A low `reasoning_effort` does not mean more thoughts than the default.",
    source=openai("chat/create reasoning_effort"),
    needs="chat.reasoning",
    breaks=["the setting that saves time and money does nothing"],
)
def test_effort_effect(chat_reasoning: Exchange, chat_reasoning_effort: Exchange) -> None:
    group = "completion_tokens_details"
    usual = detail_of(chat_reasoning, group, "reasoning_tokens")
    low = detail_of(chat_reasoning_effort, group, "reasoning_tokens")
    if usual is None or low is None:
        raise NotApplicable
    at = "usage.completion_tokens_details.reasoning_tokens"
    require(low <= usual * 2 + 64, at, f"no more than about {usual}", low)


@requirement(
    "chat.reasoning.stop-outside-thoughts",
    MUST,
    "A stop string acts on the answer, not on the thoughts; or `stop` is refused with a 4xx "
    "status.",
    source=openai("chat/create stop"),
    needs="chat.reasoning",
    any_status=True,
    breaks=["answers are empty because the thoughts held the stop string"],
)
def test_stop(chat_reasoning_stop: Exchange) -> None:
    clean(chat_reasoning_stop)
    if chat_reasoning_stop.ok:
        has_text(chat_reasoning_stop)
