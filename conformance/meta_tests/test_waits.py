"""What a run waits for on purpose, and that it says so first."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import pytest

from conformance.catalogue import all_cases
from conformance.clock import SystemClock, VirtualClock
from conformance.drivers.inprocess import InProcessTransport
from conformance.engine import plan
from conformance.probe import Skip
from conformance.probes.ratelimit import waited_first
from conformance.probes.retry import retry_limited
from conformance.recording import Recording
from conformance.reference.app import create_app
from conformance.reference.config import KEY_LIMITED, Account, ReferenceConfig
from conformance.reference.matrix import reference_target
from conformance.results import Observation
from conformance.run import Options, drive, judge_all
from conformance.target import Target
from conformance.waits import told, waiting

AREAS = ("ratelimit.", "sdk.retries.", "idempotency.")
CASES = [case for case in all_cases() if case.id.startswith(AREAS)]
PLAN = plan(CASES, ("http", "python-sdk", "python-sdk-async", "node-sdk"))
KEYS = {"api": "k", "limited": "l"}
MINUTE = Target("http://t.test/v1", KEYS, limited_window_s=60)


def test_a_window_of_a_minute_is_waited_for_twice_at_most() -> None:
    assert waiting(PLAN, MINUTE) == (120.0, ("ratelimit_window", "retry_limited"))
    assert told(PLAN, MINUTE) == (
        "the run will wait up to 120 s on purpose (ratelimit_window, retry_limited)"
    )
    assert waiting(PLAN, replace(MINUTE, limited_window_s=None))[0] == 120.0


def test_little_or_nothing_is_not_worth_a_word() -> None:
    assert told(PLAN, replace(MINUTE, limited_window_s=2)) == ""
    assert waiting(PLAN, replace(MINUTE, keys={"api": "k"})) == (0.0, ())
    assert told(plan([], ("http",)), MINUTE) == ""


def test_keys_expire_beside_the_windows() -> None:
    day = replace(MINUTE, idempotency_expiry_s=86_400)
    assert waiting(PLAN, day)[0] == 120.0
    only = Target("http://t.test/v1", {"api": "k"}, idempotency_expiry_s=20)
    assert waiting(PLAN, only) == (22.0, ("idempotency_expiry",))


@pytest.mark.parametrize(
    ("expiry", "reason"),
    [(None, "nobody says how long keys are kept"), (86_400.0, "at most 60 s are waited for")],
)
def test_a_key_that_is_kept_for_long_is_not_judged(expiry: float | None, reason: str) -> None:
    cases = [case for case in CASES if case.id.startswith("idempotency.expiry.")]
    config, clock = ReferenceConfig(), VirtualClock()
    target = replace(reference_target(config), idempotency_expiry_s=expiry)
    inner = InProcessTransport(create_app(config, clock=clock))
    found = asyncio.run(drive(target, cases, Options(), inner=inner, clock=clock))
    results = judge_all(cases, found, Options())
    assert len(results) == 2
    for result in results:
        assert result.observation is Observation.NOT_RUN
        assert reason in result.message


def test_a_window_that_was_begun_by_others_is_not_waited_for_a_third_time() -> None:
    account = Account("limited", requests_limit=3, tokens_limit=6000, window_s=60.0)
    config = ReferenceConfig()
    config = replace(config, keys={**config.keys, KEY_LIMITED: account})
    clock, recording = VirtualClock(), Recording()
    app = create_app(config, clock=clock)
    app.limits.admit(account)
    cases = [case for case in CASES if case.id.startswith("ratelimit.")]
    inner = InProcessTransport(app)
    asyncio.run(
        drive(
            reference_target(config), cases, Options(), inner=inner, clock=clock,
            recording=recording, check=False,
        )
    )  # fmt: skip
    assert clock.monotonic() < 125
    session = SimpleNamespace(
        target=reference_target(config), driver="python-sdk",
        courier=SimpleNamespace(recording=recording),
    )  # fmt: skip
    assert 50 < waited_first(session) < 61
    with pytest.raises(Skip, match="waited for twice already"):
        asyncio.run(retry_limited(session))


def test_the_run_says_it_before_the_first_wait(capsys: pytest.CaptureFixture[str]) -> None:
    cases = [case for case in CASES if case.id == "ratelimit.enforced"]
    for clock, words in ((SystemClock(), "wait up to 60 s"), (VirtualClock(), "")):
        inner = InProcessTransport(_refuses)
        asyncio.run(drive(MINUTE, cases, Options(), inner=inner, clock=clock, check=False))
        said = capsys.readouterr().err
        assert words in said
        assert bool(said.strip()) == bool(words)


async def _refuses(scope: object, receive: object, send: object) -> None:
    raise OSError("nobody is there")
