"""Faults of embeddings that only show beside other answers."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.fault import fault

Json = dict[str, Any]
ROUTE = "embeddings"


def batch(call: Call) -> bool:
    given = call.fields.get("input")
    return isinstance(given, list) and len(given) > 8 and isinstance(given[0], str)


def listed(call: Call) -> bool:
    given = call.fields.get("input")
    return isinstance(given, list) and len(given) > 1 and isinstance(given[0], str)


@fault("embeddings.text.same-vector", at="reply", route=ROUTE, when=batch)
def exchanged(call: Call, reply: Json) -> None:
    """Two neighbours of a large batch are exchanged where two workers meet."""
    data = reply["data"]
    data[3]["embedding"], data[4]["embedding"] = data[4]["embedding"], data[3]["embedding"]


@fault("embeddings.dimensions.base64/list", at="accepted", route=ROUTE, when=listed,
       breaks="embeddings.dimensions.base64")  # fmt: skip
def single_only(call: Call, body: Json) -> None:
    """dimensions is ignored for a list of inputs."""
    body.pop("dimensions", None)


@fault("embeddings.vector.precise", at="reply", route=ROUTE,
       when=lambda call: call.fields.get("encoding_format") != "base64")  # fmt: skip
def rounded(call: Call, reply: Json) -> None:
    """Floats are rounded to three digits."""
    for entry in reply["data"]:
        entry["embedding"] = [round(value, 3) for value in entry["embedding"]]
