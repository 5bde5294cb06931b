"""Legal behaviour of the Responses API."""

from __future__ import annotations

import copy
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ErrorReply, invalid
from conformance.reference.fault import variation
from conformance.reference.reply import Frame
from conformance.reference.sse import frame

Json = dict[str, Any]
Events = list[tuple[str, Json]]
ROUTE = "responses"


def streamed(call: Call) -> bool:
    return call.stream and not call.fields.get("background")


@variation("responses.done", at="frames", route=ROUTE, when=streamed)
def done(call: Call, frames: list[Frame]) -> list[Frame]:
    """[DONE] follows the last event."""
    return [*frames, frame("[DONE]")]


@variation("responses.no-obfuscation", at="chunks", route=ROUTE, when=streamed)
def unpadded(call: Call, events: Events) -> None:
    """Deltas are not padded."""
    for _name, payload in events:
        payload.pop("obfuscation", None)


@variation("responses.extra", at="reply", route=ROUTE)
def extra(call: Call, body: Json) -> Json:
    """There are keys that nobody documented."""
    return {**body, "x_timings": {"ms": 3.5}, "safety_checks": []}


@variation("responses.old", at="reply", route=ROUTE)
def old(call: Call, body: Json) -> Json:
    """What OpenAI itself sends since 2025 only is left out."""
    new = ("billing", "completed_at", "frequency_penalty", "presence_penalty", "top_logprobs",
           "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "max_tool_calls",
           "background", "service_tier")  # fmt: skip
    return {key: value for key, value in body.items() if key not in new}


@variation("responses.error-404", at="error", route=ROUTE)
def not_found(call: Call, error: ErrorReply) -> None:
    """An unknown model is 404, and an unknown previous response, too."""
    if error.body["error"].get("code") in ("model_not_found", "previous_response_not_found"):
        error.status = 404


@variation("responses.ids", at="chunks", route=ROUTE,
           when=lambda call: streamed(call) and call.fields.get("store") is not True)  # fmt: skip
def other_ids(call: Call, events: Events) -> Events:
    """Items have ids of another form."""
    import json

    return [
        (name, json.loads(json.dumps(payload).replace('"msg_', '"msg_item-')))
        for name, payload in events
    ]


@variation("responses.one-delta", at="chunks", route=ROUTE, when=streamed)
def one_delta(call: Call, events: Events) -> Events:
    """A whole text or a whole set of arguments is one delta."""
    made: Events = []
    for name, payload in events:
        if made and name.endswith(".delta") and made[-1][0] == name:
            last = made[-1][1]
            last["delta"] += payload["delta"]
            if "logprobs" in payload:
                last["logprobs"] = [*last["logprobs"], *payload["logprobs"]]
        else:
            made.append((name, copy.deepcopy(payload)))
    for number, (_name, payload) in enumerate(made):
        payload["sequence_number"] = number
    return made


@variation("responses.own-events", at="chunks", route=ROUTE, when=streamed)
def own_events(call: Call, events: Events) -> Events:
    """An event of the server's own comes between the others."""
    own = ("response.timings", {"type": "response.timings", "sequence_number": 0, "ms": 4})
    made = [copy.deepcopy(e) for e in (*events[:3], own, *events[3:])]
    for number, (_name, payload) in enumerate(made):
        payload["sequence_number"] = number
    return made


@variation("responses.no-rate", at="reply", route="responses.delete")
def deleted_object(call: Call, body: Json) -> Json:
    """The object of a deletion is called response.deleted."""
    return {**body, "object": "response.deleted"}


@variation("responses.stateless", at="request", route=ROUTE)
def stateless(call: Call, body: Json) -> Json:
    """A server without storage refuses it up front."""
    for key in ("previous_response_id", "store", "background"):
        if body.get(key):
            raise invalid(f"Unsupported parameter: {key}", key, "unsupported_parameter")
    return {**body, "store": False}


@variation("responses.reasoning-text", at="chunks", route=ROUTE,
           when=lambda call: streamed(call) and "reasoning" in call.fields)  # fmt: skip
def reasoning_text(call: Call, events: Events) -> Events:
    """Reasoning comes as text, without a part being announced."""
    events = copy.deepcopy(events)
    place = next(n for n, e in enumerate(events) if e[0] == "response.output_item.added")
    at = {"item_id": events[place][1]["item"]["id"], "output_index": 0, "content_index": 0}
    made: Events = [
        ("response.reasoning_text.delta", {**at, "delta": "Hm."}),
        ("response.reasoning_text.done", {**at, "text": "Hm."}),
    ]
    whole = [*events[: place + 1], *made, *events[place + 1 :]]
    return [
        (name, {"type": name, **payload, "sequence_number": number})
        for number, (name, payload) in enumerate(whole)
    ]


@variation("responses.store-told", at="accepted", route=ROUTE,
           when=lambda call: call.fields.get("store") is True
           and not call.fields.get("background"))  # fmt: skip
def says_unstored(call: Call, body: Json) -> Json:
    """A server that keeps nothing says `store: false` in its answer."""
    return {**body, "store": False}
