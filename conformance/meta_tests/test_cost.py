"""Money by the profile's prices."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.cost import Bill, Tokens, bill, cost, estimate, used
from conformance.exchange import Chunk, Exchange, Request, Response
from conformance.profile import Price, Profile, load_profile


def exchange(
    endpoint: str, sent: Any, got: Any, media: str = "application/json", raw: bytes | None = None
) -> Exchange:
    request = Request("POST", "http://x/v1" + endpoint, (), json.dumps(sent).encode())
    data = raw if raw is not None else json.dumps(got).encode()
    headers = (("content-type", media),)
    response = Response(200, "OK", "HTTP/1.1", headers, (Chunk(0.1, data),), 0.1, 0.2)
    return Exchange("x1", request, response, endpoint=endpoint)


def chat(**usage: Any) -> Exchange:
    return exchange("/chat/completions", {"model": "m"}, {"usage": usage})


def test_used() -> None:
    usage = b'{"prompt_tokens":3,"total_tokens":4,"completion_tokens":1}'
    stream = b'data: {"usage":null}\n\ndata: {"usage":' + usage + b"}\n\n"
    found = used(
        [
            chat(prompt_tokens=5, completion_tokens=2, total_tokens=7),
            chat(total_tokens=10),
            chat(prompt_tokens=True, total_tokens="many"),
            exchange("/chat/completions", {"model": "m"}, None, "text/event-stream", stream),
            exchange("/embeddings", {"model": "e"}, {"usage": {"tokens": 12}}),
            exchange(
                "/responses", {}, {"response": {"usage": {"input_tokens": 1, "output_tokens": 2}}}
            ),
            exchange("/models", {"model": 3}, []),
            Exchange("x2", Request("POST", "http://x", (), b""), None),
        ]
    )
    assert found == [
        Tokens("", "chat", 1, 2),
        Tokens("e", "embedding", 12, 0),
        Tokens("m", "chat", 18, 3),
    ]


def test_price() -> None:
    profile = load_profile("assisters")
    million = [
        Tokens("llama-3.1-8b", "chat", 500_000, 500_000),
        Tokens("bge-m3", "embedding", 10**6),
    ]
    found = bill(million, profile)
    assert found.usd == pytest.approx(0.91)
    assert found.whole
    assert bill([Tokens("x", "speech", 1)], profile) == Bill(None, {"speech: x": 1})
    mixed = bill([*million, Tokens("", "rerank", 7), Tokens("", "rerank", 2)], profile)
    assert (mixed.usd, mixed.unpriced, mixed.whole) == (found.usd, {"rerank": 9}, False)
    assert bill([Tokens("x", "speech", 0)], profile) == Bill(0)
    assert bill(million, load_profile("discover")).usd is None
    assert cost([], load_profile("discover")) == Bill(None)
    assert cost([], profile) == Bill(0)


def test_estimate() -> None:
    profile = Profile(
        "x", "X", prices=(Price(1.0, 4.0, model="m"), Price(2.0, 0.0, kind="embedding"))
    )
    models = {"chat": "m"}
    assert estimate({"chat": 10**6, "embedding": 500_000}, profile, models) == pytest.approx(5.0)
    assert estimate({"rerank": 1}, profile, models) is None
    assert estimate({}, Profile("y", "Y"), {}) is None
