"""Faults of streamed responses: framing, numbers, and the life of the response."""

from __future__ import annotations

from conformance.reference.call import Call
from conformance.reference.fault import fault
from conformance.reference.faults.responses import Event, Json, streamed, unstored
from conformance.reference.reply import Frame, Reply
from conformance.reference.sse import dump, frame

Events = list[Event]
Frames = list[Frame]
ENDS = ("response.completed", "response.incomplete", "response.failed")


def always(call: Call) -> bool:
    return True


def talking(call: Call) -> bool:
    """A stream of text that is not retrieved afterwards."""
    return unstored(call) and not {"tools", "include", "text", "reasoning"} & set(call.fields)


def one(call: Call) -> bool:
    """The one stream of the run that sends stream_options."""
    return "stream_options" in call.fields


def of(events: Events, *kinds: str) -> list[Json]:
    return [payload for name, payload in events if name in kinds]


def without(events: Events, *kinds: str) -> Events:
    return [event for event in events if event[0] not in kinds]


@fault("responses.stream.events", at="http", route="responses",
       when=lambda call: call.stream and "Repeat exactly: The" not in str(call.fields))  # fmt: skip
def ignored(call: Call, reply: Reply) -> None:
    """`stream: true` is ignored: one JSON document."""
    if reply.status == 200 and not isinstance(reply.body, bytes):
        reply.set("content-type", "application/json")
        reply.body = b'{"object":"response","output":[]}'


@fault("responses.stream.no-chat-chunks", at="frames", route="responses", when=one,
       breaks=("responses.stream.no-chat-chunks", "responses.stream.sequence.gapless"))  # fmt: skip
def chat_chunk(call: Call, frames: Frames) -> Frames:
    """A chunk of the upstream's chat completion slips in."""
    chunk = {"type": "chunk", "sequence_number": 0, "object": "chat.completion.chunk"}
    chunk["choices"] = []
    return [*frames[:-1], frame(dump(chunk), "chunk"), frames[-1]]


@fault("responses.stream.event-name", at="frames", route="responses")
def named_message(call: Call, frames: Frames) -> None:
    """All events are called `message`."""
    for piece in frames:
        head, _, data = piece.data.partition(b"\n")
        if head.startswith(b"event:"):
            piece.data = b"event: message\n" + data


@fault("responses.stream.event-line", at="frames", route="responses")
def unnamed(call: Call, frames: Frames) -> None:
    """There are no `event:` lines."""
    for piece in frames:
        head, _, data = piece.data.partition(b"\n")
        if head.startswith(b"event:"):
            piece.data = data


@fault("responses.stream.one-block", at="frames", route="responses",
       breaks=("responses.stream.one-block", "responses.stream.event-line", "sse.no-lone-event"),
       field_defects="resp-event-data-split-by-blank-line")  # fmt: skip
def split_block(call: Call, frames: Frames) -> None:
    """A blank line stands between `event:` and `data:`."""
    for piece in frames:
        piece.data = piece.data.replace(b"\ndata:", b"\n\ndata:", 1)


@streamed("responses.stream.sequence.present", renumber=False, when=always,
          breaks=("responses.stream.sequence.present",
                  "responses.events.shape.sequence-number.presence"),
          field_defects="resp-sequence-number-missing")  # fmt: skip
def unnumbered(call: Call, events: Events) -> None:
    """Events have no `sequence_number`."""
    for _, payload in events:
        payload.pop("sequence_number")


@streamed("responses.stream.sequence.present/last", renumber=False,
          breaks=("responses.stream.sequence.present",
                  "responses.events.shape.sequence-number.presence"))  # fmt: skip
def unnumbered_end(call: Call, events: Events) -> None:
    """The last event has no `sequence_number`."""
    events[-1][1].pop("sequence_number")


@streamed("responses.stream.sequence.start", renumber=False)
def from_one(call: Call, events: Events) -> None:
    """Events are counted from 1."""
    for _, payload in events:
        payload["sequence_number"] += 1


@streamed("responses.stream.sequence.gapless", renumber=False)
def gaps(call: Call, events: Events) -> None:
    """Numbers are left out."""
    for _, payload in events[4:]:
        payload["sequence_number"] += 1


@streamed("responses.stream.sequence.gapless/constant", renumber=False,
          breaks="responses.stream.sequence.gapless")  # fmt: skip
def all_zero(call: Call, events: Events) -> None:
    """All events have the number 0."""
    for _, payload in events:
        payload["sequence_number"] = 0


@streamed("responses.stream.created-first")
def no_created(call: Call, events: Events) -> Events:
    """There is no `response.created`."""
    return without(events, "response.created")


@streamed("responses.stream.started-second")
def not_started(call: Call, events: Events) -> Events:
    """There is no `response.in_progress`."""
    return without(events, "response.in_progress")


@streamed("responses.stream.opening-once", when=one)
def created_twice(call: Call, events: Events) -> Events:
    """`response.in_progress` is sent again in the middle."""
    return [*events[:5], (events[1][0], dict(events[1][1])), *events[5:]]


@streamed("responses.stream.terminal", when=talking,
          field_defects="resp-no-terminal-event")  # fmt: skip
def no_end(call: Call, events: Events) -> Events:
    """A stream ends after its last item."""
    return without(events, *ENDS)


@streamed("responses.stream.terminal-last", when=one)
def end_twice(call: Call, events: Events) -> Events:
    """The stream ends twice."""
    return [*events, (events[-1][0], dict(events[-1][1]))]


