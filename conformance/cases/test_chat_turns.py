"""Chat completions: roles, content parts, history."""

from __future__ import annotations

from conformance.chats import content_of, counted, same_start
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, fail, require
from conformance.probes.chat_turns import QUESTION, WORD
from conformance.requirement import MUST, openai, requirement

MESSAGES = openai("chat/create messages")
CONTENT = "choices[0].message.content"
RULES_COUNT = 20
"""Tokens that the long instruction has at least, whatever the tokeniser."""


def more_tokens(base: Exchange, long: Exchange, other: Exchange, least: int, what: str) -> None:
    before, now = counted(base, "prompt_tokens"), counted(other, "prompt_tokens")
    if counted(long, "prompt_tokens") <= before:
        raise Inconclusive("usage does not grow with the prompt, so it tells nothing of its parts")
    require(
        now >= before + least,
        "usage.prompt_tokens",
        f"at least {least} more than {before}: {what} was sent as well",
        now,
    )


SHY = ("sorry", "can't", "can’t", "cannot", "unable", "not able", "not allowed", "won't", "won’t")
"""How models say that they keep a secret."""


def recalls(control: Exchange, answer: Exchange) -> None:
    """The answer holds the word that an earlier message told."""
    known = content_of(control).lower()
    if WORD not in known or "what is" in known:
        raise Inconclusive("the model cannot tell the word even from one message")
    text = content_of(answer)
    said = text.lower()
    if WORD not in said and (not said.strip() or same_start(said, QUESTION)):
        raise Inconclusive("the model did not answer the question")
    if WORD not in said and any(word in said for word in SHY):
        raise Inconclusive("the model does not tell the word")
    require(WORD in said, CONTENT, f"the word {WORD} of an earlier message", text)


@requirement(
    "chat.roles.system-counted",
    MUST,
    "A system message is a part of the prompt.",
    source=MESSAGES,
    needs="chat",
    breaks=["instructions vanish in silence"],
)
def test_system_counted(chat: Exchange, chat_long: Exchange, chat_system: Exchange) -> None:
    more_tokens(chat, chat_long, chat_system, RULES_COUNT, "a system message of 45 words")


@requirement(
    "chat.roles.developer-counted",
    MUST,
    "A developer message is a part of the prompt.",
    source=MESSAGES,
    needs="chat",
    breaks=["instructions vanish in silence"],
)
def test_developer_counted(chat: Exchange, chat_long: Exchange, chat_developer: Exchange) -> None:
    more_tokens(chat, chat_long, chat_developer, RULES_COUNT, "a developer message of 45 words")


@requirement(
    "chat.roles.system-read",
    MUST,
    "The model reads the system message.",
    source=MESSAGES,
    needs="chat",
    breaks=["instructions vanish in silence"],
)
def test_system_read(chat_recall_control: Exchange, chat_recall_system: Exchange) -> None:
    recalls(chat_recall_control, chat_recall_system)


@requirement(
    "chat.roles.developer-read",
    MUST,
    "The model reads the developer message.",
    source=MESSAGES,
    needs="chat",
    breaks=["instructions vanish in silence"],
)
def test_developer_read(chat_recall_control: Exchange, chat_recall_developer: Exchange) -> None:
    recalls(chat_recall_control, chat_recall_developer)


@requirement(
    "chat.history.user-read",
    MUST,
    "The model reads earlier user messages.",
    source=MESSAGES,
    needs="chat",
    breaks=["conversations: the assistant forgets what it was told"],
)
def test_history_read(chat_recall_control: Exchange, chat_recall_history: Exchange) -> None:
    recalls(chat_recall_control, chat_recall_history)


@requirement(
    "chat.history.assistant-read",
    MUST,
    "The model reads earlier assistant messages.",
    source=MESSAGES,
    needs="chat",
    breaks=["conversations: the assistant forgets what it said"],
)
def test_assistant_read(chat_recall_control: Exchange, chat_recall_assistant: Exchange) -> None:
    recalls(chat_recall_control, chat_recall_assistant)


