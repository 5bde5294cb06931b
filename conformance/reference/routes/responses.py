"""The Responses API."""

from __future__ import annotations

from typing import Any

from conformance.reference import responses_items as items
from conformance.reference.call import Call
from conformance.reference.chat_rules import context_exceeded
from conformance.reference.errors import invalid, not_found
from conformance.reference.listing import page
from conformance.reference.model import generate
from conformance.reference.reply import Answer
from conformance.reference.responses_events import events
from conformance.reference.responses_fields import check_model, validate
from conformance.reference.responses_items import Item
from conformance.reference.responses_make import (
    TERMINAL,
    Record,
    base,
    conversation_id,
    finished,
    view,
)
from conformance.reference.routing import Route


def history(call: Call, body: Item) -> list[Item]:
    """What was said before, through either kind of memory."""
    previous = body.get("previous_response_id")
    if previous:
        record = call.table("responses").get(previous)
        if record is None:
            raise invalid(
                f"Previous response with id '{previous[:100]}' not found.",
                "previous_response_id",
                "previous_response_not_found",
            )
        return list(record.context)
    conversation = conversation_id(body)
    if conversation:
        stored = call.table("conversation.items").get(conversation)
        if stored is None:
            raise not_found(f"Conversation with id '{conversation[:100]}' not found.")
        return list(stored.values())
    return []


def create(call: Call) -> Answer:
    """POST /responses."""
    body = call.fields
    card = check_model(call, body)
    inputs = items.normal(call, body.get("input"))
    said = [*history(call, body), *inputs]
    items.check_pairs(said)
    wanted = (body.get("text") or {}).get("format") or {}
    words = " ".join(turn.text for turn in items.turns(said, body.get("instructions")))
    if wanted.get("type") == "json_object" and "json" not in words.lower():
        raise invalid(
            "Response input messages must contain the word 'json' in some form to use "
            "'text.format' of type 'json_object'.",
            "input",
        )
    spent = items.count(said, body)
    if spent > card.context:
        raise context_exceeded(card, spent, "input")
    made = generate(items.ask_of(body, card, said))
    call.charge(spent + made.output_tokens)
    started = base(call, body)
    output = items.output_items(call, body, card, made)
    final = finished(started, output, made, spent, call.now)
    background = started["background"]
    options = body.get("stream_options") or {}
    lived = events(started, final, made, options.get("include_obfuscation") is not False)
    record = Record(final, inputs, [*said, *output], call.clock.time(), background, events=lived)
    if started["store"]:
        call.table("responses")[final["id"]] = record
    conversation = conversation_id(body)
    if conversation:
        kept = call.table("conversation.items")[conversation]
        kept.update({item["id"]: item for item in [*inputs, *output]})
    if call.stream:
        return Answer(events=lived, done=False)
    if background:
        return Answer(view(call, record))
    return Answer(final, steps=made.output_tokens)


def _found(call: Call) -> Record:
    name = call.params["id"]
    record: Record | None = call.table("responses").get(name)
    if record is None:
        raise not_found(f"Response with id '{name}' not found.")
    return record


def retrieve(call: Call) -> Answer:
    """GET /responses/{id}, also as a stream that goes on where it was left."""
    record = _found(call)
    if call.query.get("stream") == "true":
        after = call.query.get("starting_after", "-1")
        if not after.lstrip("-").isdigit():
            raise invalid("Invalid 'starting_after': expected an integer.", "starting_after")
        later = [one for one in record.events if one[1]["sequence_number"] > int(after)]
        return Answer(events=later, done=False)
    return Answer(view(call, record))


def delete(call: Call) -> Answer:
    """DELETE /responses/{id}."""
    name = _found(call).final["id"]
    del call.table("responses")[name]
    return Answer({"id": name, "object": "response", "deleted": True})


def cancel(call: Call) -> Answer:
    """POST /responses/{id}/cancel, for background responses."""
    record = _found(call)
    if not record.background:
        raise invalid("Cannot cancel a synchronous response.")
    if view(call, record)["status"] not in TERMINAL:
        record.cancelled = call.clock.time()
    return Answer(view(call, record))


def input_items(call: Call) -> Answer:
    """GET /responses/{id}/input_items."""
    return Answer(page(call, _found(call).inputs))


def input_tokens(call: Call) -> Answer:
    """POST /responses/input_tokens."""
    body = call.fields
    said = [*history(call, body), *items.normal(call, body.get("input"))]
    return Answer({"object": "response.input_tokens", "input_tokens": items.count(said, body)})


def compact(call: Call) -> Answer:
    """POST /responses/compact: what the user said stays, the rest becomes one opaque item."""
    body = call.fields
    said = [*history(call, body), *items.normal(call, body.get("input"))]
    spent = items.count(said, body)
    kept = [item for item in said if item.get("role") == "user"]
    made: dict[str, Any] = {
        "id": call.app.new_id("cmp_", 48),
        "type": "compaction",
        "encrypted_content": "gAAAAA" + call.app.new_id("", 64),
    }
    usage = {
        "input_tokens": spent,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 8,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": spent + 8,
    }
    return Answer(
        {
            "id": call.app.new_id("resp_", 48),
            "object": "response.compaction",
            "created_at": call.now,
            "output": [*kept, made],
            "usage": usage,
        }
    )


def _any_model(call: Call, body: Item) -> None:
    validate(call, {"model": "reference-chat", **body})


_ONE = "/responses/{id}"

ROUTES = (
    Route("responses", "POST", "/responses", create, validate, "json", limited=True),
    Route("responses.retrieve", "GET", _ONE, retrieve),
    Route("responses.delete", "DELETE", _ONE, delete),
    Route("responses.cancel", "POST", _ONE + "/cancel", cancel, body="optional"),
    Route("responses.input_items", "GET", _ONE + "/input_items", input_items),
    Route(
        "responses.input_tokens",
        "POST",
        "/responses/input_tokens",
        input_tokens,
        _any_model,
        "json",
    ),
    Route("responses.compact", "POST", "/responses/compact", compact, validate, "json"),
)
