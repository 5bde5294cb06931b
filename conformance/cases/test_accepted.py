"""A valid request is answered with success: one requirement for each probe that names one."""

from __future__ import annotations

from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, expect
from conformance.probe import AnyProbe, Probe, all_probes
from conformance.requirement import Case, Requirement


def decide(found: Exchange | Steps) -> None:
    """Every exchange of the probe was answered with a 2xx status."""
    for exchange in found if isinstance(found, Steps) else (found,):
        if exchange.status == 429:
            raise Inconclusive("the answer was 429", owner="quota")
        expect(exchange).status(2)


def _case(probe: AnyProbe) -> Case:
    wanted = probe.accepted
    assert wanted is not None
    return Case(
        Requirement(
            wanted.id, wanted.level, wanted.text, wanted.source, probe.needs, wanted.breaks
        ),
        decide,
        probes=(probe.name,),
        drivers=probe.drivers if isinstance(probe, Probe) else ("http",),
        any_status=True,
        module=__name__,
    )


CASES = [_case(probe) for probe in all_probes().values() if probe.accepted is not None]
