"""Speech, transcription and translation."""

from __future__ import annotations

import base64
from typing import Any

from conformance.reference import tokens
from conformance.reference.call import Call
from conformance.reference.chat_reply import silence
from conformance.reference.chat_rules import check_model
from conformance.reference.checks import anything, enum, fields, nullable, number, string
from conformance.reference.errors import invalid, invalid_value, missing
from conformance.reference.parse import Upload
from conformance.reference.reply import Answer, Reply
from conformance.reference.routing import Route

SAID = "The quick brown fox jumps over the lazy dog."
_SECONDS = 2.5
_TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
_MAGIC = {"mp3": b"ID3\x04\0\0\0\0\0\0", "opus": b"OggS", "aac": b"\xff\xf1", "flac": b"fLaC"}
FORMATS = ("json", "text", "srt", "verbose_json", "vtt")
_speech = fields(
    {
        "model": string(1),
        "input": string(1, 4096),
        "voice": anything,
        "instructions": nullable(string(high=4096)),
        "response_format": nullable(enum(*_TYPES)),
        "speed": nullable(number(0.25, 4)),
        "stream_format": nullable(enum("audio", "sse")),
    },
    ("model", "input", "voice"),
    closed=True,
)


def _check_speech(call: Call, body: dict[str, Any]) -> None:
    check_model(call, body, "speech")
    _speech("", body)


def speech(call: Call) -> Reply | Answer:
    """POST /audio/speech: silence, in the container that was asked for."""
    body = call.fields
    form = body.get("response_format") or "mp3"
    data = silence() if form in ("wav", "pcm") else _MAGIC[form] + b"\0" * 512
    if body.get("stream_format") == "sse":
        piece = base64.b64encode(data).decode()
        used = tokens.count(body["input"])
        usage = {"input_tokens": used, "output_tokens": 8, "total_tokens": used + 8}
        events: list[dict[str, Any]] = [
            {"type": "speech.audio.delta", "audio": piece},
            {"type": "speech.audio.done", "usage": usage},
        ]
        return Answer(events=[(event["type"], event) for event in events], done=False)
    return Reply(200, [("content-type", _TYPES[form])], data[44:] if form == "pcm" else data)


def _check_upload(call: Call, body: dict[str, Any]) -> None:
    if not isinstance(body.get("file"), Upload):
        raise missing("file")
    check_model(call, body, "transcription")
    form = body.get("response_format") or "json"
    if form not in FORMATS:
        raise invalid_value("response_format", form, FORMATS)
    temperature = body.get("temperature")
    if temperature is not None:
        try:
            number(0, 1)("temperature", float(temperature))
        except (TypeError, ValueError):
            raise invalid(
                "Invalid type for 'temperature'.", "temperature", "invalid_type"
            ) from None
    name = body["file"].filename.rpartition(".")[2].lower()
    known = ("flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm")
    if name not in known:
        raise invalid(f"Unrecognized file format. Supported formats: {list(known)}", "file")
    if not body["file"].data:
        raise invalid("Audio file is empty.", "file")


def _stamp(seconds: float, mark: str) -> str:
    whole, part = divmod(round(seconds * 1000), 1000)
    return f"00:00:{whole:02d}{mark}{part:03d}"


def _written(call: Call, task: str) -> Reply | Answer:
    body = call.fields
    form = body.get("response_format") or "json"
    end = _SECONDS
    if form == "text":
        return _text(SAID + "\n")
    if form == "srt":
        return _text(f"1\n{_stamp(0, ',')} --> {_stamp(end, ',')}\n{SAID}\n\n")
    if form == "vtt":
        return _text(f"WEBVTT\n\n{_stamp(0, '.')} --> {_stamp(end, '.')}\n{SAID}\n\n")
    usage = {"type": "duration", "seconds": 3}
    if form == "json":
        if body.get("stream") == "true" and task == "transcribe":
            return _streamed(usage)
        return Answer({"text": SAID, "usage": usage})
    ids = [token.id for token in tokens.encode(SAID)]
    segment = {
        "id": 0, "seek": 0, "start": 0.0, "end": end, "text": SAID, "tokens": ids,
        "temperature": 0.0, "avg_logprob": -0.2, "compression_ratio": 1.1, "no_speech_prob": 0.01,
    }  # fmt: skip
    made = {"task": task, "language": "english", "duration": end, "text": SAID, "usage": usage}
    wanted = body.get("timestamp_granularities") or ["segment"]
    if "segment" in wanted:
        made["segments"] = [segment]
    if "word" in wanted:
        words = SAID.rstrip(".").split()
        each = end / len(words)
        made["words"] = [
            {"word": word, "start": round(each * i, 2), "end": round(each * (i + 1), 2)}
            for i, word in enumerate(words)
        ]
    return Answer(made)


def _text(text: str) -> Reply:
    return Reply(200, [("content-type", "text/plain; charset=utf-8")], text.encode())


def _streamed(usage: dict[str, Any]) -> Answer:
    events: list[tuple[str, Any]] = []
    for piece, _ in tokens.deltas(tokens.encode(SAID)):
        name = "transcript.text.delta"
        events.append((name, {"type": name, "delta": piece}))
    name = "transcript.text.done"
    events.append((name, {"type": name, "text": SAID, "usage": usage}))
    return Answer(events=events, done=False)


def transcribe(call: Call) -> Reply | Answer:
    """POST /audio/transcriptions."""
    return _written(call, "transcribe")


def translate(call: Call) -> Reply | Answer:
    """POST /audio/translations."""
    return _written(call, "translate")


ROUTES = (
    Route("audio.speech", "POST", "/audio/speech", speech, _check_speech, "json"),
    Route("audio.transcriptions", "POST", "/audio/transcriptions", transcribe, _check_upload,
          "form"),
    Route("audio.translations", "POST", "/audio/translations", translate, _check_upload, "form"),
)  # fmt: skip
