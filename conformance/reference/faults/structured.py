"""Faults of structured output."""

from __future__ import annotations

import json
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ApiError
from conformance.reference.fault import fault
from conformance.reference.faults.chat_stream import choices, texts
from conformance.reference.faults.tools_requests import lenient, refusing

Json = dict[str, Any]
Chunks = list[Json]
OBJECT, SCHEMA = "chat.json-object", "chat.json-schema"


def kind(call: Call) -> str:
    wanted = call.fields.get("response_format")
    return str(wanted.get("type")) if isinstance(wanted, dict) else ""


def as_object(call: Call) -> bool:
    return kind(call) == "json_object"


def as_schema(call: Call) -> bool:
    return kind(call) == "json_schema"


def strict_only(call: Call) -> bool:
    return as_schema(call) and call.fields.get("max_tokens") != 6


def _message(body: Json) -> Json:
    found: Json = body["choices"][0]["message"]
    return found


def _change(body: Json, change: Any) -> None:
    message = _message(body)
    try:
        value = json.loads(message["content"] or "")
    except ValueError:
        return
    if isinstance(value, dict):
        change(value)
        message["content"] = json.dumps(value)


@fault(f"{OBJECT}.parses", at="reply", route="chat", when=as_object,
       field_defects="response-format-json-object-ignored")  # fmt: skip
def fenced(call: Call, body: Json) -> None:
    """JSON mode is ignored: a fenced block with prose behind it."""
    message = _message(body)
    message["content"] = f"```json\n{message['content']}\n```\nHere is your JSON."


@fault(f"{OBJECT}.parses/array", at="reply", route="chat", when=as_object,
       breaks=f"{OBJECT}.parses")  # fmt: skip
def array(call: Call, body: Json) -> None:
    """JSON mode answers with an array."""
    _message(body)["content"] = f"[{_message(body)['content']}]"


@fault(f"{OBJECT}.stream-parses", at="chunks", route="chat", when=as_object)
def fenced_stream(call: Call, chunks: Chunks) -> None:
    """In a stream JSON mode begins with a fence."""
    delta = texts(chunks)[0]["choices"][0]["delta"]
    delta["content"] = "```json\n" + delta["content"]


@fault(f"{SCHEMA}.parses", at="accepted", route="chat", when=as_schema,
       breaks=(f"{SCHEMA}.parses", f"{SCHEMA}.stream-parses"),
       field_defects="response-format-json-schema-ignored")  # fmt: skip
def schema_ignored(call: Call, body: Json) -> Json | None:
    """json_schema is ignored: the answer is free text."""
    if body.get("max_tokens") == 6:
        return None
    return {k: v for k, v in body.items() if k != "response_format"}


@fault(f"{SCHEMA}.stream-parses", at="chunks", route="chat", when=strict_only)
def schema_prose(call: Call, chunks: Chunks) -> None:
    """In a stream prose stands before the JSON."""
    delta = texts(chunks)[0]["choices"][0]["delta"]
    delta["content"] = "Sure! " + delta["content"]


@fault(f"{SCHEMA}.fits", at="reply", route="chat", when=strict_only,
       breaks=(f"{SCHEMA}.fits",))  # fmt: skip
def extra_keys(call: Call, body: Json) -> None:
    """A strict answer holds a key that the schema does not allow."""
    _change(body, lambda value: value.update(note="extra") if "zq_mood" in value else None)


@fault(f"{SCHEMA}.stream-fits", at="chunks", route="chat", when=strict_only)
def extra_keys_stream(call: Call, chunks: Chunks) -> None:
    """A streamed strict answer holds a key that the schema does not allow."""
    delta = texts(chunks)[0]["choices"][0]["delta"]
    if delta["content"].startswith("{"):
        delta["content"] = '{"note":"extra",' + delta["content"][1:]


def _ascii(value: Json) -> None:
    if isinstance(value.get("words"), str):
        value["words"] = value["words"].encode("ascii", "ignore").decode()


@fault(f"{SCHEMA}.characters", at="reply", route="chat", when=strict_only,
       breaks=(f"{SCHEMA}.characters", f"{SCHEMA}.fits"))  # fmt: skip
