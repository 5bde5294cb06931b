"""Sends what was drawn, several at once, and then smaller forms of what failed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from conformance.clock import SystemClock
from conformance.exchange import Exchange
from conformance.fuzz.draw import Drawn, invalid_bodies, valid_bodies
from conformance.fuzz.raw import Raw, body, raws
from conformance.fuzz.schema import Endpoint
from conformance.fuzz.shrink import smaller
from conformance.fuzz.verdict import Cause, blamed, failing

AT_ONCE = 8
PATIENCE = 30.0
"""Seconds that an answer may take; the bodies ask for one token."""
CAUSES = 4
SMALLER = 12
"""Causes that are shrunk, and bodies that are tried for each."""

_ONE_BY_ONE = threading.Lock()


async def fuzz(s: Any, endpoint: Endpoint) -> None:
    """One endpoint: a plain body first, and no more where that is not answered."""
    valid, wrong = await drawn(s, endpoint)
    plain, *rest = (within(tried, s.target.bounds) for tried in valid)
    first = await send(s, endpoint, "plain", plain)
    if not first.ok:
        rest = []
        if first.status in (401, 403, 404, 405, 410, 429, 501) or first.response is None:
            return
    sent = [(plain, first)]
    kept: tuple[Drawn, ...] = s.kept.get(endpoint.name, ())

    async def one(tried: Drawn) -> None:
        step = "valid" if tried.constraint is None else "invalid"
        step = "kept" if tried in kept else step
        answer = await send(s, endpoint, step, tried)
        sent.append((tried, answer))
        left = without(tried, blamed(answer))
        if left is not None:
            # what else the body holds is still to be tried
            sent.append((left, await send(s, endpoint, "valid", left)))

    await each(one, [*kept, *rest, *wrong])
    found: dict[Cause, Drawn] = {}
    for tried, exchange in sent:
        cause = failing(exchange)
        if cause is not None and tried.constraint is None:
            found.setdefault(cause, tried)
    for cause, tried in list(found.items())[:CAUSES]:
        await shrink(s, endpoint, cause, tried)


def without(tried: Drawn, names: frozenset[str]) -> Drawn | None:
    """A valid body without some of its members; None where that leaves nothing of it."""
    holds = tuple(name for name in tried.holds if name not in names)
    if not names or not holds:
        return None
    body = {name: value for name, value in tried.body.items() if name not in names}
    return replace(tried, body=body, holds=holds)


def within(tried: Drawn, bounds: Mapping[str, tuple[float | None, float | None]]) -> Drawn:
    """A valid body brought into the ranges that the provider's own pages give."""
    changed = {}
    for name, (low, high) in bounds.items():
        value = tried.body.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            inside = value if low is None else max(value, low)
            inside = inside if high is None else min(inside, high)
            if inside != value:
                changed[name] = inside
    return replace(tried, body={**tried.body, **changed}) if changed else tried


async def drawn(s: Any, endpoint: Endpoint) -> tuple[tuple[Drawn, ...], tuple[Drawn, ...]]:
    """The valid and the invalid bodies of an endpoint.

    Drawing takes a part of a second: in a thread, so that what arrives meanwhile is not late.
    """

    def draw() -> tuple[tuple[Drawn, ...], tuple[Drawn, ...]]:
        with _ONE_BY_ONE:
            return (
                valid_bodies(endpoint.name, s.tier, s.seed),
                invalid_bodies(endpoint.name, s.tier, s.seed),
            )

    # in virtual time nothing is late, and the order of things must stay the same
    return await asyncio.to_thread(draw) if isinstance(s.clock, SystemClock) else draw()


async def shrink(s: Any, endpoint: Endpoint, cause: Cause, drawn: Drawn) -> None:
    """Send simpler bodies as long as they fail for the same cause."""
    body, left = drawn.body, SMALLER
    while left > 0:
        for candidate in smaller(body, endpoint.schema):
            left -= 1
            holds = tuple(name for name in drawn.holds if name in candidate)
            again = await send(s, endpoint, "shrunk", Drawn(candidate, drawn.constraint, holds))
            if failing(again) == cause:
                body = candidate
                break
            if left <= 0:
                return
        else:
            return


async def send(s: Any, endpoint: Endpoint, step: str, drawn: Drawn) -> Exchange:
    """Send one body with what it is written on its exchange."""
    patience = min(PATIENCE, s.target.limits.timeout_s)
    found: Exchange = await s.send(
        step,
        "POST",
        endpoint.path,
        json=drawn.body,
        timeout=patience,
        context={"fuzz": {"endpoint": endpoint.name, **drawn.context}},
    )
    return found


async def each(send_one: Any, things: Iterable[Any]) -> None:
    """Run over all, a few at once; the first exception ends it.

    What is under way is awaited, not cut off: a cut answer would look like a hang.
    """
    waiting: Iterator[Any] = iter(things)
    broken: list[Exception] = []

    async def work() -> None:
        for thing in waiting:
            try:
                await send_one(thing)
            except Exception as error:
                broken.append(error)
            if broken:
                return

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work())
    if broken:
        raise broken[0]


async def fuzz_raw(s: Any) -> None:
    """The requests that no schema speaks of, and an ordinary one after them."""
    patience = min(PATIENCE, s.target.limits.timeout_s)

    async def one(raw: Raw) -> None:
        said = {"raw": raw.name, "expect": raw.expect, "transport": raw.transport}
        await s.send(
            raw.name,
            "POST",
            "/chat/completions" + raw.query,
            content=raw.content,
            headers=raw.headers,
            timeout=patience,
            context={"fuzz": {"endpoint": "raw", **said}},
        )

    await each(one, raws(s.model("chat"), s.tier))
    await s.send(
        "alive",
        "POST",
        "/chat/completions",
        json=body(s.model("chat")),
        timeout=patience,
        context={"fuzz": {"endpoint": "raw", "raw": "an ordinary request", "expect": "alive"}},
    )
