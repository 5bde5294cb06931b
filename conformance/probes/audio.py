"""Speech, and the text of a short generated recording."""

from __future__ import annotations

from typing import Any

from conformance.capability import capability
from conformance.exchange import Steps
from conformance.objects import Part, form, wav
from conformance.probe import Accepted, Model, probe, scenario
from conformance.requirement import MUST, openai
from conformance.session import Session

SPEECH, TEXT, TRANSLATION = "/audio/speech", "/audio/transcriptions", "/audio/translations"
SAYING = "Hello."
RECORDING = wav(1.0)


def _streams(x: Any) -> bool:
    return bool(x.is_sse)


def _writes(steps: Steps) -> bool:
    written = steps.get("stream")
    return written is not None and written.is_sse


capability("audio", "audio", "speech")
capability("audio.speech", "speech", "speech")
capability("audio.transcription", "transcription", "transcription")
capability("audio.speech.stream", "speech in events", "speech_events", within="audio.speech",
           took_effect=_streams)  # fmt: skip
capability("audio.transcription.stream", "transcription in events", "transcription_events",
           within="audio.transcription", took_effect=_writes)  # fmt: skip

probe(
    "speech",
    "POST",
    SPEECH,
    {"model": Model("speech"), "input": SAYING, "voice": "alloy"},
    needs="audio.speech",
    accepted=Accepted(
        "audio.speech.accepts.basic", MUST, "A text is spoken.", openai("audio/createSpeech"),
        ("openai-python audio.speech.create()",),
    ),
)  # fmt: skip
probe(
    "speech_wav",
    "POST",
    SPEECH,
    {"model": Model("speech"), "input": SAYING, "voice": "alloy", "response_format": "wav",
     "speed": 1.5},
    needs="audio.speech",
    accepted=Accepted(
        "audio.speech.accepts.format", MUST, "A format and a speed may be asked for.",
        openai("audio/createSpeech response_format"),
    ),
)  # fmt: skip

probe(
    "speech_events",
    "POST",
    SPEECH,
    {"model": Model("speech"), "input": SAYING, "voice": "alloy", "stream_format": "sse"},
    needs="audio.speech.stream",
    valid=False,  # older models refuse it
)


def _recording(session: Any, **fields: str) -> dict[str, Any]:
    parts = [Part(name.rstrip("_"), value) for name, value in fields.items()]
    return form(
        Part("model", session.model("transcription")),
        *parts,
        Part("file", RECORDING, "tone.wav", "audio/wav"),
    )


@scenario(
    "transcription",
    needs="audio.transcription",
    cost=1,
    accepted=Accepted(
        "audio.transcription.accepts.basic", MUST, "A recording is transcribed.",
        openai("audio/createTranscription"), ("openai-python audio.transcriptions.create()",),
    ),
)  # fmt: skip
async def _gate(s: Session) -> None:
    """The gate: one second of a tone."""
    await s.send("json", "POST", TEXT, **_recording(s))


@scenario("transcription_formats", needs="audio.transcription", cost=8)
async def _formats(s: Session) -> None:
    """Every format of a transcription."""
    for name in ("json", "text", "verbose_json", "srt", "vtt"):
        await s.send(name, "POST", TEXT, **_recording(s, response_format=name, language="en"))
    await s.send("translation", "POST", TRANSLATION, **_recording(s))


@scenario("transcription_events", needs="audio.transcription.stream", cost=1, valid=False)
async def _events(s: Session) -> None:
    """A transcription as it is written; older models answer it whole."""
    await s.send("stream", "POST", TEXT, **_recording(s, stream="true"))


@scenario("audio_wrong", needs="audio.transcription", cost=5)
async def _wrong(s: Session) -> None:
    """Recordings that cannot be transcribed."""
    model = Part("model", s.model("transcription"))
    sound = Part("file", RECORDING, "tone.wav", "audio/wav")
    for step, options in {
        "no-file": form(model),
        "no-model": form(sound),
        "bad-format": form(model, Part("response_format", "no-such-format"), sound),
        "not-audio": form(model, Part("file", b"this is no sound", "tone.exe", "text/plain")),
        "empty": form(model, Part("file", b"", "tone.wav", "audio/wav")),
    }.items():
        await s.send(step, "POST", TEXT, retry=False, **options)


@scenario("speech_wrong", needs="audio.speech", cost=4)
async def _wrong_speech(s: Session) -> None:
    """Speech that cannot be made."""
    body = {"model": s.model("speech"), "input": SAYING, "voice": "alloy"}
    for step, change in (
        ("bad-format", {"response_format": "no-such-format"}),
        ("bad-speed", {"speed": 9}),
    ):
        await s.send(step, "POST", SPEECH, json={**body, **change}, retry=False)
