"""Rate limits: fixed windows of requests and tokens for each account."""

from __future__ import annotations

import math
from dataclasses import dataclass

from conformance.reference.clock import Clock
from conformance.reference.config import Account
from conformance.reference.errors import ApiError, Headers


@dataclass
class _Window:
    """What an account used since its window opened."""

    opened: float
    requests: int = 0
    tokens: int = 0


def go_duration(seconds: float) -> str:
    """A duration as Go prints it: 0s, 20ms, 8.64s, 6m0s, 1h0m30s."""
    ms = max(0, math.ceil(seconds * 1000 - 1e-6))
    if ms == 0:
        return "0s"
    if ms < 1000:
        return f"{ms}ms"
    minutes, rest = divmod(ms, 60_000)
    whole, part = divmod(rest, 1000)
    text = f"{whole}.{part:03d}".rstrip("0").rstrip(".") if part else str(whole)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{text}s"
    return f"{minutes}m{text}s" if minutes else f"{text}s"


class Limits:
    """The windows of all accounts. Nothing here awaits, so each step is atomic."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[str, _Window] = {}

    def _window(self, account: Account) -> _Window:
        now = self._clock.monotonic()
        window = self._windows.get(account.name)
        if window is None or now - window.opened >= account.window_s:
            window = self._windows[account.name] = _Window(now)
        return window

    def _left(self, account: Account, window: _Window) -> float:
        return max(0.0, window.opened + account.window_s - self._clock.monotonic())

    def forget(self, account: Account) -> None:
        """Open a fresh window, as if nothing had been used."""
        self._windows.pop(account.name, None)

    def admit(self, account: Account) -> None:
        """Count a request, or refuse it."""
        window = self._window(account)
        if window.requests >= account.requests_limit:
            raise self._refusal(account, window, "requests", account.requests_limit)
        if window.tokens >= account.tokens_limit:
            raise self._refusal(account, window, "tokens", account.tokens_limit)
        window.requests += 1

    def charge(self, account: Account, tokens: int) -> None:
        """Count the tokens of an admitted request, or refuse it and give its place back."""
        window = self._window(account)
        if window.tokens + tokens > account.tokens_limit:
            window.requests = max(0, window.requests - 1)
            if tokens > account.tokens_limit:
                raise ApiError(
                    429,
                    f"Request too large: Limit {account.tokens_limit}, Requested {tokens}. The "
                    "input or output tokens must be reduced in order to run successfully.",
                    type="tokens",
                    code="rate_limit_exceeded",
                    headers=[("x-should-retry", "false")],
                )
            raise self._refusal(account, window, "tokens", account.tokens_limit)
        window.tokens += tokens

    def _refusal(self, account: Account, window: _Window, what: str, limit: int) -> ApiError:
        left = max(0.001, self._left(account, window))
        wait = max(1, math.ceil(left))
        used = window.requests if what == "requests" else window.tokens
        return ApiError(
            429,
            f"Rate limit reached for {what}: Limit {limit}, Used {used}. "
            f"Please try again in {go_duration(left)}.",
            type=what,
            code="rate_limit_exceeded",
            headers=[
                ("retry-after", str(wait)),
                ("retry-after-ms", str(math.ceil(left * 1000))),
            ],
        )

    def headers(self, account: Account) -> Headers:
        """The six headers, as of now."""
        window = self._window(account)
        left = self._left(account, window)
        requests_left = max(0, account.requests_limit - window.requests)
        tokens_left = max(0, account.tokens_limit - window.tokens)
        reset_requests = go_duration(left if window.requests else 0)
        reset_tokens = go_duration(left if window.tokens else 0)
        return [
            ("x-ratelimit-limit-requests", str(account.requests_limit)),
            ("x-ratelimit-limit-tokens", str(account.tokens_limit)),
            ("x-ratelimit-remaining-requests", str(requests_left)),
            ("x-ratelimit-remaining-tokens", str(tokens_left)),
            ("x-ratelimit-reset-requests", reset_requests),
            ("x-ratelimit-reset-tokens", reset_tokens),
        ]
