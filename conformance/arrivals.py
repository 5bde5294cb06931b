"""When the parts of a stream came: whether they were held back, or had to wait for others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from conformance import response_events, streamed
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, fail

SLACK = 0.5
"""Seconds that a machine under load may lose before the first part."""
LEAST = 10
"""Parts of which a stream has to have more for its times to tell anything."""

Arrivals = Callable[[Exchange], list[float]]


def of_chat(x: Exchange) -> list[float]:
    """When the texts of a chat stream came."""
    return [piece.at for piece in streamed.pieces(x) if piece.text]


def of_response(x: Exchange) -> list[float]:
    """When the texts of a streamed response came."""
    seen = response_events.of(response_events.seen(x), "response.output_text.delta")
    return [event.at for event in seen if event.delta]


def at_once(times: Sequence[float], share: float = 0.1) -> bool:
    """Whether nearly all of the time had passed when the first part came."""
    return bool(times) and times[-1] - times[0] < share * times[-1]


def held_back(alone: Steps, arrivals: Arrivals, share: float = 0.1) -> str:
    """What shows that parts are held back; empty where nothing does.

    ``alone``: streams while nothing else was under way: long ones, and ones of few tokens between
    them. A stream that waits in a queue, or for a busy machine, also comes late and then at once.
    """
    short = max((x.duration for x in alone.all("short")), default=0.0)
    told = ""
    for x in alone.all("long"):
        times = arrivals(x)
        if len(times) < LEAST or not at_once(times, share) or times[0] <= 2 * short + SLACK:
            return ""
        told = (
            f"first after {times[0]:.2f} s, last {times[-1] - times[0]:.2f} s later; "
            f"a short answer takes {short:.2f} s"
        )
    return told


def spread(x: Exchange, alone: Steps, arrivals: Arrivals) -> None:
    """Raise unless the parts of a long stream came while it was generated."""
    if x.header("content-encoding"):
        raise Inconclusive("a compressed body hides when its parts came", owner="suite")
    times = arrivals(x)
    if len(times) < LEAST:
        raise Inconclusive("the answer is too short to tell")
    if not at_once(times):
        return
    told = held_back(alone, arrivals)
    if not told:
        raise Inconclusive("the answer came too quickly to tell")
    fail("arrival of the deltas", "spread over the time of generation", told)
