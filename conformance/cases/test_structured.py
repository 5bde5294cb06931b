"""Structured output: JSON mode and JSON Schema, whole and streamed."""

from __future__ import annotations

import json
from typing import Any

from conformance import streamed
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, expect, fail
from conformance.requirement import MUST, field, openai, requirement
from conformance.select import CHAT, CHAT_STREAM, Selector
from conformance.toolcalls import calls, finish, schema_broken, schema_problem

FORMAT = openai("chat/create response_format")
OBJECT, SCHEMA = "chat.json-object", "chat.json-schema"
BREAKS = ("JSON.parse, model_validate_json: the answer cannot be read",)


def _format(x: Exchange) -> dict[str, Any]:
    found = x.sent.get("response_format")
    return found if isinstance(found, dict) else {}


def _wants(kind: str) -> Selector:
    return Selector(kind, lambda x: _format(x).get("type") == kind)


def _answer(x: Exchange) -> str:
    """The finished text of an answer. Raises NotApplicable for a refusal, a call, a cut answer."""
    if finish(x) in ("length", "content_filter", "tool_calls", "function_call") or calls(x):
        raise NotApplicable("the answer is not a finished text")
    if x.is_stream:
        streamed.whole(x)
        if finish(x) is None:
            raise NotApplicable("the stream has no finish reason")
        if any(piece.delta.get("refusal") for piece in streamed.pieces(x)):
            raise NotApplicable("the model refused")
    elif not streamed.choice_of(x) or streamed.message(x).get("refusal"):
        raise NotApplicable("the model refused")
    return streamed.content(x)


def _value(x: Exchange) -> Any:
    text = _answer(x)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        fail("content", "one JSON text and nothing else", f"{text[:300]} ({error})")


def _object(x: Exchange) -> None:
    if "json" not in json.dumps(x.sent.get("messages", "")).lower():
        raise NotApplicable("OpenAI refuses this request")
    value = _value(x)
    if not isinstance(value, dict):
        fail("content", "a JSON object", streamed.content(x)[:300])


@requirement(
    "chat.json-object.parses",
    MUST,
    "In JSON mode the content is one JSON object, without fences or prose.",
    source=FORMAT,
    needs="chat",
    over=CHAT & _wants("json_object"),
    breaks=BREAKS,
)
def test_object(answer: Exchange) -> None:
    _object(answer)


@requirement(
    "chat.json-object.stream-parses",
    MUST,
    "In JSON mode the deltas join to one JSON object, without fences or prose.",
    source=FORMAT,
    needs="chat",
    over=CHAT_STREAM & _wants("json_object"),
    breaks=BREAKS,
)
def test_object_stream(stream: Exchange) -> None:
    _object(stream)


@requirement(
    "chat.json-object.stream-accepted",
    MUST,
    "JSON mode and `stream: true` work together.",
    source=FORMAT,
    needs=OBJECT,
    any_status=True,
    breaks=["clients that stream"],
)
def test_object_stream_accepted(json_object: Exchange, json_object_stream: Exchange) -> None:
    if json_object_stream.status == 429 or not json_object.ok:
        raise Inconclusive("the answer was 429", owner="quota")
    expect(json_object_stream).status(2)


@requirement(
    "chat.json-object.word",
    MUST,
    "JSON mode is refused when no message holds the word JSON.",
    source=FORMAT,
    needs=OBJECT,
    any_status=True,
    breaks=["a prompt that OpenAI refuses passes the tests, or runs into endless white space"],
)
def test_object_word(json_object_unsaid: Exchange) -> None:
    expect(json_object_unsaid).status(4)


def _schema_of(x: Exchange) -> Any:
    inner = _format(x).get("json_schema")
    if not isinstance(inner, dict) or inner.get("strict") is not True:
        raise NotApplicable("the schema is not strict")
    if schema_broken(inner.get("schema")):
        raise NotApplicable("the schema is none")
    return inner.get("schema")


def _parses(x: Exchange) -> None:
    _schema_of(x)
    _value(x)


def _fits(x: Exchange) -> None:
    schema = _schema_of(x)
    try:
        value = json.loads(_answer(x))
    except (ValueError, RecursionError):
        raise NotApplicable("the content is no JSON") from None
    problem = schema_problem(value, schema)
    if problem:
        fail("content", "what the schema allows", f"{streamed.content(x)[:300]} ({problem})")


