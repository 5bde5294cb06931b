"""Faults of assistants, threads and messages."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import invalid
from conformance.reference.fault import fault
from conformance.reference.faults._objects import (
    Keep,
    answers,
    delete_faults,
    edges,
    edit,
    fill,
    list_faults,
    once_there,
    private_faults,
    query,
    status,
    zero,
)

Json = dict[str, Any]
A, T, M = "assistants", "threads", "threads.messages"
MADE = ("assistants.create", "assistants.retrieve", "assistants.update", "assistants.list")

list_faults("assistant", "assistants.list", before=True)
delete_faults("assistant", A, "assistants")
private_faults("assistant", A)
list_faults("thread.message", "threads.messages.list", before=True)
delete_faults("thread.message", M, "messages")


def refuse(call: Call, value: Any) -> None:
    """The route is not there."""
    raise invalid(f"Invalid URL ({call.method} {call.path})", None)


def _named(call: Call) -> bool:
    return call.fields.get("name") == "Conformance" and "description" in call.fields


fault(
    "assistant.list.accepted",
    at="authorised",
    route="assistants.list",
    text="Assistants are not listed.",
    when=lambda c: c.query == {"limit": "2"},
)(refuse)
fill("assistant.create.accepted", "assistants.create", "An assistant wants a name.", refuse,
     when=lambda c: set(c.fields) == {"model"})  # fmt: skip
fill("assistant.create.nulls", "assistants.create", "null is no name.", refuse,
     when=lambda c: "name" in c.fields and c.fields["name"] is None)  # fmt: skip


def lose(slug: str, text: str, name: str, value: Any, *more: str) -> None:
    """An assistant is made without a part of what was sent."""
    fill(f"assistant.create.{slug}", "assistants.create", text,
         lambda c, b: b.update({name: value}), when=_named,
         breaks=(f"assistant.create.{slug.partition('/')[0]}", *more))  # fmt: skip


lose("echo", "The description is lost.", "description", None)
lose("echo/instructions", "Instructions are lost.", "instructions", None,
     "thread.run.create.inherits")  # fmt: skip
lose("metadata", "metadata is lost.", "metadata", {})
lose("sampling", "temperature is always 1.", "temperature", 1.0)


def _rename(call: Call, reply: Json) -> None:
    for one in reply.get("data", [reply]):
        for tool in one["tools"]:
            if "function" in tool:
                tool["function"] = {**tool["function"], "parameters": {}}


edit("assistant.create.tools", MADE, "The parameters of functions are lost.", _rename)
edit("assistant.create.model", MADE, "An assistant has a model of the server's choice.",
     lambda c, r: [o.update(model="some-model") for o in r.get("data", [r])],
     breaks=("assistant.create.model", "thread.run.create.inherits"))  # fmt: skip
edit("assistant.retrieve.same", "assistants.retrieve", "A retrieved assistant is younger.",
     lambda c, r: r.update(created_at=r["created_at"] + 60))  # fmt: skip
edit("assistant.update.answer", "assistants.update", "The answer to a change is what was before.",
     lambda c, r: r.update(name="Conformance", metadata={}))  # fmt: skip
fill("assistant.update.kept", "assistants.update", "A change of the name is lost.",
     lambda c, b: b.pop("name", None),
     breaks=("assistant.update.kept", "assistant.update.answer"))  # fmt: skip
fill("assistant.update.rest", "assistants.update", "A change takes everything else away.",
     lambda c, b: b.update(instructions=None, description=None, tools=[]),
     when=lambda c: not zero(c))  # fmt: skip
fill("assistant.create.no-model", "assistants.create", "A model is made up.",
     lambda c, b: b.setdefault("model", "reference-chat"))  # fmt: skip
fill("assistant.create.bad-tools", "assistants.create", "Tools that are no list are dropped.",
     lambda c, b: b.update(tools=[]),
     when=lambda c: isinstance(c.fields.get("tools"), str))  # fmt: skip
status("assistant.unknown.update", "assistants.update", 400, "An unknown one is answered 400.",
       when=zero)  # fmt: skip

# threads
fill("thread.create.accepted", "threads.create", "An empty thread is refused.", refuse,
     when=lambda c: c.fields == {})  # fmt: skip
fill("thread.create.metadata", "threads.create", "metadata is lost.",
     lambda c, b: b.pop("metadata", None))  # fmt: skip
fill("thread.create.messages", "threads.create", "Only the first message is kept.",
     lambda c, b: b.update(messages=b["messages"][:1]),
     when=lambda c: len(c.fields.get("messages") or ()) == 2)  # fmt: skip
fill("thread.create.messages-order", "threads.create", "The messages are turned round.",
     lambda c, b: b["messages"].reverse(),
     when=lambda c: len(c.fields.get("messages") or ()) == 2)  # fmt: skip
edit("thread.retrieve.same", "threads.retrieve", "A retrieved thread has no metadata.",
     lambda c, r: r.update(metadata={}),
     breaks=("thread.retrieve.same", "thread.update.kept"))  # fmt: skip
edit("thread.update.kept", "threads.update", "The answer to a change is what was before.",
     lambda c, r: r.update(metadata={"topic": "test"}))  # fmt: skip
edit("thread.delete.confirmed", "threads.delete", "A deletion is confirmed with another id.",
     lambda c, r: r.update(id="thread_other"),
     breaks=("thread.delete.confirmed", "objects.path-id"))  # fmt: skip


@fault("thread.delete.gone", at="accepted", route="threads.delete")
def keep_threads(call: Call, body: Any) -> None:
    """Threads are never deleted."""
    where = call.app.tables.setdefault((call.owner, "threads"), {})
    call.app.tables[(call.owner, "threads")] = Keep(where)


for _slug, _route in (
    ("retrieve", "threads.retrieve"),
    ("delete", "threads.delete"),
    ("messages", "threads.messages.list"),
    ("add", "threads.messages.create"),
    ("runs", "threads.runs.list"),
):
    status(f"thread.unknown.{_slug}", _route, 400, "An unknown thread is answered 400.", when=zero)
fault("thread.private", at="authorised", route=("threads.retrieve", "threads.messages.list"),
      text="Threads belong to everybody.")(answers)  # fmt: skip
fault("thread.private/delete", at="authorised", route="threads.delete",
      breaks=("thread.private",), text="Everybody deletes threads.")(answers)  # fmt: skip


# messages
def _parts(call: Call) -> bool:
    return isinstance(call.fields.get("content"), list)


def _second(call: Call) -> bool:
    return call.fields.get("content") == "Two words."


fill("thread.message.create.accepted", "threads.messages.create", "Parts are refused.", refuse,
     when=_parts,
     breaks=("thread.message.create.accepted",))  # fmt: skip
edit("thread.message.create.text", "threads.messages.create", "The text is a bare string.",
     lambda c, r: r["content"][0].update(text=r["content"][0]["text"]["value"]), when=_second,
     breaks=("thread.message.create.text", "thread.message.retrieve.same",
             "threads.message.shape.content.text.text"))  # fmt: skip
fill("thread.message.create.parts", "threads.messages.create", "Only the first part is kept.",
     lambda c, b: b.update(content=b["content"][:1]), when=_parts)  # fmt: skip
edit("thread.message.create.belongs", "threads.messages.create", "A message has no thread.",
     lambda c, r: r.update(thread_id="thread_0"), when=_second,
     breaks=("thread.message.create.belongs", "thread.message.retrieve.same"))  # fmt: skip
fill("thread.message.create.metadata", "threads.messages.create", "metadata is lost.",
     lambda c, b: b.update(metadata={}), when=_second)  # fmt: skip
edit(
    "thread.message.retrieve.same",
    "threads.messages.retrieve",
    "A retrieved message is younger.",
    lambda c, r: r.update(created_at=r["created_at"] + 9),
)
edit("thread.message.update.kept", "threads.messages.update", "A change is answered with nothing.",
     lambda c, r: r.update(metadata={}))  # fmt: skip


def _endless(call: Call, reply: Json) -> None:
    reply["has_more"] = True


def _walking(call: Call) -> bool:
    return call.query.get("limit") == "2" and call.query.get("order") == "asc"


edit("thread.message.list.ends", "threads.messages.list", "The last page promises another.",
     _endless, when=lambda c: _walking(c) and "after" in c.query,
     breaks=("thread.message.list.ends", "lists.not-hollow"))  # fmt: skip
query("thread.message.list.ends/after", "threads.messages.list", "after", when=_walking,
      breaks=("thread.message.list.ends",))  # fmt: skip
edit("thread.message.list.ends/early", "threads.messages.list", "The first page is the last.",
     lambda c, r: r.update(has_more=False), when=_walking,
     breaks=("thread.message.list.ends",))  # fmt: skip
edit("thread.message.list.empty", "threads.messages.list", "An empty list has more.",
     _endless, when=lambda c: not c.query,
     breaks=("thread.message.list.empty", "lists.not-hollow"))  # fmt: skip
fill("thread.message.create.no-role", "threads.messages.create", "The role is made up.",
     lambda c, b: b.setdefault("role", "user"))  # fmt: skip
fill("thread.message.create.bad-role", "threads.messages.create", "Unknown roles are users.",
     lambda c, b: b.update(role="user"),
     when=lambda c: c.fields.get("role") == "narrator")  # fmt: skip
fill("thread.message.create.no-content", "threads.messages.create", "Content is made up.",
     lambda c, b: b.setdefault("content", "x"))  # fmt: skip

# every list and every object
LISTS = ("assistants.list", "threads.messages.list", "files.list", "batches.list",
         "vector_stores.list", "threads.runs.list")  # fmt: skip


def _swap(call: Call, reply: Json) -> None:
    reply["first_id"], reply["last_id"] = reply["last_id"], reply["first_id"]


def _twice(call: Call, reply: Json) -> None:
    reply["data"] = [*reply["data"], *reply["data"][-1:]]
    edges(reply)


edit("lists.edges", LISTS, "first_id and last_id are exchanged.", _swap)
edit("lists.unique", "assistants.list", "The last element is listed twice.", _twice,
     when=lambda c: c.query.get("limit") == "100")  # fmt: skip
query("lists.limit", "assistants.list", "limit",
      breaks=("lists.limit", "assistant.list.limit"))  # fmt: skip
edit("lists.sorted", "assistants.list", "A list is sorted by something else.",
     lambda c, r: [x.update(created_at=x["created_at"] + 10 * n) for n, x in enumerate(r["data"])],
     when=lambda c: c.query.get("order") == "desc" and c.query.get("limit") == "100")  # fmt: skip
edit(
    "lists.has-more",
    "assistants.list",
    "has_more is missing.",
    lambda c, r: (r.pop("has_more") and None) or r,
    breaks=("lists.has-more", "assistant.list.has-more", "assistants.list.shape.has-more"),
)
edit("lists.not-hollow", "threads.messages.list", "Behind the last page is another.",
     lambda c, r: r.update(has_more=True) if not r["data"] else None,
     breaks=("lists.not-hollow", "thread.message.list.empty"))  # fmt: skip
edit(
    "objects.created-at",
    ("files.create", "threads.create"),
    "Times are in milliseconds.",
    lambda c, r: r.update(created_at=r["created_at"] * 1000),
    breaks=(
        "objects.created-at",
        "files.retrieve.same",
        "files.list.same",
        "thread.retrieve.same",
        "files.shape.created-at",
        "threads.shape.created-at",
    ),
)
edit("objects.path-id", "assistants.retrieve", "Another assistant is retrieved.",
     lambda c, r: r.update(id="asst_other"),
     breaks=("objects.path-id", "assistant.retrieve.same"))  # fmt: skip
status("assistant.delete.gone/wrong-status", "assistants.retrieve", 403,
       "A deleted assistant is forbidden.", when=once_there,
       breaks=("assistant.delete.gone",))  # fmt: skip