def ascii_only(call: Call, body: Json) -> None:
    """What is not ASCII is dropped from strict answers."""
    _change(body, _ascii)


@fault(f"{SCHEMA}.stream-characters", at="chunks", route="chat", when=strict_only,
       breaks=(f"{SCHEMA}.stream-characters", f"{SCHEMA}.stream-fits"))  # fmt: skip
def token_by_token(call: Call, chunks: Chunks) -> None:
    """Tokens are decoded one by one: characters of several tokens become question marks."""
    for chunk in texts(chunks):
        delta = chunk["choices"][0]["delta"]
        delta["content"] = "".join("??" if c > "\uffff" else c for c in delta["content"])


@fault(f"{SCHEMA}.bounded", at="accepted", route="chat", when=as_schema,
       breaks=(f"{SCHEMA}.bounded", "chat.usage.within-limit"),
       field_defects="max-completion-tokens-ignored")  # fmt: skip
def unbounded(call: Call, body: Json) -> Json:
    """max_completion_tokens is ignored where a schema is kept to."""
    return {k: v for k, v in body.items() if k != "max_completion_tokens"}


@fault(f"{SCHEMA}.stream-isolated", at="chunks", route="chat", when=strict_only,
       breaks=(f"{SCHEMA}.stream-isolated", f"{SCHEMA}.stream-fits"),
       field_defects="cross-request-leak")  # fmt: skip
def neighbour(call: Call, chunks: Chunks) -> Chunks | None:
    """A stream brings the answer to another request that runs at the same time."""
    schema = call.fields["response_format"].get("json_schema", {}).get("schema") or {}
    if list(schema.get("properties", ())) != ["word"]:
        return None
    found: Json = call.app.data.setdefault("neighbour", {})
    before, found["chunks"] = found.get("chunks"), [dict(chunk) for chunk in chunks]
    return [{**b, "id": chunks[0]["id"]} for b in before] if before else None


@fault(f"{SCHEMA}.nested", at="reply", route="chat", when=strict_only,
       breaks=(f"{SCHEMA}.nested", f"{SCHEMA}.fits"))  # fmt: skip
def flat(call: Call, body: Json) -> None:
    """Nested objects are strings."""
    _change(body, lambda value: value.update(depth="deep") if "depth" in value else None)


@fault(f"{SCHEMA}.nested/enum", at="reply", route="chat", when=strict_only,
       breaks=(f"{SCHEMA}.nested", f"{SCHEMA}.fits"))  # fmt: skip
def free_enum(call: Call, body: Json) -> None:
    """An enum is not enforced."""
    _change(body, lambda value: value.update(zq_mood="blue") if "zq_mood" in value else None)


@fault(f"{SCHEMA}.reference", at="reply", route="chat", when=strict_only,
       breaks=(f"{SCHEMA}.reference", f"{SCHEMA}.fits"),
       field_defects="json-schema-enum-behind-ref-unconstrained")  # fmt: skip
def free_reference(call: Call, body: Json) -> None:
    """An enum behind $ref becomes an object."""
    _change(body, lambda v: v.update(colour={"name": "red"}) if "colour" in v else None)


@fault(f"{SCHEMA}.recursive", at="reply", route="chat", when=strict_only,
       breaks=(f"{SCHEMA}.recursive", f"{SCHEMA}.fits"))  # fmt: skip
def flat_recursion(call: Call, body: Json) -> None:
    """A schema that refers to itself is cut after the first level."""
    _change(body, lambda value: value.update(tree={"label": "Ada"}) if "tree" in value else None)


@fault(f"{SCHEMA}.recursive/broken", at="accepted", route="chat", when=as_schema,
       breaks=f"{SCHEMA}.recursive")  # fmt: skip
def recursion_crashes(call: Call, body: Json) -> None:
    """A schema that refers to itself crashes the server."""
    if "children" in str(body["response_format"]):
        raise ApiError(500, "maximum recursion depth exceeded", type="server_error")