@requirement(
    "chat.json-schema.parses",
    MUST,
    "With a strict schema the content is one JSON text, without fences or prose.",
    source=FORMAT,
    needs="chat",
    over=CHAT & _wants("json_schema"),
    breaks=BREAKS,
)
def test_schema_parses(answer: Exchange) -> None:
    _parses(answer)


@requirement(
    "chat.json-schema.fits",
    MUST,
    "With a strict schema the content satisfies it.",
    source=FORMAT,
    needs="chat",
    over=CHAT & _wants("json_schema"),
    breaks=["openai-python parse(): ValidationError"],
)
def test_schema_fits(answer: Exchange) -> None:
    _fits(answer)


@requirement(
    "chat.json-schema.stream-parses",
    MUST,
    "With a strict schema the deltas join to one JSON text, without fences or prose.",
    source=FORMAT,
    needs="chat",
    over=CHAT_STREAM & _wants("json_schema"),
    breaks=BREAKS,
)
def test_schema_stream_parses(stream: Exchange) -> None:
    _parses(stream)


@requirement(
    "chat.json-schema.stream-fits",
    MUST,
    "With a strict schema the joined deltas satisfy it.",
    source=FORMAT,
    needs="chat",
    over=CHAT_STREAM & _wants("json_schema"),
    breaks=["openai-python .stream(): ValidationError"],
)
def test_schema_stream_fits(stream: Exchange) -> None:
    _fits(stream)


@requirement(
    "chat.json-schema.stream-accepted",
    MUST,
    "A strict schema and `stream: true` work together.",
    source=FORMAT,
    needs=SCHEMA,
    any_status=True,
    breaks=["clients that stream"],
)
def test_schema_stream_accepted(json_schema: Exchange, json_schema_stream: Exchange) -> None:
    if json_schema_stream.status == 429 or not json_schema.ok:
        raise Inconclusive("the answer was 429", owner="quota")
    expect(json_schema_stream).status(2)


def _part(x: Exchange) -> dict[str, Any]:
    try:
        value = json.loads(_answer(x))
    except (ValueError, RecursionError):
        raise NotApplicable("the content is no JSON") from None
    if not isinstance(value, dict):
        fail("content", "a JSON object", value)
    return value


def _supported(x: Exchange) -> None:
    """A schema that a server does not support is refused, not answered by a 5xx."""
    if x.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    if 400 <= x.status < 500:
        raise NotApplicable("the target refuses this schema")
    expect(x).status(2)


@requirement(
    "chat.json-schema.nested",
    MUST,
    "Objects in objects, arrays of objects and enums of a strict schema are kept.",
    source=FORMAT,
    needs=SCHEMA,
    any_status=True,
    breaks=["openai-python parse(): ValidationError"],
)
def test_nested(json_schema: Exchange) -> None:
    _supported(json_schema)
    value = _part(json_schema)
    depth, waves = value.get("depth"), value.get("waves")
    if value.get("zq_mood") not in ("calm", "rough", "frozen"):
        fail("content.zq_mood", ["calm", "rough", "frozen"], value.get("zq_mood", "absent"))
    if not isinstance(depth, dict) or sorted(depth) != ["metres", "share", "sure"]:
        fail("content.depth", "an object with metres, sure and share", depth)
    if not isinstance(waves, list):
        fail("content.waves", "an array", waves)


@requirement(
    "chat.json-schema.reference",
    MUST,
    "An enum behind `$ref` and `$defs`, as pydantic writes it, is enforced or refused.",
    source=field("https://github.com/ggml-org/llama.cpp"),
    needs=SCHEMA,
    any_status=True,
    breaks=["pydantic models with enums: ValidationError"],
)
def test_reference(json_reference: Exchange) -> None:
    _supported(json_reference)
    value = _part(json_reference)
    for key in ("colour", "second"):
        if value.get(key) not in ("teal", "ochre", "plum"):
            fail(f"content.{key}", ["teal", "ochre", "plum"], value.get(key, "absent"))


