"""Chat completions: long prompts, context overflow, many requests at once."""

from __future__ import annotations

from conformance.chats import body_of, contents_of, count_of, counted
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.probes.chat_turns import OVERFLOW_WORDS
from conformance.requirement import MUST, SHOULD, live, openai, requirement

CONTENT = "choices[0].message.content"


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
def test_overflow_status(chat: Exchange, chat_overflow: Exchange) -> None:
    too_long(chat_overflow)
    taken = count_of(chat_overflow, "prompt_tokens")
    if chat_overflow.ok and taken is not None and taken == count_of(chat, "prompt_tokens"):
        raise Inconclusive("usage is the same for every prompt", owner="server")
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
    'The error of a prompt that is too long says "maximum context length".',
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
