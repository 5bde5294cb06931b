"""Faults of realtime: each changes one event of the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.reference.call import Call
from conformance.reference.fault import fault

Event = dict[str, Any]


def said(id: str, text: str, kind: str, change: Callable[[Call, Event], Any], *more: str) -> None:
    """Register a fault that changes (or, with {}, swallows) the events of one type."""

    def hook(call: Call, event: Event) -> Any:
        return change(call, event) if event.get("type") == kind or not kind else None

    fault(id, at="reply", route="realtime", text=text, breaks=(id.partition("/")[0], *more))(hook)


def _without(*names: str) -> Callable[[Call, Event], Event]:
    return lambda c, e: {k: v for k, v in e.items() if k not in names}


def _response(**changed: Any) -> Callable[[Call, Event], Event]:
    return lambda c, e: {**e, "response": {**e["response"], **changed}}


def _hang_up(call: Call, event: Event) -> None:
    call.state["hang up"] = True


def _other(call: Call, event: Event) -> Event:
    return {**event, "response_id": call.app.new_id("resp_")}


def _number(call: Call, event: Event) -> Event:
    call.state["said"] = call.state.get("said", 0) + 1
    return {**event, "event_id": f"event_{call.state['said'] % 4}"}


DONE = "response.done"
said("realtime.session.created", "session.created has no session.", "session.created",
     _without("session"))  # fmt: skip
said("realtime.events.typed", "Deltas have no event_id.", "response.output_text.delta",
     _without("event_id"))  # fmt: skip
said("realtime.events.ids-unique", "Event ids start again.", "", _number)
said("realtime.item.acknowledged", "The acknowledged item is empty.", "conversation.item.added",
     lambda c, e: {**e, "item": {**e["item"], "content": []}})  # fmt: skip
said("realtime.response.order", "The part is never opened.", "response.content_part.added",
     lambda c, e: {"type": "ping", "event_id": e["event_id"]})  # fmt: skip
said("realtime.response.created", "A response is completed when it is created.",
     "response.created", _response(status="completed"))  # fmt: skip
said("realtime.item.done", "An item that is done is empty.", "response.output_item.done",
     lambda c, e: {**e, "item": {**e["item"], "content": []}})  # fmt: skip
said("realtime.response.done-once", "response.done is called response.completed.", DONE,
     lambda c, e: {**e, "type": "response.completed"})  # fmt: skip
said("realtime.response.completed", "The status stays in_progress.", DONE,
     _response(status="in_progress"))  # fmt: skip
said("realtime.text.joined", "The done text lacks its last letter.", "response.output_text.done",
     lambda c, e: {**e, "text": e["text"][:-1]})  # fmt: skip
said("realtime.text.joined/output", "The response's own output is empty.", DONE,
     _response(output=[]))  # fmt: skip
said("realtime.response.ids-stable", "Each delta has a response id of its own.",
     "response.output_text.delta", _other)  # fmt: skip
said("realtime.response.usage", "There is no usage.", DONE, _response(usage=None))
said("realtime.response.usage/sum", "The total counts the output alone.", DONE,
     lambda c, e: _response(usage={**e["response"]["usage"], "total_tokens": 1})(c, e))  # fmt: skip
said("realtime.error.event", "An error is a bare message.", "error",
     lambda c, e: {**e, "error": {"message": e["error"]["message"], "event_id":
                                  e["error"]["event_id"]}})  # fmt: skip
said("realtime.error.names-event", "An error names no event.", "error",
     lambda c, e: {**e, "error": {**e["error"], "event_id": None}})  # fmt: skip
said("realtime.error.connection-stays", "A wrong event ends the conversation.", "error", _hang_up)
said("realtime.session.updated", "session.updated shows the session as it was.", "session.updated",
     lambda c, e: {**e, "session": {**e["session"], "instructions": ""}})  # fmt: skip


@fault("realtime.model.unknown", at="accepted", route="realtime",
       text="Any model name opens a session.")  # fmt: skip
def any_model(call: Call, problem: Any) -> Any:
    return False if getattr(problem, "code", None) == "model_not_found" else None


@fault("realtime.auth.required", at="accepted", route="realtime",
       text="A session opens without a key.")  # fmt: skip
def no_key(call: Call, problem: Any) -> Any:
    return False if problem is not None and problem.status == 401 else None
