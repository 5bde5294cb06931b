"""The events of a streamed run: the run is made at once, and told step by step."""

from __future__ import annotations

from typing import Any

from conformance.reference import tokens
from conformance.reference.assistants_run import Run, proceed
from conformance.reference.call import Call

Event = tuple[str, dict[str, Any]]


def streamed(call: Call, run: Run, opening: list[Event]) -> list[Event]:
    """All events from a queued run to its end, or to its call for tools."""
    shape = run.shape
    before = len(run.steps)
    events = [*opening, ("thread.run.queued", dict(shape))]
    shape |= {"status": "in_progress", "started_at": shape["started_at"] or call.now}
    events.append(("thread.run.in_progress", dict(shape)))
    proceed(call, run)
    for step in run.steps[before:]:
        fresh = {**step, "status": "in_progress", "completed_at": None, "usage": None}
        detail = step["step_details"]
        if step["type"] == "tool_calls":
            fresh["step_details"] = {"type": "tool_calls", "tool_calls": []}
        events += [("thread.run.step.created", fresh), ("thread.run.step.in_progress", fresh)]
        if step["type"] == "message_creation":
            name = detail["message_creation"]["message_id"]
            events += _message(call.table("messages")[shape["thread_id"]][name])
        else:
            events += _calls(step)
        if step["status"] == "completed":
            events.append(("thread.run.step.completed", dict(step)))
    events.append((f"thread.run.{shape['status']}", dict(shape)))
    return events


def _message(message: dict[str, Any]) -> list[Event]:
    empty = {**message, "content": [], "status": "in_progress"}
    events: list[Event] = [("thread.message.created", empty), ("thread.message.in_progress", empty)]
    for text, _ in tokens.deltas(tokens.encode(message["content"][0]["text"]["value"])):
        piece: dict[str, Any] = {"index": 0, "type": "text", "text": {"value": text}}
        delta = {
            "id": message["id"],
            "object": "thread.message.delta",
            "delta": {"content": [piece]},
        }
        events.append(("thread.message.delta", delta))
    events.append(("thread.message.completed", {**message, "status": "completed"}))
    return events


def _calls(step: dict[str, Any]) -> list[Event]:
    def delta(index: int, fields: dict[str, Any]) -> Event:
        calls = [{"index": index, "type": "function", **fields}]
        details = {"type": "tool_calls", "tool_calls": calls}
        return "thread.run.step.delta", {
            "id": step["id"],
            "object": "thread.run.step.delta",
            "delta": {"step_details": details},
        }

    events: list[Event] = []
    for index, one in enumerate(step["step_details"]["tool_calls"]):
        function = one["function"]
        start = {"name": function["name"], "arguments": "", "output": None}
        events.append(delta(index, {"id": one["id"], "function": start}))
        for text, _ in tokens.deltas(tokens.encode(function["arguments"])):
            events.append(delta(index, {"function": {"arguments": text}}))
    return events
