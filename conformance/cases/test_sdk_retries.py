"""Retries that a client library really made, with the waits that it chose."""

from __future__ import annotations

from itertools import pairwise

from conformance.cases._sdk import unopened
from conformance.exchange import ClientView, Exchange, Steps
from conformance.expect import NotApplicable, require
from conformance.ratelimits import QUOTA_CODES, error_of, is_rate, received, told
from conformance.requirement import MAY, MUST, SDKS, openai, requirement, sdk

LIVED = ("python-sdk", "node-sdk")
SOURCE = sdk("openai-python 3.51 max_retries")


def _tries(steps: Steps) -> list[Exchange]:
    """The requests of the one call. Raises NotApplicable when it met no limit."""
    found = list(steps.all(""))
    if not found or not is_rate(found[0]):
        raise NotApplicable("the call met no limit")
    return found


def _view(x: Exchange) -> ClientView:
    if x.client is None:
        raise NotApplicable("the call did not come back")
    return x.client


@requirement(
    "sdk.retries.recovers",
    MUST,
    "A call that meets the limit succeeds by the client library's own two retries.",
    source=SOURCE,
    drivers=LIVED,
    breaks=["every application with the library's defaults fails under load"],
)
def test_recovers(retry_limited: Steps) -> None:
    view = _view(_tries(retry_limited)[-1])
    error = view.error if isinstance(view.error, dict) else {}
    require(view.outcome == "returned", "call", "an answer", error.get("classes", ["?"])[0])


@requirement(
    "sdk.retries.waits",
    MUST,
    "Between two tries the client library waits as long as the refusal told it.",
    source=SOURCE,
    drivers=LIVED,
    breaks=["retries are spent while the limit still holds"],
)
def test_waits(retry_limited: Steps) -> None:
    tries = _tries(retry_limited)
    for before, after in pairwise(tries):
        wait = told(before)
        if wait is None:
            raise NotApplicable("the refusal told no wait")
        gap = after.started - received(before)
        # sub-second waits are told by retry-after-ms, which the libraries prefer
        millis = before.header("retry-after-ms")
        least = min(wait, float(millis) / 1000) if millis and millis.isdigit() else wait
        right = least - 0.1 <= gap <= wait + 3
        require(right, "wait", f"about {wait:g} s", f"{gap:.2f} s")


@requirement(
    "sdk.retries.quota",
    MUST,
    "Without quota a client library raises its rate-limit error with a code that says so.",
    source=openai("error-codes 429"),
    drivers=SDKS,
    any_status=True,
    breaks=["applications cannot tell a bill that is due from a busy minute"],
)
def test_quota(retry_no_quota: Exchange) -> None:
    view = _view(retry_no_quota)
    if retry_no_quota.status != 429:
        raise NotApplicable(f"the answer is a {retry_no_quota.status}")
    error = view.error if isinstance(view.error, dict) else {}
    require(view.outcome == "raised", "call", "RateLimitError", view.outcome)
    require("RateLimitError" in error.get("classes", ()), "error", "RateLimitError", error)
    code = error.get("code")
    if unopened(retry_no_quota):
        code = error_of(retry_no_quota).get("code")
    require(code in QUOTA_CODES, "error.code", QUOTA_CODES, code)


@requirement(
    "sdk.retries.quota-at-once",
    MAY,
    "Without quota a client library does not try again.",
    source=openai("error-codes 429"),
    drivers=SDKS,
    any_status=True,
    breaks=["three requests where one was enough"],
)
def test_quota_at_once(retry_no_quota: Exchange) -> None:
    view = _view(retry_no_quota)
    if retry_no_quota.status != 429 or not error_of(retry_no_quota):
        raise NotApplicable(f"the answer is a {retry_no_quota.status}")
    require(view.extra.get("attempts") == 1, "requests", "1", view.extra.get("attempts"))
