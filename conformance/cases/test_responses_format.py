"""Responses: answers by schema."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from conformance import response_events as re
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.probes.structured import NESTED
from conformance.requirement import MUST, openai, requirement
from conformance.toolcalls import schema_problem

FORMAT = openai("responses/create text")
plain = partial(requirement, needs="responses")


def _object(x: Exchange) -> Any:
    if not x.ok:
        raise NotApplicable("refused")
    body = re.need(x)
    text = re.text_of(x)
    if body.get("status") != "completed" or not text:
        raise Inconclusive("the answer was cut or refused")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        fail("output_text", "a JSON object", text[:300])
    require(isinstance(value, dict), "output_text", "a JSON object", text[:300])
    return value


def _by_schema(x: Exchange) -> None:
    problem = schema_problem(_object(x), NESTED)
    require(problem is None, "output_text", "what the schema says", f"{problem}: {re.text_of(x)}")


@plain(
    "responses.format.schema",
    MUST,
    "With a strict `json_schema` the text keeps to the schema, or the request is refused.",
    source=FORMAT,
    breaks=["openai-python responses.parse(): ValidationError"],
)
def test_json_schema(responses_schema: Exchange) -> None:
    _by_schema(responses_schema)


@requirement(
    "responses.format.schema-streamed",
    MUST,
    "With a strict `json_schema` the streamed text keeps to the schema.",
    source=FORMAT,
    needs="responses.json-schema",
    breaks=["openai-python responses.stream(text_format=...): ValidationError"],
)
def test_json_schema_stream(responses_schema_stream: Exchange) -> None:
    re.completed(responses_schema_stream)
    _by_schema(responses_schema_stream)


@plain(
    "responses.format.json-object",
    MUST,
    "With `json_object` the text is one JSON object, or the request is refused.",
    source=FORMAT,
    breaks=["json.loads(output_text) raises"],
)
def test_json_object(responses_json: Exchange) -> None:
    _object(responses_json)
