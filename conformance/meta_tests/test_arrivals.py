"""When the parts of a stream came."""

from __future__ import annotations

import json

import pytest

from conformance import arrivals
from conformance.exchange import Chunk, Exchange, Request, Response, Steps

LATE = [3.0 + n / 100 for n in range(20)]
SPREAD = [3.0 + n / 10 for n in range(20)]


def stream(step: str, times: list[float], duration: float = 3.3) -> Exchange:
    """A chat stream whose texts came at these times."""
    chunks = []
    for at in times:
        body = {"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": None}]}
        chunks.append(Chunk(at, f"data: {json.dumps(body)}\n\n".encode()))
    kind = (("content-type", "text/event-stream"),)
    answer = Response(200, "OK", "HTTP/1.1", kind, tuple(chunks), 0.1, duration)
    request = Request("POST", "http://t.invalid/v1/chat/completions", (), b'{"stream": true}')
    return Exchange(id=step, request=request, response=answer, step=step, duration=duration)


@pytest.mark.parametrize(
    ("long", "short", "told"),
    [
        ([LATE, LATE], 0.2, True),
        ([LATE, SPREAD], 0.2, False),
        ([LATE, LATE], 1.4, False),
        ([LATE[:5], LATE], 0.2, False),
        ([], 0.2, False),
    ],
)
def test_only_what_is_late_again_and_again_is_held_back(
    long: list[list[float]], short: float, told: bool
) -> None:
    alone = [stream("short", [short], short), *(stream("long", times) for times in long)]
    found = arrivals.held_back(Steps("alone", tuple(alone)), arrivals.of_chat)
    assert bool(found) is told


def test_at_once() -> None:
    assert arrivals.at_once(LATE)
    assert not arrivals.at_once(SPREAD)
    assert not arrivals.at_once([])
