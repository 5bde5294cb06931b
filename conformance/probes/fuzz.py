"""Fuzzing: one scenario for each endpoint, and one for what no schema speaks of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from conformance.fuzz.schema import ENDPOINTS, Endpoint
from conformance.probe import scenario

STORED = {
    "files": "files",
    "threads": "assistants",
    "conversations": "conversations",
    "responses": "responses.stored",
}
"""What is walked over, and the capability that it needs."""


def _fuzzing(endpoint: Endpoint) -> Callable[[Any], Awaitable[None]]:
    async def run(s: Any) -> None:
        # imported late: hypothesis takes its time, and most commands send nothing
        from conformance.fuzz.live import fuzz

        await fuzz(s, endpoint)

    return run


COST = {"chat": 100, "completions": 44, "embeddings": 36, "moderations": 23, "responses": 49,
        "rerank": 25}  # fmt: skip
"""Requests of the standard tier, where nothing fails."""

for _endpoint in ENDPOINTS:
    scenario(
        f"fuzz_{_endpoint.name}", needs=_endpoint.needs, cost=COST[_endpoint.name], valid=False
    )(_fuzzing(_endpoint))


@scenario("fuzz_raw", needs="chat", cost=115, valid=False)
async def fuzz_raw(s: Any) -> None:
    """Odd bodies and headers."""
    from conformance.fuzz.live import fuzz_raw as send_all

    await send_all(s)


def _walking(name: str) -> Callable[[Any], Awaitable[None]]:
    async def run(s: Any) -> None:
        from conformance.fuzz.stateful import KINDS, fuzz_stored

        await fuzz_stored(s, next(kind for kind in KINDS if kind.name == name))

    return run


for _name, _needs in STORED.items():
    scenario(f"fuzz_stored_{_name}", needs=_needs, cost=14, valid=False, tier="full")(
        _walking(_name)
    )


@scenario("fuzz_stored_runs", needs="assistants", cost=45, tokens=256, valid=False, tier="full")
async def fuzz_stored_runs(s: Any) -> None:
    """A walk over threads and runs."""
    from conformance.fuzz.runs import fuzz_runs

    await fuzz_runs(s)
