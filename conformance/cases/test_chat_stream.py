"""Chat streaming: chunks and their framing."""

from __future__ import annotations

from conformance.exchange import Exchange
from conformance.expect import expect
from conformance.requirement import MUST, openai, requirement
from conformance.select import CHAT_STREAM


@requirement(
    "chat.stream.terminator",
    MUST,
    "A stream that ends normally is closed by the event `data: [DONE]`.",
    source=openai("chat/streaming"),
    needs="chat.stream",
    over=CHAT_STREAM,
    breaks=["clients that read until [DONE] wait for ever or report a cut stream"],
)
def test_terminator(stream: Exchange) -> None:
    expect(stream).last_event().data("[DONE]")
