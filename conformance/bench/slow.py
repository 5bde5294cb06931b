"""The embedded provider at a distance: so long before each answer, so long before each chunk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conformance.capability import all_capabilities, lineage
from conformance.exchange import Exchange
from conformance.har import read_har
from conformance.probe import all_probes
from conformance.reference.config import (
    KEY_MAIN,
    MODEL_CHAT,
    MODEL_EMBEDDING,
    MODEL_INSTRUCT,
    MODEL_MODERATION,
)
from conformance.reference.serve import ServedReference
from conformance.target import Limits

MODELS = {
    "chat": MODEL_CHAT,
    "embedding": MODEL_EMBEDDING,
    "completion": MODEL_INSTRUCT,
    "moderation": MODEL_MODERATION,
}
KEYS = (
    "--api-key",
    KEY_MAIN,
    *(word for kind, id in MODELS.items() for word in ("--model", f"{kind}={id}")),
)


class Distant:
    """ASGI between the socket and the provider."""

    def __init__(self, app: Any, latency: float, per_chunk: float) -> None:
        self._app, self._latency, self._per_chunk = app, latency, per_chunk

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await asyncio.sleep(self._latency)
        streamed = False

        async def later(message: Any) -> None:
            nonlocal streamed
            if message["type"] == "http.response.start":
                pairs = dict(message.get("headers") or ())
                streamed = b"event-stream" in pairs.get(b"content-type", b"")
            elif streamed and message.get("body"):
                await asyncio.sleep(self._per_chunk)
            await send(message)

        await self._app(scope, receive, later)


@contextmanager
def serving(latency: float, per_chunk: float) -> Iterator[ServedReference]:
    served = ServedReference()
    served.wrap(lambda app: Distant(app, latency, per_chunk))
    with served:
        yield served


def ideal(folder: Path) -> float:
    """Seconds that the run's requests had to take, whoever sent them.

    The longest chain of requests that depend on each other, with the look whether the target
    answers before it, or the sum of all over the concurrency, whichever is more.
    """
    exchanges = read_har(folder / "exchanges.har")
    spent: dict[str, float] = {}
    for exchange in exchanges:
        spent[exchange.probe] = spent.get(exchange.probe, 0.0) + _lasted(exchange)
    reach = spent.pop("reach", 0.0)
    total = sum(spent.values()) / Limits().concurrency
    return reach + max(total, max((_chain(name, spent) for name in spent), default=0.0), 0.001)


def _lasted(exchange: Exchange) -> float:
    return exchange.response.ended_at if exchange.response else exchange.duration


def _chain(name: str, spent: dict[str, float]) -> float:
    """Seconds of a probe after all that it waits for: earlier probes and gates of capabilities."""
    probe = all_probes().get(name)
    if probe is None:
        return spent.get(name, 0.0)
    capabilities = all_capabilities()
    gates = {capabilities[part].gate for part in lineage(probe.needs) if part in capabilities}
    before = [_chain(other, spent) for other in {*probe.after, *gates} - {name}]
    return spent.get(name, 0.0) + max(before, default=0.0)
