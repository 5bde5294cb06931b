"""Faults that refuse valid options of streams."""

from __future__ import annotations

from typing import Any

from conformance.reference.faults.tools_requests import refusing


def _options(body: dict[str, Any]) -> Any:
    return body.get("stream_options")


def _asks(body: dict[str, Any], key: str, value: Any) -> bool:
    options = _options(body)
    return isinstance(options, dict) and options.get(key) is value


refusing(
    "chat.stream.accepts.empty-options",
    "Empty stream_options are refused.",
    lambda b: _options(b) == {},
)
refusing(
    "chat.stream.accepts.usage-off",
    "include_usage false is refused.",
    lambda b: _asks(b, "include_usage", False),
)
refusing(
    "chat.stream.accepts.obfuscation-off",
    "include_obfuscation is refused.",
    lambda b: _asks(b, "include_obfuscation", False),
)
refusing(
    "chat.accepts.stream-false",
    "stream false is refused.",
    lambda b: b.get("stream") is False,
    breaks=("chat.accepts.stream-false", "chat.neutral.stream"),
)
