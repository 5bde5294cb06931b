"""Faults of legacy completions that show in streams alone, or beside other answers."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ApiError
from conformance.reference.fault import fault

Json = dict[str, Any]
Chunks = list[Json]
ROUTE = "completions"


def streamed(call: Call) -> bool:
    return call.stream


def _chunks(id: str, text: str, key: str, value: Any, *more: str) -> None:
    def hook(call: Call, chunks: Chunks) -> None:
        for chunk in chunks:
            chunk[key] = value

    fault(id, at="chunks", route=ROUTE, text=text, breaks=(id, *more))(hook)


_chunks("completions.stream.created.now", "Chunks have the time of the document's example.",
        "created", 1589478378)  # fmt: skip
_chunks("completions.stream.model.echo", "Chunks name the file of the model.",
        "model", "/models/qwen.gguf")  # fmt: skip
_chunks("completions.id.all-unique", "All streams have one id.", "id", "cmpl-0")


@fault("completions.stream.finish-equal", at="chunks", route=ROUTE)
def always_stop(call: Call, chunks: Chunks) -> None:
    """A stream that the token limit cut off ends with `stop`."""
    for chunk in chunks:
        for choice in chunk["choices"]:
            if choice["finish_reason"] == "length":
                choice["finish_reason"] = "stop"


@fault("completions.stream.usage-once", at="chunks", route=ROUTE,
       when=lambda call: bool(call.fields.get("stream_options")))  # fmt: skip
def usage_everywhere(call: Call, chunks: Chunks) -> None:
    """Every chunk has the usage."""
    for chunk in chunks:
        chunk["usage"] = chunks[-1]["usage"]


@fault("completions.n.different", at="reply", route=ROUTE)
def copied(call: Call, reply: Json) -> None:
    """The first choice, another one at each time, is copied n times."""
    count = call.fields.get("n") or 1
    for number, choice in enumerate(reply["choices"]):
        choice["text"] = reply["choices"][number - number % count]["text"]
        if count > 1 and number % count == 0:
            choice["text"] = "~" + choice["text"][1:]


@fault("completions.stream.n", at="accepted", route=ROUTE, when=streamed,
       breaks=("completions.stream.n", "completions.stream.choices"))  # fmt: skip
def one_choice(call: Call, body: Json) -> None:
    """`n` is ignored in a stream."""
    body.pop("n", None)


@fault("completions.stream.n/stop", at="accepted", route=ROUTE, when=streamed,
       breaks="completions.stream.n")  # fmt: skip
def no_stop(call: Call, body: Json) -> None:
    """`stop` is ignored in a stream."""
    body.pop("stop", None)


@fault("completions.accepts.stream-n", at="accepted", route=ROUTE, when=streamed)
def no_choices(call: Call, body: Json) -> None:
    """`n` above 1 is refused in a stream."""
    if (body.get("n") or 1) > 1:
        raise ApiError(400, "n must be 1 when streaming.", param="n")
