"""Legal forms of structured answers."""

from __future__ import annotations

import json
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ApiError
from conformance.reference.fault import variation
from conformance.reference.faults.chat_stream import texts

Json = dict[str, Any]
Chunks = list[Json]


def formatted(call: Call) -> bool:
    wanted = call.fields.get("response_format")
    return isinstance(wanted, dict) and wanted.get("type") in ("json_object", "json_schema")


@variation("json.indented", at="reply", route="chat", when=formatted)
def indented(call: Call, body: Json) -> None:
    """The JSON of the content has lines and white space around it."""
    for choice in body["choices"]:
        try:
            value = json.loads(choice["message"]["content"] or "")
        except ValueError:
            continue
        choice["message"]["content"] = "\n" + json.dumps(value, indent=2, sort_keys=True) + "\n "


@variation("json.leading-space", at="chunks", route="chat", when=formatted)
def leading_space(call: Call, chunks: Chunks) -> None:
    """Streamed JSON begins with a line end."""
    for chunk in texts(chunks)[:1]:
        delta = chunk["choices"][0]["delta"]
        delta["content"] = "\n" + delta["content"]


@variation("json.refuses", at="reply", route="chat", when=formatted)
def refuses(call: Call, body: Json) -> None:
    """The model refuses: the content is null and `refusal` says why."""
    for choice in body["choices"]:
        choice["message"].update(content=None, refusal="I can't help with that.")
        choice["finish_reason"] = "stop"


@variation("json.simple-schemas", at="accepted", route="chat", when=formatted)
def simple(call: Call, body: Json) -> None:
    """A schema that refers to itself is refused cleanly."""
    if "$ref" in str(body["response_format"]):
        raise ApiError(400, "Invalid schema: $ref is not supported.", param="response_format")
