"""Faults of conversations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ApiError, ErrorReply, missing
from conformance.reference.fault import fault
from conformance.reference.faults._objects import Keep, answers
from conformance.reference.faults.responses import Changer, Json, whole
from conformance.reference.reply import Reply

ALL = "conversations.*"
CREATE, GET, UPDATE, DELETE = (
    f"conversations.{w}" for w in ("create", "retrieve", "update", "delete")
)
LIST, ADD = "conversations.items.list", "conversations.items.create"
_ = "conversations."


def always(call: Call) -> bool:
    return True


def changed(id: str, route: str, *also: str, when: Callable[[Call], bool] = always) -> Changer:
    return whole(id, route=route, breaks=(id, *also), when=when)


@fault(_ + "empty", at="request", route=CREATE)
def items_needed(call: Call, body: Json) -> None:
    """A conversation without items is refused."""
    if "items" not in body and "metadata" not in body:
        raise missing("items")


@changed(_ + "metadata", CREATE, _ + "retrieved")
def no_metadata(call: Call, body: Json) -> None:
    """The answer of a creation has no metadata."""
    body["metadata"] = {}


@changed(_ + "id.unique", CREATE, _ + "retrieved", _ + "updated", _ + "items.added",
         _ + "deleted", _ + "turns.accepted")  # fmt: skip
def one_id(call: Call, body: Json) -> None:
    """Every conversation has one id."""
    body["id"] = "conv_0"


@changed(_ + "retrieved", GET)
def other_time(call: Call, body: Json) -> None:
    """A retrieved conversation has another time."""
    body["created_at"] += 5


@fault(_ + "updated", at="accepted", route=UPDATE)
def not_updated(call: Call, body: Json) -> Json:
    """New metadata is merged into the old."""
    old = call.table("conversations")[call.params["id"]]["metadata"]
    return {**body, "metadata": old}


@changed(_ + "items.added", ADD)
def adds_nothing(call: Call, body: Json) -> None:
    """The answer lists one of the added items."""
    body["data"] = body["data"][:1]
    body["last_id"] = body["first_id"]


@changed(_ + "items.complete", LIST, when=lambda call: not call.query)
def texts_lost(call: Call, body: Json) -> None:
    """The text of items is lost."""
    for item in body["data"]:
        item["content"] = []


def turned(body: Json) -> None:
    body["data"].reverse()
    body["first_id"], body["last_id"] = body["last_id"], body["first_id"]


@changed(_ + "items.asc", LIST, _ + "items.after", _ + "items.deleted",
         when=lambda call: call.query == {"order": "asc"}
         and len(call.table("conversation.items").get(call.params["id"], ())) == 4)  # fmt: skip
def asc_ignored(call: Call, body: Json) -> None:
    """`order=asc` is ignored."""
    turned(body)


@changed(_ + "items.default-order", LIST, when=lambda call: not call.query)
def default_asc(call: Call, body: Json) -> None:
    """The default order is oldest first."""
    turned(body)


@changed(_ + "items.ids", LIST, when=lambda call: not call.query)
def same_ids(call: Call, body: Json) -> None:
    """All items have one id."""
    for item in body["data"]:
        item["id"] = "msg_0"
    body["first_id"] = body["last_id"] = "msg_0"


@changed(_ + "items.limit", LIST, when=lambda call: call.query.get("limit") == "2")
def no_more(call: Call, body: Json) -> None:
    """`has_more` is always false."""
    body["has_more"] = False


@fault(_ + "items.after", at="received", route=LIST)
def after_ignored(call: Call, value: None) -> None:
    """`after` is ignored."""
    call.query.pop("after", None)


@changed(_ + "items.edges", LIST)
def edges_swapped(call: Call, body: Json) -> None:
    """`first_id` and `last_id` are swapped."""
    body["first_id"], body["last_id"] = body["last_id"], body["first_id"]


@changed(_ + "items.retrieved", "conversations.items.retrieve")
def other_item(call: Call, body: Json) -> None:
    """A retrieved item has another id."""
    body["id"] += "0"


@fault(_ + "items.deleted", at="accepted", route="conversations.items.delete")
def item_stays(call: Call, body: Any) -> None:
    """Deleting an item does nothing."""
    items = call.table("conversation.items")
    if call.params["id"] not in items:
        return
    items[call.params["id"]] = Keep(items[call.params["id"]])


@fault(_ + "deleted", at="received", route=DELETE,
       when=lambda call: "0000000" not in call.path
       and "-second" not in call.headers.get("authorization", ""))  # fmt: skip
def stays(call: Call, value: None) -> Reply:
    """Deleting a conversation does nothing."""
    name = call.params["id"].encode()
    data = b'{"id":"' + name + b'","object":"conversation.deleted","deleted":true}'
    return Reply(200, [("content-type", "application/json")], data)


fault(_ + "private", at="authorised", route=GET,
      text="Every account reads every conversation.")(answers)  # fmt: skip


def _status(id: str, route: str, status: int) -> None:
    def hook(call: Call, error: ErrorReply) -> None:
        if error.status == 404 and "0000000" in call.path:
            error.status = status

    fault(id, at="error", route=route, text=f"An unknown id is answered {status}.")(hook)


_status(_ + "unknown", GET, 400)
_status(_ + "unknown-delete", DELETE, 500)


@fault(_ + "unknown-turn", at="accepted", route="responses")
def unknown_taken(call: Call, body: Json) -> Json | None:
    """An unknown conversation is ignored."""
    if "0000000" in str(body.get("conversation")):
        return {**body, "conversation": None}
    return None


@fault(_ + "turns.accepted", at="request", route="responses")
def no_objects(call: Call, body: Json) -> None:
    """A conversation that is named by an object is refused."""
    if isinstance(body.get("conversation"), dict):
        raise ApiError(400, "conversation must be a string.", param="conversation")


@whole(_ + "turns.echo", when=lambda call: "conversation" in call.fields)
def not_named(call: Call, body: Json) -> None:
    """A response does not name its conversation."""
    body.pop("conversation", None)


@fault(_ + "turns.remembers", at="accepted", route="responses",
       breaks=(_ + "turns.remembers", _ + "turns.kept", _ + "turns.counted"))  # fmt: skip
def forgetful(call: Call, body: Json) -> None:
    """A conversation is written and never read."""
    if isinstance(body.get("conversation"), dict):
        call.table("conversation.items")[body["conversation"]["id"]].clear()


@fault(_ + "turns.kept", at="reply", route="responses",
       breaks=(_ + "turns.kept",))  # fmt: skip
def answers_lost(call: Call, body: Json) -> None:
    """The answers are not kept in the conversation."""
    if isinstance(call.fields.get("conversation"), dict):
        items = call.table("conversation.items")[call.fields["conversation"]["id"]]
        for name in [n for n, i in items.items() if i.get("role") == "assistant"]:
            del items[name]


@fault(_ + "turns.exclusive", at="request", route="responses",
       breaks=(_ + "turns.exclusive", "responses.echo.previous-response-id"))  # fmt: skip
def both(call: Call, body: Json) -> Json | None:
    """With both kinds of memory one is ignored."""
    if body.get("conversation") and body.get("previous_response_id"):
        return {**body, "previous_response_id": None}
    return None
