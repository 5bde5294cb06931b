"""Realtime: one conversation in text over a WebSocket, and what must not open one."""

from __future__ import annotations

import re

from conformance.capability import capability
from conformance.exchange import Steps
from conformance.probe import scenario
from conformance.session import Session

PATH = "/realtime?model={realtime}"
DONE = re.compile(rb'"type"\s*:\s*"response\.done"')
UPDATED = re.compile(rb'"type"\s*:\s*"session\.updated"')
UNKNOWN_EVENT = "event_of_the_client"
INSTRUCTIONS = "Answer in one short sentence."
WORDS = "Say hello to the world."


def _opened(steps: Steps) -> bool:
    talk = steps.get("text")
    return (
        talk is not None and talk.response is not None and b"session.created" in talk.response.body
    )


capability("realtime", "realtime", "realtime_text", took_effect=_opened)


@scenario("realtime_text", needs="realtime", cost=1, tokens=256, claimed=True)
async def _text(s: Session) -> None:
    """A text is said, and answered in text."""
    part = {"type": "input_text", "text": WORDS}
    await s.converse(
        "text",
        PATH,
        {
            "type": "conversation.item.create",
            "item": {"type": "message", "role": "user", "content": [part]},
        },
        {"type": "response.create", "response": {"output_modalities": ["text"]}},
        until=lambda seen: DONE.search(seen) is not None,
    )


@scenario("realtime_wrong", needs="realtime", cost=3, tokens=0, claimed=True)
async def _wrong(s: Session) -> None:
    """An event that nobody knows, a model that nobody has, no key: nothing is generated."""
    await s.converse(
        "unknown-event",
        PATH,
        {"type": "no.such.event", "event_id": UNKNOWN_EVENT},
        {
            "type": "session.update",
            "session": {"type": "realtime", "instructions": INSTRUCTIONS},
        },
        until=lambda seen: UPDATED.search(seen) is not None,
        timeout=30,
    )
    nobody = f"no-such-model-{s.nonce('model')}"
    await s.converse("unknown-model", f"/realtime?model={nobody}", timeout=30, until=_spoken)
    await s.converse("no-key", PATH, key=None, timeout=30, until=_spoken)


def _spoken(seen: bytes) -> bool:
    return b"\n" in seen
