"""Stored chat completions."""

from __future__ import annotations

from typing import Any

from conformance.chats import body_of, choices_of, message_of
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.probes.stored import HISTORY
from conformance.requirement import MUST, openai, requirement

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
