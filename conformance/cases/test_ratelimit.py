"""Rate limits: enforced at their number, honest about the wait, and back afterwards."""

from __future__ import annotations

from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.ratelimits import error_of, number, received, resets, retry_after
from conformance.requirement import MAY, MUST, field, openai, openapi, requirement, suite
from conformance.spent import fact, limited, most, of_requests, refusal, span, spending

GUIDE = openai("rate-limits")
LEFT = "header x-ratelimit-remaining-requests"


@requirement(
    "ratelimit.enforced",
    MUST,
    "A key that has spent its limit is refused.",
    source=GUIDE,
    breaks=["one customer takes what all others paid for"],
)
def test_enforced(ratelimit_window: Steps) -> None:
    limit, window = fact(ratelimit_window, "limit"), fact(ratelimit_window, "window")
    sent = spending(ratelimit_window)
    if all(x.ok for x in sent):
        if span(sent) >= window * 0.9:
            raise Inconclusive("answers are too slow to reach the limit", owner="suite")
        fail("status", f"a refusal after {limit:g} requests", f"{len(sent)} requests were served")


@requirement(
    "ratelimit.enforced.at-limit",
    MUST,
    "No more requests are served than the limit says.",
    source=GUIDE,
    breaks=["clients that plan with the limit are told a wrong one"],
)
def test_at_limit(ratelimit_window: Steps) -> None:
    refused = refusal(ratelimit_window)
    sent = spending(ratelimit_window)
    served = [x for x in sent if x.ok]
    allowed = most(ratelimit_window, sent, [refused])
    require(len(served) <= allowed, "requests served", f"at most {allowed}", len(served))


@requirement(
    "ratelimit.enforced.as-headers-say",
    MUST,
    "A request is served while the answer before it said that one remains.",
    source=GUIDE,
    breaks=["clients that pace themselves by the headers are refused all the same"],
)
def test_as_headers_say(ratelimit_window: Steps) -> None:
    refused = limited(ratelimit_window)
    before = [x for x in spending(ratelimit_window) if x.ok and x.step != "spend-at-once"]
    if refused.step != "spend" or not before or error_of(refused).get("type") == "tokens":
        raise NotApplicable("not refused for the number of requests, one after the other")
    left = number(before[-1], "requests", "remaining")
    if left is None:
        raise NotApplicable("the answer before does not say what remains")
    if left >= 1 and _finer(ratelimit_window, refused):
        raise Inconclusive("the limit is applied over shorter periods", owner="quota")
    require(left < 1, LEFT, "0 before a refusal", f"{left:g}")


def _finer(steps: Steps, refused: Exchange) -> bool:
    """Whether the wait is that of a part of the window, such as one a second for 60 a minute."""
    wait = retry_after(refused)
    share = fact(steps, "window") / max(fact(steps, "limit"), 1)
    return wait is not None and fact(steps, "limit") > 1 and wait.seconds <= share + 1.05


@requirement(
    "ratelimit.limit.as-configured",
    MUST,
    "The limit in the headers is the one that the key is said to have.",
    source=suite("`limited_rpm` of the configuration"),
    breaks=["the documents of the provider promise another limit"],
)
def test_as_configured(ratelimit_window: Steps) -> None:
    configured = fact(ratelimit_window, "configured")
    shown = number(spending(ratelimit_window)[0], "requests", "limit")
    if shown is None:
        raise NotApplicable("no header says what the limit is")
    name = "header x-ratelimit-limit-requests"
    require(shown == configured, name, f"{configured:g}", f"{shown:g}")


@requirement(
    "ratelimit.remaining.by-one",
    MUST,
    "What remains falls by exactly one with each request of a key that nothing else uses.",
    source=GUIDE,
    breaks=["clients that pace themselves stop too early, or too late"],
)
def test_by_one(ratelimit_window: Steps) -> None:
    sent = [x for x in spending(ratelimit_window) if x.ok and x.step != "spend-at-once"]
    left = [value for x in sent if (value := number(x, "requests", "remaining")) is not None]
    if len(left) < 2:
        raise NotApplicable("too few answers say what remains")
    back = span(sent) * fact(ratelimit_window, "limit") / fact(ratelimit_window, "window")
    first = number(sent[0], "requests", "reset")
    if back >= 1 or (first is not None and first < span(sent)):
        raise Inconclusive("requests came back meanwhile", owner="quota")
    limit = fact(ratelimit_window, "limit")
    wanted = [max(limit - 1 - n, 0) for n in range(len(left))]
    require(left == wanted, LEFT, str([int(v) for v in wanted]), [int(v) for v in left])


@requirement(
    "ratelimit.remaining.reaches-zero",
    MUST,
    "Nothing remains when the limit of requests is spent.",
    source=GUIDE,
    breaks=["clients that wait for 0 never wait"],
)
def test_reaches_zero(ratelimit_window: Steps) -> None:
    refused = limited(ratelimit_window)
    if error_of(refused).get("type") == "tokens":
        raise NotApplicable("refused for tokens")
    left = number(refused, "requests", "remaining")
    if left is None:
        served = [x for x in spending(ratelimit_window) if x.ok]
        left = number(served[-1], "requests", "remaining") if served else None
    if left is None:
        raise NotApplicable("no header says what remains")
    if left and _finer(ratelimit_window, refused):
        raise Inconclusive("the limit is applied over shorter periods", owner="quota")
    require(left == 0, LEFT, "0", f"{left:g}")


