"""How long a run waits on purpose, said before it begins: windows of limits, expiring keys."""

from __future__ import annotations

from conformance.engine import Plan
from conformance.probe import Scenario, all_probes
from conformance.target import Target

WORTH_SAYING = 10.0
"""Seconds: who waits less need not be told."""


def waiting(plan: Plan, target: Target) -> tuple[float, tuple[str, ...]]:
    """The longest that waits take in all, and the scenarios that wait.

    Those that spend a limit wait one after the other, all others beside everything else.
    """
    known = all_probes()
    alone, beside, names = 0.0, 0.0, []
    for name in sorted({name for _, name in plan.pairs}):
        probe = known[name]
        if not isinstance(probe, Scenario) or probe.waits is None:
            continue
        if not all(target.keys.get(key) for key in probe.keys):
            continue
        seconds = probe.waits(target)
        if seconds <= 0:
            continue
        names.append(name)
        if probe.exclusive:
            alone += seconds
        else:
            beside = max(beside, seconds)
    return max(alone, beside), tuple(names)


def told(plan: Plan, target: Target) -> str:
    """The sentence for the person who waits; empty where there is little to wait for."""
    seconds, names = waiting(plan, target)
    if seconds < WORTH_SAYING:
        return ""
    return f"the run will wait up to {seconds:g} s on purpose ({', '.join(names)})"
