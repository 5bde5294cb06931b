"""Sending within the target's limits, and the conversations of scenarios.

The :class:`Courier` is the one gate that all traffic passes: concurrency, requests per minute,
budgets, and trying again. A 429 met by an ordinary probe is quota, not a finding: it waits as told
and tries again. A 5xx or a broken connection is tried once more; both attempts stay recorded.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from typing import Any

from conformance.clock import Clock, SystemClock
from conformance.drivers.http import HttpDriver, Wanted
from conformance.drivers.transport import Meta
from conformance.exchange import Exchange
from conformance.probe import Model, Probe, Skip
from conformance.recording import Recording
from conformance.target import Target
from conformance.wire.retry_after import parse_retry_after

MAX_TRIES = 4
LONGEST_WAIT = 65.0
"""Seconds: a one-minute window is waited for, more is not."""


class BudgetSpent(Exception):
    """The run may send no more."""


class Budget:
    """Requests and tokens that are left; reserved before sending, settled after."""

    def __init__(self, target: Target, clock: Clock) -> None:
        self._limits = target.limits
        self._clock = clock
        self._started = clock.monotonic()
        self.requests = 0
        self.tokens = 0
        self._reserved = 0

    def take(self, tokens: int) -> None:
        """Reserve one request. Raises BudgetSpent instead of going over."""
        limits = self._limits
        if limits.max_requests is not None and self.requests >= limits.max_requests:
            raise BudgetSpent(f"the budget of {limits.max_requests} requests is spent")
        if (
            limits.max_tokens is not None
            and self.tokens + self._reserved + tokens > limits.max_tokens
        ):
            raise BudgetSpent(f"the budget of {limits.max_tokens} tokens is spent")
        self.in_time()
        self.requests += 1
        self._reserved += tokens

    def in_time(self) -> None:
        """Raise BudgetSpent when the time is over; asked again after waiting for a slot."""
        longest = self._limits.max_seconds
        if longest is not None and self._clock.monotonic() - self._started >= longest:
            raise BudgetSpent(f"the budget of {longest:g} seconds is spent")

    def give_back(self, tokens: int) -> None:
        """Undo a reservation of which nothing was sent."""
        self.requests -= 1
        self._reserved -= tokens

    def settle(self, exchange: Exchange | None, tokens: int) -> None:
        """Replace a reservation by what the answer, if any, says was used.

        An answer that was begun and does not say counts as what was reserved.
        """
        self._reserved -= tokens
        if exchange is not None:
            silent = tokens if exchange.status < 300 else 0
            self.tokens += tokens_of(exchange) or silent


UNSAID = 1024
"""Tokens that an answer is reckoned with at most where the request sets no limit."""


def estimate(content: object, tokens: int) -> int:
    """Tokens that a request may use: what its probe says, or what its body asks for, if more."""
    if not isinstance(content, bytes) or not content:
        return tokens if content is not None else 0
    if content.startswith(b"--"):
        return tokens  # a form: its files are no text
    asked = 0
    try:
        body = json.loads(content) if len(content) < 100_000 else None
    except (ValueError, RecursionError):
        body = None
    if isinstance(body, dict):
        limits = [body.get(k) for k in ("max_completion_tokens", "max_tokens", "max_output_tokens")]
        set_to = [n for n in limits if isinstance(n, int) and not isinstance(n, bool) and n >= 0]
        often = [body.get(k) for k in ("n", "best_of")]
        times = max([1, *(n for n in often if isinstance(n, int) and 0 < n <= 128)])
        if "messages" in body or "input" in body or "prompt" in body:
            generates = "messages" in body or "prompt" in body or "max_output_tokens" in body
            asked = min(max(set_to), UNSAID * 8) if set_to else UNSAID if generates else 0
            asked *= times
    return max(tokens, len(content) // 3 + asked)


def tokens_of(exchange: Exchange) -> int:
    """Tokens that an answer says it used; 0 where it does not say."""
    if exchange.response is None or b"tokens" not in exchange.response.body:
        return 0
    bodies = [exchange.json] if not exchange.is_sse else list(exchange.payloads)
    total = 0
    for body in bodies:
        usage = body.get("usage") if isinstance(body, dict) else None
        if isinstance(body, dict) and isinstance(body.get("response"), dict):
            usage = usage or body["response"].get("usage")
        if isinstance(usage, dict):
            value = usage.get("total_tokens", usage.get("tokens"))
            if isinstance(value, int) and not isinstance(value, bool):
                total = max(total, value)
    return total


class Courier:
    """Sends for everybody, within the limits."""

    def __init__(
        self, target: Target, driver: HttpDriver, recording: Recording, clock: Clock
    ) -> None:
        self.target = target
        self.driver = driver
        self.recording = recording
        self.clock = clock
        self.budget = Budget(target, clock)
        self._slots = asyncio.Semaphore(max(target.limits.concurrency, 1))
        self._next_start = 0.0

    async def pace(self) -> None:
        """Wait for the next start that the requests per minute allow."""
        rate = self.target.limits.requests_per_minute
        if not rate:
            return
        now = self.clock.monotonic()
        start = max(now, self._next_start)
        self._next_start = start + 60.0 / rate
        if start > now:
            await self.clock.sleep(start - now)

    @asynccontextmanager
    async def gate(self, meta: Meta, tokens: int = 64) -> AsyncIterator[None]:
        """Room for one request that a client library sends by itself. Raises BudgetSpent."""
        self.budget.take(tokens)
        try:
            await self.pace()
            async with self._slots:
                try:
                    self.budget.in_time()
                except BudgetSpent:
                    self.budget.requests -= 1
                    raise
                yield
        finally:
            self.budget.settle(meta.exchange, tokens)

    async def send(
        self,
        wanted: Wanted,
        meta: Meta,
        *,
        retry: bool = True,
        tokens: int = 64,
        limited: bool = True,
    ) -> Exchange:
        """Send one request, again where that is due. Raises BudgetSpent.

        ``limited``: count it against the concurrency limit; scenarios about concurrency do not.
        """
        replayable = wanted.content is None or isinstance(wanted.content, bytes)
        tries = MAX_TRIES if retry and replayable else 1
        tokens = estimate(wanted.content, tokens)
        exchange: Exchange | None = None
        for attempt in range(1, tries + 1):
            try:
                self.budget.take(tokens)
            except BudgetSpent:
                if exchange is None:
                    raise
                return exchange  # there is no second try: the first one stands
            await self.pace()
            again = Meta(meta.probe, meta.step, meta.driver, attempt, dict(meta.context))
            again.fresh = attempt > 1 or tries == 1
            async with self._slots if limited else nullcontext():
                try:
                    self.budget.in_time()
                except BudgetSpent:
                    self.budget.give_back(tokens)
                    if exchange is None:
                        raise
                    return exchange
                if exchange is not None:
                    self.recording.supersede(exchange)
                exchange = await self.driver.send(wanted, again)
            self.budget.settle(exchange, tokens)
            wait = self.retry_wait(exchange, attempt) if attempt < tries else None
            if wait is None:
                return exchange
            await self.clock.sleep(wait)
        raise AssertionError("the last attempt returns")

    def retry_wait(self, exchange: Exchange, attempt: int) -> float | None:
        """Seconds to wait before another try; None when there is none."""
        if exchange.failure is not None:
            kind = exchange.failure.kind
            return 0.2 if kind in ("reset", "protocol", "connect") and attempt == 1 else None
        if exchange.status == 429:
            return _quota_wait(exchange, attempt, self.clock.time())
        if exchange.status >= 500 and attempt == 1:
            return 0.2
        return None


def _quota_wait(exchange: Exchange, attempt: int, now: float) -> float | None:
    body = exchange.json
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict) and "insufficient_quota" in (error.get("code"), error.get("type")):
        return None
    if exchange.header("x-should-retry") == "false":
        return None
    text = exchange.header("retry-after")
    try:
        wait = parse_retry_after(text, now).seconds if text else float(2 ** (attempt - 1))
    except ValueError:
        wait = float(2 ** (attempt - 1))
    return wait + 0.05 if 0 <= wait <= LONGEST_WAIT else None


class Session:
    """The conversation of one scenario or probe: sends under its name."""

    def __init__(
        self,
        courier: Courier,
        name: str,
        driver: str = "http",
        *,
        prior: Callable[[str], Exchange] | None = None,
        tokens: int = 64,
        seed: int = 0,
        sdk: Any = None,
        tier: str = "standard",
        kept: Mapping[str, tuple[Any, ...]] | None = None,
    ) -> None:
        self.courier = courier
        self.target = courier.target
        self.clock = courier.clock
        self.name = name
        self.driver = driver
        self._prior = prior
        self._tokens = tokens
        self.seed = seed
        self.tier = tier
        self.kept = kept or {}
        self._sdk = sdk
        self._borrowed = False

    def __getitem__(self, probe: str) -> Exchange:
        """The successful answer of an earlier probe, which the scenario names in ``after``."""
        if self._prior is None:
            raise Skip(f"{self.name} has no earlier probes")
        return self._prior(probe)

    def model(self, kind: str) -> str:
        self._borrowed |= self.target.borrowed(kind)
        return self.target.model(kind)

    def key(self, name: str) -> str | None:
        return self.target.keys.get(name)

    def nonce(self, label: str = "") -> str:
        """A word that no other request of the run holds, the same in every run of a seed."""
        digest = hashlib.sha256(f"{self.seed}/{self.name}/{label}".encode()).hexdigest()
        return "".join("bcdfghklmnprstvz"[int(c, 16)] for c in digest[:8])

    async def sleep(self, seconds: float) -> None:
        await self.clock.sleep(seconds)

    async def gather(self, *coroutines: Any) -> list[Exchange]:
        """Run several sends at once; all have ended when it returns or raises."""
        ended = await asyncio.gather(*coroutines, return_exceptions=True)
        for one in ended:
            if isinstance(one, BaseException):
                raise one
        return [one for one in ended if not isinstance(one, BaseException)]

    async def post(self, step: str, path: str, /, **body: Any) -> Exchange:
        """POST a JSON body."""
        return await self.send(step, "POST", path, json=body)

    async def send(
        self,
        step: str,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: Any = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = "api",
        bearer: str | None = None,
        retry: bool = True,
        stop: Callable[[bytes], bool] | None = None,
        timeout: float | None = None,
        limited: bool = True,
        context: Mapping[str, Any] | None = None,
        url: str | None = None,
    ) -> Exchange:
        """Send one request and return what came of it.

        ``key``: name of the configured key (None: no Authorization header); ``bearer`` overrides it
        with a literal token. ``json`` or raw ``content``; with neither there is no body.
        ``url`` overrides base URL and path.
        """
        sent = dict(headers or {})
        lower = {name.lower() for name in sent}
        if json is not None:
            content = encode(self.target.fill(json))
            if "content-type" not in lower:
                sent["content-type"] = "application/json"
        if "authorization" not in lower:
            token = bearer if bearer is not None else (self.key(key) if key else None)
            if token:
                sent["authorization"] = f"Bearer {token}"
        wanted = Wanted(
            method,
            url or self.target.base_url.rstrip("/") + self.target.fill_path(path),
            {name: value for name, value in sent.items() if value is not None},
            content,
            timeout or self.target.limits.timeout_s,
            stop,
        )
        # what a scenario of a client library sends by itself goes by the raw driver all the same
        given = dict(context or {})
        if self._borrowed or _asks_borrowed(self.target, json):
            given["borrowed"] = True
        meta = Meta(self.name, step, "http", 1, given)
        return await self.courier.send(
            wanted, meta, retry=retry, tokens=self._tokens, limited=limited
        )

    async def converse(
        self,
        step: str,
        path: str,
        *events: Mapping[str, Any],
        until: Callable[[bytes], bool],
        key: str | None = "api",
        timeout: float | None = None,
    ) -> Exchange:
        """Open a WebSocket, say the events once the server has spoken, listen ``until``."""
        lines = b"".join(encode(event) + b"\n" for event in events)
        return await self.send(
            step, "GET", path, content=lines, key=key, stop=until, timeout=timeout,
            context={"websocket": True},
        )  # fmt: skip

    async def call(self, method: str, path: str, body: Any = None, **options: Any) -> Exchange:
        """Send a request through the client library that is this scenario's driver.

        ``key``, ``call`` and ``headers`` are those of a probe; other options as in
        :class:`conformance.drivers.sdk_call.SdkOptions`, and ``step`` names what is sent. Returns
        the call's last exchange. Raises Skip where the scenario runs without a client library.
        """
        if self._sdk is None:
            raise Skip(f"{self.name} wants a client library")
        own = {name: options.pop(name) for name in ("key", "call", "headers") if name in options}
        probe = Probe(self.name, method, path, body, drivers=(self.driver,), options=options,
                      tokens=self._tokens, **own)  # fmt: skip
        sent: Exchange = await self._sdk.run(probe, self.target.fill(body), path)
        return sent

    def announce(self, text: str) -> None:
        """Tell the person who waits; in virtual time nobody does."""
        if isinstance(self.clock, SystemClock):
            print(f"{self.name}: {text}", file=sys.stderr, flush=True)


def _asks_borrowed(target: Target, body: Any) -> bool:
    model = body.get("model") if isinstance(body, dict) else None
    return isinstance(model, Model) and target.borrowed(model.kind)


def encode(body: Any) -> bytes:
    """Compact JSON, as the SDKs send it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=True).encode(
        "utf-8", "surrogatepass"
    )
