"""Stored responses: retrieval, deletion, and what must not be kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from conformance import response_events as re
from conformance.cases._responses import gone, good, step
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, expect, fail, require
from conformance.requirement import MAY, MUST, SHOULD, Level, Source, field, openai, requirement

GET = openai("responses/get")
ITEMS = openai("responses/input-items")
MEMORY = openai("responses/create previous_response_id")
plain = partial(requirement, needs="responses")
rule = partial(requirement, needs="responses.stored")


def _kept(created: Exchange, got: Exchange) -> None:
    if got.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    if not created.ok:
        raise NotApplicable("storage was refused up front")
    if created.sent.get("store") is not True or re.result(created).get("store") is False:
        raise NotApplicable("the response says that it is not stored")
    if not got.ok:
        text = got.response.text[:200] if got.response else ""
        fail("status", "200: the response was accepted with `store: true`",
             f"{got.status} {text}", exchange=got)  # fmt: skip
    body = got.json
    if not isinstance(body, dict):
        fail("body", "the response", got.response.text[:200] if got.response else "", exchange=got)


@plain(
    "responses.stored.kept",
    MUST,
    "A response that was accepted with `store: true` can be retrieved.",
    source=field("https://github.com/digitalocean/gradient-python"),
    any_status=True,
    breaks=["a conversation silently loses its memory on the second turn"],
)
def test_kept(responses_kept: Exchange, responses_retrieved: Exchange) -> None:
    _kept(responses_kept, responses_retrieved)


@requirement(
    "responses.stored.kept-streamed",
    MUST,
    "A streamed response that was accepted with `store: true` can be retrieved by its id.",
    source=field("https://github.com/stdapi-ai/stdapi.ai"),
    needs="responses.stream",
    any_status=True,
    breaks=["conversations by id break for streams only"],
)
def test_kept_streamed(
    responses_kept_stream: Exchange, responses_stream_retrieved: Exchange
) -> None:
    _kept(responses_kept_stream, responses_stream_retrieved)


SAME = (
    "id", "object", "created_at", "model", "status", "instructions", "metadata", "temperature",
    "top_p", "tool_choice", "tools", "parallel_tool_calls", "incomplete_details", "error",
    "max_output_tokens", "text", "truncation", "previous_response_id",
)  # fmt: skip


def _same(created: Exchange, got: Exchange) -> None:
    one, two = re.need(created), re.need(got)
    for key in SAME:
        if key in one:
            require(two.get(key) == one[key], key, repr(one[key])[:300], two.get(key))


def _same_output(created: Exchange, got: Exchange) -> None:
    one, two = re.need(created), re.need(got)
    keys = ("type", "id", "role", "name", "call_id", "arguments", "input")
    left, right = (
        [({k: i.get(k) for k in keys}, re.said(i)) for i in re.output(body)] for body in (one, two)
    )
    require(left == right, "output", repr(left)[:400], repr(right)[:400])


@rule(
    "responses.stored.same",
    MUST,
    "A retrieved response has the id, the state and the options of the created one.",
    source=GET,
    breaks=["clients that go on from a retrieved response"],
)
def test_same(responses_kept: Exchange, responses_retrieved: Exchange) -> None:
    _same(responses_kept, responses_retrieved)


@rule(
    "responses.stored.same-output",
    MUST,
    "A retrieved response has the output of the created one.",
    source=GET,
    breaks=["clients that go on from a retrieved response"],
)
def test_same_output(
    responses_kept: Exchange,
    responses_retrieved: Exchange,
    responses_tools: Exchange,
    responses_tools_retrieved: Exchange,
) -> None:
    _same_output(responses_kept, responses_retrieved)
    if responses_tools.ok and responses_tools_retrieved.ok:
        _same_output(responses_tools, responses_tools_retrieved)


@rule(
    "responses.stored.same-usage",
    MUST,
    "A retrieved response has the usage of the created one.",
    source=GET,
    breaks=["budgets that are settled later"],
)
def test_same_usage(responses_kept: Exchange, responses_retrieved: Exchange) -> None:
    for key in ("input_tokens", "output_tokens", "total_tokens"):
        one, two = (re.count(x, key) for x in (responses_kept, responses_retrieved))
        require(one == two, f"usage.{key}", str(one), two)


@rule(
    "responses.stored.same-streamed",
    MUST,
    "A retrieved response has the output and the state that its stream ended with.",
    source=GET,
    breaks=["clients that go on from a retrieved response"],
)
def test_same_streamed(
    responses_kept_stream: Exchange, responses_stream_retrieved: Exchange
) -> None:
    _same(responses_kept_stream, responses_stream_retrieved)
    _same_output(responses_kept_stream, responses_stream_retrieved)


# ---- unknown, deleted, not kept, somebody else's -----------------------------------------------


def _unknown(
    id: str, what: str, source: Source, level: Level = MUST
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return rule(
        f"responses.stored.{id}",
        level,
        f"{what} of an unknown response is answered 404.",
        source=source,
        any_status=True,
        breaks=["clients wait for NotFoundError"],
    )


@_unknown("unknown", "GET", GET)
def test_unknown(responses_unknown: Exchange) -> None:
    expect(responses_unknown).status(404)


@_unknown("unknown-delete", "DELETE", openai("responses/delete"))
def test_unknown_delete(responses_unknown_deleted: Exchange) -> None:
    expect(responses_unknown_deleted).status(404)


@_unknown("unknown-items", "GET input_items", ITEMS)
def test_unknown_items(responses_unknown_items: Exchange) -> None:
    expect(responses_unknown_items).status(404)


@_unknown("unknown-cancel", "Cancelling", openai("responses/cancel"), SHOULD)
def test_unknown_cancel(responses_unknown_cancelled: Exchange) -> None:
    expect(responses_unknown_cancelled).status(404)


@rule(
    "responses.stored.delete",
    MUST,
    "A stored response can be deleted.",
    source=openai("responses/delete"),
    breaks=["data that has to be erased stays"],
)
def test_delete(responses_items: Steps) -> None:
    expect(step(responses_items, "delete")).status(2)


@rule(
    "responses.stored.delete-told",
    MAY,
    "A deletion is answered by an object with the id and `deleted: true`.",
    source=openai("responses/delete"),
)
def test_delete_told(responses_items: Steps) -> None:
    x = good(responses_items, "delete")
    body = expect(x).json.is_object()
    body["deleted"].equals(True)
    body["id"].equals(re.id_of(step(responses_items, "create")))


@rule(
    "responses.stored.deleted",
    MUST,
    "A deleted response is gone: GET is answered 404.",
    source=openai("responses/delete"),
    breaks=["data that was erased is still handed out"],
)
def test_deleted(responses_items: Steps) -> None:
    good(responses_items, "delete")
    gone(step(responses_items, "gone"))


@rule(
    "responses.stored.deleted-items",
    MUST,
    "The input items of a deleted response are gone.",
    source=openai("responses/delete"),
    breaks=["data that was erased is still handed out"],
)
def test_deleted_items(responses_items: Steps) -> None:
    good(responses_items, "delete")
    good(responses_items, "items")
    gone(step(responses_items, "gone items"))


@rule(
    "responses.stored.deleted-twice",
    SHOULD,
    "Deleting a response a second time is answered 404.",
    source=openai("responses/delete"),
)
def test_deleted_twice(responses_items: Steps) -> None:
    good(responses_items, "delete")
    gone(step(responses_items, "gone delete"))


@rule(
    "responses.stored.private",
    MUST,
    "Another account can neither read a response, nor its input, nor go on from it.",
    source=openai("responses/get"),
    breaks=["one customer reads the conversations of another"],
)
def test_private(responses_items: Steps) -> None:
    for name in ("foreign", "foreign items", "foreign turn"):
        x = step(responses_items, name)
        if x.ok:
            fail("status", ["404", "another 4xx"], f"{x.status}", exchange=x)


@rule(
    "responses.stored.cancel-refused",
    SHOULD,
    "A response that does not run in the background cannot be cancelled: 400.",
    source=openai("responses/cancel"),
)
def test_cancel_refused(responses_items: Steps) -> None:
    expect(step(responses_items, "cancel")).status(4)


@plain(
    "responses.store-false.not-kept",
    MUST,
    "A response with `store: false` is not kept: GET is answered 404.",
    source=openai("responses/create store"),
    breaks=["data that must not be kept is kept"],
)
def test_not_kept(responses_unstored: Steps) -> None:
    good(responses_unstored, "create")
    x = step(responses_unstored, "get")
    if x.ok:
        fail("status", "404", x.status, exchange=x)


@plain(
    "responses.store-false.no-memory",
    MUST,
    "The id of a response with `store: false` is no `previous_response_id`: it is refused.",
    source=MEMORY,
    breaks=["a conversation silently loses its memory"],
)
def test_no_memory(responses_unstored: Steps) -> None:
    good(responses_unstored, "create")
    expect(step(responses_unstored, "next")).status(4)
