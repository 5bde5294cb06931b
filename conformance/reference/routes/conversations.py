"""Conversations, the memory of the Responses API."""

from __future__ import annotations

from typing import Any

from conformance.reference import responses_items
from conformance.reference.call import Call
from conformance.reference.checks import array, fields, metadata, nullable
from conformance.reference.errors import missing, not_found
from conformance.reference.listing import page
from conformance.reference.reply import Answer
from conformance.reference.responses_fields import check_item
from conformance.reference.routing import Route

_items = array(check_item, 0, 20)
_create = fields({"metadata": metadata, "items": nullable(_items)}, closed=True)
_update = fields({"metadata": metadata}, ("metadata",), closed=True)
_add = fields({"items": array(check_item, 1, 20)}, ("items",), closed=True)


def _found(call: Call) -> dict[str, Any]:
    name = call.params["id"]
    found: dict[str, Any] | None = call.table("conversations").get(name)
    if found is None:
        raise not_found(f"Conversation with id '{name}' not found.")
    return found


def create(call: Call) -> Answer:
    """POST /conversations."""
    body = call.fields
    made: dict[str, Any] = {
        "id": call.app.new_id("conv_", 48),
        "object": "conversation",
        "created_at": call.now,
        "metadata": body.get("metadata") or {},
    }
    first = responses_items.normal(call, body.get("items"))
    call.table("conversations")[made["id"]] = made
    call.table("conversation.items")[made["id"]] = {item["id"]: item for item in first}
    return Answer(made)


def retrieve(call: Call) -> Answer:
    """GET /conversations/{id}."""
    return Answer(_found(call))


def update(call: Call) -> Answer:
    """POST /conversations/{id}."""
    found = _found(call)
    found["metadata"] = call.fields["metadata"] or {}
    return Answer(found)


def delete(call: Call) -> Answer:
    """DELETE /conversations/{id}."""
    name = _found(call)["id"]
    del call.table("conversations")[name]
    del call.table("conversation.items")[name]
    return Answer({"id": name, "object": "conversation.deleted", "deleted": True})


def add_items(call: Call) -> Answer:
    """POST /conversations/{id}/items."""
    stored = call.table("conversation.items")[_found(call)["id"]]
    made = responses_items.normal(call, call.fields["items"])
    stored.update({item["id"]: item for item in made})
    return Answer(
        {
            "object": "list",
            "data": made,
            "first_id": made[0]["id"],
            "last_id": made[-1]["id"],
            "has_more": False,
        }
    )


def list_items(call: Call) -> Answer:
    """GET /conversations/{id}/items."""
    stored = call.table("conversation.items")[_found(call)["id"]]
    return Answer(page(call, stored.values()))


def _item(call: Call) -> dict[str, Any]:
    stored = call.table("conversation.items")[_found(call)["id"]]
    found: dict[str, Any] | None = stored.get(call.params["item"])
    if found is None:
        raise not_found(f"Item with id '{call.params['item']}' not found.")
    return found


def retrieve_item(call: Call) -> Answer:
    """GET /conversations/{id}/items/{item}."""
    return Answer(_item(call))


def delete_item(call: Call) -> Answer:
    """DELETE /conversations/{id}/items/{item}: answers with the conversation."""
    name = _item(call)["id"]
    del call.table("conversation.items")[call.params["id"]][name]
    return Answer(_found(call))


def _check(shape: Any) -> Any:
    def validate(call: Call, body: dict[str, Any]) -> None:
        if shape is not _create:
            _found(call)
        if shape is _add and "items" not in body:
            raise missing("items")
        shape("", body)

    return validate


_ONE = "/conversations/{id}"

ROUTES = (
    Route("conversations.create", "POST", "/conversations", create, _check(_create), "optional"),
    Route("conversations.retrieve", "GET", _ONE, retrieve),
    Route("conversations.update", "POST", _ONE, update, _check(_update), "json"),
    Route("conversations.delete", "DELETE", _ONE, delete),
    Route("conversations.items.create", "POST", _ONE + "/items", add_items, _check(_add), "json"),
    Route("conversations.items.list", "GET", _ONE + "/items", list_items),
    Route("conversations.items.retrieve", "GET", _ONE + "/items/{item}", retrieve_item),
    Route("conversations.items.delete", "DELETE", _ONE + "/items/{item}", delete_item),
)
