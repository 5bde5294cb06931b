"""Retries: what an answer makes the client libraries do, read from every answer of the run."""

from __future__ import annotations

import re

from conformance.exchange import Exchange
from conformance.expect import NotApplicable, expect, require
from conformance.ratelimits import (
    EPOCH,
    is_rate,
    received,
    retry_after,
    retry_after_ms,
    server_time,
    values,
)
from conformance.requirement import MAY, MUST, SHOULD, field, openapi, requirement, rfc, sdk
from conformance.select import Selector, answered
from conformance.wire.retry_after import parse_retry_after
from conformance.wire.sdk_retry import RetryDecision, node_sdk_delay, python_sdk_delay

D429 = openapi("components TooManyRequests Retry-After")
HTTP = rfc(9110, "10.2.3")
PYTHON = sdk("openai-python 3.51 _base_client.py _should_retry")
NODE = sdk("openai-node 7.55 client.mjs retryRequest")
_FRACTION = re.compile(r"\s*[0-9]*\.[0-9]+\s*$")
_SIGNED = re.compile(r"\s*-[0-9.]+\s*$")


def _carries(name: str) -> Selector:
    return Selector(f"answers with {name}", lambda x: answered(x) and x.header(name) is not None)


WAITING = _carries("retry-after")
WAITING_MS = _carries("retry-after-ms")
ASKED = _carries("x-should-retry")
RATE = Selector("refusals of a rate limit", lambda x: answered(x) and is_rate(x))
REFUSED = Selector(
    "refusals of the client's own making",
    lambda x: answered(x) and x.status in (400, 401, 403, 404, 405, 413, 415, 422),
)
UNAVAILABLE = Selector(
    "refusals that clients retry", lambda x: answered(x) and (x.status == 429 or x.status >= 500)
)
SERVED = Selector("successful answers", lambda x: x.ok)


def _once(x: Exchange, name: str) -> str:
    """The value. Raises NotApplicable when there are several, which is another rule."""
    found = values(x, name)
    if len(found) != 1:
        raise NotApplicable
    return found[0]


@requirement(
    "retry.after.once",
    MUST,
    "`Retry-After` is sent once.",
    source=HTTP,
    over=WAITING,
    breaks=["httpx and fetch join the values by a comma: no client reads them"],
)
def test_once(x: Exchange) -> None:
    found = values(x, "retry-after")
    require(len(found) == 1, "header retry-after", "one value", list(found))


@requirement(
    "retry.after.form",
    MUST,
    "`Retry-After` is a number of seconds or an HTTP date.",
    source=HTTP,
    over=WAITING,
    breaks=[
        "openai-node 6: reads `2026-11-20T...` as 2026 seconds",
        "openai-python: ignores it",
    ],
)
def test_form(x: Exchange) -> None:
    value = _once(x, "retry-after")
    if _FRACTION.match(value) or _SIGNED.match(value):
        raise NotApplicable("the sign or the fraction is another rule")
    if re.fullmatch(r"\s*\d{9,}\s*", value):
        raise NotApplicable("a date as a number is another rule")
    try:
        parse_retry_after(value, server_time(x))
    except ValueError as error:
        require(False, "header retry-after", ["whole seconds", "an HTTP date"], str(error))


@requirement(
    "retry.after.whole-seconds",
    MUST,
    "A number of seconds in `Retry-After` has no fraction.",
    source=field("https://github.com/SpaceTradersAPI/api-docs/issues/24"),
    over=WAITING,
    breaks=["urllib3: InvalidHeader", "Go strconv.Atoi: error"],
)
def test_whole(x: Exchange) -> None:
    value = _once(x, "retry-after")
    require(not _FRACTION.match(value), "header retry-after", "whole seconds", value)


