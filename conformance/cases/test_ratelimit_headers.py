"""Rate-limit headers: OpenAI's six, on every answer that has any."""

from __future__ import annotations

import math
import re
from typing import get_args

from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.ratelimits import EPOCH, NAMES, limits_of, number, values
from conformance.requirement import MUST, SHOULD, field, live, openai, requirement
from conformance.select import Selector, answered
from conformance.wire.ratelimit import Kind, Limit, Resource

GUIDE = openai("rate-limits headers")
SEEN = live("api.openai.com 2023-2026, all 701 answers that have any")
NEEDS = "headers.ratelimit"
RESOURCES: tuple[Resource, ...] = get_args(Resource)
TEXT_ROUTES = ("/chat/completions", "/completions", "/embeddings", "/responses")
_FAMILY = re.compile(r"x-rate-?limit-", re.IGNORECASE)
_GENERIC = re.compile(r"x-rate-?limit-(limit|remaining|reset)$", re.IGNORECASE)


def _named(x: Exchange) -> list[str]:
    return [name for name, _ in x.response.headers if _FAMILY.match(name)] if x.response else []


LIMITED = Selector(
    "answers with rate-limit headers",
    lambda x: answered(x) and any(x.header(name) is not None for name in NAMES),
)
RELATED = Selector("answers with rate-limit headers", lambda x: answered(x) and bool(_named(x)))
COUNTED = LIMITED & Selector(
    "served", lambda x: x.ok and x.endpoint in TEXT_ROUTES and x.request.method == "POST"
)


def _each(x: Exchange, *kinds: Kind) -> list[Limit]:
    """The headers of some kinds that are there."""
    found = limits_of(x)
    listed = [found.get(resource, kind) for resource in RESOURCES for kind in kinds]
    return [limit for limit in listed if limit is not None and limit.raw is not None]


def _epoch_like(raw: str) -> bool:
    digits = re.match(r"\s*(\d{9,})", raw)
    return digits is not None and int(digits[1][:15]) >= EPOCH


@requirement(
    "headers.ratelimit.present",
    MUST,
    "A chat completion carries rate-limit headers by OpenAI's names.",
    source=GUIDE,
    needs=NEEDS,
    breaks=["clients that pace themselves read None"],
)
def test_present(chat: Exchange) -> None:
    if chat.context.get("headers_filtered"):
        raise NotApplicable("the recorder removed headers")
    require(LIMITED(chat), "header x-ratelimit-limit-requests", "present", _named(chat) or "absent")


@requirement(
    "headers.ratelimit.names",
    MUST,
    "Rate-limit headers are named `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`.",
    source=field("https://github.com/BerriAI/litellm/issues/27748"),
    needs=NEEDS,
    over=RELATED,
    breaks=["clients that read the documented names get None"],
)
def test_names(x: Exchange) -> None:
    if LIMITED(x):
        return
    wrong = [n for n in _named(x) if re.search("request|token", n, re.I)]
    require(not wrong, "headers", NAMES[0], wrong)


@requirement(
    "headers.ratelimit.generic",
    SHOULD,
    "Rate-limit headers say what they count: not `x-ratelimit-limit` alone.",
    source=GUIDE,
    needs=NEEDS,
    over=RELATED,
    breaks=["clients that read the documented names get None"],
)
def test_generic(x: Exchange) -> None:
    wrong = [name for name in _named(x) if _GENERIC.match(name)]
    require(LIMITED(x) or not wrong, "headers", NAMES[0], wrong)


@requirement(
    "headers.ratelimit.complete",
    MUST,
    "Rate-limit headers come together: limit, remaining and reset, of requests and of tokens.",
    source=SEEN,
    needs=NEEDS,
    over=LIMITED,
    breaks=["clients that compute a wait from limit, remaining and reset lack one of them"],
)
def test_complete(x: Exchange) -> None:
    found = limits_of(x)
    text = x.endpoint in TEXT_ROUTES
    for resource in RESOURCES:
        limits = [found.get(resource, kind) for kind in get_args(Kind)]
        have = [limit for limit in limits if limit and limit.raw is not None]
        if len(have) < 3 and (have or text):
            missing = next(limit.header for limit in limits if limit and limit.raw is None)
            fail(f"header {missing}", "present", "absent")


@requirement(
    "headers.ratelimit.once",
    MUST,
    "Each rate-limit header is sent once.",
    source=SEEN,
    needs=NEEDS,
    over=LIMITED,
    breaks=["`int(header)` of two values joined by a comma: ValueError"],
)
def test_once(x: Exchange) -> None:
    for name in NAMES:
        found = values(x, name)
        require(len(found) <= 1, f"header {name}", "one value", list(found))


