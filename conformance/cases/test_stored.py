"""Stored chat completions."""

from __future__ import annotations

from typing import Any

from conformance.chats import body_of, choices_of, message_of
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.probes.stored import HISTORY
from conformance.requirement import MUST, SHOULD, openai, requirement

NEEDS = "chat.store"
LOST = ["evaluation and distillation tools that read stored completions"]


def step(steps: Steps, name: str) -> Exchange:
    """A step that was sent and answered."""
    found = steps.get(name)
    if found is None or not found.status:
        raise NotApplicable(f"{name} was not sent")
    if found.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    return found


def good(steps: Steps, name: str) -> dict[str, Any]:
    """The body of a step that was answered with success."""
    found = step(steps, name)
    if not found.ok:
        raise NotApplicable(f"{name} was answered {found.status}")
    return body_of(found)


def answered(steps: Steps, name: str) -> None:
    found = step(steps, name)
    if not found.ok:
        text = found.response.text[:200] if found.response else ""
        fail("status", "200", f"{found.status} {text}", exchange=found)


def gone(steps: Steps, *names: str) -> None:
    for name in names:
        found = step(steps, name)
        if found.status != 404:
            fail("status", "404", found.status, exchange=found)


def listed(steps: Steps, name: str) -> list[dict[str, Any]]:
    data = good(steps, name).get("data")
    if not isinstance(data, list):
        raise NotApplicable
    return [one for one in data if isinstance(one, dict)]


def ids(steps: Steps, name: str) -> list[Any]:
    return [one.get("id") for one in listed(steps, name)]


def own(steps: Steps, name: str) -> Any:
    found = good(steps, name).get("id")
    if not isinstance(found, str):
        raise NotApplicable
    return found


def both(steps: Steps) -> tuple[Any, Any]:
    return own(steps, "first"), own(steps, "second")


