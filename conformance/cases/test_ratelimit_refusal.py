"""The refusal of a spent limit: its status, its error object, its headers."""

from __future__ import annotations

from conformance.exchange import Exchange, Steps
from conformance.expect import NotApplicable, expect, fail, require
from conformance.ratelimits import NAMES, error_of, is_quota, retry_after
from conformance.requirement import MUST, field, openai, openapi, requirement
from conformance.spent import fact, limited, refusal, spending

CODES = openai("error-codes 429")
D429 = openapi("components TooManyRequests")


@requirement(
    "ratelimit.refused.status",
    MUST,
    "A request beyond the limit is refused with 429.",
    source=CODES,
    breaks=["openai-python, openai-node: no RateLimitError, and no retry where the status is 4xx"],
)
def test_status(ratelimit_window: Steps) -> None:
    found = refusal(ratelimit_window)
    require(found.status == 429, "status", "429", found.status)


@requirement(
    "ratelimit.refused.error-object",
    MUST,
    "The refusal is an error object with a message.",
    source=field("https://github.com/NVIDIA/nvcf/pull/1693"),
    breaks=['openai-node: "429 status code (no body)"'],
)
def test_error_object(ratelimit_window: Steps) -> None:
    error = expect(limited(ratelimit_window)).error_object
    error["message"].is_string(empty=False)


@requirement(
    "ratelimit.refused.content-type",
    MUST,
    "The refusal is sent as application/json.",
    source=CODES,
    breaks=["openai-node and others read text, and lose the code"],
)
def test_content_type(ratelimit_window: Steps) -> None:
    expect(limited(ratelimit_window)).media_type("application/json")


def _error(steps: Steps) -> dict[str, object]:
    error = error_of(limited(steps))
    if not error:
        raise NotApplicable("there is no error object")
    return error


@requirement(
    "ratelimit.refused.code",
    MUST,
    "The code of the refusal is `rate_limit_exceeded`.",
    source=CODES,
    breaks=["clients cannot tell a limit that passes from a quota that is spent"],
)
def test_code(ratelimit_window: Steps) -> None:
    error = _error(ratelimit_window)
    if is_quota(limited(ratelimit_window)):
        raise NotApplicable("it says that quota is missing, which is another rule")
    require(error.get("code") == "rate_limit_exceeded", "error.code", "rate_limit_exceeded",
            error.get("code", "absent"))  # fmt: skip


@requirement(
    "ratelimit.refused.type",
    MUST,
    "The type of the refusal is `requests` or `tokens`, what was spent.",
    source=CODES,
    breaks=["clients do not know whether to send fewer requests or shorter ones"],
)
def test_type(ratelimit_window: Steps) -> None:
    error = _error(ratelimit_window)
    if is_quota(limited(ratelimit_window)):
        raise NotApplicable("it says that quota is missing, which is another rule")
    kinds = ("requests", "tokens")
    require(error.get("type") in kinds, "error.type", kinds, error.get("type", "absent"))


@requirement(
    "ratelimit.refused.not-quota",
    MUST,
    "A limit that passes by itself is not called `insufficient_quota`.",
    source=CODES,
    breaks=["LangChain and others stop for good on insufficient_quota"],
)
def test_not_quota(ratelimit_window: Steps) -> None:
    found = limited(ratelimit_window)
    require(not is_quota(found), "error.code", "rate_limit_exceeded", error_of(found))


@requirement(
    "ratelimit.refused.retry-after",
    MUST,
    "The refusal says when to come back, in `Retry-After`.",
    source=D429,
    breaks=["openai-python, openai-node: guess, and are refused again"],
)
def test_retry_after(ratelimit_window: Steps) -> None:
    found = limited(ratelimit_window)
    value = found.header("retry-after")
    near = [n for n, _ in found.response.headers if "retry-after" in n.lower()] if (
        found.response
    ) else []  # fmt: skip
    require(value is not None, "header retry-after", "present", near or "absent")


@requirement(
    "ratelimit.refused.headers",
    MUST,
    "The refusal carries the rate-limit headers that served answers carry.",
    source=openai("rate-limits headers"),
    needs="headers.ratelimit",
    breaks=["clients cannot see which limit is spent, and when it is whole again"],
)
def test_headers(ratelimit_window: Steps) -> None:
    found = limited(ratelimit_window)
    served = [x for x in spending(ratelimit_window) if x.ok]
    wanted = [name for name in NAMES if served and served[0].header(name) is not None]
    if not wanted:
        raise NotApplicable("served answers have none")
    missing = [name for name in wanted if found.header(name) is None]
    if missing:
        fail(f"header {missing[0]}", "present", "absent", exchange=found)


def _streamed(steps: Steps) -> Exchange:
    refused, found = limited(steps), steps.get("stream")
    if found is None or found.response is None:
        raise NotApplicable("no stream was asked for")
    if found.ok and _late(steps, refused, found):
        raise NotApplicable("a request may have come back by then")
    return found


def _late(steps: Steps, refused: Exchange, later: Exchange) -> bool:
    """Whether something of the limit may have come back since a refusal, all at once or steadily.

    A refusal without a wait counts as one that asks for a second.
    """
    wait = retry_after(refused)
    passed = later.started + later.duration - refused.started
    steadily = fact(steps, "window") / fact(steps, "limit") / 4
    return passed >= min(wait.seconds if wait else 1.0, steadily)


@requirement(
    "ratelimit.stream.status",
    MUST,
    "A streamed request beyond the limit is refused by status 429, before the first event.",
    source=CODES,
    breaks=["openai-python: a stream of nothing, and no exception"],
)
def test_stream_status(ratelimit_window: Steps) -> None:
    found = _streamed(ratelimit_window)
    if found.ok and not found.is_sse:
        fail("status", "429", found.status, exchange=found)
    require(found.status == 429, "status", "429", found.status)


@requirement(
    "ratelimit.stream.body",
    MUST,
    "The refusal of a streamed request is JSON, as that of a plain one.",
    source=CODES,
    breaks=["openai-python: `e.code` is None"],
)
def test_stream_body(ratelimit_window: Steps) -> None:
    found = _streamed(ratelimit_window)
    plain = error_of(limited(ratelimit_window))
    if found.status != 429 or not plain:
        raise NotApplicable("one of the two is no refusal with an error object")
    expect(found).media_type("application/json").error_object["code"].equals(plain.get("code"))


@requirement(
    "ratelimit.stream.retry-after",
    MUST,
    "The refusal of a streamed request says when to come back, as that of a plain one.",
    source=D429,
    breaks=["openai-python, openai-node: guess, and are refused again"],
)
def test_stream_retry_after(ratelimit_window: Steps) -> None:
    found, plain = _streamed(ratelimit_window), limited(ratelimit_window)
    if found.status != 429 or retry_after(plain) is None:
        raise NotApplicable("a plain refusal says nothing either")
    value = found.header("retry-after")
    require(value is not None, "header retry-after", "present", "absent")


@requirement(
    "ratelimit.key.refused-again",
    MUST,
    "A spent limit stays spent: the next request is refused as well.",
    source=openai("rate-limits"),
    breaks=["every second request gets past the limit"],
)
def test_refused_again(ratelimit_window: Steps) -> None:
    first, again = limited(ratelimit_window), ratelimit_window.get("again")
    if again is None or again.response is None:
        raise NotApplicable("nothing was sent after the refusal")
    if again.ok and not _late(ratelimit_window, first, again):
        fail("status", "429", again.status, exchange=again)
