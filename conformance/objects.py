"""What probes of stored objects share: multipart bodies, ids, samples. Nothing here judges."""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.exchange import Exchange
from conformance.probe import Skip

BOUNDARY = "conformance-boundary-7f3a"
BETA = {"OpenAI-Beta": "assistants=v2"}
TICK = 1.1
"""Seconds between two objects whose order is looked at: creation times are whole seconds."""


@dataclass(frozen=True)
class Part:
    """One field of a form; with a file name it is a file."""

    name: str
    data: bytes | str
    filename: str | None = None
    media_type: str = "application/octet-stream"


def form(*parts: Part, boundary: str = BOUNDARY) -> dict[str, Any]:
    """The options of a request with a multipart body, as the SDKs write it."""
    lines: list[bytes] = []
    for part in parts:
        disposition = f'form-data; name="{part.name}"'
        head = [f"Content-Disposition: {disposition}"]
        if part.filename is not None:
            quoted = part.filename.replace("\\", "\\\\").replace('"', "%22")
            head = [
                f'Content-Disposition: {disposition}; filename="{quoted}"',
                f"Content-Type: {part.media_type}",
            ]
        data = part.data.encode() if isinstance(part.data, str) else part.data
        lines += [f"--{boundary}".encode(), *(line.encode() for line in head), b"", data]
    lines += [f"--{boundary}--".encode(), b""]
    return {
        "content": b"\r\n".join(lines),
        "headers": {"content-type": f"multipart/form-data; boundary={boundary}"},
    }


def upload(name: str, data: bytes, purpose: str, **more: str) -> dict[str, Any]:
    """The options of a file upload."""
    fields = [Part(key, value) for key, value in more.items()]
    return form(Part("purpose", purpose), *fields, Part("file", data, name))


def field_of(exchange: Exchange | None, name: str) -> Any:
    """A member of a successful answer; None where there is none."""
    body = exchange.json if exchange is not None and exchange.ok else None
    return body.get(name) if isinstance(body, dict) else None


def id_of(exchange: Exchange | None) -> str:
    """The id of what was made. Raises Skip where there is none that a path can hold."""
    name = field_of(exchange, "id")
    if not isinstance(name, str) or not name or set(name) & set("/?#% {}\n\r"):
        raise Skip("what was made has no usable id")
    return name


def unknown(name: str) -> str:
    """An id of the same form that nothing has."""
    other = "00000000" if not name.endswith("00000000") else "11111111"
    return name[:-8] + other if len(name) > 12 else name + other


def jsonl(lines: Iterable[Mapping[str, Any]]) -> bytes:
    """JSON lines."""
    return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)


def png(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    """A picture of one colour (red, green, blue)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        made = kind + data
        return struct.pack(">I", len(data)) + made + struct.pack(">I", zlib.crc32(made))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes(colour) * width) * height, 9)
    start = b"\x89PNG\r\n\x1a\n"
    return start + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def wav(seconds: float = 1.0, rate: int = 16_000, pitch: float = 440.0) -> bytes:
    """A quiet tone, 16 bits, one channel."""
    count = int(seconds * rate)
    wave = (int(3000 * math.sin(2 * math.pi * pitch * i / rate)) for i in range(count))
    data = struct.pack(f"<{count}h", *wave)
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 1,
                       rate, rate * 2, 2, 16, b"data", len(data))  # fmt: skip
    return head + data
