"""Faults of the limits themselves: what is counted, when it is refused, when it comes back."""

from __future__ import annotations

import asyncio
import math
from typing import Any

from conformance.reference.call import Call
from conformance.reference.config import Account
from conformance.reference.errors import ApiError, ErrorReply, Headers
from conformance.reference.fault import fault
from conformance.reference.limits import Limits, go_duration
from conformance.reference.reply import Reply

_AT_LIMIT = "ratelimit.enforced.at-limit"
_BURST = "ratelimit.burst.at-limit"
_HONEST = "ratelimit.retry-after.honest"
_BY_ONE = "ratelimit.remaining.by-one"


def swap(call: Call, kind: type[Limits]) -> None:
    """Give the provider another way to count, with the same windows."""
    if type(call.app.limits) is not kind:
        other = kind(call.clock)
        other.__dict__.update(call.app.limits.__dict__)
        call.app.limits = other


def _limits(id: str, *breaks: str) -> Any:
    """Plant a class of limits."""

    def plant(kind: type[Limits]) -> type[Limits]:
        own = () if breaks and "/" in id else (id,)

        @fault(id, at="received", text=kind.__doc__, breaks=(*own, *breaks))
        def planted(call: Call, value: None) -> None:
            swap(call, kind)

        return kind

    return plant


def _small(account: Account) -> bool:
    return account.name == "limited"


@_limits("ratelimit.enforced")
class Never(Limits):
    """Limits are shown, and never enforced."""

    def admit(self, account: Account) -> None:
        window = self._window(account)
        window.requests = min(window.requests + 1, account.requests_limit)


@_limits(_AT_LIMIT, _BURST)
class OneMore(Limits):
    """One request more than the limit gets through."""

    def admit(self, account: Account) -> None:
        window = self._window(account)
        if window.requests == account.requests_limit and not getattr(window, "extra", False):
            window.extra = True  # type: ignore[attr-defined]
            return
        super().admit(account)


@_limits("ratelimit.enforced.as-headers-say", "ratelimit.remaining.reaches-zero")
class OneLess(Limits):
    """The last request that the headers promise is refused."""

    def admit(self, account: Account) -> None:
        window = self._window(account)
        last = window.requests == account.requests_limit - 1
        if _small(account) and last and window.tokens < 1000:
            raise self._refusal(account, window, "requests", account.requests_limit)
        super().admit(account)


class _Shown(Limits):
    """The headers of the small account, changed."""

    def headers(self, account: Account) -> Headers:
        found = super().headers(account)
        return [self.show(n, v, account) for n, v in found] if _small(account) else found

    def show(self, name: str, value: str, account: Account) -> tuple[str, str]:
        return (name, value)


@_limits("ratelimit.limit.as-configured")
class OtherLimit(_Shown):
    """The limit in the headers is ten times the real one."""

    def show(self, name: str, value: str, account: Account) -> tuple[str, str]:
        return (name, value + "0" if name == "x-ratelimit-limit-requests" else value)


@_limits(_BY_ONE, "ratelimit.reset.honest")
class Doubled(_Shown):
    """What remains falls by two with each request."""

    def show(self, name: str, value: str, account: Account) -> tuple[str, str]:
        if name == "x-ratelimit-remaining-requests":
            used = account.requests_limit - int(value)
            return (name, str(max(0, account.requests_limit - 2 * used)))
        return (name, value)


@_limits("ratelimit.remaining.reaches-zero", "ratelimit.enforced.as-headers-say", _BY_ONE)
class NeverZero(_Shown):
    """What remains is one too many."""

    def show(self, name: str, value: str, account: Account) -> tuple[str, str]:
        most = account.requests_limit - 1
        shown = str(min(int(value) + 1, most)) if name == "x-ratelimit-remaining-requests" else ""
        return (name, shown or value)


