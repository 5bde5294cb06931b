"""Faults of stored responses: retrieval, deletion, input items, memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ApiError, ErrorReply, not_found
from conformance.reference.fault import fault
from conformance.reference.faults._objects import answers
from conformance.reference.faults.responses import Changer, Json, whole
from conformance.reference.reply import Reply

ONE = "responses.retrieve"
LIST = "responses.input_items"
ECHO = "responses.echo.previous-response-id"
_ = "responses.stored."


@fault(_ + "kept", at="reply", route="responses", breaks=(_ + "kept",),
       when=lambda call: not call.stream and not call.fields.get("background"),
       field_defects="resp-store-accepted-not-kept")  # fmt: skip
def not_kept(call: Call, body: Json) -> None:
    """`store: true` is accepted and nothing is kept."""
    call.table("responses").pop(body["id"], None)


def _forget_stream(call: Call, events: list[Any]) -> None:
    call.table("responses").pop(events[0][1]["response"]["id"], None)


fault(_ + "kept-streamed", at="chunks", route="responses",
      breaks=(_ + "kept-streamed", "responses.previous.from-stream"),
      field_defects="resp-streamed-id-not-retrievable",
      when=lambda call: call.stream and not call.fields.get("background"),
      text="Streamed responses are not kept.")(_forget_stream)  # fmt: skip


@whole(_ + "same", route=ONE, when=lambda call: True,
       breaks=(_ + "same", _ + "same-streamed"))  # fmt: skip
def defaults(call: Call, body: Json) -> None:
    """A retrieved response has default options."""
    body |= {"temperature": 0.77, "max_output_tokens": 99}


@whole(_ + "same-output", route=ONE, when=lambda call: True,
       breaks=(_ + "same-output", _ + "same-streamed"))  # fmt: skip
def new_item_ids(call: Call, body: Json) -> None:
    """The items of a retrieved response have new ids."""
    for item in body["output"]:
        item["id"] += "0"


@whole(_ + "same-usage", route=ONE, when=lambda call: True)
def other_usage(call: Call, body: Json) -> None:
    """The usage of a retrieved response is counted anew."""
    if body["usage"]:
        body["usage"]["input_tokens"] += 1
        body["usage"]["total_tokens"] += 1


@fault(_ + "same-streamed", at="chunks", route="responses",
       when=lambda call: call.stream and call.fields.get("store") is True
       and call.fields.get("max_output_tokens") == 64)  # fmt: skip
def unfinished(call: Call, events: list[Any]) -> None:
    """A streamed response is stored as it was at its beginning."""
    record = call.table("responses")[events[0][1]["response"]["id"]]
    record.final = {**record.final, "status": "in_progress", "output": []}


def _wrong_status(id: str, route: str, status: int) -> None:
    def hook(call: Call, error: ErrorReply) -> None:
        if error.status == 404 and "0000000" in call.path:
            error.status = status

    fault(id, at="error", route=route, text=f"An unknown id is answered {status}.")(hook)


_wrong_status(_ + "unknown", ONE, 400)


_wrong_status(_ + "unknown-delete", "responses.delete", 500)


_wrong_status(_ + "unknown-items", LIST, 400)


_wrong_status(_ + "unknown-cancel", "responses.cancel", 500)


@fault(_ + "delete", at="http", route="responses.delete")
def no_delete(call: Call, reply: Reply) -> None:
    """Nothing can be deleted."""
    if reply.status == 200:
        reply.status = 500


@whole(_ + "delete-told", route="responses.delete", when=lambda call: True)
def untold(call: Call, body: Json) -> Json:
    """A deletion is answered by an empty object."""
    return {}


@fault(_ + "deleted", at="received", route="responses.delete",
       breaks=(_ + "deleted", _ + "deleted-items", _ + "deleted-twice"))  # fmt: skip
def kept_on(call: Call, value: None) -> Reply | None:
    """A deletion is answered with success and nothing is deleted."""
    if "0000000" in call.path or "-second" in call.headers.get("authorization", ""):
        return None
    data = b'{"id":"' + call.params["id"].encode() + b'","object":"response","deleted":true}'
    return Reply(200, [("content-type", "application/json")], data)


@fault(_ + "deleted-items", at="error", route=LIST,
       when=lambda call: call.owner == "main")  # fmt: skip
def items_stay(call: Call, error: ErrorReply) -> None:
    """The input items of a deleted response are an empty list."""
    if error.status == 404 and "0000000" not in call.path:
        error.status = 200
        error.body = {"object": "list", "data": [], "first_id": None, "last_id": None,
                      "has_more": False}  # fmt: skip


@fault(_ + "deleted-twice", at="error", route="responses.delete",
       when=lambda call: call.owner == "main")  # fmt: skip
def deleted_again(call: Call, error: ErrorReply) -> None:
    """A second deletion is answered with success."""
    if error.status == 404 and "0000000" not in call.path:
        error.status = 200
        error.body = {"id": call.params["id"], "object": "response", "deleted": True}


fault(_ + "private", at="authorised", route=ONE,
      text="Every account reads every response.")(answers)  # fmt: skip


@fault(_ + "cancel-refused", at="error", route="responses.cancel")
def cancelled_anyway(call: Call, error: ErrorReply) -> None:
    """Cancelling what does not run is answered with the response as it is."""
    if error.status == 400:
        error.status = 200
        error.body = call.table("responses")[call.params["id"]].final


@fault("responses.store-false.not-kept", at="accepted", route="responses",
       breaks=("responses.store-false.not-kept", "responses.store-false.no-memory",
               "responses.echo.store"))  # fmt: skip
def always_kept(call: Call, body: Json) -> Json | None:
    """`store: false` is ignored."""
    return {**body, "store": True} if body.get("store") is False else None


@fault("responses.store-false.no-memory", at="accepted", route="responses",
       breaks=("responses.store-false.no-memory", "responses.previous.unknown",
               "responses.previous.unknown-streamed", ECHO, _ + "private"))  # fmt: skip
def previous_dropped(call: Call, body: Json) -> Json | None:
    """An unknown `previous_response_id` is ignored."""
    previous = body.get("previous_response_id")
    if previous and previous not in call.table("responses"):
        return {**body, "previous_response_id": None}
    return None


@fault("responses.previous.unknown", at="accepted", route="responses",
       when=lambda call: not call.stream,
       breaks=("responses.previous.unknown", "responses.store-false.no-memory", ECHO,
               _ + "private"))  # fmt: skip
def previous_dropped_whole(call: Call, body: Json) -> Json | None:
    """An unknown `previous_response_id` is ignored without streaming."""
    return previous_dropped(call, body)


@fault("responses.previous.unknown-streamed", at="accepted", route="responses",
       when=lambda call: call.stream,
       breaks=("responses.previous.unknown-streamed", ECHO))  # fmt: skip
def previous_dropped_stream(call: Call, body: Json) -> Json | None:
    """An unknown `previous_response_id` is ignored in streams."""
    return previous_dropped(call, body)


@fault("responses.previous.error", at="error", route="responses",
       when=lambda call: "previous_response_id" in call.fields)  # fmt: skip
def unnamed(call: Call, error: ErrorReply) -> None:
    """The error does not name the parameter."""
    error.body["error"]["param"] = None


# ---- input items -------------------------------------------------------------------------------


def listing(id: str, *also: str, when: Callable[[Call], bool] = lambda call: True) -> Changer:
    return whole(id, route=LIST, when=when, breaks=(id, *also))


_ = "responses.items."


@listing(_ + "complete", _ + "text")
def one_item(call: Call, body: Json) -> None:
    """The text of the user's messages is left out."""
    for item in body["data"]:
        if item["role"] == "user":
            item["content"] = [{"type": "input_text", "text": ""}]


