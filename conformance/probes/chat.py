"""Chat completions: the core requests that most requirements share."""

from __future__ import annotations

from conformance.capability import capability
from conformance.probe import Accepted, Context, chat, probe, user
from conformance.requirement import MUST, openai

COUNT = "Count from 1 to 20. Write the numbers separated by commas and nothing else."
REPEAT = "Repeat exactly: The quick brown fox jumps over the lazy dog."

capability("chat", "chat completions", "chat", core=True)
capability("chat.stream", "streamed chat completions", "chat_stream", within="chat", core=True)

probe(
    "chat",
    *chat(REPEAT, temperature=0, max_tokens=64),
    needs="chat",
    sdk=True,
    tier="smoke",
    accepted=Accepted(
        "chat.accepts.basic",
        MUST,
        "A plain chat completion request is answered with success.",
        openai("chat/create"),
    ),
)
probe("chat_again", *chat(REPEAT, temperature=0, max_tokens=64), needs="chat", after=("chat",))
probe(
    "chat_stream",
    *chat(REPEAT, temperature=0, max_tokens=64, stream=True),
    needs="chat.stream",
    sdk=True,
    tier="smoke",
    accepted=Accepted(
        "chat.stream.accepts.basic",
        MUST,
        "A chat completion request with `stream: true` is answered with success.",
        openai("chat/create stream"),
    ),
)
probe(
    "chat_stream_usage",
    *chat(
        REPEAT,
        temperature=0,
        max_tokens=64,
        stream=True,
        stream_options={"include_usage": True},
    ),
    needs="chat.stream",
    sdk=True,
)
probe("chat_length", *chat(COUNT, temperature=0, max_tokens=5), needs="chat")
probe(
    "chat_stream_length",
    *chat(COUNT, temperature=0, max_tokens=5, stream=True),
    needs="chat.stream",
)


def _stop_body(c: Context) -> dict[str, object]:
    """A stop string taken from the target's own earlier answer, so that it should come again."""
    text = str(c["chat"].json["choices"][0]["message"]["content"] or "")
    middle = text[len(text) // 2 : len(text) // 2 + 3] or "fox"
    return {
        "model": c.model("chat"),
        "messages": [user(REPEAT)],
        "temperature": 0,
        "max_tokens": 64,
        "stop": middle,
    }


probe(
    "chat_stop",
    "POST",
    "/chat/completions",
    _stop_body,
    needs="chat",
    after=("chat",),
    accepted=Accepted(
        "chat.stop.accepts-string",
        MUST,
        "`stop` may be a single string.",
        openai("chat/create stop"),
    ),
)
