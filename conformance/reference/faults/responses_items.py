"""Faults of streamed responses: items, parts and texts."""

from __future__ import annotations

from conformance.reference.call import Call
from conformance.reference.faults.responses import Event, streamed, unstored
from conformance.reference.faults.responses_stream import ENDS, of, talking, without

Events = list[Event]
ADDED, DONE = "response.output_item.added", "response.output_item.done"
PART, PART_DONE = "response.content_part.added", "response.content_part.done"
DELTA, TEXT = "response.output_text.delta", "response.output_text.done"
ARGUMENTS = "response.function_call_arguments"
_ = "responses.stream."


def calling(call: Call) -> bool:
    return unstored(call) and "tools" in call.fields


def thinking(call: Call) -> bool:
    return unstored(call) and "reasoning" in call.fields


@streamed(_ + "item.added-first", when=talking)
def not_announced(call: Call, events: Events) -> Events:
    """Items are not announced."""
    return without(events, ADDED)


@streamed(_ + "item.added-first/after-reasoning", when=thinking,
          breaks=(_ + "item.added-first", _ + "item.closed"),
          field_defects="resp-output-item-added-missing-after-reasoning")  # fmt: skip
def second_not_announced(call: Call, events: Events) -> Events:
    """Only the reasoning is announced; the message begins with its deltas."""
    return [e for e in events if e[0] != ADDED or e[1]["output_index"] == 0]


@streamed(_ + "item.index-unique", when=calling,
          breaks=(_ + "item.index-unique", _ + "item.id-stable", _ + "item.closed",
                  _ + "item.same", _ + "arguments.joins", _ + "item.within",
                  _ + "arguments.done", _ + "arguments.item-same", _ + "text.no-late-delta"),
          field_defects="resp-output-index-reused")  # fmt: skip
def index_reused(call: Call, events: Events) -> None:
    """All items have the output index 0."""
    for _name, payload in events:
        if "output_index" in payload:
            payload["output_index"] = 0


@streamed(_ + "item.index-unique/from-one", when=talking, breaks=_ + "item.index-unique")
def index_from_one(call: Call, events: Events) -> None:
    """Items are counted from 1."""
    for _name, payload in events:
        if "output_index" in payload:
            payload["output_index"] += 1


@streamed(_ + "item.id-stable", when=talking)
def other_done_id(call: Call, events: Events) -> None:
    """The closed item has a new id, and so has the final response."""
    for payload in of(events, DONE):
        payload["item"]["id"] += "0"
    for payload in of(events, *ENDS):
        for item in payload["response"]["output"]:
            item["id"] += "0"


@streamed(_ + "item.same", when=calling)
def new_call_id(call: Call, events: Events) -> None:
    """A call gets its final call id when it is closed."""
    items = [p["item"] for p in of(events, DONE)]
    for payload in of(events, *ENDS):
        items += payload["response"]["output"]
    for item in items:
        if "call_id" in item:
            item["call_id"] += "0"


@streamed(_ + "item.call-named", when=calling,
          breaks=(_ + "item.call-named", _ + "item.same", "responses.item.shape.function-call.name",
                  "responses.item.shape.custom-tool-call.name"))  # fmt: skip
def unnamed_call(call: Call, events: Events) -> None:
    """A call is announced without its name."""
    for payload in of(events, ADDED):
        if "name" in payload["item"]:
            payload["item"]["name"] = ""


@streamed(_ + "item.empty", when=talking)
def filled(call: Call, events: Events) -> None:
    """An item is announced with its whole content."""
    whole = {p["output_index"]: p["item"] for p in of(events, DONE)}
    for payload in of(events, ADDED):
        payload["item"]["content"] = whole[payload["output_index"]]["content"]


@streamed(_ + "item.empty/arguments", when=calling, breaks=_ + "item.empty")
def filled_arguments(call: Call, events: Events) -> None:
    """A call is announced with its whole arguments."""
    whole = {p["output_index"]: p["item"] for p in of(events, DONE)}
    for payload in of(events, ADDED):
        if "arguments" in payload["item"]:
            payload["item"]["arguments"] = whole[payload["output_index"]]["arguments"]


@streamed(_ + "item.status", when=talking)
def done_first(call: Call, events: Events) -> None:
    """An item is completed when it is announced."""
    for payload in of(events, ADDED):
        payload["item"]["status"] = "completed"


