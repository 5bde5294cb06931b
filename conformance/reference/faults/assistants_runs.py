"""Faults of runs and their steps, whole and streamed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from conformance.reference.assistants_run import ENDED
from conformance.reference.call import Call
from conformance.reference.errors import invalid, not_found
from conformance.reference.fault import fault
from conformance.reference.faults._objects import When, always, edit, fill, query, status, zero
from conformance.reference.reply import Frame, Reply

Json = dict[str, Any]
Events = list[tuple[str, Json]]
CREATE, GET, LIST = "threads.runs.create", "threads.runs.retrieve", "threads.runs.list"
SUBMIT, CANCEL = "threads.runs.submit", "threads.runs.cancel"
STEPS, STEP = "threads.runs.steps.list", "threads.runs.steps.retrieve"
ALL = (CREATE, GET, LIST, SUBMIT, CANCEL, "threads.runs.update")
STREAMS = (CREATE, SUBMIT, "threads.create_and_run")


def whole(call: Call) -> bool:
    return not call.stream


def refuse(call: Call, value: Any) -> None:
    """The route does not do this."""
    raise invalid("This is not supported.", None)


def _own(call: Call) -> bool:
    return "additional_messages" in call.fields


def _first(call: Call) -> bool:
    return call.fields.get("metadata") == {"kind": "first"}


fill("thread.run.create.accepted", CREATE, "Runs with metadata are refused.", refuse, when=_first)
fill("thread.run.create.options", CREATE, "Runs with messages of their own are refused.", refuse,
     when=_own)  # fmt: skip
edit("thread.run.create.status", CREATE, "A new run is pending.",
     lambda c, r: r.update(status="expired"), when=lambda c: whole(c) and _first(c),
     breaks=("thread.run.create.status", "thread.run.transitions"))  # fmt: skip
fill("thread.run.create.belongs", CREATE, "metadata of runs is lost.",
     lambda c, b: b.update(metadata={}), when=_first)  # fmt: skip
fill(
    "thread.run.create.inherits",
    CREATE,
    "Runs have instructions of the server's.",
    lambda c, b: b.setdefault("instructions", "You are a helpful assistant."),
    when=_first,
)
fill("thread.run.create.overrides", CREATE, "Instructions of a run are ignored.",
     lambda c, b: b.pop("instructions"), when=_own)  # fmt: skip
fill("thread.run.create.additional-instructions", CREATE, "They are ignored.",
     lambda c, b: b.pop("additional_instructions"), when=_own)  # fmt: skip
fill("thread.run.create.additional-messages", CREATE, "They are ignored.",
     lambda c, b: b.pop("additional_messages"), when=_own)  # fmt: skip


@fault("thread.run.retrieve.accepted", at="authorised", route=(GET, STEPS, SUBMIT),
       breaks=("thread.run.retrieve.accepted", "thread.run.create.options",
               "thread.run.refuses.late-cancel", "thread.run.stream.accepted"),
       field_defects="asst-nested-routes-missing")  # fmt: skip
def only_top(call: Call, verdict: Any) -> None:
    """Only the upper routes exist."""
    raise not_found(f"Invalid URL ({call.method} {call.path})")


def _stuck(call: Call, reply: Json) -> None:
    reply.update(status="in_progress", completed_at=None, usage=None, required_action=None)


edit("thread.run.ends", GET, "Runs are in progress for ever.", _stuck,
     breaks=("thread.run.ends", "thread.run.tools.waits", "thread.run.times",
             "thread.run.transitions"))  # fmt: skip


@fault("thread.run.transitions", at="reply", route=GET)
def back(call: Call, reply: Json) -> Json | None:
    """A run that was in progress is queued again for a while."""
    key = f"seen {call.path}"
    before, call.app.data[key] = call.app.data.get(key), reply["status"]
    if (before, reply["status"]) == ("in_progress", "completed"):
        return {**reply, "status": "queued", "completed_at": None, "usage": None}
    return None


edit("thread.run.answers", "threads.messages.list", "Messages do not name their run.",
     lambda c, r: [m.update(run_id=None) for m in r["data"]],
     breaks=("thread.run.answers", "thread.run.messages-filter"))  # fmt: skip
query("thread.run.messages-filter", "threads.messages.list", "run_id")
edit("thread.run.list.contains", LIST, "Runs are not listed.",
     lambda c, r: r.update(data=[], first_id=None, last_id=None, has_more=False),
     when=lambda c: c.query.get("limit") == "100")  # fmt: skip
query("thread.run.list.newest-first", LIST, "limit", when=lambda c: c.query.get("limit") == "1",
      breaks=("thread.run.list.newest-first", "thread.run.list.ends", "lists.limit"))  # fmt: skip
edit("thread.run.update.kept", "threads.runs.update", "A change is answered with nothing.",
     lambda c, r: r.update(metadata={}))  # fmt: skip
edit("thread.run.step.list", STEPS, "Runs have no steps.",
     lambda c, r: r.update(data=[], first_id=None, last_id=None, has_more=False),
     when=lambda c: not c.query,
     breaks=("thread.run.step.list", "thread.run.tools.step"))  # fmt: skip
edit("thread.run.step.completed", STEPS, "Steps are in progress for ever.",
     lambda c, r: [s.update(status="in_progress", completed_at=None) for s in r["data"]],
     breaks=("thread.run.step.completed", "thread.run.step.retrieve"))  # fmt: skip
edit("thread.run.step.retrieve", STEP, "A step is another when retrieved.",
     lambda c, r: r.update(status="failed"))  # fmt: skip
for _slug, _route in (("retrieve", GET), ("steps", STEPS), ("cancel", CANCEL), ("step", STEP)):
    status(f"thread.run.unknown.{_slug}", _route, 400, "Unknown runs are answered 400.", when=zero)
status(
    "thread.run.unknown.assistant",
    CREATE,
    400,
    "An unknown assistant is answered 400.",
    when=lambda c: "assistant_id" in c.fields and "00000000" in str(c.fields["assistant_id"]),
)
NO_5XX = ("errors.no-5xx", "errors.no-5xx.first")


def crashes(slug: str, route: str, when: When) -> None:
    """Register a fault by which a wrong request crashes the server."""
    id = f"thread.run.refuses.{slug}"
    status(id, route, 500, "It crashes the server.", when=when, breaks=(id, *NO_5XX))


crashes("no-assistant", CREATE, lambda c: "assistant_id" not in c.fields)
crashes("late-cancel", CANCEL, lambda c: not zero(c))
crashes("late-outputs", SUBMIT, lambda c: "call_none" in str(c.fields))
crashes("wrong-outputs", SUBMIT, lambda c: "call_none" not in str(c.fields))
crashes("busy-message", "threads.messages.create", lambda c: c.fields.get("content") == "Hello?")
crashes("busy-run", CREATE, lambda c: len(c.fields) == 1 and not zero(c)
        and "00000000" not in str(c.fields.get("assistant_id")))  # fmt: skip

# tools
fill("thread.run.tools.waits", CREATE, "tool_choice is ignored, and no tool is used.",
     lambda c, b: b.update(tool_choice="none"),
     when=lambda c: c.fields.get("tool_choice") == "required")  # fmt: skip


def _calls(reply: Json) -> list[Json]:
    action = reply.get("required_action") or {}
    return list((action.get("submit_tool_outputs") or {}).get("tool_calls") or ())


edit("thread.run.tools.calls", GET, "Arguments are no JSON.",
     lambda c, r: [k["function"].update(arguments=k["function"]["arguments"][:-1])
                   for k in _calls(r)])  # fmt: skip
edit("thread.run.tools.step", STEPS, "A waiting step is completed.",
     lambda c, r: [s.update(status="completed") for s in r["data"]])  # fmt: skip
edit("thread.run.tools.outputs-accepted", SUBMIT, "A run still waits when it has its outputs.",
     lambda c, r: r.update(status="failed"), when=whole,
     breaks=("thread.run.tools.outputs-accepted", "thread.run.times",
             "thread.run.transitions"))  # fmt: skip


@fault("thread.run.tools.goes-on", at="reply", route=GET)
def no_answer(call: Call, reply: Json) -> Json | None:
    """A run that had its outputs fails."""
    if reply["status"] != "completed" or reply["tool_choice"] != "required":
        return None
    return {**reply, "status": "failed", "failed_at": reply["completed_at"], "completed_at": None,
            "usage": None, "last_error": {"code": "server_error", "message": "Sorry."}}  # fmt: skip


edit("thread.run.tools.output-kept", STEPS, "The outputs of tools are lost.",
     lambda c, r: [k["function"].update(output=None) for s in r["data"]
                   for k in s["step_details"].get("tool_calls") or ()])  # fmt: skip
edit("thread.run.cancel.accepted", CANCEL, "The answer to a cancellation is what was before.",
     lambda c, r: r.update(status="requires_action"))  # fmt: skip
edit("thread.run.cancel.ends", GET, "A cancelled run is expired.",
     lambda c, r: r.update(status="expired", cancelled_at=None),
     when=lambda c: c.route == GET and _cancelled(c))  # fmt: skip


def _cancelled(call: Call) -> bool:
    run = call.table("runs").get(call.params.get("run", ""))
    return run is not None and run.shape["status"] == "cancelled"


fill("thread.run.cancel.frees", "threads.messages.create", "A thread stays busy for ever.", refuse,
     when=lambda c: any(r.shape["thread_id"] == c.params["id"] and r.shape["status"] == "cancelled"
                        for r in c.table("runs").values()))  # fmt: skip
edit("thread.run.usage", GET, "Totals of tokens are too small.",
     lambda c, r: r["usage"] and r["usage"].update(total_tokens=1))  # fmt: skip
edit("thread.run.usage/early", GET, "A run in progress has a usage of zeros.",
     lambda c, r: r.update(usage={"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0})
     if r["status"] not in ENDED else None, breaks=("thread.run.usage",))  # fmt: skip
edit("thread.run.times", GET, "completed_at is missing.",
     lambda c, r: r.update(completed_at=None))  # fmt: skip
edit("thread.run.action", GET, "required_action is left when it is over.",
     lambda c, r: r.update(required_action={"type": "submit_tool_outputs",
                           "submit_tool_outputs": {"tool_calls": []}})
     if r["status"] == "completed" else None)  # fmt: skip


@fault("thread.run.poll-after", at="http", route=GET)
def poll_after(call: Call, reply: Reply) -> None:
    """openai-poll-after-ms is a duration with a unit."""
    if reply.status == 200:
        reply.set("openai-poll-after-ms", "500ms")


# streams
def stream(
    slug: str,
    text: str,
    change: Callable[[Events], Any],
    *more: str,
    route: Sequence[str] = STREAMS,
    when: When = always,
) -> None:
    """Register a fault that changes the events of a streamed run."""

    def hook(call: Call, events: Events) -> Events:
        made = copy.deepcopy(events)
        result = change(made)
        whole_list = isinstance(result, list) and all(isinstance(one, tuple) for one in result)
        return result if whole_list and result else made

    id = f"thread.run.stream.{slug}"
    fault(id, at="chunks", route=route, text=text, when=when,
          breaks=(f"thread.run.stream.{slug.partition('/')[0]}", *more))(hook)  # fmt: skip


@fault("thread.run.stream.is-stream", at="frames", route=STREAMS,
       breaks=("thread.run.stream.is-stream", "thread.run.stream.waits"))  # fmt: skip
def silent(call: Call, frames: list[Frame]) -> list[Frame]:
    """A streamed run has no events."""
    return [Frame(b": nothing\n\n")]


@fault("thread.run.stream.names", at="frames", route=STREAMS,
       breaks=("thread.run.stream.names", "thread.run.stream.waits"))  # fmt: skip
def nameless(call: Call, frames: list[Frame]) -> None:
    """Events have no names."""
    for one in frames:
        one.data = b"data:" + one.data.partition(b"data:")[2]


@fault("thread.run.stream.done", at="frames", route=STREAMS)
def endless(call: Call, frames: list[Frame]) -> list[Frame]:
    """The stream has no end."""
    return frames[:-1]


def _deltas(events: Events, name: str = "thread.message.delta") -> list[Json]:
    return [payload for kind, payload in events if kind == name]


stream("objects", "Deltas are whole messages by name.",
       lambda e: [p.update(object="thread.message") for p in _deltas(e)])  # fmt: skip
stream(
    "status",
    "Every run in a stream is queued.",
    lambda e: [p.update(status="queued") for n, p in e if n == "thread.run.in_progress"],
)
stream("begins", "A stream does not begin with the created run.",
       lambda e: [one for one in e if one[0] != "thread.run.created"],
       route=(CREATE, "threads.create_and_run"))  # fmt: skip
stream("begins/thread", "The new thread is not told.",
       lambda e: [one for one in e if one[0] != "thread.created"],
       route=("threads.create_and_run",))  # fmt: skip
stream("ends", "The end of a run is not told.", lambda e: e[:-1], "thread.run.stream.waits")
stream(
    "one-run",
    "Steps name another run.",
    lambda e: [p.update(run_id="run_0") for _, p in e if p["object"] == "thread.run.step"],
)
stream("created-first", "Messages are not created.",
       lambda e: [one for one in e if one[0] != "thread.message.created"])  # fmt: skip
stream("text", "The first piece of a text is lost.",
       lambda e: [one for i, one in enumerate(e) if one[0] != "thread.message.delta"
                  or e[i - 1][0] == "thread.message.delta"])  # fmt: skip
stream("text/whole", "Each delta holds the whole text so far.",
       lambda e: _grow(_deltas(e)))  # fmt: skip


def _grow(deltas: list[Json]) -> None:
    text = ""
    for one in deltas:
        text += one["delta"]["content"][0]["text"]["value"]
        one["delta"]["content"][0]["text"]["value"] = text


stream("delta-index", "Pieces have no index.",
       lambda e: [p["delta"]["content"][0].pop("index") for p in _deltas(e)] and None,
       "thread.run.stream.text")  # fmt: skip
stream("calls", "The id of a call is in every delta.", lambda e: _repeat(e))


def _repeat(events: Events) -> None:
    for one in _deltas(events, "thread.run.step.delta"):
        for call in one["delta"]["step_details"]["tool_calls"]:
            call["id"] = "call_again"


@fault("thread.run.stream.kept", at="frames", route=CREATE, when=lambda c: c.stream)
def unkept(call: Call, frames: list[Frame]) -> None:
    """A streamed message is not in the thread."""
    kept = call.table("messages")[call.params["id"]]
    for name in [n for n, m in kept.items() if m["role"] == "assistant"]:
        del kept[name]


fill("thread.run.stream.accepted", SUBMIT, "Outputs cannot be streamed.", refuse,
     when=lambda c: c.stream)  # fmt: skip
stream(
    "waits",
    "A streamed run that waits has failed.",
    lambda e: (
        [
            *e[:-1],
            ("thread.run.expired", {**e[-1][1], "status": "expired", "required_action": None}),
        ]
        if e[-1][0].endswith("requires_action")
        else None
    ),
)