@requirement(
    "retry.after.positive",
    MUST,
    "The wait of `Retry-After` is one second at least: not zero, not negative, not a past date.",
    source=field("https://github.com/lidge-jun/opencodex/pull/865"),
    over=WAITING,
    breaks=["openai-node: retries at once", "openai-python: ignores it"],
)
def test_positive(x: Exchange) -> None:
    value = _once(x, "retry-after")
    require(not _SIGNED.match(value), "header retry-after", "at least 1", value)
    wait = retry_after(x)
    if wait is None:
        raise NotApplicable("it is malformed, which is another rule")
    # a date is cut to whole seconds, on both sides
    least = 1 if wait.form == "seconds" else -1
    require(wait.seconds >= least, "header retry-after", "at least 1 second from now", value)


@requirement(
    "retry.after.not-epoch",
    MUST,
    "`Retry-After` is the time to wait, not a point in time as a number.",
    source=HTTP,
    over=WAITING,
    breaks=["openai-python: gives up at once", "openai-node 6: waits for years"],
)
def test_not_epoch(x: Exchange) -> None:
    value = _once(x, "retry-after").strip()
    late = re.fullmatch(r"\d{9,}", value) is not None and int(value[:15]) >= EPOCH
    require(not late, "header retry-after", "seconds from now", value)


@requirement(
    "retry.after.not-on-success",
    SHOULD,
    "An answer that was served has no `Retry-After`.",
    source=D429,
    over=SERVED,
    breaks=["clients that look at the header alone wait for nothing"],
)
def test_not_on_success(x: Exchange) -> None:
    value = x.header("retry-after")
    require(value is None or x.status == 202, "header retry-after", "absent", value)


@requirement(
    "retry.after.not-on-client-errors",
    SHOULD,
    "A refusal that waiting does not lift has no `Retry-After`.",
    source=D429,
    over=REFUSED,
    breaks=["clients that look at the header alone wait, and fail all the same"],
)
def test_not_on_client_errors(x: Exchange) -> None:
    # 413 is what some servers say to too many tokens in a minute
    if x.status == 413:
        raise NotApplicable
    value = x.header("retry-after")
    require(value is None, "header retry-after", "absent", value)


@requirement(
    "retry.after-ms.form",
    MUST,
    "`retry-after-ms` is a positive number of milliseconds.",
    source=sdk("openai-python 3.51 _parse_retry_after_header"),
    over=WAITING_MS,
    breaks=["openai-python: a negative value hides Retry-After", "openai-node: retries at once"],
)
def test_ms_form(x: Exchange) -> None:
    millis = retry_after_ms(x)
    value = x.header("retry-after-ms")
    require(millis is not None and millis > 0, "header retry-after-ms", "milliseconds", value)


@requirement(
    "retry.after-ms.agrees",
    MUST,
    "`retry-after-ms` and `Retry-After` tell the same wait, but for rounding up to seconds.",
    source=sdk("openai-python 3.51 _parse_retry_after_header"),
    over=WAITING_MS,
    breaks=["the official SDKs believe the one, all other clients the other"],
)
def test_ms_agrees(x: Exchange) -> None:
    millis, wait = retry_after_ms(x), retry_after(x)
    if millis is None or millis <= 0 or wait is None or wait.seconds <= 0:
        raise NotApplicable("not both can be read")
    slack = 2.05 if wait.form == "date" else 1.05
    at = "header retry-after-ms"
    require(
        abs(millis - wait.seconds) <= slack, at, f"about {wait.seconds * 1000:g}", millis * 1000
    )


@requirement(
    "retry.asked.value",
    MUST,
    "`x-should-retry` is `true` or `false`, in lower case.",
    source=PYTHON,
    over=ASKED,
    breaks=["openai-python, openai-node: any other value is ignored"],
)
def test_asked_value(x: Exchange) -> None:
    value = x.header("x-should-retry")
    require(value in ("true", "false"), "header x-should-retry", ["true", "false"], value)


