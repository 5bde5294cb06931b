"""Legal differences of headers, rate limits and idempotency between conforming servers."""

from __future__ import annotations

import math
from email.utils import formatdate
from typing import Any

from conformance.reference.call import Call
from conformance.reference.config import Account
from conformance.reference.errors import ApiError, ErrorReply, Headers
from conformance.reference.fault import variation
from conformance.reference.faults.ratelimit_limits import swap
from conformance.reference.idempotency import IdempotencyStore, _Entry
from conformance.reference.limits import Limits, go_duration
from conformance.reference.reply import Reply
from conformance.wire.duration import parse_duration

_FAMILY = "x-ratelimit-"


@variation("headers.request-id.plain", at="http")
def plain_id(call: Call, reply: Reply) -> None:
    """Request ids are 32 hexadecimal digits, as they were before 2024."""
    value = reply.header("x-request-id") or ""
    reply.set("x-request-id", value.removeprefix("req_"))


@variation("headers.request-id.upper", at="http")
def upper_names(call: Call, reply: Reply) -> None:
    """Header names are written in capitals."""
    reply.headers = [(name.title(), value) for name, value in reply.headers]


@variation("headers.front-end", at="http")
def front_end(call: Call, reply: Reply) -> None:
    """401 and 404 come from a front end that knows no version and no processing time."""
    if reply.status in (401, 404):
        for name in ("openai-version", "openai-processing-ms", "openai-organization"):
            reply.drop(name)


@variation("headers.ratelimit.refused-without", at="http")
def none_on_errors(call: Call, reply: Reply) -> None:
    """Errors before the router carry no rate-limit headers."""
    if 400 <= reply.status < 500 and reply.status != 429:
        for name, _ in list(reply.headers):
            if name.startswith(_FAMILY):
                reply.drop(name)


@variation("headers.ratelimit.more-families", at="http")
def more_families(call: Call, reply: Reply) -> None:
    """Other families stand beside the six."""
    if reply.header(_FAMILY + "limit-tokens"):
        for family in ("tokens_usage_based", "input-images"):
            reply.headers += [
                (f"{_FAMILY}limit-{family}", "40000"),
                (f"{_FAMILY}remaining-{family}", "39000"),
                (f"{_FAMILY}reset-{family}", "1.5s"),
            ]


@variation("headers.ratelimit.whole-seconds", at="http")
def whole_seconds(call: Call, reply: Reply) -> None:
    """Resets are rounded up to whole seconds."""
    for kind in ("requests", "tokens"):
        value = reply.header(f"{_FAMILY}reset-{kind}")
        if value is not None:
            reply.set(f"{_FAMILY}reset-{kind}", go_duration(math.ceil(parse_duration(value))))


@variation("ratelimit.retry-after.date", at="error")
def as_date(call: Call, error: ErrorReply) -> None:
    """Retry-After is an HTTP date."""
    found = dict(error.headers)
    if error.status == 429 and "retry-after" in found:
        at = call.clock.time() + float(found["retry-after"])
        error.headers = [("retry-after", formatdate(math.ceil(at), usegmt=True))]


@variation("ratelimit.retry-after.seconds-only", at="error")
def seconds_only(call: Call, error: ErrorReply) -> None:
    """There is no retry-after-ms."""
    error.headers = [pair for pair in error.headers if pair[0] != "retry-after-ms"]


@variation("ratelimit.should-retry", at="error")
def should_retry(call: Call, error: ErrorReply) -> None:
    """A refusal that passes asks for a retry."""
    if error.status == 429 and "x-should-retry" not in dict(error.headers):
        error.headers.append(("x-should-retry", "true"))


@variation("ratelimit.quota.newer-code", at="error")
def newer_code(call: Call, error: ErrorReply) -> None:
    """The code of a spent quota says which quota it is."""
    if error.status == 429 and error.body["error"]["code"] == "insufficient_quota":
        error.body["error"]["code"] = "credit_balance_exhausted"


class Bucket(Limits):
    """Requests come back one by one, as OpenAI's do."""

    def _level(self, account: Account) -> float:
        """What was spent and has not come back."""
        window = super()._window(account)
        now = self._clock.monotonic()
        store = self.__dict__.setdefault("bucket", {})
        spent, at = store.get(account.name, (0.0, now))
        spent = max(0.0, spent - (now - at) * account.requests_limit / account.window_s)
        store[account.name] = (spent, now)
        window.requests = 0
        return float(spent)

    def admit(self, account: Account) -> None:
        spent = self._level(account)
        window = self._window(account)
        if spent + 1 > account.requests_limit + 1e-9:
            raise self._refusal(account, window, "requests", account.requests_limit)
        if window.tokens >= account.tokens_limit:
            raise super()._refusal(account, window, "tokens", account.tokens_limit)
        self.__dict__["bucket"][account.name] = (spent + 1, self._clock.monotonic())

    def _back(self, account: Account, requests: float) -> float:
        return requests * account.window_s / account.requests_limit

    def _refusal(self, account: Account, *rest: Any) -> ApiError:
        error = super()._refusal(account, *rest)
        if rest[1] == "requests":
            wait = self._back(account, self._level(account) + 1 - account.requests_limit)
            error.headers = [
                ("retry-after", str(max(1, math.ceil(wait)))),
                ("retry-after-ms", str(max(1, math.ceil(wait * 1000)))),
            ]
        return error

    def headers(self, account: Account) -> Headers:
        spent = self._level(account)
        own = {
            "x-ratelimit-remaining-requests": str(max(0, int(account.requests_limit - spent))),
            "x-ratelimit-reset-requests": go_duration(self._back(account, spent)),
        }
        return [(name, own.get(name, value)) for name, value in super().headers(account)]


@variation("ratelimit.bucket", at="received")
def bucket(call: Call, value: None) -> None:
    """Requests come back steadily instead of all at once."""
    swap(call, Bucket)


def _store(id: str) -> Any:
    def plant(kind: type[IdempotencyStore]) -> type[IdempotencyStore]:
        @variation(id, at="received", text=kind.__doc__)
        def planted(call: Call, value: None) -> None:
            if "idempotency-key" in call.headers and type(call.app.idempotency) is not kind:
                call.app.idempotency = kind()

        return kind

    return plant


@_store("idempotency.conflict.422")
class Unprocessable(IdempotencyStore):
    """A conflict is a 422."""

    def conflict(self, entry: _Entry) -> ApiError:
        return ApiError(422, "This key was used with another body.", code="idempotency_conflict")


@_store("idempotency.twins.409")
class Busy(IdempotencyStore):
    """A twin is told to try again later."""

    async def wait(self, entry: _Entry) -> None:
        raise ApiError(
            409,
            "A request with this Idempotency-Key is in progress.",
            code="idempotency_in_progress",
            headers=[("retry-after", "1")],
        )


@_store("idempotency.replay.quiet")
class Quiet(IdempotencyStore):
    """A replay has a request id of its own, and no header says that it is one."""

    def replay(self, call: Call, stored: Reply) -> Reply:
        own = call.request_id
        reply = super().replay(call, stored)
        call.request_id = own
        reply.set("x-request-id", own)
        reply.drop("idempotent-replayed")
        return reply
