"""Observation x level x known failures -> outcome; and every exit status."""

from __future__ import annotations

import pytest

from conformance.capability import Claim
from conformance.catalogue import by_id
from conformance.requirement import MAY, MUST, SHOULD, Level
from conformance.results import Finding, Observation, Outcome, Result
from conformance.vacuous import vacuous
from conformance.verdict import KnownFailure, exit_status, outcome, summary

KNOWN = KnownFailure("a.b", "https://example.org/1")
SEEN = Observation
S = Outcome


@pytest.mark.parametrize(
    ("seen", "level", "strict", "known", "wanted"),
    [
        (SEEN.HELD, MUST, False, None, S.PASSED),
        (SEEN.HELD, MUST, False, KNOWN, S.FAILED),
        (SEEN.VIOLATED, MUST, False, None, S.FAILED),
        (SEEN.VIOLATED, MUST, False, KNOWN, S.KNOWN),
        (SEEN.VIOLATED, SHOULD, False, None, S.WARNED),
        (SEEN.VIOLATED, SHOULD, True, None, S.FAILED),
        (SEEN.VIOLATED, MAY, True, None, S.NOTED),
        (SEEN.INCONCLUSIVE, MUST, True, None, S.INCONCLUSIVE),
        (SEEN.ERROR, MUST, False, KNOWN, S.ERROR),
        (SEEN.NOT_RUN, MUST, False, None, S.SKIPPED),
    ],
)
def test_outcome(
    seen: Observation, level: Level, strict: bool, known: KnownFailure | None, wanted: Outcome
) -> None:
    assert outcome(Finding(seen), level, strict=strict, known=known) == wanted


def test_what_is_not_there_is_unsupported() -> None:
    finding = Finding(SEEN.NOT_RUN, unsupported=True)
    assert outcome(finding, MUST, strict=False, known=None) == S.UNSUPPORTED


def results(*outcomes: Outcome) -> list[Result]:
    return [Result("a.b", "MUST", "http", SEEN.HELD, each) for each in outcomes]


@pytest.mark.parametrize(
    ("found", "options", "wanted"),
    [
        (results(S.PASSED, S.WARNED), {}, 0),
        (results(S.PASSED, S.FAILED), {}, 1),
        (results(S.PASSED), {"vacuous": ["chat"]}, 1),
        (results(S.FAILED), {"interrupted": True}, 2),
        (results(S.FAILED), {"unreachable": True}, 3),
        (results(S.PASSED, S.ERROR), {}, 3),
        (results(S.ERROR, S.FAILED), {}, 1),
        (results(), {}, 5),
        (results(S.SKIPPED), {}, 5),
    ],
)
def test_exit_status(found: list[Result], options: dict[str, object], wanted: int) -> None:
    assert exit_status(found, **options) == wanted  # type: ignore[arg-type]


def test_summary_leaves_out_what_is_not_there() -> None:
    assert summary({"passed": 3, "failed": 0, "warned": 1}) == "3 passed, 1 warned"
    assert summary({}) == "nothing"


@pytest.mark.parametrize(("requests", "wanted"), [(0, 5), (7, 1)])
def test_a_budget_spent_on_an_unusable_target_is_vacuous(requests: int, wanted: int) -> None:
    left = Result("a.b", "MUST", "http", SEEN.NOT_RUN, S.SKIPPED, owner="quota")
    assert exit_status([left], vacuous=["anything"], requests=requests) == wanted


@pytest.mark.parametrize(("tier", "wanted"), [("standard", []), ("full", ["files"])])
def test_what_only_a_higher_tier_sends_is_not_vacuous(tier: str, wanted: list[str]) -> None:
    case = by_id()["fuzz.stored.files.alive"]
    left = Result(case.id, "MUST", "http", SEEN.NOT_RUN, S.SKIPPED, owner="suite")
    found = vacuous([left], {case.id: case}, {"files": Claim.CLAIMED}, tier)
    assert found == wanted


def test_what_is_only_noted_is_not_vacuous() -> None:
    case = by_id()["alveare.first-token.measured"]
    slow = Result(case.id, "MAY", "http", SEEN.VIOLATED, S.NOTED)
    assert vacuous([slow], {case.id: case}, {case.requirement.needs: Claim.CLAIMED}) == []