def _integers(x: Exchange, kind: Kind) -> None:
    for limit in _each(x, kind):
        if len(values(x, limit.header)) > 1 or limit.raw == "-1":
            continue
        if limit.problem is not None:
            fail(f"header {limit.header}", "decimal digits", limit.raw, message=limit.problem)


@requirement(
    "headers.ratelimit.limit.integer",
    MUST,
    "`x-ratelimit-limit-*` is a whole number.",
    source=SEEN,
    needs=NEEDS,
    over=LIMITED,
    breaks=["`int(header)`: ValueError"],
)
def test_limit_integer(x: Exchange) -> None:
    _integers(x, "limit")


@requirement(
    "headers.ratelimit.remaining.integer",
    MUST,
    "`x-ratelimit-remaining-*` is a whole number.",
    source=SEEN,
    needs=NEEDS,
    over=LIMITED,
    breaks=["`int(header)`: ValueError"],
)
def test_remaining_integer(x: Exchange) -> None:
    _integers(x, "remaining")


@requirement(
    "headers.ratelimit.known",
    SHOULD,
    "A limit that is not known is left out, not given as -1 (Azure gives -1).",
    source=field("https://github.com/openai/openai-dotnet/issues/838"),
    needs=NEEDS,
    over=LIMITED,
    breaks=["clients see a limit that is exceeded"],
)
def test_known(x: Exchange) -> None:
    for limit in _each(x, "limit", "remaining"):
        require(limit.raw != "-1", f"header {limit.header}", "a count, or no header", limit.raw)


@requirement(
    "headers.ratelimit.limit.positive",
    MUST,
    "An answer that was served has limits of one at least.",
    source=SEEN,
    needs=NEEDS,
    over=COUNTED,
    breaks=["clients that divide by the limit, or stop at a limit of nothing"],
)
def test_limit_positive(x: Exchange) -> None:
    for limit in _each(x, "limit"):
        require(limit.value != 0, f"header {limit.header}", "at least 1", limit.raw)


@requirement(
    "headers.ratelimit.remaining.within-limit",
    MUST,
    "What remains is not more than the limit.",
    source=SEEN,
    needs=NEEDS,
    over=LIMITED,
    breaks=["clients compute a negative use"],
)
def test_within_limit(x: Exchange) -> None:
    for resource in RESOURCES:
        limit, left = number(x, resource, "limit"), number(x, resource, "remaining")
        if limit is not None and left is not None:
            name = f"header x-ratelimit-remaining-{resource}"
            require(left <= limit, name, f"at most {limit:g}", f"{left:g}")


@requirement(
    "headers.ratelimit.remaining.counts-this",
    MUST,
    "While the limit of requests is not whole again, what remains is less than the limit.",
    source=SEEN,
    needs=NEEDS,
    over=COUNTED,
    breaks=["clients believe that they have spent nothing"],
)
def test_counts_this(x: Exchange) -> None:
    limit, left = number(x, "requests", "limit"), number(x, "requests", "remaining")
    reset = number(x, "requests", "reset")
    if limit is None or left is None or limit == 0 or reset is None or reset < 1:
        raise NotApplicable("the limit may be whole again")
    if left <= limit:
        name = "header x-ratelimit-remaining-requests"
        require(left < limit, name, f"less than {limit:g}, this request counts", f"{left:g}")


@requirement(
    "headers.ratelimit.reset.duration",
    MUST,
    "`x-ratelimit-reset-*` is a duration like `1s`, `6m0s` or `120ms`.",
    source=GUIDE,
    needs=NEEDS,
    over=LIMITED,
    breaks=["duration parsers raise, or read seconds as something else"],
)
def test_reset_duration(x: Exchange) -> None:
    unknown = any(limit.raw == "-1" for limit in _each(x, "limit", "remaining"))
    for limit in _each(x, "reset"):
        raw = limit.raw or ""
        if len(values(x, limit.header)) > 1 or _epoch_like(raw) or (unknown and raw == "0"):
            continue
        if limit.problem is not None:
            fail(f"header {limit.header}", "a duration", raw, message=limit.problem)


@requirement(
    "headers.ratelimit.reset.not-epoch",
    MUST,
    "`x-ratelimit-reset-*` is the time to wait, not a point in time.",
    source=field("https://github.com/theopenco/llmgateway/pull/855"),
    needs=NEEDS,
    over=LIMITED,
    breaks=["clients wait for fifty years"],
)
def test_reset_not_epoch(x: Exchange) -> None:
    for limit in _each(x, "reset"):
        require(not _epoch_like(limit.raw or ""), f"header {limit.header}", "a duration", limit.raw)


