"""Streamed responses: items are announced, filled, and closed in order."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from conformance import response_events as re
from conformance.exchange import Exchange
from conformance.expect import NotApplicable, fail, require
from conformance.requirement import MUST, field, openai, openapi, requirement, sdk
from conformance.response_events import Seen
from conformance.select import RESPONSES_STREAM

EVENTS = openai("responses-streaming")
HELPER = sdk("openai-python 3.51 lib/streaming/responses/_responses.py")
RAISES = "openai-python responses.stream(): RuntimeError"
ADDED, DONE = "response.output_item.added", "response.output_item.done"
rule = partial(requirement, needs="responses.stream", over=RESPONSES_STREAM)


def _inside(event: Seen) -> bool:
    """Whether an event is about the content of an item."""
    if event.type in (ADDED, DONE, *re.LIFECYCLE, "error"):
        return False
    return "item_id" in event.payload or "output_index" in event.payload


def _added(events: list[Seen]) -> list[Seen]:
    found = re.of(events, ADDED)
    if not found:
        raise NotApplicable("no item is announced")
    return found


def _done(events: list[Seen]) -> list[Seen]:
    found = re.of(events, DONE)
    if not found:
        raise NotApplicable("no item is closed")
    return found


@rule(
    "responses.stream.item.added-first",
    MUST,
    "Every item is announced by `response.output_item.added` before the events of its content.",
    source=HELPER,
    breaks=[RAISES, "OpenCode: text part not found"],
)
def test_added_first(x: Exchange) -> None:
    known: set[Any] = set()
    places: set[Any] = set()
    judged = False
    for event in re.seen(x):
        if event.type == ADDED:
            known.add(event.item.get("id"))
            places.add(event.index)
        elif _inside(event):
            judged = True
            name, place = event.payload.get("item_id"), event.index
            if place is not None and place not in places:
                fail(f"{event.where}: output_index", f"one announced by {ADDED}", place)
            if isinstance(name, str) and name and not _knows(known, name):
                fail(f"{event.where}: item_id", f"one announced by {ADDED}", name)
    if not judged:
        raise NotApplicable


def _knows(known: set[Any], name: str) -> bool:
    return name in known or (all(not one for one in known) and bool(known))


@rule(
    "responses.stream.item.index-unique",
    MUST,
    "Each item has an `output_index` of its own, counted from 0 in the order of announcement.",
    source=HELPER,
    breaks=["openai-python: RuntimeError Duplicate response output index"],
)
def test_index_unique(x: Exchange) -> None:
    indexes = [e.index for e in _added(re.seen(x))]
    if any(index is None for index in indexes):
        raise NotApplicable
    wanted = list(range(len(indexes)))
    require(indexes == wanted, f"{ADDED}: output_index", repr(wanted), indexes)


@rule(
    "responses.stream.item.id-stable",
    MUST,
    "The id of an item is the same in all of its events.",
    source=HELPER,
    breaks=[RAISES, "content is attached to the wrong item"],
)
def test_id_stable(x: Exchange) -> None:
    events = re.seen(x)
    names = {e.index: e.item.get("id") for e in _added(events) if e.item.get("id")}
    judged = False
    for event in events:
        name = event.item.get("id") if event.type == DONE else event.payload.get("item_id")
        if event.type == ADDED or event.index not in names or not isinstance(name, str):
            continue
        judged = True
        wanted = str(names[event.index])
        require(name == wanted, f"{event.where}: item id", wanted, name)
    if not judged:
        raise NotApplicable


@rule(
    "responses.stream.item.same",
    MUST,
    "An item keeps its type, role, name and call id from its announcement to its end.",
    source=EVENTS,
    breaks=["clients that prepare a tool call when it is announced"],
)
def test_item_same(x: Exchange) -> None:
    events = re.seen(x)
    announced = {e.index: e.item for e in _added(events)}
    judged = False
    for event in re.of(events, DONE):
        first = announced.get(event.index)
        for key in ("type", "role", "name", "call_id"):
            if first is None or first.get(key) is None or event.item.get(key) is None:
                continue
            judged = True
            require(event.item[key] == first[key], f"{event.where}: item.{key}", repr(first[key]),
                    event.item[key])  # fmt: skip
    if not judged:
        raise NotApplicable


@rule(
    "responses.stream.item.call-named",
    MUST,
    "A call is announced with its name and its `call_id`.",
    source=EVENTS,
    breaks=["clients that prepare a tool call when it is announced"],
)
def test_call_named(x: Exchange) -> None:
    found = [e for e in _added(re.seen(x)) if e.item.get("type") in re.CALLS]
    if not found:
        raise NotApplicable
    for event in found:
        for key in ("name", "call_id"):
            value = event.item.get(key)
            require(bool(re.text_or_none(value)), f"{event.where}: item.{key}", "a string", value)


@rule(
    "responses.stream.item.empty",
    MUST,
    "An item is announced without content: its text, arguments and summary come in deltas.",
    source=EVENTS,
    breaks=["helpers that accumulate show the text twice"],
)
def test_item_empty(x: Exchange) -> None:
    events = re.seen(x)
    filled = {e.index for e in events if e.type.endswith(".delta")}
    judged = False
    for event in _added(events):
        if event.index not in filled:
            continue
        judged = True
        for key in ("content", "arguments", "input", "summary"):
            value = event.item.get(key)
            require(not value, f"{event.where}: item.{key}", "empty", value)
    if not judged:
        raise NotApplicable


@rule(
    "responses.stream.item.status",
    MUST,
    "A message or call is in progress when it is announced and ended when it is closed.",
    source=openapi("OutputMessage status"),
    breaks=["clients show the item as finished, or as running for ever"],
)
def test_item_status(x: Exchange) -> None:
    events = re.seen(x)
    judged = False
    for event in re.of(events, ADDED, DONE):
        status = event.item.get("status")
        if event.item.get("type") not in ("message", *re.CALLS) or not isinstance(status, str):
            continue
        judged = True
        wanted = ("in_progress",) if event.type == ADDED else ("completed", "incomplete")
        require(status in wanted, f"{event.where}: item.status", wanted, status)
    if not judged:
        raise NotApplicable


@rule(
    "responses.stream.item.closed",
    MUST,
    "Every announced item is closed by one `response.output_item.done`.",
    source=EVENTS,
    breaks=["clients that take items when they are done lose this one"],
)
def test_closed(x: Exchange) -> None:
    events = re.completed(x)
    opened = Counter(e.index for e in _added(events))
    closed = Counter(e.index for e in re.of(events, DONE))
    for index in opened:
        often = closed.get(index, 0)
        require(often == 1, f"{DONE} of output_index {index}", "one", often)
    for index in closed:
        require(index in opened, f"{DONE} of output_index {index}", "an announced item", "none")


@rule(
    "responses.stream.item.done-order",
    MUST,
    "Items are closed in the order of their `output_index`.",
    source=field("https://github.com/BerriAI/litellm"),
    breaks=["clients that append on done replay the tool call before the text"],
)
def test_done_order(x: Exchange) -> None:
    indexes = [e.index for e in _done(re.seen(x)) if e.index is not None]
    require(indexes == sorted(indexes), f"{DONE}: output_index", "ascending", indexes)


@rule(
    "responses.stream.item.within",
    MUST,
    "No event of an item comes after its `response.output_item.done`.",
    source=EVENTS,
    breaks=["the content is lost: the item was finished"],
)
def test_within(x: Exchange) -> None:
    events = re.seen(x)
    closed: set[Any] = set()
    for event in events:
        if event.type == DONE:
            closed.add(event.index)
        elif event.type not in (ADDED, *re.LIFECYCLE) and event.index in closed:
            fail(event.where, "before the item is closed", f"after {DONE}")
    if not closed:
        raise NotApplicable


def _essence(item: dict[str, Any]) -> dict[str, Any]:
    """What must not differ between an item's end and the whole response."""
    keys = ("type", "id", "role", "name", "call_id", "arguments", "input", "status")
    found = {key: item.get(key) for key in keys if item.get(key) is not None}
    found["text"] = re.said(item)
    summary = item.get("summary")
    if isinstance(summary, list):
        found["summary"] = [s.get("text") for s in summary if isinstance(s, dict)]
    return found


@rule(
    "responses.stream.item.completed-same",
    MUST,
    "The output of the final response is the closed items, in the same order.",
    source=EVENTS,
    breaks=[RAISES, "get_final_response().output_text is another text than was shown"],
)
def test_completed_same(x: Exchange) -> None:
    events = re.completed(x)
    end = re.of(events, *re.ENDS)[-1]
    if not isinstance(end.response.get("output"), list):
        raise NotApplicable
    closed = [e.item for e in re.of(events, DONE)]
    output = re.output(end.response)
    kinds = [i.get("type") for i in closed]
    require([i.get("type") for i in output] == kinds, f"{end.where}: response.output", repr(kinds),
            [i.get("type") for i in output])  # fmt: skip
    for number, (one, two) in enumerate(zip(closed, output, strict=True)):
        left, right = _essence(one), _essence(two)
        for key in left:
            require(right.get(key) == left[key], f"{end.where}: response.output[{number}].{key}",
                    repr(left[key])[:300], right.get(key))  # fmt: skip