@requirement(
    "chat.json-schema.recursive",
    MUST,
    "A schema that refers to itself is enforced or refused.",
    source=FORMAT,
    needs=SCHEMA,
    any_status=True,
    breaks=["pydantic models of trees: ValidationError"],
)
def test_recursive(json_recursive: Exchange) -> None:
    _supported(json_recursive)
    waiting = [_part(json_recursive).get("tree")]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, dict) or sorted(node) != ["children", "label"]:
            fail("content.tree", "nodes with label and children", node)
        if not isinstance(node["children"], list):
            fail("content.tree", "an array of children", node["children"])
        waiting += node["children"]


@requirement(
    "chat.json-schema.union",
    MUST,
    "An anyOf of objects and an enum of integers are enforced or refused.",
    source=FORMAT,
    needs=SCHEMA,
    any_status=True,
    breaks=["pydantic unions and IntEnum: ValidationError"],
)
def test_union(json_union: Exchange) -> None:
    _supported(json_union)
    value = _part(json_union)
    level, creature = value.get("level"), value.get("creature")
    if streamed.number(level) not in (1, 2, 3):
        fail("content.level", ["1", "2", "3"], level)
    forms = (["fins", "species"], ["height", "plant"])
    if not isinstance(creature, dict) or sorted(creature) not in forms:
        fail("content.creature", [str(form) for form in forms], creature)


def _cut(x: Exchange) -> None:
    reason = finish(x)
    text = streamed.content(x)
    if reason not in streamed.FINISHES or not text or calls(x):
        raise NotApplicable("the answer is not a finished text")
    if reason == "length":
        return
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        fail("finish_reason", "length", f"{reason}, with {text[:200]}")
    raise Inconclusive("the answer was whole after all")


@requirement(
    "chat.json-schema.cut",
    MUST,
    "JSON that the token limit cut off is told apart by the finish reason `length`.",
    source=FORMAT,
    needs=SCHEMA,
    breaks=["openai-python parse() raises LengthFinishReasonError by it"],
)
def test_cut(json_short: Exchange) -> None:
    _cut(json_short)


@requirement(
    "chat.json-schema.stream-cut",
    MUST,
    "Streamed JSON that the token limit cut off is told apart by the finish reason `length`.",
    source=FORMAT,
    needs=SCHEMA,
    breaks=["openai-python .stream() raises LengthFinishReasonError by it"],
)
def test_stream_cut(json_short_stream: Exchange) -> None:
    _cut(json_short_stream)


@requirement(
    "chat.json-schema.bad-type",
    MUST,
    "A strict schema with a type that JSON Schema does not know is refused.",
    source=FORMAT,
    needs=SCHEMA,
    any_status=True,
    breaks=["a mistake in a schema shows only in wrong answers"],
)
def test_bad_type(json_bad_type: Exchange) -> None:
    expect(json_bad_type).status(4)


@requirement(
    "chat.json-schema.bad-open",
    MUST,
    "A strict schema that is not closed is refused, or the answer holds every key.",
    source=FORMAT,
    needs=SCHEMA,
    any_status=True,
    breaks=["strict is promised and not kept: a key is missing"],
)
def test_bad_open(json_bad_open: Exchange) -> None:
    if not json_bad_open.ok:
        expect(json_bad_open).status(4)
        return
    value = _part(json_bad_open)
    if sorted(value) != ["zq_extra", "zq_title"]:
        fail("status, or the keys of the content", ["400", "zq_extra and zq_title"], sorted(value))


@requirement(
    "chat.json-schema.bad-missing",
    MUST,
    "A response format of type json_schema without `json_schema` is refused.",
    source=FORMAT,
    needs=SCHEMA,
    any_status=True,
    breaks=["a client's mistake gives free text instead of an error"],
)
def test_bad_missing(json_bad_missing: Exchange) -> None:
    expect(json_bad_missing).status(4)


@requirement(
    "chat.format.bad-type",
    MUST,
    "A response format of an unknown type is refused.",
    source=FORMAT,
    needs="chat",
    any_status=True,
    breaks=["a client's mistake gives free text instead of an error"],
)
def test_bad_format(json_bad_format: Exchange) -> None:
    expect(json_bad_format).status(4)
