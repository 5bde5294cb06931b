"""Streamed responses: the framing of events, and their numbers."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from conformance import response_events as re
from conformance.exchange import Exchange
from conformance.expect import NotApplicable, fail, require
from conformance.requirement import MUST, field, openai, openapi, requirement
from conformance.response_events import Seen
from conformance.select import RESPONSES_STREAM

EVENTS = openai("responses-streaming")
rule = partial(requirement, needs="responses.stream", over=RESPONSES_STREAM)


@requirement(
    "responses.stream.events",
    MUST,
    "`stream: true` is answered by events, each with a `type`, not by one JSON document.",
    source=openai("responses/create stream"),
    needs="responses",
    over=RESPONSES_STREAM,
    breaks=["openai-python and openai-node: no event and no exception"],
)
def test_events(x: Exchange) -> None:
    if x.response is None or not x.response.complete:
        raise NotApplicable
    try:
        re.seen(x)
    except NotApplicable:
        fail("body", "events with a type", x.response.text[:200] or "an empty body")


@rule(
    "responses.stream.no-chat-chunks",
    MUST,
    "No event is a chunk of a chat completion.",
    source=EVENTS,
    breaks=["clients of the Responses API find nothing in it"],
)
def test_no_chunks(x: Exchange) -> None:
    if x.response is None or not x.payloads:
        raise NotApplicable
    for payload in x.payloads:
        if isinstance(payload, dict) and (
            payload.get("object") == "chat.completion.chunk" or "choices" in payload
        ):
            fail("event", "an event of a response", payload)


@rule(
    "responses.stream.event-name",
    MUST,
    "The `event:` line of an event says the same as its `type`.",
    source=EVENTS,
    breaks=["browsers and every client that dispatches by the name of the event"],
)
def test_event_name(x: Exchange) -> None:
    named = [e for e in re.seen(x) if e.name is not None]
    if not named:
        raise NotApplicable
    for event in named:
        require(event.name == event.type, f"event {event.number}, field event", event.type,
                event.name)  # fmt: skip


@rule(
    "responses.stream.event-line",
    MUST,
    "Every event has an `event:` line.",
    source=EVENTS,
    breaks=["EventSource listeners by name never fire", "clients that dispatch by name"],
)
def test_event_line(x: Exchange) -> None:
    for event in re.seen(x):
        require(event.name is not None, f"event {event.number}", f"event: {event.type}", "absent")


@rule(
    "responses.stream.one-block",
    MUST,
    "`event:` and `data:` of an event stand in one block: no blank line between them.",
    source=field("https://github.com/badlogic/pi-mono"),
    breaks=["openai-python: JSONDecodeError", "openai-node: SyntaxError"],
)
def test_one_block(x: Exchange) -> None:
    if x.response is None or not x.response.stream.events:
        raise NotApplicable
    for number, event in enumerate(x.response.stream.events, start=1):
        if event.event and not event.has_data:
            fail(f"event {number}", "data in the same block", f"event: {event.event} alone")


# ---- sequence_number ---------------------------------------------------------------------------


def _numbers(x: Exchange) -> list[tuple[Seen, int]]:
    found = [(e, re.number(e.payload.get("sequence_number"))) for e in re.seen(x)]
    numbered = [(e, n) for e, n in found if n is not None]
    if not numbered:
        raise NotApplicable("no event is numbered")
    return numbered


@rule(
    "responses.stream.sequence.present",
    MUST,
    "Every event has a `sequence_number`.",
    source=openapi("ResponseStreamEvent sequence_number"),
    since="2025-06-17",
    breaks=["resuming with starting_after", "Rig and other strict decoders"],
)
def test_sequence_present(x: Exchange) -> None:
    for event in re.seen(x):
        if "sequence_number" not in event.payload:
            fail(f"{event.where}: sequence_number", "an integer", "absent")


@rule(
    "responses.stream.sequence.start",
    MUST,
    "The first event has the `sequence_number` 0.",
    source=openapi("ResponseStreamEvent sequence_number"),
    since="2025-06-17",
    breaks=["clients that wait for the first number"],
)
def test_sequence_start(x: Exchange) -> None:
    first = re.seen(x)[0]
    number = re.number(first.payload.get("sequence_number"))
    if number is None:
        raise NotApplicable
    require(number == 0, f"{first.where}: sequence_number", "0", number)


@rule(
    "responses.stream.sequence.gapless",
    MUST,
    "Each `sequence_number` is one more than the one before.",
    source=openapi("ResponseStreamEvent sequence_number"),
    since="2025-06-17",
    breaks=["resuming with starting_after loses or repeats events"],
)
def test_sequence_gapless(x: Exchange) -> None:
    numbered = _numbers(x)
    if len(numbered) < len(re.seen(x)):
        raise NotApplicable("not every event is numbered")
    for (_, before), (event, after) in pairwise(numbered):
        require(after == before + 1, f"{event.where}: sequence_number", str(before + 1), after)