@_limits(_HONEST, "sdk.retries.recovers", "ratelimit.tokens.honest")
class TooShort(Limits):
    """The wait that is told is one second, whatever is left."""

    def _refusal(self, account: Account, *rest: Any) -> ApiError:
        error = super()._refusal(account, *rest)
        error.headers = [("retry-after", "1")]
        return error


@_limits("ratelimit.tokens.honest")
class TokensStay(Limits):
    """A limit of tokens that was spent stays so for twice the window."""

    def charge(self, account: Account, tokens: int) -> None:
        window = self._window(account)
        if _small(account):
            until = self.__dict__.get("until", 0.0)
            if self._clock.monotonic() < until:
                raise self._refusal(account, window, "tokens", account.tokens_limit)
        try:
            super().charge(account, tokens)
        except ApiError:
            self.__dict__["until"] = self._clock.monotonic() + 2 * account.window_s
            raise


@_limits("ratelimit.retry-after.runs-down")
class LockedOut(Limits):
    """Every refusal makes the wait a second longer."""

    def _refusal(self, account: Account, *rest: Any) -> ApiError:
        error = super()._refusal(account, *rest)
        if not _small(account) or rest[1] != "requests":
            return error
        window = self._window(account)
        more = window.__dict__["more"] = window.__dict__.get("more", -2) + 2
        error.headers = [
            (n, str(min(int(v) + more, 3))) for n, v in error.headers if n == "retry-after"
        ]
        return error


@_limits("ratelimit.reset.runs-down")
class ResetGrows(_Shown):
    """Every answer makes the reset half a second longer."""

    def show(self, name: str, value: str, account: Account) -> tuple[str, str]:
        if name == "x-ratelimit-reset-requests":
            count = self.__dict__["count"] = self.__dict__.get("count", 0) + 1
            return (name, f"{count * 0.5 + 2:.1f}s")
        return (name, value)


@_limits("ratelimit.reset.honest")
class ComesBackSlowly(_Shown):
    """After the reset only one request has come back."""

    def show(self, name: str, value: str, account: Account) -> tuple[str, str]:
        window = self._window(account)
        first = self.__dict__.setdefault("first", window.opened)
        later = window.opened > first and window.tokens < 1000
        if name == "x-ratelimit-remaining-requests" and later:
            return (name, "0")
        return (name, value)


@_limits("ratelimit.other-key")
class Shared(Limits):
    """All keys share the fate of the one that has spent its limit."""

    def admit(self, account: Account) -> None:
        small = self._windows.get("limited")
        if small and account.name in ("main", "second") and small.requests >= 3:
            now = self._clock.monotonic()
            if now - small.opened < 2:
                raise self._refusal(account, small, "requests", account.requests_limit)
        super().admit(account)


@_limits("ratelimit.refused.costs-no-tokens")
class RefusalsCost(Limits):
    """A refused request takes tokens all the same."""

    def admit(self, account: Account) -> None:
        try:
            super().admit(account)
        except ApiError:
            self._window(account).tokens += 50
            raise


@_limits("ratelimit.key.refused-again", _BURST)
class EverySecond(Limits):
    """Beyond the limit every second request is served."""

    def admit(self, account: Account) -> None:
        window = self._window(account)
        if window.requests >= account.requests_limit:
            turn = window.__dict__["turn"] = not window.__dict__.get("turn", False)
            if not turn:
                return
        super().admit(account)


@_limits("ratelimit.tokens.enforced")
class EndlessTokens(Limits):
    """The limit of tokens is shown, and never enforced."""

    def charge(self, account: Account, tokens: int) -> None:
        window = self._window(account)
        window.tokens = min(window.tokens + tokens, account.tokens_limit - 1)


@_limits("ratelimit.tokens.as-headers-say", "ratelimit.tokens.remaining")
class FewerTokens(Limits):
    """Half of the tokens that the headers promise are refused."""

    def charge(self, account: Account, tokens: int) -> None:
        window = self._window(account)
        if _small(account) and tokens > 1000 and window.tokens > 60:
            raise self._refusal(account, window, "tokens", account.tokens_limit)
        super().charge(account, tokens)
        if _small(account) and tokens > 1000:
            window.tokens = min(window.tokens, 100)