@listing(_ + "roles")
def all_users(call: Call, body: Json) -> None:
    """All items are the user's."""
    for item in body["data"]:
        if item["role"] == "assistant":
            item["role"] = "developer"


@listing(_ + "ids", when=lambda call: not call.query)
def one_id(call: Call, body: Json) -> None:
    """All items have one id."""
    for item in body["data"]:
        item["id"] = "msg_0"
    body["first_id"] = body["last_id"] = "msg_0"


def turned(body: Json) -> None:
    body["data"].reverse()
    body["first_id"], body["last_id"] = body["last_id"], body["first_id"]


@listing(_ + "asc", _ + "after", when=lambda call: call.query == {"order": "asc"})
def asc_ignored(call: Call, body: Json) -> None:
    """`order=asc` is ignored."""
    turned(body)


@listing(_ + "desc", when=lambda call: call.query.get("order") == "desc")
def desc_ignored(call: Call, body: Json) -> None:
    """`order=desc` is ignored."""
    turned(body)


@listing(_ + "default-order", when=lambda call: not call.query)
def default_asc(call: Call, body: Json) -> None:
    """The default order is oldest first."""
    turned(body)


@listing(_ + "edges")
def edges_swapped(call: Call, body: Json) -> None:
    """`first_id` and `last_id` are swapped."""
    body["first_id"], body["last_id"] = body["last_id"], body["first_id"]


