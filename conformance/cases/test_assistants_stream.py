"""Streamed runs: named events in their order, pieces that join to the whole, a closing `done`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from conformance.cases._objects import served, step
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, require
from conformance.requirement import MUST, openai, requirement, sdk
from conformance.select import Selector

NEEDS = "assistants"
HELPER = ["openai-python beta.threads.runs.stream(): AssistantEventHandler sees wrong events"]
_ROUTE = re.compile(r"/threads(/[^/]+)?/runs(/[^/]+/submit_tool_outputs)?$")
RUN_STREAM = Selector(
    "run streams",
    lambda x: x.ok and x.is_stream and x.request.method == "POST"
    and _ROUTE.match(x.endpoint) is not None,
)  # fmt: skip
NAMES = {
    "thread.created",
    *(f"thread.run.{s}" for s in ("created", "queued", "in_progress", "requires_action",
      "completed", "incomplete", "failed", "cancelling", "cancelled", "expired")),
    *(f"thread.run.step.{s}" for s in ("created", "in_progress", "delta", "completed", "failed",
      "cancelled", "expired")),
    *(f"thread.message.{s}" for s in ("created", "in_progress", "delta", "completed",
      "incomplete")),
    "error",
    "done",
}  # fmt: skip
LAST = {f"thread.run.{s}" for s in ("requires_action", "completed", "incomplete", "failed",
                                    "cancelled", "expired")} | {"error"}  # fmt: skip
Named = tuple[str, dict[str, Any]]


def events(x: Exchange) -> list[Named]:
    """Name and payload of each event that carries an object."""
    assert x.response is not None
    return [(event.event or "", value) for event, value in x.response.event_payloads
            if isinstance(value, dict)]  # fmt: skip


def names(x: Exchange) -> list[str]:
    assert x.response is not None
    return [event.event or "" for event in x.response.stream.events]


def of(x: Exchange, kind: str) -> Iterator[dict[str, Any]]:
    """The payloads of one name."""
    return (payload for name, payload in events(x) if name == kind)


@requirement(
    "thread.run.stream.is-stream",
    MUST,
    "A run that is asked for as a stream is answered with events.",
    source=openai("assistants-streaming"),
    needs=NEEDS,
    over=RUN_STREAM,
    breaks=HELPER,
)
def test_is_stream(x: Exchange) -> None:
    assert x.response is not None
    require(
        bool(x.response.stream.events),
        "body",
        "events",
        f"{x.response.media_type}, {x.response.text[:100]}",
    )


@requirement(
    "thread.run.stream.names",
    MUST,
    "Every event of a streamed run has an `event:` line with one of the documented names.",
    source=sdk("openai-python _streaming.py: thread. events"),
    needs=NEEDS,
    over=RUN_STREAM,
    breaks=HELPER,
)
def test_names(x: Exchange) -> None:
    for number, name in enumerate(names(x), start=1):
        require(name in NAMES, f"event {number}, field event", "a documented name", name or "none")


@requirement(
    "thread.run.stream.done",
    MUST,
    "A streamed run is closed by `event: done` with the data `[DONE]`.",
    source=openai("assistants-streaming/events"),
    needs=NEEDS,
    over=RUN_STREAM,
    breaks=HELPER,
)
def test_done(x: Exchange) -> None:
    assert x.response is not None
    found = x.response.stream.events
    if not found:
        raise NotApplicable
    require(found[-1].data == "[DONE]", "last event, field data", "[DONE]", found[-1].data[:100])
    require(found[-1].event in ("done", ""), "last event, field event", "done", found[-1].event)
    ends = [event for event in found if event.data == "[DONE]"]
    require(len(ends) == 1, "stream", "[DONE] once", f"{len(ends)} times")


def _kind(name: str) -> str:
    """The object that an event of this name carries."""
    if name.endswith(".delta"):
        return name
    return name.rpartition(".")[0]


@requirement(
    "thread.run.stream.objects",
    MUST,
    "Each event carries the object that its name says.",
    source=openai("assistants-streaming/events"),
    needs=NEEDS,
    over=RUN_STREAM,
    breaks=HELPER,
)
def test_objects(x: Exchange) -> None:
    judged = [(n, p) for n, p in events(x) if n.startswith("thread.") and n in NAMES]
    if not judged:
        raise NotApplicable
    for name, payload in judged:
        wanted = _kind(name)
        require(payload.get("object") == wanted, f"{name}: object", wanted, payload.get("object"))


@requirement(
    "thread.run.stream.status",
    MUST,
    "The run in an event has the state that the event's name says.",
    source=openai("assistants-streaming/events"),
    needs=NEEDS,
    over=RUN_STREAM,
    breaks=HELPER,
)
def test_status(x: Exchange) -> None:
    judged = 0
    for name, payload in events(x):
        if payload.get("object") == "thread.run" and name in NAMES:
            judged += 1
            state = name.rpartition(".")[2]
            wanted = ("queued", "in_progress") if state == "created" else (state,)
            require(
                payload.get("status") in wanted, f"{name}: status", wanted, payload.get("status")
            )
    if not judged:
        raise NotApplicable


@requirement(
    "thread.run.stream.begins",
    MUST,
    "A streamed new run begins with `thread.run.created` (after `thread.created`).",
    source=openai("assistants-streaming/events"),
    needs=NEEDS,
    over=RUN_STREAM,
    breaks=HELPER,
)
def test_begins(x: Exchange) -> None:
    if x.endpoint.endswith("submit_tool_outputs"):
        raise NotApplicable
    found = [name for name in names(x) if name in NAMES]
    if not found:
        raise NotApplicable
    if x.endpoint == "/threads/runs":
        require(found[0] == "thread.created", "event 1", "thread.created", found[0])
        found = found[1:]
    require(
        found[:1] == ["thread.run.created"],
        "first event of the run",
        "thread.run.created",
        found[:1],
    )


@requirement(
    "thread.run.stream.ends",
    MUST,
    "The last event before `done` says how the run ended, or that it waits.",
    source=openai("assistants-streaming/events"),
    needs=NEEDS,
    over=RUN_STREAM,
    breaks=HELPER,
)
def test_ends(x: Exchange) -> None:
    found = [name for name in names(x) if name in NAMES and name != "done"]
    if not found:
        raise NotApplicable
    require(found[-1] in LAST, "last event", sorted(LAST), found[-1])


@requirement(
    "thread.run.stream.one-run",
    MUST,
    "All events of a stream are about one run.",
    source=openai("assistants-streaming/events"),
    needs=NEEDS,
    over=RUN_STREAM,
    breaks=HELPER,
)
def test_one_run(x: Exchange) -> None:
    ids = {str(p.get("id")) for _, p in events(x) if p.get("object") == "thread.run"}
    ids |= {str(p.get("run_id")) for _, p in events(x) if p.get("object") == "thread.run.step"}
    ids |= {
        str(p.get("run_id"))
        for _, p in events(x)
        if p.get("object") == "thread.message" and p.get("run_id")
    }
    if not ids:
        raise NotApplicable
    require(len(ids) == 1, "id, run_id", "one run", sorted(ids))


@requirement(
    "thread.run.stream.created-first",
    MUST,
    "A message or a step is created before its deltas, and completed after them, once.",
    source=openai("assistants-streaming/events"),
    needs=NEEDS,
    over=RUN_STREAM,
    breaks=HELPER,
)
def test_created_first(x: Exchange) -> None:
    state: dict[str, str] = {}
    judged = 0
    submitted = x.endpoint.endswith("submit_tool_outputs")
    for name, payload in events(x):
        thing, _, what = name.rpartition(".")
        if thing not in ("thread.message", "thread.run.step"):
            continue
        key = f"{thing} {payload.get('id')}"
        judged += 1
        if what == "created":
            require(key not in state, name, "each created once", key)
            state[key] = "open"
        elif what in ("delta", "completed"):
            # the outputs of tools complete a step that an earlier stream began
            known = submitted and thing == "thread.run.step" and key not in state
            require(
                known or state.get(key) == "open",
                name,
                f"{key} created before, not completed",
                state.get(key, "never created"),
            )
            state[key] = "completed" if what == "completed" else "open"
    if not judged:
        raise NotApplicable


@requirement(
    "thread.run.stream.accepted",
    MUST,
    "Runs are streamed: in a thread, with a new thread, and after the outputs of tools.",
    source=openai("runs/createRun stream"),
    needs=NEEDS,
    any_status=True,
    breaks=HELPER,
)
def test_accepted(run_stream: Steps) -> None:
    served(run_stream, "answer", "tools")
    if "outputs" in run_stream:
        served(run_stream, "outputs")


@requirement(
    "thread.run.stream.waits",
    MUST,
    'A streamed run with `tool_choice: "required"` ends at `requires_action`, and goes '
    "on with the outputs.",
    source=openai("runs/submitToolOutputs"),
    needs=NEEDS,
    any_status=True,
    breaks=HELPER,
)
def test_waits(run_stream: Steps) -> None:
    called = step(run_stream, "tools")
    if not called.ok:
        raise NotApplicable
    ends = [name for name in names(called) if name in LAST]
    if "thread.run.failed" in ends:
        raise Inconclusive("the run failed")
    require(
        ends[-1:] == ["thread.run.requires_action"],
        "last event",
        "thread.run.requires_action",
        ends[-1:],
    )
    require("outputs" in run_stream, "required_action", "calls with ids", "none")
