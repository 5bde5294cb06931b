"""Faults of responses in the background, of counting and of compaction."""

from __future__ import annotations

from conformance.reference.call import Call
from conformance.reference.errors import ApiError
from conformance.reference.fault import fault
from conformance.reference.faults.responses import Json, whole

ONE = "responses.retrieve"
_ = "responses.background."


def _running(call: Call, body: Json) -> Json | None:
    record = call.table("responses").get(str(call.params.get("id")))
    return body if record is not None and record.background else None


@whole(_ + "ends", route=ONE, when=lambda call: True)
def fails(call: Call, body: Json) -> None:
    """Background responses fail."""
    if _running(call, body) and body["status"] == "completed":
        body |= {"status": "failed", "error": {"code": "server_error", "message": "Broken."}}


@whole(_ + "order", when=lambda call: call.fields.get("background") is True)
def goes_back(call: Call, body: Json) -> None:
    """A response that is in progress is queued afterwards."""
    if body["status"] == "queued":
        body["status"] = "in_progress"


@whole(_ + "same-id", route=ONE, when=lambda call: True)
def other_id(call: Call, body: Json) -> None:
    """A background response gets its final id when it ends."""
    if _running(call, body):
        body["id"] += "0"


@whole(_ + "cancels", route="responses.cancel", when=lambda call: True)
def not_cancelled(call: Call, body: Json) -> None:
    """Cancelling changes nothing."""
    body["status"] = "in_progress"


@whole(_ + "stays-cancelled", route=ONE, when=lambda call: True)
def runs_on(call: Call, body: Json) -> None:
    """A cancelled response runs on."""
    if body["status"] == "cancelled":
        body["status"] = "in_progress"


@fault(_ + "cancel-twice", at="reply", route="responses.cancel")
def cancelled_once(call: Call, body: Json) -> None:
    """A second cancelling is an error."""
    key = f"cancelled {call.params['id']}"
    if call.app.data.get(key):
        raise ApiError(409, "It was cancelled already.")
    call.app.data[key] = True


@fault(_ + "resume", at="received", route=ONE)
def from_the_start(call: Call, value: None) -> None:
    """`starting_after` is ignored."""
    call.query.pop("starting_after", None)


# ---- counting and compaction -------------------------------------------------------------------


@whole("responses.input-tokens.equal", route="responses.input_tokens", when=lambda call: True)
def one_more(call: Call, body: Json) -> None:
    """One token more is counted than is used."""
    body["input_tokens"] += 1


@whole("responses.input-tokens.grows", route="responses.input_tokens", when=lambda call: True,
       breaks=("responses.input-tokens.grows", "responses.input-tokens.equal"))  # fmt: skip
def constant(call: Call, body: Json) -> None:
    """Ten tokens are counted for any input."""
    body["input_tokens"] = 10


@whole("responses.compact.item", route="responses.compact", when=lambda call: True)
def only_messages(call: Call, body: Json) -> None:
    """A compaction drops the history in silence."""
    body["output"] = [i for i in body["output"] if i["type"] != "compaction"]


@fault("responses.compact.accepted", at="request", route="responses")
def no_compaction(call: Call, body: Json) -> None:
    """The item of a compaction is refused."""
    if "'compaction'" in str(body.get("input")):
        raise ApiError(400, "Unknown item type.", param="input")
