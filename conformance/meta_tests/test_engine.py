"""Driving: each probe once, in order, inside the limits; what cannot be sent says why."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from conformance import capability as capabilities
from conformance import probe as probes
from conformance.capability import Capability, Claim, Finding
from conformance.clock import SystemClock, VirtualClock
from conformance.drivers import node_sdk
from conformance.drivers.inprocess import InProcessTransport
from conformance.engine import plan
from conformance.expect import NotApplicable
from conformance.meta_tests.support import made
from conformance.probe import Probe, Scenario, Skip
from conformance.recording import Recording
from conformance.requirement import MUST, Case, Requirement, suite
from conformance.run import Drive, Options, drive
from conformance.session import Session
from conformance.target import Limits, Target

Answer = Callable[[dict[str, Any]], tuple[int, dict[str, str], Any]]


class App:
    """A tiny ASGI application: answers from a function, and remembers what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.seen: list[dict[str, Any]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        headers = {k.decode(): v.decode() for k, v in scope["headers"]}
        request = {
            "method": scope["method"],
            "path": scope["path"],
            "headers": headers,
            "body": json.loads(message["body"] or b"null"),
        }
        self.seen.append(request)
        status, extra, body = self.answer(request)
        pairs = [(b"content-type", b"application/json")]
        pairs += [(k.encode(), v.encode()) for k, v in extra.items()]
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})


