"""Idempotency-Key where it is claimed: the same request is executed once."""

from __future__ import annotations

import json
from typing import Any

from conformance.exchange import Exchange, Steps
from conformance.expect import NotApplicable, expect, fail, require
from conformance.probes.idempotency import ELSEWHERE, same_answer
from conformance.ratelimits import number
from conformance.requirement import (
    MUST,
    SHOULD,
    Case,
    Requirement,
    Source,
    field,
    requirement,
)
from conformance.wire.sdk_retry import node_sdk_delay, python_sdk_delay

NEEDS = "idempotency"
DRAFT = Source(
    "IETF draft",
    "httpapi-idempotency-key-header",
    "https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/",
)
TWICE = "a retry after a broken connection is executed, and paid, twice"


def served(steps: Steps, step: str) -> Exchange:
    """A step that was answered with success. Raises NotApplicable otherwise."""
    found = steps.get(step)
    if found is None or not found.ok:
        raise NotApplicable(f"{step} was not answered with success")
    return found


def answered_step(steps: Steps, step: str) -> Exchange:
    found = steps.get(step)
    if found is None or found.response is None:
        raise NotApplicable(f"{step} was not answered")
    return found


@requirement(
    "idempotency.replay.same-answer",
    MUST,
    "The same key and body are answered by the same object.",
    source=DRAFT,
    needs=NEEDS,
    breaks=[TWICE],
)
def test_same_answer(idempotency: Steps) -> None:
    first, second = served(idempotency, "first"), served(idempotency, "second")
    if not same_answer(first, second):
        fail("id", f"that of the first answer, {id_of(first)}", id_of(second), exchange=second)


def id_of(x: Exchange) -> Any:
    body = x.json
    return body.get("id") if isinstance(body, dict) else None


def _elsewhere(endpoint: str) -> Case:
    def decide(steps: Steps) -> None:
        first = served(steps, f"{endpoint}-first")
        second = answered_step(steps, f"{endpoint}-second")
        if second.status == 429 or id_of(first) is None:
            raise NotApplicable("the answers cannot be compared")
        shown = id_of(second) or second.status
        if not same_answer(first, second):
            fail("id", f"that of the first answer, {id_of(first)}", shown, exchange=second)

    made = Requirement(
        f"idempotency.replay.{endpoint}",
        MUST,
        f"At /{endpoint}, too, the same key and body are answered by the same object.",
        DRAFT,
        NEEDS,
        (TWICE,),
    )
    probes = ("idempotency_elsewhere",)
    return Case(made, decide, probes=probes, any_status=True, module=__name__)


CASES = [_elsewhere(endpoint) for endpoint in ELSEWHERE]


@requirement(
    "idempotency.replay.success",
    MUST,
    "The same key and body again are answered with success, not with an error.",
    source=DRAFT,
    needs="chat",
    any_status=True,
    breaks=["a retry that should get the stored answer raises"],
)
def test_success(idempotency: Steps) -> None:
    served(idempotency, "first")
    second = answered_step(idempotency, "second")
    if second.status == 429:
        raise NotApplicable("the answer was 429")
    expect(second).status(2)


@requirement(
    "idempotency.replay.same-body",
    MUST,
    "The replayed answer is the stored one, in every value.",
    source=DRAFT,
    needs=NEEDS,
    breaks=["clients that compare or hash answers see two results of one request"],
)
def test_same_body(idempotency: Steps) -> None:
    first, second = served(idempotency, "first"), served(idempotency, "second")
    if not same_answer(first, second):
        raise NotApplicable("it was not replayed")
    if isinstance(first.json, dict) and isinstance(second.json, dict):
        for name in {**first.json, **second.json}:
            one, two = first.json.get(name, "absent"), second.json.get(name, "absent")
            require(one == two, name, json.dumps(one, ensure_ascii=False)[:300], two)
    else:
        require(first.json == second.json, "body", "that of the first answer", second.json)


