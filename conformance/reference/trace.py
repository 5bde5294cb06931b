"""The embedded provider under observation: what each request passes through, and for which probe.

From one run without faults follows what any fault can change: only a call whose value it would
change at its stage, and what depends on that call. See :mod:`conformance.reference.trial`.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any

from conformance.reference.app import ReferenceApp
from conformance.reference.call import Call
from conformance.reference.clock import Clock
from conformance.reference.config import Account, ReferenceConfig
from conformance.reference.fault import Fault, Stage, all_faults, all_variations
from conformance.reference.routing import Route

Pair = tuple[str, str]
"""Driver and probe."""

PAIR: ContextVar[Pair] = ContextVar("pair", default=("", ""))
"""For whom a request is sent; whoever sends it says so."""


@dataclass(eq=False)
class Passed:
    """One stage that one call passed: a copy of the value before it, and of the call."""

    pair: Pair
    stage: Stage
    call: dict[str, Any]
    account: Account | None
    spec: Route | None
    config: ReferenceConfig
    now: tuple[float, float]
    kept: bytes | None
    """Value and body, pickled; None when they cannot be."""

    @cached_property
    def plain(self) -> bytes:
        """The same as two copies show it: sharing of equal strings counts in a pickle."""
        return pickled(*pickle.loads(self.kept)) or b""  # type: ignore[arg-type]  # noqa: S301


@dataclass
class Trace:
    """Everything that a run without faults passed."""

    passed: dict[Stage, list[Passed]] = field(default_factory=dict)
    flags: dict[str, set[Pair]] = field(default_factory=dict)
    """Faults and variations that the provider's own code asked for, by who caused it."""
    stateful: dict[Pair, set[str]] = field(default_factory=dict)
    """Routes of the calls that looked at what is stored."""
    turns: dict[tuple[Pair, bytes], list[int]] = field(default_factory=dict)
    """Which of all the same requests each was; what is made for it is named by that."""


def pickled(value: Any, body: Any) -> bytes | None:
    """Two values as bytes that can be compared; None where they cannot be."""
    try:
        return pickle.dumps((value, body), protocol=5)
    except Exception:
        return None


COPIED = ("headers", "query", "query_lists", "params", "state")
AS_IT_IS = ("method", "path", "http_version", "route", "raw", "request_id", "started")


class TracedCall(Call):
    """Notes every stage and every question for a flag."""

    app: TracedApp

    async def run(self, stage: Stage, value: Any) -> Any:
        kept = pickled(value, self.body)
        if kept is not None:
            try:
                pickle.loads(kept)  # noqa: S301
            except Exception:
                kept = None
        call = {name: getattr(self, name) for name in AS_IT_IS}
        call |= {name: dict(getattr(self, name)) for name in COPIED}
        now = (self.clock.time(), self.clock.monotonic())
        self.app.trace.passed.setdefault(stage, []).append(
            Passed(PAIR.get(), stage, call, self.account, self.spec, self.config, now, kept)
        )
        return value

    def on(self, name: str) -> bool:
        planted = all_faults().get(name) or all_variations().get(name)
        if planted is not None and planted.applies(self):
            self.app.trace.flags.setdefault(name, set()).add(PAIR.get())
        return False

    def table(self, kind: str) -> dict[str, Any]:
        self.app.trace.stateful.setdefault(PAIR.get(), set()).add(self.route)
        return super().table(kind)


class TracedApp(ReferenceApp):
    """A provider without faults that keeps a trace."""

    call = TracedCall

    def __init__(self, config: ReferenceConfig, clock: Clock) -> None:
        super().__init__(config, clock, ())
        self.trace = Trace()

    def _turn(self, key: bytes) -> int:
        turn = super()._turn(key)
        self.trace.turns.setdefault((PAIR.get(), key), []).append(turn)
        return turn


class SameApp(ReferenceApp):
    """A provider with faults that names things as the traced one did for the same requests."""

    def __init__(
        self, config: ReferenceConfig, clock: Clock, planted: Sequence[Fault], trace: Trace
    ) -> None:
        super().__init__(config, clock, planted)
        self._left = {where: iter(turns) for where, turns in trace.turns.items()}
        self._more = count(1_000_000)

    def _turn(self, key: bytes) -> int:
        known = next(self._left.get((PAIR.get(), key), iter(())), None)
        return next(self._more) if known is None else known
