"""Audio: bytes of the format that was asked for, and texts in every form."""

from __future__ import annotations

import re

from conformance.cases._objects import good, refused, rule, served, step
from conformance.exchange import Exchange, Steps
from conformance.expect import NotApplicable, require
from conformance.requirement import MUST, SHOULD, Case, openai, openapi, requirement
from conformance.select import Selector

SPEECH, TEXT = "audio.speech", "audio.transcription"
CASES: list[Case] = []
PLAYERS = ["openai-python audio.speech: the file cannot be played"]
WRITERS = ["openai-python audio.transcriptions"]
SOUNDS = Selector("speech", lambda x: x.ok and x.endpoint == "/audio/speech")
MAGIC = {
    "mp3": re.compile(rb"ID3|\xff[\xe2-\xff]", re.S),
    "wav": re.compile(rb"RIFF....WAVE", re.S),
}
_TYPES = {
    "mp3": ("audio/mpeg", "audio/mp3", "application/octet-stream"),
    "wav": ("audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave",
            "application/octet-stream"),
}  # fmt: skip


def _format(x: Exchange) -> str:
    found = str(x.sent.get("response_format") or "mp3")
    if found not in MAGIC or x.sent.get("stream_format") == "sse":
        raise NotApplicable
    return found


@requirement(
    "audio.speech.not-empty",
    MUST,
    "Speech is not empty.",
    source=openai("audio/createSpeech"),
    needs=SPEECH,
    over=SOUNDS,
    breaks=PLAYERS,
)
def test_not_empty(x: Exchange) -> None:
    assert x.response is not None
    require(len(x.response.body) > 100, "body", "audio", f"{len(x.response.body)} bytes")


@requirement(
    "audio.speech.format",
    MUST,
    "Speech is in the format that was asked for, else MP3.",
    source=openai("audio/createSpeech response_format"),
    needs=SPEECH,
    over=SOUNDS,
    breaks=PLAYERS,
)
def test_format(x: Exchange) -> None:
    assert x.response is not None
    wanted = _format(x)
    if not x.response.body:
        raise NotApplicable
    require(
        MAGIC[wanted].match(x.response.body) is not None, "body", wanted, repr(x.response.body[:16])
    )


@requirement(
    "audio.speech.content-type",
    MUST,
    "The content type of speech is that of its format, never JSON or text.",
    source=openai("audio/createSpeech"),
    needs=SPEECH,
    over=SOUNDS,
    breaks=PLAYERS,
)
def test_type(x: Exchange) -> None:
    assert x.response is not None
    wanted = _TYPES[_format(x)]
    require(
        x.response.media_type in wanted, "header content-type", wanted[:1], x.response.media_type
    )


def _text(steps: Steps, name: str) -> str:
    found = step(steps, name)
    if not found.ok or found.response is None:
        raise NotApplicable(f"{name} was answered {found.status}")
    return found.response.text


@requirement(
    "audio.transcription.json",
    MUST,
    "A transcription is an object with a `text`.",
    source=openapi("CreateTranscriptionResponseJson"),
    needs=TEXT,
    any_status=True,
    breaks=WRITERS,
)
def test_json(transcription: Steps) -> None:
    found = good(transcription, "json").get("text")
    require(isinstance(found, str), "text", "a string", found)


@requirement(
    "audio.transcription.formats",
    MUST,
    "`text` and `json` may be asked for.",
    source=openai("audio/createTranscription response_format"),
    needs=TEXT,
    any_status=True,
    breaks=WRITERS,
)
def test_formats(transcription_formats: Steps) -> None:
    served(transcription_formats, "json", "text")


@requirement(
    "audio.transcription.text",
    MUST,
    "With `response_format: text` the answer is the bare text, no JSON.",
    source=openai("audio/createTranscription response_format"),
    needs=TEXT,
    any_status=True,
    breaks=["openai-python: the text is JSON in quotes"],
)
def test_text(transcription_formats: Steps) -> None:
    body = _text(transcription_formats, "text").strip()
    require(not body.startswith(("{", '"')), "body", "plain text", body[:100])
    media = transcription_formats["text"].response
    assert media is not None
    require(
        media.media_type in ("text/plain", ""),
        "header content-type",
        "text/plain",
        media.media_type,
    )


