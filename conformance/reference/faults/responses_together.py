"""Faults of responses that show in streams alone, or beside other answers."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.fault import fault

Json = dict[str, Any]
Events = list[tuple[str, Json]]
ROUTE = "responses"


def streamed(call: Call) -> bool:
    return call.stream


def _usage(events: Events) -> Json:
    found: Json = events[-1][1].get("response", {}).get("usage") or {}
    return found


@fault("responses.usage.same-input", at="chunks", route=ROUTE, when=streamed,
       breaks=("responses.usage.same-input", "responses.usage.steady",
               "responses.instructions.streamed"))  # fmt: skip
def template_left_out(call: Call, events: Events) -> None:
    """The input of a stream is counted without its template."""
    usage = _usage(events)
    if usage.get("input_tokens", 0) > 3:
        usage["input_tokens"] -= 3
        usage["total_tokens"] -= 3


@fault("responses.instructions.streamed", at="accepted", route=ROUTE, when=streamed,
       breaks=("responses.instructions.streamed", "responses.usage.same-input",
               "responses.echo.instructions"))  # fmt: skip
def no_instructions(call: Call, body: Json) -> None:
    """`instructions` are ignored in a stream."""
    body.pop("instructions", None)


@fault("responses.stream.usage-equal", at="chunks", route=ROUTE, when=streamed,
       breaks=("responses.stream.usage-equal", "responses.usage.within-limit"))  # fmt: skip
def chunks_counted(call: Call, events: Events) -> None:
    """The tokens of a stream are counted twice."""
    usage = _usage(events)
    if usage.get("output_tokens") and not call.fields.get("tools"):
        usage["total_tokens"] += usage["output_tokens"]
        usage["output_tokens"] *= 2
