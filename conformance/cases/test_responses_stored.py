"""Stored responses: retrieval, deletion, input items, memory, background, counting."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from conformance import response_events as re
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, expect, fail, require
from conformance.requirement import (
    MAY,
    MUST,
    SHOULD,
    Level,
    Source,
    field,
    openai,
    openapi,
    requirement,
)

GET = openai("responses/get")
ITEMS = openai("responses/input-items")
MEMORY = openai("responses/create previous_response_id")
plain = partial(requirement, needs="responses")
rule = partial(requirement, needs="responses.stored")


def step(steps: Steps, name: str) -> Exchange:
    """A step of a scenario. Raises NotApplicable where it was not sent or not let through."""
    x = steps.get(name)
    if x is None:
        raise NotApplicable(f"the step {name!r} was not sent")
    if x.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    return x


def good(steps: Steps, name: str) -> Exchange:
    """A step that was answered with success."""
    x = step(steps, name)
    if not x.ok:
        raise NotApplicable(f"the step {name!r} was answered {x.status}")
    return x


def gone(x: Exchange, *more: int) -> None:
    """The answer is 404 with an error in JSON."""
    try:
        expect(x).status(404, *more)
    except Exception as violation:
        violation.exchange = x  # type: ignore[attr-defined]
        raise


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


# ---- input items -------------------------------------------------------------------------------


def _texts(x: Exchange) -> list[str]:
    return [re.said(item) for item in re.listed(x)]


WORDS = ("Alpha", "Yes", "Beta")


def _places(x: Exchange) -> list[int]:
    """Which of the sent messages each listed item is."""
    found = []
    for text in _texts(x):
        found += [n for n, word in enumerate(WORDS) if text.startswith(word)][:1]
    return found


@rule(
    "responses.items.complete",
    MUST,
    "The input items are the messages that were sent, each once, with their text.",
    source=ITEMS,
    breaks=["clients that show a stored conversation"],
)
def test_items(responses_items: Steps) -> None:
    x = step(responses_items, "items")
    expect(x).status(2)
    found = sorted(_places(x))
    require(found == [0, 1, 2], "data", "the three messages", _texts(x))


@rule(
    "responses.items.roles",
    MUST,
    "The input items have the roles that they were sent with.",
    source=ITEMS,
    breaks=["clients show the user's words as the assistant's"],
)
def test_roles(responses_items: Steps) -> None:
    roles = {"Alpha": "user", "Yes": "assistant", "Beta": "user"}
    for item in re.listed(good(responses_items, "items")):
        word = next((w for w in roles if re.said(item).startswith(w)), None)
        if word is not None:
            require(item.get("role") == roles[word], "data[].role", roles[word], item.get("role"))


@rule(
    "responses.items.ids",
    MUST,
    "Every input item has an id of its own.",
    source=ITEMS,
    breaks=["pages go on after an id: without one they never end"],
)
def test_item_ids(responses_items: Steps) -> None:
    names = [item.get("id") for item in re.listed(good(responses_items, "items"))]
    if not names:
        raise NotApplicable
    whole = [n for n in names if isinstance(n, str) and n]
    require(len(set(whole)) == len(names), "data[].id", "a string of its own", names)


@rule(
    "responses.items.asc",
    MUST,
    "`order=asc` lists the input items in the order in which they were sent.",
    source=ITEMS,
    breaks=["conversations are shown upside down"],
)
def test_asc(responses_items: Steps) -> None:
    found = _places(good(responses_items, "asc"))
    require(found == sorted(found), "data", "oldest first", _texts(responses_items["asc"]))


@rule(
    "responses.items.desc",
    MUST,
    "`order=desc` lists the input items newest first.",
    source=ITEMS,
    breaks=["conversations are shown upside down"],
)
def test_desc(responses_items: Steps) -> None:
    found = _places(good(responses_items, "desc"))
    require(found == sorted(found, reverse=True), "data", "newest first",
            _texts(responses_items["desc"]))  # fmt: skip


@rule(
    "responses.items.default-order",
    SHOULD,
    "Without `order` the input items are listed newest first.",
    source=ITEMS,
)
def test_default(responses_items: Steps) -> None:
    found = _places(good(responses_items, "items"))
    require(found == sorted(found, reverse=True), "data", "newest first",
            _texts(responses_items["items"]))  # fmt: skip


@rule(
    "responses.items.edges",
    MUST,
    "`first_id` and `last_id` are the ids of the first and the last listed item.",
    source=ITEMS,
    breaks=["pages that go on after last_id repeat or skip items"],
)
def test_edges(responses_items: Steps) -> None:
    for name in ("items", "asc", "page"):
        x = good(responses_items, name)
        data, body = re.listed(x), x.json
        for key, place in (("first_id", 0), ("last_id", -1)):
            if data and isinstance(body, dict) and key in body and data[place].get("id"):
                wanted = data[place]["id"]
                require(body[key] == wanted, key, wanted, body[key])


@rule(
    "responses.items.limit",
    MUST,
    "`limit=2` lists two items and says `has_more: true` where there are three.",
    source=ITEMS,
    breaks=["pages are too long, or end too early"],
)
def test_limit(responses_items: Steps) -> None:
    x = good(responses_items, "page")
    if len(re.listed(good(responses_items, "asc"))) != 3:
        raise NotApplicable
    require(len(re.listed(x)) == 2, "data", "2 items", len(re.listed(x)))
    require(x.json.get("has_more") is True, "has_more", "true", x.json.get("has_more"))


@rule(
    "responses.items.after",
    MUST,
    "`after` goes on behind the named item, and the last page says `has_more: false`.",
    source=ITEMS,
    breaks=["both SDKs: an endless loop, or missing items"],
)
def test_after(responses_items: Steps) -> None:
    page, rest = good(responses_items, "page"), step(responses_items, "rest")
    if len(re.listed(page)) != 2 or len(re.listed(good(responses_items, "asc"))) != 3:
        raise NotApplicable
    expect(rest).status(2)
    whole = [i.get("id") for i in re.listed(good(responses_items, "asc"))]
    found = [i.get("id") for i in re.listed(rest)]
    require(found == whole[2:], "data[].id", repr(whole[2:]), found)
    require(rest.json.get("has_more") is False, "has_more", "false", rest.json.get("has_more"))


@rule(
    "responses.items.no-output",
    MUST,
    "The input items do not hold the output of the response.",
    source=ITEMS,
    breaks=["clients that join input and output show the answer twice"],
)
def test_no_output(responses_items: Steps) -> None:
    names = {i.get("id") for i in re.output(re.result(good(responses_items, "create")))}
    for item in re.listed(good(responses_items, "items")):
        name = item.get("id")
        require(not name or name not in names, "data[].id", "no output item", name)


@rule(
    "responses.items.text",
    MUST,
    "An input that was a string is listed as one message of the user.",
    source=ITEMS,
    breaks=["clients that show a stored conversation"],
)
def test_text(responses_text_items: Steps) -> None:
    good(responses_text_items, "create")
    found = re.listed(good(responses_text_items, "items"))
    require(len(found) == 1, "data", "1 item", len(found))
    item = found[0]
    require(item.get("role") == "user" and "fox" in re.said(item), "data[0]",
            "a message of the user with the text", item)  # fmt: skip


# ---- memory ------------------------------------------------------------------------------------


@plain(
    "responses.previous.unknown",
    MUST,
    "An unknown `previous_response_id` is refused with 400 or 404.",
    source=MEMORY,
    any_status=True,
    breaks=["a conversation silently loses its memory"],
)
def test_previous_unknown(responses_bad_previous: Exchange) -> None:
    if responses_bad_previous.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    expect(responses_bad_previous).status(4)


@requirement(
    "responses.previous.unknown-streamed",
    MUST,
    "An unknown `previous_response_id` is refused with 400 or 404 for a stream, too.",
    source=MEMORY,
    needs="responses.stream",
    any_status=True,
    breaks=["a conversation silently loses its memory"],
)
def test_previous_unknown_streamed(responses_bad_previous_stream: Exchange) -> None:
    if responses_bad_previous_stream.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    expect(responses_bad_previous_stream).status(4)


@rule(
    "responses.previous.error",
    SHOULD,
    "The error about an unknown `previous_response_id` names it in `param`.",
    source=MEMORY,
    any_status=True,
)
def test_previous_error(responses_bad_previous: Exchange) -> None:
    if responses_bad_previous.status not in (400, 404):
        raise NotApplicable
    expect(responses_bad_previous).error_object.get("param").one_of("previous_response_id")


def _remembers(steps: Steps, first: str, later: str) -> None:
    told, asked = good(steps, first), step(steps, later)
    if re.result(told).get("store") is False:
        raise NotApplicable("the response says that it is not stored")
    if not asked.ok:
        if asked.status >= 500:
            expect(asked).status(2, 4)
        raise NotApplicable("refused")
    word = str(asked.context.get("word"))
    if word in re.text_of(asked):
        return
    before = re.number(re.usage_of(told).get("input_tokens"))
    after = re.number(re.usage_of(asked).get("input_tokens"))
    if before is None or after is None:
        raise Inconclusive("the model did not recall the word, and nothing is counted")
    if after < before:
        fail(
            "output_text and usage.input_tokens",
            f"the word {word}, or at least the {before} tokens of the turn before",
            f"{re.text_of(asked)[:100]!r}, {after} tokens",
            exchange=asked,
        )
    raise Inconclusive("the model did not recall the word")


@plain(
    "responses.previous.remembers",
    MUST,
    "With `previous_response_id` the model sees the turn before, or the request is refused.",
    source=MEMORY,
    breaks=["a conversation silently loses its memory"],
)
def test_remembers(responses_memory: Steps) -> None:
    _remembers(responses_memory, "one", "two")


@plain(
    "responses.previous.remembers-all",
    MUST,
    "With `previous_response_id` the model sees every turn of the chain, not only the last.",
    source=MEMORY,
    breaks=["a conversation forgets its beginning"],
)
def test_remembers_all(responses_memory: Steps) -> None:
    good(responses_memory, "hello")
    _remembers(responses_memory, "one", "three")


@plain(
    "responses.previous.from-stream",
    MUST,
    "The id of a streamed response may be the next `previous_response_id`.",
    source=field("https://github.com/stdapi-ai/stdapi.ai"),
    breaks=["conversations by id break for streams only"],
)
def test_from_stream(responses_memory: Steps) -> None:
    good(responses_memory, "three")
    x = step(responses_memory, "four")
    try:
        expect(x).status(2)
    except Exception as violation:
        violation.exchange = x  # type: ignore[attr-defined]
        raise
    _remembers(responses_memory, "one", "four")


@plain(
    "responses.previous.answered",
    MUST,
    "A response that may be retrieved may be the next `previous_response_id`.",
    source=MEMORY,
    breaks=["conversations end after their first turn"],
)
def test_previous_answered(responses_retrieved: Exchange, responses_memory: Steps) -> None:
    if not responses_retrieved.ok:
        raise NotApplicable
    good(responses_memory, "one")
    expect(step(responses_memory, "two")).status(2)


@rule(
    "responses.previous.instructions-dropped",
    MUST,
    "`instructions` of an earlier response are not carried over by `previous_response_id`.",
    source=openai("responses/create instructions"),
    breaks=["agents that take turns speak with each other's system prompt"],
)
def test_instructions_dropped(
    responses_instructed: Exchange, responses_after_instructed: Exchange
) -> None:
    if not responses_after_instructed.ok:
        raise NotApplicable
    before, after = re.need(responses_instructed), re.need(responses_after_instructed)
    kept = after.get("instructions")
    if before.get("instructions") and kept is not None:
        fail("instructions", "null", kept)
    both = (responses_instructed, responses_after_instructed)
    one, two = (re.number(re.usage_of(x).get("input_tokens")) for x in both)
    if one is None or two is None or one < 120:
        return
    require(two < one, "usage.input_tokens", f"less than {one}: without the instructions", two)


# ---- background --------------------------------------------------------------------------------

background = partial(requirement, needs="responses.background")


@background(
    "responses.background.ends",
    MUST,
    "A background response ends: it can be looked at until it is completed.",
    source=openai("responses/create background"),
    breaks=["clients poll for ever"],
)
def test_background_ends(responses_background: Steps) -> None:
    good(responses_background, "create")
    last = step(responses_background, "poll")
    expect(last).status(2)
    status = re.need(last).get("status")
    if status in ("queued", "in_progress"):
        raise Inconclusive("it was still running when the suite stopped looking", owner="network")
    require(status in ("completed", "incomplete"), "status", "completed", status)


@background(
    "responses.background.order",
    MUST,
    "A background response goes from queued to in_progress to its end, never back.",
    source=openai("responses/object status"),
    breaks=["clients that show the state of a response"],
)
def test_background_order(responses_background: Steps) -> None:
    ranks = {"queued": 0, "in_progress": 1}
    found = [re.result(x).get("status") for x in responses_background if x.ok]
    places = [ranks.get(str(s), 2) for s in found if isinstance(s, str)]
    if len(places) < 2:
        raise NotApplicable
    require(places == sorted(places), "status", "queued, in_progress, ended", found)


@background(
    "responses.background.same-id",
    MUST,
    "A background response keeps its id.",
    source=openai("responses/object id"),
    breaks=["clients poll for another response"],
)
def test_background_id(responses_background: Steps) -> None:
    names = {re.id_of(x) for x in responses_background if x.ok and re.id_of(x)}
    if not names:
        raise NotApplicable
    require(len(names) == 1, "id", "one id", sorted(map(str, names)))


@background(
    "responses.background.cancels",
    MUST,
    "A background response can be cancelled: its status becomes cancelled.",
    source=openai("responses/cancel"),
    breaks=["work that nobody waits for is paid for"],
)
def test_cancels(responses_background_cancel: Steps) -> None:
    good(responses_background_cancel, "create")
    x = step(responses_background_cancel, "cancel")
    expect(x).status(2)
    status = re.need(x).get("status")
    if status in ("completed", "incomplete"):
        raise Inconclusive("it had ended before it could be cancelled", owner="network")
    require(status == "cancelled", "status", "cancelled", status)


@background(
    "responses.background.stays-cancelled",
    MUST,
    "A cancelled response stays cancelled.",
    source=openai("responses/cancel"),
    breaks=["work that nobody waits for is paid for"],
)
def test_stays_cancelled(responses_background_cancel: Steps) -> None:
    if re.result(good(responses_background_cancel, "cancel")).get("status") != "cancelled":
        raise NotApplicable
    status = re.need(good(responses_background_cancel, "get")).get("status")
    require(status == "cancelled", "status", "cancelled", status)


@background(
    "responses.background.cancel-twice",
    SHOULD,
    "Cancelling twice does no harm: the second answer is the cancelled response.",
    source=openai("responses/cancel"),
)
def test_cancel_twice(responses_background_cancel: Steps) -> None:
    good(responses_background_cancel, "cancel")
    expect(step(responses_background_cancel, "again")).status(2)


@background(
    "responses.background.resume",
    MUST,
    "`GET ?stream=true&starting_after=3` sends the events from number 4 on.",
    source=openai("responses/get starting_after"),
    breaks=["a stream that broke cannot be taken up again"],
)
def test_resume(responses_background_stream: Steps) -> None:
    created = good(responses_background_stream, "create")
    x = step(responses_background_stream, "resume")
    if not re.of(re.seen(created), *re.ENDS):
        raise NotApplicable
    if x.status in (400, 404, 405, 501):
        raise NotApplicable("refused")
    expect(x).status(2)
    if not x.payloads:
        fail("body", "events", x.response.text[:200] if x.response else "", exchange=x)
    numbers = [re.number(e.payload.get("sequence_number")) for e in re.seen(x)]
    whole = [re.number(e.payload.get("sequence_number")) for e in re.seen(created)]
    if None in numbers or None in whole:
        raise NotApplicable
    wanted = [n for n in whole if n is not None and n > 3]
    require(numbers == wanted, "sequence_number", repr(wanted)[:200], repr(numbers)[:200])


# ---- counting and compaction -------------------------------------------------------------------


@requirement(
    "responses.input-tokens.equal",
    SHOULD,
    "`/responses/input_tokens` counts what a response with the same input then uses.",
    source=openai("responses/input-tokens"),
    needs="responses.input-tokens",
)
def test_input_tokens(responses_input_tokens: Exchange, responses: Exchange) -> None:
    body = responses_input_tokens.json
    counted = re.number(body.get("input_tokens")) if isinstance(body, dict) else None
    used = re.number(re.usage_of(responses).get("input_tokens"))
    if counted is None or used is None:
        raise NotApplicable
    require(counted == used, "input_tokens", str(used), counted)


@requirement(
    "responses.input-tokens.grows",
    MUST,
    "`/responses/input_tokens` counts more for a longer input.",
    source=openai("responses/input-tokens"),
    needs="responses.input-tokens",
    breaks=["clients that cut their input to a budget"],
)
def test_input_tokens_grow(
    responses_input_tokens: Exchange, responses_input_tokens_long: Exchange
) -> None:
    bodies = (responses_input_tokens.json, responses_input_tokens_long.json)
    few, many = (re.number(b.get("input_tokens")) if isinstance(b, dict) else None for b in bodies)
    if few is None or many is None:
        raise NotApplicable
    require(many >= few + 20, "input_tokens", f"at least {few + 20}", many)


@requirement(
    "responses.compact.item",
    MUST,
    "A compaction ends with an item of the type `compaction` with `encrypted_content`.",
    source=openapi("CompactResource"),
    needs="responses.compact",
    breaks=["clients that replace their history by the compacted one"],
)
def test_compact(responses_compact: Exchange) -> None:
    if not responses_compact.ok or not isinstance(responses_compact.json, dict):
        raise NotApplicable
    kinds = [i.get("type") for i in re.output(responses_compact.json)]
    require("compaction" in kinds, "output[].type", "compaction", kinds)


@requirement(
    "responses.compact.accepted",
    MUST,
    "The output of a compaction is accepted as input.",
    source=openai("responses/compact"),
    needs="responses.compact",
    any_status=True,
    breaks=["long conversations end here"],
)
def test_compact_next(responses_compact_next: Exchange) -> None:
    if responses_compact_next.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    expect(responses_compact_next).status(2)
