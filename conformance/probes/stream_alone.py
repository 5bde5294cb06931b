"""Long streams while nothing else is under way, where the times of the first one look odd."""

from __future__ import annotations

from typing import Any

from conformance.arrivals import Arrivals, at_once, of_chat, of_response
from conformance.probe import scenario
from conformance.session import Session

LATE = 0.2
"""Share of the time; less than that between first and last is looked at again."""


async def _again(session: Session, name: str, path: str, arrivals: Arrivals, **few: Any) -> None:
    first = session[name]
    body = dict(first.sent)
    await session.post("short", path, **{**body, **few})
    if not at_once(arrivals(first), LATE):
        return
    for _ in range(2):
        await session.post("long", path, **body)
        await session.post("short", path, **{**body, **few})


@scenario(
    "stream_alone",
    needs="chat.stream",
    after=("stream_long",),
    exclusive=True,
    cost=5,
    tokens=450,
)
async def _chat(session: Session) -> None:
    """A token, and the long chat stream twice more where it came at once."""
    await _again(session, "stream_long", "/chat/completions", of_chat, max_tokens=1)


@scenario(
    "responses_stream_alone",
    needs="responses.stream",
    after=("responses_stream_long",),
    exclusive=True,
    cost=5,
    tokens=450,
)
async def _responses(session: Session) -> None:
    """A few tokens, and the long streamed response twice more where it came at once."""
    path = "/responses"
    await _again(session, "responses_stream_long", path, of_response, max_output_tokens=16)
