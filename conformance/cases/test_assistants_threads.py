"""Threads and messages: kept as they were sent, listed by pages to the end, deleted."""

from __future__ import annotations

from typing import Any

from conformance.cases._objects import (
    data_of,
    delete_rules,
    echo,
    gone,
    good,
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
from conformance.expect import NotApplicable, require
from conformance.probes.assistants import FIRST, PARTS, REPLY
from conformance.requirement import MUST, SHOULD, Case, openai, openapi, requirement

NEEDS = "assistants"
CASES: list[Case] = []
LOST = ["openai-python beta.threads: the conversation is another than was sent"]

list_rules(CASES, __name__, "thread.message", "messages", probe="threads_use", needs=NEEDS,
           source=openai("messages/listMessages"), before=True)  # fmt: skip
delete_rules(CASES, __name__, "thread.message", "messages", probe="threads_use", needs=NEEDS,
             source=openai("messages/deleteMessage"))  # fmt: skip


def texts(message: dict[str, Any]) -> list[Any]:
    """The texts of a message's parts."""
    content = message.get("content")
    found = []
    for part in content if isinstance(content, list) else ():
        text = part.get("text") if isinstance(part, dict) else None
        found.append(text.get("value") if isinstance(text, dict) else None)
    return found


def _says(steps: Steps, name: str, wanted: list[str]) -> None:
    found = texts(good(steps, name))
    require(
        "\n".join(map(str, found)) == "\n".join(wanted)
        or "".join(map(str, found)) == "".join(wanted),
        "content",
        str(wanted),
        found,
    )


@requirement(
    "thread.create.accepted",
    MUST,
    "A thread is made, empty and with messages.",
    source=openai("threads/createThread"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_create(threads_use: Steps) -> None:
    served(threads_use, "create", "empty")


@requirement(
    "thread.create.metadata",
    MUST,
    "A new thread has the metadata that was sent.",
    source=openai("threads/createThread"),
    needs=NEEDS,
    any_status=True,
)
def test_metadata(threads_use: Steps) -> None:
    echo(threads_use, "create", {"metadata": {"topic": "test"}})


@requirement(
    "thread.create.messages",
    MUST,
    "The messages that a thread is made with are in it, with role, text and metadata.",
    source=openai("threads/createThread"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_messages(threads_use: Steps) -> None:
    served(threads_use, "initial")
    found = data_of(threads_use, "initial")
    require(len(found) == 2, "data", "2 messages", f"{len(found)} messages")
    seen = sorted((str(one.get("role")), texts(one)) for one in found)
    wanted = sorted((m["role"], [m["content"]]) for m in (FIRST, REPLY))
    require(seen == wanted, "data", str(wanted), seen)
    kept = [one.get("metadata") for one in found if one.get("role") == "user"]
    require(kept == [FIRST["metadata"]], "metadata", str(FIRST["metadata"]), kept)


@requirement(
    "thread.create.messages-order",
    SHOULD,
    "The messages that a thread is made with keep their order.",
    source=openai("threads/createThread"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_initial_order(threads_use: Steps) -> None:
    found = [one.get("role") for one in data_of(threads_use, "initial")]
    if len(found) != 2:
        raise NotApplicable
    require(found == ["user", "assistant"], "data", "user, assistant", found)


@requirement(
    "thread.retrieve.same",
    MUST,
    "A retrieved thread is the one that was made.",
    source=openai("threads/getThread"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_retrieve(threads_use: Steps) -> None:
    served(threads_use, "retrieve")
    same(threads_use, "create", "retrieve", ("id", "object", "created_at", "metadata"))


@requirement(
    "thread.update.kept",
    MUST,
    "A change of a thread's metadata is answered and kept.",
    source=openai("threads/modifyThread"),
    needs=NEEDS,
    any_status=True,
)
def test_update(threads_use: Steps) -> None:
    served(threads_use, "update")
    for name in ("update", "updated"):
        echo(threads_use, name, {"metadata": {"topic": "changed"}})


@requirement(
    "thread.delete.confirmed",
    MUST,
    "Deleting a thread is confirmed with its id and `deleted: true`.",
    source=openai("threads/deleteThread"),
    needs=NEEDS,
    any_status=True,
)
def test_delete(threads_use: Steps) -> None:
    served(threads_use, "thread-delete")
    wanted = own(threads_use, "create")
    body = good(threads_use, "thread-delete")
    require(body.get("id") == wanted, "id", wanted, body.get("id"))
    require(body.get("deleted") is True, "deleted", "true", body.get("deleted"))


@requirement(
    "thread.delete.gone",
    MUST,
    "A deleted thread and its messages are not found.",
    source=openai("threads/deleteThread"),
    needs=NEEDS,
    any_status=True,
    breaks=["what was deleted can still be read"],
)
def test_deleted(threads_use: Steps) -> None:
    served(threads_use, "thread-delete")
    gone(threads_use, "thread-deleted", "thread-deleted-messages")


for _slug, _text, _step in (
    ("retrieve", "An unknown thread is answered 404.", "unknown-thread"),
    ("delete", "Deleting an unknown thread is answered 404.", "unknown-thread-delete"),
    ("messages", "The messages of an unknown thread are answered 404.",
     "unknown-thread-messages"),
    ("add", "A message for an unknown thread is answered 404.", "unknown-thread-add"),
    ("runs", "The runs of an unknown thread are answered 404.", "unknown-thread-runs"),
):  # fmt: skip
    rule(CASES, __name__, f"thread.unknown.{_slug}", _text,
         lambda steps, name=_step: gone(steps, name), probes=("threads_use",), needs=NEEDS,
         source=openai("threads"))  # fmt: skip


@requirement(
    "thread.message.create.accepted",
    MUST,
    "A message is added to a thread, its content a string or a list of parts.",
    source=openai("messages/createMessage"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_add(threads_use: Steps) -> None:
    served(threads_use, "made-1", "made-2")


@requirement(
    "thread.message.create.text",
    MUST,
    "A new message has its text as a part of the type `text` with a `value`.",
    source=openapi("MessageObject"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_text(threads_use: Steps) -> None:
    _says(threads_use, "made-1", ["Two words."])


@requirement(
    "thread.message.create.parts",
    MUST,
    "A new message has every part that was sent.",
    source=openapi("MessageObject"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_parts(threads_use: Steps) -> None:
    _says(threads_use, "made-2", [part["text"] for part in PARTS])


@requirement(
    "thread.message.create.belongs",
    MUST,
    "A new message names its thread, and neither an assistant nor a run.",
    source=openapi("MessageObject"),
    needs=NEEDS,
    any_status=True,
)
def test_belongs(threads_use: Steps) -> None:
    body, thread = good(threads_use, "made-1"), own(threads_use, "create")
    require(body.get("thread_id") == thread, "thread_id", thread, body.get("thread_id"))
    require(body.get("role") == "user", "role", "user", body.get("role"))
    for name in ("assistant_id", "run_id"):
        require(body.get(name) is None, name, "null", body.get(name))


@requirement(
    "thread.message.create.metadata",
    MUST,
    "A new message has the metadata sent.",
    source=openai("messages/createMessage"),
    needs=NEEDS,
    any_status=True,
)
def test_message_metadata(threads_use: Steps) -> None:
    echo(threads_use, "made-1", {"metadata": {"number": "1"}})


@requirement(
    "thread.message.retrieve.same",
    MUST,
    "A retrieved message is the one that was made.",
    source=openai("messages/getMessage"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_message(threads_use: Steps) -> None:
    served(threads_use, "message")
    same(
        threads_use,
        "made-1",
        "message",
        ("id", "object", "created_at", "thread_id", "role", "content", "metadata"),
    )


@requirement(
    "thread.message.update.kept",
    MUST,
    "A change of a message's metadata is answered and kept, and the text stays.",
    source=openai("messages/modifyMessage"),
    needs=NEEDS,
    any_status=True,
)
def test_message_update(threads_use: Steps) -> None:
    served(threads_use, "message-update")
    for name in ("message-update", "message-updated"):
        echo(threads_use, name, {"metadata": {"new": "yes"}})
        same(threads_use, "made-3", name, ("id", "content", "role"))


@requirement(
    "thread.message.list.empty",
    MUST,
    "The messages of an empty thread are an empty list that has no more.",
    source=openai("messages/listMessages"),
    needs=NEEDS,
    any_status=True,
)
def test_empty(threads_use: Steps) -> None:
    served(threads_use, "empty-list")
    body = good(threads_use, "empty-list")
    require(body.get("data") == [], "data", "[]", body.get("data"))
    require(body.get("has_more") is False, "has_more", "false", body.get("has_more"))


for _slug, _text, _step in (
    ("no-role", "A message without a role is refused.", "no-role"),
    ("bad-role", "A message with an unknown role is refused.", "bad-role"),
    ("no-content", "A message without content is refused.", "no-content"),
):
    rule(CASES, __name__, f"thread.message.create.{_slug}", _text,
         lambda steps, name=_step: refused(steps, name, statuses=(400, 422)),
         probes=("threads_use",), needs=NEEDS, source=openapi("CreateMessageRequest"))  # fmt: skip


@requirement(
    "thread.private",
    MUST,
    "Another account can neither read nor delete one's thread and its messages.",
    source=openai("threads"),
    needs=NEEDS,
    any_status=True,
    breaks=["everybody: conversations of one customer reach another"],
)
def test_private(assistants_other_key: Steps) -> None:
    for name in ("thread-get", "thread-messages"):
        found = step(assistants_other_key, name)
        require(found.status in (401, 403, 404), "status", "404", words(found))
    step(assistants_other_key, "thread-delete")
    served(assistants_other_key, "thread-still-there")
