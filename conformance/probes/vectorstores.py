"""Vector stores: made, filled with a file, searched, emptied, deleted."""

from __future__ import annotations

from typing import Any

from conformance.capability import capability
from conformance.objects import BETA, TICK, field_of, id_of, unknown, upload
from conformance.probe import Accepted, probe, scenario
from conformance.probes.assistants import ask, walk
from conformance.requirement import MUST, openai
from conformance.session import Session

PATH = "/vector_stores"
FACT = b"The capital of the imaginary country Zubrowia is the city of Lutz-on-Rhine.\n"
OTHER = b"Bread is baked from flour, water, salt and yeast in a hot oven.\n"
QUESTION = "What is the capital of Zubrowia?"
OF_OTHER = {"type": "eq", "key": "kind", "value": "b"}
WAIT = (0.3, 0.5, *(1.0,) * 10, *(2.0,) * 10)

capability("vector-stores", "vector stores", "vector_stores_list")

probe(
    "vector_stores_list",
    "GET",
    f"{PATH}?limit=2",
    needs="vector-stores",
    headers={"OpenAI-Beta": "assistants=v2"},
    accepted=Accepted(
        "vector-store.list.accepted", MUST, "Vector stores are listed.",
        openai("vector-stores/list"), ("openai-python vector_stores.list()",),
    ),
)  # fmt: skip


@scenario("vector_stores_use", needs="vector-stores", cost=24)
async def _stores(s: Session) -> None:
    """Three empty stores."""
    body: dict[str, Any] = {"name": "first", "metadata": {"suite": "conformance"}}
    one = id_of(await ask(s, "made-1", "POST", PATH, body))
    await s.sleep(TICK)
    two = id_of(await ask(s, "made-2", "POST", PATH, {}))
    await s.sleep(TICK)
    third = {"name": "third", "expires_after": {"anchor": "last_active_at", "days": 2}}
    three = id_of(await ask(s, "made-3", "POST", PATH, third))
    desc = f"{PATH}?limit=100&order=desc"
    await s.gather(
        ask(s, "retrieve", "GET", f"{PATH}/{one}"),
        ask(s, "list", "GET", f"{PATH}?limit=100"),
        ask(s, "limit", "GET", f"{PATH}?limit=1"),
        ask(s, "after", "GET", f"{desc}&after={three}"),
        ask(s, "before", "GET", f"{desc}&before={one}"),
        ask(s, "asc", "GET", f"{PATH}?limit=100&order=asc&after={one}"),
        ask(s, "unknown", "GET", f"{PATH}/{unknown(one)}"),
        ask(s, "unknown-delete", "DELETE", f"{PATH}/{unknown(one)}"),
        ask(s, "unknown-files", "GET", f"{PATH}/{unknown(one)}/files"),
    )
    await ask(s, "update", "POST", f"{PATH}/{one}", {"name": "changed", "metadata": {"a": "b"}})
    await ask(s, "updated", "GET", f"{PATH}/{one}")
    await ask(s, "delete", "DELETE", f"{PATH}/{one}")
    await ask(s, "deleted", "GET", f"{PATH}/{one}")
    await ask(s, "delete-again", "DELETE", f"{PATH}/{one}")
    await ask(s, "left", "GET", f"{PATH}?limit=100")
    await ask(s, "cleanup", "DELETE", f"{PATH}/{two}")
    await ask(s, "cleanup", "DELETE", f"{PATH}/{three}")


