"""Sends what was drawn, several at once, and then smaller forms of what failed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

from conformance.exchange import Exchange
from conformance.fuzz.draw import Drawn, invalid_bodies, valid_bodies
from conformance.fuzz.raw import Raw, body, raws
from conformance.fuzz.schema import Endpoint
from conformance.fuzz.shrink import smaller
from conformance.fuzz.verdict import Cause, failing

AT_ONCE = 8
PATIENCE = 30.0
"""Seconds that an answer may take; the bodies ask for one token."""
CAUSES = 4
SMALLER = 12
"""Causes that are shrunk, and bodies that are tried for each."""


async def fuzz(s: Any, endpoint: Endpoint) -> None:
    """One endpoint: a plain body first, and no more where that is not answered."""
    number = s.seed
    plain, *rest = valid_bodies(endpoint.name, s.tier, number)
    first = await send(s, endpoint, "plain", plain)
    if not first.ok:
        rest = []
        if first.status in (401, 403, 404, 405, 410, 429, 501) or first.response is None:
            return
    wrong = invalid_bodies(endpoint.name, s.tier, number)
    sent = [(plain, first)]

    async def one(drawn: Drawn) -> None:
        step = "valid" if drawn.constraint is None else "invalid"
        sent.append((drawn, await send(s, endpoint, step, drawn)))

    await each(one, [*rest, *wrong])
    found: dict[Cause, Drawn] = {}
    for drawn, exchange in sent:
        cause = failing(exchange)
        if cause is not None and drawn.constraint is None:
            found.setdefault(cause, drawn)
    for cause, drawn in list(found.items())[:CAUSES]:
        await shrink(s, endpoint, cause, drawn)


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
