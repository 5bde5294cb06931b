"""What the scenario that spends a rate limit left, by its phases.

Only facts: which answers were served, which refused, how long it took, what was waited.
"""

from __future__ import annotations

import math

from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable
from conformance.ratelimits import error_of, number, received, retry_after


def spending(steps: Steps) -> list[Exchange]:
    """The requests that were to spend the limit, the first in a fresh window."""
    fresh = steps.all("fresh")[-1:]
    return [*fresh, *steps.all("spend"), *steps.all("spend-at-once")]


def fact(steps: Steps, name: str) -> float:
    """`limit` or `window`. Raises NotApplicable when the scenario did not come so far."""
    for x in steps:
        value = x.context.get(name)
        if isinstance(value, int | float):
            return float(value)
    raise NotApplicable("the limit could not be spent")


def refusal(steps: Steps) -> Exchange:
    """The first request that was refused. Raises NotApplicable or Inconclusive without one."""
    limit, window = fact(steps, "limit"), fact(steps, "window")
    found = next((x for x in spending(steps) if not x.ok and x.response is not None), None)
    if found is not None:
        return found
    if span(spending(steps)) >= window * 0.9:
        raise Inconclusive("answers are too slow to reach the limit in its window", owner="suite")
    raise NotApplicable(f"nothing was refused after {limit:g} requests")


def limited(steps: Steps) -> Exchange:
    """The first refusal, when its status says that it is one of a rate limit."""
    found = refusal(steps)
    if found.status != 429:
        raise NotApplicable(f"the refusal is a {found.status}")
    return found


def of_requests(x: Exchange) -> bool:
    """Whether a refusal is for the number of requests, as far as one can tell."""
    left = number(x, "requests", "remaining")
    return error_of(x).get("type") != "tokens" and (left is None or left == 0)


def span(exchanges: list[Exchange]) -> float:
    """Seconds from the first sending to the last answer."""
    if not exchanges:
        return 0.0
    return max(received(x) for x in exchanges) - min(x.started for x in exchanges)


def most(steps: Steps, sent: list[Exchange], refused: list[Exchange]) -> int:
    """How many of some requests may be served at most.

    A limit that comes back steadily gives some while they are sent; a window that ends between
    them gives as many again.
    """
    limit, window = fact(steps, "limit"), fact(steps, "window")
    seconds = span(sent)
    allowed = limit + math.floor(seconds * limit / window)
    waits = [w.seconds for x in refused if (w := retry_after(x)) is not None]
    first = number(sent[0], "requests", "reset") if sent else None
    ended = first is not None and first < seconds
    if first is None:
        # by the wait that is left one sees how old the window is
        ended = window - max(waits, default=0.0) < seconds
    return int(allowed + (limit if ended and limit > 1 else 0))
