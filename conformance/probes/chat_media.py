"""Chat completions: images, audio and files in messages; reasoning models."""

from __future__ import annotations

import base64
import struct

from conformance.capability import capability
from conformance.chats import detail_of
from conformance.objects import png
from conformance.probe import CHAT_MODEL, Model, probe, user

DESCRIBE = "Which colour is this? Answer with one word."


def wav(seconds: float = 0.5, rate: int = 16_000) -> bytes:
    """Silence."""
    data = b"\0\0" * int(seconds * rate)
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 1,
                       rate, rate * 2, 2, 16, b"data", len(data))  # fmt: skip
    return head + data


def _inline(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


PICTURE = _inline("image/png", png(64, 64, (220, 20, 20)))
PDF = (
    b"%PDF-1.1\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)


def _with(part: dict[str, object], text: str = DESCRIBE) -> dict[str, object]:
    content = [{"type": "text", "text": text}, part]
    return {
        "model": CHAT_MODEL,
        "messages": [{"role": "user", "content": content}],
        "temperature": 0,
        "max_tokens": 16,
    }


def _image(url: str, **more: str) -> dict[str, object]:
    return {"type": "image_url", "image_url": {"url": url, **more}}


_POST = ("POST", "/chat/completions")

capability("chat.vision", "images in messages", "chat_image", within="chat")
capability("chat.audio-input", "audio in messages", "chat_audio", within="chat")
capability("chat.file-input", "files in messages", "chat_file", within="chat")
capability(
    "chat.reasoning",
    "a reasoning model that counts its thoughts",
    "chat_reasoning",
    within="chat",
    took_effect=lambda x: bool(detail_of(x, "completion_tokens_details", "reasoning_tokens")),
)

probe("chat_image", *_POST, _with(_image(PICTURE)), needs="chat.vision", valid=False)
probe("chat_image_none", *_POST, {**_with(_image(PICTURE)), "messages": [user(DESCRIBE)]},
      needs="chat.vision")  # fmt: skip
for _detail in ("low", "high", "auto"):
    probe(
        f"chat_image_{_detail}",
        *_POST,
        _with(_image(PICTURE, detail=_detail)),
        needs="chat.vision",
    )
probe(
    "chat_image_broken",
    *_POST,
    _with(_image("data:image/png;base64,bm8gcGljdHVyZQ==")),
    needs="chat.vision",
    valid=False,
)
probe(
    "chat_audio",
    *_POST,
    _with(
        {
            "type": "input_audio",
            "input_audio": {"data": base64.b64encode(wav()).decode(), "format": "wav"},
        },
        "What do you hear?",
    ),
    needs="chat.audio-input",
    valid=False,
)
probe(
    "chat_file",
    *_POST,
    _with(
        {
            "type": "file",
            "file": {"filename": "empty.pdf", "file_data": _inline("application/pdf", PDF)},
        },
        "What is in this file?",
    ),
    needs="chat.file-input",
    valid=False,
)

REASONING = Model("reasoning")
COMPARE = "Which number is larger, 9.8 or 9.11? Answer with the word first or the word second."

probe(
    "chat_reasoning",
    *_POST,
    {"model": REASONING, "messages": [user(COMPARE)], "max_completion_tokens": 2000},
    needs="chat.reasoning",
    valid=False,
    tokens=2000,
)
probe(
    "chat_reasoning_cut",
    *_POST,
    {"model": REASONING, "messages": [user(COMPARE)], "max_completion_tokens": 16},
    needs="chat.reasoning",
)
probe(
    "chat_reasoning_effort",
    *_POST,
    {
        "model": REASONING,
        "messages": [user(COMPARE)],
        "max_completion_tokens": 2000,
        "reasoning_effort": "low",
    },
    needs="chat.reasoning",
    tokens=2000,
)
probe(
    "chat_reasoning_stop",
    *_POST,
    {
        "model": REASONING,
        "messages": [user(COMPARE)],
        "max_completion_tokens": 2000,
        "stop": ["9.8"],
    },
    needs="chat.reasoning",
    valid=False,
    tokens=2000,
)