@scenario("vector_store_files", needs="vector-stores", cost=62)
async def _files(s: Session) -> None:
    """A store with two files that is searched."""
    files = []
    for step, data in (("fact", FACT), ("other", OTHER)):
        sent = upload(f"{step}.txt", data, "assistants")
        files.append(id_of(await s.send(step, "POST", "/files", **sent)))
    fact, other = files
    store = id_of(await ask(s, "create", "POST", PATH, {"name": "search"}))
    path = f"{PATH}/{store}"
    await ask(s, "attach", "POST", f"{path}/files", {"file_id": fact, "attributes": {"kind": "a"}})
    more = {"file_id": other, "attributes": {"kind": "b"}}
    await ask(s, "attach-2", "POST", f"{path}/files", more)
    await ask(s, "attach-unknown", "POST", f"{path}/files", {"file_id": unknown(fact)})
    for name in files:
        for pause in WAIT:
            found = await ask(s, "poll", "GET", f"{path}/files/{name}")
            if not found.ok or field_of(found, "status") != "in_progress":
                break
            await s.sleep(pause)
    await s.gather(
        ask(s, "store", "GET", path),
        ask(s, "files", "GET", f"{path}/files"),
        ask(s, "file", "GET", f"{path}/files/{fact}"),
        ask(s, "unknown-file", "GET", f"{path}/files/{unknown(fact)}"),
        ask(s, "search", "POST", f"{path}/search", {"query": QUESTION}),
        ask(s, "search-one", "POST", f"{path}/search",
            {"query": QUESTION, "max_num_results": 1}),
        ask(s, "search-nothing", "POST", f"{path}/search", {}),
        ask(s, "search-filter", "POST", f"{path}/search", {"query": QUESTION, "filters": OF_OTHER}),
    )  # fmt: skip
    await walk(s, f"{path}/files?limit=1&order=asc")
    await ask(s, "detach", "DELETE", f"{path}/files/{fact}")
    await ask(s, "detached", "GET", f"{path}/files/{fact}")
    await ask(s, "left", "GET", f"{path}/files")
    await ask(s, "store-left", "GET", path)
    await s.send("kept", "GET", f"/files/{fact}")
    await s.send("foreign", "GET", path, key="second" if s.key("second") else "api",
                 headers={"OpenAI-Beta": "assistants=v2"})  # fmt: skip
    if s.key("second"):
        for step, method, where, body in (
            ("foreign-files", "GET", f"{path}/files", None),
            ("foreign-search", "POST", f"{path}/search", {"query": QUESTION}),
            ("foreign-update", "POST", path, {"name": "taken"}),
            ("foreign-detach", "DELETE", f"{path}/files/{other}", None),
            ("foreign-delete", "DELETE", path, None),
        ):
            await s.send(step, method, where, json=body, headers=BETA, key="second")
    await ask(s, "store-deleted", "DELETE", path)
    await s.send("file-kept", "GET", f"/files/{other}")
    for name in files:
        await s.send("cleanup", "DELETE", f"/files/{name}")


def _taken(steps: Any) -> bool:
    made = steps.get("create")
    return made is not None and made.ok


capability("vector-stores.batches", "file batches of vector stores", "vector_store_batch",
           within="vector-stores", took_effect=_taken)  # fmt: skip


@scenario("vector_store_batch", needs="vector-stores.batches", cost=37)
async def _batch(s: Session) -> None:
    """Two files put into a store together; another batch is cancelled at once."""
    texts = (("one", FACT), ("two", OTHER))
    files = [
        id_of(await s.send(name, "POST", "/files", **upload(f"{name}.txt", text, "assistants")))
        for name, text in texts
    ]
    store = f"{PATH}/{id_of(await ask(s, 'store', 'POST', PATH, {}))}"
    sent = {"file_ids": files, "attributes": {"kind": "batch"}}
    made = await ask(s, "create", "POST", f"{store}/file_batches", sent)
    if made.ok:
        batch = f"{store}/file_batches/{id_of(made)}"
        other = f"{store}/file_batches/{unknown(id_of(made))}"
        for pause in WAIT:
            found = await ask(s, "poll", "GET", batch)
            if not found.ok or field_of(found, "status") != "in_progress":
                break
            await s.sleep(pause)
        await s.gather(
            ask(s, "files", "GET", f"{batch}/files?limit=100"),
            ask(s, "in-store", "GET", store),
            ask(s, "unknown", "GET", other),
            ask(s, "unknown-files", "GET", f"{other}/files"),
            ask(s, "nothing", "POST", f"{store}/file_batches", {"file_ids": []}),
            ask(s, "content", "GET", f"{store}/files/{files[0]}/content"),
        )
        await walk(s, f"{batch}/files?limit=1&order=asc")
        one = f"{store}/files/{files[0]}"
        await ask(s, "attributes", "POST", one, {"attributes": {"kind": "changed"}})
        await ask(s, "changed", "GET", one)
        again = await ask(s, "create-2", "POST", f"{store}/file_batches", {"file_ids": files[:1]})
        if again.ok:
            await ask(s, "cancel", "POST", f"{store}/file_batches/{id_of(again)}/cancel")
        await ask(s, "ended", "GET", batch)  # the gate is told by what comes last
    await ask(s, "cleanup", "DELETE", store)
    for name in files:
        await s.send("cleanup", "DELETE", f"/files/{name}")