@listing(_ + "limit", when=lambda call: call.query.get("limit") == "2")
def no_more(call: Call, body: Json) -> None:
    """`has_more` is always false."""
    body["has_more"] = False


@fault(_ + "limit/ignored", at="received", route=LIST,
       breaks=(_ + "limit",))  # fmt: skip
def limit_ignored(call: Call, value: None) -> None:
    """`limit` is ignored."""
    call.query.pop("limit", None)


@fault(_ + "after", at="received", route=LIST)
def after_ignored(call: Call, value: None) -> None:
    """`after` is ignored."""
    call.query.pop("after", None)


@fault(_ + "no-output", at="reply", route=LIST)
def with_output(call: Call, body: Json) -> Json | None:
    """The output of the response is listed with its input."""
    if call.query or len(body["data"]) < 3:
        return None
    output = call.table("responses")[call.params["id"]].final["output"]
    return {**body, "data": [*body["data"], *output], "last_id": output[-1]["id"]}


@listing(_ + "text", when=lambda call: not call.query)
def text_lost(call: Call, body: Json) -> None:
    """A string of input is listed as a message of the assistant."""
    if len(body["data"]) == 1:
        body["data"][0]["role"] = "system"


# ---- memory ------------------------------------------------------------------------------------


_ = "responses.previous."


@fault(_ + "remembers", at="accepted", route="responses",
       breaks=(_ + "remembers", _ + "remembers-all", _ + "from-stream"))  # fmt: skip
def forgetful(call: Call, body: Json) -> None:
    """`previous_response_id` is taken and ignored."""
    record = call.table("responses").get(str(body.get("previous_response_id")))
    if record is not None and "function_call" not in str(record.context):
        record.context = []


@fault(_ + "remembers-all", at="accepted", route="responses",
       breaks=(_ + "remembers-all", _ + "from-stream"))  # fmt: skip
def one_deep(call: Call, body: Json) -> None:
    """Only the turn before is remembered."""
    record = call.table("responses").get(str(body.get("previous_response_id")))
    if record is not None and record.final.get("previous_response_id"):
        record.context = [*record.inputs, *record.final["output"]]


@fault(_ + "from-stream", at="request", route="responses")
def not_from_streams(call: Call, body: Json) -> None:
    """An id that a stream handed out is unknown as `previous_response_id`."""
    record = call.table("responses").get(str(body.get("previous_response_id")))
    if record is not None and "Once more" in str(record.inputs):
        raise not_found("Previous response not found.")


@fault(_ + "answered", at="request", route="responses")
def no_memory(call: Call, body: Json) -> None:
    """`previous_response_id` is refused though responses are stored."""
    if "secret word" in str(body.get("input")) and body.get("previous_response_id"):
        raise ApiError(400, "Unknown parameter: previous_response_id.")


@fault(_ + "instructions-dropped", at="accepted", route="responses")
def inherited(call: Call, body: Json) -> Json | None:
    """Instructions are carried over to the next response."""
    record = call.table("responses").get(str(body.get("previous_response_id")))
    if record is None or body.get("instructions"):
        return None
    return {**body, "instructions": record.final.get("instructions")}