@fault("responses.stream.closes", at="frames", route="responses", when=one)
def held_open(call: Call, frames: Frames) -> Frames:
    """The connection is held open after the end."""
    return [*frames, Frame(b"", 8.0)]


@streamed("responses.stream.status-first")
def completed_first(call: Call, events: Events) -> None:
    """The response is completed from the beginning."""
    for payload in of(events, "response.created", "response.in_progress"):
        payload["response"]["status"] = "completed"


@streamed("responses.stream.status-last",
          breaks=("responses.stream.status-last", "responses.limit.incomplete-streamed",
                  "responses.tools.status"))  # fmt: skip
def running_last(call: Call, events: Events) -> None:
    """The final response is in progress."""
    for payload in of(events, *ENDS):
        payload["response"]["status"] = "in_progress"


@streamed("responses.stream.output-first")
def output_first(call: Call, events: Events) -> None:
    """The whole output stands in the first event."""
    output = events[-1][1].get("response", {}).get("output")
    for payload in of(events, "response.created"):
        payload["response"]["output"] = output


@streamed("responses.stream.usage-first")
def usage_first(call: Call, events: Events) -> None:
    """There is a usage of zeros at the beginning."""
    for payload in of(events, "response.created", "response.in_progress"):
        payload["response"]["usage"] = {
            "input_tokens": 0,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 0,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 0,
        }


@streamed("responses.stream.constant-id", field_defects="resp-id-changes-mid-stream")
def id_changes(call: Call, events: Events) -> None:
    """The first events have an id of the gateway."""
    for payload in of(events, "response.created", "response.in_progress"):
        payload["response"]["id"] = f"resp_local_{payload['response']['id'][5:]}"


@streamed("responses.stream.constant-created")
def created_changes(call: Call, events: Events) -> None:
    """`created_at` is the time of the event."""
    for payload in of(events, *ENDS):
        payload["response"]["created_at"] += 2
        if payload["response"]["completed_at"]:
            payload["response"]["completed_at"] += 2


@streamed("responses.stream.constant-model")
def model_changes(call: Call, events: Events) -> None:
    """The model of the first event is the alias."""
    for payload in of(events, "response.created"):
        payload["response"]["model"] += "-latest"


@streamed("responses.stream.constant-options")
def options_change(call: Call, events: Events) -> None:
    """The options of the first event are defaults."""
    for payload in of(events, "response.created"):
        payload["response"] |= {"temperature": 0.71, "max_output_tokens": None}


@streamed("responses.stream.incomplete-told",
          when=lambda call: call.fields.get("max_output_tokens") == 16,
          breaks=("responses.stream.incomplete-told", "responses.stream.status-last",
                  "responses.limit.incomplete-streamed"))  # fmt: skip
def complete_though_cut(call: Call, events: Events) -> Events:
    """A stream that was cut off ends with the event `response.completed`."""
    payload = {**events[-1][1], "type": "response.completed"}
    return [*events[:-1], ("response.completed", payload)]


# ---- errors ------------------------------------------------------------------------------------


@fault("responses.stream.error.json", at="http", route="responses",
       when=lambda call: call.stream)  # fmt: skip
def error_as_event(call: Call, reply: Reply) -> None:
    """A refusal of a stream is an event."""
    if reply.status >= 400 and isinstance(reply.body, bytes):
        reply.set("content-type", "text/event-stream")
        reply.body = b"event: error\ndata: " + reply.body + b"\n\n"


@fault("responses.stream.error.not-200", at="http", route="responses",
       when=lambda call: call.stream and "previous_response_id" in call.fields,
       breaks=("responses.stream.error.not-200", "responses.previous.unknown-streamed",
               "responses.stream.events", "responses.events.shape.type",
               "responses.events.shape.sequence-number.presence"))  # fmt: skip
def error_as_200(call: Call, reply: Reply) -> None:
    """A refusal of a stream is an event of a stream with status 200."""
    if reply.status == 400 and isinstance(reply.body, bytes):
        reply.status = 200
        reply.set("content-type", "text/event-stream")
        reply.body = [Frame(b"data: " + reply.body.replace(b"\n", b" ") + b"\n\n")]


def _broken(events: Events, name: str, payload: Json) -> Events:
    return [*events[:7], (name, {"type": name, "sequence_number": 0, **payload})]


REASON = {"type": "server_error", "code": "server_error", "message": "Out of memory."}


@streamed("responses.stream.error.form", when=one,
          breaks=("responses.stream.error.form", "responses.stream.error.nested"))  # fmt: skip
def string_error(call: Call, events: Events) -> Events:
    """The error of an error event is a string."""
    return _broken(events, "error", {"error": "Out of memory."})


@streamed("responses.stream.error.nested", when=one, field_defects="resp-error-event-flat")
def flat_error(call: Call, events: Events) -> Events:
    """An error event is flat."""
    return _broken(events, "error", {"code": "server_error", "message": "Broken.", "param": None})


@streamed("responses.stream.failed-told", when=one, field_defects="resp-failed-sparse",
          breaks=("responses.stream.failed-told", "responses.status.error-told"))  # fmt: skip
def sparse_failure(call: Call, events: Events) -> Events:
    """`response.failed` does not say why."""
    failed = {**events[0][1]["response"], "status": "failed"}
    return _broken(events, "response.failed", {"response": failed})


@streamed("responses.stream.terminal-last/error", when=one, breaks="responses.stream.terminal-last")
def goes_on(call: Call, events: Events) -> Events:
    """The stream goes on after an error."""
    error = ("error", {"type": "error", "sequence_number": 0, "error": {**REASON, "param": None}})
    return [*events[:7], error, *events[7:]]