@requirement(
    "idempotency.replay.same-bytes",
    SHOULD,
    "The replayed answer is the stored one, byte for byte.",
    source=DRAFT,
    needs=NEEDS,
    breaks=["signatures over a body do not match"],
)
def test_same_bytes(idempotency: Steps) -> None:
    first, second = served(idempotency, "first"), served(idempotency, "second")
    assert first.response is not None
    assert second.response is not None
    if first.json != second.json:
        raise NotApplicable("the values differ, which is another rule")
    same = first.response.body == second.response.body
    require(same, "body", "the bytes of the first answer", second.response.text[:200])


@requirement(
    "idempotency.replay.same-head",
    MUST,
    "The replayed answer has the status and content type of the stored one.",
    source=DRAFT,
    needs=NEEDS,
    breaks=["clients that look at the status take a replay for something else"],
)
def test_same_head(idempotency: Steps) -> None:
    first, second = served(idempotency, "first"), served(idempotency, "second")
    require(first.status == second.status, "status", str(first.status), second.status)
    one, two = first.header("content-type"), second.header("content-type")
    require(one == two, "header content-type", one or "absent", two or "absent")


@requirement(
    "idempotency.replay.costs-no-tokens",
    MUST,
    "A replay takes no tokens.",
    source=DRAFT,
    needs=NEEDS,
    breaks=["clients pay twice for one answer"],
)
def test_no_tokens(idempotency_cost: Steps) -> None:
    names = ("before", "first", "replay", "after")
    before, first, replay, after = (served(idempotency_cost, step) for step in names)
    if not same_answer(first, replay):
        raise NotApplicable("it was not replayed")
    left = [number(x, "tokens", "remaining") for x in (before, first, after)]
    if None in left:
        raise NotApplicable("no header says how many tokens remain")
    one, two, three = (float(value or 0) for value in left)
    cost = one - two
    if cost <= 0 or number(before, "tokens", "limit") == one:
        raise NotApplicable("tokens came back meanwhile")
    # between the first and the last there is one new request of the same size
    at = "header x-ratelimit-remaining-tokens"
    require(two - three < 1.7 * cost, at, f"about {two - cost:g}", f"{three:g}")


@requirement(
    "idempotency.key.exact",
    MUST,
    "Keys of 255 characters that differ in the last one are different keys.",
    source=DRAFT,
    needs=NEEDS,
    breaks=["keys that are cut make two requests one"],
)
def test_exact(idempotency_lengths: Steps) -> None:
    one = served(idempotency_lengths, "longest")
    two = served(idempotency_lengths, "longest-other")
    require(not same_answer(one, two), "id", f"another than {id_of(one)}", id_of(two))


@requirement(
    "idempotency.key.case",
    MUST,
    "Keys that differ in case are different keys.",
    source=DRAFT,
    needs=NEEDS,
    breaks=["base64 keys that differ in case make two requests one"],
)
def test_case(idempotency_lengths: Steps) -> None:
    one = served(idempotency_lengths, "case")
    two = served(idempotency_lengths, "case-other")
    require(not same_answer(one, two), "id", f"another than {id_of(one)}", id_of(two))


@requirement(
    "idempotency.key.one-character",
    MUST,
    "A key of one character is accepted.",
    source=DRAFT,
    needs=NEEDS,
    any_status=True,
    breaks=["clients that number their requests"],
)
def test_one_character(idempotency_lengths: Steps) -> None:
    expect(answered_step(idempotency_lengths, "one")).status(2)


@requirement(
    "idempotency.key.longest",
    MUST,
    "A key of 255 characters is accepted.",
    source=DRAFT,
    needs=NEEDS,
    any_status=True,
    breaks=["clients whose keys are composed of several ids"],
)
def test_longest(idempotency_lengths: Steps) -> None:
    for step in ("longest", "longest-other"):
        expect(answered_step(idempotency_lengths, step)).status(2)


