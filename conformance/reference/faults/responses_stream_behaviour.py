"""Faults of streamed responses: beside the non-streamed answer, and over time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ApiError
from conformance.reference.fault import fault
from conformance.reference.faults.responses import Json, streamed
from conformance.reference.faults.responses_stream import Events, Frames, of, one
from conformance.reference.reply import Frame


def _zero(call: Call) -> bool:
    return (
        call.fields.get("max_output_tokens") == 64
        and "store" not in call.fields
        and "Repeat exactly: The" in str(call.fields["input"])
    )


@streamed("responses.stream.text-equal", when=_zero,
          breaks=("responses.stream.text-equal",))  # fmt: skip
def leading_lines(call: Call, events: Events) -> None:
    """A streamed text begins with empty lines, everywhere."""
    text = None
    for name, payload in events:
        if name == "response.output_text.delta" and text is None:
            text = payload["delta"] = "\n\n" + payload["delta"]
        parts = [payload, payload.get("part"), *(payload.get("item") or {}).get("content", ())]
        for item in (payload.get("response") or {}).get("output", ()):
            parts += item.get("content", ())
        for part in parts:
            if part and part.get("text"):
                part["text"] = "\n\n" + part["text"]


@streamed("responses.stream.model-equal", when=_zero,
          breaks=("responses.stream.model-equal",))  # fmt: skip
def model_suffix(call: Call, events: Events) -> None:
    """The streamed model has a suffix."""
    for _name, payload in events:
        if "response" in payload:
            payload["response"]["model"] += "-latest"


@streamed("responses.stream.keys-equal", when=_zero,
          breaks=("responses.stream.keys-equal",))  # fmt: skip
def sparse_final(call: Call, events: Events) -> None:
    """The final response lacks options."""
    for key in ("truncation", "max_output_tokens", "background"):
        events[-1][1]["response"].pop(key)


@fault("responses.stream.incremental", at="frames", route="responses",
       breaks=("responses.stream.incremental", "responses.stream.created-early"))  # fmt: skip
def buffered(call: Call, frames: Frames) -> Frames:
    """The stream is held back and sent in one piece."""
    return [Frame(b"".join(f.data for f in frames), sum(f.delay for f in frames))]


@fault("responses.stream.created-early", at="frames", route="responses",
       breaks=("responses.stream.created-early", "responses.stream.incremental"))  # fmt: skip
def late(call: Call, frames: Frames) -> None:
    """Nothing is sent until the answer is finished."""
    frames[0].delay = sum(f.delay for f in frames)
    for piece in frames[1:]:
        piece.delay = 0.0


@streamed("responses.stream.obfuscation-off", when=one)
def padded(call: Call, events: Events) -> None:
    """Deltas are padded though it was switched off."""
    for payload in of(events, "response.output_text.delta"):
        payload["obfuscation"] = "aB3x"


@fault("responses.stream.cancel.next", at="frames", route="responses")
def leaking(call: Call, frames: Frames) -> Any:
    """A client that leaves takes a slot with it."""
    data = call.app.data
    if data.pop("response left", None):
        raise ApiError(400, "No slot is free.", type="server_error")
    if call.fields.get("max_output_tokens") != 400:
        return None

    async def body() -> AsyncIterator[bytes]:
        whole = False
        try:
            for piece in frames:
                await call.clock.sleep(piece.delay)
                yield piece.data
            whole = True
        finally:
            if not whole:
                data["response left"] = True

    return body


@fault("responses.stream.parallel.served", at="accepted", route="responses",
       when=lambda call: call.stream)  # fmt: skip
def one_too_many(call: Call, body: Json) -> None:
    """Of five streams at once one fails."""
    said = str(body.get("input"))
    if said.startswith("Repeat exactly: ") and " " not in said[16:]:
        call.app.data["asked"] = call.app.data.get("asked", 0) + 1
        if call.app.data["asked"] >= 5:
            raise ApiError(503, "The engine is busy.", type="server_error")


@streamed("responses.stream.parallel.isolated")
def leak(call: Call, events: Events) -> None:
    """A stream holds the text of another one that runs at the same time."""
    said = str(call.fields.get("input"))
    if not said.startswith("Repeat exactly: ") or " " in said[16:]:
        return
    other = call.app.data.get("said before")
    call.app.data["said before"] = said[16:]
    for _, payload in events:
        for item in (payload.get("response") or {}).get("output", ()):
            for part in item.get("content", ()):
                part["text"] = f"{other} {part['text']}" if other else part["text"]
        for part in (payload.get("item") or {}).get("content", ()):
            part["text"] = f"{other} {part['text']}" if other else part["text"]
        if payload.get("part") and payload["part"]["text"] and other:
            payload["part"]["text"] = f"{other} {payload['part']['text']}"
        if payload["type"] == "response.output_text.done" and other:
            payload["text"] = f"{other} {payload['text']}"
    deltas = of(events, "response.output_text.delta")
    if other and deltas:
        deltas[0]["delta"] = f"{other} {deltas[0]['delta']}"
