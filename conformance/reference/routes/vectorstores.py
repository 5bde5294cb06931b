"""Vector stores, as far as attaching and finding a file goes."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any

from conformance.reference.call import Call
from conformance.reference.checks import (
    anything,
    array,
    fields,
    integer,
    mapping,
    metadata,
    nullable,
    string,
)
from conformance.reference.errors import invalid_value, not_found
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
    {
        "query": anything,
        "max_num_results": nullable(integer(1, 50)),
        "filters": nullable(mapping(anything)),
    },
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
        "expires_at": _expiry(call, body.get("expires_after")),
        "last_active_at": call.now,
        "metadata": body.get("metadata") or {},
    }
    files = {name: take_in(call, store["id"], name) for name in body.get("file_ids") or ()}
    call.table("stores")[store["id"]] = store
    call.table("stores.files")[store["id"]] = files
    return Answer(_counted(call, store))


def _expiry(call: Call, after: Any) -> int | None:
    days = after.get("days") if isinstance(after, dict) else None
    return call.now + days * 86_400 if isinstance(days, int) else None


def take_in(call: Call, store: str, name: str, attributes: Any = None) -> dict[str, Any]:
    """A file as it stands in a store."""
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
        "attributes": attributes or {},
    }


def _counted(call: Call, store: dict[str, Any]) -> dict[str, Any]:
    files = call.table("stores.files")[store["id"]]
    store["usage_bytes"] = sum(one["usage_bytes"] for one in files.values())
    store["file_counts"] = counts(call, files.values())
    store["status"] = "in_progress" if store["file_counts"]["in_progress"] else "completed"
    return store


def counts(call: Call, files: Iterable[dict[str, Any]]) -> dict[str, int]:
    """How many of the files are in which state."""
    states = [look(call, one)["status"] for one in files]
    names = ("in_progress", "completed", "failed", "cancelled")
    return {**{name: states.count(name) for name in names}, "total": len(states)}


def look(call: Call, one: dict[str, Any]) -> dict[str, Any]:
    """Bring a file to where it is by now: one of a batch takes its time."""
    ready = call.table("stores.ready").get(f"{one['vector_store_id']} {one['id']}", 0.0)
    if one["status"] == "in_progress" and call.clock.time() >= ready:
        one["status"] = "completed"
    return one


def found(call: Call) -> dict[str, Any]:
    """The store of the path."""
    return _found(call)


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
    made = take_in(call, store, call.fields["file_id"], call.fields.get("attributes"))
    call.table("stores.files")[store][made["id"]] = made
    return Answer(made)


def list_files(call: Call) -> Answer:
    """GET /vector_stores/{id}/files."""
    files = call.table("stores.files")[_found(call)["id"]].values()
    wanted = call.query.get("filter")
    return Answer(page(call, [one for one in files if wanted in (None, one["status"])]))


def _attached(call: Call) -> dict[str, Any]:
    files = call.table("stores.files")[_found(call)["id"]]
    found: dict[str, Any] | None = files.get(call.params["file"])
    if found is None:
        raise not_found(f"No file found with id '{call.params['file'][:100]}' in vector store.")
    return look(call, found)


def update_file(call: Call) -> Answer:
    """POST /vector_stores/{id}/files/{file}."""
    one = _attached(call)
    one["attributes"] = call.fields["attributes"] or {}
    return Answer(one)


def content(call: Call) -> Answer:
    """GET /vector_stores/{id}/files/{file}/content."""
    text = find_file(call, _attached(call)["id"]).data.decode("utf-8", "replace")
    return Answer(
        {
            "object": "vector_store.file_content.page",
            "data": [{"type": "text", "text": text}],
            "has_more": False,
            "next_page": None,
        }
    )


def retrieve_file(call: Call) -> Answer:
    """GET /vector_stores/{id}/files/{file}."""
    return Answer(_attached(call))


def detach(call: Call) -> Answer:
    """DELETE /vector_stores/{id}/files/{file}."""
    name = _attached(call)["id"]
    del call.table("stores.files")[call.params["id"]][name]
    return Answer({"id": name, "object": "vector_store.file.deleted", "deleted": True})


_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def passes(attributes: dict[str, Any], filters: Any) -> bool:
    """Whether a file's attributes are what a search asks for."""
    if not filters:
        return True
    kind = filters.get("type")
    if kind in ("and", "or"):
        parts = [passes(attributes, one) for one in filters.get("filters") or ()]
        return all(parts) if kind == "and" else any(parts)
    if kind not in _COMPARED:
        raise invalid_value("filters.type", kind, (*_COMPARED, "and", "or"))
    held = attributes.get(filters.get("key"))
    return held is not None and _COMPARED[kind](held, filters.get("value"))


def search(call: Call) -> Answer:
    """POST /vector_stores/{id}/search."""
    query = str(call.fields["query"])
    wanted = embed(query)
    data = []
    filters = call.fields.get("filters")
    for name, one in call.table("stores.files")[_found(call)["id"]].items():
        if look(call, one)["status"] != "completed" or not passes(one["attributes"], filters):
            continue
        source = find_file(call, name)
        text = source.data.decode("utf-8", "replace")[:2000]
        near = sum(a * b for a, b in zip(wanted, embed(text), strict=True))
        data.append(
            {
                "file_id": name,
                "filename": source.meta["filename"],
                "score": round(max(0.0, min(1.0, (near + 1) / 2)), 6),
                "attributes": one["attributes"],
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
_attributes = fields({"attributes": nullable(mapping(anything))}, ("attributes",), closed=True)

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
    Route("vector_stores.files.update", "POST", _ONE + "/files/{file}", update_file,
          _check(_attributes), "json"),
    Route("vector_stores.files.content", "GET", _ONE + "/files/{file}/content", content),
    Route("vector_stores.files.delete", "DELETE", _ONE + "/files/{file}", detach),
)  # fmt: skip