def fine(_: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
    return 200, {}, {"usage": {"total_tokens": 10}}


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """An empty registry of probes, and one of capabilities, for the time of a test."""
    probes.all_probes()
    empty: dict[str, Any] = {}
    monkeypatch.setattr(probes, "_REGISTRY", empty)
    monkeypatch.setattr(capabilities, "_REGISTRY", {})
    return empty


def add(registry: dict[str, Any], name: str, **more: Any) -> None:
    method, path = more.pop("method", "POST"), more.pop("path", f"/{name}")
    registry[name] = Probe(name, method, path, more.pop("body", {"n": name}), **more)


def add_capability(name: str, gate: str, **more: Any) -> None:
    capabilities._REGISTRY[name] = Capability(name, name, gate, **more)


def case(*names: str, **more: Any) -> Case:
    made_of = Requirement("a.b", MUST, "It holds.", suite("t"), more.pop("needs", ""))
    return Case(made_of, lambda: None, probes=names, **more)


def driven(
    app: Any, *cases: Case, limits: Limits | None = None, check: bool = False, **more: Any
) -> Drive:
    clock = more.pop("clock", None) or VirtualClock()
    target = Target(
        more.pop("base", "http://t.invalid/v1"),
        more.pop("keys", {"api": "sk-1"}),
        more.pop("models", {}),
        limits=limits or Limits(),
    )
    progress = more.pop("progress", None)
    options = Options(**{"drivers": ("http",), **more})
    inner = InProcessTransport(app)
    return asyncio.run(
        drive(target, cases, options, inner=inner, clock=clock, check=check, progress=progress)
    )


def test_a_probe_that_two_cases_name_is_sent_once(registry: dict[str, Any]) -> None:
    add(registry, "one")
    app = App(fine)
    told: list[tuple[str, int, int]] = []
    found = driven(app, case("one"), case("one"), progress=lambda *done: told.append(done))
    assert [r["path"] for r in app.seen] == ["/v1/one"]
    assert told == [("one", 1, 1)]
    assert app.seen[0]["headers"]["authorization"] == "Bearer sk-1"
    assert (found.requests, found.tokens) == (1, 10)


def test_a_probe_waits_for_what_it_is_built_from(registry: dict[str, Any]) -> None:
    add(registry, "first")
    add(registry, "second", after=("first",), body=lambda c: {"saw": c["first"].json["usage"]})
    app = App(fine)
    driven(app, case("second"))
    assert app.seen[1]["body"] == {"saw": {"total_tokens": 10}}


def test_what_needs_a_failed_answer_is_not_sent(registry: dict[str, Any]) -> None:
    add(registry, "first")
    add(registry, "second", after=("first",), body=lambda c: {"saw": c["first"].json})
    add(registry, "third", after=("second",), body=lambda c: {"saw": c["second"].json})
    app = App(lambda _: (400, {}, {}))
    found = driven(app, case("third"))
    assert len(app.seen) == 1
    left = found.recording.unsent
    assert (left["http", "second"].kind, left["http", "second"].owner) == ("prerequisite", "server")
    assert "needs first" in left["http", "third"].reason


def test_what_cannot_be_made_from_an_earlier_answer_is_not_sent(registry: dict[str, Any]) -> None:
    add(registry, "first")
    add(registry, "second", after=("first",), body=lambda c: c["first"].json["choices"][0])
    add(registry, "odd", body=lambda c: {}["choices"])
    left = driven(App(fine), case("second"), case("odd")).recording.unsent
    assert left["http", "second"].kind == "prerequisite"
    assert left["http", "second"].reason == "first lacks what it goes on from (KeyError: 'choices')"
    assert (left["http", "odd"].kind, left["http", "odd"].owner) == ("error", "suite")


def test_a_scenario_that_finds_nothing_to_go_on_from_ends(registry: dict[str, Any]) -> None:
    async def steps(session: Session) -> None:
        await session.post("one", "/one")
        raise NotApplicable("no event came")

    registry["walk"] = Scenario("walk", steps)
    left = driven(App(fine), case("walk")).recording.unsent["http", "walk"]
    assert (left.kind, left.owner, left.reason) == ("prerequisite", "server", "no event came")


def test_a_refused_capability_is_asked_for_once(registry: dict[str, Any]) -> None:
    add(registry, "gate", needs="cap")
    add(registry, "more", needs="cap.part")
    add_capability("cap", "gate")
    add_capability("cap.part", "gate", within="cap")
    app = App(lambda _: (404, {}, {"error": "no"}))
    found = driven(app, case("more", needs="cap.part"))
    assert [r["path"] for r in app.seen] == ["/v1/gate"]
    assert found.recording.unsent["http", "more"].kind == "unsupported"
    assert found.abilities["cap"] is Finding.ABSENT


def test_an_ignored_capability_is_judged_only_where_it_is_claimed(registry: dict[str, Any]) -> None:
    add(registry, "gate", needs="cap")
    add(registry, "more", needs="cap")
    add_capability("cap", "gate", took_effect=lambda x: False)
    app = App(fine)
    found = driven(app, case("more", needs="cap"))
    assert "ignored in silence" in found.recording.unsent["http", "more"].reason
    app = App(fine)
    driven(app, case("more", needs="cap"), claims={"cap": Claim.CLAIMED})
    assert len(app.seen) == 2


def test_a_key_that_is_not_configured_skips_with_the_reason(registry: dict[str, Any]) -> None:
    async def send(session: Session) -> None: ...

    add(registry, "one", key="revoked")
    registry["two"] = Scenario("two", send, keys=("second",))
    registry["dear"] = Scenario("dear", send, needs="cap", claimed=True)
    found = driven(App(fine), case("one"), case("two"), case("dear"))
    assert found.recording.unsent["http", "one"].reason == "no `keys.revoked` is configured"
    assert found.recording.unsent["http", "two"].kind == "skipped"
    assert found.recording.unsent["http", "dear"].reason == "cap is not claimed"


def test_an_unavailable_driver_is_skipped_with_the_reason(
    registry: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_sdk, "missing", lambda: "node-sdk is not installed")
    add(registry, "one", drivers=("http", "node-sdk"))
    found = driven(App(fine), case("one", drivers=("node-sdk",)), drivers=("http", "node-sdk"))
    assert "node-sdk" in found.recording.unsent["node-sdk", "one"].reason


@pytest.mark.parametrize("limited", ["sk-2", "sk-1"])
def test_an_exclusive_scenario_with_a_key_of_its_own_does_not_wait(
    registry: dict[str, Any], limited: str
) -> None:
    async def talk(session: Session) -> None:
        await session.post("a", "/talk")

    add(registry, "one")
    add(registry, "two", after=("one",))
    add(registry, "three", after=("two",))
    registry["talk"] = Scenario("talk", talk, exclusive=True, keys=("limited",))
    app = App(fine)
    keys = {"api": "sk-1", "limited": limited}
    driven(app, case("three"), case("talk"), keys=keys, clock=SystemClock())
    sent = [r["path"] for r in app.seen]
    assert len(sent) == 4
    assert (sent[-1] == "/v1/talk") == (limited == "sk-1")


def test_scenarios_converse_and_exclusive_ones_go_last(registry: dict[str, Any]) -> None:
    async def talk(session: Session) -> None:
        await session.post("a", "/talk", word=session.nonce("x"))
        await session.sleep(5)
        await session.gather(session.post("b", "/talk"), session.post("b", "/talk"))
        assert session["one"].ok
        assert session.model("chat")
        assert session.key("api") == "sk-1"

    async def skipping(session: Session) -> None:
        raise Skip("not today")

    async def crashing(session: Session) -> None:
        raise RuntimeError("bug")

    add(registry, "one")
    registry["talk"] = Scenario("talk", talk, exclusive=True, after=("one",))
    registry["skipping"] = Scenario("skipping", skipping)
    registry["crashing"] = Scenario("crashing", crashing)
    app = App(fine)
    found = driven(app, case("talk"), case("one"), case("skipping"), case("crashing"))
    assert [r["path"] for r in app.seen] == ["/v1/one", *["/v1/talk"] * 3]
    steps = found.recording.steps("talk")
    assert steps is not None
    assert len(steps.all("b")) == 2
    assert steps["b"].started - steps["a"].started >= 5
    assert found.recording.unsent["http", "skipping"].reason == "not today"
    assert found.recording.unsent["http", "crashing"].kind == "error"


def test_a_session_without_earlier_probes_says_so() -> None:
    class Courier:
        target = clock = None

    with pytest.raises(Skip):
        Session(Courier(), "x")["other"]  # type: ignore[arg-type]


def flaky(*answers: tuple[int, dict[str, str]]) -> App:
    left = list(answers)

    def answer(_: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
        status, headers = left.pop(0) if len(left) > 1 else left[0]
        return status, headers, {}

    return App(answer)


@pytest.mark.parametrize(
    ("answers", "sent", "waited"),
    [
        ([(429, {"retry-after": "3"}), (200, {})], 2, 3.0),
        ([(429, {"retry-after": "900"}), (200, {})], 1, 0.0),
        ([(429, {"retry-after": "soon"}), (200, {})], 2, 1.0),
        ([(429, {"x-should-retry": "false"}), (200, {})], 1, 0.0),
        ([(429, {"retry-after": "1"})], 4, 3.0),
        ([(500, {}), (200, {})], 2, 0.2),
        ([(503, {})], 2, 0.2),
        ([(400, {})], 1, 0.0),
    ],
)
def test_trying_again_is_recorded_and_bounded(
    registry: dict[str, Any], answers: Any, sent: int, waited: float
) -> None:
    add(registry, "one")
    app = flaky(*answers)
    found = driven(app, case("one"))
    exchanges = found.recording.exchanges
    assert len(app.seen) == sent
    assert [x.attempt for x in exchanges] == list(range(1, sent + 1))
    assert [x.superseded for x in exchanges] == [True] * (sent - 1) + [False]
    assert exchanges[-1].started - exchanges[0].started >= waited


def test_spent_quota_is_not_waited_for(registry: dict[str, Any]) -> None:
    add(registry, "one")
    app = App(lambda _: (429, {}, {"error": {"code": "insufficient_quota"}}))
    driven(app, case("one"))
    assert len(app.seen) == 1


@pytest.mark.parametrize(
    ("limits", "most"),
    [
        (Limits(max_requests=3), 3),
        (Limits(max_tokens=200, concurrency=1), 14),
        (Limits(max_tokens=200, concurrency=50), 3),
        (Limits(max_seconds=0.0), 0),
    ],
)
def test_budgets_are_never_passed(registry: dict[str, Any], limits: Limits, most: int) -> None:
    names = [f"p{n}" for n in range(30)]
    for name in names:
        add(registry, name)
    app = App(fine)
    found = driven(app, *(case(name) for name in names), limits=limits)
    assert len(app.seen) <= most
    assert found.tokens <= (limits.max_tokens or 10**9)
    assert {u.kind for u in found.recording.unsent.values()} == {"budget"}
    assert {u.owner for u in found.recording.unsent.values()} == {"quota"}


def test_requests_per_minute_are_kept(registry: dict[str, Any]) -> None:
    for n in range(4):
        add(registry, f"p{n}")
    found = driven(
        App(fine), *(case(f"p{n}") for n in range(4)), limits=Limits(requests_per_minute=60)
    )
    starts = sorted(x.started for x in found.recording.exchanges)
    assert all(b - a >= 0.99 for a, b in pairwise(starts))


def reach_app(models: int, chat: int, path: str = "/v1") -> App:
    def answer(request: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
        if not request["path"].startswith(path):
            return 404, {}, {}
        return (models if request["path"].endswith("models") else chat), {}, {}

    return App(answer)


def test_a_target_that_refuses_the_key_ends_the_run(registry: dict[str, Any]) -> None:
    found = driven(reach_app(401, 401), check=True)
    assert "refuses the key" in found.unreachable


def test_a_base_url_without_v1_is_recognised(registry: dict[str, Any]) -> None:
    found = driven(reach_app(200, 200), check=True, base="http://t.invalid")
    assert "give --base-url http://t.invalid/v1" in found.unreachable


def test_a_target_that_only_lacks_models_is_judged(registry: dict[str, Any]) -> None:
    assert driven(reach_app(404, 200), check=True).unreachable == ""


def test_a_target_that_drops_every_request_ends_the_run(registry: dict[str, Any]) -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("down")

    found = driven(broken, check=True)
    assert "answers nothing" in found.unreachable


def test_the_plan_puts_shared_probes_and_gates_first(registry: dict[str, Any]) -> None:
    add(registry, "gate", needs="cap")
    add(registry, "late", tier="full")
    add(registry, "shared", needs="cap")
    add_capability("cap", "gate")
    cases = [case("shared", needs="cap"), case("shared"), case("late")]
    made_plan = plan([*cases, case("shared", drivers=("node-sdk",))], ("http", "node-sdk"))
    assert [name for _, name in made_plan.pairs] == ["gate", "shared"]
    assert made_plan.requests == 2


def test_two_of_one_name_are_refused(registry: dict[str, Any]) -> None:
    probes.probe("one", "GET", "/one")
    with pytest.raises(ValueError, match="two probes"):
        probes.probe("one", "GET", "/one")
    capabilities.capability("one", "one", "one")
    with pytest.raises(ValueError, match="two capabilities"):
        capabilities.capability("one", "one", "one")


def test_recordings_keep_their_count_when_reopened() -> None:
    recording = Recording([made({}, id="x1")])
    assert recording.next_id() == "x2"
    assert len(recording) == 1
    recording.update(made({}, id="x9"))
    assert recording.exchange("none") is None
    assert recording.steps("none") is None
