"""Faults of audio, images and the rest of the surface."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from conformance.probes.surface import GROUPS
from conformance.reference.call import Call
from conformance.reference.errors import ErrorReply, invalid
from conformance.reference.fault import fault
from conformance.reference.faults._objects import edit, fill, status
from conformance.reference.reply import Reply

Json = dict[str, Any]
SPEECH, TEXT, TRANSLATION = "audio.speech", "audio.transcriptions", "audio.translations"
IMAGES = "images.generations"
NO_5XX = ("errors.no-5xx", "errors.no-5xx.first")


def refuse(call: Call, value: Any) -> None:
    """The route does not do this."""
    raise invalid("This is not supported.", None)


def _format(call: Call) -> Any:
    return call.fields.get("response_format")


def body(
    id: str, route: str, text: str, change: Callable[[Reply], Any], *more: str, **options: Any
) -> None:
    """Register a fault that changes a successful answer on the wire."""

    def hook(call: Call, reply: Reply) -> None:
        if reply.status == 200 and isinstance(reply.body, bytes):
            change(reply)

    fault(id, at="http", route=route, text=text, breaks=(id.partition("/")[0], *more),
          **options)(hook)  # fmt: skip


def _set(body: bytes, media_type: str = "") -> Callable[[Reply], None]:
    def change(reply: Reply) -> None:
        reply.body = body
        if media_type:
            reply.set("content-type", media_type)

    return change


fill("audio.speech.accepts.basic", SPEECH, "A format must be named.", refuse,
     when=lambda c: not _format(c) and c.fields.get("input") is not None
     and "speed" not in c.fields)  # fmt: skip
fill("audio.speech.accepts.format", SPEECH, "wav is refused.", refuse,
     when=lambda c: _format(c) == "wav")  # fmt: skip
body("audio.speech.not-empty", SPEECH, "Speech is empty.", _set(body=b""),
     when=lambda c: _format(c) == "wav")  # fmt: skip
body("audio.speech.format", SPEECH, "Speech is always MP3.", _set(body=b"ID3" + b"\0" * 600))
body("audio.speech.content-type", SPEECH, "Speech is declared to be text.",
     lambda r: r.set("content-type", "text/plain"))  # fmt: skip
fill("audio.transcription.accepts.basic", TEXT, "A format must be named.", refuse,
     when=lambda c: not _format(c))  # fmt: skip
fill("audio.transcription.formats", TEXT, "text is refused.", refuse,
     when=lambda c: _format(c) == "text")  # fmt: skip
edit("audio.transcription.json", TEXT, "The text has another name.",
     lambda c, r: {"transcript": r["text"]}, when=lambda c: not _format(c))  # fmt: skip
body("audio.transcription.text", TEXT, "text is answered in JSON.",
     _set(json.dumps({"text": "x"}).encode(), "application/json"),
     when=lambda c: _format(c) == "text")  # fmt: skip
body("audio.transcription.srt", TEXT, "srt is answered with a bare text.", _set(body=b"Hello."),
     when=lambda c: _format(c) == "srt")  # fmt: skip
body("audio.transcription.vtt", TEXT, "vtt has no head.", _set(body=b"00:00 Hello."),
     when=lambda c: _format(c) == "vtt")  # fmt: skip
edit("audio.transcription.verbose", TEXT, "The verbose form has only a text.",
     lambda c, r: {"text": r["text"]}, when=lambda c: _format(c) == "verbose_json")  # fmt: skip
edit("audio.translation.json", TRANSLATION, "A translation has no text.", lambda c, r: {})
for _slug, _route, _test in (
    ("transcription.no-file", TEXT, lambda c: "file" not in c.fields),
    ("transcription.no-model", TEXT, lambda c: "model" not in c.fields),
    ("transcription.bad-format", TEXT, lambda c: _format(c) == "no-such-format"),
    ("transcription.not-audio", TEXT, lambda c: b"this is no sound" in c.raw),
    ("transcription.empty", TEXT,
     lambda c: "file" in c.fields and not c.fields["file"].data),
    ("speech.bad-format", SPEECH, lambda c: _format(c) == "no-such-format"),
    ("speech.bad-speed", SPEECH, lambda c: c.fields.get("speed") == 9),
):  # fmt: skip
    status(f"audio.{_slug}", _route, 500, "It crashes the server.", when=_test,
           breaks=(f"audio.{_slug}", "errors.no-5xx"))  # fmt: skip

# images
fill("images.accepts.basic", IMAGES, "A size must not be named.", refuse,
     when=lambda c: c.fields.get("size") == "1024x1024")  # fmt: skip
edit("images.count", IMAGES, "There are always two images.",
     lambda c, r: r.update(data=r["data"] * 2))  # fmt: skip
edit("images.one-form", IMAGES, "The bytes have another name.",
     lambda c, r: [o.update(image=o.pop("b64_json")) for o in r["data"]] and None)  # fmt: skip
edit("images.picture", IMAGES, "The bytes are no picture.",
     lambda c, r: [o.update(b64_json=base64.b64encode(b"no picture").decode())
                   for o in r["data"]] and None)  # fmt: skip
edit("images.picture/prefixed", IMAGES, "The bytes are a data address.",
     lambda c, r: [o.update(b64_json="data:image/png;base64," + o["b64_json"])
                   for o in r["data"]] and None, breaks=("images.picture",))  # fmt: skip
edit("images.usage", IMAGES, "The total is too small.",
     lambda c, r: r["usage"].update(total_tokens=0))  # fmt: skip
for _slug, _test in (
    ("bad-size", lambda c: c.fields.get("size") == "7x7"),
    ("bad-number", lambda c: c.fields.get("n") == 0),
):
    status(f"images.refuses.{_slug}", IMAGES, 500, "It crashes the server.", when=_test,
           breaks=(f"images.refuses.{_slug}", "errors.no-5xx"))  # fmt: skip

EDITS = "images.edits"
fill("images.edits.accepts.basic", EDITS, "The number must not be named.", refuse,
     when=lambda c: c.fields.get("n") is not None)  # fmt: skip
for _slug, _test in (
    ("no-image", lambda c: "image" not in c.fields),
    ("no-picture", lambda c: b"this is no picture" in c.raw),
):
    status(f"images.edits.refuses.{_slug}", EDITS, 500, "It crashes the server.", when=_test,
           breaks=(f"images.edits.refuses.{_slug}", "errors.no-5xx"))  # fmt: skip

# the rest of the surface
for _name, (_, _path) in GROUPS.items():

    def crash(call: Call, error: ErrorReply) -> None:
        error.status = 500

    # the same unknown job is asked for by a probe of its own
    _also = ("fine-tuning.unknown.retrieve",) if _name == "fine-tuning" else ()
    _start = "/v1" + _path.partition("?")[0]
    fault(f"surface.refused.{_name}", at="error", text="What is not there crashes the server.",
          when=lambda c, start=_start: c.path == start,  # type: ignore[misc]
          breaks=(f"surface.refused.{_name}", *NO_5XX, *_also))(crash)  # fmt: skip
