"""One defect a claim turns that claim, and no other but the wider ones of the same page.

What a fault violates beside what it names is known (the fault matrix proves it): so which claims
it can turn follows from the profile alone. That it does turn its claim is tried here. With
``CONFORMANCE_MATRIX=all`` everything that the claims name is driven for each of them, and every
profile is run as its users run it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.capability import all_capabilities
from conformance.catalogue import all_cases, by_id, matches
from conformance.claims import Verdict
from conformance.meta_tests import claim_faults as table
from conformance.meta_tests.claim_faults import Defect, broken, cases_of, verdicts, with_wider
from conformance.profile import ClaimRow, Profile, load_profile
from conformance.reference.companions import companions

NAMES = ("assisters", "assisters-com", "alveare", "openai-assistants", "openai")
EVERY = os.environ.get("CONFORMANCE_MATRIX") == "all"
ROWS = [(name, row.id) for name in NAMES for row in load_profile(name).claims]
DECIDED = [
    (name, row.id)
    for name in NAMES
    for row in load_profile(name).claims
    if not row.uncheckable and row.id not in table.BY_NATURE
]


def defect_of(claim: str) -> Defect:
    return table.environment() if claim == "A-env" else table.turned(claim)


def row_of(name: str, claim: str) -> tuple[Profile, ClaimRow]:
    profile = load_profile(name)
    return profile, next(row for row in profile.claims if row.id == claim)


def test_every_claim_has_a_defect_or_a_reason() -> None:
    assert [claim for _, claim in DECIDED if claim not in table.DEFECTS] == []
    assert set(table.DEFECTS) == {claim for _, claim in DECIDED}


@pytest.mark.parametrize("name", NAMES)
def test_what_a_profile_names_exists(name: str) -> None:
    profile = load_profile(name)
    known = [case.id for case in all_cases()]
    for row in profile.claims:
        for word in row.requirements:
            assert any(matches(id, word) for id in known), f"{row.id}: {word}"
        for capability in row.capabilities:
            assert capability in all_capabilities(), f"{row.id}: {capability}"
    assert set(profile.capabilities) <= set(all_capabilities())
    for divergence in profile.divergences:
        assert divergence.requirement in by_id(), divergence.requirement
    if name != "openai-assistants":
        own = [case for case in all_cases() if case.id.startswith(f"{name}.")]
        words = [word for row in profile.claims for word in row.requirements]
        told = {case.id for case in own if any(matches(case.id, word) for word in words)}
        assert {case.id for case in own if ".example." not in case.id} == told


@pytest.mark.parametrize(("name", "claim"), DECIDED)
def test_a_defect_turns_its_claim(name: str, claim: str) -> None:
    profile, row = row_of(name, claim)
    defect = defect_of(claim)
    found = verdicts(name, defect, defect.requirements, defect.drivers)
    assert found[claim].verdict is Verdict.BROKEN, found[claim].reason
    assert found[claim].violated
    assert found[claim].exchanges
    assert broken(found) - set(table.BY_NATURE) == with_wider(row, profile)


@pytest.mark.parametrize(("name", "claim"), DECIDED)
def test_it_can_turn_no_other(name: str, claim: str) -> None:
    profile, row = row_of(name, claim)
    violated = {
        id
        for fault in defect_of(claim).faults
        for id in {*fault.breaks, *companions().get(fault.id, ())}
    }
    can = {
        other.id
        for other in profile.claims
        for id in violated
        if any(matches(id, word) for word in other.requirements)
        and (by_id()[id].requirement.level == "MUST" or id in other.requirements)
    }
    assert can <= with_wider(row, profile)


def test_what_is_broken_by_nature_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import openai

    words = ("openai-assistants.call", "openai-assistants.page")
    found = verdicts("openai-assistants", Defect(), words)
    assert broken(found) == set(table.BY_NATURE) == {"D-call"}
    assert found["D-call"].remark.startswith("Broken by nature")
    assert "has no client.assistants" in found["D-call"].reason
    assert found["D-400"].measured == (
        "an id that cannot be one is answered 400, a well-made id that nobody has 404 "
        "(OpenAI: 400 and 404)"
    )
    documented = type("Documented", (), {"create": None, "acreate": None})
    path = type("Chat", (), {"chat": type("C", (), {"completions": documented})})
    documented.create = documented.acreate = staticmethod(print)
    monkeypatch.setattr(openai.OpenAI, "assistants", path, raising=False)
    kept = verdicts("openai-assistants", Defect(), words)
    assert kept["D-call"].verdict is Verdict.UPHELD


@pytest.mark.skipif(not EVERY, reason="takes minutes: CONFORMANCE_MATRIX=all")
@pytest.mark.parametrize(("name", "claim"), DECIDED)
def test_exactly_its_claim(name: str, claim: str) -> None:
    """Everything that the claims name is driven, by raw HTTP."""
    profile, row = row_of(name, claim)
    defect = defect_of(claim)
    if defect.drivers != ("http",):
        pytest.skip("a client library decides it")
    words = [word for other in profile.claims for word in other.requirements]
    assert broken(verdicts(name, defect, words)) - set(table.BY_NATURE) == with_wider(row, profile)


@pytest.mark.skipif(not EVERY, reason="takes minutes: CONFORMANCE_MATRIX=all")
@pytest.mark.parametrize("name", NAMES)
def test_a_profile_ends_as_expected_without_a_target(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "conformance", "run", "--profile", name]
    done = subprocess.run([*command, "--out", str(tmp_path)], capture_output=True, check=False)
    lines = (tmp_path / "results.jsonl").read_text("utf-8").splitlines()
    claims = [line for line in map(json.loads, lines) if line["type"] == "claim"]
    wrong = {
        claim["id"]: claim["reason"]
        for claim in claims
        if claim["verdict"] in ("broken", "undecided", "not claimed and silently ignored")
    }
    assert set(wrong) == ({*table.BY_NATURE} if name == "openai-assistants" else set()), wrong
    assert done.returncode == 0


def test_cases_of_a_profile() -> None:
    found = cases_of(load_profile("alveare"), ["alveare.names"])
    assert [case.id for case in found] == [
        "alveare.names.openai",
        "alveare.names.classify",
        "alveare.names.summarise",
        "alveare.names.extract",
    ]
