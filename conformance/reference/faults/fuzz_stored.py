"""Faults that only a longer walk over stored objects meets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.reference.call import Call
from conformance.reference.fault import fault

Json = dict[str, Any]
TABLES = {"files": "files", "threads": "threads", "conversations": "conversations",
          "responses": "responses"}  # fmt: skip


def _made(call: Call) -> dict[str, Any]:
    """What was stored by a walk, by id."""
    made: dict[str, Any] = call.app.data.setdefault(f"walk of {call.owner}", {})
    return made


def _of_walk(call: Call) -> bool:
    return b"walk" in call.raw


def _planted(word: str, name: str, text: str, change: Callable[[Call, str, Json], Any]) -> None:
    """Register a fault of one kind of object; ``change`` gets its id and the answer."""
    create = "responses" if name == "responses" else f"{name}.create"

    def hook(call: Call, reply: Any) -> Any:
        if call.route == create:
            if _of_walk(call) and isinstance(reply, dict) and "id" in reply:
                _made(call)[reply["id"]] = call.table(TABLES[name]).get(reply["id"])
            return None
        id = call.params.get("id", "")
        return change(call, id, reply) if id in _made(call) else None

    routes = (create, f"{name}.retrieve", f"{name}.delete", f"{name}.update")
    fault(f"fuzz.stored.{name}.{word}", at="reply", route=routes, text=text)(hook)


def _kept(name: str) -> Callable[[Call, str, Json], Any]:
    def change(call: Call, id: str, reply: Json) -> None:
        if call.method == "DELETE":
            call.table(TABLES[name])[id] = _made(call)[id]
            if name == "conversations":
                call.table("conversation.items").setdefault(id, {})

    return change


def _too_much(name: str) -> Callable[[Call, str, Json], Any]:
    def change(call: Call, id: str, reply: Json) -> None:
        if call.method == "DELETE":
            for other in _made(call):
                call.table(TABLES[name]).pop(other, None)

    return change


def _stale(call: Call, id: str, reply: Json) -> Any:
    if call.method == "GET" and isinstance(reply.get("metadata"), dict):
        return {**reply, "metadata": {"walk": "of somebody else"}}
    return None


for _name in TABLES:
    _planted("deleted", _name, "What a walk made cannot be deleted.", _kept(_name))
    _planted("alive", _name, "With one object goes all that a walk made.", _too_much(_name))
for _name in ("threads", "conversations", "responses"):
    _planted("latest", _name, "What a walk wrote last is not shown.", _stale)
