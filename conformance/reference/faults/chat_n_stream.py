"""Faults of chat streams with several choices."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.fault import fault


@fault(
    "chat.stream.n.finish-last-only",
    at="chunks",
    route="chat",
    breaks=("chat.stream.finish",),
    when=lambda call: (call.fields.get("n") or 1) > 1,
    field_defects="n-stream-finish-only-last-choice",
)
def finish_last_only(call: Call, chunks: list[dict[str, Any]]) -> None:
    """Only the last choice of a stream gets a finish reason."""
    last = (call.fields.get("n") or 1) - 1
    for chunk in chunks:
        for choice in chunk["choices"]:
            if choice["index"] != last:
                choice["finish_reason"] = None
