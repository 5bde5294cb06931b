"""Structured output: JSON mode, strict schemas of every kind, and what OpenAI refuses."""

from __future__ import annotations

from typing import Any

from conformance.capability import capability
from conformance.probe import Accepted, chat, probe, scenario
from conformance.requirement import MUST, openai

capability("chat.json-object", "JSON mode", "json_object", within="chat")
capability("chat.json-schema", "answers by JSON Schema", "json_schema", within="chat")

PLAIN = {"temperature": 0, "max_tokens": 256}
COUNTED = {"stream": True, "stream_options": {"include_usage": True}}
JSON_ASK = "Give the name and the population of a city of your choice as a JSON object."
STORY = "Tell me about the sea in one sentence."


def closed(**properties: Any) -> dict[str, Any]:
    """An object schema as strict mode wants it."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def by_schema(schema: Any, **more: Any) -> dict[str, Any]:
    """The response format of a strict schema."""
    named = {"name": "answer", "strict": True, "schema": schema, **more}
    return {"type": "json_schema", "json_schema": named}


NESTED = closed(
    zq_mood={"type": "string", "enum": ["calm", "rough", "frozen"]},
    depth=closed(metres={"type": "integer"}, sure={"type": "boolean"}, share={"type": "number"}),
    waves={
        "type": "array",
        "items": closed(
            kind={"type": "string", "enum": ["small", "tall"]}, count={"type": "integer"}
        ),
    },
)
REFERENCE = {
    **closed(colour={"$ref": "#/$defs/Colour"}, second={"$ref": "#/$defs/Colour"}),
    "$defs": {"Colour": {"enum": ["teal", "ochre", "plum"], "type": "string"}},
}
RECURSIVE = {
    **closed(tree={"$ref": "#/$defs/node"}),
    "$defs": {
        "node": closed(
            label={"type": "string"},
            children={"type": "array", "items": {"$ref": "#/$defs/node"}},
        )
    },
}
UNION = closed(
    level={"type": "integer", "enum": [1, 2, 3]},
    creature={
        "anyOf": [
            closed(species={"type": "string"}, fins={"type": "integer"}),
            closed(plant={"type": "string"}, height={"type": "number"}),
        ]
    },
    remark={"type": ["string", "null"]},
)
WORDS = "naïve 🌍 你好 Привет"
SPOKEN = closed(words={"type": "string", "enum": [WORDS]})
"""Leaves one answer, so that its characters are known whatever the model would say."""
BESIDE = 4


def _add(name: str, prompt: str, response_format: Any, **options: Any) -> None:
    more = {k: options.pop(k) for k in ("accepted", "valid") if k in options}
    needs = options.pop("needs", "chat.json-schema")
    body = {**PLAIN, **options, "response_format": response_format}
    probe(name, *chat(prompt, **body), needs=needs, tokens=320, **more)


_add(
    "format_text",
    STORY,
    {"type": "text"},
    needs="chat",
    accepted=Accepted(
        "chat.format.accepts.text",
        MUST,
        '`response_format` may be `{"type": "text"}`, the default.',
        openai("chat/create response_format"),
        ("LangChain and LiteLLM send it",),
    ),
)
_add(
    "json_object",
    JSON_ASK,
    {"type": "json_object"},
    needs="chat.json-object",
    accepted=Accepted(
        "chat.format.accepts.json-object",
        MUST,
        '`response_format` may be `{"type": "json_object"}`.',
        openai("chat/create response_format"),
        ("clients that ask for JSON mode, the oldest form of structured output",),
    ),
)
_add("json_object_stream", JSON_ASK, {"type": "json_object"}, needs="chat.json-object", **COUNTED)
_add("json_object_unsaid", STORY, {"type": "json_object"}, needs="chat.json-object", valid=False)
_add("json_schema", STORY, by_schema(NESTED))
_add("json_schema_stream", STORY, by_schema(NESTED), **COUNTED)
_add("json_reference", STORY, by_schema(REFERENCE))
_add("json_recursive", "Draw a family tree of three people.", by_schema(RECURSIVE))
_add("json_union", STORY, by_schema(UNION))
_add("json_short", STORY, by_schema(NESTED), max_tokens=6)
_add("json_short_stream", STORY, by_schema(NESTED), max_tokens=6, stream=True)
probe(
    "json_short_new",
    *chat(STORY, temperature=0, max_completion_tokens=6, response_format=by_schema(NESTED)),
    needs="chat.json-schema",
    valid=False,  # `max_tokens` is all that some servers know
    tokens=64,
)
_add("json_bad_type", STORY, by_schema({"type": "object", "properties": {"a": {"type": "banana"}},
                                        "required": ["a"], "additionalProperties": False}),
     valid=False)  # fmt: skip
_add(
    "json_bad_open",
    STORY,
    by_schema(
        {
            "type": "object",
            "properties": {"zq_title": {"type": "string"}, "zq_extra": {"type": "string"}},
            "required": ["zq_title"],
        }
    ),
    valid=False,
)
_add("json_bad_missing", STORY, {"type": "json_schema"}, valid=False)
_add("json_bad_format", STORY, {"type": "yaml"}, needs="chat", valid=False)
_add("json_words", STORY, by_schema(SPOKEN))
_add("json_words_stream", STORY, by_schema(SPOKEN), stream=True)


@scenario("json_parallel", needs="chat.json-schema", cost=BESIDE, tokens=64)
async def parallel(session: Any) -> None:
    """Streams side by side, each with a schema that leaves one word of its own."""
    method, path, _ = chat("")

    async def one(number: int) -> Any:
        word = session.nonce(f"schema-{number}")
        schema = by_schema(closed(word={"type": "string", "enum": [word]}))
        body = chat(STORY, temperature=0, max_tokens=64, stream=True, response_format=schema)[2]
        return await session.send(
            f"stream-{number}", method, path, json=body, context={"word": word}
        )

    await session.gather(*(one(number) for number in range(BESIDE)))
