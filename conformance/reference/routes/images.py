"""Images: tiny, but real."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

from conformance.reference import tokens
from conformance.reference.call import Call
from conformance.reference.chat_rules import check_model
from conformance.reference.checks import anything, enum, fields, integer, nullable, string
from conformance.reference.errors import invalid, missing
from conformance.reference.instructions import hashed
from conformance.reference.parse import Upload
from conformance.reference.reply import Answer
from conformance.reference.routing import Route

SIZES = ("auto", "256x256", "512x512", "1024x1024", "1536x1024", "1024x1536", "1792x1024",
         "1024x1792")  # fmt: skip
_shape = fields(
    {
        "model": string(1),
        "prompt": string(1, 32_000),
        "n": nullable(integer(1, 10)),
        "size": nullable(enum(*SIZES)),
        "response_format": nullable(enum("url", "b64_json")),
        "quality": nullable(enum("auto", "low", "medium", "high", "standard", "hd")),
        "style": nullable(enum("vivid", "natural")),
        "background": nullable(enum("auto", "transparent", "opaque")),
        "moderation": nullable(enum("auto", "low")),
        "output_format": nullable(enum("png", "jpeg", "webp")),
        "output_compression": nullable(integer(0, 100)),
        "partial_images": nullable(integer(0, 3)),
        "stream": nullable(anything),
        "user": nullable(string()),
    },
    ("prompt",),
    closed=True,
)


def png(colour: int, side: int = 4) -> bytes:
    """A square of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    row = b"\0" + (colour & 0xFFFFFF).to_bytes(3, "big") * side
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = zlib.compress(row * side)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def _check(call: Call, body: dict[str, Any]) -> None:
    if body.get("model") is not None:
        check_model(call, body, "image")
    _shape("", body)


def _check_edit(call: Call, body: dict[str, Any]) -> None:
    images = body.get("image")
    images = images if isinstance(images, list) else [images]
    if not all(isinstance(one, Upload) for one in images):
        raise missing("image")
    if any(not one.data.startswith((b"\x89PNG", b"\xff\xd8", b"RIFF")) for one in images):
        raise invalid(
            "Invalid image file or mode for image, please check your image file.",
            "image",
            "invalid_image_file",
        )
    number = body.get("n")
    if number is not None and not (str(number).isdigit() and 1 <= int(number) <= 10):
        raise invalid("Invalid 'n': expected an integer from 1 to 10.", "n", "invalid_type")
    if body.get("model") is not None:
        check_model(call, body, "image")
    if call.route == "images.edits" and not body.get("prompt"):
        raise missing("prompt")


def create(call: Call) -> Answer:
    """POST /images/generations, /edits and /variations."""
    body = call.fields
    prompt = str(body.get("prompt") or "")
    data: list[dict[str, Any]] = []
    for index in range(int(body.get("n") or 1)):
        raw = png(hashed(prompt, index))
        if body.get("response_format") == "url":
            address = base64.b64encode(raw).decode()
            data.append({"url": f"data:image/png;base64,{address}", "revised_prompt": prompt})
        else:
            data.append({"b64_json": base64.b64encode(raw).decode()})
    used, made = tokens.count(prompt), 16 * len(data)
    usage = {
        "input_tokens": used,
        "input_tokens_details": {"text_tokens": used, "image_tokens": 0},
        "output_tokens": made,
        "total_tokens": used + made,
    }
    return Answer(
        {
            "created": call.now,
            "background": "opaque",
            "data": data,
            "output_format": "png",
            "quality": "low",
            "size": "1024x1024",
            "usage": usage,
        }
    )


ROUTES = (
    Route("images.generations", "POST", "/images/generations", create, _check, "json"),
    Route("images.edits", "POST", "/images/edits", create, _check_edit, "form"),
    Route("images.variations", "POST", "/images/variations", create, _check_edit, "form"),
)
