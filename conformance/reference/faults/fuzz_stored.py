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


# ---- threads and runs --------------------------------------------------------------------------

RUN = "threads.runs.retrieve"
LATE = (RUN, "threads.runs.steps.list", "threads.runs.cancel",
        "threads.runs.list", "threads.runs.create")  # fmt: skip


@fault("fuzz.stored.runs.answered", at="error", route=LATE)
def lost_thread(call: Call, error: Any) -> None:
    """What is asked of a deleted thread is a 500: its runs go on without it."""
    if error.status == 404 and call.params.get("id") not in call.table("threads"):
        error.status = 500


@fault("fuzz.stored.runs.answered/busy", at="error", breaks="fuzz.stored.runs.answered",
       route=("threads.messages.create", "threads.runs.create"))  # fmt: skip
def busy_thread(call: Call, error: Any) -> None:
    """Whatever is written in mid-run is a 500: the thread is locked."""
    if error.status == 400:
        error.status = 500


@fault("fuzz.stored.runs.forward", at="reply", route=RUN)
def begins_again(call: Call, reply: Json) -> Json | None:
    """A run that has ended is taken up again."""
    seen: dict[str, bool] = call.app.data.setdefault("ended runs", {})
    if reply["status"] not in ("completed", "cancelled", "failed", "incomplete", "expired"):
        return None
    again = seen.get(reply["id"], False)
    seen[reply["id"]] = True
    return {**reply, "status": "in_progress"} if again else None


@fault("fuzz.stored.runs.gone", at="reply", route=("threads.create", "threads.delete"))
def orphaned(call: Call, reply: Json) -> None:
    """A thread cannot be deleted while it runs; the answer says that it was."""
    kept: Json = call.app.data.setdefault("threads of runs", {})
    if call.route == "threads.create":
        kept[reply["id"]] = dict(reply)
        return
    runs = call.table("runs").values()
    if reply["id"] in kept and any(run.shape["thread_id"] == reply["id"] for run in runs):
        call.table("threads")[reply["id"]] = kept[reply["id"]]


@fault("fuzz.stored.runs.messages", at="reply", route="threads.messages.list")
def forgetful(call: Call, reply: Json) -> Json | None:
    """Once a thread has run, its first message is not listed."""
    runs = call.table("runs").values()
    if any(run.shape["thread_id"] == call.params["id"] for run in runs) and reply["data"]:
        return {**reply, "data": reply["data"][:-1]}
    return None


@fault("fuzz.stored.runs.messages/back", at="reply", breaks="fuzz.stored.runs.messages",
       route=("threads.messages.delete", "threads.messages.list"))  # fmt: skip
def comes_back(call: Call, reply: Json) -> Json | None:
    """A message that was deleted is still listed."""
    deleted: list[str] = call.app.data.setdefault("deleted messages", [])
    if call.route == "threads.messages.delete":
        deleted.append(reply["id"])
        return None
    ghosts = [{"id": id, "object": "thread.message"} for id in deleted]
    return {**reply, "data": [*reply["data"], *ghosts]}