def _after(steps: Steps) -> Exchange:
    """The request after the wait. Raises NotApplicable when there was no true wait."""
    limited(steps)
    after = steps.get("after")
    if after is None or after.response is None:
        raise NotApplicable("nothing was sent after the wait")
    return after


@requirement(
    "ratelimit.retry-after.honest",
    MUST,
    "A request that waits as long as `Retry-After` says is served.",
    source=openapi("components TooManyRequests Retry-After"),
    breaks=["openai-python, openai-node: retries are spent on refusals, the call fails"],
)
def test_honest(ratelimit_window: Steps) -> None:
    after = _after(ratelimit_window)
    waited, wait = after.context.get("waited"), after.context.get("told")
    if not isinstance(waited, float) or not isinstance(wait, int | float) or wait > waited:
        raise NotApplicable("no wait was told that could be kept")
    if wait <= 0:
        raise NotApplicable("the wait is not positive")
    require(after.ok, "status", f"2xx after {waited:.2f} s", after.status)


@requirement(
    "ratelimit.retry-after.not-too-long",
    MUST,
    "`Retry-After` is not longer than the window of the limit.",
    source=openapi("components TooManyRequests Retry-After"),
    breaks=["openai-python above 120 s: gives up at once", "every client waits for nothing"],
)
def test_not_too_long(ratelimit_window: Steps) -> None:
    refused = limited(ratelimit_window)
    wait, window = retry_after(refused), fact(ratelimit_window, "window")
    if wait is None:
        raise NotApplicable("there is no Retry-After")
    most_of_it = window + 1.05
    require(
        wait.seconds <= most_of_it, "header retry-after", f"at most {most_of_it:g} s", wait.seconds
    )


@requirement(
    "ratelimit.retry-after.agrees-with-reset",
    MUST,
    "`Retry-After` is not longer than `x-ratelimit-reset-*`, rounded up.",
    source=GUIDE,
    breaks=["two clients of one server wait differently"],
)
def test_agrees(ratelimit_window: Steps) -> None:
    refused = limited(ratelimit_window)
    wait, whole = retry_after(refused), max(resets(refused), default=None)
    if wait is None or whole is None:
        raise NotApplicable("only one of the two is there")
    if wait.seconds > fact(ratelimit_window, "window") + 1.05:
        raise NotApplicable("longer than the window, which is another rule")
    # an HTTP date is cut to seconds on both sides
    slack = 2.05 if wait.form == "date" else 1.05
    at = "header retry-after"
    require(wait.seconds <= whole + slack, at, f"at most {whole:g} s", wait.seconds)


@requirement(
    "ratelimit.retry-after.runs-down",
    MAY,
    "A refusal does not make the wait longer.",
    source=suite("a refused request is free"),
    breaks=["clients that knock are locked out for ever"],
)
def test_runs_down(ratelimit_window: Steps) -> None:
    first, again = limited(ratelimit_window), ratelimit_window.get("again")
    if again is None or again.status != 429:
        raise NotApplicable("the second request was not refused")
    one, two = retry_after(first), retry_after(again)
    if one is None or two is None:
        raise NotApplicable("not both have a Retry-After")
    at = "header retry-after"
    passed = max(again.started - first.started, 0)
    most_now = one.seconds + (1.05 if one.form == "date" else 0.05)
    if one.seconds <= passed:
        raise NotApplicable("the wait was over")
    require(two.seconds <= most_now, at, f"at most {one.seconds:g}", two.seconds)


@requirement(
    "ratelimit.reset.runs-down",
    MAY,
    "`x-ratelimit-reset-requests` does not grow by a refused request.",
    source=suite("a refused request is free"),
    breaks=["clients that knock are locked out for ever"],
)
def test_reset_runs_down(ratelimit_window: Steps) -> None:
    first, again = limited(ratelimit_window), ratelimit_window.get("again")
    if again is None or again.status != 429:
        raise NotApplicable("the second request was not refused")
    one, two = (number(x, "requests", "reset") for x in (first, again))
    if one is None or two is None or not of_requests(first):
        raise NotApplicable("not both say when the limit is whole again")
    require(two <= one + 0.1, "header x-ratelimit-reset-requests", f"at most {one:g} s", two)


