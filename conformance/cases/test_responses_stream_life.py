"""Streamed responses: the life of the response, from its first event to its last."""

from __future__ import annotations

from functools import partial

from conformance import response_events as re
from conformance.exchange import Exchange
from conformance.expect import NotApplicable, fail, require
from conformance.requirement import MUST, openai, requirement, sdk
from conformance.select import RESPONSES_STREAM

EVENTS = openai("responses-streaming")
HELPER = sdk("openai-python 3.51 lib/streaming/responses/_responses.py")
RAISES = "openai-python responses.stream(): RuntimeError"
rule = partial(requirement, needs="responses.stream", over=RESPONSES_STREAM)


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