def _captions(steps: Steps, name: str, pattern: str) -> None:
    found = step(steps, name)
    if 400 <= found.status < 500:
        raise NotApplicable("this model has no captions")
    served(steps, name)
    body = _text(steps, name).lstrip("\ufeff")
    require(re.match(pattern, body) is not None, "body", name, body[:100])


@requirement(
    "audio.transcription.srt",
    MUST,
    "`srt` is answered with numbered captions.",
    source=openai("audio/createTranscription response_format"),
    needs=TEXT,
    any_status=True,
    breaks=WRITERS,
)
def test_srt(transcription_formats: Steps) -> None:
    _captions(
        transcription_formats, "srt", r"\s*$|1\r?\n\d\d:\d\d:\d\d,\d{3} --> \d\d:\d\d:\d\d,\d{3}"
    )


@requirement(
    "audio.transcription.vtt",
    MUST,
    "`vtt` is answered with WebVTT captions.",
    source=openai("audio/createTranscription response_format"),
    needs=TEXT,
    any_status=True,
    breaks=WRITERS,
)
def test_vtt(transcription_formats: Steps) -> None:
    _captions(transcription_formats, "vtt", r"WEBVTT")


@requirement(
    "audio.transcription.verbose",
    MUST,
    "`verbose_json` is answered with language, duration, text and segments in their order.",
    source=openapi("CreateTranscriptionResponseVerboseJson"),
    needs=TEXT,
    any_status=True,
    breaks=WRITERS,
)
def test_verbose(transcription_formats: Steps) -> None:
    if 400 <= step(transcription_formats, "verbose_json").status < 500:
        raise NotApplicable("this model has no verbose form")
    served(transcription_formats, "verbose_json")
    body = good(transcription_formats, "verbose_json")
    for name in ("language", "text"):
        require(isinstance(body.get(name), str), name, "a string", body.get(name))
    duration = body.get("duration")
    holds = isinstance(duration, int | float) and not isinstance(duration, bool) and duration >= 0
    require(
        holds or (isinstance(duration, str) and re.fullmatch(r"[\d.]+", duration) is not None),
        "duration",
        "seconds",
        duration,
    )
    segments = body.get("segments")
    last = 0.0
    for one in segments if isinstance(segments, list) else ():
        start = one.get("start") if isinstance(one, dict) else None
        end = one.get("end") if isinstance(one, dict) else None
        numbers = isinstance(start, int | float) and isinstance(end, int | float)
        require(
            numbers and last <= float(start or 0) <= float(end or 0),
            "segments[].start",
            f"from {last} on",
            (start, end),
        )
        last = float(start)  # type: ignore[arg-type]


@requirement(
    "audio.translation.json",
    MUST,
    "A recording is translated to a `text`.",
    source=openai("audio/createTranslation"),
    needs=TEXT,
    any_status=True,
    breaks=["openai-python audio.translations.create()"],
)
def test_translation(transcription_formats: Steps) -> None:
    if step(transcription_formats, "translation").status in (400, 404, 405, 501):
        raise NotApplicable("there is no translation here")
    served(transcription_formats, "translation")
    found = good(transcription_formats, "translation").get("text")
    require(isinstance(found, str), "text", "a string", found)


for _slug, _text_, _probe, _step, _needs, _level in (
    ("transcription.no-file", "A transcription without a file is refused.", "audio_wrong",
     "no-file", TEXT, MUST),
    ("transcription.no-model", "A transcription without a model is refused.", "audio_wrong",
     "no-model", TEXT, SHOULD),
    ("transcription.bad-format", "An unknown format of a transcription is refused.",
     "audio_wrong", "bad-format", TEXT, MUST),
    ("transcription.not-audio", "A file that is no recording is refused.", "audio_wrong",
     "not-audio", TEXT, MUST),
    ("transcription.empty", "An empty recording is refused.", "audio_wrong", "empty", TEXT, MUST),
    ("speech.bad-format", "An unknown format of speech is refused.", "speech_wrong",
     "bad-format", SPEECH, MUST),
    ("speech.bad-speed", "A speed of 9 is refused.", "speech_wrong", "bad-speed", SPEECH,
     SHOULD),
):  # fmt: skip
    rule(CASES, __name__, f"audio.{_slug}", _text_,
         lambda steps, name=_step: refused(steps, name), probes=(_probe,), needs=_needs,
         source=openai("audio"), level=_level)  # fmt: skip
