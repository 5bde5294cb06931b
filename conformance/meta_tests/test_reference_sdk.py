"""The official SDK works against the embedded provider on a socket."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from conformance.reference.config import KEY_MAIN, ReferenceConfig
from conformance.reference.serve import ServedReference


@pytest.fixture(scope="module")
def client() -> Iterator[openai.OpenAI]:
    with (
        ServedReference(ReferenceConfig(token_delay_s=0)) as served,
        openai.OpenAI(
            base_url=served.base_url,
            api_key=KEY_MAIN,
            max_retries=0,
            _strict_response_validation=True,
        ) as client,
    ):
        yield client


def test_chat(client: openai.OpenAI) -> None:
    made = client.chat.completions.create(
        model="reference-chat", messages=[{"role": "user", "content": "Say hi"}]
    )
    assert made.choices[0].message.content == "hi"
    assert made._request_id


def test_chat_stream_helper(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(
        model="reference-chat",
        messages=[{"role": "user", "content": "What is the weather in Paris and Rome?"}],
        tools=[{"type": "function", "function": {"name": "weather", "parameters": {}}}],
    ) as stream:
        final = stream.get_final_completion()
    assert len(final.choices[0].message.tool_calls or ()) == 2


def test_embeddings_moderations_models(client: openai.OpenAI) -> None:
    # strict validation looks at the base64 before the SDK decodes it
    lax = openai.OpenAI(base_url=client.base_url, api_key=KEY_MAIN)
    made = lax.embeddings.create(model="reference-embedding", input=["a", "b"])
    assert [len(one.embedding) for one in made.data] == [256, 256]
    lax.close()
    assert client.moderations.create(input="I will kill you").results[0].flagged
    assert client.models.retrieve("reference/chat-slash").id == "reference/chat-slash"
    assert len(client.models.list().data) > 5


def test_completions(client: openai.OpenAI) -> None:
    stream = client.completions.create(model="reference-instruct", prompt="Say hi", stream=True)
    assert "".join(chunk.choices[0].text for chunk in stream) == "hi"


def test_errors(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.embeddings.create(model="nobody", input="x")
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="sk-wrong").models.list()
