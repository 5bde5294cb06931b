"""Faults of file batches, of what searches filter, and of lists that are gone through."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.faults._objects import edges, edit, fill, query, status, zero

Json = dict[str, Any]
V, F, B = "vector_stores", "vector_stores.files", "vector_stores.batches"
AREA = "vector-store.batch"


def _walking(call: Call) -> bool:
    return call.query.get("limit") == "1" and call.query.get("order") == "asc"


def _one_page(call: Call, reply: Json) -> None:
    reply["has_more"] = False


def _endless(call: Call, reply: Json) -> None:
    reply["has_more"] = True


def walk_faults(id: str, route: str, when: Any = _walking) -> None:
    """A walk that ends early, does not end, or stays on its first page."""
    edit(id, route, "The first page is the last.", _one_page, when=when)
    edit(f"{id}/endless", route, "The last page promises another.", _endless, when=when,
         breaks=(id, "lists.not-hollow"))  # fmt: skip
    query(f"{id}/after", route, "after", when=when, breaks=(id, "lists.after-excluded"))


walk_faults("thread.run.list.ends", "threads.runs.list")
walk_faults("thread.run.step.list-ends", "threads.runs.steps.list")
walk_faults("vector-store.file.list-ends", f"{F}.list")
walk_faults(f"{AREA}.files-ends", f"{B}.files")
walk_faults("fine-tuning.events.ends", "fine_tuning.events",
            lambda c: c.query.get("limit") == "1")  # fmt: skip

edit(f"{AREA}.created", f"{B}.create", "A batch names another store.",
     lambda c, r: r.update(vector_store_id="vs_1"),
     breaks=(f"{AREA}.created", f"{AREA}.same"))  # fmt: skip
edit(f"{AREA}.counts", f"{B}.retrieve", "A batch counts nothing.",
     lambda c, r: r.update(file_counts=dict.fromkeys(r["file_counts"], 0)),
     breaks=(f"{AREA}.counts", f"{AREA}.completes"))  # fmt: skip
edit(f"{AREA}.counts/total", (f"{B}.create", f"{B}.retrieve"), "The total is one too many.",
     lambda c, r: r["file_counts"].update(total=r["file_counts"]["total"] + 1),
     breaks=(f"{AREA}.counts",))  # fmt: skip
edit(f"{AREA}.completes", f"{B}.retrieve", "A batch fails.",
     lambda c, r: r.update(status="failed"),
     breaks=(f"{AREA}.completes",))  # fmt: skip
edit(f"{AREA}.same", f"{B}.retrieve", "A retrieved batch is younger.",
     lambda c, r: r.update(created_at=r["created_at"] + 9))  # fmt: skip


def _first(call: Call, reply: Json) -> None:
    del reply["data"][1:]
    edges(reply)


edit(f"{AREA}.files", f"{B}.files", "Only one file of a batch is listed.", _first,
     when=lambda c: c.query == {"limit": "100"})  # fmt: skip
fill(f"{AREA}.attributes", f"{B}.create", "Attributes of a batch are lost.",
     lambda c, b: b.pop("attributes", None))  # fmt: skip
edit(f"{AREA}.in-store", f"{V}.retrieve", "Files of batches are not counted in the store.",
     lambda c, r: r.update(file_counts=dict.fromkeys(r["file_counts"], 0)),
     when=lambda c: bool(c.table("stores.ready")),
     breaks=(f"{AREA}.in-store", "vector-store.counts", "vector-store.file.left"))  # fmt: skip
status(f"{AREA}.unknown", (f"{B}.retrieve", f"{B}.files"), 400, "An unknown batch is a 400.",
       when=zero)  # fmt: skip
status(f"{AREA}.nothing", f"{B}.create", 500, "A batch of nothing crashes the server.",
       breaks=(f"{AREA}.nothing", "errors.no-5xx", "errors.no-5xx.first"))  # fmt: skip
edit(f"{AREA}.cancelled", f"{B}.cancel", "A cancellation names another batch.",
     lambda c, r: r.update(id="vsfb_1"))  # fmt: skip
fill("vector-store.file.updated", f"{F}.update", "New attributes are lost.",
     lambda c, b: b.update(attributes={}))  # fmt: skip
edit("vector-store.file.content", f"{F}.content", "The content of a file is empty.",
     lambda c, r: r.update(data=[]))  # fmt: skip
fill("vector-store.search.filtered", f"{V}.search", "filters are ignored.",
     lambda c, b: b.pop("filters", None))  # fmt: skip
edit("vector-store.search.attributes", f"{V}.search", "Results have no attributes.",
     lambda c, r: [one.update(attributes={}) for one in r["data"]])  # fmt: skip


def _stale(call: Call, reply: Json) -> Json:
    kept: Json = call.app.data.setdefault(f"stale {call.path}", reply)
    return kept


edit("vector-store.file.left", f"{F}.list", "The list of a store's files is cached.", _stale,
     when=lambda c: not c.query)  # fmt: skip
