"""What a run takes over from the one that it goes on with: what had come to its end, no half.

A probe or scenario that had ended is not sent again, whatever driver sent it; of what was cut
short, or could not reach the target, nothing is taken. So no request that was paid and answered in
full is paid twice, and no verdict is made of two halves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from conformance.errors import UsageError
from conformance.exchange import Exchange
from conformance.har import Finished, read_finished, read_har
from conformance.output import PARTIAL, read_spool, spooled_finished
from conformance.probe import Probe, all_probes

_CUT = ("connect", "tls", "interrupted", "budget", "unsent")
"""Failures that say nothing of the target, or only that it was away."""


def resumed(folder: Path) -> tuple[Exchange, ...]:
    """The exchanges of an earlier run that need not be sent again. Raises UsageError."""
    whole, part = folder / "exchanges.har", folder / PARTIAL
    if not whole.exists() and not part.exists():
        raise UsageError(f"{folder} holds no exchanges of a run to go on with")
    if part.exists():
        found, finished = read_spool(part), spooled_finished(part)
    else:
        found, finished = read_har(whole), read_finished(whole)
    groups: dict[tuple[str, str], list[Exchange]] = {}
    for x in found:
        groups.setdefault(_unit(x), []).append(x)
    reused = {unit for unit, group in groups.items() if complete(group, finished)}
    kept = (x for x in found if _unit(x) in reused)
    return tuple(replace(x, id=f"x{n}") for n, x in enumerate(kept, start=1))


def _unit(x: Exchange) -> tuple[str, str]:
    """What is taken over as a whole: a probe of one driver; a scenario with all its drivers.

    What a scenario of a client library sends beside goes by the raw driver.
    """
    return (x.driver if isinstance(all_probes().get(x.probe), Probe) else "", x.probe)


def complete(group: Sequence[Exchange], finished: Finished) -> bool:
    """Whether what was sent for a probe or scenario had come to its end."""
    name = group[0].probe
    probe = all_probes().get(name)
    last = {x.driver: x for x in group if not x.superseded}
    if probe is None or not last:
        return False
    if any(x.failure is not None and x.failure.kind in _CUT for x in last.values()):
        return False
    if isinstance(probe, Probe):
        (x,) = last.values()
        # the view of a client library is written when its call has ended
        whole = x.failure is None if x.driver == "http" else x.client is not None
        return x.response is not None and (whole or (x.driver, name) in finished)
    ended = set(last) if "http" in probe.drivers else set(last) - {"http"}
    return bool(ended) and all((driver, name) in finished for driver in ended)


def answered(earlier: Iterable[Exchange]) -> set[tuple[str, str]]:
    """Driver and probe of what was taken over."""
    known = all_probes()
    pairs = {(x.driver, x.probe) for x in earlier if not x.superseded}
    return {(driver, name) for driver, name in pairs if driver in known[name].drivers}