@requirement(
    "idempotency.conflict.refused",
    MUST,
    "A key that was used with another body is refused with a 4xx status.",
    source=DRAFT,
    needs=NEEDS,
    any_status=True,
    breaks=["a client that mixes up its keys gets the answer to another question"],
)
def test_conflict(idempotency_other: Steps) -> None:
    served(idempotency_other, "first")
    expect(answered_step(idempotency_other, "body")).status(4)


def _conflict(steps: Steps) -> Exchange:
    served(steps, "first")
    found = answered_step(steps, "body")
    if not 400 <= found.status < 500:
        raise NotApplicable("it was not refused")
    return found


@requirement(
    "idempotency.conflict.error-object",
    MUST,
    "The refusal of a used key is an error object with a message.",
    source=DRAFT,
    needs=NEEDS,
    any_status=True,
    breaks=['openai-node: "(no body)"'],
)
def test_conflict_error(idempotency_other: Steps) -> None:
    found = _conflict(idempotency_other)
    expect(found).media_type("application/json")
    expect(found).error_object["message"].is_string(empty=False)


@requirement(
    "idempotency.conflict.not-retried",
    SHOULD,
    "The refusal of a used key is one that the SDKs do not retry: not 409 without x-should-retry.",
    source=field("https://github.com/tashfeenahmed/freellmapi/pull/1095"),
    needs=NEEDS,
    any_status=True,
    breaks=["openai-python, openai-node: a conflict that stays is tried twice more"],
)
def test_conflict_not_retried(idempotency_other: Steps) -> None:
    found = _conflict(idempotency_other)
    assert found.response is not None
    for client, decide in (("openai-python", python_sdk_delay), ("openai-node", node_sdk_delay)):
        decision = decide(found.response.headers, found.status, found.started)
        if decision.retries:
            expected = ("400 or 422", "x-should-retry: false")
            fail("status", expected, f"{client}: {decision.reason}", exchange=found)


@requirement(
    "idempotency.conflict.keeps-first",
    MUST,
    "A refused conflict leaves the stored answer as it was.",
    source=DRAFT,
    needs=NEEDS,
    any_status=True,
    breaks=[TWICE],
)
def test_conflict_keeps(idempotency_other: Steps) -> None:
    first = served(idempotency_other, "first")
    original = answered_step(idempotency_other, "original")
    shown = id_of(original) or original.status
    require(same_answer(first, original), "id", str(id_of(first)), shown)


@requirement(
    "idempotency.concurrent.once",
    MUST,
    "The same request several times at once is executed once.",
    source=DRAFT,
    needs=NEEDS,
    any_status=True,
    breaks=["a client that retries while the first try still runs pays twice"],
)
def test_twins(idempotency_twins: Steps) -> None:
    done = [x for x in idempotency_twins if x.ok]
    if len(done) < 2:
        raise NotApplicable("fewer than two were answered with success")
    for x in done[1:]:
        if not same_answer(done[0], x):
            fail("id", f"{id_of(done[0])} for each", id_of(x), exchange=x)


@requirement(
    "idempotency.concurrent.answered",
    MUST,
    "Of the same request at once, one is served, and none of the others fails for good.",
    source=DRAFT,
    needs=NEEDS,
    any_status=True,
    breaks=["a retry that comes too early is a 5xx, or an error that no client retries"],
)
def test_twins_answered(idempotency_twins: Steps) -> None:
    twins = idempotency_twins.all("twin")
    for x in twins:
        if not x.ok and x.status not in (409, 425, 429):
            fail("status", ["2xx", "409"], x.status or str(x), exchange=x)
        if x.status == 409 and x.header("x-should-retry") == "false":
            fail("header x-should-retry", "absent: the first is still running", "false", exchange=x)
    require(any(x.ok for x in twins), "status", "2xx for one of them", [x.status for x in twins])