@requirement(
    "retry.asked.rate-limit",
    MUST,
    "A limit that passes by itself does not forbid the retry.",
    source=PYTHON,
    over=RATE,
    breaks=["openai-python, openai-node: give up on what would succeed"],
)
def test_asked_rate(x: Exchange) -> None:
    value = x.header("x-should-retry")
    require(value != "false", "header x-should-retry", ["absent", "true"], value)


@requirement(
    "retry.asked.client-errors",
    MUST,
    "A refusal of the client's own making does not ask for a retry.",
    source=PYTHON,
    over=REFUSED,
    breaks=["openai-python, openai-node: send what cannot succeed twice more"],
)
def test_asked_client(x: Exchange) -> None:
    value = x.header("x-should-retry")
    require(value != "true", "header x-should-retry", ["absent", "false"], value)


def _told(x: Exchange) -> bool:
    return WAITING(x) or WAITING_MS(x)


def _decisions(x: Exchange) -> dict[str, RetryDecision]:
    """What the official libraries do with this answer."""
    assert x.response is not None
    headers, now = x.response.headers, received(x)
    return {
        "openai-python": python_sdk_delay(headers, x.status, now),
        "openai-python before 2.52": python_sdk_delay(headers, x.status, now, "1.0"),
        "openai-node": node_sdk_delay(headers, x.status, now),
        "openai-node 6": node_sdk_delay(headers, x.status, now, "6"),
    }


@requirement(
    "retry.sdk.not-abandoned",
    MAY,
    "No official SDK gives up on a limit that passes by itself.",
    source=PYTHON,
    over=RATE,
    breaks=["openai-python: RateLimitError at once, when Retry-After is above 120 s"],
)
def test_not_abandoned(x: Exchange) -> None:
    for client, decision in _decisions(x).items():
        if not decision.retries:
            require(False, "headers", f"{client} tries again", decision.reason)


@requirement(
    "retry.sdk.same-wait",
    MUST,
    "The official SDKs all wait the time that a refusal tells, up to a minute.",
    source=NODE,
    over=RATE & Selector("with a wait", _told),
    breaks=["openai-node retries at once or openai-python guesses, where the other waits"],
)
def test_same_wait(x: Exchange) -> None:
    delays = {name: d.delay for name, d in _decisions(x).items() if d.retries}
    known = [delay for delay in delays.values() if delay is not None]
    if any(delay > 60 for delay in known) and delays.get("openai-node 6", 0) == max(known):
        wait = retry_after(x)
        if wait is not None and wait.seconds > 60:
            raise NotApplicable("more than a minute, which is another rule")
    if len(delays) < 4:
        raise NotApplicable("a client gives up, which is another rule")
    shown = {name: "a guess" if d is None else f"{d:g} s" for name, d in delays.items()}
    same = len(known) == 4 and max(known) - min(known) <= 1 and min(known) > 0
    require(same, "headers", "one wait for every client", shown)


@requirement(
    "retry.sdk.within-a-minute",
    SHOULD,
    "A refusal tells a wait of a minute at most: beyond it some SDKs guess.",
    source=NODE,
    over=RATE & Selector("with a wait", _told),
    breaks=["openai-node, openai-python before 2.52: retry after half a second instead"],
)
def test_within_a_minute(x: Exchange) -> None:
    wait = retry_after(x)
    if wait is None:
        raise NotApplicable("there is no Retry-After that can be read")
    require(wait.seconds <= 60, "header retry-after", "at most 60 s", wait.seconds)


@requirement(
    "retry.refusal.message",
    MUST,
    "A refusal that clients retry is an error object, so that they can say why they gave up.",
    source=PYTHON,
    over=UNAVAILABLE,
    breaks=['openai-node: "503 status code (no body)"', "openai-python: `e.code` is None"],
)
def test_message(x: Exchange) -> None:
    if x.request.method == "HEAD":
        raise NotApplicable
    expect(x).error_object["message"].is_string(empty=False)
