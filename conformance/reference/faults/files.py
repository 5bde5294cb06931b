"""Faults of files and uploads."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import invalid
from conformance.reference.fault import fault
from conformance.reference.faults._objects import (
    delete_faults,
    edit,
    fill,
    list_faults,
    once_there,
    private_faults,
    query,
    status,
    zero,
)
from conformance.reference.parse import Upload
from conformance.reference.reply import Reply

Json = dict[str, Any]
CREATE, RETRIEVE, LIST, CONTENT = (
    "files.create", "files.retrieve", "files.list", "files.content",
)  # fmt: skip

list_faults("files", LIST)
delete_faults("files", "files", "files", "files.delete.content-gone")
private_faults("files", "files")


def refuse(call: Call, value: Any) -> None:
    """The route is not there."""
    raise invalid(f"Invalid URL ({call.method} {call.path})", None)


fault("files.list.accepted", at="authorised", route=LIST, text="Files cannot be listed.",
      when=lambda c: not c.query)(refuse)  # fmt: skip
fill("files.create.accepted", CREATE, "Uploads are refused now and then.", refuse,
     when=lambda c: c.fields.get("purpose") == "fine-tune"
     and _name(c).startswith("two words"),
     breaks=("files.create.accepted",))  # fmt: skip


def _name(call: Call) -> str:
    file = call.fields.get("file")
    return file.filename if isinstance(file, Upload) else ""


def _meta(**values: Any) -> Any:
    return lambda call, reply: reply.update(values)


edit("files.create.bytes", CREATE, "bytes counts kilobytes.",
     lambda c, r: r.update(bytes=r["bytes"] // 1024),
     breaks=("files.create.bytes", "files.retrieve.same", "files.list.same"),
     field_defects="files-wrong-bytes")  # fmt: skip
edit("files.create.bytes/encoded", CREATE, "bytes is the size of the whole request.",
     lambda c, r: r.update(bytes=len(c.raw)),
     breaks=("files.create.bytes", "files.retrieve.same", "files.list.same"))  # fmt: skip
edit("files.create.filename", (CREATE, RETRIEVE, LIST), "Blanks in file names become underscores.",
     lambda c, r: [o.update(filename=o["filename"].replace("two words", "two_words"))
                   for o in r.get("data", [r])])  # fmt: skip
edit("files.create.filename-unicode", (CREATE, RETRIEVE, LIST), "File names lose all but ASCII.",
     lambda c, r: [o.update(filename=o["filename"].encode("ascii", "ignore").decode())
                   for o in r.get("data", [r])])  # fmt: skip
edit("files.create.purpose", (CREATE, RETRIEVE, LIST), "Every purpose becomes assistants.",
     lambda c, r: [o.update(purpose="assistants") for o in r.get("data", [r])],
     breaks=("files.create.purpose", "files.list.purpose"))  # fmt: skip
edit("files.retrieve.same", RETRIEVE, "A retrieved file has another time of creation.",
     lambda c, r: r.update(created_at=r["created_at"] + 5))  # fmt: skip
edit("files.list.same", LIST, "A listed file has no size.",
     lambda c, r: [o.update(bytes=0) for o in r["data"]])  # fmt: skip
query("files.list.purpose", LIST, "purpose")


@fault("files.create/nulls", at="reply", route=CREATE,
       breaks=("files.create.bytes", "files.shape.status", "files.shape.id",
               "files.shape.bytes", "files.shape.created-at",
               "files.shape.filename", "files.shape.object", "files.shape.purpose"),
       when=lambda c: _name(c) == "tiny.jsonl",
       field_defects="files-null-fields")  # fmt: skip
def nulls(call: Call, reply: Json) -> Json:
    """The answer to an upload has null for everything but an id under another name."""
    return {**dict.fromkeys(reply), "status": "success", "file_id": reply["id"]}


def content(slug: str, text: str, change: Any, *more: str, **options: Any) -> None:
    """Register a fault that changes the content of a file."""

    def hook(call: Call, reply: Reply) -> None:
        if reply.status == 200 and isinstance(reply.body, bytes):
            reply.body = change(reply.body)

    fault(f"files.content.{slug}", at="http", route=CONTENT, text=text,
          breaks=(f"files.content.{slug.partition('/')[0]}", *more), **options)(hook)  # fmt: skip


content("text", "The last line gets a newline.",
        lambda b: b + b"\n" if b.endswith(b"}") else b)  # fmt: skip
content("binary", "Contents are decoded and encoded again.",
        lambda b: b.decode("utf-8", "replace").encode(),
        field_defects="files-content-corrupted")  # fmt: skip
content("binary/crlf", "Line ends are made uniform.", lambda b: b.replace(b"\r\n", b"\n"),
        "files.content.large")  # fmt: skip
content("binary/stripped", "Contents lose the white space around them.",
        lambda b: b.strip() if b.endswith(b"\n\r\n") else b)  # fmt: skip
content("large", "Contents end after 64 KiB.", lambda b: b[:65536])
content("tiny", "A content of one byte is lost.", lambda b: b"" if len(b) == 1 else b)


@fault("files.content.not-json", at="http", route=CONTENT,
       breaks=("files.content.not-json", "http.body.json"))  # fmt: skip
def as_json(call: Call, reply: Reply) -> None:
    """Contents are declared to be JSON."""
    if reply.status == 200 and call.owner == "main" and b"\x00\x01" in bytes(reply.body):  # type: ignore[arg-type]
        reply.set("content-type", "application/json")


fault("files.content.private", at="authorised", route=CONTENT, breaks=("files.private.read",),
      text="Another account reads contents.")(
    lambda call, verdict: call.config.keys["sk-reference-main"])  # fmt: skip
status("files.unknown.content", CONTENT, 400, "An unknown content is answered 400.", when=zero)
status("files.delete.content-gone", CONTENT, 403, "A deleted content is forbidden.",
       when=once_there)  # fmt: skip


@fault("files.form.file-first", at="request", route=CREATE)
def order_matters(call: Call, body: Json) -> None:
    """The purpose has to stand before the file."""
    raw = call.raw
    if raw.find(b'name="file"') < raw.find(b'name="purpose"'):
        raise invalid("Missing required parameter: 'purpose'.", "purpose")


@fault("files.form.quoted-boundary", at="authorised", route=CREATE,
       when=lambda c: 'boundary="' in c.headers.get("content-type", ""))  # fmt: skip
def quoted(call: Call, verdict: Any) -> None:
    """A quoted boundary is not understood."""
    raise invalid("Could not parse multipart form.")


@fault("files.form.typed", at="request", route=CREATE)
def text_only(call: Call, body: Json) -> None:
    """A file part of another type is refused."""
    file = body.get("file")
    if isinstance(file, Upload) and file.content_type.startswith("text/plain; charset"):
        raise invalid("Unsupported media type.", "file")


fill("files.form.no-purpose", CREATE, "purpose may be left out.",
     lambda c, b: b.setdefault("purpose", "batch"),
     when=lambda c: isinstance(c.fields.get("file"), Upload))  # fmt: skip
fill("files.form.no-file", CREATE, "A form without a file makes an empty one.",
     lambda c, b: b.setdefault("file", Upload("", "", b"")),
     breaks=("files.form.no-file",))  # fmt: skip
fill("files.form.bad-purpose", CREATE, "Every purpose is accepted.",
     lambda c, b: b.update(purpose="batch"),
     when=lambda c: c.fields.get("purpose") == "no-such-purpose")  # fmt: skip
fill("files.form.file-is-text", CREATE, "A text is taken for a file.",
     lambda c, b: b.update(file=Upload("x", "", b"only text")),
     when=lambda c: isinstance(c.fields.get("file"), str))  # fmt: skip
status("files.form.json", CREATE, 500, "A JSON body crashes the upload.",
       breaks=("files.form.json", "errors.no-5xx"),
       when=lambda c: c.headers.get("content-type", "").startswith("application/json"))  # fmt: skip

# uploads
U, PART, DONE, CANCEL = "uploads.create", "uploads.parts", "uploads.complete", "uploads.cancel"


fill("uploads.create.accepted", U, "The first upload is refused.", refuse,
     when=lambda c: c.fields.get("bytes") == 12,
     breaks=("uploads.create.accepted",))  # fmt: skip
edit("uploads.create.echo", U, "A new upload is of no size.", _meta(bytes=0),
     when=lambda c: c.fields.get("bytes") == 12)  # fmt: skip
edit("uploads.part.upload-id", PART, "A part names another upload.", _meta(upload_id="upload_1"))
edit("uploads.part.ids-differ", PART, "All parts have one id.",
     lambda c, r: r.update(id=c.app.data.setdefault("part", r["id"])),
     breaks=("uploads.part.ids-differ", "uploads.complete.order"))  # fmt: skip
edit("uploads.complete.file", DONE, "A completed upload has no file.", _meta(file=None))


@fault("uploads.complete.order", at="request", route=DONE)
def arrival(call: Call, body: Json) -> None:
    """Parts are put together as they arrived."""
    found = call.table("uploads").get(call.params["id"])
    if found and set(body.get("part_ids") or ()) == set(found.parts):
        body["part_ids"] = list(found.parts)


@fault("uploads.complete.retrievable", at="reply", route=DONE,
       breaks=("uploads.complete.retrievable",))  # fmt: skip
def lost(call: Call, reply: Json) -> None:
    """The file of an upload is not kept."""
    call.table("files").pop(reply["file"]["id"], None)


def _any_part(call: Call, body: Json) -> None:
    found = call.table("uploads").get(call.params["id"])
    if found and not set(body["part_ids"]) <= set(found.parts):
        status_error = invalid("No such part.", "part_ids")
        status_error.status = 500
        raise status_error


fault("uploads.complete.unknown-part", at="request", route=DONE,
      breaks=("uploads.complete.unknown-part", "errors.no-5xx", "errors.no-5xx.first"),
      text="An unknown part crashes the server.")(_any_part)  # fmt: skip


@fault("uploads.complete.wrong-size", at="request", route=DONE,
       breaks=("uploads.complete.wrong-size", "uploads.cancel.status"))  # fmt: skip
def any_size(call: Call, body: Json) -> None:
    """The announced size is not looked at."""
    found = call.table("uploads").get(call.params["id"])
    if found and set(body["part_ids"]) <= set(found.parts):
        found.meta["bytes"] = sum(len(found.parts[n]) for n in body["part_ids"])


@fault("uploads.part.after-completion", at="request", route=PART,
       breaks=("uploads.part.after-completion", "uploads.cancel.late"))  # fmt: skip
def reopen(call: Call, body: Json) -> None:
    """Parts are taken at any time."""
    found = call.table("uploads").get(call.params["id"])
    if found and found.meta["status"] != "pending":
        found.meta["status"] = "pending"


edit("uploads.cancel.status", CANCEL, "A cancelled upload is still pending.",
     _meta(status="pending"))  # fmt: skip
status("uploads.unknown", CANCEL, 400, "An unknown upload is answered 400.", when=zero)
