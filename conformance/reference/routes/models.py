"""The list of models."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.config import ModelCard
from conformance.reference.errors import ApiError, not_found
from conformance.reference.reply import Answer
from conformance.reference.routing import Route

_CREATED = 1_735_689_600


def _object(card: ModelCard, number: int) -> dict[str, Any]:
    return {
        "id": card.id,
        "object": "model",
        "created": _CREATED + 86_400 * number,
        "owned_by": card.owned_by,
    }


def _all(call: Call) -> dict[str, dict[str, Any]]:
    served = {
        card.id: _object(card, number) for number, card in enumerate(call.config.models.values())
    }
    return {**served, **call.table("models")}


def listing(call: Call) -> Answer:
    """GET /models."""
    return Answer({"object": "list", "data": list(_all(call).values())})


def _found(call: Call) -> dict[str, Any]:
    name = call.params["model"]
    found = _all(call).get(name)
    if found is None:
        raise not_found(f"The model '{name}' does not exist", "model", "model_not_found")
    return found


def retrieve(call: Call) -> Answer:
    """GET /models/{model}; the id may hold a slash, encoded or not."""
    return Answer(_found(call))


def delete(call: Call) -> Answer:
    """DELETE /models/{model}: only what the account fine-tuned itself."""
    found = _found(call)
    if found["id"] not in call.table("models"):
        raise ApiError(
            403,
            f"You have insufficient permissions for this operation: the model '{found['id']}' is "
            "not yours to delete.",
            param="model",
            code="insufficient_permissions",
        )
    del call.table("models")[found["id"]]
    return Answer({"id": found["id"], "object": "model", "deleted": True})


ROUTES = (
    Route("models.list", "GET", "/models", listing),
    Route("models.retrieve", "GET", "/models/{model*}", retrieve),
    Route("models.delete", "DELETE", "/models/{model*}", delete),
)
