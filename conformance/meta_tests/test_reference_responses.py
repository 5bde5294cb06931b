"""The Responses API of the embedded provider, through the official SDK."""

from __future__ import annotations

import json
from collections.abc import Iterator

import openai
import pytest

from conformance.reference.clock import VirtualClock
from conformance.reference.config import KEY_MAIN, KEY_SECOND, ReferenceConfig
from conformance.reference.serve import ServedReference

MODEL = "reference-chat"
TOOL = {
    "type": "function",
    "name": "get_weather",
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
}


@pytest.fixture(scope="module")
def served() -> Iterator[ServedReference]:
    with ServedReference(ReferenceConfig(token_delay_s=0), clock=VirtualClock()) as served:
        yield served


@pytest.fixture(scope="module")
def client(served: ServedReference) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=served.base_url,
        api_key=KEY_MAIN,
        max_retries=0,
        _strict_response_validation=True,
    ) as client:
        yield client


def test_memory_through_previous_response(client: openai.OpenAI) -> None:
    first = client.responses.create(model=MODEL, input="The secret word is heron.")
    second = client.responses.create(
        model=MODEL, input="What is the secret word?", previous_response_id=first.id
    )
    assert "heron" in second.output_text
    assert len(client.responses.input_items.list(second.id).data) == 1
    client.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(first.id)


def test_isolation(client: openai.OpenAI) -> None:
    made = client.responses.create(model=MODEL, input="x")
    with pytest.raises(openai.NotFoundError):
        client.with_options(api_key=KEY_SECOND).responses.retrieve(made.id)


def test_conversation(client: openai.OpenAI) -> None:
    made = client.conversations.create(items=[{"role": "user", "content": "secret word is emu"}])
    answer = client.responses.create(
        model=MODEL, input="What is the secret word?", conversation=made.id
    )
    assert "emu" in answer.output_text
    assert len(client.conversations.items.list(made.id).data) == 3


def test_tool_round_trip_in_a_stream(client: openai.OpenAI) -> None:
    asked = {"model": MODEL, "tools": [TOOL]}
    with client.responses.stream(input="What is the weather in Oslo?", **asked) as stream:
        first = stream.get_final_response()
    call = first.output[0]
    assert json.loads(call.arguments) == {"city": "Oslo"}
    final = client.responses.create(
        previous_response_id=first.id,
        input=[{"type": "function_call_output", "call_id": call.call_id, "output": "4 C"}],
        **asked,
    )
    assert "4 C" in final.output_text


def test_event_order(client: openai.OpenAI) -> None:
    events = list(client.responses.create(model=MODEL, input="Say über", stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [events[0].type, events[1].type, events[-1].type] == [
        "response.created",
        "response.in_progress",
        "response.completed",
    ]
    text = "".join(e.delta for e in events if e.type == "response.output_text.delta")
    assert text == events[-1].response.output_text == "über"


def test_reasoning_and_incomplete(client: openai.OpenAI) -> None:
    made = client.responses.create(
        model="reference-reasoning", input="Hi", reasoning={"effort": "high", "summary": "auto"}
    )
    assert [item.type for item in made.output] == ["reasoning", "message"]
    assert made.usage.output_tokens_details.reasoning_tokens == 128
    cut = client.responses.create(model=MODEL, input="Count from 1 to 99", max_output_tokens=16)
    assert (cut.status, cut.incomplete_details.reason) == ("incomplete", "max_output_tokens")


def test_background(client: openai.OpenAI, served: ServedReference) -> None:
    made = client.responses.create(model=MODEL, input="Say hi", background=True)
    assert made.status == "queued"
    served.app.clock.advance(served.app.config.job_step_s)
    assert client.responses.retrieve(made.id).status == "in_progress"
    served.app.clock.advance(served.app.config.job_step_s)
    assert client.responses.retrieve(made.id).output_text == "hi"
    other = client.responses.create(model=MODEL, input="Say hi", background=True)
    assert client.responses.cancel(other.id).status == "cancelled"
    served.app.clock.advance(60)
    assert client.responses.retrieve(other.id).status == "cancelled"


def test_refusals(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model="nobody", input="x")
    assert (caught.value.param, caught.value.code) == ("model", "model_not_found")
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model=MODEL, input="x", previous_response_id="resp_0")
    assert caught.value.code == "previous_response_not_found"
