"""Idempotency-Key where nobody claims it: it may be ignored, but it must do no harm."""

from __future__ import annotations

from conformance.exchange import Exchange, Steps
from conformance.expect import NotApplicable, expect, fail, require
from conformance.probes.idempotency import same_answer
from conformance.requirement import MUST, field, requirement, suite

SOURCE = suite("a header that OpenAI does not document must do no harm")
WRONG = "a client is given the answer to another request, and cannot notice"


def _first(steps: Steps, step: str = "first") -> Exchange:
    found = steps.get(step)
    if found is None or not found.ok:
        raise NotApplicable(f"{step} was not answered with success")
    return found


def _other(steps: Steps, step: str) -> Exchange:
    found = steps.get(step)
    if found is None and step == "account":
        raise NotApplicable("no `keys.second` is configured")
    if found is None or found.response is None:
        raise NotApplicable(f"{step} was not sent or not answered")
    return found


@requirement(
    "idempotency.header.accepted",
    MUST,
    "A request with an `Idempotency-Key` that was never used is answered with success.",
    source=SOURCE,
    needs="chat",
    any_status=True,
    breaks=["clients that always send a key"],
)
def test_accepted(idempotency: Steps) -> None:
    first, control = _other(idempotency, "first"), _first(idempotency, "control")
    if first.status == 429 and control.ok:
        raise NotApplicable("the answer was 429")
    expect(first).status(2)


@requirement(
    "idempotency.header.accepted-stream",
    MUST,
    "A streamed request with an `Idempotency-Key` is answered by a stream.",
    source=SOURCE,
    needs="chat.stream",
    any_status=True,
    breaks=["clients that always send a key"],
)
def test_accepted_stream(idempotency_stream: Steps) -> None:
    first = _other(idempotency_stream, "first")
    if first.status == 429:
        raise NotApplicable("the answer was 429")
    expect(first).status(2).media_type("text/event-stream")


@requirement(
    "idempotency.stream.served-again",
    MUST,
    "The same streamed request with the same key is served again, by a stream.",
    source=SOURCE,
    needs="chat.stream",
    any_status=True,
    breaks=["the retry of a broken stream fails, or is a JSON document"],
)
def test_stream_again(idempotency_stream: Steps) -> None:
    _first(idempotency_stream)
    second = _other(idempotency_stream, "second")
    if second.status == 429:
        raise NotApplicable("the answer was 429")
    expect(second).status(2).media_type("text/event-stream")


@requirement(
    "idempotency.left.served-again",
    MUST,
    "A stream whose client left is served when the same request comes again with its key, at the "
    "latest after some seconds.",
    source=field("https://github.com/VilledeMontreal/express-idempotency/issues/32"),
    needs="chat.stream",
    any_status=True,
    breaks=["a retry after a broken connection, for which the key was meant: 409 for good"],
)
def test_left(idempotency_left: Steps) -> None:
    left, again = idempotency_left.get("left"), _other(idempotency_left, "again")
    if left is None or left.status != 200:
        raise NotApplicable("the stream that should be left did not start")
    if again.status == 429:
        raise NotApplicable("the answer was 429")
    tries = len(idempotency_left.all("again"))
    if not again.response or again.status != 200:
        shown = f"{again.status}, {tries} times" if tries > 1 else again.status
        fail("status", "2xx", shown, exchange=again)
    expect(again).media_type("text/event-stream")


@requirement(
    "idempotency.other-body.not-replayed",
    MUST,
    "A used key with another body is not answered by the stored answer.",
    source=SOURCE,
    needs="chat",
    any_status=True,
    breaks=[WRONG],
)
def test_other_body(idempotency_other: Steps) -> None:
    first, other = _first(idempotency_other), _other(idempotency_other, "body")
    if same_answer(first, other):
        fail("body", ["an answer of its own", "a 4xx error"], "the stored answer", exchange=other)


@requirement(
    "idempotency.other-body.no-server-error",
    MUST,
    "A used key with another body is not a server error.",
    source=SOURCE,
    needs="chat",
    any_status=True,
    breaks=["the SDKs retry it twice"],
)
def test_other_body_error(idempotency_other: Steps) -> None:
    _first(idempotency_other)
    for step in ("body", "stream"):
        found = _other(idempotency_other, step)
        require(found.status < 500, "status", ["2xx", "4xx"], found.status)