@requirement(
    "chat.stored.retrieve",
    MUST,
    "A stored completion can be retrieved by its id.",
    source=openai("chat/get"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_retrieve(stored_create: Steps) -> None:
    good(stored_create, "create")
    answered(stored_create, "retrieve")


@requirement(
    "chat.stored.same",
    MUST,
    "What is retrieved is what was answered: id, created, model, text and finish reason.",
    source=openai("chat/get"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_same(stored_create: Steps) -> None:
    before, now = good(stored_create, "create"), good(stored_create, "retrieve")
    for name in ("id", "object", "created", "model"):
        if name in before:
            require(now.get(name) == before[name], name, str(before[name]), now.get(name))
    one, two = (choices_of(stored_create[s]) for s in ("create", "retrieve"))
    require(len(one) == len(two), "choices", f"{len(one)} choices", f"{len(two)} choices")
    for a, b in zip(one, two, strict=True):
        text, other = message_of(a).get("content"), message_of(b).get("content")
        require(text == other, "choices[0].message.content", str(text), other)
        reasons = a.get("finish_reason"), b.get("finish_reason")
        require(reasons[0] == reasons[1], "choices[0].finish_reason", str(reasons[0]), reasons[1])


@requirement(
    "chat.stored.metadata",
    MUST,
    "The metadata of the request is kept.",
    source=openai("chat/create metadata"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_metadata(stored_create: Steps) -> None:
    sent = step(stored_create, "create").sent.get("metadata")
    now = good(stored_create, "retrieve").get("metadata")
    require(now == sent, "metadata", str(sent), now)


@requirement(
    "chat.stored.messages",
    MUST,
    "The messages of a stored completion are those of the request, in their order.",
    source=openai("chat/getMessages"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_messages(stored_use: Steps) -> None:
    answered(stored_use, "messages")
    found = [(m.get("role"), m.get("content")) for m in listed(stored_use, "messages")]
    wanted = [(m["role"], m["content"]) for m in HISTORY]
    require(found[: len(wanted)] == wanted, "data", str(wanted), found)


@requirement(
    "chat.stored.messages-page",
    MUST,
    "`limit` bounds a page of messages.",
    source=openai("chat/getMessages limit"),
    needs=NEEDS,
    any_status=True,
    breaks=["paging: openai-python reads one page only, or for ever"],
)
def test_page(stored_use: Steps) -> None:
    found = listed(stored_use, "page")
    require(len(found) <= 2, "data", "2 messages", f"{len(found)} messages")
    whole = listed(stored_use, "messages")
    more = good(stored_use, "page").get("has_more")
    if isinstance(more, bool) and len(whole) > 2:
        require(more is True, "has_more", "true", more)


@requirement(
    "chat.stored.list",
    MUST,
    "The list of completions holds what was stored.",
    source=openai("chat/list"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_list(stored_use: Steps) -> None:
    answered(stored_use, "list")
    found = ids(stored_use, "list")
    for one in both(stored_use):
        require(one in found, "data[].id", f"{one} among them", found[:5])


@requirement(
    "chat.stored.filter-metadata",
    MUST,
    "`metadata[key]` filters the list.",
    source=openai("chat/list metadata"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_filter(stored_use: Steps) -> None:
    answered(stored_use, "filtered")
    one, two = both(stored_use)
    found = ids(stored_use, "filtered")
    require(set(found) == {one, two}, "data[].id", f"{one} and {two}", found[:5])
    answered(stored_use, "narrow")
    narrow = ids(stored_use, "narrow")
    require(narrow == [two], "data[].id", two, narrow[:5])


@requirement(
    "chat.stored.filter-model",
    MUST,
    "`model` filters the list.",
    source=openai("chat/list model"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_filter_model(stored_use: Steps) -> None:
    found = step(stored_use, "model")
    if 400 <= found.status < 500:
        raise NotApplicable("an unknown model is refused")
    rows = listed(stored_use, "model")
    require(not rows, "data", "no completions of an unknown model", f"{len(rows)} completions")


@requirement(
    "chat.stored.limit",
    MUST,
    "`limit` bounds a page, and `has_more` says that there is more.",
    source=openai("chat/list limit"),
    needs=NEEDS,
    any_status=True,
    breaks=["paging: openai-node stops early, openai-python goes on for ever"],
)
def test_limit(stored_use: Steps) -> None:
    found = listed(stored_use, "limited")
    require(len(found) == 1, "data", "1 completion", f"{len(found)} completions")
    more = good(stored_use, "limited").get("has_more")
    if isinstance(more, bool):
        require(more, "has_more", "true", more)


@requirement(
    "chat.stored.has-more",
    MUST,
    "`has_more` is false on the last page.",
    source=openai("chat/list"),
    needs=NEEDS,
    any_status=True,
    breaks=["paging never ends"],
)
def test_has_more(stored_use: Steps) -> None:
    for name in ("filtered", "after"):
        more = good(stored_use, name).get("has_more")
        if isinstance(more, bool):
            require(not more, "has_more", "false", more)


@requirement(
    "chat.stored.after",
    MUST,
    "`after` begins a page behind that completion.",
    source=openai("chat/list after"),
    needs=NEEDS,
    any_status=True,
    breaks=["paging repeats the same page for ever"],
)
def test_after(stored_use: Steps) -> None:
    one, two = both(stored_use)
    answered(stored_use, "after")
    found = ids(stored_use, "after")
    require(one not in found, "data[].id", f"nothing up to {one}", found[:5])
    require(two in found, "data[].id", two, found[:5])


@requirement(
    "chat.stored.order",
    MUST,
    "`order=desc` lists the newest first; the default is asc.",
    source=openai("chat/list order"),
    needs=NEEDS,
    any_status=True,
    breaks=["tools that look for the newest completion"],
)
def test_order(stored_use: Steps) -> None:
    one, two = both(stored_use)
    same = good(stored_use, "first").get("created") == good(stored_use, "second").get("created")
    up, down = ids(stored_use, "filtered"), ids(stored_use, "descending")
    if sorted(map(str, up)) != sorted((one, two)) or sorted(map(str, down)) != sorted((one, two)):
        raise NotApplicable
    require(up != down, "data[].id", "the other way round", down)
    if not same:
        require(up == [one, two], "data[].id", f"{one} before {two}", up)


@requirement(
    "chat.stored.edges",
    SHOULD,
    "`first_id` and `last_id` are those of the page.",
    source=openai("chat/list"),
    needs=NEEDS,
    any_status=True,
    breaks=["clients that page by last_id"],
)
def test_edges(stored_use: Steps) -> None:
    for name in ("filtered", "messages"):
        body, found = good(stored_use, name), ids(stored_use, name)
        if not found:
            continue
        for key, wanted in (("first_id", found[0]), ("last_id", found[-1])):
            if isinstance(body.get(key), str):
                require(body[key] == wanted, key, str(wanted), body[key])


@requirement(
    "chat.stored.update",
    MUST,
    "The metadata of a stored completion can be changed.",
    source=openai("chat/update"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_update(stored_use: Steps) -> None:
    answered(stored_use, "update")
    sent = step(stored_use, "update").sent.get("metadata")
    now = good(stored_use, "update").get("metadata")
    require(now == sent, "metadata", str(sent), now)


@requirement(
    "chat.stored.updated",
    MUST,
    "Changed metadata are what is retrieved afterwards.",
    source=openai("chat/update"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_updated(stored_use: Steps) -> None:
    good(stored_use, "update")
    sent = step(stored_use, "update").sent.get("metadata")
    now = good(stored_use, "updated").get("metadata")
    require(now == sent, "metadata", str(sent), now)


@requirement(
    "chat.stored.delete",
    MUST,
    "A stored completion can be deleted, and the answer names it.",
    source=openai("chat/delete"),
    needs=NEEDS,
    any_status=True,
    breaks=["openai-python: ChatCompletionDeleted without an id"],
)
def test_delete(stored_use: Steps) -> None:
    answered(stored_use, "delete")
    found = good(stored_use, "delete").get("id")
    if isinstance(found, str):
        wanted = own(stored_use, "first")
        require(found == wanted, "id", wanted, found)


@requirement(
    "chat.stored.deleted-gone",
    MUST,
    "A deleted completion is gone: 404.",
    source=openai("chat/delete"),
    needs=NEEDS,
    any_status=True,
    breaks=["what users wanted deleted is still there"],
)
def test_deleted(stored_use: Steps) -> None:
    good(stored_use, "delete")
    gone(stored_use, "deleted")
    found = ids(stored_use, "left")
    require(own(stored_use, "first") not in found, "data[].id", "not the deleted one", found)


@requirement(
    "chat.stored.delete-twice",
    MUST,
    "What is deleted cannot be deleted again: 404.",
    source=openai("chat/delete"),
    needs=NEEDS,
    any_status=True,
    breaks=["clean-up tools do not see what is left"],
)
def test_twice(stored_use: Steps) -> None:
    good(stored_use, "delete")
    if step(stored_use, "deleted").ok:
        raise NotApplicable("another requirement speaks of what is not gone")
    gone(stored_use, "delete-again")


@requirement(
    "chat.stored.unknown",
    MUST,
    "An unknown id is answered 404.",
    source=openai("chat/get"),
    needs=NEEDS,
    any_status=True,
    breaks=["openai-python raises NotFoundError for 404 only"],
)
def test_unknown(stored_use: Steps) -> None:
    gone(stored_use, "unknown", "unknown-delete", "unknown-messages")


@requirement(
    "chat.stored.only-when-asked",
    MUST,
    "With `store: false` nothing is stored.",
    source=openai("chat/create store"),
    needs=NEEDS,
    any_status=True,
    breaks=["data are kept although the caller said no"],
)
def test_only_when_asked(stored_use: Steps) -> None:
    good(stored_use, "unstored")
    gone(stored_use, "unstored-get")
    found = ids(stored_use, "list")
    require(own(stored_use, "unstored") not in found, "data[].id", "not that one", found[:5])


@requirement(
    "chat.stored.isolated",
    MUST,
    "Another account sees nothing of a stored completion.",
    source=openai("chat/get"),
    needs=NEEDS,
    any_status=True,
    breaks=["one customer reads the data of another"],
)
def test_isolated(stored_create: Steps, stored_other_key: Steps) -> None:
    for name in ("get", "messages", "delete"):
        found = step(stored_other_key, name)
        if found.status not in (401, 403, 404):
            fail("status", ["404", "403"], found.status, exchange=found)
    if not step(stored_other_key, "list").ok:
        return
    rows = ids(stored_other_key, "list")
    name = own(stored_create, "create")
    require(name not in rows, "data[].id", "nothing of another account", rows[:5])
