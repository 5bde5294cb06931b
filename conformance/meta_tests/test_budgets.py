"""Budgets are never exceeded, not by one request, whatever is tried again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from conformance.catalogue import all_cases
from conformance.clock import VirtualClock
from conformance.drivers.inprocess import InProcessTransport
from conformance.reference.app import create_app
from conformance.reference.config import ReferenceConfig
from conformance.reference.matrix import reference_target
from conformance.reference.serve import ServedReference
from conformance.run import Drive, Options, drive
from conformance.session import estimate
from conformance.target import Limits, Target

AREAS = ("chat.", "completions.", "embeddings.", "fuzz.moderations", "moderations.", "errors.")


class Counter:
    """What really arrives: requests, tokens, and how many are under way at once."""

    def __init__(self, app: Any, broken: float, chance: random.Random) -> None:
        self.app, self.broken, self.chance = app, broken, chance
        self.requests = self.now = self.most = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.requests += 1
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(0)
            if self.chance.random() < self.broken:
                await send({"type": "http.response.start", "status": 500, "headers": []})
                await send({"type": "http.response.body", "body": b"{}", "more_body": False})
                return
            await self.app(scope, receive, send)
        finally:
            self.now -= 1


def driven(limits: Limits, words: Sequence[str], broken: float, seed: int) -> tuple[Drive, Counter]:
    """A run inside limits against a provider that fails now and then."""
    config = ReferenceConfig()
    clock = VirtualClock()
    counter = Counter(create_app(config, clock=clock), broken, random.Random(seed))
    target = replace(reference_target(config), limits=limits)
    cases = [case for case in all_cases() if case.id.startswith(tuple(words))]
    found = asyncio.run(
        drive(
            target,
            cases,
            Options(seed=seed),
            inner=InProcessTransport(counter),
            clock=clock,
        )
    )
    return found, counter


@pytest.mark.parametrize("seed", range(100))
def test_a_random_budget_is_never_exceeded(seed: int) -> None:
    chance = random.Random(seed)
    requests = chance.choice([None, 1, 2, 3, 7, 20, 45])
    tokens = chance.choice([None, 1, 100, 1000, 5000])
    if requests is None and tokens is None:
        requests = 15
    limits = Limits(
        concurrency=chance.choice([1, 2, 8, 32]),
        max_requests=requests,
        max_tokens=tokens,
        max_seconds=chance.choice([None, None, 5.0]),
    )
    broken = chance.choice([0.0, 0.0, 0.2, 1.0])
    found, counter = driven(limits, (chance.choice(AREAS),), broken, seed)
    if requests is not None:
        assert counter.requests <= requests
    if tokens is not None:
        assert found.tokens <= tokens
    assert found.requests == counter.requests
    assert not found.interrupted


def test_what_was_left_out_is_said() -> None:
    found, _ = driven(Limits(max_requests=5), ("chat.",), 0.0, 1)
    left = [unsent for unsent in found.recording.unsent.values() if unsent.kind == "budget"]
    assert left
    assert all("5 requests" in unsent.reason for unsent in left)


@pytest.mark.parametrize("most", [1, 4, 9])
def test_client_libraries_are_inside_the_budget(most: int) -> None:
    pytest.importorskip("openai")
    with ServedReference(ReferenceConfig()) as served:
        base = reference_target(ReferenceConfig())
        target = Target(served.base_url, base.keys, base.models, Limits(max_requests=most))
        cases = [c for c in all_cases() if c.id.startswith(("chat.stream", "sdk."))]
        found = asyncio.run(drive(target, cases, Options(drivers=("http", "python-sdk"))))
        arrived = [x for x in found.recording.exchanges if x.response is not None]
        assert len(arrived) <= most
        assert found.requests <= most


def test_a_reservation_is_at_least_what_the_body_asks_for() -> None:
    assert estimate(None, 64) == 0
    assert estimate(b'{"messages":[],"max_tokens":500,"n":3}', 64) >= 1500
    assert estimate(b'{"messages":[],"max_tokens":1}', 64) == 64
    assert estimate(b"x" * 300_000, 64) == 100_000
    assert estimate(b"--boundary" + b"x" * 300_000, 64) == 64
