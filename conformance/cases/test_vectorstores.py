"""Vector stores: kept, counted, searched, deleted."""

from __future__ import annotations

from conformance.cases._objects import (
    data_of,
    delete_rules,
    echo,
    good,
    ids,
    list_rules,
    own,
    refused,
    rule,
    same,
    served,
    step,
    words,
)
from conformance.exchange import Steps
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.probes.vectorstores import FACT, OTHER
from conformance.requirement import MUST, SHOULD, Case, openai, openapi, requirement

NEEDS = "vector-stores"
CASES: list[Case] = []
SEARCH = ["openai-python vector_stores.search(), file search of assistants and responses"]

list_rules(CASES, __name__, "vector-store", "vector stores", probe="vector_stores_use",
           needs=NEEDS, source=openai("vector-stores/list"), before=True)  # fmt: skip
delete_rules(CASES, __name__, "vector-store", "vector stores", probe="vector_stores_use",
             needs=NEEDS, source=openai("vector-stores/delete"))  # fmt: skip


@requirement(
    "vector-store.create.accepted",
    MUST,
    "A vector store is made, also of nothing.",
    source=openai("vector-stores/create"),
    needs=NEEDS,
    any_status=True,
    breaks=SEARCH,
)
def test_create(vector_stores_use: Steps) -> None:
    served(vector_stores_use, "made-1", "made-2")


@requirement(
    "vector-store.create.echo",
    MUST,
    "A new store has the name and metadata sent.",
    source=openai("vector-stores/create"),
    needs=NEEDS,
    any_status=True,
)
def test_echo(vector_stores_use: Steps) -> None:
    echo(vector_stores_use, "made-1", {"name": "first", "metadata": {"suite": "conformance"}})


@requirement(
    "vector-store.retrieve.same",
    MUST,
    "A retrieved store is the one that was made.",
    source=openai("vector-stores/retrieve"),
    needs=NEEDS,
    any_status=True,
)
def test_retrieve(vector_stores_use: Steps) -> None:
    served(vector_stores_use, "retrieve")
    same(
        vector_stores_use, "made-1", "retrieve", ("id", "object", "created_at", "name", "metadata")
    )


@requirement(
    "vector-store.update.kept",
    MUST,
    "A change of a store is answered and kept.",
    source=openai("vector-stores/modify"),
    needs=NEEDS,
    any_status=True,
)
def test_update(vector_stores_use: Steps) -> None:
    served(vector_stores_use, "update")
    for name in ("update", "updated"):
        echo(vector_stores_use, name, {"name": "changed", "metadata": {"a": "b"}})


@requirement(
    "vector-store.unknown.files",
    MUST,
    "The files of an unknown store are answered 404.",
    source=openai("vector-stores-files/listFiles"),
    needs=NEEDS,
    any_status=True,
)
def test_unknown_files(vector_stores_use: Steps) -> None:
    refused(vector_stores_use, "unknown-files", statuses=(404,))


@requirement(
    "vector-store.file.attached",
    MUST,
    "A file is put into a store, and the answer names both.",
    source=openai("vector-stores-files/createFile"),
    needs=NEEDS,
    any_status=True,
    breaks=SEARCH,
)
def test_attach(vector_store_files: Steps) -> None:
    served(vector_store_files, "attach", "attach-2")
    body = good(vector_store_files, "attach")
    for name, made in (("id", "fact"), ("vector_store_id", "create")):
        wanted = own(vector_store_files, made)
        require(body.get(name) == wanted, name, wanted, body.get(name))


@requirement(
    "vector-store.file.attributes",
    MUST,
    "A file in a store has the attributes sent.",
    source=openai("vector-stores-files/createFile attributes"),
    needs=NEEDS,
    any_status=True,
)
def test_attributes(vector_store_files: Steps) -> None:
    served(vector_store_files, "file")
    echo(vector_store_files, "file", {"attributes": {"kind": "a"}})


