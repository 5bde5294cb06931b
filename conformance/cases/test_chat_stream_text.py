"""Chat streaming: whole characters, and no events where none were asked for."""

from __future__ import annotations

from conformance import streamed
from conformance.exchange import Exchange
from conformance.expect import fail
from conformance.requirement import MUST, openai, openapi, requirement
from conformance.select import CHAT_STREAM, on

CHUNK = openapi("CreateChatCompletionStreamResponse")
NEEDS = "chat.stream"


@requirement(
    "chat.stream.code-points",
    MUST,
    "No delta ends inside a character: each string is whole code points.",
    source=CHUNK,
    needs=NEEDS,
    over=CHAT_STREAM,
    breaks=["lone surrogates: Python raises UnicodeEncodeError when the text is written"],
)
def test_code_points(stream: Exchange) -> None:
    for pieces in streamed.by_choice(stream).values():
        for piece in pieces:
            if any("\ud800" <= c <= "\udfff" for c in piece.text):
                shown = piece.text.encode("utf-8", "backslashreplace").decode()
                fail(f"event {piece.number}: delta.content", "whole characters", shown)


WHOLE_ANSWERS = on(
    "POST", "/chat/completions", "chat completions that asked for no stream", stream=False
)


@requirement(
    "chat.stream.only-when-asked",
    MUST,
    "Without `stream: true` the answer is one JSON document, without events.",
    source=openai("chat/create stream"),
    needs="chat",
    over=WHOLE_ANSWERS,
    breaks=["JSON.parse of the body fails"],
)
def test_only_when_asked(answer: Exchange) -> None:
    assert answer.response is not None
    tail = answer.response.text[-200:]
    if answer.is_sse or "data: [DONE]" in tail or answer.response.text.startswith("data:"):
        fail("body", "one JSON document", f"{answer.header('content-type')}, …{tail[-80:]}")
