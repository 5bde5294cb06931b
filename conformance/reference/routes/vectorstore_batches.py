"""Batches of files that are put into a vector store together."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.checks import anything, array, fields, nullable, string
from conformance.reference.errors import invalid, missing, not_found
from conformance.reference.listing import page
from conformance.reference.reply import Answer
from conformance.reference.routes.vectorstores import counts, found, look, take_in
from conformance.reference.routing import Route

_one = fields(
    {"file_id": string(1), "attributes": anything, "chunking_strategy": anything}, ("file_id",)
)
_shape = fields(
    {
        "file_ids": nullable(array(string(1), 1, 2000)),
        "files": nullable(array(_one, 1, 2000)),
        "attributes": anything,
        "chunking_strategy": anything,
    },
    closed=True,
)


def _check(call: Call, body: dict[str, Any]) -> None:
    _shape("", body)
    if not body.get("file_ids") and not body.get("files"):
        raise missing("file_ids")


def create(call: Call) -> Answer:
    """POST /vector_stores/{id}/file_batches."""
    store, body = found(call)["id"], call.fields
    wanted = [(one["file_id"], one.get("attributes")) for one in body.get("files") or ()]
    wanted += [(name, body.get("attributes")) for name in body.get("file_ids") or ()]
    made = [take_in(call, store, name, attributes) for name, attributes in wanted]
    for one in made:
        one["status"] = "in_progress"
        ready = call.clock.time() + call.config.job_step_s
        call.table("stores.ready")[f"{store} {one['id']}"] = ready
        call.table("stores.files")[store][one["id"]] = one
    batch = {
        "id": call.app.new_id("vsfb_"),
        "object": "vector_store.files_batch",
        "created_at": call.now,
        "vector_store_id": store,
        "status": "in_progress",
        "file_counts": {},
    }
    call.table("stores.batches")[batch["id"]] = (batch, [one["id"] for one in made])
    return Answer(_looked(call, batch, made))


def _looked(call: Call, batch: dict[str, Any], files: list[dict[str, Any]]) -> dict[str, Any]:
    batch["file_counts"] = counts(call, files)
    if batch["status"] == "in_progress" and not batch["file_counts"]["in_progress"]:
        batch["status"] = "completed"
    return batch


def _found(call: Call) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    store = found(call)["id"]
    batch, names = call.table("stores.batches").get(call.params["batch"], (None, ()))
    if batch is None or batch["vector_store_id"] != store:
        raise not_found(f"No file batch found with id '{call.params['batch'][:100]}'.")
    kept = call.table("stores.files")[store]
    files = [look(call, kept[name]) for name in names if name in kept]
    return _looked(call, batch, files), files


def retrieve(call: Call) -> Answer:
    """GET /vector_stores/{id}/file_batches/{batch}."""
    return Answer(dict(_found(call)[0]))


def list_files(call: Call) -> Answer:
    """GET /vector_stores/{id}/file_batches/{batch}/files."""
    wanted = call.query.get("filter")
    files = [one for one in _found(call)[1] if wanted in (None, one["status"])]
    return Answer(page(call, files))


def cancel(call: Call) -> Answer:
    """POST /vector_stores/{id}/file_batches/{batch}/cancel."""
    batch, files = _found(call)
    if batch["status"] != "in_progress":
        raise invalid(f"Cannot cancel a file batch with status '{batch['status']}'.")
    for one in files:
        if one["status"] == "in_progress":
            one["status"] = "cancelled"
    batch["status"] = "cancelled"
    return Answer(dict(_looked(call, batch, files)))


_ALL = "/vector_stores/{id}/file_batches"
_ONE = _ALL + "/{batch}"

ROUTES = (
    Route("vector_stores.batches.create", "POST", _ALL, create, _check, "json"),
    Route("vector_stores.batches.retrieve", "GET", _ONE, retrieve),
    Route("vector_stores.batches.cancel", "POST", _ONE + "/cancel", cancel, body="optional"),
    Route("vector_stores.batches.files", "GET", _ONE + "/files", list_files),
)
