"""Vector stores, as far as attaching and finding a file goes."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.checks import (
    anything,
    array,
    fields,
    integer,
    metadata,
    nullable,
    string,
)
from conformance.reference.errors import not_found
from conformance.reference.listing import page
from conformance.reference.reply import Answer
from conformance.reference.routes.files import find_file
from conformance.reference.routing import Route
from conformance.reference.vectors import embed

_store = fields(
    {
        "name": nullable(string()),
        "file_ids": nullable(array(string(1), 0, 500)),
        "metadata": metadata,
        "expires_after": nullable(anything),
        "chunking_strategy": nullable(anything),
        "description": nullable(string()),
    },
    closed=True,
)
_attach = fields(
    {"file_id": string(1), "attributes": anything, "chunking_strategy": anything},
    ("file_id",),
    closed=True,
)
_search = fields(
    {"query": anything, "max_num_results": nullable(integer(1, 50))},
    ("query",),
)


def _check(shape: Any) -> Any:
    return lambda call, body: shape("", body)


def create(call: Call) -> Answer:
    """POST /vector_stores."""
    body = call.fields
    store: dict[str, Any] = {
        "id": call.app.new_id("vs_"),
        "object": "vector_store",
        "created_at": call.now,
        "name": body.get("name"),
        "usage_bytes": 0,
        "file_counts": {},
        "status": "completed",
        "expires_after": body.get("expires_after"),
        "expires_at": None,
        "last_active_at": call.now,
        "metadata": body.get("metadata") or {},
    }
    files = {name: _file(call, store["id"], name) for name in body.get("file_ids") or ()}
    call.table("stores")[store["id"]] = store
    call.table("stores.files")[store["id"]] = files
    return Answer(_counted(call, store))


def _file(call: Call, store: str, name: str) -> dict[str, Any]:
    source = find_file(call, name, "file_id")
    return {
        "id": name,
        "object": "vector_store.file",
        "created_at": call.now,
        "usage_bytes": len(source.data),
        "vector_store_id": store,
        "status": "completed",
        "last_error": None,
        "chunking_strategy": {
            "type": "static",
            "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400},
        },
        "attributes": {},
    }


def _counted(call: Call, store: dict[str, Any]) -> dict[str, Any]:
    files = call.table("stores.files")[store["id"]]
    store["usage_bytes"] = sum(one["usage_bytes"] for one in files.values())
    done = len(files)
    store["file_counts"] = {
        "in_progress": 0, "completed": done, "failed": 0, "cancelled": 0, "total": done,
    }  # fmt: skip
    return store


def _found(call: Call) -> dict[str, Any]:
    name = call.params["id"]
    store: dict[str, Any] | None = call.table("stores").get(name)
    if store is None:
        raise not_found(f"Vector store with id '{name[:100]}' not found.")
    return _counted(call, store)


def retrieve(call: Call) -> Answer:
    """GET /vector_stores/{id}."""
    return Answer(_found(call))


def update(call: Call) -> Answer:
    """POST /vector_stores/{id}."""
    store = _found(call)
    store.update({key: value for key, value in call.fields.items() if key in store})
    return Answer(store)


def listing(call: Call) -> Answer:
    """GET /vector_stores."""
    return Answer(page(call, [_counted(call, one) for one in call.table("stores").values()]))


def delete(call: Call) -> Answer:
    """DELETE /vector_stores/{id}."""
    name = _found(call)["id"]
    del call.table("stores")[name]
    return Answer({"id": name, "object": "vector_store.deleted", "deleted": True})


def attach(call: Call) -> Answer:
    """POST /vector_stores/{id}/files."""
    store = _found(call)["id"]
    made = _file(call, store, call.fields["file_id"])
    made["attributes"] = call.fields.get("attributes") or {}
    call.table("stores.files")[store][made["id"]] = made
    return Answer(made)


def list_files(call: Call) -> Answer:
    """GET /vector_stores/{id}/files."""
    return Answer(page(call, call.table("stores.files")[_found(call)["id"]].values()))


def _attached(call: Call) -> dict[str, Any]:
    files = call.table("stores.files")[_found(call)["id"]]
    found: dict[str, Any] | None = files.get(call.params["file"])
    if found is None:
        raise not_found(f"No file found with id '{call.params['file'][:100]}' in vector store.")
    return found


def retrieve_file(call: Call) -> Answer:
    """GET /vector_stores/{id}/files/{file}."""
    return Answer(_attached(call))


def detach(call: Call) -> Answer:
    """DELETE /vector_stores/{id}/files/{file}."""
    name = _attached(call)["id"]
    del call.table("stores.files")[call.params["id"]][name]
    return Answer({"id": name, "object": "vector_store.file.deleted", "deleted": True})


def search(call: Call) -> Answer:
    """POST /vector_stores/{id}/search."""
    query = str(call.fields["query"])
    wanted = embed(query)
    data = []
    for name in call.table("stores.files")[_found(call)["id"]]:
        source = find_file(call, name)
        text = source.data.decode("utf-8", "replace")[:2000]
        near = sum(a * b for a, b in zip(wanted, embed(text), strict=True))
        data.append(
            {
                "file_id": name,
                "filename": source.meta["filename"],
                "score": round(max(0.0, min(1.0, (near + 1) / 2)), 6),
                "attributes": {},
                "content": [{"type": "text", "text": text}],
            }
        )
    data.sort(key=lambda one: -one["score"])
    data = data[: call.fields.get("max_num_results") or 10]
    return Answer(
        {
            "object": "vector_store.search_results.page",
            "search_query": [query],
            "data": data,
            "has_more": False,
            "next_page": None,
        }
    )


_ALL = "/vector_stores"
_ONE = _ALL + "/{id}"

ROUTES = (
    Route("vector_stores.create", "POST", _ALL, create, _check(_store), "optional"),
    Route("vector_stores.list", "GET", _ALL, listing),
    Route("vector_stores.retrieve", "GET", _ONE, retrieve),
    Route("vector_stores.update", "POST", _ONE, update, _check(_store), "json"),
    Route("vector_stores.delete", "DELETE", _ONE, delete),
    Route("vector_stores.search", "POST", _ONE + "/search", search, _check(_search), "json"),
    Route("vector_stores.files.create", "POST", _ONE + "/files", attach, _check(_attach), "json"),
    Route("vector_stores.files.list", "GET", _ONE + "/files", list_files),
    Route("vector_stores.files.retrieve", "GET", _ONE + "/files/{file}", retrieve_file),
    Route("vector_stores.files.delete", "DELETE", _ONE + "/files/{file}", detach),
)
