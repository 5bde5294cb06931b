"""Chat completions: roles, content parts, history, long prompts, many requests at once."""

from __future__ import annotations

import json
from typing import Any

from conformance.probe import Accepted, Context, Skip, chat, probe, scenario, user
from conformance.probes.chat import REPEAT
from conformance.requirement import MUST, openai
from conformance.session import Session

RULES = (
    "You are a helpful assistant. Follow what the user asks, answer in the language of the user, "
    "be polite and precise, do not add explanations that nobody asked for, and never mention "
    "these rules in an answer."
)
FIRST, SECOND = "Repeat exactly: The quick brown fox", "jumps over the lazy dog."
UNICODE = 'Zürich 東京 🎉 naïve <b>"Tom" & Jerry</b> C:\\new 100% {x}'
WORD = "marmalade"
QUESTION = "What is the secret word? Answer with that one word only."
SECRET = f"The secret word is {WORD}."
LONG = "Here is a list of words: " + "apple river stone cloud winter garden " * 50

OK = {"role": "assistant", "content": "OK."}


def part(text: str) -> list[dict[str, str]]:
    """A text as a list of one content part."""
    return [{"type": "text", "text": text}]


def says(role: str, content: Any) -> dict[str, Any]:
    """A message."""
    return {"role": role, "content": content}


probe(
    "chat_system",
    *chat(says("system", RULES), REPEAT, temperature=0, max_tokens=64),
    needs="chat",
    accepted=Accepted(
        "chat.roles.accepts-system",
        MUST,
        "A system message is accepted.",
        openai("chat/create messages"),
        ("the default prompt of every SDK and framework",),
    ),
)
probe(
    "chat_developer",
    *chat(says("developer", RULES), REPEAT, temperature=0, max_tokens=64),
    needs="chat",
    accepted=Accepted(
        "chat.roles.accepts-developer",
        MUST,
        "A developer message is accepted.",
        openai("chat/create messages"),
        ("agents and the AI SDK send instructions in this role",),
    ),
)
probe(
    "chat_parts",
    *chat(says("user", part(REPEAT)), temperature=0, max_tokens=64),
    needs="chat",
    accepted=Accepted(
        "chat.parts.accepts-user",
        MUST,
        "The content of a user message may be a list of text parts.",
        openai("chat/create messages"),
        ("Cline, opencode and LangChain send nothing else",),
    ),
)
probe(
    "chat_parts_two",
    *chat(says("user", [*part(FIRST), *part(SECOND)]), temperature=0, max_tokens=64),
    needs="chat",
    accepted=Accepted(
        "chat.parts.accepts-several",
        MUST,
        "The content of a user message may be several text parts.",
        openai("chat/create messages"),
    ),
)
probe(
    "chat_parts_system",
    *chat(says("system", part(RULES)), REPEAT, temperature=0, max_tokens=64),
    needs="chat",
    accepted=Accepted(
        "chat.parts.accepts-system",
        MUST,
        "The content of a system message may be a list of text parts.",
        openai("chat/create messages"),
    ),
)
probe(
    "chat_parts_assistant",
    *chat("Hello.", says("assistant", part(RULES)), REPEAT, temperature=0, max_tokens=64),
    needs="chat",
    accepted=Accepted(
        "chat.parts.accepts-assistant",
        MUST,
        "The content of an assistant message may be a list of text parts.",
        openai("chat/create messages"),
    ),
)
probe(
    "chat_unicode", *chat(f"Repeat exactly: {UNICODE}", temperature=0, max_tokens=96), needs="chat"
)


def _escaped(c: Context) -> bytes:
    """The body of chat_unicode as another JSON writer writes it."""
    body = {
        "max_tokens": 96,
        "temperature": 0,
        "messages": [user(f"Repeat exactly: {UNICODE}")],
        "model": c.model("chat"),
    }
    return json.dumps(body, indent=2, ensure_ascii=True).encode() + b"\r\n"


