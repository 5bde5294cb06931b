"""Uploads: parts that become one file."""

from __future__ import annotations

from conformance.cases._objects import good, own, refused, served, step
from conformance.exchange import Steps
from conformance.expect import NotApplicable, fail, require
from conformance.probes.files import HEAD, TAIL
from conformance.requirement import MUST, SHOULD, openai, requirement

NEEDS = "uploads"
BIG = ["openai-python uploads.upload_file_chunked()"]


@requirement(
    "uploads.create.accepted",
    MUST,
    "An upload is opened.",
    source=openai("uploads/create"),
    needs=NEEDS,
    any_status=True,
    breaks=BIG,
)
def test_create(upload_create: Steps) -> None:
    served(upload_create, "create")


@requirement(
    "uploads.create.echo",
    MUST,
    "An opened upload is pending and has the name, size and purpose that were sent.",
    source=openai("uploads/create"),
    needs=NEEDS,
    any_status=True,
    breaks=BIG,
)
def test_echo(upload_create: Steps) -> None:
    body = good(upload_create, "create")
    for name, wanted in (
        ("status", "pending"),
        ("filename", "parts.jsonl"),
        ("purpose", "batch"),
        ("bytes", len(HEAD)),
    ):
        require(body.get(name) == wanted, name, str(wanted), body.get(name))


@requirement(
    "uploads.part.upload-id",
    MUST,
    "A part names the upload that it belongs to.",
    source=openai("uploads/add-part"),
    needs=NEEDS,
    any_status=True,
    breaks=BIG,
)
def test_part(upload_use: Steps) -> None:
    served(upload_use, "part-1", "part-2")
    wanted = own(upload_use, "create")
    for name in ("part-1", "part-2"):
        found = good(upload_use, name).get("upload_id")
        require(found == wanted, "upload_id", wanted, found)


@requirement(
    "uploads.part.ids-differ",
    MUST,
    "Each part has an id of its own.",
    source=openai("uploads/add-part"),
    needs=NEEDS,
    any_status=True,
    breaks=BIG,
)
def test_part_ids(upload_use: Steps) -> None:
    one, two = own(upload_use, "part-1"), own(upload_use, "part-2")
    require(one != two, "id", f"another id than {one}", two)


@requirement(
    "uploads.complete.file",
    MUST,
    "A completed upload has the status `completed` and holds the file.",
    source=openai("uploads/complete"),
    needs=NEEDS,
    any_status=True,
    breaks=BIG,
)
def test_complete(upload_use: Steps) -> None:
    served(upload_use, "complete")
    body = good(upload_use, "complete")
    require(body.get("status") == "completed", "status", "completed", body.get("status"))
    file = body.get("file")
    if not isinstance(file, dict):
        fail("file", "a file object", file)
    for name, wanted in (
        ("bytes", len(HEAD + TAIL)),
        ("filename", "parts.jsonl"),
        ("purpose", "batch"),
        ("object", "file"),
    ):
        require(file.get(name) == wanted, f"file.{name}", str(wanted), file.get(name))


@requirement(
    "uploads.complete.order",
    MUST,
    "The parts are put together in the order of `part_ids`, not in that of arrival.",
    source=openai("uploads/complete"),
    needs=NEEDS,
    any_status=True,
    breaks=BIG,
)
def test_order(upload_use: Steps) -> None:
    found = step(upload_use, "content")
    if not found.ok or found.response is None:
        raise NotApplicable
    require(
        found.response.body == HEAD + TAIL,
        "body",
        repr(HEAD + TAIL),
        repr(found.response.body[:100]),
    )


@requirement(
    "uploads.complete.retrievable",
    MUST,
    "The file of a completed upload is one of the files.",
    source=openai("uploads/complete"),
    needs=NEEDS,
    any_status=True,
    breaks=BIG,
)
def test_retrievable(upload_use: Steps) -> None:
    served(upload_use, "file")


@requirement(
    "uploads.complete.unknown-part",
    MUST,
    "An unknown part id is refused.",
    source=openai("uploads/complete"),
    needs=NEEDS,
    any_status=True,
)
def test_unknown_part(upload_use: Steps) -> None:
    refused(upload_use, "unknown-part")


@requirement(
    "uploads.complete.wrong-size",
    MUST,
    "An upload whose parts are not of the announced size is refused.",
    source=openai("uploads/complete"),
    needs=NEEDS,
    any_status=True,
    breaks=["a lost part goes unnoticed"],
)
def test_wrong_size(upload_use: Steps) -> None:
    refused(upload_use, "wrong-size")


@requirement(
    "uploads.part.after-completion",
    MUST,
    "A part for an upload that is completed or cancelled is refused.",
    source=openai("uploads/add-part"),
    needs=NEEDS,
    any_status=True,
)
def test_late(upload_use: Steps) -> None:
    if step(upload_use, "complete").ok:
        refused(upload_use, "late-part")
    if step(upload_use, "cancel").ok:
        refused(upload_use, "cancelled-part")


@requirement(
    "uploads.cancel.status",
    MUST,
    "A cancelled upload has the status `cancelled`.",
    source=openai("uploads/cancel"),
    needs=NEEDS,
    any_status=True,
)
def test_cancel(upload_use: Steps) -> None:
    served(upload_use, "cancel")
    found = good(upload_use, "cancel").get("status")
    require(found == "cancelled", "status", "cancelled", found)


@requirement(
    "uploads.unknown",
    SHOULD,
    "An unknown upload is answered 404.",
    source=openai("uploads/cancel"),
    needs=NEEDS,
    any_status=True,
)
def test_unknown(upload_use: Steps) -> None:
    refused(upload_use, "unknown", statuses=(404,))
