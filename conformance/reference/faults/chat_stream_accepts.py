"""The gate of chat streams, refused."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ApiError
from conformance.reference.fault import fault


def _gate(call: Call) -> bool:
    """The plainest stream, as the gate of the capability asks for it."""
    return call.stream and set(call.fields) == {
        "model",
        "messages",
        "temperature",
        "max_tokens",
        "stream",
    }


@fault(
    "chat.stream.accepts.basic",
    breaks=("chat.stream.accepts.basic", "headers.client-id.accepted"),
    at="request",
    route="chat",
    when=_gate,
)
def no_streams(call: Call, body: dict[str, Any]) -> None:
    """A plain stream is refused."""
    raise ApiError(400, "Streaming is not supported.", param="stream", code="unsupported_value")
