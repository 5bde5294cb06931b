"""The limit of tokens: with a key whose limit is small enough to be spent."""

from __future__ import annotations

from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.ratelimits import error_of, number, told
from conformance.requirement import MUST, openai, openapi, requirement
from conformance.session import tokens_of
from conformance.spent import fact, span

GUIDE = openai("rate-limits tokens")
NEEDS = "headers.ratelimit"


def _spend(steps: Steps) -> tuple[list[Exchange], Exchange | None]:
    """What was served, and the refusal. Raises Inconclusive when another limit was met first."""
    found = list(steps.all("spend"))
    if not found:
        raise NotApplicable("nothing was sent")
    refused = next((x for x in found if not x.ok and x.response is not None), None)
    served = [x for x in found if x.ok]
    other = refused is not None and error_of(refused).get("type") != "tokens"
    if other and refused is not None and number(refused, "requests", "remaining") == 0:
        raise Inconclusive("the limit of requests was met first", owner="quota")
    return served, refused


def _refused(steps: Steps) -> Exchange:
    _, refused = _spend(steps)
    if refused is None or refused.status != 429:
        raise NotApplicable("nothing was refused with 429")
    return refused


@requirement(
    "ratelimit.tokens.enforced",
    MUST,
    "A key that has spent its tokens is refused.",
    source=GUIDE,
    needs=NEEDS,
    breaks=["the limit of tokens in the headers and the documents is not one"],
)
def test_enforced(ratelimit_tokens: Steps) -> None:
    served = [x for x in ratelimit_tokens.all("spend") if x.ok]
    limit, window = fact(ratelimit_tokens, "limit"), fact(ratelimit_tokens, "window")
    used = sum(tokens_of(x) for x in served)
    back = limit * span(list(ratelimit_tokens.all("spend"))) / window
    if back >= limit:
        raise Inconclusive("answers are too slow to reach the limit", owner="suite")
    require(used <= limit + back, "usage.total_tokens", f"{limit:g} in a window", used)
    _spend(ratelimit_tokens)


@requirement(
    "ratelimit.tokens.type",
    MUST,
    "A refusal for tokens has status 429, code `rate_limit_exceeded` and type `tokens`.",
    source=openai("error-codes 429"),
    needs=NEEDS,
    breaks=["clients send fewer requests where they ought to send shorter ones"],
)
def test_type(ratelimit_tokens: Steps) -> None:
    _, refused = _spend(ratelimit_tokens)
    if refused is None:
        raise NotApplicable("nothing was refused")
    require(refused.status == 429, "status", "429", refused.status)
    error = error_of(refused)
    if not error:
        raise NotApplicable("there is no error object")
    require(error.get("type") == "tokens", "error.type", "tokens", error.get("type", "absent"))
    code = error.get("code", "absent")
    require(code == "rate_limit_exceeded", "error.code", "rate_limit_exceeded", code)


@requirement(
    "ratelimit.tokens.retry-after",
    MUST,
    "A refusal for tokens says when to come back, in `Retry-After`.",
    source=openapi("components TooManyRequests"),
    needs=NEEDS,
    breaks=["openai-python, openai-node: guess, and are refused again"],
)
def test_retry_after(ratelimit_tokens: Steps) -> None:
    value = _refused(ratelimit_tokens).header("retry-after")
    require(value is not None, "header retry-after", "present", "absent")


@requirement(
    "ratelimit.tokens.honest",
    MUST,
    "A request refused for tokens is served when it has waited as it was told.",
    source=openapi("components TooManyRequests"),
    needs=NEEDS,
    breaks=["openai-python, openai-node: retries are spent on refusals"],
)
def test_honest(ratelimit_tokens: Steps) -> None:
    refused, after = _refused(ratelimit_tokens), ratelimit_tokens.get("after")
    wait = told(refused)
    window = fact(ratelimit_tokens, "window")
    if after is None or after.response is None or wait is None or not 0 < wait <= window + 1:
        raise NotApplicable("no wait was told that could be kept")
    require(after.ok, "status", f"2xx after {wait:g} s", after.status)


@requirement(
    "ratelimit.tokens.as-headers-say",
    MUST,
    "A request is served while the answer before it said that enough tokens remain.",
    source=GUIDE,
    needs=NEEDS,
    breaks=["clients that pace themselves by the headers are refused all the same"],
)
def test_as_headers_say(ratelimit_tokens: Steps) -> None:
    served, _ = _spend(ratelimit_tokens)
    refused = _refused(ratelimit_tokens)
    left = number(served[-1], "tokens", "remaining") if served else None
    cost = max((tokens_of(x) for x in served), default=0)
    if left is None or not cost:
        raise NotApplicable("the answer before does not say what remains or what it took")
    at = "header x-ratelimit-remaining-tokens"
    if left > 1.5 * cost:
        fail(at, f"less than {cost} before a refusal", f"{left:g}", exchange=refused)


@requirement(
    "ratelimit.tokens.remaining",
    MUST,
    "What remains of the tokens falls by those of the prompt, at least.",
    source=GUIDE,
    needs=NEEDS,
    breaks=["clients that pace themselves run into the limit unwarned"],
)
def test_remaining(ratelimit_tokens: Steps) -> None:
    served, _ = _spend(ratelimit_tokens)
    limit = fact(ratelimit_tokens, "limit")
    left = number(served[0], "tokens", "remaining") if served else None
    used = tokens_of(served[0]) if served else 0
    if left is None or not used:
        raise NotApplicable("the answer does not say what remains or what it took")
    at = "header x-ratelimit-remaining-tokens"
    # half is forgiven: some came back, and servers count by estimates
    require(left <= limit - used / 2, at, f"about {limit - used:g}", f"{left:g}")
