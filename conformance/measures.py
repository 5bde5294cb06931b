"""What a report states beside a claim and no rule decides: how long, and which status."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping

from conformance.exchange import Exchange
from conformance.profile import Profile


def first_token(exchanges: Iterable[Exchange], profile: Profile) -> str:
    """The time to the first text of streamed chat completions, beside what the page says."""
    found = sorted(at for x in exchanges if (at := _first_text(x)) is not None)
    claimed = profile.first_token_ms
    said = f"; the page says {claimed[0]:g} to {claimed[1]:g} ms" if claimed else ""
    if not found:
        return f"first token: no stream to measure{said}"
    ms = [round(at * 1000) for at in (statistics.median(found), found[0], found[-1])]
    many = f"{len(found)} stream{'s' if len(found) > 1 else ''}"
    return f"first token after {ms[0]} ms (median of {many}, {ms[1]} to {ms[2]} ms){said}"


def _first_text(x: Exchange) -> float | None:
    """Seconds to the first chunk with content, of a stream that raw HTTP read without haste."""
    plain = x.route == "POST /chat/completions" and x.is_sse and x.ok and x.driver == "http"
    if not plain or x.superseded or x.response is None:
        return None
    for at, payload in x.response.timed_payloads:
        rows = payload.get("choices") if isinstance(payload, dict) else None
        for row in rows if isinstance(rows, list) else ():
            delta = row.get("delta") if isinstance(row, dict) else None
            if isinstance(delta, dict) and delta.get("content"):
                return at
    return None


_WRONG = {
    "openai_assistants_wrong": "an id that cannot be one is answered",
    "openai_assistants_unknown": "a well-made id that nobody has",
}


def assistant_status(exchanges: Iterable[Exchange], profile: Profile) -> str:
    """What became of a wrong assistant id of either kind; OpenAI's own statuses beside it."""
    seen = {x.probe: str(x.status) for x in exchanges if x.probe in _WRONG and x.response}
    told = ", ".join(f"{words} {seen.get(name, 'not asked')}" for name, words in _WRONG.items())
    return f"{told} (OpenAI: 400 and 404)"


MEASURES: Mapping[str, Callable[[Iterable[Exchange], Profile], str]] = {
    "first_token": first_token,
    "assistant_status": assistant_status,
}
