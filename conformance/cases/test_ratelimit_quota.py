"""A key without quota: refused for good, until a person acts."""

from __future__ import annotations

from conformance.exchange import Exchange
from conformance.expect import NotApplicable, expect, require
from conformance.ratelimits import QUOTA_CODES, error_of
from conformance.requirement import MAY, MUST, SHOULD, field, openai, openapi, requirement

CODES = openai("error-codes 429")
HAMMER = "clients stop only on insufficient_quota, so they go on asking"


def _refused(x: Exchange) -> dict[str, object]:
    """The error object. Raises NotApplicable where the refusal is in a form of its own."""
    error = error_of(x)
    if x.status != 429 or not error:
        raise NotApplicable(f"the answer is a {x.status}")
    return error


@requirement(
    "ratelimit.quota.refused",
    MUST,
    "A key without quota is refused with 429 (or 402).",
    source=CODES,
    any_status=True,
    breaks=["openai-python: no RateLimitError"],
)
def test_refused(ratelimit_no_quota: Exchange) -> None:
    expect(ratelimit_no_quota).status(429, 402)


@requirement(
    "ratelimit.quota.status",
    SHOULD,
    "A key without quota is refused with 429, as OpenAI does (DeepSeek says 402).",
    source=CODES,
    any_status=True,
    breaks=["openai-python: APIStatusError instead of RateLimitError"],
)
def test_status(ratelimit_no_quota: Exchange) -> None:
    if ratelimit_no_quota.status not in (402, 429):
        raise NotApplicable("it was not refused for quota")
    expect(ratelimit_no_quota).status(429)


@requirement(
    "ratelimit.quota.error-object",
    MUST,
    "The refusal of a key without quota is an error object with a message.",
    source=CODES,
    any_status=True,
    breaks=["the user is not told to look at the bill"],
)
def test_error_object(ratelimit_no_quota: Exchange) -> None:
    if ratelimit_no_quota.status < 400:
        raise NotApplicable("it was not refused")
    expect(ratelimit_no_quota).media_type("application/json")
    expect(ratelimit_no_quota).error_object["message"].is_string(empty=False)


@requirement(
    "ratelimit.quota.code",
    MUST,
    "The code of the refusal says that quota is missing: `insufficient_quota`.",
    source=field("https://github.com/clacky-ai/openclacky/pull/386"),
    any_status=True,
    breaks=[HAMMER],
)
def test_code(ratelimit_no_quota: Exchange) -> None:
    code = _refused(ratelimit_no_quota).get("code", "absent")
    require(code in QUOTA_CODES, "error.code", QUOTA_CODES, code)


@requirement(
    "ratelimit.quota.type",
    MUST,
    "The type of the refusal is `insufficient_quota`.",
    source=CODES,
    any_status=True,
    breaks=[HAMMER],
)
def test_type(ratelimit_no_quota: Exchange) -> None:
    type = _refused(ratelimit_no_quota).get("type", "absent")
    require(type == "insufficient_quota", "error.type", "insufficient_quota", type)


@requirement(
    "ratelimit.quota.no-retry-after",
    MUST,
    "What only a person can lift has no `Retry-After`, unless retrying is forbidden beside it.",
    source=openapi("components TooManyRequests Retry-After: omitted when a person has to act"),
    any_status=True,
    breaks=["openai-python, openai-node: wait, and fail all the same"],
)
def test_no_retry_after(ratelimit_no_quota: Exchange) -> None:
    if ratelimit_no_quota.status < 400:
        raise NotApplicable("it was not refused")
    if ratelimit_no_quota.header("x-should-retry") == "false":
        return
    for name in ("retry-after", "retry-after-ms"):
        value = ratelimit_no_quota.header(name)
        require(value is None, f"header {name}", "absent", value)


@requirement(
    "ratelimit.quota.retry-not-wanted",
    MUST,
    "A refusal for quota does not ask to be retried.",
    source=CODES,
    any_status=True,
    breaks=["openai-python, openai-node: retry what cannot succeed"],
)
def test_retry_not_wanted(ratelimit_no_quota: Exchange) -> None:
    value = ratelimit_no_quota.header("x-should-retry")
    require(value != "true", "header x-should-retry", ["absent", "false"], value)


@requirement(
    "ratelimit.quota.retry-forbidden",
    MAY,
    "A refusal for quota forbids the retry, by `x-should-retry: false`.",
    source=CODES,
    any_status=True,
    breaks=["openai-python, openai-node: try twice more"],
)
def test_retry_forbidden(ratelimit_no_quota: Exchange) -> None:
    value = ratelimit_no_quota.header("x-should-retry")
    if ratelimit_no_quota.status != 429:
        raise NotApplicable("no client retries this")
    require(value == "false", "header x-should-retry", "false", value or "absent")


@requirement(
    "ratelimit.quota.stream",
    MUST,
    "A streamed request without quota is refused by its status, as a plain one.",
    source=CODES,
    any_status=True,
    breaks=["openai-python: a stream of nothing, and no exception"],
)
def test_stream(ratelimit_no_quota: Exchange, ratelimit_no_quota_stream: Exchange) -> None:
    plain, streamed = ratelimit_no_quota, ratelimit_no_quota_stream
    if plain.status < 400:
        raise NotApplicable("a plain request is not refused either")
    require(streamed.status == plain.status, "status", str(plain.status), streamed.status)
