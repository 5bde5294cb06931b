"""Which planted faults are faults of input validation, decided by measurement.

The bodies are those that the suite's own probes send to an endpoint, fuzzing aside, but with other
texts, limits, sampling and user: a fault that shows only in one request of the suite is nothing
that a fuzzer could find. The published schema and the sound provider must say the same of a body:
valid and accepted, or invalid and refused. A fault is one of input validation where the faulty
provider answers at least one of them otherwise (an invalid one is accepted or crashes, a valid one
is refused or crashes), but not all.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from conformance.clock import VirtualClock
from conformance.drivers.inprocess import InProcessTransport
from conformance.fuzz.schema import ENDPOINTS, Endpoint
from conformance.reference.app import create_app
from conformance.reference.config import KEY_MAIN, ReferenceConfig
from conformance.reference.fault import Fault, all_faults
from conformance.reference.matrix import BASE_URL, try_out

OFFICIAL = tuple(e for e in ENDPOINTS if e.official)
STAGES = ("request", "accepted", "error")
"""Stages at which a fault changes what is accepted; others see bytes, headers or answers."""
LARGEST = 20_000
TEXT = "Tell me of rivers and hills, as json."
TEXTS = ("content", "text", "prompt", "input")
LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
Asked = Mapping[str, Sequence[tuple[bytes, int]]]


def candidates() -> list[Fault]:
    """Faults that may be of input validation, of one endpoint each, by id."""
    names = {e.name for e in OFFICIAL}
    return sorted(
        (
            f
            for f in all_faults().values()
            if f.at in STAGES and f.routes is not None and len(f.routes) == 1 and f.routes <= names
        ),
        key=lambda f: f.id,
    )


def corpus() -> Asked:
    """By endpoint, the bodies on which schema and sound provider agree, and how it answers."""
    found: dict[str, dict[bytes, int]] = {}
    for x in try_out(fuzz=False).drive.recording.exchanges:
        endpoint = next((e for e in OFFICIAL if e.path == x.endpoint), None)
        if endpoint is None or x.request.method != "POST" or not isinstance(x.request.json, dict):
            continue
        if len(x.request.body) > LARGEST:
            continue  # what is too long for a model is no question of its shape
        plain = json.dumps(other(x.request.json, endpoint)).encode()
        found.setdefault(endpoint.name, {})[plain] = 0
    agreed = {}
    for endpoint in OFFICIAL:
        schema = Draft202012Validator(endpoint.schema)
        bodies = list(found.get(endpoint.name, ()))
        answers = asyncio.run(answered(endpoint, bodies, None))
        agreed[endpoint.name] = [
            (body, status)
            for body, (status, _) in zip(bodies, answers, strict=True)
            if _class(status) == (2 if schema.is_valid(json.loads(body)) else 4)
        ]
    return agreed


def other(body: dict[str, Any], endpoint: Endpoint) -> dict[str, Any]:
    """The body with other texts, limits, sampling and user, wherever that changes no type."""
    made = {name: _other_text(name, value) for name, value in body.items()}
    for name in LIMITS:
        if isinstance(made.get(name), int) and made[name] > 1:
            made[name] += 2
    for name, value in (("temperature", 0.3), ("user", "someone")):
        if name in endpoint.schema["properties"]:
            made.setdefault(name, value)
    return made


def _other_text(name: str, value: Any) -> Any:
    if isinstance(value, list):
        texts = name in ("input", "prompt")
        return [_other_text(name if texts else "", v) for v in value]
    if isinstance(value, dict):
        return {k: _other_text(k, v) for k, v in value.items()}
    return TEXT if name in TEXTS and isinstance(value, str) and value else value


Answer = tuple[int, bytes]


async def answered(
    endpoint: Endpoint, bodies: Iterable[bytes], fault: Fault | None
) -> list[Answer]:
    """What a provider with a fault answers to each body."""
    app = create_app(ReferenceConfig(), clock=VirtualClock(), faults=[fault.id] if fault else [])
    headers = {"authorization": f"Bearer {KEY_MAIN}", "content-type": "application/json"}
    answers = []
    async with httpx.AsyncClient(transport=InProcessTransport(app)) as client:
        for body in bodies:
            try:
                answer = await client.post(BASE_URL + endpoint.path, content=body, headers=headers)
                answers.append((answer.status_code, answer.content))
            except httpx.HTTPError:
                answers.append((500, b""))  # no answer is as bad
    return answers


def of_validation(fault: Fault, asked: Asked) -> bool:
    """Whether the fault is one of input validation."""
    endpoint = next(e for e in OFFICIAL if e.name in (fault.routes or ()))
    bodies = asked[endpoint.name]
    now = asyncio.run(answered(endpoint, (body for body, _ in bodies), fault))
    changed = [
        _class(status) != _class(before)
        for (_, before), (status, _) in zip(bodies, now, strict=True)
    ]
    return any(changed) and not all(changed)


def _class(status: int) -> int:
    return status // 100


def found(among: Sequence[Any] | None = None) -> list[Fault]:
    """All faults of input validation."""
    asked = corpus()
    return [f for f in (among if among is not None else candidates()) if of_validation(f, asked)]
