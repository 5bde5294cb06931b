"""The claims audit: a verdict for every claim, with evidence; and the paragraph to forward."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.capability import Finding as Ability
from conformance.claims import Verdict, audit, summary
from conformance.exchange import Chunk
from conformance.meta_tests.test_reporting_samples import stream
from conformance.profile import ClaimRow, Document, Profile, load_profile
from conformance.results import Observation, Outcome, Result, Run, dump, load

HELD, VIOLATED, NOT_RUN = Observation.HELD, Observation.VIOLATED, Observation.NOT_RUN


def result(
    id: str,
    observation: Observation = HELD,
    driver: str = "http",
    level: str = "MUST",
    **more: Any,
) -> Result:
    return Result(id, level, driver, observation, Outcome.PASSED, **more)


def decide(
    results: list[Result] = (), abilities: dict[str, Ability] | None = None, **row: Any
) -> Any:
    pages = (Document("page", "The page"),)
    profile = Profile("x", "X", documents=pages, claims=(ClaimRow("A-x", "It works.", **row),))
    (verdict,) = audit(profile, results, abilities or {})
    return verdict


def test_upheld_with_its_evidence() -> None:
    results = [
        result("chat.a", exchanges=("x1", "x2")),
        result("chat.b", driver="python-sdk", exchanges=("x2", "x3")),
        result("chatter.c", VIOLATED),
        result("chat.d", NOT_RUN),
    ]
    verdict = decide(results, requirements=("chat",), document="page", place="Intro")
    assert verdict.verdict is Verdict.UPHELD
    assert verdict.requirements == ("chat.a", "chat.b")
    assert verdict.exchanges == ("x1", "x2", "x3")
    assert verdict.where == "The page, Intro"
    assert verdict.reason == "2 of 3 requirements held"
    assert (verdict.held, verdict.violated) == (2, 0)


def test_a_violated_must_breaks_it_and_a_recommendation_is_said() -> None:
    bad = result("chat.a", VIOLATED, message="no id", exchanges=("x9",))
    should = result("chat.s", VIOLATED, level="SHOULD")
    good = result("chat.b")
    broken = decide([good, bad], requirements=("chat",))
    assert broken.verdict is Verdict.BROKEN
    assert broken.reason == "chat.a: no id"
    assert broken.requirements == ("chat.a", "chat.b")
    assert broken.exchanges[0] == "x9"
    upheld = decide([good, should], requirements=("chat",))
    assert upheld.verdict is Verdict.UPHELD
    assert upheld.reason.endswith("1 recommendations did not: chat.s")
    named = decide([good, should], requirements=("chat.s", "chat.b"))
    assert named.verdict is Verdict.BROKEN


def test_many_violations_are_counted() -> None:
    verdict = decide([result(f"chat.r{n}", VIOLATED) for n in range(5)], requirements=("chat",))
    assert verdict.reason == "chat.r0; chat.r1; chat.r2; 2 more"


@pytest.mark.parametrize(
    "ability", [Ability.REFUSED, Ability.ABSENT, Ability.IGNORED, Ability.BROKEN]
)
def test_claimed_but_not_there_is_broken(ability: Ability) -> None:
    verdict = decide([result("chat.a")], {"chat": ability}, capabilities=("chat",))
    assert verdict.verdict is Verdict.BROKEN
    assert verdict.reason == f"chat is {ability}"
    assert verdict.line()["capabilities"] == {"chat": str(ability)}


def test_capabilities_alone_can_decide() -> None:
    assert decide([], {"chat": Ability.WORKS}, capabilities=("chat",)).verdict is Verdict.UPHELD
    unknown = decide([], {}, capabilities=("chat",))
    assert (unknown.verdict, unknown.reason) == (Verdict.UNDECIDED, "chat is unknown")


def test_nothing_judged_is_undecided_with_the_reason() -> None:
    assert decide([], requirements=("chat",)).reason == "chat: not part of this run"
    skipped = [result("chat.a", NOT_RUN, message="no `keys.limited` is configured")]
    verdict = decide(skipped, requirements=("chat",))
    assert verdict.verdict is Verdict.UNDECIDED
    assert verdict.reason == "chat: no `keys.limited` is configured"
    assert decide([result("chat.a", NOT_RUN)], requirements=("chat",)).reason == "chat: not run"
    half = decide([result("chat.a")], requirements=("chat", "errors"))
    assert (half.verdict, half.reason) == (Verdict.UNDECIDED, "errors: not part of this run")


def test_every_driver_that_a_claim_names_must_have_shown_it() -> None:
    row: dict[str, Any] = {"requirements": ("chat",), "drivers": ("http", "node-sdk")}
    both = [result("chat.a"), result("chat.a", driver="node-sdk")]
    assert decide(both, **row).verdict is Verdict.UPHELD
    assert decide(both, **row).line()["drivers"] == ["http", "node-sdk"]
    alone = decide(both[:1], **row)
    assert (alone.verdict, alone.reason) == (Verdict.UNDECIDED, "node-sdk: not part of this run")
    other = [*both, result("chat.a", VIOLATED, driver="python-sdk")]
    assert decide(other, **row).verdict is Verdict.UPHELD


@pytest.mark.parametrize(
    ("abilities", "verdict"),
    [
        ({"chat.tools": Ability.REFUSED, "assistants": Ability.ABSENT}, Verdict.REFUSED),
        ({"chat.tools": Ability.IGNORED, "assistants": Ability.WORKS}, Verdict.IGNORED),
        ({"chat.tools": Ability.WORKS, "assistants": Ability.REFUSED}, Verdict.WORKS),
        ({"chat.tools": Ability.WORKS, "assistants": Ability.BROKEN}, Verdict.BROKEN),
        ({"chat.tools": Ability.REFUSED}, Verdict.REFUSED),
        ({}, Verdict.UNDECIDED),
    ],
)
def test_what_is_documented_as_not_supported(abilities: Any, verdict: Verdict) -> None:
    found = decide([], abilities, capabilities=("chat.tools", "assistants"), unclaimed=True)
    assert found.verdict is verdict
    assert "chat.tools: " in found.reason


def test_a_refusal_that_is_not_clean() -> None:
    row = {"capabilities": ("chat.tools",), "requirements": ("x.refusal",), "unclaimed": True}
    results = [result("x.refusal", VIOLATED, message="a 500")]
    found = decide(results, {"chat.tools": Ability.REFUSED}, **row)
    assert found.verdict is Verdict.BROKEN
    assert found.reason == "chat.tools: refused; x.refusal: a 500"


def test_not_checkable_says_why() -> None:
    found = decide([], uncheckable="it is a package", remark="two pages differ")
    assert (found.verdict, found.reason) == (Verdict.UNCHECKABLE, "it is a package")
    assert found.line()["remark"] == "two pages differ"


def test_lines_survive_the_file(tmp_path: Any) -> None:
    verdicts = audit(load_profile("assisters"), [result("chat.a")], {})
    run = Run({"target": "x"}, (), tuple(v.line() for v in verdicts), {"exit": 0})
    path = tmp_path / "results.jsonl"
    path.write_text(dump(run), "utf-8")
    read = load(path).claims
    assert [c["id"] for c in read][:2] == ["A-url", "A-key"]
    assert read[0]["verdict"] == "undecided"
    assert read[-1]["verdict"] == "not checkable from outside"


def test_the_paragraph() -> None:
    rows = (
        ClaimRow("A-1", "One.", requirements=("chat",)),
        ClaimRow("A-2", "Two.", requirements=("errors",)),
        ClaimRow("A-3", "Three.", requirements=("auth",)),
        ClaimRow("A-4", "Four.", capabilities=("chat.tools",), unclaimed=True),
        ClaimRow("A-5", "Five.", uncheckable="money"),
    )
    profile = Profile("x", "The X API", claims=rows)
    results = [result("chat.a"), result("errors.a", VIOLATED, message="no code")]
    found = audit(profile, results, {"chat.tools": Ability.REFUSED})
    assert summary(profile, found) == (
        "The X API: of 3 claims that can be checked from outside, 1 holds; "
        "1 is broken: “Two” (A-2: no code); "
        "1 could not be decided: “Three” (A-3: not part of this run); "
        "tool calls: refused, as documented (A-4); 1 cannot be checked from outside (A-5)."
    )
    assert summary(profile, found[:1], where="http://x", when="2026-01-02") == (
        "The X API at http://x, 2026-01-02: of 1 claim that can be checked from outside, 1 holds."
    )
    assert summary(Profile("y", "Y"), []) == "Y: no claims of it are known."


def test_the_paragraph_is_short() -> None:
    rows = tuple(ClaimRow(f"A-{n}", f"Number {n}.", requirements=("chat",)) for n in range(9))
    found = audit(Profile("x", "X", claims=rows), [result("chat.a", VIOLATED)], {})
    assert summary(Profile("x", "X"), found).endswith("“Number 5” (A-5: chat.a), A-6, A-7, A-8.")


def test_a_violation_tells_what_was_seen() -> None:
    seen = result("chat.a", VIOLATED, at="status", expected=("200",), actual="5" * 500)
    told = decide([seen], requirements=("chat",)).reason
    assert told.startswith("chat.a: status was 555")
    assert len(told) < 200


def test_what_the_profile_itself_excuses_breaks_no_claim() -> None:
    excused = replace(result("chat.a", VIOLATED, reason="documented by X"), outcome=Outcome.KNOWN)
    found = decide([excused, result("chat.b")], requirements=("chat",))
    assert found.verdict is Verdict.UPHELD
    users = replace(excused, reason="a bug of ours")
    assert decide([users], requirements=("chat",)).verdict is Verdict.BROKEN


def test_the_first_token_stands_beside_the_claim() -> None:
    row = ClaimRow("A-1", "Fast.", requirements=("chat",), measures="first_token")
    profile = Profile("x", "X", claims=(row,), first_token_ms=(50, 80))
    (alone,) = audit(profile, [result("chat.a")], {})
    assert alone.line()["measured"] == (
        "first token: no stream to measure; the page says 50 to 80 ms"
    )
    empty = stream("x1", (0.1,))
    told = b'data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n'
    chunks = (Chunk(0.02, b'data: {"choices":[{"delta":{"role":"assistant"}}]}\n\n'),
              Chunk(0.04, told))  # fmt: skip
    assert empty.response is not None
    spoken = replace(empty, response=replace(empty.response, chunks=chunks))
    silent = replace(empty, response=replace(empty.response, chunks=chunks[:1]))
    (found,) = audit(profile, [result("chat.a")], {}, [spoken, silent])
    assert found.measured == (
        "first token after 40 ms (median of 1 stream, 40 to 40 ms); the page says 50 to 80 ms"
    )
