"""File batches of vector stores, and what is in the files of a store."""

from __future__ import annotations

from functools import partial
from typing import Any

from conformance.cases._objects import (
    data_of,
    echo,
    gone,
    good,
    ids,
    own,
    refused,
    served,
    step,
)
from conformance.exchange import Steps
from conformance.expect import Inconclusive, NotApplicable, require
from conformance.probes.vectorstores import FACT
from conformance.requirement import MUST, SHOULD, openai, openapi, requirement

BATCH = openai("vector-stores-file-batches/createBatch")
rule = partial(
    requirement,
    needs="vector-stores.batches",
    any_status=True,
    breaks=("openai-python vector_stores.file_batches.create_and_poll(), upload_and_poll()",),
)
STATES = ("in_progress", "completed", "failed", "cancelled")


def _files(steps: Steps) -> set[str]:
    return {own(steps, name) for name in ("one", "two")}


def _counts(body: dict[str, Any]) -> dict[str, Any]:
    found = body.get("file_counts")
    return found if isinstance(found, dict) else {}


@rule("vector-store.batch.created", MUST,
      "Files are put into a store together, and the answer names the store.",
      source=BATCH)  # fmt: skip
def test_created(vector_store_batch: Steps) -> None:
    served(vector_store_batch, "create")
    body = good(vector_store_batch, "create")
    wanted = own(vector_store_batch, "store")
    found = body.get("vector_store_id")
    require(found == wanted, "vector_store_id", wanted, found)
    require(body.get("status") in STATES, "status", STATES, body.get("status"))


@rule("vector-store.batch.counts", MUST,
      "`file_counts` of a batch that has ended add up to the number of its files.",
      source=openapi("VectorStoreFileBatchObject file_counts"))  # fmt: skip
def test_counts(vector_store_batch: Steps) -> None:
    body = good(vector_store_batch, "poll")
    if body.get("status") == "in_progress":
        raise NotApplicable("OpenAI's own example counts before it has looked")
    counts = _counts(body)
    parts = [counts.get(state) for state in STATES]
    numbers = [n for n in parts if isinstance(n, int) and not isinstance(n, bool)]
    holds = counts.get("total") == 2 and len(numbers) == 4 and sum(numbers) == 2
    require(holds, "file_counts", "parts that add up to the total of 2", counts)


@rule("vector-store.batch.completes", MUST,
      "A batch of two small text files comes to its end: `completed`, with both files.",
      source=openapi("VectorStoreFileBatchObject status"))  # fmt: skip
def test_completes(vector_store_batch: Steps) -> None:
    served(vector_store_batch, "poll")
    body = good(vector_store_batch, "poll")
    if body.get("status") == "in_progress":
        raise Inconclusive("the batch is still in progress", owner="suite")
    require(body.get("status") == "completed", "status", "completed", body.get("status"))
    done = _counts(body).get("completed")
    require(done == 2, "file_counts.completed", "2", done)


@rule("vector-store.batch.same", MUST, "A retrieved batch is the one that was made.",
      source=openai("vector-stores-file-batches/getBatch"))  # fmt: skip
def test_same(vector_store_batch: Steps) -> None:
    before, now = good(vector_store_batch, "create"), good(vector_store_batch, "poll")
    for name in ("id", "object", "created_at", "vector_store_id"):
        require(now.get(name) == before.get(name), name, str(before.get(name)), now.get(name))


@rule("vector-store.batch.files", MUST, "The files of a batch are listed.",
      source=openai("vector-stores-file-batches/listBatchFiles"))  # fmt: skip
def test_files(vector_store_batch: Steps) -> None:
    served(vector_store_batch, "files")
    wanted, found = _files(vector_store_batch), ids(vector_store_batch, "files")
    require(set(map(str, found)) == wanted, "data", sorted(wanted), found)


@rule("vector-store.batch.attributes", MUST,
      "`attributes` of a batch are those of each of its files.", source=BATCH)  # fmt: skip
def test_attributes(vector_store_batch: Steps) -> None:
    for one in data_of(vector_store_batch, "files"):
        found = one.get("attributes")
        require(found == {"kind": "batch"}, "data[0].attributes", "{'kind': 'batch'}", found)


@rule("vector-store.batch.in-store", MUST, "The files of a batch are in the store.", source=BATCH)
def test_in_store(vector_store_batch: Steps) -> None:
    if good(vector_store_batch, "poll").get("status") != "completed":
        raise NotApplicable("the batch is not completed")
    total = _counts(good(vector_store_batch, "in-store")).get("total")
    require(total == 2, "file_counts.total", "2", total)


@rule("vector-store.batch.unknown", MUST, "An unknown batch and its files are answered 404.",
      source=openai("vector-stores-file-batches/getBatch"))  # fmt: skip
def test_unknown(vector_store_batch: Steps) -> None:
    gone(vector_store_batch, "unknown", "unknown-files")


@rule("vector-store.batch.nothing", SHOULD, "A batch of no files is refused.", source=BATCH)
def test_nothing(vector_store_batch: Steps) -> None:
    refused(vector_store_batch, "nothing")


@rule("vector-store.batch.cancelled", MUST,
      "Cancelling a batch answers with this batch, in progress no longer than it takes.",
      source=openai("vector-stores-file-batches/cancelBatch"))  # fmt: skip
def test_cancelled(vector_store_batch: Steps) -> None:
    if 400 <= step(vector_store_batch, "cancel").status < 500:
        raise NotApplicable("the batch had ended")
    served(vector_store_batch, "cancel")
    body, wanted = good(vector_store_batch, "cancel"), own(vector_store_batch, "create-2")
    require(body.get("id") == wanted, "id", wanted, body.get("id"))
    require(body.get("status") in STATES, "status", STATES, body.get("status"))


@rule("vector-store.file.updated", MUST, "New attributes of a file are answered and kept.",
      source=openai("vector-stores-files/updateAttributes"))  # fmt: skip
def test_updated(vector_store_batch: Steps) -> None:
    if step(vector_store_batch, "attributes").status in (404, 405, 501):
        raise NotApplicable("attributes cannot be changed")
    served(vector_store_batch, "attributes")
    for name in ("attributes", "changed"):
        echo(vector_store_batch, name, {"attributes": {"kind": "changed"}})


@rule("vector-store.file.content", MUST, "The parsed content of a file is its text.",
      source=openai("vector-stores-files/getContent"))  # fmt: skip
def test_content(vector_store_batch: Steps) -> None:
    if step(vector_store_batch, "content").status in (404, 405, 501):
        raise NotApplicable("contents are not served")
    served(vector_store_batch, "content")
    parts = [one.get("text") for one in data_of(vector_store_batch, "content")]
    text = "".join(part for part in parts if isinstance(part, str))
    require(FACT.decode().strip() in text, "data[].text", FACT.decode().strip(), text[:200])