@requirement(
    "chat.history.counted",
    MUST,
    "Earlier messages are a part of the prompt.",
    source=MESSAGES,
    needs="chat",
    breaks=["conversations: the assistant forgets what it was told"],
)
def test_history_counted(chat: Exchange, chat_long: Exchange, chat_round_trip: Exchange) -> None:
    text = content_of(chat)
    if len(text) < 20:
        raise Inconclusive("the earlier answer is too short to count")
    least = counted(chat, "prompt_tokens") // 2 + 3
    more_tokens(chat, chat_long, chat_round_trip, least, "a turn of history")


@requirement(
    "chat.parts.as-string",
    MUST,
    "One text part is the same as the string.",
    source=MESSAGES,
    needs="chat",
    breaks=["the model reads JSON instead of the question, or nothing"],
)
def test_parts_as_string(chat: Exchange, chat_parts: Exchange) -> None:
    same_prompt(chat, chat_parts, 5)


@requirement(
    "chat.parts.all-read",
    MUST,
    "Every text part of a message is a part of the prompt.",
    source=MESSAGES,
    needs="chat",
    breaks=["all parts but one are lost"],
)
def test_parts_all(chat: Exchange, chat_parts_two: Exchange) -> None:
    same_prompt(chat, chat_parts_two, 6)


def same_prompt(chat: Exchange, other: Exchange, slack: int) -> None:
    before, now = counted(chat, "prompt_tokens"), counted(other, "prompt_tokens")
    require(
        before - 3 <= now <= before + slack,
        "usage.prompt_tokens",
        f"about {before}, as for the same text in a string",
        now,
    )


@requirement(
    "chat.parts.text-extracted",
    MUST,
    "The model reads the text of the parts, not their JSON.",
    source=MESSAGES,
    needs="chat",
    breaks=["quality falls in silence"],
)
def test_parts_text(chat_parts: Exchange, chat_parts_two: Exchange) -> None:
    for x in (chat_parts, chat_parts_two):
        text = content_of(x)
        raw = [p for p in ('"type"', "'type'", "[object Object]", "type:text") if p in text]
        if raw:
            fail(CONTENT, "no JSON of the request", text, exchange=x)


@requirement(
    "chat.parts.read",
    MUST,
    "The model reads the text parts of a message.",
    source=MESSAGES,
    needs="chat",
    breaks=["agents that send nothing but parts"],
)
def test_parts_read(chat_recall_control: Exchange, chat_recall_parts: Exchange) -> None:
    recalls(chat_recall_control, chat_recall_parts)


@requirement(
    "chat.parts.system-counted",
    MUST,
    "The text parts of a system message are a part of the prompt, as its string is.",
    source=MESSAGES,
    needs="chat",
    breaks=["instructions vanish in silence"],
)
def test_parts_system(chat_system: Exchange, chat_parts_system: Exchange) -> None:
    same_prompt(chat_system, chat_parts_system, 6)


@requirement(
    "chat.parts.assistant-counted",
    MUST,
    "The text parts of an assistant message are a part of the prompt.",
    source=MESSAGES,
    needs="chat",
    breaks=["what the assistant said vanishes in silence"],
)
def test_parts_assistant(
    chat: Exchange, chat_long: Exchange, chat_parts_assistant: Exchange
) -> None:
    more_tokens(
        chat, chat_long, chat_parts_assistant, RULES_COUNT, "an assistant message of 45 words"
    )


@requirement(
    "chat.escapes.same-prompt",
    MUST,
    "A body with escaped characters and white space is the same request as a compact one.",
    source=openai("chat/create"),
    needs="chat",
    breaks=["clients whose JSON writer escapes (Java, .NET, PHP, Python's own)"],
)
def test_escapes(chat_unicode: Exchange, chat_escaped: Exchange) -> None:
    before, now = counted(chat_unicode, "prompt_tokens"), counted(chat_escaped, "prompt_tokens")
    require(now == before, "usage.prompt_tokens", f"{before}, as for the same text", now)
