"""Files, and uploads in parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from conformance.reference.call import Call
from conformance.reference.checks import array, enum, fields, integer, nullable, string
from conformance.reference.errors import invalid, missing, not_found
from conformance.reference.listing import page
from conformance.reference.parse import Upload
from conformance.reference.reply import Answer, Reply
from conformance.reference.routing import Route

PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")


@dataclass
class Stored:
    """A file: what the API says of it, and its bytes."""

    meta: dict[str, Any]
    data: bytes


def store_file(call: Call, name: str, data: bytes, purpose: str) -> Stored:
    """Keep a file of the account."""
    meta: dict[str, Any] = {
        "id": call.app.new_id("file-", 22),
        "object": "file",
        "bytes": len(data),
        "created_at": call.now,
        "expires_at": None,
        "filename": name,
        "purpose": purpose,
        "status": "processed",
        "status_details": None,
    }
    stored = Stored(meta, data)
    call.table("files")[meta["id"]] = stored
    return stored


def find_file(call: Call, name: str, param: str | None = None) -> Stored:
    """A file of the account, or the refusal."""
    stored: Stored | None = call.table("files").get(name)
    if stored is None and param:
        raise invalid(f"No such File object: {name[:100]}", param)
    if stored is None:
        raise not_found(f"No such File object: {name[:100]}", "id")
    return stored


def _validate(call: Call, body: dict[str, Any]) -> None:
    if not isinstance(body.get("file"), Upload):
        raise missing("file")
    if "purpose" not in body:
        raise missing("purpose")
    enum(*PURPOSES)("purpose", body["purpose"])


def create(call: Call) -> Answer:
    """POST /files."""
    upload: Upload = call.fields["file"]
    stored = store_file(call, upload.filename, upload.data, call.fields["purpose"])
    seconds = call.fields.get("expires_after[seconds]")
    if isinstance(seconds, str) and seconds.isdigit() and len(seconds) < 10:
        stored.meta["expires_at"] = call.now + int(seconds)
    return Answer(stored.meta)


def listing(call: Call) -> Answer:
    """GET /files."""
    purpose = call.query.get("purpose")
    metas = [one.meta for one in call.table("files").values()]
    kept = [meta for meta in metas if purpose in (None, meta["purpose"])]
    return Answer(page(call, kept, most=10_000))


def retrieve(call: Call) -> Answer:
    """GET /files/{id}."""
    return Answer(find_file(call, call.params["id"]).meta)


def delete(call: Call) -> Answer:
    """DELETE /files/{id}."""
    name = find_file(call, call.params["id"]).meta["id"]
    del call.table("files")[name]
    return Answer({"id": name, "object": "file", "deleted": True})


def content(call: Call) -> Reply:
    """GET /files/{id}/content."""
    stored = find_file(call, call.params["id"])
    name = "".join(c for c in stored.meta["filename"] if c.isascii() and c.isprintable())
    disposition = f'attachment; filename="{name.replace(chr(34), "")}"'
    headers = [("content-type", "application/octet-stream"), ("content-disposition", disposition)]
    return Reply(200, headers, stored.data)


@dataclass
class _Upload:
    meta: dict[str, Any]
    parts: dict[str, bytes] = field(default_factory=dict)


_new_upload = fields(
    {
        "purpose": enum(*PURPOSES),
        "filename": string(1),
        "bytes": integer(1),
        "mime_type": string(1),
    },
    ("purpose", "filename", "bytes", "mime_type"),
)
_complete = fields({"part_ids": array(string(), 1), "md5": nullable(string())}, ("part_ids",))


def create_upload(call: Call) -> Answer:
    """POST /uploads."""
    body = call.fields
    meta = {
        "id": call.app.new_id("upload_", 32),
        "object": "upload",
        "bytes": body["bytes"],
        "created_at": call.now,
        "expires_at": call.now + 3600,
        "filename": body["filename"],
        "purpose": body["purpose"],
        "status": "pending",
        "file": None,
    }
    call.table("uploads")[meta["id"]] = _Upload(meta)
    return Answer(meta)


def _open_upload(call: Call) -> _Upload:
    name = call.params["id"]
    found: _Upload | None = call.table("uploads").get(name)
    if found is None:
        raise not_found(f"No such Upload object: {name[:100]}")
    if found.meta["status"] == "pending" and call.now >= found.meta["expires_at"]:
        found.meta["status"] = "expired"
    if found.meta["status"] != "pending":
        raise invalid(f"Upload has status '{found.meta['status']}'.")
    return found


def add_part(call: Call) -> Answer:
    """POST /uploads/{id}/parts."""
    found = _open_upload(call)
    data = call.fields.get("data")
    if not isinstance(data, Upload):
        raise missing("data")
    name = call.app.new_id("part_", 32)
    found.parts[name] = data.data
    return Answer(
        {
            "id": name,
            "object": "upload.part",
            "created_at": call.now,
            "upload_id": found.meta["id"],
        }
    )


def complete_upload(call: Call) -> Answer:
    """POST /uploads/{id}/complete."""
    found = _open_upload(call)
    names = call.fields["part_ids"]
    for name in names:
        if name not in found.parts:
            raise invalid(f"No such part: {name[:100]}", "part_ids")
    data = b"".join(found.parts[name] for name in names)
    if len(data) != found.meta["bytes"]:
        raise invalid(f"Expected {found.meta['bytes']} bytes, but got {len(data)}.", "part_ids")
    stored = store_file(call, found.meta["filename"], data, found.meta["purpose"])
    found.meta |= {"status": "completed", "file": stored.meta}
    return Answer(found.meta)


def cancel_upload(call: Call) -> Answer:
    """POST /uploads/{id}/cancel."""
    found = _open_upload(call)
    found.meta["status"] = "cancelled"
    return Answer(found.meta)


def _check(shape: Any) -> Any:
    return lambda call, body: shape("", body)


_UPLOAD = "/uploads/{id}"

ROUTES = (
    Route("files.create", "POST", "/files", create, _validate, "form"),
    Route("files.list", "GET", "/files", listing),
    Route("files.retrieve", "GET", "/files/{id}", retrieve),
    Route("files.delete", "DELETE", "/files/{id}", delete),
    Route("files.content", "GET", "/files/{id}/content", content),
    Route("uploads.create", "POST", "/uploads", create_upload, _check(_new_upload), "json"),
    Route("uploads.parts", "POST", _UPLOAD + "/parts", add_part, body="form"),
    Route("uploads.complete", "POST", _UPLOAD + "/complete", complete_upload, _check(_complete),
          "json"),
    Route("uploads.cancel", "POST", _UPLOAD + "/cancel", cancel_upload, body="optional"),
)  # fmt: skip
