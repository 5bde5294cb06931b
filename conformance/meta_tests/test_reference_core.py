"""The embedded provider keeps to the core facts."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
from typing import Any

import httpx
import pytest

from conformance.reference.app import ConnectionDropped, ReferenceApp, create_app
from conformance.reference.clock import VirtualClock
from conformance.reference.config import KEY_LIMITED, KEY_MAIN, KEY_NO_QUOTA, KEY_REVOKED
from conformance.reference.fault import all_faults, all_variations

HELLO = {"model": "reference-chat", "messages": [{"role": "user", "content": "Hello"}]}
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"enum": ["c", "f"]}},
            "required": ["city", "unit"],
        },
    },
}


class Provider:
    """A provider in this process, called synchronously."""

    def __init__(self, *faults: str, variations: tuple[str, ...] = ()) -> None:
        self.clock = VirtualClock()
        self.app: ReferenceApp = create_app(clock=self.clock, faults=faults, variations=variations)

    def __call__(
        self, method: str, path: str, body: Any = None, key: str | None = KEY_MAIN, **more: Any
    ) -> httpx.Response:
        return asyncio.run(self.send([(method, path, body, key, more)]))[0]

    def twins(self, *requests: tuple[Any, ...]) -> list[httpx.Response]:
        return asyncio.run(self.send(list(requests)))

    async def send(self, requests: list[tuple[Any, ...]]) -> list[httpx.Response]:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://reference/v1") as c:

            def one(method: str, path: str, body: Any, key: Any, more: dict[str, Any]) -> Any:
                headers = {"accept-encoding": "identity"}
                if key:
                    headers["authorization"] = f"Bearer {key}"
                headers.update(more.pop("headers", {}))
                if isinstance(body, bytes):
                    headers.setdefault("content-type", "application/json")
                    more = {**more, "content": body}
                elif body is not None:
                    more = {**more, "json": body}
                return c.request(method, path, headers=headers, **more)

            return list(await asyncio.gather(*(one(*request) for request in requests)))

    def chat(self, **body: Any) -> httpx.Response:
        prompt = body.pop("prompt", None)
        if prompt is not None:
            body["messages"] = [{"role": "user", "content": prompt}]
        return self("POST", "/chat/completions", {**HELLO, **body})

    def chunks(self, **body: Any) -> list[dict[str, Any]]:
        text = self.chat(stream=True, **body).text
        assert text.endswith("data: [DONE]\n\n")
        return [json.loads(part[6:]) for part in text.split("\n\n")[:-2]]


@pytest.fixture
def provider() -> Provider:
    return Provider()


def error(response: httpx.Response) -> tuple[int, str | None, str | None]:
    found = response.json()["error"]
    assert set(found) == {"message", "type", "param", "code"}
    return response.status_code, found["param"], found["code"]


def test_a_completion_is_whole_and_repeatable(provider: Provider) -> None:
    first, second = provider.chat().json(), provider.chat().json()
    assert first["id"] != second["id"]
    assert first["choices"] == second["choices"]
    usage = first["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


@pytest.mark.parametrize(
    "prompt", ["Hello", "Reply with exactly: 👩‍💻 über 日本", "Count from 1 to 9"]
)
def test_a_stream_says_what_the_whole_answer_says(provider: Provider, prompt: str) -> None:
    whole = provider.chat(prompt=prompt).json()["choices"][0]["message"]["content"]
    chunks = provider.chunks(prompt=prompt, stream_options={"include_usage": True})
    deltas = [c["choices"][0]["delta"] for c in chunks if c["choices"]]
    assert "".join(delta.get("content") or "" for delta in deltas) == whole
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["total_tokens"] > 0
    assert all(chunk["usage"] is None for chunk in chunks[:-1])


def test_logprobs_are_aligned_in_both_forms(provider: Provider) -> None:
    asked = {"prompt": "Say größe 🎉", "logprobs": True, "top_logprobs": 3}
    choice = provider.chat(**asked).json()["choices"][0]
    entries = choice["logprobs"]["content"]
    data = bytes(byte for entry in entries for byte in entry["bytes"])
    assert data.decode() == choice["message"]["content"]
    streamed = [
        entry
        for chunk in provider.chunks(**asked)
        for entry in (chunk["choices"][0]["logprobs"] or {"content": []})["content"]
    ]
    assert streamed == entries
    for entry in entries:
        values = [top["logprob"] for top in entry["top_logprobs"]]
        assert values == sorted(values, reverse=True)
        assert len({top["token"] for top in entry["top_logprobs"]}) == 3


def test_stop_and_length(provider: Provider) -> None:
    stopped = provider.chat(prompt="Count from 1 to 20", stop=", 7").json()["choices"][0]
    assert stopped["message"]["content"] == "1, 2, 3, 4, 5, 6"
    cut = provider.chat(prompt="Count from 1 to 20", max_tokens=5).json()
    assert cut["choices"][0]["finish_reason"] == "length"
    assert cut["usage"]["completion_tokens"] == 5


def test_tools(provider: Provider) -> None:
    ask = {"prompt": "What is the weather in Paris and Rome?", "tools": [WEATHER]}
    choice = provider.chat(**ask).json()["choices"][0]
    calls = choice["message"]["tool_calls"]
    cities = [json.loads(call["function"]["arguments"])["city"] for call in calls]
    assert (cities, choice["finish_reason"]) == (["Paris", "Rome"], "tool_calls")
    one = provider.chat(**ask, parallel_tool_calls=False).json()["choices"][0]
    assert len(one["message"]["tool_calls"]) == 1
    none = provider.chat(**ask, tool_choice="none").json()["choices"][0]
    assert none["message"]["content"]
    answered = [
        {"role": "user", "content": ask["prompt"]},
        choice["message"],
        *({"role": "tool", "tool_call_id": call["id"], "content": "21 C"} for call in calls),
    ]
    final = provider.chat(messages=answered, tools=[WEATHER]).json()["choices"][0]
    assert "21 C" in final["message"]["content"]


def test_structured_answers_match_their_schema(provider: Provider) -> None:
    import jsonschema

    schema = {
        "type": "object",
        "properties": {
            "kind": {"enum": ["a", "b"]},
            "items": {"type": "array", "items": {"$ref": "#/$defs/item"}, "minItems": 2},
            "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
        },
        "required": ["kind", "items", "next"],
        "additionalProperties": False,
        "$defs": {
            "item": {
                "type": "object",
                "properties": {"n": {"type": "integer", "minimum": 5}},
                "required": ["n"],
                "additionalProperties": False,
            }
        },
    }
    wanted = {
        "type": "json_schema",
        "json_schema": {"name": "x", "strict": True, "schema": schema},
    }
    made = provider.chat(response_format=wanted).json()["choices"][0]["message"]["content"]
    jsonschema.validate(json.loads(made), schema)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"messages": []}, (400, "messages", "empty_array")),
        ({"temperature": 3}, (400, "temperature", "decimal_above_max_value")),
        ({"n": 0}, (400, "n", "integer_below_min_value")),
        ({"nonsense": 1}, (400, "nonsense", "unknown_parameter")),
        ({"model": "x"}, (404, None, "model_not_found")),
        ({"messages": [{"role": "x", "content": ""}]}, (400, "messages[0].role", "invalid_value")),
        ({"stop": ["a"] * 5}, (400, "stop", "array_above_max_length")),
        ({"prompt": "word " * 5000}, (400, "messages", "context_length_exceeded")),
        ({"response_format": {"type": "object"}}, (400, "response_format.type", "invalid_value")),
        ({"max_tokens": "5"}, (400, "max_tokens", "invalid_type")),
        (
            {"model": "reference-reasoning", "max_tokens": 5},
            (400, "max_tokens", "unsupported_parameter"),
        ),
        (
            {"prompt": "x", "tools": [{"type": "function", "function": {"name": "a b"}}]},
            (400, "tools[0].function.name", "invalid_value"),
        ),
    ],
)
def test_bad_input(provider: Provider, body: dict[str, Any], expected: object) -> None:
    assert error(provider.chat(**body)) == expected


def test_nulls_are_accepted(provider: Provider) -> None:
    names = ("temperature", "n", "stop", "tools", "max_tokens", "stream", "metadata")
    assert provider.chat(**dict.fromkeys(names)).status_code == 200


@pytest.mark.parametrize(
    "raw",
    [b"{", b"[" * 9000, b'{"model": NaN}', b"\xff\xfe", b"", b"[]", b'{"n":' + b"9" * 9000 + b"}"],
)
def test_hostile_bodies_are_400(provider: Provider, raw: bytes) -> None:
    assert error(provider("POST", "/chat/completions", raw))[0] == 400


def test_lone_surrogates_do_no_harm(provider: Provider) -> None:
    raw = json.dumps(HELLO).replace("Hello", "Say \\ud83d").encode()
    assert provider("POST", "/chat/completions", raw).status_code == 200


def test_auth_and_paths(provider: Provider) -> None:
    assert error(provider("GET", "/models", key=None)) == (401, None, None)
    assert error(provider("GET", "/models", key=KEY_REVOKED)) == (401, None, "invalid_api_key")
    assert error(provider("POST", "/chat/completions", HELLO, KEY_NO_QUOTA))[0] == 429
    wrong = provider("PUT", "/chat/completions", HELLO)
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, POST")
    assert error(provider("POST", "/nothing", {})) == (404, None, None)
    assert error(provider("GET", "/models/")) == (404, None, None)
    assert provider("GET", "/models/reference%2Fchat-slash").json()["id"] == "reference/chat-slash"
    asked = {"access-control-request-headers": "x-stainless-os", "origin": "http://a"}
    preflight = provider("OPTIONS", "/models", key=None, headers=asked)
    assert preflight.headers["access-control-allow-headers"] == "x-stainless-os"


def test_embeddings(provider: Provider) -> None:
    body = {"model": "reference-embedding", "input": ["a cat sat", "a cat sits", "stock markets"]}
    floats = [item["embedding"] for item in provider("POST", "/embeddings", body).json()["data"]]
    near, far = (sum(a * b for a, b in zip(floats[0], floats[i], strict=True)) for i in (1, 2))
    assert near > far
    packed = provider("POST", "/embeddings", {**body, "encoding_format": "base64"}).json()["data"]
    raw = base64.b64decode(packed[0]["embedding"])
    assert list(struct.unpack(f"<{len(raw) // 4}f", raw)) == floats[0]
    small = provider("POST", "/embeddings", {**body, "dimensions": 8}).json()["data"][0]
    assert sum(value * value for value in small["embedding"]) == pytest.approx(1)


def test_rate_limit_tells_the_truth(provider: Provider) -> None:
    body = {"model": "reference-embedding", "input": "x"}
    answers = [provider("POST", "/embeddings", body, KEY_LIMITED) for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    refused = answers[-1]
    assert refused.json()["error"]["code"] == "rate_limit_exceeded"
    provider.clock.advance(int(refused.headers["retry-after"]))
    assert provider("POST", "/embeddings", body, KEY_LIMITED).status_code == 200


def test_idempotency(provider: Provider) -> None:
    request = ("POST", "/chat/completions", HELLO, KEY_MAIN)
    keyed = {"headers": {"idempotency-key": "k1"}}
    first, second = provider.twins((*request, dict(keyed)), (*request, dict(keyed)))
    assert first.content == second.content
    assert sorted(r.headers.get("idempotent-replayed", "") for r in (first, second)) == ["", "true"]
    other = provider("POST", "/chat/completions", {**HELLO, "seed": 1}, **keyed)
    assert other.json()["error"]["code"] == "idempotency_key_reused"
    provider.clock.advance(provider.app.config.idempotency_ttl_s + 1)
    assert provider("POST", "/chat/completions", HELLO, **keyed).json()["id"] != first.json()["id"]


def test_every_fault_and_variation_can_be_planted() -> None:
    assert len(all_faults()) > 40
    for name, planted in all_faults().items():
        if planted.at != "front":
            create_app(faults=[name])
    for name in all_variations():
        assert Provider(variations=(name,)).chat().status_code == 200
    with pytest.raises(ValueError, match="did you mean"):
        create_app(faults=["chat.stream.terminatr"])


def test_faults_at_every_stage() -> None:
    assert "x-request-id" not in Provider("headers.request-id.success")("GET", "/models").headers
    assert "[DONE]" not in Provider("chat.stream.terminator").chat(stream=True).text
    assert '"usage"' not in Provider("chat.stream.usage").chat(
        stream=True, stream_options={"include_usage": True}
    ).text  # fmt: skip
    with pytest.raises(ConnectionDropped):
        Provider("chat.stream.complete").chat(stream=True)
