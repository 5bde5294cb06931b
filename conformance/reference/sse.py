"""Server-sent events out of payloads."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from conformance.reference.reply import Frame

DONE = "[DONE]"


def dump(value: Any) -> str:
    """JSON as it goes over the wire: compact, UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def frame(payload: Any, event: str | None = None, delay: float = 0.0) -> Frame:
    """One event; a string payload is sent as it is."""
    data = payload if isinstance(payload, str) else dump(payload)
    name = f"event: {event}\n" if event else ""
    return Frame(f"{name}data: {data}\n\n".encode("utf-8", "replace"), delay)


def data_frames(chunks: Iterable[Any], delay: float) -> list[Frame]:
    """Chunks of chat and completions, closed by [DONE]."""
    frames = [frame(chunk, delay=delay if i else 0.0) for i, chunk in enumerate(chunks)]
    frames.append(frame(DONE))
    return frames


def event_frames(events: Iterable[tuple[str, Any]], delay: float, done: bool) -> list[Frame]:
    """Named events of responses and runs; only runs close with a `done` event."""
    frames = [
        frame(payload, name, delay if name.endswith(".delta") else 0.0) for name, payload in events
    ]
    if done:
        frames.append(frame(DONE, "done"))
    return frames
