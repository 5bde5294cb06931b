"""A claimed capability that is refused, absent or ignored is noticed; an unclaimed one is not."""

from __future__ import annotations

import pytest

from conformance.capability import Claim, all_capabilities, find
from conformance.cases.test_served import CASES
from conformance.judge import Bench, judge
from conformance.meta_tests.support import made
from conformance.probe import Scenario, all_probes
from conformance.recording import Recording
from conformance.requirement import Case
from conformance.results import Observation


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
@pytest.mark.parametrize("claimed", [True, False])
def test_a_refused_gate(case: Case, claimed: bool) -> None:
    name = case.requirement.needs
    capability = all_capabilities()[name]
    step = "x" if isinstance(all_probes()[capability.gate], Scenario) else ""
    gate = made({"error": "no"}, status=403, probe=capability.gate, step=step)
    found = find(capability, gate)
    unclaimed = Claim.REFUSED if capability.core else Claim.UNKNOWN
    claims = {name: Claim.CLAIMED if claimed else unclaimed}
    bench = Bench(Recording([gate]).by_probe(), claims, {name: found})
    seen = judge(case, "http", bench)
    assert seen.observation == (Observation.VIOLATED if claimed else Observation.NOT_RUN)
    assert seen.unsupported is not claimed


def test_a_plain_request_that_is_refused_shows_an_endpoint_that_does_not_work() -> None:
    case = next(case for case in CASES if case.id == "served.responses")
    gate = made({"error": "no"}, status=400, probe="responses")
    found = find(all_capabilities()["responses"], gate)
    bench = Bench(Recording([gate]).by_probe(), {}, {"responses": found})
    assert judge(case, "http", bench).observation is Observation.VIOLATED


def test_an_endpoint_that_is_not_there_is_no_failure() -> None:
    case = next(case for case in CASES if case.id == "served.responses")
    gate = made({"error": "no"}, status=404, probe="responses")
    found = find(all_capabilities()["responses"], gate)
    bench = Bench(Recording([gate]).by_probe(), {}, {"responses": found})
    assert judge(case, "http", bench).unsupported
