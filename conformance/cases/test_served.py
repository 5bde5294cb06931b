"""A capability that is claimed is served: one requirement for each, judged on its gate.

Where nobody claims it, a clean refusal is *unsupported*, not a failure.
"""

from __future__ import annotations

from collections.abc import Callable

from conformance.capability import Capability, Finding, all_capabilities, find
from conformance.exchange import Exchange, Steps
from conformance.expect import NotApplicable, fail
from conformance.probe import all_probes
from conformance.profile import profile_names
from conformance.requirement import MUST, Case, Requirement, suite

SAID = {
    Finding.REFUSED: "refused",
    Finding.ABSENT: "absent",
    Finding.IGNORED: "ignored in silence",
}


def _judge(capability: Capability) -> Callable[[Exchange | Steps], None]:
    def decide(gate: Exchange | Steps) -> None:
        found = find(capability, gate)
        if found in SAID:
            last = gate if isinstance(gate, Exchange) else gate.exchanges[-1]
            fail(capability.title, "served, as claimed", f"{SAID[found]}: {last}")
        if _refused_though_there(capability, gate, found):
            fail(capability.title, "served: the endpoint is there", f"{gate}")
        if found is not Finding.WORKS:
            raise NotApplicable

    return decide


def _refused_though_there(capability: Capability, gate: Exchange | Steps, found: Finding) -> bool:
    return (
        capability.core
        and found is Finding.BROKEN
        and isinstance(gate, Exchange)
        and gate.status in (400, 422)
    )


def _case(capability: Capability) -> Case:
    text = f"{capability.title[0].upper()}{capability.title[1:]}: served where it is claimed."
    return Case(
        Requirement(
            f"served.{capability.name}",
            MUST,
            text,
            suite("a claim is kept"),
            capability.name,
            ("whoever chose the server for it",),
        ),
        _judge(capability),
        probes=(capability.gate,),
        any_status=True,
        module=__name__,
    )


def _wants_one(capability: Capability) -> bool:
    """Not where the gate's acceptance is a requirement already, or a profile has its own."""
    own = capability.name.split(".")[0] in profile_names()
    gate = all_probes().get(capability.gate)
    return not own and gate is not None and gate.accepted is None


CASES = [_case(c) for c in all_capabilities().values() if _wants_one(c)]