@requirement(
    "headers.ratelimit.reset.plausible",
    MUST,
    "A limit comes back within a month.",
    source=GUIDE,
    needs=NEEDS,
    over=LIMITED,
    breaks=["clients that wait as told never go on (milliseconds given as seconds, say)"],
)
def test_reset_plausible(x: Exchange) -> None:
    for limit in _each(x, "reset"):
        if limit.value is not None and not _epoch_like(limit.raw or ""):
            month = 31 * 86_400
            require(limit.value <= month, f"header {limit.header}", "at most 31 days", limit.raw)


def _same_set(plain: Exchange, streamed: Exchange) -> None:
    wanted = {name for name in NAMES if plain.header(name) is not None}
    if not wanted:
        raise NotApplicable("the plain answer has none")
    missing = sorted(name for name in wanted if streamed.header(name) is None)
    if missing:
        fail(f"header {missing[0]}", "present, as on the plain answer", "absent", exchange=streamed)


@requirement(
    "headers.ratelimit.stream",
    MUST,
    "A streamed chat completion carries the same rate-limit headers as a plain one.",
    source=field("https://github.com/BerriAI/litellm/issues/27748"),
    needs=NEEDS,
    breaks=["users who stream cannot see their limits"],
)
def test_stream(chat: Exchange, chat_stream: Exchange) -> None:
    _same_set(chat, chat_stream)


@requirement(
    "headers.ratelimit.stream-usage",
    MUST,
    "A stream with `include_usage` carries the same rate-limit headers as a plain answer.",
    source=field("https://github.com/BerriAI/litellm/issues/27748"),
    needs=NEEDS,
    breaks=["users who stream cannot see their limits"],
)
def test_stream_usage(chat: Exchange, chat_stream_usage: Exchange) -> None:
    _same_set(chat, chat_stream_usage)


@requirement(
    "headers.ratelimit.limit.constant",
    SHOULD,
    "The limits of one key and model are the same on all answers.",
    source=GUIDE,
    needs=NEEDS,
    over=COUNTED,
    together=True,
    breaks=["clients that pace themselves by the limit"],
)
def test_limit_constant(found: tuple[Exchange, ...]) -> None:
    known: dict[tuple[object, ...], tuple[float, str]] = {}
    for x in found:
        if x.context.get("foreign"):
            raise NotApplicable("recorded from many accounts")
        for resource in RESOURCES:
            limit = number(x, resource, "limit")
            model = str(x.sent.get("model"))
            group = (x.request.header("authorization"), x.endpoint, model, resource)
            if limit is None:
                continue
            before, id = known.setdefault(group, (limit, x.id))
            if before != limit:
                name = f"header x-ratelimit-limit-{resource}"
                fail(name, f"{before:g}, as in {id}", f"{limit:g}", exchange=x)


def _steady(steps: Steps, resource: Resource) -> tuple[list[float], float]:
    """What remained after each of some requests, and how much may have come back meanwhile.

    Raises NotApplicable where the limit is whole again sooner than requests can be sent.
    """
    found = [x for x in steps.all("spend") if x.ok]
    left = [number(x, resource, "remaining") for x in found]
    known = [value for value in left if value is not None]
    if len(known) < len(steps.all("spend")) or len(known) < 3:
        raise NotApplicable("not every answer says what remains")
    reset, limit = number(found[0], resource, "reset"), number(found[0], resource, "limit")
    span = found[-1].started + found[-1].duration - found[0].started
    if reset is None or limit is None or reset < max(2.0, 5 * span):
        raise NotApplicable("the limit comes back faster than it can be spent")
    return known, (limit - known[0]) * span / reset


@requirement(
    "headers.ratelimit.remaining.falls",
    MUST,
    "`x-ratelimit-remaining-requests` falls by one with every request.",
    source=GUIDE,
    needs=NEEDS,
    breaks=["clients that pace themselves run into the limit unwarned"],
)
def test_falls(ratelimit_spend: Steps) -> None:
    left, back = _steady(ratelimit_spend, "requests")
    fall = left[0] - left[-1]
    least = len(left) - 1 - math.ceil(back)
    if least < 1:
        raise Inconclusive("requests came back meanwhile", owner="quota")
    require(fall >= least, "header x-ratelimit-remaining-requests", f"{least} less", left)


@requirement(
    "headers.ratelimit.remaining.tokens-fall",
    MUST,
    "`x-ratelimit-remaining-tokens` falls with every request.",
    source=GUIDE,
    needs=NEEDS,
    breaks=["clients that pace themselves run into the limit unwarned"],
)
def test_tokens_fall(ratelimit_spend: Steps) -> None:
    left, _ = _steady(ratelimit_spend, "tokens")
    require(left[-1] < left[0], "header x-ratelimit-remaining-tokens", f"below {left[0]:g}", left)
