"""The Assisters API: its header names, its dimensions, and what it does not support."""

from __future__ import annotations

import base64
import struct
from typing import Any

from conformance.reference.call import Call
from conformance.reference.config import Account
from conformance.reference.errors import ApiError, invalid
from conformance.reference.reply import Reply

DIMENSIONS = 1024
_ANYBODY = Account("nobody", 10, 100_000)
_RENAMED = {
    "x-ratelimit-limit-requests": "X-RateLimit-Limit-RPM",
    "x-ratelimit-remaining-requests": "X-RateLimit-Remaining-RPM",
    "x-ratelimit-limit-tokens": "X-RateLimit-Limit-TPM",
    "x-ratelimit-remaining-tokens": "X-RateLimit-Remaining-TPM",
}


def headers(call: Call, reply: Reply) -> None:
    """Six headers on every answer, by this provider's names."""
    account = call.account or _ANYBODY
    for name, value in call.app.limits.headers(account):
        reply.drop(name)
        own = _RENAMED.get(name)
        if own is not None:
            reply.set(own, value)
    spent = reply.header("openai-processing-ms") or "1"
    for name in ("openai-processing-ms", "openai-version", "openai-organization"):
        reply.drop(name)
    reply.set("X-Processing-Time-Ms", spent)


def not_supported(call: Call, body: dict[str, Any]) -> None:
    """Function calling, vision and audio are refused by name."""
    for name in ("tools", "functions", "audio"):
        if body.get(name):
            raise _unsupported(name)
    messages = body.get("messages")
    for index, message in enumerate(messages if isinstance(messages, list) else ()):
        content = message.get("content") if isinstance(message, dict) else None
        for part in content if isinstance(content, list) else ():
            kind = part.get("type") if isinstance(part, dict) else None
            if kind in ("image_url", "input_audio", "file"):
                raise _unsupported(f"messages[{index}].content", kind)


def _unsupported(param: str, what: str = "") -> ApiError:
    return invalid(f"{what or param} is not supported yet.", param, "unsupported_parameter")


def dimensions(call: Call, body: dict[str, Any]) -> None:
    """bge-m3 has one size."""
    if "dimensions" in body:
        raise _unsupported("dimensions")


def wide(call: Call, reply: dict[str, Any]) -> dict[str, Any]:
    """Vectors of 1024 dimensions and of length 1, out of shorter ones."""
    for item in reply["data"]:
        vector = item["embedding"]
        encoded = isinstance(vector, str)
        if encoded:
            raw = base64.b64decode(vector)
            vector = struct.unpack(f"<{len(raw) // 4}f", raw)
        times = DIMENSIONS // len(vector)
        longer = [value / times**0.5 for value in vector] * times
        item["embedding"] = (
            base64.b64encode(struct.pack(f"<{DIMENSIONS}f", *longer)).decode()
            if encoded
            else longer
        )
    return reply


HOOKS: Any = (
    ("request", "chat", not_supported),
    ("request", "embeddings", dimensions),
    ("reply", "embeddings", wide),
    ("http", None, headers),
)
