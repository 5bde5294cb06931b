"""Chat completions: the core requests that most requirements share."""

from __future__ import annotations

from conformance.capability import capability
from conformance.probe import Accepted, Context, chat, probe, user
from conformance.requirement import MUST, openai

COUNT = "Count from 1 to 20. Write the numbers separated by commas and nothing else."
REPEAT = "Repeat exactly: The quick brown fox jumps over the lazy dog."
STORY = "Write a long story about a young dragon who learns to bake bread in a mountain village."

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
probe(
    "chat_length",
    *chat(COUNT, temperature=0, max_tokens=5),
    needs="chat",
    accepted=Accepted(
        "chat.accepts.max-tokens",
        MUST,
        "`max_tokens` is accepted.",
        openai("chat/create max_tokens"),
        ("older clients send nothing else to bound an answer",),
    ),
)
probe(
    "chat_stream_length",
    *chat(COUNT, temperature=0, max_tokens=5, stream=True),
    needs="chat.stream",
)
probe(
    "chat_max_completion",
    *chat(STORY, temperature=1, max_completion_tokens=5),
    needs="chat",
    accepted=Accepted(
        "chat.accepts.max-completion-tokens",
        MUST,
        "`max_completion_tokens` is accepted.",
        openai("chat/create max_completion_tokens"),
        ("current clients send it instead of `max_tokens`",),
    ),
)
probe(
    "chat_one_token",
    *chat(STORY, temperature=0, max_tokens=1),
    needs="chat",
    accepted=Accepted(
        "chat.accepts.one-token",
        MUST,
        "`max_tokens: 1` is accepted.",
        openai("chat/create max_tokens"),
        ("classification and health checks ask for one token",),
    ),
)


def answer_of(c: Context, name: str = "chat") -> str:
    """The text of an earlier answer; empty where there is none."""
    try:
        return str(c[name].json["choices"][0]["message"]["content"] or "")
    except (KeyError, IndexError, TypeError):
        return ""


def _stop_body(c: Context) -> dict[str, object]:
    """A stop string taken from the target's own earlier answer, so that it should come again."""
    text = answer_of(c)
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
