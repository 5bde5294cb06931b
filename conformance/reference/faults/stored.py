"""Faults of stored chat completions."""

from __future__ import annotations

import copy
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ApiError
from conformance.reference.fault import fault
from conformance.reference.reply import Reply

Json = dict[str, Any]


@fault("chat.stored.retrieve", at="received", route="chat.retrieve")
def not_found(call: Call, value: Any) -> None:
    """Stored completions of a time cannot be retrieved."""
    call.app.data["looks"] = call.app.data.get("looks", 0) + 1
    if call.app.data["looks"] <= 10:
        raise ApiError(404, "No chat completion found.", code="not_found")


@fault("chat.stored.same", at="reply", route="chat.retrieve")
def other_id(call: Call, reply: Json) -> Json:
    """What is retrieved has another text."""
    made = copy.deepcopy(reply)
    made["choices"][0]["message"]["content"] = "(stored)"
    return made


@fault("chat.stored.metadata", at="reply", route="chat.retrieve",
       breaks=("chat.stored.metadata", "chat.stored.updated"))  # fmt: skip
def no_metadata(call: Call, reply: Json) -> Json:
    """metadata is lost."""
    return {**reply, "metadata": {}}


@fault("chat.stored.messages", at="reply", route="chat.messages")
def last_message(call: Call, reply: Json) -> None:
    """Only the last message is stored."""
    reply["data"] = reply["data"][-1:]
    reply["first_id"] = reply["last_id"] = reply["data"][0]["id"]
    reply["has_more"] = False


@fault("chat.stored.messages-page", at="received", route="chat.messages")
def no_message_limit(call: Call, value: Any) -> None:
    """limit is ignored in lists of messages."""
    call.query.pop("limit", None)


@fault("chat.stored.list", at="reply", route="chat.list",
       when=lambda call: "metadata" not in str(call.query))  # fmt: skip
def empty_list(call: Call, reply: Json) -> None:
    """The list without a filter is empty."""
    reply.update(data=[], first_id=None, last_id=None, has_more=False)


def _drop(call: Call, *names: str) -> None:
    for name in list(call.query):
        if name.startswith(names):
            del call.query[name]


@fault("chat.stored.filter-metadata", at="received", route="chat.list")
def no_filter(call: Call, value: Any) -> None:
    """metadata does not filter."""
    filters = {name.split("[")[0] for name in call.query}
    if filters == {"metadata"}:
        _drop(call, "metadata")


@fault("chat.stored.filter-model", at="received", route="chat.list")
def no_model_filter(call: Call, value: Any) -> None:
    """model does not filter."""
    _drop(call, "model")


@fault("chat.stored.limit", at="received", route="chat.list")
def no_limit(call: Call, value: Any) -> None:
    """limit is ignored."""
    if call.query.get("limit") == "1":
        _drop(call, "limit")


@fault("chat.stored.has-more", at="reply", route="chat.list")
def always_more(call: Call, reply: Json) -> None:
    """has_more is always true."""
    reply["has_more"] = True


@fault("chat.stored.after", at="received", route="chat.list")
def no_after(call: Call, value: Any) -> None:
    """after is ignored."""
    _drop(call, "after")


@fault("chat.stored.order", at="received", route="chat.list")
def no_order(call: Call, value: Any) -> None:
    """order is ignored."""
    _drop(call, "order")


@fault("chat.stored.edges", at="reply", route=("chat.list", "chat.messages"))
def edges(call: Call, reply: Json) -> None:
    """first_id and last_id are exchanged."""
    reply["first_id"], reply["last_id"] = reply["last_id"], reply["first_id"]


@fault("chat.stored.update", at="reply", route="chat.update")
def old_answer(call: Call, reply: Json) -> Json:
    """The answer to a change holds what was there before."""
    return {**reply, "metadata": {"kind": "second"}}


@fault("chat.stored.updated", at="reply", route="chat.update")
def not_saved(call: Call, reply: Json) -> Json:
    """A change is answered and not kept."""
    shown = dict(reply)
    reply["metadata"] = {"kind": "second"}
    return shown


@fault("chat.stored.delete", at="reply", route="chat.delete")
def wrong_id(call: Call, reply: Json) -> None:
    """The answer to a deletion names something else."""
    reply["id"] = "deleted"


@fault("chat.stored.deleted-gone", at="received", route="chat.delete")
def kept(call: Call, value: Any) -> Reply | None:
    """What was deleted can still be retrieved."""
    name = call.params["id"]
    if call.headers.get("authorization", "").endswith("-second") or name.count("-") > 1:
        return None
    if not name.removeprefix("chatcmpl-").isalnum() or len(name) < 30:
        return None
    body = b'{"object":"chat.completion.deleted","id":"' + name.encode() + b'","deleted":true}'
    return Reply(200, [("content-type", "application/json")], body)


@fault("chat.stored.delete-twice", at="http", route="chat.delete",
       breaks=("chat.stored.delete-twice", "chat.stored.unknown"))  # fmt: skip
def always_deleted(call: Call, reply: Reply) -> Reply:
    """Deleting what is not there is a success."""
    if reply.status != 404 or call.owner != "main":
        return reply
    reply.status = 200
    reply.body = (
        b'{"object":"chat.completion.deleted","id":"' + call.params["id"].encode()
        + b'","deleted":true}'
    )  # fmt: skip
    return reply


@fault("chat.stored.unknown", at="error", route="chat.messages")
def unknown_server_error(call: Call, error: Any) -> None:
    """An unknown id is a 500."""
    if error.status == 404 and call.owner == "main":
        error.status = 400


@fault("chat.stored.only-when-asked", at="request", route="chat",
       when=lambda call: call.fields.get("store") is False
       and "user" not in call.fields)  # fmt: skip
def stores_all(call: Call, body: Json) -> None:
    """Everything is stored, whatever store says."""
    body["store"] = True


@fault("chat.stored.isolated", at="authorised",
       route=("chat.list", "chat.retrieve", "chat.messages", "chat.delete"))  # fmt: skip
def shared(call: Call, account: Any) -> Any:
    """Every account sees all stored completions."""
    if getattr(account, "name", "") == "second":
        main = next(a for a in call.config.keys.values() if a.name == "main")
        return main if call.method == "GET" else account
    return account
