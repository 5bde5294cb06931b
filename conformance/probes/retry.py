"""Retries as the client libraries live them: their own, with nothing of the suite's in between."""

from __future__ import annotations

from typing import Any

from conformance.probe import Skip, chat, probe, scenario
from conformance.probes.ratelimit import SHORT, configured, waited_first, window_of
from conformance.ratelimits import number

_METHOD, _PATH, _BODY = chat("Say hello.", temperature=0, max_tokens=1)
DRIVERS = ("python-sdk", "node-sdk")

probe(
    "retry_no_quota",
    _METHOD,
    _PATH,
    _BODY,
    needs="chat",
    key="no_quota",
    valid=False,
    drivers=("python-sdk", "python-sdk-async", "node-sdk"),
    options={"max_retries": None, "retry": False},
)


@scenario(
    "retry_limited",
    needs="chat",
    keys=("limited",),
    exclusive=True,
    cost=30,
    tokens=32,
    drivers=DRIVERS,
    waits=window_of,
)
async def retry_limited(s: Any) -> None:
    """A client library with its own two retries, called when the limit is spent."""
    window = window_of(s.target)
    if window > SHORT and s.driver != DRIVERS[0]:
        raise Skip(f"a window of {window:g} s is waited for with one client library only")
    if window > SHORT and waited_first(s) > SHORT:
        raise Skip(f"a window of {window:g} s was waited for twice already")
    s.announce(f"lets {s.driver} wait up to {window:g} s for the limit of `keys.limited`")
    for number_of in range(64):
        x = await s.send(
            "spend", _METHOD, _PATH, json=_BODY, key="limited", retry=False, limited=False
        )
        limit = int(configured(s.target, x) or number(x, "requests", "limit") or 0)
        if not x.ok:
            break
        if limit > 60 or not limit or number_of > limit + 3:
            raise Skip("the limit of `keys.limited` cannot be reached with a few requests")
    await s.call(_METHOD, _PATH, _BODY, key="limited", max_retries=None, retry=False)