@_limits("ratelimit.tokens.remaining")
class OutputOnly(_Shown):
    """What remains of the tokens is counted with a third of the prompt."""

    def show(self, name: str, value: str, account: Account) -> tuple[str, str]:
        window = self._window(account)
        if name == "x-ratelimit-remaining-tokens" and 2000 < window.tokens < 4000:
            return (name, str(account.tokens_limit - window.tokens * 3 // 10))
        return (name, value)


@fault(_BURST, at="received")
async def race(call: Call, value: None) -> None:
    """The counter is read before it is written: at once, all requests get through."""
    swap(call, Race)


@_limits("ratelimit.retry-after.agrees-with-reset")
class ResetEarly(_Shown):
    """Resets are a quarter of the truth."""

    def headers(self, account: Account) -> Headers:
        left = self._left(account, self._window(account))
        reset = ("x-ratelimit-reset-requests", "x-ratelimit-reset-tokens")
        found = super().headers(account)
        if not _small(account):
            return found
        return [(n, go_duration(left / 4) if n in reset else v) for n, v in found]


class Race(Limits):
    """Counts what has been seen a moment ago."""

    def admit(self, account: Account) -> None:
        window = self._window(account)
        now = self._clock.monotonic()
        seen = window.__dict__.get("seen", [])
        counted = len([at for at in seen if now - at > 0.0005])
        if _small(account) and counted < account.requests_limit:
            window.__dict__["seen"] = [*seen, now]
            window.requests = min(window.requests + 1, account.requests_limit)
            return
        super().admit(account)


@fault(
    "ratelimit.burst.statuses",
    at="error",
    breaks=("ratelimit.burst.statuses", "errors.no-5xx"),
)
def full_queue(call: Call, error: ErrorReply) -> None:
    """Under load, refusals become server errors."""
    if error.status == 429 and call.account and call.account.name == "limited":
        from conformance.reference.faults.ratelimit_refusal import load

        if load(call) > 6:
            error.status = 502


def _aborted(call: Call, reply: Reply) -> None:
    body = (
        b'{"id":"chatcmpl-aborted","object":"chat.completion","created":1760000000,'
        b'"model":"reference-chat","choices":[{"index":0,"message":{"role":"assistant",'
        b'"content":"","refusal":null},"logprobs":null,"finish_reason":"abort"}],'
        b'"usage":{"prompt_tokens":1,"completion_tokens":0,"total_tokens":1}}'
    )
    reply.status, reply.body = 200, body


@fault(
    "ratelimit.burst.answers",
    at="http",
    breaks=("ratelimit.burst.answers", "ratelimit.enforced", "errors.success.no-error-choice"),
    field_defects="rl-abort-200",
)
def aborted(call: Call, reply: Reply) -> None:
    """A refused request is answered with 200 and an aborted completion."""
    if reply.status == 429 and call.account and call.account.name == "limited":
        reply.drop("retry-after")
        reply.drop("retry-after-ms")
        _aborted(call, reply)


@fault(_HONEST + "/date", at="http", breaks=(_HONEST, "sdk.retries.recovers", "sdk.retries.waits"))
async def dishonest(call: Call, reply: Reply) -> None:
    """The refusal is stored by a cache for twice the window."""
    if call.account is None or call.account.name != "limited":
        return
    await asyncio.sleep(0)
    now = call.clock.monotonic()
    if reply.status == 429:
        call.app.data.setdefault("shut", now + math.ceil(2 * call.account.window_s))
    if now < call.app.data.get("shut", 0.0) and reply.status == 200:
        reply.status, reply.body = 429, b'{"error":{"message":"slow down","type":"requests",' \
            b'"param":null,"code":"rate_limit_exceeded"}}'  # fmt: skip
        reply.set("retry-after", "2")
