"""Embeddings."""

from __future__ import annotations

import base64
import struct
from typing import Any

from conformance.reference import tokens
from conformance.reference.call import Call
from conformance.reference.chat_rules import check_model
from conformance.reference.checks import enum, fields, integer, nullable, string
from conformance.reference.config import EMBEDDING_DIMENSIONS
from conformance.reference.errors import ApiError, invalid, missing
from conformance.reference.reply import Answer
from conformance.reference.routing import Route
from conformance.reference.tokens import VOCABULARY
from conformance.reference.vectors import embed

MOST_INPUTS = 2048
MOST_TOKENS = 300_000

_shape = fields(
    {
        "model": string(1),
        "input": lambda path, value: None,
        "encoding_format": nullable(enum("float", "base64")),
        "dimensions": nullable(integer(1)),
        "user": nullable(string()),
    },
    closed=True,
)


def _bad_input() -> ApiError:
    return invalid(
        "'$.input' is invalid. Please check the API reference: "
        "https://platform.openai.com/docs/api-reference."
    )


def _is_token(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < VOCABULARY


def inputs_of(value: Any) -> list[tuple[str, int]]:
    """The inputs as text and token count, whichever of the four forms they came in."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not value:
        raise _bad_input()
    if all(_is_token(item) for item in value):
        return [(tokens.decode_ids(value), len(value))]
    if len(value) > MOST_INPUTS:
        raise _bad_input()
    if all(isinstance(item, str) and item for item in value):
        return [(item, tokens.count(item)) for item in value]
    if all(isinstance(item, list) and item and all(map(_is_token, item)) for item in value):
        return [(tokens.decode_ids(item), len(item)) for item in value]
    raise _bad_input()


def validate(call: Call, body: dict[str, Any]) -> None:
    """Refuse what OpenAI refuses."""
    card = check_model(call, body, "embedding")
    if "input" not in body:
        raise missing("input")
    _shape("", body)
    sizes = [size for _, size in inputs_of(body["input"])]
    if max(sizes) > card.context:
        raise invalid(
            f"This model's maximum context length is {card.context} tokens, however you requested "
            f"{max(sizes)} tokens ({max(sizes)} in your prompt; 0 for the completion). Please "
            "reduce your prompt; or completion length."
        )
    if sum(sizes) > MOST_TOKENS:
        raise invalid(
            f"Requested {sum(sizes)} tokens, max {MOST_TOKENS} tokens per request",
            code="max_tokens_per_request",
        )
    wanted = body.get("dimensions")
    if wanted is not None and wanted > EMBEDDING_DIMENSIONS:
        raise invalid(
            "Invalid value for 'dimensions'. Must be less than or equal to "
            f"{EMBEDDING_DIMENSIONS}.",
            "dimensions",
        )


def create(call: Call) -> Answer:
    """POST /embeddings."""
    body = call.fields
    inputs = inputs_of(body["input"])
    dimensions = body.get("dimensions") or EMBEDDING_DIMENSIONS
    total = sum(size for _, size in inputs)
    call.charge(total)
    data = []
    for index, (text, _) in enumerate(inputs):
        vector: Any = embed(text, dimensions)
        if body.get("encoding_format") == "base64":
            vector = base64.b64encode(struct.pack(f"<{dimensions}f", *vector)).decode()
        data.append({"object": "embedding", "index": index, "embedding": vector})
    usage = {"prompt_tokens": total, "total_tokens": total}
    return Answer({"object": "list", "data": data, "model": body["model"], "usage": usage})


ROUTES = (Route("embeddings", "POST", "/embeddings", create, validate, "json", limited=True),)
