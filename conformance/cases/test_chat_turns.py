"""Chat completions: roles, content parts, history, long prompts, isolation."""

from __future__ import annotations

from conformance.chats import body_of, content_of, contents_of, count_of, counted
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.probes.chat_turns import OVERFLOW_WORDS, WORD
from conformance.requirement import MUST, SHOULD, live, openai, requirement

MESSAGES = openai("chat/create messages")
CONTENT = "choices[0].message.content"
RULES_COUNT = 20
"""Tokens that the long instruction has at least, whatever the tokeniser."""


def more_tokens(base: Exchange, other: Exchange, least: int, what: str) -> None:
    before, now = counted(base, "prompt_tokens"), counted(other, "prompt_tokens")
    require(
        now >= before + least,
        "usage.prompt_tokens",
        f"at least {least} more than {before}: {what} was sent as well",
        now,
    )


def recalls(control: Exchange, answer: Exchange) -> None:
    """The answer holds the word that an earlier message told."""
    if WORD not in content_of(control).lower():
        raise Inconclusive("the model cannot tell the word even from one message")
    text = content_of(answer)
    require(WORD in text.lower(), CONTENT, f"the word {WORD} of an earlier message", text)


@requirement(
    "chat.roles.system-counted",
    MUST,
    "A system message is a part of the prompt.",
    source=MESSAGES,
    needs="chat",
    breaks=["instructions vanish in silence"],
)
def test_system_counted(chat: Exchange, chat_system: Exchange) -> None:
    more_tokens(chat, chat_system, RULES_COUNT, "a system message of 45 words")


@requirement(
    "chat.roles.developer-counted",
    MUST,
    "A developer message is a part of the prompt.",
    source=MESSAGES,
    needs="chat",
    breaks=["instructions vanish in silence"],
)
def test_developer_counted(chat: Exchange, chat_developer: Exchange) -> None:
    more_tokens(chat, chat_developer, RULES_COUNT, "a developer message of 45 words")


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
def test_history_counted(chat: Exchange, chat_round_trip: Exchange) -> None:
    text = content_of(chat)
    if len(text) < 20:
        raise Inconclusive("the earlier answer is too short to count")
    least = counted(chat, "prompt_tokens") // 2 + 3
    more_tokens(chat, chat_round_trip, least, "a turn of history")


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
def test_parts_assistant(chat: Exchange, chat_parts_assistant: Exchange) -> None:
    more_tokens(chat, chat_parts_assistant, RULES_COUNT, "an assistant message of 45 words")


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


@requirement(
    "chat.long.not-truncated",
    MUST,
    "A large `max_tokens` never shortens the prompt: it is refused, or the answer is limited.",
    source=openai("chat/create max_tokens"),
    needs="chat",
    any_status=True,
    breaks=["the system prompt vanishes in silence"],
)
def test_long(chat_long: Exchange, chat_long_greedy: Exchange) -> None:
    status = chat_long_greedy.status
    if status == 429 or not status:
        raise Inconclusive("no answer", owner="quota")
    require(status < 500, "status", ["200", "400"], status)
    if not chat_long_greedy.ok or not chat_long.ok:
        return
    before, now = counted(chat_long, "prompt_tokens"), counted(chat_long_greedy, "prompt_tokens")
    require(now == before, "usage.prompt_tokens", f"{before}, as with a small max_tokens", now)


def too_long(x: Exchange) -> None:
    """Raise where the overlong prompt was not refused at all."""
    if x.status == 429 or not x.status:
        raise Inconclusive(f"the answer was {x}", owner="quota")
    if not x.ok:
        return
    if isinstance(body_of(x).get("error"), dict):
        return
    taken = count_of(x, "prompt_tokens") or 0
    if taken >= OVERFLOW_WORDS * 0.6:
        raise Inconclusive(f"the context is larger than {OVERFLOW_WORDS} tokens", owner="suite")


OVERFLOW = openai("chat/create messages")
AGENTS = ["coding agents compact the conversation on this error; the session dies instead"]


@requirement(
    "chat.overflow.status",
    MUST,
    "A prompt that is longer than the context is refused with status 400 (413 from some).",
    source=live("context_length_exceeded, 2023 to 2026"),
    needs="chat",
    any_status=True,
    breaks=["the prompt is cut in silence, or a 5xx is retried again and again"],
)
def test_overflow_status(chat_overflow: Exchange) -> None:
    too_long(chat_overflow)
    require(chat_overflow.status in (400, 413), "status", "400", chat_overflow.status)


def overflow_error(x: Exchange) -> dict[str, object]:
    too_long(x)
    error = body_of(x).get("error")
    if x.status == 413 or x.status >= 500 or not isinstance(error, dict):
        raise NotApplicable("another requirement speaks of the refusal")
    return error


