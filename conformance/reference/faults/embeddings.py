"""Faults of embeddings."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.fault import fault

Json = dict[str, Any]


@fault("embeddings.dimensions", at="accepted", route="embeddings")
def ignores_dimensions(call: Call, body: Json) -> None:
    """dimensions is ignored."""
    body.pop("dimensions", None)


@fault("embeddings.base64", at="accepted", route="embeddings")
def ignores_format(call: Call, body: Json) -> None:
    """encoding_format is ignored: there are always lists of floats."""
    body.pop("encoding_format", None)


@fault("embeddings.order", at="reply", route="embeddings")
def reversed_data(call: Call, reply: Json) -> None:
    """The vectors come in the wrong order."""
    vectors = [entry["embedding"] for entry in reply["data"]]
    for entry, vector in zip(reply["data"], reversed(vectors), strict=True):
        entry["embedding"] = vector
