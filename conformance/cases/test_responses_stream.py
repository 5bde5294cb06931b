"""Streamed responses: the framing of events, their numbers, and the life of the response."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from conformance import response_events as re
from conformance.exchange import Exchange
from conformance.expect import NotApplicable, fail, require
from conformance.requirement import MUST, SHOULD, field, openai, openapi, requirement, sdk
from conformance.response_events import Seen
from conformance.select import RESPONSES_STREAM, Selector

EVENTS = openai("responses-streaming")
HELPER = sdk("openai-python 3.51 lib/streaming/responses/_responses.py")
RAISES = "openai-python responses.stream(): RuntimeError"

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


# ---- life of the response ----------------------------------------------------------------------


@rule(
    "responses.stream.created-first",
    MUST,
    "The first event is `response.created`.",
    source=EVENTS,
    breaks=[RAISES],
)
def test_created_first(x: Exchange) -> None:
    first = re.seen(x)[0]
    if first.type == "error":
        raise NotApplicable("the stream begins with an error")
    require(first.type == "response.created", "event 1: type", "response.created", first.type)


@rule(
    "responses.stream.started-second",
    MUST,
    "The second event is `response.in_progress` or `response.queued`.",
    source=EVENTS,
    breaks=["clients that show the state of a response"],
)
def test_started_second(x: Exchange) -> None:
    events = re.seen(x)
    if len(events) < 2 or events[0].type != "response.created" or events[1].type in re.TERMINAL:
        raise NotApplicable
    wanted = ("response.in_progress", "response.queued")
    require(events[1].type in wanted, f"event {events[1].number}: type", wanted, events[1].type)


@rule(
    "responses.stream.opening-once",
    MUST,
    "`response.created`, `response.queued` and `response.in_progress` come once, before any item.",
    source=EVENTS,
    breaks=["clients begin a second answer"],
)
def test_opening_once(x: Exchange) -> None:
    events = re.seen(x)
    content = next((e.number for e in events if e.type not in re.OPENING), len(events) + 1)
    for kind in re.OPENING:
        found = re.of(events, kind)
        if len(found) > 1:
            fail(found[1].where, f"one {kind}", f"{len(found)} of them")
        if found and found[0].number > content:
            fail(found[0].where, "before everything else", f"after event {content}")


@rule(
    "responses.stream.terminal",
    MUST,
    "A stream ends with `response.completed`, `.incomplete`, `.failed` or an error.",
    source=EVENTS,
    breaks=[
        "Codex: stream closed before response.completed",
        "openai-python get_final_response(): RuntimeError",
    ],
)
def test_terminal(x: Exchange) -> None:
    events = re.seen(x)
    if re.cut(x):
        raise NotApplicable("the connection broke")
    if not re.of(events, *re.TERMINAL):
        fail(f"event {events[-1].number}: type", re.TERMINAL, events[-1].type)


@rule(
    "responses.stream.terminal-last",
    MUST,
    "Nothing follows the event that ends the response; there is only one.",
    source=EVENTS,
    breaks=["both SDKs: what follows is lost, or a second answer begins"],
)
def test_terminal_last(x: Exchange) -> None:
    events = re.seen(x)
    ends = re.of(events, *re.TERMINAL)
    if not ends:
        raise NotApplicable
    if ends[0].type == "error" and len(ends) == 2 and ends[1].type == "response.failed":
        ends = ends[1:]
    after = [e for e in events if e.number > ends[0].number]
    if after:
        fail(after[0].where, "nothing after the end", f"{len(after)} events")


@rule(
    "responses.stream.closes",
    MUST,
    "The body ends within five seconds after the event that ends the response.",
    source=sdk("openai-python 3.51 _streaming.py"),
    breaks=["clients that read the body to its end hang until their timeout"],
)
def test_closes(x: Exchange) -> None:
    ends = re.of(re.seen(x), *re.TERMINAL)
    if not ends or x.response is None:
        raise NotApplicable
    waited = x.response.ended_at - ends[-1].at
    require(waited <= 5, "body", "the end of the body", f"{waited:.1f} s after the last event")


@rule(
    "responses.stream.status-first",
    MUST,
    "At its beginning the response is in progress or queued.",
    source=openai("responses/object status"),
    breaks=["clients take the empty response for the whole answer"],
)
def test_status_first(x: Exchange) -> None:
    found = [e for e in re.of(re.seen(x), *re.OPENING) if isinstance(e.response.get("status"), str)]
    if not found:
        raise NotApplicable
    for event in found:
        status = event.response["status"]
        wanted = ("in_progress", "queued")
        if event.type == "response.in_progress":
            wanted = ("in_progress", "in_progress")
        require(status in wanted, f"{event.where}: response.status", set(wanted), status)


@rule(
    "responses.stream.status-last",
    MUST,
    "The event that ends the response and the response's `status` say the same.",
    source=openai("responses/object status"),
    breaks=["a truncated or failed answer passes for a whole one"],
)
def test_status_last(x: Exchange) -> None:
    end = re.of(re.ended(x), *re.ENDS)[-1]
    status = end.response.get("status")
    if not isinstance(status, str):
        raise NotApplicable
    wanted = end.type.removeprefix("response.")
    require(status == wanted, f"{end.where}: response.status", wanted, status)


@rule(
    "responses.stream.output-first",
    MUST,
    "At its beginning the response has no output.",
    source=EVENTS,
    breaks=["helpers that accumulate show the text twice"],
)
def test_output_first(x: Exchange) -> None:
    found = [e for e in re.of(re.seen(x), *re.OPENING) if "output" in e.response]
    if not found:
        raise NotApplicable
    for event in found:
        output = event.response["output"]
        require(not output, f"{event.where}: response.output", "[]", output)


@rule(
    "responses.stream.usage-first",
    MUST,
    "Before its end the response has no usage.",
    source=openai("responses/object usage"),
    breaks=["clients that add up usage count twice"],
)
def test_usage_first(x: Exchange) -> None:
    found = [e for e in re.of(re.seen(x), *re.OPENING) if "usage" in e.response]
    if not found:
        raise NotApplicable
    for event in found:
        usage = event.response["usage"]
        require(usage is None, f"{event.where}: response.usage", "null", usage)


def _constant(x: Exchange, key: str) -> None:
    found = [(e, e.response[key]) for e in re.seen(x) if e.response.get(key) is not None]
    if len(found) < 2:
        raise NotApplicable
    for event, value in found[1:]:
        require(value == found[0][1], f"{event.where}: response.{key}", repr(found[0][1]), value)


@rule(
    "responses.stream.constant-id",
    MUST,
    "All events of a stream name the same response id.",
    source=HELPER,
    breaks=['openai-python: RuntimeError "Lifecycle response identity changed."'],
)
def test_constant_id(x: Exchange) -> None:
    _constant(x, "id")


@rule(
    "responses.stream.constant-created",
    MUST,
    "`created_at` does not change in a stream.",
    source=EVENTS,
    breaks=["clients that take the time from the first event"],
)
def test_constant_created(x: Exchange) -> None:
    _constant(x, "created_at")


@rule(
    "responses.stream.constant-model",
    MUST,
    "`model` does not change in a stream.",
    source=EVENTS,
    breaks=["clients that take the model from the first event"],
)
def test_constant_model(x: Exchange) -> None:
    _constant(x, "model")


STEADY = (
    "instructions", "metadata", "tools", "tool_choice", "temperature", "top_p",
    "parallel_tool_calls", "text", "truncation", "max_output_tokens", "previous_response_id",
)  # fmt: skip


@rule(
    "responses.stream.constant-options",
    MUST,
    "The options in a stream's response are the same at its beginning and at its end.",
    source=EVENTS,
    breaks=["clients that read the options from the first or from the last event"],
)
def test_constant_options(x: Exchange) -> None:
    first, last = re.first_response(x), re.last_response(x)
    if not first or not last or first is last:
        raise NotApplicable
    for key in STEADY:
        if key in first and key in last:
            require(first[key] == last[key], f"response.{key}", repr(first[key]), last[key])


@rule(
    "responses.stream.incomplete-told",
    MUST,
    "A stream that the limit of tokens cut off ends with `response.incomplete`.",
    source=EVENTS,
    breaks=["a truncated answer passes for a whole one"],
)
def test_incomplete(x: Exchange) -> None:
    events = re.ended(x)
    end = re.of(events, *re.ENDS)[-1]
    limit = re.number(x.sent.get("max_output_tokens"))
    cut = [e for e in events if e.item.get("status") == "incomplete"]
    if limit is None or not cut:
        raise NotApplicable
    require(end.type != "response.completed", f"{end.where}: type", "response.incomplete", end.type)


# ---- errors ------------------------------------------------------------------------------------

EARLY = Selector(
    "refused response streams",
    lambda x: (
        x.status >= 400
        and x.request.method == "POST"
        and x.endpoint == "/responses"
        and x.is_stream
    ),
)


@requirement(
    "responses.stream.error.json",
    MUST,
    "A request that is refused before the first event is answered by JSON, not by an event stream.",
    source=openai("error codes"),
    over=EARLY,
    breaks=["both SDKs read the body of an error as JSON"],
    any_status=True,
)
def test_error_json(x: Exchange) -> None:
    assert x.response is not None
    text = x.response.text.lstrip()
    if x.is_sse or text.startswith(("data:", "event:")):
        fail("body", "JSON", f"{x.header('content-type')}: {text[:200]}")



@rule(
    "responses.stream.error.not-200",
    MUST,
    "An error before anything was generated has an HTTP error status; it is no event of a 200.",
    source=openai("error codes"),
    breaks=["retry and fallback by status never happen"],
)
def test_error_not_200(x: Exchange) -> None:
    if x.response is None or not x.payloads:
        raise NotApplicable
    first = x.payloads[0]
    if isinstance(first, dict) and (first.get("error") or first.get("type") == "error"):
        fail("event 1", "status 4xx or 5xx", first)


@rule(
    "responses.stream.error.form",
    MUST,
    "An error event has an `error` object with a message.",
    source=field("https://github.com/openai/openai-dotnet/issues/881"),
    breaks=["openai-python: a flat error event is not raised, the stream just ends"],
)
def test_error_form(x: Exchange) -> None:
    found = [e for e in re.seen(x) if e.type == "error"]
    if not found:
        raise NotApplicable
    for event in found:
        error = event.payload.get("error")
        if not isinstance(error, dict):
            flat = isinstance(event.payload.get("message"), str)
            if flat and "error" not in event.payload:
                raise NotApplicable("flat, as the published schema says")
            fail(f"{event.where}: error", "an object with a message", event.payload)
        require(isinstance(error.get("message"), str), f"{event.where}: error.message", "a string",
                error.get("message"))  # fmt: skip


@rule(
    "responses.stream.error.nested",
    SHOULD,
    "An error event holds an `error` object; flat copies of it may stand beside.",
    source=field("https://github.com/vercel/ai/issues/20179"),
    breaks=["openai-python: a flat error event is not raised, the stream just ends"],
)
def test_error_nested(x: Exchange) -> None:
    found = [e for e in re.seen(x) if e.type == "error"]
    if not found:
        raise NotApplicable
    for event in found:
        require(isinstance(event.payload.get("error"), dict), f"{event.where}: error", "an object",
                event.payload)  # fmt: skip


@rule(
    "responses.stream.failed-told",
    MUST,
    "`response.failed` carries the response with `error.code` and `error.message`.",
    source=openapi("ResponseFailedEvent"),
    breaks=["users see an invalid stream in place of the reason"],
)
def test_failed_told(x: Exchange) -> None:
    found = re.of(re.seen(x), "response.failed")
    if not found:
        raise NotApplicable
    error = re.dict_of(found[0].response, "error")
    if not isinstance(error.get("message"), str) or not isinstance(error.get("code"), str):
        fail(f"{found[0].where}: response.error", "code and message", error or "absent")
