"""Faults of vector stores and fine-tuning jobs."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import invalid
from conformance.reference.fault import fault
from conformance.reference.faults._objects import (
    Keep,
    answers,
    delete_faults,
    edit,
    fill,
    list_faults,
    status,
    zero,
)

Json = dict[str, Any]
V, F, J = "vector_stores", "vector_stores.files", "fine_tuning"
NO_5XX = ("errors.no-5xx", "errors.no-5xx.first")

list_faults("vector-store", f"{V}.list", before=True)
delete_faults("vector-store", V, "stores")


def refuse(call: Call, value: Any) -> None:
    """The route does not do this."""
    raise invalid("This is not supported.", None)


fault("vector-store.list.accepted", at="authorised", route=f"{V}.list", text="No list.",
      when=lambda c: c.query == {"limit": "2"})(refuse)  # fmt: skip
fill("vector-store.create.accepted", f"{V}.create", "A store wants a name.", refuse,
     when=lambda c: not c.fields)  # fmt: skip
fill("vector-store.create.echo", f"{V}.create", "metadata is lost.",
     lambda c, b: b.pop("metadata", None))  # fmt: skip
edit("vector-store.retrieve.same", f"{V}.retrieve", "A retrieved store is younger.",
     lambda c, r: r.update(created_at=r["created_at"] + 9))  # fmt: skip
fill("vector-store.update.kept", f"{V}.update", "A change of the name is lost.",
     lambda c, b: b.pop("name", None))  # fmt: skip
status("vector-store.unknown.files", f"{F}.list", 400, "Unknown stores are answered 400.",
       when=zero)  # fmt: skip
edit("vector-store.file.attached", f"{F}.create", "A file in a store has another id.",
     lambda c, r: r.update(id="vsf_1"))  # fmt: skip
fill("vector-store.file.attributes", f"{F}.create", "attributes are lost.",
     lambda c, b: b.pop("attributes", None),
     breaks=("vector-store.file.attributes", "vector-store.search.attributes"))  # fmt: skip
edit("vector-store.file.completes", f"{F}.retrieve", "Files are not taken in.",
     lambda c, r: r.update(status="failed",
                           last_error={"code": "server_error", "message": "Sorry."}))  # fmt: skip
edit("vector-store.counts", f"{V}.retrieve", "Files are not counted.",
     lambda c, r: r.update(file_counts=dict.fromkeys(r["file_counts"], 0)),
     breaks=("vector-store.counts", "vector-store.batch.in-store",
             "vector-store.file.left"))  # fmt: skip
edit("vector-store.file.list", f"{F}.list", "Only one file is listed.",
     lambda c, r: r.update(data=r["data"][:1], last_id=r["first_id"]))  # fmt: skip
status("vector-store.file.unknown", f"{F}.retrieve", 400, "A file that is not in it: 400.",
       when=zero)  # fmt: skip
status("vector-store.file.attach-unknown", f"{F}.create", 500, "Unknown files crash the server.",
       breaks=("vector-store.file.attach-unknown", *NO_5XX))  # fmt: skip
fill("vector-store.search.no-query", f"{V}.search", "A query is made up.",
     lambda c, b: b.setdefault("query", "x"))  # fmt: skip
edit("vector-store.search.found", f"{V}.search", "Nothing is found.",
     lambda c, r: r.update(data=[]))  # fmt: skip
edit("vector-store.search.text", f"{V}.search", "Results have no text.",
     lambda c, r: [o.update(content=[]) for o in r["data"]])  # fmt: skip
edit("vector-store.search.scores", f"{V}.search", "Scores are per cent.",
     lambda c, r: [o.update(score=o["score"] * 100) for o in r["data"]])  # fmt: skip
fill("vector-store.search.limit", f"{V}.search", "max_num_results is ignored.",
     lambda c, b: b.pop("max_num_results", None))  # fmt: skip


@fault("vector-store.file.detached", at="accepted", route=f"{F}.delete")
def keep(call: Call, body: Any) -> None:
    """A file stays in its store."""
    stores = call.table("stores.files")
    if call.params["id"] not in stores:
        return
    stores[call.params["id"]] = Keep(stores[call.params["id"]])


fault("vector-store.private", at="authorised", route=f"{V}.retrieve",
      text="Stores belong to everybody.")(answers)  # fmt: skip

# fine-tuning
fault("fine-tuning.list.accepted", at="authorised", route=f"{J}.list", text="No list.",
      when=lambda c: c.query == {"limit": "2"})(refuse)  # fmt: skip
for _slug, _route in (("retrieve", "retrieve"), ("cancel", "cancel"), ("events", "events")):
    status(f"fine-tuning.unknown.{_slug}", f"{J}.{_route}", 400, "Unknown jobs: 400.", when=zero)
status("fine-tuning.create.no-file", f"{J}.create", 500, "A missing file crashes the server.",
       when=lambda c: "training_file" not in c.fields,
       breaks=("fine-tuning.create.no-file", *NO_5XX))  # fmt: skip
status("fine-tuning.create.unknown-file", f"{J}.create", 500, "Unknown files crash the server.",
       when=lambda c: "training_file" in c.fields,
       breaks=("fine-tuning.create.unknown-file", *NO_5XX))  # fmt: skip
edit("fine-tuning.create.echo", f"{J}.create", "A new job is finished.",
     lambda c, r: r.update(finished_at=r["created_at"]))  # fmt: skip
edit("fine-tuning.create.status", f"{J}.create", "A new job has failed.",
     lambda c, r: r.update(status="failed"))  # fmt: skip
edit("fine-tuning.cancel.status", f"{J}.cancel", "A cancelled job runs on.",
     lambda c, r: r.update(status="running", finished_at=None))  # fmt: skip
status("fine-tuning.cancel.late", f"{J}.cancel", 500, "A late cancellation crashes the server.",
       when=lambda c: not zero(c), breaks=("fine-tuning.cancel.late", *NO_5XX))  # fmt: skip
edit("fine-tuning.retrieve.same", f"{J}.retrieve", "A retrieved job is younger.",
     lambda c, r: r.update(created_at=r["created_at"] + 9))  # fmt: skip
edit("fine-tuning.list.contains", f"{J}.list", "Jobs are not listed.",
     lambda c, r: r.update(data=[], first_id=None, last_id=None, has_more=False))  # fmt: skip
fault("fine-tuning.nested", at="authorised", route=(f"{J}.checkpoints",),
      text="Checkpoints are not listed.")(refuse)  # fmt: skip
