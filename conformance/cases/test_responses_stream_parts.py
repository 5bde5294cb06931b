"""Streamed responses: parts, and the deltas that join to their text."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from conformance import response_events as re
from conformance.exchange import Exchange
from conformance.expect import NotApplicable, fail, require
from conformance.requirement import MUST, field, openai, requirement, sdk
from conformance.response_events import Seen
from conformance.select import RESPONSES_STREAM

EVENTS = openai("responses-streaming")
HELPER = sdk("openai-python 3.51 lib/streaming/responses/_responses.py")
ADDED, DONE = "response.output_item.added", "response.output_item.done"
PART, PART_DONE = "response.content_part.added", "response.content_part.done"
rule = partial(requirement, needs="responses.stream", over=RESPONSES_STREAM)


@rule(
    "responses.stream.part.added-first",
    MUST,
    "A part is announced by `response.content_part.added` before its first delta.",
    source=HELPER,
    breaks=["openai-python responses.stream(): IndexError", "AI SDK: text part not found"],
)
def test_part_first(x: Exchange) -> None:
    known: set[Any] = set()
    judged = False
    for event in re.seen(x):
        if event.type == PART:
            known.add(event.place)
        elif event.type in re.DELTAS and event.type != "response.reasoning_text.delta":
            judged = True
            require(event.place in known, event.where, f"{PART} before it", "none")
    if not judged:
        raise NotApplicable


@rule(
    "responses.stream.part.empty",
    MUST,
    "A part is announced with an empty text.",
    source=EVENTS,
    breaks=["helpers that accumulate show the beginning twice"],
)
def test_part_empty(x: Exchange) -> None:
    found = re.of(re.seen(x), PART)
    if not found:
        raise NotApplicable
    for event in found:
        text = event.part.get("text", event.part.get("refusal"))
        require(not text, f"{event.where}: part.text", '""', text)


@rule(
    "responses.stream.part.index",
    MUST,
    "The parts of an item have the content indexes 0, 1, 2 and so on.",
    source=EVENTS,
    breaks=["openai-python responses.stream(): IndexError"],
)
def test_part_index(x: Exchange) -> None:
    found: dict[Any, list[Any]] = {}
    for event in re.of(re.seen(x), PART):
        found.setdefault(event.index, []).append(re.number(event.payload.get("content_index")))
    if not found or any(i is None for listed in found.values() for i in listed):
        raise NotApplicable
    for listed in found.values():
        wanted = list(range(len(listed)))
        require(listed == wanted, f"{PART}: content_index", repr(wanted), listed)


@rule(
    "responses.stream.part.closed",
    MUST,
    "Every announced part is closed by one `response.content_part.done`.",
    source=EVENTS,
    breaks=["clients that finish a text when its part is done"],
)
def test_part_closed(x: Exchange) -> None:
    events = re.completed(x)
    opened = Counter(e.place for e in re.of(events, PART))
    closed = Counter(e.place for e in re.of(events, PART_DONE))
    if not opened and not closed:
        raise NotApplicable
    require(opened == closed, f"{PART_DONE}", f"one for each of {len(opened)} parts",
            f"{sum(closed.values())} of them")  # fmt: skip


@rule(
    "responses.stream.part.type",
    MUST,
    "The deltas of a part are of the part's type, and it fits its item.",
    source=field("https://github.com/vllm-project/vllm"),
    breaks=["clients show reasoning as the answer"],
)
def test_part_type(x: Exchange) -> None:
    events = re.seen(x)
    items = {e.index: e.item.get("type") for e in re.of(events, ADDED)}
    kinds = {e.place: e.part.get("type") for e in re.of(events, PART)}
    if not kinds:
        raise NotApplicable
    fitting = {"message": ("output_text", "refusal"), "reasoning": ("reasoning_text",)}
    for event in re.of(events, PART):
        wanted = fitting.get(str(items.get(event.index)))
        kind = event.part.get("type")
        if wanted and isinstance(kind, str):
            require(kind in wanted, f"{event.where}: part.type", wanted, kind)
    for event in events:
        found = kinds.get(event.place)
        if event.type in re.DELTAS and isinstance(found, str):
            require(re.DELTAS[event.type] == found, event.where, f"deltas of {found}", event.type)


# ---- text --------------------------------------------------------------------------------------


def _closing(x: Exchange, *kinds: str) -> list[Seen]:
    found = re.of(re.seen(x), *kinds)
    if not found:
        raise NotApplicable("no text is closed")
    return found


def _joins(x: Exchange, *kinds: str) -> None:
    events = re.seen(x)
    for event in _closing(x, *kinds):
        delta, key = re.DONES[event.type]
        text, whole = re.joined(events, delta, event.place) or "", event.payload.get(key)
        if isinstance(whole, str):
            require(text == whole, f"{event.where}: {key}", text[:300], whole[:300])


@rule(
    "responses.stream.text.joins",
    MUST,
    "The text of `response.output_text.done` is its deltas, joined.",
    source=EVENTS,
    breaks=["users see another text than the one that is stored"],
)
def test_text_joins(x: Exchange) -> None:
    _joins(x, "response.output_text.done", "response.refusal.done")


@rule(
    "responses.stream.arguments.joins",
    MUST,
    "The arguments of a call's closing event are its deltas, joined.",
    source=EVENTS,
    breaks=["tools are called with other arguments than were shown"],
)
def test_arguments_join(x: Exchange) -> None:
    _joins(x, *(f"{prefix}.done" for prefix, _ in re.CALLS.values()))


@rule(
    "responses.stream.reasoning.joins",
    MUST,
    "The reasoning of a closing event is its deltas, joined.",
    source=EVENTS,
    breaks=["users see other thoughts than those that are stored"],
)
def test_reasoning_joins(x: Exchange) -> None:
    _joins(x, "response.reasoning_text.done", "response.reasoning_summary_text.done")


def _text_items(x: Exchange) -> list[Seen]:
    found = [e for e in re.of(re.seen(x), DONE) if e.item.get("type") == "message"]
    if not found:
        raise NotApplicable("no message is closed")
    return found


@rule(
    "responses.stream.text.item-same",
    MUST,
    "The text of a closed message is its deltas, joined.",
    source=EVENTS,
    breaks=["users see another text than the one that is stored"],
)
def test_text_item(x: Exchange) -> None:
    events = re.seen(x)
    for event in _text_items(x):
        text = "".join(
            e.delta
            for e in events
            if e.index == event.index and e.type == "response.output_text.delta"
        )
        whole = "".join(
            p["text"]
            for p in re.parts(event.item)
            if p.get("type") == "output_text" and isinstance(p.get("text"), str)
        )
        if text:
            require(whole == text, f"{event.where}: item.content", text[:300], whole[:300])


@rule(
    "responses.stream.text.part-same",
    MUST,
    "The text of `response.content_part.done` is the deltas of the part, joined.",
    source=EVENTS,
    breaks=["users see another text than the one that is stored"],
)
def test_text_part(x: Exchange) -> None:
    events = re.seen(x)
    judged = False
    for event in re.of(events, PART_DONE):
        text = re.joined(events, "response.output_text.delta", event.place)
        whole = event.part.get("text")
        if text is None or not isinstance(whole, str):
            continue
        judged = True
        require(whole == text, f"{event.where}: part.text", text[:300], whole[:300])
    if not judged:
        raise NotApplicable


@rule(
    "responses.stream.text.deltas",
    MUST,
    "A text comes in at least one delta.",
    source=EVENTS,
    breaks=["user interfaces show an empty reply"],
)
def test_text_deltas(x: Exchange) -> None:
    events = re.ended(x)
    text = re.texts(re.last_response(x)) or "".join(
        str(e.payload.get("text") or "") for e in re.of(events, "response.output_text.done")
    )
    if not text:
        raise NotApplicable
    found = [e for e in re.of(events, "response.output_text.delta") if e.delta]
    require(bool(found), "stream", "response.output_text.delta", "none")


@rule(
    "responses.stream.text.done",
    MUST,
    "Every text part is closed by one `response.output_text.done`, before its part is done.",
    source=EVENTS,
    breaks=["clients that take the text from the closing event get nothing"],
)
def test_text_done(x: Exchange) -> None:
    events = re.completed(x)
    places = {e.place for e in re.of(events, "response.output_text.delta")}
    if not places:
        raise NotApplicable
    for place in places:
        found = [e for e in re.of(events, "response.output_text.done") if e.place == place]
        require(len(found) == 1, "response.output_text.done", "one for each part", len(found))
        parts = [e for e in re.of(events, PART_DONE) if e.place == place]
        if parts and parts[0].number < found[0].number:
            fail(found[0].where, f"before {PART_DONE}", "after it")


@rule(
    "responses.stream.text.no-late-delta",
    MUST,
    "No delta comes after the event that closes its text.",
    source=EVENTS,
    breaks=["the text is lost: it was finished"],
)
def test_no_late_delta(x: Exchange) -> None:
    closed: set[Any] = set()
    for event in re.seen(x):
        if event.type in re.DONES:
            closed.add((re.DONES[event.type][0], event.place))
        elif (event.type, event.place) in closed:
            fail(event.where, "before the text is closed", "after it")
    if not closed:
        raise NotApplicable


@rule(
    "responses.stream.arguments.deltas",
    MUST,
    "Arguments come in at least one delta.",
    source=EVENTS,
    breaks=["helpers that accumulate call the tool without arguments"],
)
def test_arguments_deltas(x: Exchange) -> None:
    events = re.seen(x)
    judged = False
    for event in re.of(events, DONE):
        prefix, key = re.CALLS.get(str(event.item.get("type")), ("", ""))
        if not prefix or not re.text_or_none(event.item.get(key)):
            continue
        judged = True
        found = [e for e in re.of(events, f"{prefix}.delta") if e.index == event.index and e.delta]
        require(bool(found), "stream", f"{prefix}.delta", "none")
    if not judged:
        raise NotApplicable


@rule(
    "responses.stream.arguments.done",
    MUST,
    "The arguments of every call are closed by one event with the whole text.",
    source=EVENTS,
    breaks=["clients that take the arguments from the closing event never call the tool"],
)
def test_arguments_done(x: Exchange) -> None:
    events = re.completed(x)
    judged = False
    for event in re.of(events, DONE):
        prefix, _ = re.CALLS.get(str(event.item.get("type")), ("", ""))
        if not prefix:
            continue
        judged = True
        found = [e for e in re.of(events, f"{prefix}.done") if e.index == event.index]
        require(len(found) == 1, f"{prefix}.done", "one", len(found))
    if not judged:
        raise NotApplicable


@rule(
    "responses.stream.arguments.item-same",
    MUST,
    "The arguments of a closed call are its deltas, joined.",
    source=EVENTS,
    breaks=["tools are called with other arguments than were shown"],
)
def test_arguments_item(x: Exchange) -> None:
    events = re.seen(x)
    judged = False
    for event in re.of(events, DONE):
        prefix, key = re.CALLS.get(str(event.item.get("type")), ("", ""))
        deltas = [e.delta for e in re.of(events, f"{prefix}.delta") if e.index == event.index]
        whole = event.item.get(key)
        if not deltas or not isinstance(whole, str):
            continue
        judged = True
        text = "".join(deltas)
        require(whole == text, f"{event.where}: item.{key}", text[:300], whole[:300])
    if not judged:
        raise NotApplicable