@streamed(_ + "item.closed", when=lambda call: unstored(call) and "stream_options" in call.fields,
          breaks=(_ + "item.closed", _ + "item.completed-same"))  # fmt: skip
def not_closed(call: Call, events: Events) -> Events:
    """Items are not closed."""
    return without(events, DONE)


@streamed(_ + "item.closed/twice", when=lambda call: "stream_options" in call.fields,
          breaks=(_ + "item.closed", _ + "item.completed-same"))  # fmt: skip
def closed_twice(call: Call, events: Events) -> Events:
    """An item is closed twice."""
    end = [e for e in events if e[0] == DONE][-1]
    return [*events[:-1], (end[0], dict(end[1])), events[-1]]


@streamed(_ + "item.done-order", when=lambda call: calling(call) and "Cairo" in str(call.fields),
          breaks=(_ + "item.done-order", _ + "item.completed-same"),
          field_defects="resp-done-out-of-order")  # fmt: skip
def reversed_ends(call: Call, events: Events) -> Events:
    """Items are closed in reverse order, at the end."""
    ends = [e for e in events if e[0] == DONE]
    rest = without(events, DONE)
    return [*rest[:-1], *reversed(ends), rest[-1]]


@streamed(_ + "item.within", when=talking)
def part_after(call: Call, events: Events) -> Events:
    """A part is closed after its item."""
    moved = [e for e in events if e[0] == PART_DONE]
    rest = without(events, PART_DONE)
    return [*rest[:-1], *moved, rest[-1]]


@streamed(_ + "item.completed-same",
          when=lambda call: "stream_options" in call.fields)  # fmt: skip
def empty_final(call: Call, events: Events) -> None:
    """The final response has no output but a marker."""
    output = events[-1][1]["response"]["output"]
    output[0]["content"][0]["text"] = ""


@streamed(_ + "item.completed-same/ids", when=talking, breaks=_ + "item.completed-same")
def other_final_ids(call: Call, events: Events) -> None:
    """The items of the final response have new ids."""
    for item in events[-1][1]["response"]["output"]:
        item["id"] += "0"


@streamed(_ + "item.completed-same/empty", when=lambda call: "stream_options" in call.fields,
          breaks=(_ + "item.completed-same", "responses.output.not-empty"))  # fmt: skip
def no_final_output(call: Call, events: Events) -> None:
    """The final response has no output."""
    events[-1][1]["response"]["output"] = []


# ---- parts -------------------------------------------------------------------------------------


@streamed(_ + "part.added-first", when=talking,
          breaks=(_ + "part.added-first", _ + "part.closed"),
          field_defects="resp-content-part-added-missing")  # fmt: skip
def part_not_announced(call: Call, events: Events) -> Events:
    """Parts are not announced."""
    return without(events, PART)


@streamed(_ + "part.empty", when=talking)
def part_filled(call: Call, events: Events) -> None:
    """A part is announced with its whole text."""
    whole = {p["output_index"]: p["part"] for p in of(events, PART_DONE)}
    for payload in of(events, PART):
        payload["part"]["text"] = whole[payload["output_index"]]["text"]


@streamed(_ + "part.index", when=talking)
def part_from_one(call: Call, events: Events) -> None:
    """Parts are counted from 1."""
    for _name, payload in events:
        if "content_index" in payload:
            payload["content_index"] += 1


@streamed(_ + "part.closed", when=talking)
def part_not_closed(call: Call, events: Events) -> Events:
    """Parts are not closed."""
    return without(events, PART_DONE)


@streamed(_ + "part.type", when=thinking, field_defects="resp-reasoning-as-output-text")
def reasoning_as_text(call: Call, events: Events) -> Events:
    """The reasoning is opened as a part of output text."""
    first = next(p for p in of(events, ADDED) if p["item"]["type"] == "reasoning")
    at = {"item_id": first["item"]["id"], "output_index": 0, "content_index": 0}
    text = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    made: Events = [
        (name, {"type": name, "sequence_number": 0, **at, **more})
        for name, more in (
            (PART, {"part": text}),
            ("response.reasoning_text.delta", {"delta": "Hm."}),
            ("response.reasoning_text.done", {"text": "Hm."}),
            (PART_DONE, {"part": {**text, "text": "Hm."}}),
        )
    ]
    place = next(n for n, e in enumerate(events) if e[0] == ADDED) + 1
    return [*events[:place], *made, *events[place:]]


