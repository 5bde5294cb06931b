"""Faults that a client library meets in each of its resources, and on its way through lists."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ApiError
from conformance.reference.fault import fault
from conformance.reference.faults._objects import edges, edit

Json = dict[str, Any]

ROUTES = {
    "files": "files.content",
    "uploads": "uploads.parts",
    "batches": "batches.retrieve",
    "vector-stores": "vector_stores.search",
    "file-batches": "vector_stores.batches.retrieve",
    "fine-tuning": "fine_tuning.checkpoints",
    "speech": "audio.speech",
    "transcriptions": "audio.transcriptions",
    "images": "images.generations",
    "conversations": "conversations.items.delete",
    "responses": "responses.retrieve",
    "background": "responses",
    "input-tokens": "responses.input_tokens",
    "compact": "responses.compact",
    "chat-stored": "chat.update",
    "assistants": "assistants.update",
    "threads": "threads.messages.retrieve",
    "runs": "threads.runs.submit",
}


def _library(call: Call) -> bool:
    return "OpenAI/" in call.headers.get("user-agent", "")


def _firewall(call: Call, value: Any) -> None:
    """The firewall before a route takes the library for a robot."""
    if _library(call):
        raise ApiError(403, "Robots are not welcome.")


for _slug, _route in ROUTES.items():
    fault(f"sdk.{_slug}.works", at="received", route=_route,
          text="A firewall refuses the client library by its User-Agent.")(_firewall)  # fmt: skip


def _one_page(call: Call, reply: Json) -> None:
    reply["has_more"] = False


def _halved(id: str, route: str) -> None:
    """Only the first page is ever seen."""
    edit(id, route, "has_more is always false.", _one_page)


def _empty(call: Call, reply: Json) -> None:
    reply.update(data=[], has_more=False)
    edges(reply)


for _slug, _route in (
    ("vector-store-files", "vector_stores.files.list"),
    ("file-batches", "vector_stores.batches.files"),
    ("conversations", "conversations.items.list"),
    ("input-items", "responses.input_items"),
    ("chat-messages", "chat.messages"),
    ("messages", "threads.messages.list"),
    ("runs", "threads.runs.list"),
    ("run-steps", "threads.runs.steps.list"),
):
    _halved(f"sdk.pages.{_slug}", _route)

for _slug, _route in (
    ("files", "files.list"),
    ("batches", "batches.list"),
    ("vector-stores", "vector_stores.list"),
    ("fine-tuning-events", "fine_tuning.events"),
    ("chat-stored", "chat.list"),
    ("assistants", "assistants.list"),
):
    edit(f"sdk.pages.{_slug}", _route, "The list is empty.", _empty)


fault("sdk.pages.fine-tuning", at="received", route="fine_tuning.list",
      text="A firewall refuses the client library by its User-Agent.")(_firewall)  # fmt: skip
edit("sdk.pages.conversations/last-id", "conversations.items.list", "There is no last_id.",
     lambda c, r: r.pop("last_id", None), breaks=("sdk.pages.conversations",))  # fmt: skip


@fault("sdk.pages.messages/after", at="received", route="threads.messages.list",
       breaks=("sdk.pages.messages",))  # fmt: skip
def after_ignored(call: Call, value: Any) -> None:
    """after is ignored, so that the first page comes for ever."""
    call.query.pop("after", None)


edit("sdk.runs.poll-helper", "threads.runs.retrieve", "A run that the library polls has expired.",
     lambda c, r: r.update(status="expired"), when=_library)  # fmt: skip


@fault("sdk.runs.stream-helper", at="chunks", route="threads.runs.create")
def no_created(call: Call, events: list[Any]) -> list[Any]:
    """A stream begins with the deltas."""
    return [e for e in events if e[0] != "thread.run.created"]
