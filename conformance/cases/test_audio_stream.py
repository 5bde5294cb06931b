"""Speech and transcription in events: pieces that join, and one end."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from conformance.cases._objects import rule, step
from conformance.cases.test_audio import MAGIC
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.requirement import MUST, Case, Requirement, openapi

CASES: list[Case] = []
SPEECH, TEXT = "audio.speech.stream", "audio.transcription.stream"
Event = dict[str, Any]


def told(x: Exchange) -> list[Event]:
    """The events of a stream that was served as one."""
    if not x.ok or not x.is_sse:
        raise NotApplicable("it was not answered with events")
    return [p for p in x.payloads if isinstance(p, dict)]


def kinds(x: Exchange) -> list[str]:
    return [str(event.get("type")) for event in told(x)]


def ends(x: Exchange, name: str) -> None:
    """One event of this name, after all others."""
    found = kinds(x)
    require(found.count(name) == 1 and found[-1] == name, "events", f"one {name}, the last",
            " -> ".join(found[-4:]))  # fmt: skip


def pieces(x: Exchange, name: str, field: str) -> list[str]:
    found = [event.get(field) for event in told(x) if event.get("type") == name]
    for piece in found:
        require(isinstance(piece, str), f"{name}: {field}", "a string", piece)
    if not found:
        fail("events", f"some {name}", kinds(x)[:8])
    return [str(piece) for piece in found]


def sound(x: Exchange) -> None:
    """The joined bytes are a recording in the format of the request (MP3 where it says none)."""
    data = b""
    for piece in pieces(x, "speech.audio.delta", "audio"):
        try:
            data += base64.b64decode(piece, validate=True)
        except (ValueError, binascii.Error):
            fail("speech.audio.delta: audio", "base64", piece[:80])
    require(MAGIC["mp3"].match(data) is not None, "audio", "mp3", repr(data[:16]))


def spent(x: Exchange) -> None:
    done = [e for e in told(x) if e.get("type") == "speech.audio.done"]
    usage = done[0].get("usage") if done else None
    if not done:
        raise NotApplicable("there is no speech.audio.done")
    names = ("input_tokens", "output_tokens", "total_tokens")
    found = [usage.get(n) for n in names] if isinstance(usage, dict) else []
    numbers = [n for n in found if isinstance(n, int) and not isinstance(n, bool)]
    require(len(numbers) == 3 and numbers[0] + numbers[1] == numbers[2], "usage",
            "input_tokens + output_tokens = total_tokens", usage)  # fmt: skip


def joined(x: Exchange) -> None:
    """The deltas are the text of the end."""
    done = [e.get("text") for e in told(x) if e.get("type") == "transcript.text.done"]
    if not done:
        raise NotApplicable("there is no transcript.text.done")
    if done == [""]:
        raise Inconclusive("nothing was heard")
    deltas = "".join(pieces(x, "transcript.text.delta", "delta"))
    require(done == [deltas], "transcript.text.done: text", repr(deltas)[:200], done)


def _speech(id: str, text: str, judge: Callable[[Exchange], None], schema: str) -> None:
    made = Requirement(f"{SPEECH}.{id}", MUST, text, openapi(schema), SPEECH,
                       ("openai-python audio.speech.with_streaming_response",))  # fmt: skip
    case = Case(made, judge, probes=("speech_events",), any_status=True, module=__name__)
    CASES.append(case)


def _written(id: str, text: str, judge: Callable[[Exchange], None]) -> None:
    def decide(steps: Steps) -> None:
        judge(step(steps, "stream"))

    rule(CASES, __name__, f"{TEXT}.{id}", text, decide, probes=("transcription_events",),
         needs=TEXT, source=openapi("TranscriptTextDoneEvent"),
         breaks=("openai-python audio.transcriptions.create(stream=True)",))  # fmt: skip


_speech("end", "Speech in events ends with one `speech.audio.done`.",
        lambda x: ends(x, "speech.audio.done"), "SpeechAudioDoneEvent")  # fmt: skip
_speech("audio", "The deltas of speech are base64 that joins to the sound.", sound,
        "SpeechAudioDeltaEvent")  # fmt: skip
_speech("usage", "The end of speech holds its usage.", spent, "SpeechAudioDoneEvent")
_written("end", "A transcription in events ends with one `transcript.text.done`.",
         lambda x: ends(x, "transcript.text.done"))  # fmt: skip
_written("joined", "The deltas of a transcription join to its text.", joined)
