"""Time as the suite and the embedded provider see it.

In-process runs share one :class:`VirtualClock`: waiting for a rate-limit window then costs nothing,
and what is measured between the two sides stays true.
"""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    def time(self) -> float:
        """Unix time in seconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's own time."""

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


_PATIENCE = 1000
"""Turns of the event loop that pass at most before time does."""


class VirtualClock:
    """Time that passes only when somebody sleeps, and then at once.

    Sleepers wake in the order of their wake-up times: the clock moves on to the earliest one when
    the event loop has nothing else to do.
    """

    def __init__(self, start: float = 1_760_000_000.0) -> None:
        self._start = start
        self._now = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0
        self._waker: asyncio.Task[None] | None = None

    def time(self) -> float:
        return self._start + self._now

    def monotonic(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass without anybody sleeping."""
        self._now += seconds

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        self._count += 1
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._now + seconds, self._count, woken))
        if self._waker is None or self._waker.done():
            self._waker = asyncio.ensure_future(self._wake())
        await woken

    async def _wake(self) -> None:
        # asyncio's loops keep there what they run next; of another loop nothing is known
        ready = getattr(asyncio.get_running_loop(), "_ready", ())
        while self._sleepers:
            for turn in range(_PATIENCE):  # let everything that can run without waiting run first
                await asyncio.sleep(0)
                if turn >= 2 and not ready:
                    break
            self._sleepers.sort(key=lambda sleeper: sleeper[:2])
            at, _, woken = self._sleepers.pop(0)
            self._now = max(self._now, at)
            if not woken.done():
                woken.set_result(None)
