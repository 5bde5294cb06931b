"""What is stored under an Idempotency-Key: no errors, and streams as well as documents."""

from __future__ import annotations

from conformance.cases.test_idempotency import DRAFT, NEEDS, TWICE, answered_step, id_of, served
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, expect, require
from conformance.probes.idempotency import same_answer
from conformance.ratelimits import number, retry_after
from conformance.requirement import MUST, SHOULD, requirement, suite


@requirement(
    "idempotency.error.not-stored",
    MUST,
    "A key whose request was refused as invalid can be used for the right one.",
    source=DRAFT,
    needs=NEEDS,
    any_status=True,
    breaks=["a client that mends its request is given the old error"],
)
def test_error_not_stored(idempotency_errors: Steps) -> None:
    refused, right = (answered_step(idempotency_errors, step) for step in ("refused", "right"))
    if refused.status != 400:
        raise NotApplicable(f"the wrong request was answered {refused.status}")
    expect(right).status(2)


@requirement(
    "idempotency.error.repeated",
    MUST,
    "An invalid request is refused in the same way when it is sent again with its key.",
    source=DRAFT,
    needs=NEEDS,
    any_status=True,
    breaks=["the second refusal says something else than what is wrong"],
)
def test_error_repeated(idempotency_errors: Steps) -> None:
    one, two = (answered_step(idempotency_errors, step) for step in ("refused", "refused-again"))
    require(one.status == two.status, "status", str(one.status), two.status)


@requirement(
    "idempotency.error.then-replayed",
    MUST,
    "The right request after a refused one is stored and replayed.",
    source=DRAFT,
    needs=NEEDS,
    any_status=True,
    breaks=[TWICE],
)
def test_then_replayed(idempotency_errors: Steps) -> None:
    one, two = served(idempotency_errors, "right"), answered_step(idempotency_errors, "right-again")
    require(same_answer(one, two), "id", str(id_of(one)), id_of(two) or two.status)


@requirement(
    "idempotency.error.rate-limit",
    MUST,
    "A refusal for the rate limit is not stored: after the wait the same key is served.",
    source=DRAFT,
    needs=NEEDS,
    breaks=["the retry for which the key was meant gets the refusal again, for a day"],
)
def test_rate_limit(ratelimit_window: Steps) -> None:
    names = ("keyed", "after", "keyed-after")
    keyed, after, again = (ratelimit_window.get(step) for step in names)
    if keyed is None or keyed.status != 429 or after is None or not after.ok or again is None:
        raise NotApplicable("no request with a key was refused, and sent again after the wait")
    left, wait = number(after, "requests", "remaining"), retry_after(keyed)
    if again.status == 429 and (left == 0 or wait is None):
        raise NotApplicable("nothing remained for it")
    require(again.ok, "status", "2xx", again.status)


@requirement(
    "idempotency.stream.replay",
    MUST,
    "The same streamed request is answered by the same stream.",
    source=DRAFT,
    needs=NEEDS,
    breaks=[TWICE],
)
def test_stream(idempotency_stream: Steps) -> None:
    first = served(idempotency_stream, "first")
    second = served(idempotency_stream, "second")
    if not first.is_sse:
        raise NotApplicable("the first answer is no stream")
    media = second.header("content-type") or "absent"
    require(second.is_sse, "header content-type", "text/event-stream", media)
    require(same_answer(first, second), "event 1: id", "that of the first stream", "another")
    require(_text(first) == _text(second), "deltas", _text(first), _text(second))


def _text(x: Exchange) -> str:
    """The text of a stream, joined from whatever its chunks hold."""
    text = ""
    for payload in x.payloads:
        listed = payload.get("choices") if isinstance(payload, dict) else None
        for choice in listed if isinstance(listed, list) else ():
            delta = choice.get("delta") if isinstance(choice, dict) else None
            content = delta.get("content") if isinstance(delta, dict) else None
            text += content if isinstance(content, str) else ""
    return text


@requirement(
    "idempotency.stream.complete",
    MUST,
    "A replayed stream is as complete as the first: it ends with `data: [DONE]`.",
    source=DRAFT,
    needs=NEEDS,
    breaks=["clients that wait for [DONE] report a cut stream"],
)
def test_stream_complete(idempotency_stream: Steps) -> None:
    first = served(idempotency_stream, "first")
    second = served(idempotency_stream, "second")
    if not first.is_sse or not second.is_sse or not first.response:
        raise NotApplicable("not both are streams")
    events = first.response.stream.events
    if not events or events[-1].data != "[DONE]":
        raise NotApplicable("the first stream is not complete either")
    expect(second).last_event().data("[DONE]")


def _expiring(steps: Steps, first: str, again: str) -> tuple[Exchange, Exchange, float]:
    """A key's two requests and the seconds for which it is said to be kept."""
    one, two = served(steps, first), answered_step(steps, again)
    kept = two.context.get("kept")
    if two.status == 429 or not isinstance(kept, int | float):
        raise NotApplicable(f"the answer was {two.status}")
    return one, two, float(kept)


@requirement(
    "idempotency.expiry.kept",
    MUST,
    "A stored answer is given for as long as the provider's documents say.",
    source=suite("`idempotency_expiry_s` of the profile or the configuration"),
    needs=NEEDS,
    any_status=True,
    breaks=[TWICE],
)
def test_kept(idempotency_expiry: Steps) -> None:
    one, two, kept = _expiring(idempotency_expiry, "soon", "soon-again")
    if two.started - one.started > kept * 0.95:
        raise Inconclusive("it was sent too late", owner="suite")
    shown = id_of(two) or two.status
    require(same_answer(one, two), "id", f"{id_of(one)} within {kept:g} s", shown)


@requirement(
    "idempotency.expiry.forgotten",
    SHOULD,
    "After the documented time a key is free: the request is served anew.",
    source=suite("`idempotency_expiry_s` of the profile or the configuration"),
    needs=NEEDS,
    any_status=True,
    breaks=["a job that runs every hour under one key gets the answer of the first hour for ever"],
)
def test_forgotten(idempotency_expiry: Steps) -> None:
    one, two, kept = _expiring(idempotency_expiry, "late", "late-again")
    expect(two).status(2)
    require(not same_answer(one, two), "id", f"a new one after {kept:g} s", id_of(two))
