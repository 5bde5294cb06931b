"""Rate limits met on purpose: with a key that may be exhausted, last and alone.

One scenario spends the window, is refused, waits as it is told, and comes back with a burst; one
spends the tokens; one lets a client library live through a refusal. With a window of a minute all
of it waits twice at most.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from conformance.exchange import Exchange
from conformance.probe import Skip, chat, probe, scenario
from conformance.ratelimits import number, resets, retry_after, told
from conformance.recording import Recording
from conformance.target import Target

LARGEST = 60
"""Requests that the suite is willing to spend to reach a limit."""

MOST_TOKENS = 20_000
SHORT = 10.0
"""Seconds: windows up to this are waited for more often."""

BURST = 20
EXTRA = 3
MARGIN = 0.05
_METHOD, _PATH, _BODY = chat("Say hello.", temperature=0, max_tokens=1)


_WAITED: WeakKeyDictionary[Recording, float] = WeakKeyDictionary()


async def _ask(s: Any, step: str, *, key: str = "limited", **options: Any) -> Exchange:
    body = {**_BODY, **options.pop("body", {})}
    found: Exchange = await s.send(
        step, _METHOD, _PATH, json=body, key=key, retry=False, limited=False, **options
    )
    return found


def window_of(target: Any) -> float:
    """Seconds of the window of `keys.limited`."""
    return float(target.limited_window_s or 60.0)


def _window(s: Any) -> float:
    return window_of(s.target)


def _wait_of(x: Exchange, window: float) -> float:
    """Seconds to wait after a refusal: as told, but not past the window."""
    wait = told(x)
    found = retry_after(x)
    if wait is not None and found is not None and found.form == "date":
        wait += 1  # a date has no fractions
    return min(wait if wait is not None and wait > 0 else window, window + 1) + MARGIN


async def _fresh(s: Any, window: float) -> Exchange:
    """One request in a window that nobody has used before."""
    x = await _ask(s, "fresh")
    if x.status == 429:
        await _sleep_first(s, _wait_of(x, window))
        x = await _ask(s, "fresh")
    left, limit = number(x, "requests", "remaining"), number(x, "requests", "limit")
    if x.ok and left is not None and limit is not None and left < limit - 1:
        wait = max(resets(x), default=window)
        if wait <= window + 1:
            await _sleep_first(s, wait + MARGIN)
            x = await _ask(s, "fresh")
    return x


async def _sleep_first(s: Any, seconds: float) -> None:
    """Wait because the window was used before, and remember it."""
    recording = s.courier.recording
    _WAITED[recording] = waited_first(s) + seconds
    await s.sleep(seconds)


def waited_first(s: Any) -> float:
    """Seconds that the run waited because the window of `keys.limited` was not its own."""
    return _WAITED.get(s.courier.recording, 0.0)


def configured(target: Target, x: Exchange) -> float | None:
    """What `limited_rpm` says: requests in a window, or in a minute where the headers agree."""
    said, shown = target.limited_rpm, number(x, "requests", "limit")
    if said and shown == said * window_of(target) / 60:
        return shown
    return said


def _limit_of(s: Any, x: Exchange) -> int:
    """Requests in a window. Raises Skip when nobody says, or when it is too many to spend."""
    limit = configured(s.target, x) or number(x, "requests", "limit")
    if not limit:
        raise Skip("neither `limited_rpm` nor a header says what the limit of `keys.limited` is")
    if limit > LARGEST:
        raise Skip(f"`keys.limited` may send {limit:g} requests; at most {LARGEST} are spent")
    return int(limit)


async def _spend(s: Any, first: Exchange, limit: int, window: float, context: Any) -> bool:
    """Requests until one is refused; at once where one by one would outlast the window."""
    if first.duration * (limit + 1) > window / 2:
        burst = [_ask(s, "spend-at-once", context=context) for _ in range(limit + EXTRA)]
        return not all(x.ok for x in await s.gather(*burst))
    for _ in range(limit + EXTRA - 1):
        if not (await _ask(s, "spend", context=context)).ok:
            return True
    return False


@scenario(
    "ratelimit_window",
    needs="chat",
    keys=("limited",),
    exclusive=True,
    cost=2 * BURST + 20,
    tokens=32,
    waits=window_of,
)
async def ratelimit_window(s: Any) -> None:
    """Spend a window, be refused in several ways, wait as told, come back with a burst."""
    window = _window(s)
    s.announce(f"spends the limit of `keys.limited` and waits about {window:g} s for it to return")
    first = await _fresh(s, window)
    limit = _limit_of(s, first)
    context = {"limit": limit, "window": window, "configured": configured(s.target, first)}
    if not first.ok or not await _spend(s, first, limit, window, context):
        return
    again = await _ask(s, "again")
    streamed = await _ask(s, "stream", body={"stream": True})
    retried = {"Idempotency-Key": f"{s.nonce('limited')}-{int(s.clock.time() * 1000):x}"}
    last = await _ask(s, "keyed", headers=retried)
    await _ask(s, "other", key="api")
    if s.key("second"):
        await _ask(s, "other", key="second")
    refused = next((x for x in (last, streamed, again) if not x.ok), again)
    began = s.clock.monotonic()
    wait = _wait_of(refused, window)
    await s.sleep(wait)
    after = await _ask(s, "after", context={**context, "waited": wait, "told": told(refused)})
    if limit > 1:
        await _ask(s, "keyed-after", headers=retried)
    reset = max(resets(refused), default=0.0)
    whole = reset + MARGIN - (s.clock.monotonic() - began)
    # on a slow machine the reset may be past by now, but it was not when `after` was sent
    wanted = whole > 0 or reset > wait
    if after.ok and wanted and whole <= (window + 1 if window <= SHORT else 66 - wait):
        await s.sleep(max(whole, 0.0))
        await _ask(s, "back", context=context)
    count = max(BURST, limit + 10)
    await s.gather(*(_ask(s, "burst", context=context) for _ in range(count)))


@scenario("ratelimit_spend", needs="headers.ratelimit", exclusive=True, cost=4)
async def ratelimit_spend(s: Any) -> None:
    """Four requests, one after the other, while nothing else is sent.

    The second key, where there is one, has not been used much: what comes back to it meanwhile
    does not hide what is spent.
    """
    key = "second" if s.key("second") else "api"
    for _ in range(4):
        await _ask(s, "spend", key=key, body={"max_tokens": 16})


@scenario(
    "ratelimit_tokens",
    needs="chat",
    keys=("limited",),
    exclusive=True,
    cost=10,
    tokens=MOST_TOKENS,
)
async def ratelimit_tokens(s: Any) -> None:
    """Prompts of more than half the limit of tokens, until one is refused."""
    window = _window(s)
    if window > SHORT:
        raise Skip(f"a window of {window:g} s is not waited for once more")
    first = await _ask(s, "fresh")
    if first.status == 429:
        await s.sleep(_wait_of(first, window))
        first = await _ask(s, "fresh")
    limit = number(first, "tokens", "limit")
    if not limit:
        raise Skip("no header says what the token limit of `keys.limited` is")
    if limit > MOST_TOKENS:
        raise Skip(f"`keys.limited` may use {limit:g} tokens; at most {MOST_TOKENS} are spent")
    if (number(first, "requests", "remaining") or 0) < 2:
        await s.sleep(max(resets(first), default=window) + MARGIN)
    words = "word " * int(limit * 0.6)
    body = {"messages": [{"role": "user", "content": f"Say hello.\n{words}"}]}
    context = {"limit": limit, "window": window}
    refused = None
    for _ in range(6):
        x = await _ask(s, "spend", body=body, context=context)
        if not x.ok:
            refused = x
            break
    if refused is not None:
        await s.sleep(_wait_of(refused, window))
        await _ask(s, "after", body=body, context=context)


probe(
    "ratelimit_no_quota",
    _METHOD,
    _PATH,
    _BODY,
    needs="chat",
    key="no_quota",
    valid=False,
    options={"retry": False},
)
probe(
    "ratelimit_no_quota_stream",
    _METHOD,
    _PATH,
    {**_BODY, "stream": True},
    needs="chat.stream",
    key="no_quota",
    valid=False,
    options={"retry": False},
)