@fault(f"{SCHEMA}.union", at="reply", route="chat", when=strict_only,
       breaks=(f"{SCHEMA}.union", f"{SCHEMA}.fits"),
       field_defects="json-schema-silently-downgraded")  # fmt: skip
def integer_enum_lost(call: Call, body: Json) -> None:
    """An enum of integers gives an empty string."""
    _change(body, lambda value: value.update(level="") if "level" in value else None)


@fault(f"{SCHEMA}.union/both", at="reply", route="chat", when=strict_only,
       breaks=(f"{SCHEMA}.union", f"{SCHEMA}.fits"))  # fmt: skip
def merged_union(call: Call, body: Json) -> None:
    """The options of an anyOf are merged."""
    both = {"species": "cod", "fins": 3, "plant": "kelp", "height": 1.5}
    _change(body, lambda value: value.update(creature=both) if "creature" in value else None)


@fault(f"{SCHEMA}.cut", at="reply", route="chat", when=as_schema,
       breaks=(f"{SCHEMA}.cut", f"{SCHEMA}.parses"))  # fmt: skip
def cut_as_stop(call: Call, body: Json) -> None:
    """JSON that was cut off ends with `stop`."""
    for choice in body["choices"]:
        choice["finish_reason"] = "stop"


@fault(f"{SCHEMA}.stream-cut", at="chunks", route="chat", when=as_schema,
       breaks=(f"{SCHEMA}.stream-cut", f"{SCHEMA}.stream-parses"))  # fmt: skip
def cut_as_stop_stream(call: Call, chunks: Chunks) -> None:
    """Streamed JSON that was cut off ends with `stop`."""
    for choice in choices(chunks):
        if choice["finish_reason"] == "length":
            choice["finish_reason"] = "stop"


def _wants(body: Json, word: str) -> bool:
    wanted = body.get("response_format")
    return isinstance(wanted, dict) and wanted.get("type") == word


refusing(
    "chat.format.accepts.text",
    "The format text is refused.",
    lambda b: _wants(b, "text"),
    "response-format-text-rejected",
)
refusing(
    "chat.format.accepts.json-object", "JSON mode is refused.", lambda b: _wants(b, "json_object")
)
refusing(
    f"{OBJECT}.stream-accepted",
    "JSON mode is refused in a stream.",
    lambda b: _wants(b, "json_object") and b.get("stream"),
)
refusing(
    f"{SCHEMA}.stream-accepted",
    "A schema is refused in a stream.",
    lambda b: _wants(b, "json_schema") and b.get("stream") and b.get("max_tokens") != 6,
)


def _free(body: Json) -> Json:
    return {k: v for k, v in body.items() if k != "response_format"}


lenient(f"{OBJECT}.word", "JSON mode works without the word JSON.",
        lambda b: _free(b) if _wants(b, "json_object")
        and "json" not in str(b["messages"]).lower() else None)  # fmt: skip
lenient(
    f"{SCHEMA}.bad-type",
    "A broken schema is not looked at.",
    lambda b: _free(b) if "banana" in str(b.get("response_format")) else None,
)
lenient(f"{SCHEMA}.bad-missing", "A missing schema is not noticed.",
        lambda b: _free(b) if _wants(b, "json_schema")
        and "json_schema" not in b["response_format"] else None)  # fmt: skip
lenient(
    "chat.format.bad-type",
    "An unknown format is taken for text.",
    lambda b: _free(b) if _wants(b, "yaml") else None,
)


@fault(f"{SCHEMA}.bad-open", at="request", route="chat",
       breaks=(f"{SCHEMA}.bad-open",))  # fmt: skip
def open_schema(call: Call, body: Json) -> Json | None:
    """A strict schema may be open, and only its required keys are kept."""
    if "zq_extra" not in str(body.get("response_format")):
        return None
    schema = {"type": "object", "properties": {"zq_title": {"type": "string"}},
              "required": ["zq_title"], "additionalProperties": True}  # fmt: skip
    named = {"name": "answer", "schema": schema}
    return {**body, "response_format": {"type": "json_schema", "json_schema": named}}
