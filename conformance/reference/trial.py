"""Tries a fault on what an earlier run passed, without serving anything: whom does it change?

A hook gets copies, and what it does to them is compared. Where it reaches for more (what is stored,
the limits, a sleep) the answer is that it changes the call: too much is sent again, never too
little.
"""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Iterable
from contextvars import copy_context
from typing import Any, NoReturn

from conformance.reference.call import Call
from conformance.reference.fault import Fault, Stage, matches
from conformance.reference.trace import COPIED, Pair, Passed, Trace, pickled

STATELESS: frozenset[Stage] = frozenset({"reply", "chunks", "frames", "error", "http"})
"""Stages after which nothing is stored any more."""


PARSED = ("raw", "sent")
"""Where faults keep what they have parsed of a request."""


class Reached(BaseException):
    """The hook wants what a copy does not have."""


class _Clock:
    def __init__(self, now: tuple[float, float], touched: set[str]) -> None:
        self._now = now
        self._touched = touched

    def time(self) -> float:
        return self._now[0]

    def monotonic(self) -> float:
        return self._now[1]

    async def sleep(self, seconds: float) -> None:
        self._touched.add("sleep")
        raise Reached


class _App:
    """Of the provider only what never changes."""

    def __init__(self, passed: Passed, touched: set[str]) -> None:
        self.config = passed.config
        self.clock = _Clock(passed.now, touched)
        self._touched = touched

    def __getattr__(self, name: str) -> NoReturn:
        self._touched.add("app")
        raise Reached


class _Copy(Call):
    """A call as it was at a stage; ``touched``: what the hook reached for."""

    def __init__(self, passed: Passed) -> None:
        self.__dict__.update(passed.call)
        self.__dict__.update({name: dict(passed.call[name]) for name in COPIED})
        self.spec = passed.spec
        self.account = passed.account
        self.touched: set[str] = set()
        self._passed = passed
        self.app = _App(passed, self.touched)  # type: ignore[assignment]
        self.value, self.body = pickle.loads(passed.kept or b"")  # noqa: S301

    def on(self, name: str) -> bool:
        self.touched.add("on")
        raise Reached

    def same(self) -> bool:
        """Whether nothing of the call itself was changed."""
        if self.account is not self._passed.account:
            return False
        for name in PARSED:
            self.state.pop(name, None)
        return all(self.__dict__[name] == value for name, value in self._passed.call.items())


def changes(planted: Fault, passed: Passed) -> tuple[bool, bool]:
    """Whether a fault changes what a stage passed on, and whether it reaches for more than that."""
    if planted.routes is not None and not matches(planted.routes, passed.call["route"]):
        return False, False
    if passed.kept is None:
        return True, True
    call = _Copy(passed)
    value = call.value
    try:
        if planted.when is not None and not planted.when(call):
            return bool(call.touched), bool(call.touched)
        result = None
        if planted.hook is not None:  # a variable of the context that it sets must not stay
            result = copy_context().run(planted.hook, call, value)
        if inspect.isawaitable(result):
            result = _finish(result)
    except (Reached, Exception):
        return True, bool(call.touched)
    if call.touched:
        return True, True
    if result is not None and pickled(value, call.body) != passed.plain:
        return True, True  # what is shown is a copy, and what was changed may be what is stored
    after = value if result is None else result
    return not call.same() or pickled(after, call.body) != passed.plain, False


def _finish(coroutine: Any) -> Any:
    """The result of a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as ended:
        return ended.value
    coroutine.close()
    raise Reached


def touched(planted: Fault, trace: Trace) -> tuple[set[Pair], bool]:
    """Who is answered otherwise under a fault, and whether what is stored may differ too."""
    if planted.at == "flag":
        return set(trace.flags.get(planted.id, ())), True
    found: set[Pair] = set()
    reaches = planted.at not in STATELESS
    for passed in trace.passed.get(planted.at, ()):
        if passed.pair in found and reaches:
            continue
        changed, more = changes(planted, passed)
        reaches = reaches or more
        if changed:
            found.add(passed.pair)
    return found, reaches


def touched_by(planted: Iterable[Fault], trace: Trace) -> tuple[set[Pair], bool]:
    """As :func:`touched`, for several at once."""
    found: set[Pair] = set()
    stored = False
    for one in planted:
        pairs, more = touched(one, trace)
        found |= pairs
        stored = stored or more
    return found, stored