@requirement(
    "chat.overflow.code",
    MUST,
    "The error of a prompt that is too long has the code `context_length_exceeded`.",
    source=live("context_length_exceeded, 2023 to 2026"),
    needs="chat",
    any_status=True,
    breaks=AGENTS,
)
def test_overflow_code(chat_overflow: Exchange) -> None:
    code = overflow_error(chat_overflow).get("code")
    require(code == "context_length_exceeded", "error.code", "context_length_exceeded", code)


@requirement(
    "chat.overflow.message",
    SHOULD,
    "The error of a prompt that is too long says \"maximum context length\".",
    source=live("context_length_exceeded, 2023 to 2026"),
    needs="chat",
    any_status=True,
    breaks=AGENTS,
)
def test_overflow_message(chat_overflow: Exchange) -> None:
    message = overflow_error(chat_overflow).get("message")
    if not isinstance(message, str):
        raise NotApplicable
    require("maximum context length" in message, "error.message",
            "This model's maximum context length is ...", message[:300])  # fmt: skip


@requirement(
    "chat.overflow.param",
    SHOULD,
    "The error of a prompt that is too long names `messages`.",
    source=live("context_length_exceeded, 2023 to 2026"),
    needs="chat",
    any_status=True,
    breaks=["clients that tell the user which field to mend"],
)
def test_overflow_param(chat_overflow: Exchange) -> None:
    param = overflow_error(chat_overflow).get("param")
    require(param in ("messages", None), "error.param", "messages", param)


@requirement(
    "chat.overflow.stream",
    MUST,
    "A stream whose prompt is too long is refused with status 400 and JSON before it begins.",
    source=live("context_length_exceeded, 2023 to 2026"),
    needs="chat.stream",
    any_status=True,
    breaks=["openai-python and openai-node: the stream ends in silence with an empty answer"],
)
def test_overflow_stream(chat_overflow: Exchange, chat_overflow_stream: Exchange) -> None:
    x = chat_overflow_stream
    if x.status == 429 or not x.status:
        raise Inconclusive(f"the answer was {x}", owner="quota")
    require(x.status in (400, 413), "status", "400", x.status)
    require(not x.is_sse, "header content-type", "application/json", "text/event-stream")


@requirement(
    "chat.overflow.stream-code",
    MUST,
    "A stream whose prompt is too long is refused with the code `context_length_exceeded`.",
    source=live("context_length_exceeded, 2023 to 2026"),
    needs="chat.stream",
    any_status=True,
    breaks=AGENTS,
)
def test_overflow_stream_code(chat_overflow_stream: Exchange) -> None:
    if chat_overflow_stream.status != 400:
        raise NotApplicable
    code = overflow_error(chat_overflow_stream).get("code")
    require(code == "context_length_exceeded", "error.code", "context_length_exceeded", code)


@requirement(
    "chat.isolation.texts",
    MUST,
    "Requests at the same time do not get each other's words.",
    source=openai("chat/create"),
    needs="chat",
    any_status=True,
    breaks=["one user reads what another one wrote"],
)
def test_isolation(chat_parallel: Steps) -> None:
    words = {str(x.context.get("word")): x for x in chat_parallel}
    own = 0
    for x in chat_parallel:
        mine = str(x.context.get("word"))
        for text in contents_of(x) if x.ok else ():
            strange = [w for w in words if w != mine and w in text]
            if strange:
                fail(CONTENT, f"nothing of other requests ({mine})", text, exchange=x)
            own += mine in text
    if not own:
        raise Inconclusive("the model did not repeat the words")


@requirement(
    "chat.isolation.ids",
    MUST,
    "Requests at the same time get ids of their own.",
    source=openai("chat/object id"),
    needs="chat",
    any_status=True,
    breaks=["logs, caches and UIs that are keyed by the id overwrite each other"],
)
def test_parallel_ids(chat_parallel: Steps) -> None:
    ids = [body_of(x).get("id") for x in chat_parallel if x.ok]
    known = [i for i in ids if isinstance(i, str) and i]
    if len(known) < 2:
        raise NotApplicable
    require(len(set(known)) == len(known), "id", f"{len(known)} different ids", sorted(known))


@requirement(
    "chat.isolation.answered",
    MUST,
    "Eight requests at the same time are all answered.",
    source=openai("chat/create"),
    needs="chat",
    any_status=True,
    breaks=["every application with more than one user"],
)
def test_all_answered(chat_parallel: Steps) -> None:
    for x in chat_parallel:
        if x.status == 429:
            raise Inconclusive("one of the answers was 429", owner="quota")
        if not x.ok:
            fail("status", "200", str(x), exchange=x)
