"""Each documented provider as the embedded provider serves it: upheld, and broken by each fault."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from conformance.catalogue import all_cases
from conformance.clock import VirtualClock
from conformance.drivers.inprocess import InProcessTransport
from conformance.profile import load_profile, profile_names
from conformance.reference.app import create_app
from conformance.reference.config import ReferenceConfig
from conformance.reference.dialects import provider, providers
from conformance.reference.fault import all_faults
from conformance.results import Observation, Result
from conformance.run import Options, drive, judge_all
from conformance.settings import embedded_target

OWN = [case for case in all_cases() if ".test_providers" in case.module]
FAULTS = sorted(name for name in all_faults() if name.split(".")[0] in profile_names())
BY_NATURE = {"openai-assistants.call.exists"}
"""What the page says and OpenAI's SDK does not have."""
UNFAULTED = {"assisters.base-url.https", "openai-assistants.call.real-path"}
"""What the provider's answers do not decide: where it stands, and which SDK is installed."""


def run(name: str, *faults: str) -> list[Result]:
    profile = load_profile(name)
    clock = VirtualClock()
    app = create_app(ReferenceConfig(profile=name), clock=clock, faults=faults)
    cases = [case for case in OWN if profile.applies(case.requirement.needs)]
    options = Options(claims=profile.claims_of_capabilities, tier="full")
    inner = InProcessTransport(app)
    target = embedded_target(profile)
    found = asyncio.run(drive(target, cases, options, inner=inner, clock=clock, check=False))
    return judge_all(cases, found, options)


def violated(results: list[Result]) -> set[str]:
    return {r.requirement for r in results if r.observation is Observation.VIOLATED}


@pytest.mark.parametrize("name", [*sorted(providers()), "openai-assistants"])
def test_a_provider_keeps_its_own_pages(name: str) -> None:
    results = run(name)
    not_held = {r.requirement for r in results if r.observation is not Observation.HELD}
    assert not_held == {id for id in BY_NATURE if id.startswith(name + ".")}
    assert {r.requirement.split(".")[0] for r in results} == {name}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_breaks_its_requirement_alone(name: str) -> None:
    assert violated(run(name.split(".")[0], name)) - BY_NATURE == set(all_faults()[name].breaks)


def test_every_requirement_has_a_fault() -> None:
    assert {case.id for case in OWN} - BY_NATURE - UNFAULTED == set(FAULTS)


@pytest.mark.parametrize("name", ["openai", "reference", "discover"])
def test_nothing_of_it_is_asked_of_others(name: str) -> None:
    assert not any(load_profile(name).applies(case.requirement.needs) for case in OWN)


def ask(name: str, method: str, path: str, **more: Any) -> httpx.Response:
    transport = InProcessTransport(create_app(ReferenceConfig(profile=name), clock=VirtualClock()))

    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            key = more.pop("key", provider(name).keys["api"])
            headers = {"authorization": f"Bearer {key}"}
            return await client.request(method, f"/v1{path}", headers=headers, **more)

    return asyncio.run(send())


CHAT: dict[str, Any] = {"messages": [{"role": "user", "content": "Hi"}]}


@pytest.mark.parametrize(
    ("name", "method", "path", "body", "status", "words"),
    [
        ("assisters", "POST", "/chat/completions", {"tools": [{}]}, 400, "tools is not supported"),
        ("assisters", "POST", "/chat/completions", {"tools": []}, 200, "choices"),
        (
            "assisters",
            "POST",
            "/chat/completions",
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            400,
            "image_url is not supported yet.",
        ),
        (
            "assisters",
            "POST",
            "/embeddings",
            {"model": "bge-m3", "input": "x", "dimensions": 8},
            400,
            "dimensions is not supported yet.",
        ),
        ("assisters", "GET", "/assistants", None, 404, "Not supported here"),
        ("assisters", "OPTIONS", "/assistants", None, 204, ""),
        ("assisters", "HEAD", "/models", None, 200, ""),
        ("assisters", "PUT", "/models", None, 405, "Not allowed to PUT"),
        ("assisters-com", "POST", "/completions", {}, 404, "Use /v1/chat/completions instead."),
        ("assisters-com", "POST", "/chat/completions", {"mask": 3}, 400, "must be true or false"),
        ("assisters-com", "POST", "/keys", {}, 400, "name"),
        ("assisters-com", "DELETE", "/keys/none", None, 404, "No such key."),
        ("assisters-com", "DELETE", "/data/none", None, 404, "No such data."),
        ("assisters-com", "GET", "/models/none/test", None, 404, "does not exist"),
        (
            "assisters-com",
            "GET",
            "/audit?start=2024-02-01&end=2024-01-01",
            None,
            400,
            "start must not be after end.",
        ),
        (
            "assisters-com",
            "POST",
            "/chat/completions",
            {"messages": ["no message"], "mask": True},
            400,
            "messages",
        ),
        ("assisters-com", "POST", "/webhooks", {"url": "http://x"}, 400, "can be verified"),
        ("assisters-com", "POST", "/webhooks", {"url": "http://127.0.0.1:1/e"}, 400, "events"),
        ("openai", "GET", "/keys", None, 404, "Invalid URL"),
        ("openai", "POST", "/keys", {"name": "x"}, 404, "Invalid URL"),
        ("openai", "POST", "/moderate", {"input": "x"}, 404, "Invalid URL"),
    ],
)
def test_answers(name: str, method: str, path: str, body: Any, status: int, words: str) -> None:
    if path == "/chat/completions":
        body = {"model": provider(name).models["chat"], **CHAT, **body}
    answer = ask(name, method, path, json=body)
    assert answer.status_code == status
    assert words in answer.text


def test_both_function_tools_and_built_in_ones() -> None:
    tools = [
        {"type": "web_search"},
        {"type": "function", "function": {"name": "get_weather", "parameters": {}}},
    ]
    body = {"model": "gpt-4.1-mini", **CHAT, "tools": tools, "tool_choice": "required"}
    message = ask("assisters-com", "POST", "/chat/completions", json=body).json()["choices"][0]
    assert message["message"]["tool_calls"][0]["function"]["name"] == "get_weather"


def test_errors_without_a_key_carry_the_headers_too() -> None:
    answer = ask("assisters", "GET", "/models", key="ask_wrong")
    assert answer.status_code == 401
    assert answer.headers["X-RateLimit-Limit-RPM"] == "10"
    assert "x-ratelimit-limit-requests" not in answer.headers


def test_keys_look_as_documented() -> None:
    for name in providers():
        served = provider(name)
        pattern = load_profile(name).key_pattern
        assert pattern == "" or all(served.keys[k].startswith(pattern[1:5]) for k in served.keys)
        assert set(served.models) - {"unknown"} <= {"chat", "embedding", "rerank", "moderation"}
