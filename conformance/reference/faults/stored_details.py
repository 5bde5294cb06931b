"""Faults of stored objects in detail: their times, what they may not do any more, what they say."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from conformance.reference.call import Call
from conformance.reference.fault import fault
from conformance.reference.faults._objects import edit, fill, query

Json = dict[str, Any]
Events = list[tuple[str, Json]]
RUN = ("threads.runs.create", "threads.runs.retrieve")
V, F = "vector_stores", "vector_stores.files"

for _area, _route in (
    ("assistant", "assistants.list"),
    ("vector-store", f"{V}.list"),
    ("thread.message", "threads.messages.list"),
    ("batches", "batches.list"),
):
    edit(f"{_area}.list.same", _route, "What is listed has lost its metadata.",
         lambda c, r: [one.update(metadata={"listed": "yes"}) for one in r["data"]],
         when=lambda c: c.query == {"limit": "100"})  # fmt: skip
edit("thread.message.list.same/parts", "threads.messages.list", "Listed texts are cut.",
     lambda c, r: [part["text"].update(value=part["text"]["value"][:3])
                   for one in r["data"] for part in one["content"]],
     when=lambda c: c.query == {"limit": "100"}, breaks=("thread.message.list.same",))  # fmt: skip


# times
edit("uploads.expires", "uploads.create", "An upload has expired when it is made.",
     lambda c, r: r.update(expires_at=r["created_at"] - 1))  # fmt: skip
edit("batches.expires", ("batches.create",), "A batch expires at once.",
     lambda c, r: r.update(expires_at=r["created_at"]),
     breaks=("batches.expires",))  # fmt: skip


def _began_early(call: Call, reply: Json) -> None:
    if reply.get("started_at"):
        reply["started_at"] = reply["created_at"] - 10


def _ended_early(call: Call, reply: Json) -> None:
    if reply.get("completed_at"):
        reply["started_at"] = reply["completed_at"] + 9


edit("thread.run.times-order", RUN, "A run began before it was made.", _began_early)
edit("thread.run.times-order/ended", RUN, "A run ended before it began.", _ended_early,
     breaks=("thread.run.times-order",))  # fmt: skip
edit("thread.run.times-order/expired", RUN, "A run has expired when it is made.",
     lambda c, r: r.update(expires_at=r["created_at"] - 1),
     breaks=("thread.run.times-order",))  # fmt: skip
edit("files.create.expires", "files.create", "Files are kept for ever.",
     lambda c, r: r.update(expires_at=None))  # fmt: skip
fill("vector-store.create.expires", f"{V}.create", "expires_after is lost.",
     lambda c, b: b.pop("expires_after", None))  # fmt: skip


# what has ended
def _pending(call: Call, value: Any) -> None:
    """Whatever has become of an upload, it is open again."""
    name = call.path.split("/")[-2]
    for (_, kind), uploads in call.app.tables.items():
        if kind == "uploads" and name in uploads:
            uploads[name].meta["status"] = "pending"


fault("uploads.cancel.late", at="received", route="uploads.cancel")(_pending)


@fault("uploads.complete.cancelled", at="received", route="uploads.complete")
def _completed(call: Call, value: Any) -> None:
    """A cancelled upload is completed with what there is of it."""
    name = call.path.split("/")[-2]
    for (_, kind), uploads in call.app.tables.items():
        if kind == "uploads" and name in uploads and uploads[name].meta["status"] == "cancelled":
            there = sum(len(part) for part in uploads[name].parts.values())
            uploads[name].meta |= {"status": "pending", "bytes": there}


def _made_up(call: Call, body: Json) -> None:
    """Missing outputs of tools are made up."""
    run = call.table("runs").get(call.params["run"])
    if run is not None and not body.get("tool_outputs") and run.shape["required_action"]:
        calls = run.shape["required_action"]["submit_tool_outputs"]["tool_calls"]
        body["tool_outputs"] = [{"tool_call_id": one["id"], "output": ""} for one in calls]


fill("thread.run.refuses.no-outputs", "threads.runs.submit", "Missing outputs are made up.",
     _made_up, breaks=("thread.run.refuses.no-outputs",
                       "thread.run.tools.outputs-accepted"))  # fmt: skip
fill("assistant.create.unknown-model", "assistants.create", "Any model will do.",
     lambda c, b: b.update(model="reference-chat"),
     when=lambda c: c.fields.get("model") == "no-such-model")  # fmt: skip


@fault("vector-store.delete.files-kept", at="accepted", route=f"{V}.delete")
def with_its_files(call: Call, body: Any) -> None:
    """A store is deleted with its files."""
    for name in call.table("stores.files").get(call.params["id"], {}):
        call.table("files").pop(name, None)


# what is said
edit("vector-store.bytes", f"{V}.retrieve", "usage_bytes is always 0.",
     lambda c, r: r.update(usage_bytes=0))  # fmt: skip
edit("vector-store.status", f"{V}.retrieve", "A store is in progress for ever.",
     lambda c, r: r.update(status="in_progress"))  # fmt: skip
fill("fine-tuning.create.metadata", "fine_tuning.create", "metadata is lost.",
     lambda c, b: b.pop("metadata", None))  # fmt: skip
edit("fine-tuning.cancel.no-model", "fine_tuning.cancel", "A cancelled job names a model.",
     lambda c, r: r.update(fine_tuned_model="ft:none"))  # fmt: skip
query("thread.run.list.order", "threads.runs.list", "order")


# responses and conversations
@fault("responses.stored.default", at="reply", route="responses",
       breaks=("responses.stored.default", "responses.tools.result-by-id"))  # fmt: skip
def kept_when_asked(call: Call, reply: Json) -> None:
    """Responses are kept only where `store` is true, and say nothing of it."""
    if "store" not in call.fields:
        call.table("responses").pop(reply["id"], None)


for _name in ("instructions", "tools"):
    fill(f"responses.input-tokens.{_name}", "responses.input_tokens", f"{_name} are not counted.",
         lambda c, b, name=_name: b.pop(name, None))  # type: ignore[misc]  # fmt: skip


def _own_alone(call: Call, reply: Json) -> None:
    usage = reply.get("usage")
    if isinstance(usage, dict):
        usage["input_tokens"] = 9
        usage["total_tokens"] = 9 + usage["output_tokens"]


edit("responses.previous.counted", "responses", "The turns before are not counted.", _own_alone,
     when=lambda c: bool(c.fields.get("previous_response_id")) and not c.stream)  # fmt: skip
edit("conversations.turns.counted", "responses", "The items before are not counted.", _own_alone,
     when=lambda c: bool(c.fields.get("conversation")))  # fmt: skip


def _plain_parts(call: Call, reply: Json) -> None:
    for item in reply["data"]:
        for part in item["content"] if isinstance(item.get("content"), list) else ():
            part["type"] = "text"


edit("responses.items.part-types", "responses.input_items", "Parts are of the type text.",
     _plain_parts)  # fmt: skip
edit("conversations.items.part-types", "conversations.items.list", "Parts are of the type text.",
     _plain_parts)  # fmt: skip
edit("conversations.items.same", "conversations.items.retrieve", "A retrieved item is empty.",
     lambda c, r: r.update(content=[]))  # fmt: skip
edit("conversations.items.ended", "conversations.items.list", "Items are in progress for ever.",
     lambda c, r: [item.update(status="in_progress") for item in r["data"]],
     when=lambda c: c.query.get("limit") == "50")  # fmt: skip


# streams
STREAMS = ("threads.runs.create", "threads.create_and_run", "threads.runs.submit")


def _stream(id: str, text: str, change: Callable[[Events], Events | None]) -> None:
    def hook(call: Call, events: Events) -> Events:
        made = copy.deepcopy(events)
        return change(made) or made

    fault(id, at="chunks", route=STREAMS, text=text, breaks=(id.partition("/")[0],),
          when=lambda call: call.stream)(hook)  # fmt: skip


def _without(*names: str) -> Callable[[Events], Events]:
    return lambda events: [event for event in events if event[0] not in names]


def _each(name: str, **changed: Any) -> Callable[[Events], None]:
    def change(events: Events) -> None:
        for kind, payload in events:
            if kind == name:
                payload.update(changed)

    return change


_stream("thread.run.stream.closed", "Messages are never completed.",
        _without("thread.message.completed"))  # fmt: skip
_stream("thread.run.stream.closed/steps", "Steps are never completed.",
        _without("thread.run.step.completed"))  # fmt: skip
_stream("thread.run.stream.queued", "A run is not told to be in progress.",
        _without("thread.run.in_progress"))  # fmt: skip
_stream("thread.run.stream.queued/queued", "A run is not told to be queued.",
        _without("thread.run.queued"))  # fmt: skip
_stream("thread.run.stream.opened", "Messages are not told to be in progress.",
        _without("thread.message.in_progress"))  # fmt: skip
_stream("thread.run.stream.opened/steps", "Steps are not told to be in progress.",
        _without("thread.run.step.in_progress"))  # fmt: skip
_stream("thread.run.stream.usage", "A completed run has no usage in its stream.",
        _each("thread.run.completed", usage=None))  # fmt: skip
_stream("thread.run.stream.belongs", "A completed message names no run.",
        _each("thread.message.completed", run_id=None))  # fmt: skip
