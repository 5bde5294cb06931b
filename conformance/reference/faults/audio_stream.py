"""Faults of speech and transcription in events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.reference.call import Call
from conformance.reference.fault import fault

Event = tuple[str, Any]
SPEECH, TEXT = "audio.speech", "audio.transcriptions"


def told(id: str, route: str, text: str, change: Callable[[str, Any], list[Event]]) -> None:
    """Register a fault that makes of each event none, one or several."""

    def hook(call: Call, events: list[Event]) -> list[Event]:
        return [made for name, payload in events for made in change(name, payload)]

    fault(id, at="chunks", route=route, text=text, breaks=(id.partition("/")[0],))(hook)


def _on(kind: str, change: Callable[[Any], list[Event]]) -> Callable[[str, Any], list[Event]]:
    return lambda name, payload: change(payload) if name == kind else [(name, payload)]


DELTA, DONE = "speech.audio.delta", "speech.audio.done"
WRITTEN, END = "transcript.text.delta", "transcript.text.done"
told("audio.speech.stream.end", SPEECH, "Speech ends twice.",
     _on(DONE, lambda p: [(DONE, p), (DONE, p)]))  # fmt: skip
told("audio.speech.stream.audio", SPEECH, "The sound is written in hexadecimal.",
     _on(DELTA, lambda p: [(DELTA, {**p, "audio": p["audio"].encode().hex()})]))  # fmt: skip
told("audio.speech.stream.usage", SPEECH, "The end of speech has no usage.",
     _on(DONE, lambda p: [(DONE, {**p, "usage": None})]))  # fmt: skip
told("audio.transcription.stream.end", TEXT, "Something follows the end.",
     _on(END, lambda p: [(END, p), ("ping", {"type": "ping"})]))  # fmt: skip
told("audio.transcription.stream.joined", TEXT, "The text of the end is cut off.",
     _on(END, lambda p: [(END, {**p, "text": p["text"][:10]})]))  # fmt: skip