@requirement(
    "idempotency.other-stream.not-confused",
    MUST,
    "A used key with `stream: true` is not answered by the stored JSON document.",
    source=SOURCE,
    needs="chat.stream",
    any_status=True,
    breaks=["openai-python: a stream of nothing, and no exception"],
)
def test_other_stream(idempotency_other: Steps) -> None:
    _first(idempotency_other)
    found = _other(idempotency_other, "stream")
    if found.ok:
        expect(found).media_type("text/event-stream")


@requirement(
    "idempotency.other-account.isolated",
    MUST,
    "A key that one API key used shows nothing to another API key.",
    source=SOURCE,
    needs="chat",
    any_status=True,
    breaks=["one customer reads the answers of another"],
)
def test_other_account(idempotency_other: Steps) -> None:
    first, other = _first(idempotency_other), _other(idempotency_other, "account")
    if same_answer(first, other):
        fail("id", "one of its own", "the other account's answer", exchange=other)


@requirement(
    "idempotency.other-account.served",
    MUST,
    "A key that one API key used is free for another API key.",
    source=SOURCE,
    needs="chat",
    any_status=True,
    breaks=["one customer sees which keys another has used"],
)
def test_other_account_served(idempotency_other: Steps) -> None:
    _first(idempotency_other)
    found = _other(idempotency_other, "account")
    if found.status in (401, 403, 429):
        raise NotApplicable(f"the second key was answered {found.status}")
    expect(found).status(2)


@requirement(
    "idempotency.other-endpoint.isolated",
    MUST,
    "A used key on another endpoint is not answered by the stored answer.",
    source=SOURCE,
    needs="chat",
    any_status=True,
    breaks=["openai-python: an embedding without data, from a completion"],
)
def test_other_endpoint(idempotency_other: Steps) -> None:
    first, other = _first(idempotency_other), _other(idempotency_other, "endpoint")
    if not same_answer(first, other):
        body = other.json
        wrong = isinstance(body, dict) and "choices" in body
        require(not wrong, "body", "embeddings, or an error", "a completion")
        return
    fail("body", "embeddings, or an error", "the stored completion", exchange=other)


@requirement(
    "idempotency.get.ignored",
    MUST,
    "On GET the header changes nothing.",
    source=SOURCE,
    needs="chat",
    any_status=True,
    breaks=["clients that always send a key cannot list models"],
)
def test_get(idempotency_other: Steps) -> None:
    found = _other(idempotency_other, "get")
    if found.status in (404, 405, 429):
        raise NotApplicable("there is no list of models")
    expect(found).status(2)
    body = found.json
    wrong = isinstance(body, dict) and "choices" in body
    require(not wrong, "body", "the list of models", "the stored completion")


@requirement(
    "idempotency.key.no-server-error",
    MUST,
    "No key, be it empty, too long or full of marks, is a server error.",
    source=SOURCE,
    needs="chat",
    any_status=True,
    breaks=["the SDKs retry it twice"],
)
def test_odd(idempotency_odd: Steps) -> None:
    for x in idempotency_odd:
        if x.response is None or x.status >= 500:
            fail("status", ["2xx", "4xx"], x.status or str(x), exchange=x)


@requirement(
    "idempotency.key.marks",
    MUST,
    "A key with quotes, slashes and braces is accepted as any other, or refused as a bad key.",
    source=SOURCE,
    needs="chat",
    any_status=True,
    breaks=["keys made of paths or JSON"],
)
def test_marks(idempotency_odd: Steps) -> None:
    found = _other(idempotency_odd, "marks")
    if found.status == 429:
        raise NotApplicable("the answer was 429")
    require(found.ok or found.status in (400, 422), "status", ["2xx", "400"], found.status)


@requirement(
    "idempotency.key.empty-is-none",
    MUST,
    "Requests with an empty key are not answered by each other's answers.",
    source=SOURCE,
    needs="chat",
    any_status=True,
    breaks=[WRONG],
)
def test_empty(idempotency_odd: Steps) -> None:
    one, two = _other(idempotency_odd, "empty"), _other(idempotency_odd, "empty-other")
    if same_answer(one, two):
        fail("id", ["one of its own", "a 4xx error"], "that of another request", exchange=two)
