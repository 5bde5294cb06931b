"""Cases of single providers on answers that the embedded provider does not give."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest

from conformance.cases import test_providers as cases
from conformance.cases import test_providers_com as com
from conformance.drivers.inprocess import InProcessTransport
from conformance.exchange import Chunk, Exchange, Request, Response, Steps
from conformance.expect import Inconclusive, NotApplicable, Violation
from conformance.probe import Skip
from conformance.probes import providers as probes
from conformance.reference.app import create_app
from conformance.reference.config import ReferenceConfig
from conformance.reference.dialects import provider
from conformance.target import Target
from conformance.webhooks import Receiver

EMPTY = Steps("scenario", ())
RPM = [(f"x-ratelimit-{a}-{b}", "10") for a in ("limit", "remaining") for b in ("rpm", "tpm")]


def answer(
    body: Any = None,
    status: int = 200,
    headers: tuple[tuple[str, str], ...] = (),
    media: str = "application/json",
    url: str = "http://127.0.0.1/v1/models",
    step: str = "",
) -> Exchange:
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    all_headers = (("content-type", media), *headers)
    response = Response(status, "", "HTTP/1.1", all_headers, (Chunk(0.1, data),), 0.1, 0.2)
    endpoint = "/" + url.rsplit("/", 1)[-1]
    request = Request("GET", url, (), b"")
    return Exchange("x1", request, response, endpoint=endpoint, step=step)


def vector(value: Any) -> Any:
    return {"data": [{"embedding": value}]}


def step(name: str, **more: Any) -> Exchange:
    return answer(step=name, **more)


def of_range(body: Any) -> Exchange:
    found = step("past", body=body)
    found.context["range"] = ["2024-01-01", "2024-01-31"]
    return found


METRICS = '# HELP up Whether.\nup 1\nhttp_requests{code="200"} 3 1700000000\n'
NEW_MINUTE = Steps(
    "s",
    (
        step("first", headers=(("x-ratelimit-remaining-rpm", "3"),)),
        step("second", headers=(("x-ratelimit-remaining-rpm", "9"),)),
    ),
)


def spent(
    served: int,
    *,
    apart: float = 0,
    refused: bool = True,
    broken: bool = False,
    left: Sequence[int] = (),
) -> Steps:
    """Requests of a key with 10 a minute, so many seconds apart."""
    statuses = [200] * served + [429] * refused + [500] * broken
    found = []
    for number, status in enumerate(statuses):
        rest = (("x-ratelimit-remaining-rpm", str(left[number])),) if number < len(left) else ()
        one = step("spend", status=status, headers=rest)
        context = {"limit": 10, "window": 60.0} if number else {}
        found.append(replace(one, started=1000 + number * apart, duration=0.01, context=context))
    return Steps("s", tuple(found))


@pytest.mark.parametrize(
    ("case", "given", "raised"),
    [
        (cases.test_base_url, answer(url="https://x.example/v1/models"), None),
        (cases.test_base_url, answer(url="http://x.example/v1/models"), Violation),
        (cases.test_base_url, answer(url="https://x.example/api/models"), Violation),
        (cases.test_dimensions_base64, answer(vector("!!!")), Violation),
        (cases.test_rate_limit, answer(headers=(("x-ratelimit-limit-rpm", "many"),)), Violation),
        (cases.test_falling, NEW_MINUTE, Inconclusive),
        (cases.test_numbers, answer(headers=tuple(RPM)), Violation),
        (cases.test_numbers, answer(headers=tuple((k, "77") for k, _ in RPM)), Inconclusive),
        (cases.test_enforced, EMPTY, NotApplicable),
        (cases.test_enforced, spent(11, refused=False), Violation),
        (cases.test_enforced, spent(10), None),
        (cases.test_enforced, spent(9), None),
        (cases.test_enforced, spent(11), Violation),
        (cases.test_enforced, spent(11, apart=1), None),
        (cases.test_enforced, spent(14, apart=1), Violation),
        (cases.test_enforced, spent(14, apart=1, left=[1, 0, *range(9, 0, -1)]), None),
        (cases.test_enforced, spent(22, left=[1, 0, *range(9, 0, -1)]), Violation),
        (cases.test_enforced, spent(22, apart=5, refused=False), Inconclusive),
        (cases.test_enforced, spent(3, refused=False, broken=True), Inconclusive),
        (com.test_com_models, answer({"object": "list", "data": []}), Violation),
        (com.test_com_key_usable, EMPTY, NotApplicable),
        (
            com.test_com_short,
            answer({"choices": [{"message": {"content": "1, 2, 3"}}]}),
            None,
        ),
        (
            com.test_com_short,
            answer({"choices": [{"message": {"content": "1, 2, 3" * 30}}]}),
            Violation,
        ),
        (com.test_com_metrics, answer(METRICS, media="text/plain"), None),
        (com.test_com_metrics, answer("", media="text/plain"), Violation),
        (cases.test_first_token, answer(": nothing\n\n", media="text/event-stream"), Inconclusive),
        (cases.test_call, answer(), Violation),
        (cases.test_wrong_assistant, answer(status=400), None),
        (cases.test_wrong_assistant, answer(status=404), Violation),
        (com.test_com_metrics, answer(status=404), Violation),
        (com.test_com_chat, answer(status=429), Inconclusive),
        (com.test_com_audit_inside, EMPTY, NotApplicable),
        (com.test_com_audit_inside, Steps("s", (of_range([{"at": "soon"}]),)), NotApplicable),
        (
            com.test_com_audit_inside,
            Steps("s", (of_range([{"at": "2024-01-31T23:00:00Z"}]),)),
            None,
        ),
        (
            com.test_com_audit_inside,
            Steps("s", (of_range({"n": 1, "log": [{"time": 1e9}]}),)),
            Violation,
        ),
        (com.test_com_legacy, answer({"error": {"message": "gone"}}, status=404), None),
        (com.test_com_legacy, answer("gone", status=404), Violation),
        (com.test_com_legacy, answer(), NotApplicable),
    ],
)
def test_a_case(case: Callable[[Any], None], given: Any, raised: type[Exception] | None) -> None:
    if raised is None:
        case(given)
        return
    with pytest.raises(raised):
        case(given)


class Far:
    """A session with a target elsewhere, whose limited key may spend much."""

    target = Target("https://api.example.com/v1")

    async def send(self, *words: str, **more: Any) -> Exchange:
        return answer(headers=(("x-ratelimit-limit-rpm", "499"),))


@pytest.mark.parametrize(
    ("scenario", "reason"),
    [
        (probes.webhooks, "the target must reach this machine: give --webhook-url"),
        (probes.tier, "no `account_tier` is configured"),
        (probes.enforced, "the limited key has 499 requests a minute: too many to spend"),
    ],
)
def test_a_scenario_that_is_left_out(scenario: Any, reason: str) -> None:
    with pytest.raises(Skip, match=reason):
        asyncio.run(scenario(Far()))


def test_an_address_that_does_not_answer_the_challenge(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(self: Receiver, reader: Any) -> tuple[str, bytes]:
        await reader.readuntil(b"\r\n\r\n")
        return "200 OK", b"no"

    monkeypatch.setattr(Receiver, "_answer", silent)
    app = create_app(ReferenceConfig(profile="assisters-com"))

    async def subscribe() -> httpx.Response:
        key = {"authorization": "Bearer " + provider("assisters-com").keys["api"]}
        async with (
            Receiver() as receiver,
            httpx.AsyncClient(transport=InProcessTransport(app), base_url="http://x") as client,
        ):
            body = {"url": receiver.url, "events": ["chat.completion"]}
            return await client.post("/v1/webhooks", json=body, headers=key)

    refused = asyncio.run(subscribe())
    assert refused.status_code == 400
    assert "did not answer the challenge" in refused.text


def test_the_sdk_is_named_with_its_real_path() -> None:
    with pytest.raises(Violation) as caught:
        cases.test_call(answer())
    assert caught.value.at.startswith("openai-python ")
    assert "client.beta" in str(caught.value.actual)
