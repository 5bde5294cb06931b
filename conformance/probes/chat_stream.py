"""Streams beyond the core ones: options, long and short, several at once, cut off, refused."""

from __future__ import annotations

from typing import Any

from conformance.probe import Accepted, chat, probe, scenario
from conformance.probes.chat import REPEAT, STORY
from conformance.requirement import MUST, SHOULD, openai

LONG = "Count from 1 to 100. Write every number, separated by commas, and nothing else."
GLYPHS = "Begin 🌍👩‍👩‍👧 你好世界 Привет end"
UNICODE = f"Repeat exactly: {GLYPHS}"
LINES = 'Repeat exactly:\nfirst <b>line</b>\n\n\tsecond "line"\nthird & last line'
PARALLEL = 8

probe(
    "stream_long",
    *chat(LONG, temperature=0, max_tokens=400, stream=True),
    needs="chat.stream",
    tokens=450,
)
probe("long_whole", *chat(LONG, temperature=0, max_tokens=400), needs="chat", tokens=450)
probe(
    "parts_stream",
    *chat(
        {"role": "system", "content": [{"type": "text", "text": "Answer briefly."}]},
        {"role": "user", "name": "Ada", "content": [{"type": "text", "text": REPEAT}]},
        temperature=0,
        max_tokens=32,
        stream=True,
    ),
    needs="chat.stream",
    accepted=Accepted(
        "chat.stream.accepts.parts",
        MUST,
        "Contents in parts, and names, are accepted in a stream as without.",
        openai("chat/create messages"),
        ("Cline, opencode and LangChain send nothing else",),
    ),
)
probe(
    "stream_one",
    *chat(LONG, temperature=0, max_tokens=1, stream=True, stream_options={"include_usage": True}),
    needs="chat.stream",
)
probe(
    "stream_options_empty",
    *chat(REPEAT, temperature=0, max_tokens=64, stream=True, stream_options={}),
    needs="chat.stream",
    accepted=Accepted(
        "chat.stream.accepts.empty-options",
        SHOULD,
        "`stream_options` may be an empty object.",
        openai("chat/create stream_options"),
    ),
)
probe(
    "stream_options_off",
    *chat(
        REPEAT,
        temperature=0,
        max_tokens=64,
        stream=True,
        stream_options={"include_usage": False},
    ),
    needs="chat.stream",
    accepted=Accepted(
        "chat.stream.accepts.usage-off",
        MUST,
        "`stream_options.include_usage` may be false.",
        openai("chat/create stream_options"),
    ),
)
probe(
    "stream_unpadded",
    *chat(
        REPEAT,
        temperature=0,
        max_tokens=64,
        stream=True,
        stream_options={"include_usage": True, "include_obfuscation": False},
    ),
    needs="chat.stream",
    accepted=Accepted(
        "chat.stream.accepts.obfuscation-off",
        SHOULD,
        "`stream_options.include_obfuscation` is accepted.",
        openai("chat/create stream_options"),
    ),
)
probe(
    "stream_n",
    *chat(
        STORY,
        temperature=1,
        max_completion_tokens=8,
        n=2,
        stream=True,
        stream_options={"include_usage": True},
    ),
    needs="chat.stream",
    tokens=128,
)
probe("lines", *chat(LINES, temperature=0, max_tokens=96), needs="chat", tokens=128)
probe(
    "lines_stream",
    *chat(LINES, temperature=0, max_tokens=96, stream=True),
    needs="chat.stream",
    tokens=128,
)
probe("unicode", *chat(UNICODE, temperature=0, max_tokens=96), needs="chat", tokens=128)
probe(
    "stream_unicode",
    *chat(UNICODE, temperature=0, max_tokens=96, stream=True),
    needs="chat.stream",
    tokens=128,
)
probe(
    "stream_off",
    *chat(REPEAT, temperature=0, max_tokens=64, stream=False),
    needs="chat",
    accepted=Accepted(
        "chat.accepts.stream-false",
        MUST,
        "`stream` may be false.",
        openai("chat/create stream"),
    ),
)


def _refused(name: str, **changes: Any) -> None:
    """The same refusable request, whole and streamed."""
    method, path, body = chat("Hello.", max_tokens=16)
    probe(f"{name}_whole", method, path, {**body, **changes}, needs="chat", valid=False)
    probe(
        f"{name}_stream",
        method,
        path,
        {**body, "stream": True, **changes},
        needs="chat.stream",
        valid=False,
    )


_refused("bad_limit", max_tokens=1_000_000_000)
_refused("bad_messages", messages=[])


@scenario("stream_cut", needs="chat.stream", cost=3, tokens=450)
async def cut(session: Any) -> None:
    """Leave in the middle of a stream, then ask twice more on whatever connection there is."""
    method, path, body = chat(LONG, temperature=0, max_tokens=400, stream=True)
    await session.send("left", method, path, json=body, stop=_third_event, retry=False)
    short = chat(REPEAT, temperature=0, max_tokens=65, stream=True)[2]
    await session.send("next", method, path, json=short)
    await session.send("again", method, path, json=short)


def _third_event(seen: bytes) -> bool:
    return seen.count(b"data:") >= 3


@scenario("stream_parallel", needs="chat.stream", cost=PARALLEL, tokens=48)
async def parallel(session: Any) -> None:
    """Many streams at once, each asked for a word of its own."""
    method, path, _ = chat("")

    async def one(number: int) -> Any:
        word = session.nonce(str(number))
        body = chat(f"Repeat exactly: {word}", temperature=0, max_tokens=32, stream=True)[2]
        return await session.send(
            f"stream-{number}", method, path, json=body, context={"word": word}
        )

    await session.gather(*(one(number) for number in range(PARALLEL)))
