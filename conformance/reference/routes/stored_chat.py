"""Chat completions that were stored."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.checks import fields, metadata
from conformance.reference.errors import missing, not_found
from conformance.reference.listing import page
from conformance.reference.reply import Answer
from conformance.reference.routing import Route


def _found(call: Call) -> dict[str, Any]:
    name = call.params["id"]
    stored: dict[str, Any] | None = call.table("chat").get(name)
    if stored is None:
        raise not_found(f"No chat completion found with id '{name}'.")
    return stored


def retrieve(call: Call) -> Answer:
    """GET /chat/completions/{id}."""
    return Answer(_found(call))


def _check_update(call: Call, body: dict[str, Any]) -> None:
    if "metadata" not in body:
        raise missing("metadata")
    fields({"metadata": metadata}, closed=True)("", body)


def update(call: Call) -> Answer:
    """POST /chat/completions/{id}: the metadata alone can change."""
    stored = _found(call)
    stored["metadata"] = call.fields["metadata"] or {}
    return Answer(stored)


def delete(call: Call) -> Answer:
    """DELETE /chat/completions/{id}."""
    stored = _found(call)
    del call.table("chat")[stored["id"]]
    return Answer({"object": "chat.completion.deleted", "id": stored["id"], "deleted": True})


def messages(call: Call) -> Answer:
    """GET /chat/completions/{id}/messages."""
    stored = _found(call)
    return Answer(page(call, call.table("chat.messages")[stored["id"]], order="asc"))


def listing(call: Call) -> Answer:
    """GET /chat/completions, filtered by model and metadata."""
    wanted = {key[9:-1]: value for key, value in call.query.items() if key.startswith("metadata[")}
    model = call.query.get("model")
    found = [
        one
        for one in call.table("chat").values()
        if (model is None or one["model"] == model)
        and all(one["metadata"].get(key) == value for key, value in wanted.items())
    ]
    return Answer(page(call, found, order="asc"))


_ONE = "/chat/completions/{id}"

ROUTES = (
    Route("chat.list", "GET", "/chat/completions", listing),
    Route("chat.retrieve", "GET", _ONE, retrieve),
    Route("chat.update", "POST", _ONE, update, _check_update, "json"),
    Route("chat.delete", "DELETE", _ONE, delete),
    Route("chat.messages", "GET", _ONE + "/messages", messages),
)