@streamed(_ + "part.type/refusal", when=talking, breaks=(_ + "part.type",))
def refusal_part(call: Call, events: Events) -> None:
    """A text is announced as a refusal."""
    for payload in of(events, PART):
        payload["part"] = {"type": "refusal", "refusal": ""}


# ---- texts -------------------------------------------------------------------------------------


@streamed(_ + "text.joins", when=talking)
def other_done_text(call: Call, events: Events) -> None:
    """The closing event has only the last delta."""
    for payload in of(events, TEXT):
        payload["text"] = of(events, DELTA)[-1]["delta"]


@streamed(_ + "text.joins/lost", when=talking,
          breaks=(_ + "text.joins", _ + "text.item-same", _ + "text.part-same",
                  _ + "text-equal"))  # fmt: skip
def lost_delta(call: Call, events: Events) -> Events:
    """A delta is lost."""
    lost = [e for e in events if e[0] == DELTA][1]
    return [e for e in events if e is not lost]


@streamed(_ + "text.item-same", when=talking, breaks=(_ + "text.item-same",))
def trimmed_item(call: Call, events: Events) -> None:
    """The text of the closed item ends with a space more, and so does the final one."""
    items = [p["item"] for p in of(events, DONE)]
    for payload in of(events, *ENDS):
        items += payload["response"]["output"]
    for item in items:
        for part in item.get("content", ()):
            part["text"] += " "


@streamed(_ + "text.part-same", when=talking)
def empty_part(call: Call, events: Events) -> None:
    """The closed part has no text."""
    for payload in of(events, PART_DONE):
        payload["part"]["text"] = ""


@streamed(_ + "text.deltas", when=lambda call: "stream_options" in call.fields,
          breaks=(_ + "text.deltas", _ + "text.joins"), field_defects="resp-no-deltas")  # fmt: skip
def no_deltas(call: Call, events: Events) -> Events:
    """The text comes in the closing event alone."""
    return without(events, DELTA)


@streamed(_ + "text.done", when=talking, field_defects="resp-output-text-done-missing")
def text_not_closed(call: Call, events: Events) -> Events:
    """`response.output_text.done` is never sent."""
    return without(events, TEXT)


@streamed(_ + "text.no-late-delta", when=talking)
def late_delta(call: Call, events: Events) -> Events:
    """The last delta comes after the text was closed."""
    last = [n for n, e in enumerate(events) if e[0] == DELTA][-1]
    events[last], events[last + 1] = events[last + 1], events[last]
    return events


# ---- arguments ---------------------------------------------------------------------------------


@streamed(_ + "arguments.joins", when=calling)
def other_arguments(call: Call, events: Events) -> None:
    """The closing event of arguments is empty."""
    for payload in of(events, f"{ARGUMENTS}.done"):
        payload["arguments"] = "{}"


@streamed(_ + "arguments.deltas", when=calling,
          breaks=(_ + "arguments.deltas", _ + "arguments.joins"))  # fmt: skip
def no_argument_deltas(call: Call, events: Events) -> Events:
    """Arguments come in the closing event alone."""
    return without(events, f"{ARGUMENTS}.delta")


@streamed(_ + "arguments.done", when=calling)
def arguments_not_closed(call: Call, events: Events) -> Events:
    """`response.function_call_arguments.done` is never sent."""
    return without(events, f"{ARGUMENTS}.done")


@streamed(_ + "arguments.item-same", when=calling,
          breaks=(_ + "arguments.item-same", "responses.tools.arguments-schema",
                  "responses.tools.equal-streamed"))  # fmt: skip
def empty_arguments(call: Call, events: Events) -> None:
    """The closed call has no arguments."""
    items = [p["item"] for p in of(events, DONE)]
    for payload in of(events, *ENDS):
        items += payload["response"]["output"]
    for item in items:
        if "arguments" in item:
            item["arguments"] = "{}"


@streamed(_ + "reasoning.joins", when=thinking)
def other_thoughts(call: Call, events: Events) -> None:
    """The closing event of a summary is cut."""
    for payload in of(events, "response.reasoning_summary_text.done"):
        payload["text"] = payload["text"][:5]