@requirement(
    "vector-store.file.completes",
    MUST,
    "A small text file is taken into a store.",
    source=openapi("VectorStoreFileObject status"),
    needs=NEEDS,
    any_status=True,
    breaks=["openai-python vector_stores.files.create_and_poll()"],
)
def test_completes(vector_store_files: Steps) -> None:
    served(vector_store_files, "file")
    status = good(vector_store_files, "file").get("status")
    if status == "in_progress":
        raise Inconclusive("the file is still in progress", owner="suite")
    require(status == "completed", "status", "completed", status)


def _ready(steps: Steps) -> None:
    found = [good(steps, "file").get("status")]
    found += [one.get("status") for one in data_of(steps, "files")]
    if any(status != "completed" for status in found):
        raise NotApplicable("the files are not taken in")


@requirement(
    "vector-store.counts",
    MUST,
    "`file_counts` of a store are those of its files, and add up to the total.",
    source=openapi("VectorStoreObject file_counts"),
    needs=NEEDS,
    any_status=True,
)
def test_counts(vector_store_files: Steps) -> None:
    _ready(vector_store_files)
    counts = good(vector_store_files, "store").get("file_counts")
    parts = counts if isinstance(counts, dict) else {}
    holds = parts.get("total") == 2 and parts.get("completed") == 2
    require(holds, "file_counts", "total 2, completed 2", counts)


@requirement(
    "vector-store.file.list",
    MUST,
    "The files of a store are listed.",
    source=openai("vector-stores-files/listFiles"),
    needs=NEEDS,
    any_status=True,
)
def test_files(vector_store_files: Steps) -> None:
    served(vector_store_files, "files")
    wanted = {own(vector_store_files, name) for name in ("fact", "other")}
    found = ids(vector_store_files, "files")
    require(set(map(str, found)) == wanted, "data", sorted(wanted), found)


for _slug, _text, _step, _statuses in (
    ("file.unknown", "A file that is not in a store is answered 404.", "unknown-file", (404,)),
    ("file.attach-unknown", "An unknown file is not put into a store.", "attach-unknown", ()),
    ("search.no-query", "A search without a query is refused.", "search-nothing", (400, 422)),
):
    rule(CASES, __name__, f"vector-store.{_slug}", _text,
         lambda steps, name=_step, wanted=_statuses: refused(steps, name, statuses=wanted),
         probes=("vector_store_files",), needs=NEEDS, source=openai("vector-stores"))  # fmt: skip


@requirement(
    "vector-store.search.found",
    SHOULD,
    "A search finds the file that the question is about, and puts it first.",
    source=openai("vector-stores/search"),
    needs=NEEDS,
    any_status=True,
    breaks=SEARCH,
)
def test_search(vector_store_files: Steps) -> None:
    _ready(vector_store_files)
    served(vector_store_files, "search")
    found = [one.get("file_id") for one in data_of(vector_store_files, "search")]
    wanted = own(vector_store_files, "fact")
    require(found[:1] == [wanted], "data[0].file_id", wanted, found)


@requirement(
    "vector-store.search.text",
    MUST,
    "What a search finds has file, name, score and a text out of the file.",
    source=openapi("VectorStoreSearchResultItem"),
    needs=NEEDS,
    any_status=True,
    breaks=SEARCH,
)
def test_result(vector_store_files: Steps) -> None:
    found = data_of(vector_store_files, "search")
    if not found:
        raise NotApplicable
    whole = (FACT + OTHER).decode()
    known = {own(vector_store_files, name) for name in ("fact", "other")}
    for one in found:
        require(one.get("file_id") in known, "data[0].file_id", sorted(known), one.get("file_id"))
        require(
            one.get("filename") in ("fact.txt", "other.txt"),
            "data[0].filename",
            "the name of the file",
            one.get("filename"),
        )
        content = one.get("content")
        if not isinstance(content, list) or not content:
            fail("data[0].content", "a list of texts", content)
        for part in content:
            text = part.get("text") if isinstance(part, dict) else None
            require(
                isinstance(text, str) and text.strip() in whole,
                "data[0].content[0].text",
                "a text out of the file",
                text,
            )