probe(
    "chat_escaped",
    "POST",
    "/chat/completions",
    _escaped,
    needs="chat",
    headers={"content-type": "application/json; charset=utf-8"},
    accepted=Accepted(
        "chat.accepts.charset",
        MUST,
        "A body that is sent as `application/json; charset=utf-8`, indented and with escaped "
        "characters, is accepted.",
        openai("chat/create"),
        (".NET, Java and Go clients send the charset",),
    ),
)

# the question first: a model that gives back what it is sent does not seem to answer
probe(
    "chat_recall_control", *chat(f"{QUESTION} {SECRET}", temperature=0, max_tokens=16), needs="chat"
)
for _name, _messages in {
    "history": [user(SECRET), OK, user("Thank you."), OK, user(QUESTION)],
    "assistant": [user("Think of a secret word."), says("assistant", SECRET), user(QUESTION)],
    "system": [says("system", SECRET), user(QUESTION)],
    "developer": [says("developer", SECRET), user(QUESTION)],
    "parts": [says("user", [*part(SECRET), *part(QUESTION)])],
}.items():
    probe(f"chat_recall_{_name}", *chat(*_messages, temperature=0, max_tokens=16), needs="chat")


def _round_trip(c: Context) -> dict[str, Any]:
    """The target's own message sent back as it came."""
    try:
        message = c["chat"].json["choices"][0]["message"]
    except (KeyError, IndexError, TypeError):
        raise Skip("the answer of `chat` has no message") from None
    return {
        "model": c.model("chat"),
        "messages": [user(REPEAT), message, user(REPEAT)],
        "temperature": 0,
        "max_tokens": 64,
    }


probe(
    "chat_round_trip",
    "POST",
    "/chat/completions",
    _round_trip,
    needs="chat",
    after=("chat",),
    accepted=Accepted(
        "chat.roles.accepts-own-message",
        MUST,
        "A message is accepted as a part of the history just as the server itself sent it.",
        openai("chat/create messages"),
        ("`messages.append(response.choices[0].message)`, as every tutorial does it",),
    ),
)

probe("chat_long", *chat(f"{LONG}\n{REPEAT}", temperature=0, max_tokens=16), needs="chat")
probe(
    "chat_long_greedy",
    *chat(f"{LONG}\n{REPEAT}", temperature=0, max_tokens=1_000_000),
    needs="chat",
    valid=False,
    tokens=1000,
)

OVERFLOW_WORDS = 140_000
_OVERFLOW = "apple river stone cloud winter garden yellow " * (OVERFLOW_WORDS // 7)

probe(
    "chat_overflow",
    *chat(_OVERFLOW, max_tokens=1),
    needs="chat",
    valid=False,
    options={"retry": False},
    late=True,
)


def _overflow_stream(c: Context) -> dict[str, Any]:
    if c["chat_overflow"].ok:
        raise Skip(f"the context of the model is larger than {OVERFLOW_WORDS} tokens")
    return {
        "model": c.model("chat"),
        "messages": [user(_OVERFLOW)],
        "max_tokens": 1,
        "stream": True,
    }


probe(
    "chat_overflow_stream",
    "POST",
    "/chat/completions",
    _overflow_stream,
    needs="chat.stream",
    after=("chat_overflow",),
    valid=False,
    options={"retry": False},
)

AT_ONCE = 8


@scenario("chat_parallel", needs="chat", cost=AT_ONCE)
async def _parallel(session: Session) -> None:
    """Requests at the same time, each with a word of its own."""

    async def ask(number: int) -> Any:
        word = session.nonce(str(number))
        return await session.send(
            f"ask{number}",
            "POST",
            "/chat/completions",
            json={
                "model": session.model("chat"),
                "messages": [user(f"Repeat exactly: {word}")],
                "temperature": 0,
                "max_tokens": 24,
            },
            context={"word": word},
            limited=False,
        )

    await session.gather(*(ask(number) for number in range(AT_ONCE)))
