"""Judging: what a case raises becomes a finding, and nothing that a case does not decide counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conformance import probe as probes
from conformance.capability import Claim
from conformance.capability import Finding as Ability
from conformance.exchange import Exchange, Failure, Request, Steps
from conformance.expect import Inconclusive, NotApplicable, Violation, fail
from conformance.judge import Bench, curl, judge
from conformance.meta_tests.support import made
from conformance.recording import Recording, Unsent
from conformance.requirement import MUST, Case, Requirement, suite
from conformance.results import Observation
from conformance.select import CHAT


def case(function: Callable[..., None], *names: str, **more: Any) -> Case:
    id, needs, since = more.pop("id", "a.b"), more.pop("needs", ""), more.pop("since", "")
    made_of = Requirement(id, MUST, "It holds.", suite("test"), needs, since=since)
    return Case(made_of, function, probes=names, **more)


def bench(*exchanges: Exchange, **more: Any) -> Bench:
    recording = Recording(exchanges)
    recording.unsent.update(more.pop("unsent", {}))
    return Bench(recording.by_probe(), **more)


def nothing(*_: Exchange) -> None:
    """A case that is content."""


def broken(*_: Exchange) -> None:
    fail("body", "x", "y")


def unclear(_: Exchange) -> None:
    raise Inconclusive("the model did not call")


def beside(_: Exchange) -> None:
    raise NotApplicable


def crash(_: Exchange) -> None:
    raise KeyError("x")


@pytest.mark.parametrize(
    ("function", "wanted"),
    [
        (nothing, Observation.HELD),
        (broken, Observation.VIOLATED),
        (unclear, Observation.INCONCLUSIVE),
        (beside, Observation.NOT_RUN),
        (crash, Observation.ERROR),
    ],
)
def test_what_a_case_raises(function: Callable[..., None], wanted: Observation) -> None:
    active = judge(case(function, "chat"), "http", bench(made({}, probe="chat")))
    refused = judge(case(function, "chat", id="errors.b"), "http", bench(made({}, probe="chat")))
    assert refused.observation == wanted
    passive = judge(case(function, over=CHAT), "http", bench(made({})))
    assert (active.observation, passive.observation) == (wanted, wanted)


@pytest.mark.parametrize(
    ("code", "param", "wanted"),
    [
        ("unsupported_value", "temperature", Observation.INCONCLUSIVE),
        ("unsupported_value", "top_p", Observation.VIOLATED),
        ("unsupported_value", "messages", Observation.VIOLATED),
        ("invalid_value", "temperature", Observation.VIOLATED),
    ],
)
def test_what_a_model_does_not_take_is_no_violation(
    code: str, param: str, wanted: Observation
) -> None:
    error = {"error": {"message": "no", "type": "t", "param": param, "code": code}}
    sent = {"temperature": 0, "messages": []}
    refused = made(error, status=400, sent=sent, probe="chat")
    plain = made({}, probe="chat_stream", id="x2")
    cases = (case(broken, "chat", any_status=True), case(broken, "chat_stream", "chat"))
    found = [judge(one, "http", bench(refused, plain)).observation for one in cases]
    assert found == [wanted, Observation.NOT_RUN]


def test_a_passive_case_counts_and_names_the_first_violation() -> None:
    def odd(x: Exchange) -> None:
        if x.id != "x2":
            raise Violation("odd", at="id", expected=["x2"], actual=x.id)

    many = [made({}, id=f"x{n}") for n in range(1, 7)]
    found = judge(case(odd, over=CHAT), "http", bench(*many))
    assert (found.judged, found.violated) == (6, 5)
    assert found.evidence == ("x1", "x3", "x4")
    assert found.message == "odd (5 of 6 chat completions)"


def test_what_came_of_a_wrong_request_is_not_judged_in_detail() -> None:
    wrong = made({}, probe="errors_chat_n_below")
    drawn = made({}, id="x2", probe="fuzz_chat", context={"fuzz": {"valid": False}})
    right = made({}, id="x3", probe="fuzz_chat", context={"fuzz": {"valid": True}})
    found = judge(case(broken, over=CHAT), "http", bench(wrong, drawn, right))
    assert (found.judged, found.evidence) == (1, ("x3",))


def test_a_passive_case_without_traffic_is_not_run() -> None:
    found = judge(case(nothing, over=CHAT), "http", bench())
    assert found.observation is Observation.NOT_RUN
    assert "no chat completions" in found.message


def test_what_an_interrupt_cut_short_is_not_judged() -> None:
    cut = made({}, probe="chat", failure=Failure("interrupted", "the run was interrupted"))
    assert judge(case(broken, "chat"), "http", bench(cut)).observation is Observation.NOT_RUN
    assert judge(case(broken, over=CHAT), "http", bench(cut)).observation is Observation.NOT_RUN


def test_what_was_said_of_an_exchange_is_kept() -> None:
    x = made({})
    asked: list[str] = []

    def once(exchange: Exchange) -> None:
        asked.append(exchange.id)

    kept: dict[int, dict[str, Any]] = {id(x): {}}
    for _ in range(2):
        found = judge(case(once, over=CHAT), "http", bench(x, memo=kept))
        assert found.observation is Observation.HELD
    assert (asked, kept) == (["x1"], {id(x): {"a.b": None}})


def test_a_rule_about_all_of_them_gets_all_of_them() -> None:
    def differ(all_of_them: tuple[Exchange, ...]) -> None:
        if len({x.endpoint for x in all_of_them}) < len(all_of_them):
            raise Violation("the same twice")

    rule = case(differ, over=CHAT, together=True)
    assert judge(rule, "http", bench()).observation is Observation.NOT_RUN
    assert judge(rule, "http", bench(made({}))).observation is Observation.HELD
    found = judge(rule, "http", bench(made({}, id="x1"), made({}, id="x2")))
    assert (found.observation, found.evidence) == (Observation.VIOLATED, ("x1", "x2"))


def test_old_recordings_are_not_judged_by_newer_rules() -> None:
    def exchange(day: str, known: bool) -> Exchange:
        return made({}, context={"foreign": True, "recorded": day, "day_known": known})

    rule = case(broken, over=CHAT, since="2024-06-01")
    assert judge(rule, "http", bench(exchange("2023-01-01", True))).observation == "not run"
    assert judge(rule, "http", bench(exchange("2025-01-01", False))).observation == "not run"
    assert judge(rule, "http", bench(exchange("2025-01-01", True))).observation == "violated"
    assert judge(rule, "http", bench(made({}))).observation == "violated"


@pytest.mark.parametrize(
    ("exchange", "wanted", "owner"),
    [
        (made({}, status=429, probe="chat"), Observation.INCONCLUSIVE, "quota"),
        (made({}, status=400, probe="chat"), Observation.NOT_RUN, "server"),
        (
            made(response=False, failure=Failure("connect", "refused"), probe="chat"),
            Observation.ERROR,
            "network",
        ),
        (
            made(response=False, failure=Failure("timeout", "late"), probe="chat"),
            Observation.ERROR,
            "server",
        ),
        (made({}, failure=Failure("reset", "cut"), probe="chat"), Observation.NOT_RUN, "server"),
        (made(response=False, probe="chat"), Observation.ERROR, "server"),
    ],
)
def test_an_answer_that_cannot_be_judged_names_its_owner(
    exchange: Exchange, wanted: Observation, owner: str
) -> None:
    found = judge(case(broken, "chat"), "http", bench(exchange))
    assert (found.observation, found.owner) == (wanted, owner)


def test_a_probe_that_was_not_sent_says_why() -> None:
    left = {("http", "chat"): Unsent("budget", "the budget is spent", "quota")}
    found = judge(case(nothing, "chat"), "http", bench(unsent=left))
    assert (found.observation, found.owner) == ("not run", "quota")
    assert judge(case(nothing, "chat"), "http", bench()).message == "chat was not sent"
    left = {("http", "chat"): Unsent("error", "TypeError", "suite")}
    assert judge(case(nothing, "chat"), "http", bench(unsent=left)).observation == "error"


@pytest.mark.parametrize(
    ("ability", "claim", "unsupported", "run"),
    [
        (Ability.WORKS, None, False, True),
        (Ability.BROKEN, None, False, True),
        (Ability.REFUSED, None, True, False),
        (Ability.ABSENT, Claim.CLAIMED, False, False),
        (Ability.IGNORED, None, True, False),
        (Ability.IGNORED, Claim.CLAIMED, False, True),
    ],
)
def test_capabilities_decide_whether_a_requirement_applies(
    ability: Ability, claim: Claim | None, unsupported: bool, run: bool
) -> None:
    claims = {"chat": claim} if claim else {}
    found = judge(
        case(nothing, "chat", needs="chat.stream"),
        "http",
        bench(made({}, probe="chat"), claims=claims, abilities={"chat": ability}),
    )
    assert (found.observation is Observation.HELD) is run
    assert found.unsupported is unsupported


def test_what_is_claimed_and_what_nobody_knows_is_judged() -> None:
    refused = bench(
        made({}, status=404, probe="chat"),
        claims={"chat": Claim.CLAIMED},
        abilities={"chat": Ability.ABSENT},
    )
    about_refusal = case(broken, "chat", needs="chat", any_status=True)
    assert judge(about_refusal, "http", refused).observation is Observation.VIOLATED
    assert judge(case(broken, needs="nobody.knows"), "http", bench()).evidence == ()


@pytest.mark.parametrize("ability", [Ability.REFUSED, Ability.ABSENT])
def test_what_is_core_is_judged_though_refused_unless_the_profile_says_so(ability: Ability) -> None:
    refused = made({}, status=400, probe="chat_stream")
    known = {"chat": Ability.WORKS, "chat.stream": ability}
    about_refusal = case(broken, "chat_stream", needs="chat.stream", any_status=True)
    beside = case(broken, "chat_stream", needs="chat.stream")
    unknown = bench(refused, abilities=known)
    assert judge(about_refusal, "http", unknown).observation is Observation.VIOLATED
    assert judge(beside, "http", unknown).unsupported
    told = bench(refused, abilities=known, claims={"chat.stream": Claim.REFUSED})
    assert judge(about_refusal, "http", told).unsupported
    alone = bench(refused, abilities={"chat": Ability.ABSENT, "chat.stream": ability})
    assert judge(about_refusal, "http", alone).unsupported


def test_steps_are_given_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    async def send(_: Any) -> None: ...

    probes.all_probes()
    monkeypatch.setitem(probes._REGISTRY, "talk", probes.Scenario("talk", send))
    seen: list[Steps] = []

    def keep(talk: Steps) -> None:
        seen.append(talk)
        raise Violation("no", at="a", expected=["b"], actual=list(range(3000)))

    exchanges = [made({}, id="x1", probe="talk", step="a"), made({}, id="x2", probe="talk")]
    found = judge(case(keep, "talk"), "http", bench(*exchanges))
    assert [x.id for x in seen[0]] == ["x1", "x2"]
    assert found.evidence == ("x2", "x1")
    assert str(found.actual).endswith("characters)")


def test_a_finding_is_about_the_step_that_the_case_looked_at_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = probes.Scenario("talk", lambda s: None)  # type: ignore[arg-type]
    monkeypatch.setitem(probes._REGISTRY, "talk", found)

    def wrong_list(steps: Steps) -> None:
        assert steps["made"].ok
        assert steps["list"].ok
        fail("data", "1 element", "2 elements")

    walked = [made({}, probe="talk", step=s, id=s) for s in ("made", "list", "cleanup")]
    assert judge(case(wrong_list, "talk"), "http", bench(*walked)).evidence[0] == "list"
    assert judge(case(broken, "talk"), "http", bench(*walked)).evidence[0] == "cleanup"


def test_a_finding_is_about_the_answer_not_about_what_it_is_compared_with() -> None:
    both = (made({}, probe="chat", id="x1"), made({}, probe="chat_stream", id="x2"))
    found = judge(case(broken, "chat", "chat_stream", any_status=True), "http", bench(*both))
    assert found.evidence[:2] == ("x2", "x1")


def test_curl_repeats_a_request_without_the_key() -> None:
    x = made({}, sent={"stream": True, "q": "it's"})
    headers = (
        ("Authorization", "Bearer sk-1"),
        ("Content-Type", "application/json"),
        ("Idempotency-Key", "k"),
        ("User-Agent", "u"),
    )
    request = Request("POST", x.request.url + "?a=b", headers, x.request.body)
    line = curl(Exchange("x1", request, None, endpoint=x.endpoint))
    assert line.startswith('curl -sS -N "$BASE_URL/chat/completions?a=b"')
    assert '"Authorization: Bearer $API_KEY"' in line
    assert "sk-1" not in line
    assert "Idempotency-Key: k" in line
    assert "User-Agent" not in line
    listing = curl(Exchange("x1", Request("GET", "u", (), b"x" * 2000), None))
    assert "-X GET" in listing
    assert "(2000 characters)" in listing
