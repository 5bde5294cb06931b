"""Faults of the list of models."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.config import MODEL_CHAT, MODEL_EMBEDDING
from conformance.reference.errors import ApiError, ErrorReply, not_found
from conformance.reference.fault import fault
from conformance.reference.reply import Reply

Json = dict[str, Any]
LIST = "models.list"
ONE = "models.retrieve"


@fault("models.accepts.list", at="received", route=LIST)
def list_crashes(call: Call, value: None) -> Reply:
    """The list is a 500."""
    body = b'{"error":{"message":"boom","type":"server_error","param":null,"code":null}}'
    return Reply(500, [("content-type", "application/json")], body)


@fault("models.list.unique", at="reply", route=LIST)
def twice(call: Call, reply: Json) -> None:
    """A model that two workers serve is listed twice."""
    reply["data"].append(dict(reply["data"][0]))


@fault("models.list.no-junk", at="reply", route=LIST, field_defects="models-lists-junk")
def whole_directory(call: Call, reply: Json) -> None:
    """Every file of the folder is listed."""
    for name in (".DS_Store", "Makefile", "README.md"):
        reply["data"].append({**reply["data"][0], "id": name})


@fault("models.list.whole", at="reply", route=LIST)
def pages(call: Call, reply: Json) -> None:
    """The list comes in pages."""
    reply["has_more"] = True


@fault("models.created.past", at="reply", route=(LIST, ONE))
def next_year(call: Call, reply: Json) -> None:
    """created lies a year ahead."""
    for entry in reply.get("data", [reply]):
        entry["created"] += 3_153_600_000


@fault("models.created.constant", at="reply", route=LIST,
       breaks=("models.created.constant", "models.retrieve.agrees",
               "models.retrieve.escaped-agrees"))  # fmt: skip
def created_now(call: Call, reply: Json) -> None:
    """created is the time of the request."""
    for entry in reply["data"]:
        entry["created"] = call.now


@fault("models.list.has-chat-model", at="reply", route=LIST)
def chat_missing(call: Call, reply: Json) -> None:
    """The chat model is not listed."""
    reply["data"] = [entry for entry in reply["data"] if entry["id"] != MODEL_CHAT]


@fault("models.list.has-embedding-model", at="reply", route=LIST)
def embedding_missing(call: Call, reply: Json) -> None:
    """The embedding model is not listed."""
    reply["data"] = [entry for entry in reply["data"] if entry["id"] != MODEL_EMBEDDING]


@fault("models.list.stable", at="reply", route=LIST)
def flickers(call: Call, reply: Json) -> None:
    """Every second list lacks a model."""
    call.app.data["lists"] = turn = call.app.data.get("lists", 0) + 1
    if turn % 2:
        del reply["data"][-1]


@fault("models.list.bare", at="reply", route=LIST,
       breaks=("models.list.shape.body",), field_defects="models-bare-array")  # fmt: skip
def bare_array(call: Call, reply: Json) -> Any:
    """The list is a bare array."""
    return reply["data"]


@fault("models.list.no-created", at="reply", route=(LIST, ONE),
       breaks=("models.model.shape.created", "models.list.shape.data.created"),
       field_defects="models-no-created")  # fmt: skip
def no_created(call: Call, reply: Json) -> None:
    """Models have no created."""
    for entry in reply.get("data", [reply]):
        entry.pop("created")


@fault("models.retrieve.accepts.listed", at="received", route=ONE,
       breaks=("models.retrieve.accepts.listed", "models.retrieve.accepts.escaped"),
       field_defects="models-retrieve-missing")  # fmt: skip
def nothing_to_retrieve(call: Call, value: None) -> None:
    """Single models cannot be retrieved."""
    raise not_found(f"The model '{call.params['model']}' does not exist", None, "model_not_found")


@fault("models.retrieve.accepts.escaped", at="received", route=ONE)
def slash_splits(call: Call, value: None) -> None:
    """An id with an encoded slash is read as two parts of the path."""
    if "/" in call.params["model"]:
        raise not_found(f"Invalid URL (GET {call.path})")


@fault("models.retrieve.id", at="reply", route=ONE,
       when=lambda call: "/" not in call.params["model"])  # fmt: skip
def other_id(call: Call, reply: Json) -> None:
    """The retrieved model has the path of its file as id."""
    reply["id"] = f"/srv/{reply['id']}"


@fault("models.retrieve.agrees", at="reply", route=ONE,
       when=lambda call: "/" not in call.params["model"])  # fmt: skip
def other_owner(call: Call, reply: Json) -> None:
    """owned_by is another one than in the list."""
    reply["owned_by"] = "library"


@fault("models.retrieve.escaped-agrees", at="reply", route=ONE,
       when=lambda call: "/" in call.params["model"])  # fmt: skip
def owner_of_slash(call: Call, reply: Json) -> None:
    """The part before the slash is taken for the owner."""
    reply["owned_by"] = "somebody"


def _crashes(call: Call, error: ErrorReply) -> None:
    error.status = 500


fault("models.retrieve.unknown-slash", at="error", route=ONE, text="An unknown id is a crash.",
      when=lambda call: "/" in call.params.get("model", ""))(_crashes)  # fmt: skip


@fault("models.delete.unknown", at="http", route="models.delete")
def deletes_anything(call: Call, reply: Reply) -> None:
    """Whatever is to be deleted is said to be deleted."""
    reply.status = 200
    reply.body = b'{"id":"x","object":"model","deleted":true}'


@fault("models.delete.unknown/crash", at="error", route="models.delete",
       breaks=("models.delete.unknown",))  # fmt: skip
def delete_crashes(call: Call, error: ErrorReply) -> None:
    """Deleting is a crash."""
    crashed = ApiError(500, "not implemented", type="server_error").reply()
    error.status, error.body = crashed.status, crashed.body
