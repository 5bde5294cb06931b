"""Faults of chat streams: log probabilities and stop strings."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ApiError
from conformance.reference.fault import fault
from conformance.reference.faults.chat import SERVER

Chunks = list[dict[str, Any]]


def stopping(call: Call) -> bool:
    """A stream with stop strings, without logprobs."""
    return call.stream and bool(call.fields.get("stop")) and not call.fields.get("logprobs")


def asked(call: Call) -> bool:
    """A stream with log probabilities."""
    return call.stream and call.fields.get("logprobs") is True


def _long(call: Call) -> str:
    stop = call.fields.get("stop")
    return stop[-1] if isinstance(stop, list) and stop else str(stop or "")


def _append(chunks: Chunks, text: str) -> None:
    """More text before the end of the first choice."""
    for number, chunk in enumerate(chunks):
        for choice in chunk["choices"]:
            if choice["finish_reason"] is not None:
                extra = {**choice, "delta": {"content": text}, "finish_reason": None}
                chunks.insert(number, {**chunk, "choices": [extra]})
                return


@fault("chat.stream.stop.not-in-text", at="chunks", route="chat", when=stopping)
def includes(call: Call, chunks: Chunks) -> None:
    """The stop string is streamed before it is noticed."""
    if "\u2603" not in _long(call):
        _append(chunks, _long(call))


@fault("chat.stream.stop.same-text", at="chunks", route="chat", when=stopping,
       field_defects="stop-prefix-leaked-in-stream")  # fmt: skip
def leaks(call: Call, chunks: Chunks) -> None:
    """All but the last letter of the stop string is streamed."""
    if "\u2603" not in _long(call):
        _append(chunks, _long(call)[:-1])


@fault("chat.stream.stop.no-false-match", at="chunks", route="chat", when=stopping)
def loses(call: Call, chunks: Chunks) -> None:
    """What was held back for a stop string is lost when the stream ends."""
    if "\u2603" in _long(call):
        texts = [c for c in chunks if c["choices"] and c["choices"][0]["delta"].get("content")]
        for chunk in texts[-2:]:
            chunk["choices"][0]["delta"]["content"] = ""


@fault("chat.stream.content.no-special-tokens", at="chunks", route="chat", when=stopping,
       breaks=("chat.stream.content.no-special-tokens", "chat.stream.stop.same-text"))  # fmt: skip
def end_token(call: Call, chunks: Chunks) -> None:
    """The end token is streamed as text."""
    if "\u2603" not in _long(call):
        _append(chunks, "</s>")


@fault("chat.stream.logprobs.given", at="chunks", route="chat", when=asked)
def dropped(call: Call, chunks: Chunks) -> None:
    """Streams have no log probabilities."""
    for chunk in chunks:
        for choice in chunk["choices"]:
            choice["logprobs"] = None


@fault("chat.stream.logprobs.given/crash", at="request", route="chat",
       breaks=("chat.stream.logprobs.given", *SERVER),
       when=lambda call: asked(call) and call.fields.get("max_tokens") == 1,
       field_defects="logprobs-stream-500-on-abort")  # fmt: skip
def crashes(call: Call, body: dict[str, Any]) -> None:
    """A stream of one token with log probabilities is a 500."""
    raise ApiError(500, "Internal server error",
                   type="server_error")  # fmt: skip


@fault("chat.stream.logprobs.join", at="chunks", route="chat", when=asked,
       field_defects="stream-logprobs-last-chunk-only")  # fmt: skip
def last_only(call: Call, chunks: Chunks) -> None:
    """Only the last token has an entry."""
    seen = [c for chunk in chunks for c in chunk["choices"]
            if (c["logprobs"] or {}).get("content")]  # fmt: skip
    for choice in seen[:-1]:
        choice["logprobs"] = None


@fault("chat.stream.logprobs.one-end", at="chunks", route="chat",
       breaks=("chat.stream.logprobs.one-end", "chat.stream.finish"),
       when=lambda call: asked(call) and call.fields.get("max_tokens") == 1)  # fmt: skip
def no_end(call: Call, chunks: Chunks) -> None:
    """A stream of one token with log probabilities has no end."""
    for chunk in chunks:
        for choice in chunk["choices"]:
            choice["finish_reason"] = None