@requirement(
    "ratelimit.reset.honest",
    MUST,
    "The limit is whole again when the time of `x-ratelimit-reset-requests` has passed.",
    source=GUIDE,
    breaks=["clients that wait for the reset are refused"],
)
def test_reset_honest(ratelimit_window: Steps) -> None:
    after, back = _after(ratelimit_window), ratelimit_window.get("back")
    refused = limited(ratelimit_window)
    reset, limit = number(refused, "requests", "reset"), fact(ratelimit_window, "limit")
    waited = after.context.get("waited")
    if reset is None or not isinstance(waited, float) or not after.ok:
        raise NotApplicable("no reset was told that could be waited for")
    judged, sent = (back, 3) if back is not None else (after, 1)
    if back is None and after.started < received(refused) + reset:
        raise NotApplicable("the reset was not waited for")
    left = number(judged, "requests", "remaining")
    if not judged.ok:
        fail("status", f"2xx, the reset of {reset:g} s is past", judged.status, exchange=judged)
    if left is None:
        raise NotApplicable("the answer does not say what remains")
    least = max(limit - sent, 0)
    if left < least:
        fail(LEFT, f"at least {least:g} after the reset", f"{left:g}", exchange=judged)


@requirement(
    "ratelimit.other-key",
    MUST,
    "A key that has spent its limit takes nothing from another key.",
    source=GUIDE,
    breaks=["one customer stops all others"],
)
def test_other_key(ratelimit_window: Steps) -> None:
    limited(ratelimit_window)
    others = ratelimit_window.all("other")
    if not others:
        raise NotApplicable("no other key was tried")
    for x in others:
        require(x.status != 429, "status", "2xx for another key", x.status)


@requirement(
    "ratelimit.refused.costs-no-tokens",
    MAY,
    "A refused request takes no tokens.",
    source=suite("a refused request is free"),
    breaks=["clients pay for what they did not get"],
)
def test_no_tokens(ratelimit_window: Steps) -> None:
    limited(ratelimit_window)
    served = [x for x in spending(ratelimit_window) if x.ok][-1:]
    found = [*served, *(x for x in spending(ratelimit_window) if x.status == 429)]
    later = [x for step in ("again", "stream", "keyed") if (x := ratelimit_window.get(step))]
    if any(x.status != 429 for x in later):
        raise NotApplicable("not all that was sent then was refused")
    found += later
    at = "header x-ratelimit-remaining-tokens"
    left = [number(x, "tokens", "remaining") for x in found]
    known = [value for value in left if value is not None]
    if len(known) < 2:
        raise NotApplicable("no header says what remains")
    require(min(known) >= known[0], at, f"{known[0]:g} as before", min(known))


def _burst(steps: Steps) -> list[Exchange]:
    refusal(steps)
    found = list(steps.all("burst"))
    if not found:
        raise NotApplicable("nothing was sent at once")
    return found


@requirement(
    "ratelimit.burst.at-limit",
    MUST,
    "Twenty requests at once do not get past the limit.",
    source=GUIDE,
    breaks=["a counter that is read before it is written lets all of them through"],
)
def test_burst_at_limit(ratelimit_window: Steps) -> None:
    burst = _burst(ratelimit_window)
    steps = ("back",) if "back" in ratelimit_window else ("after", "keyed-after")
    sent = [x for step in steps if (x := ratelimit_window.get(step))] + burst
    served = [x for x in sent if x.ok]
    allowed = most(ratelimit_window, sent, [x for x in burst if x.status == 429])
    require(len(served) <= allowed, "requests served", f"at most {allowed}", len(served))


@requirement(
    "ratelimit.burst.statuses",
    MUST,
    "Of requests at once, each is served or refused as one too many; none fails.",
    source=field("https://github.com/tenstorrent/tt-inference-server/pull/863"),
    breaks=["load looks like a broken server"],
)
def test_burst_statuses(ratelimit_window: Steps) -> None:
    for x in _burst(ratelimit_window):
        if not x.ok and x.status not in (429, 503):
            fail("status", ["2xx", "429"], x.status or str(x), exchange=x)


@requirement(
    "ratelimit.burst.waits",
    MUST,
    "Each of the refusals of requests at once says when to come back.",
    source=openapi("components TooManyRequests Retry-After"),
    breaks=["clients retry at once, all together"],
)
def test_burst_waits(ratelimit_window: Steps) -> None:
    refused = [x for x in _burst(ratelimit_window) if x.status == 429]
    if not refused or retry_after(limited(ratelimit_window)) is None:
        raise NotApplicable("none was refused, or a single refusal does not say so either")
    for x in refused:
        if x.header("retry-after") is None:
            fail("header retry-after", "present", "absent", exchange=x)


@requirement(
    "ratelimit.burst.answers",
    MUST,
    "What is served under load is a completion, not an aborted one with status 200.",
    source=field("https://github.com/sgl-project/sglang/pull/31802"),
    breaks=["gateways take a refusal for an answer"],
)
def test_burst_answers(ratelimit_window: Steps) -> None:
    for x in (*ratelimit_window.all("burst"), *spending(ratelimit_window)):
        if not x.ok:
            continue
        body = x.json
        listed = body.get("choices") if isinstance(body, dict) else None
        reasons = [c.get("finish_reason") for c in listed or () if isinstance(c, dict)]
        if not reasons or any(isinstance(r, str) and "abort" in r.lower() for r in reasons):
            fail("choices[].finish_reason", "a completion", reasons or "none", exchange=x)
