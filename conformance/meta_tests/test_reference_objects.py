"""Files, batches, assistants and the other stored objects, through the official SDK."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import warnings
from collections.abc import Iterator

import openai
import pytest

from conformance.reference.clock import VirtualClock
from conformance.reference.config import KEY_MAIN, ReferenceConfig
from conformance.reference.serve import ServedReference

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


@pytest.fixture(scope="module")
def served() -> Iterator[ServedReference]:
    with ServedReference(ReferenceConfig(token_delay_s=0), clock=VirtualClock()) as served:
        yield served


@pytest.fixture(scope="module")
def client(served: ServedReference) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=served.base_url, api_key=KEY_MAIN, max_retries=0) as client:
        yield client


def steps(served: ServedReference, count: int) -> None:
    served.app.clock.advance(count * served.app.config.job_step_s)


def test_files_and_batches(client: openai.OpenAI, served: ServedReference) -> None:
    body = {"model": "reference-chat", "messages": [{"role": "user", "content": "Say hi"}]}
    line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": body}
    bad = {**line, "custom_id": "b", "body": {"model": "nobody"}}
    data = "\n".join(json.dumps(one) for one in (line, bad)).encode()
    file = client.files.create(file=("in.jsonl", io.BytesIO(data)), purpose="batch")
    assert client.files.content(file.id).read() == data
    batch = client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
    )
    assert batch.status == "validating"
    steps(served, 1)
    assert client.batches.retrieve(batch.id).status == "in_progress"
    steps(served, 2)
    done = client.batches.retrieve(batch.id)
    assert (done.status, done.request_counts.completed, done.request_counts.failed) == (
        "completed",
        1,
        1,
    )
    out = json.loads(client.files.content(done.output_file_id).text)
    assert out["response"]["body"]["choices"][0]["message"]["content"] == "hi"
    client.files.delete(file.id)
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(file.id)


def test_upload_in_parts(client: openai.OpenAI) -> None:
    upload = client.uploads.create(
        bytes=4, filename="x.txt", mime_type="text/plain", purpose="assistants"
    )
    parts = [client.uploads.parts.create(upload.id, data=io.BytesIO(b)) for b in (b"ab", b"cd")]
    done = client.uploads.complete(upload.id, part_ids=[part.id for part in parts])
    assert client.files.content(done.file.id).read() == b"abcd"


def test_assistants(client: openai.OpenAI, served: ServedReference) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        beta = client.beta
        assistant = beta.assistants.create(model="reference-chat", tools=[WEATHER])
        thread = beta.threads.create(
            messages=[{"role": "user", "content": "What is the weather in Rome?"}]
        )
        run = beta.threads.runs.create(thread.id, assistant_id=assistant.id)
        assert run.status == "queued"
        with pytest.raises(openai.BadRequestError):
            beta.threads.messages.create(thread.id, role="user", content="x")
        steps(served, 2)
        run = beta.threads.runs.retrieve(run.id, thread_id=thread.id)
        assert run.status == "requires_action"
        wanted = run.required_action.submit_tool_outputs.tool_calls[0].id
        outputs = [{"tool_call_id": wanted, "output": "9 C"}]
        beta.threads.runs.submit_tool_outputs(run.id, thread_id=thread.id, tool_outputs=outputs)
        steps(served, 2)
        run = beta.threads.runs.retrieve(run.id, thread_id=thread.id)
        assert run.status == "completed"
        assert len(beta.threads.runs.steps.list(run.id, thread_id=thread.id).data) == 2
        newest = beta.threads.messages.list(thread.id).data[0]
        assert "9 C" in newest.content[0].text.value
        events = [
            event.event
            for event in beta.threads.create_and_run(
                assistant_id=assistant.id,
                thread={"messages": [{"role": "user", "content": "Say hi"}]},
                stream=True,
            )
        ]
        assert events[0] == "thread.created"
        assert events[-1] == "thread.run.completed"
        other = beta.threads.runs.create(thread.id, assistant_id=assistant.id)
        assert beta.threads.runs.cancel(other.id, thread_id=thread.id).status == "cancelling"
        steps(served, 1)
        assert beta.threads.runs.retrieve(other.id, thread_id=thread.id).status == "cancelled"


def test_expiry(client: openai.OpenAI, served: ServedReference) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        beta = client.beta
        assistant = beta.assistants.create(model="reference-chat", tools=[WEATHER])
        run = beta.threads.create_and_run(
            assistant_id=assistant.id,
            thread={"messages": [{"role": "user", "content": "weather in Rome"}]},
        )
        steps(served, 2)
        beta.threads.runs.retrieve(run.id, thread_id=run.thread_id)
        served.app.clock.advance(served.app.config.run_expiry_s)
        found = beta.threads.runs.retrieve(run.id, thread_id=run.thread_id)
        assert found.status == "expired"


def test_vector_stores_and_fine_tuning(client: openai.OpenAI, served: ServedReference) -> None:
    file = client.files.create(file=("a.jsonl", b"{}"), purpose="fine-tune")
    store = client.vector_stores.create(name="x", file_ids=[file.id])
    assert store.file_counts.completed == 1
    assert client.vector_stores.search(store.id, query="x").data[0].file_id == file.id
    job = client.fine_tuning.jobs.create(model="reference-chat", training_file=file.id)
    steps(served, 3)
    done = client.fine_tuning.jobs.retrieve(job.id)
    assert done.status == "succeeded"
    assert client.models.delete(done.fine_tuned_model).deleted


def test_audio_and_images(client: openai.OpenAI) -> None:
    spoken = client.audio.speech.create(
        model="reference-speech", voice="alloy", input="hi", response_format="wav"
    )
    text = client.audio.transcriptions.create(
        model="reference-transcribe", file=("a.wav", spoken.read())
    )
    assert text.text.startswith("The quick")
    image = client.images.generate(model="reference-image", prompt="a cat").data[0]
    assert base64.b64decode(image.b64_json).startswith(b"\x89PNG")
    edited = client.images.edit(
        model="reference-image", prompt="x", image=("a.png", base64.b64decode(image.b64_json))
    )
    assert edited.data[0].b64_json


def test_stored_completions(client: openai.OpenAI) -> None:
    made = client.chat.completions.create(
        model="reference-chat",
        messages=[{"role": "user", "content": "Say hi"}],
        store=True,
        metadata={"k": "v"},
    )
    assert [one.id for one in client.chat.completions.list(metadata={"k": "v"})] == [made.id]
    assert len(client.chat.completions.messages.list(made.id).data) == 1
    assert client.chat.completions.delete(made.id).deleted


def test_realtime(served: ServedReference) -> None:
    from websockets.asyncio.client import connect

    async def talk() -> str:
        url = served.base_url.replace("http", "ws") + "/realtime?model=reference-realtime"
        headers = {"authorization": f"Bearer {KEY_MAIN}"}
        async with connect(url, additional_headers=headers) as socket:
            assert json.loads(await socket.recv())["type"] == "session.created"
            part = {"type": "input_text", "text": "Say hi"}
            item = {"type": "message", "role": "user", "content": [part]}
            await socket.send(json.dumps({"type": "conversation.item.create", "item": item}))
            await socket.send(json.dumps({"type": "response.create"}))
            text = ""
            while (event := json.loads(await socket.recv()))["type"] != "response.done":
                text += event.get("delta", "")
            return text

    assert asyncio.run(talk()) == "hi"
