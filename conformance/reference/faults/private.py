"""Faults of keeping accounts apart, on the ways that lead round the object itself."""

from __future__ import annotations

from conformance.reference.fault import fault
from conformance.reference.faults._objects import answers

OPEN: dict[str, tuple[str, ...]] = {
    "assistant.private.update": ("assistants.update",),
    "thread.private.write": ("threads.messages.create", "threads.runs.create", "threads.update"),
    "thread.private.nested": ("threads.runs.list", "threads.messages.retrieve"),
    "thread.run.private": (
        "threads.runs.retrieve", "threads.runs.steps.list", "threads.runs.cancel",
    ),
    "vector-store.private.search": ("vector_stores.search", "vector_stores.files.list"),
    "vector-store.private.write": (
        "vector_stores.update", "vector_stores.files.delete", "vector_stores.delete",
    ),
    "conversations.private-items": ("conversations.items.list",),
    "conversations.private-write": (
        "conversations.update", "conversations.items.create", "conversations.delete",
    ),
    "responses.stored.private-delete": ("responses.delete",),
    "responses.background.private": ("responses.cancel",),
    "uploads.private": ("uploads.parts", "uploads.cancel"),
    "fine-tuning.private": (
        "fine_tuning.retrieve", "fine_tuning.events", "fine_tuning.cancel",
    ),
}  # fmt: skip

BESIDE = {
    "threads.runs.cancel": "thread.run.cancel.accepted",
    "conversations.delete": "conversations.deleted",
    "responses.delete": "responses.stored.delete",
    "uploads.cancel": "uploads.cancel.status",
    "fine_tuning.cancel": "fine-tuning.cancel.status",
}
"""What the owner finds when another account was faster."""

for _id, _routes in OPEN.items():
    for _route in _routes:
        _what = _route.rpartition(".")[2].replace("_", "-")
        _group = _route.split(".")[-2].replace("_", "-")
        fault(f"{_id}/{_group}-{_what}", at="authorised", route=_route,
              breaks=tuple(filter(None, (_id, BESIDE.get(_route)))),
              text=f"{_route} does not ask whose it is.")(answers)  # fmt: skip