@requirement(
    "vector-store.search.scores",
    MUST,
    "The scores of a search are numbers from 0 to 1, the best first.",
    source=openapi("VectorStoreSearchResultItem score"),
    needs=NEEDS,
    any_status=True,
    breaks=SEARCH,
)
def test_scores(vector_store_files: Steps) -> None:
    found = [one.get("score") for one in data_of(vector_store_files, "search")]
    if not found:
        raise NotApplicable
    numbers = [s for s in found if isinstance(s, int | float) and 0 <= s <= 1]
    require(len(numbers) == len(found), "data[].score", "numbers from 0 to 1", found)
    require(numbers == sorted(numbers, reverse=True), "data[].score", "the best first", found)


@requirement(
    "vector-store.search.limit",
    MUST,
    "A search has at most `max_num_results` results.",
    source=openai("vector-stores/search"),
    needs=NEEDS,
    any_status=True,
)
def test_limit(vector_store_files: Steps) -> None:
    count = len(data_of(vector_store_files, "search-one"))
    require(count <= 1, "data", "at most 1 result", f"{count} results")


@requirement(
    "vector-store.file.detached",
    MUST,
    "A file that was taken out of a store is not in it any more, but still a file.",
    source=openai("vector-stores-files/deleteFile"),
    needs=NEEDS,
    any_status=True,
    breaks=["everybody: the file is lost"],
)
def test_detach(vector_store_files: Steps) -> None:
    served(vector_store_files, "detach")
    refused(vector_store_files, "detached", statuses=(404,))
    served(vector_store_files, "kept")


@requirement(
    "vector-store.private",
    MUST,
    "Another account cannot read one's vector store.",
    source=openai("vector-stores"),
    needs=NEEDS,
    any_status=True,
    breaks=["everybody: data of one customer reaches another"],
)
def test_private(vector_store_files: Steps) -> None:
    found, own_request = step(vector_store_files, "foreign"), step(vector_store_files, "store")
    if found.request.header("authorization") == own_request.request.header("authorization"):
        raise NotApplicable("no `keys.second` is configured")
    require(found.status in (401, 403, 404), "status", "404", words(found))


@requirement(
    "vector-store.search.filtered",
    MUST,
    "A search with `filters` finds only files whose attributes are so.",
    source=openai("vector-stores/search filters"),
    needs=NEEDS,
    any_status=True,
    breaks=["everybody: tenants that are kept apart by attributes see each other's texts"],
)
def test_filtered(vector_store_files: Steps) -> None:
    _ready(vector_store_files)
    if 400 <= step(vector_store_files, "search-filter").status < 500:
        raise NotApplicable("filters are refused")
    found = [one.get("file_id") for one in data_of(vector_store_files, "search-filter")]
    wanted = own(vector_store_files, "other")
    require(all(one == wanted for one in found), "data[].file_id", f"only {wanted}", found)


@requirement(
    "vector-store.search.attributes",
    MUST,
    "What a search finds has the attributes of its file.",
    source=openapi("VectorStoreSearchResultItem attributes"),
    needs=NEEDS,
    any_status=True,
    breaks=SEARCH,
)
def test_search_attributes(vector_store_files: Steps) -> None:
    _ready(vector_store_files)
    kinds = {own(vector_store_files, name): kind for name, kind in (("fact", "a"), ("other", "b"))}
    for one in data_of(vector_store_files, "search"):
        if one.get("file_id") in kinds:
            wanted = {"kind": kinds[one["file_id"]]}
            found = one.get("attributes")
            require(found == wanted, "data[].attributes", str(wanted), found)


@requirement(
    "vector-store.file.left",
    MUST,
    "A file that was taken out of a store is neither listed nor counted there any more.",
    source=openai("vector-stores-files/deleteFile"),
    needs=NEEDS,
    any_status=True,
    breaks=SEARCH,
)
def test_left(vector_store_files: Steps) -> None:
    served(vector_store_files, "detach")
    if step(vector_store_files, "detached").ok:
        raise NotApplicable("another requirement speaks of what is not gone")
    wanted = [own(vector_store_files, "other")]
    require(ids(vector_store_files, "left") == wanted, "data", wanted,
            ids(vector_store_files, "left"))  # fmt: skip
    counts = good(vector_store_files, "store-left").get("file_counts")
    total = counts.get("total") if isinstance(counts, dict) else None
    require(total == 1, "file_counts.total", "1", total)
