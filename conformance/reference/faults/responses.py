"""Faults of response objects: what they say does not fit together. Also what their faults share."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import invalid
from conformance.reference.fault import fault
from conformance.reference.reply import Reply
from conformance.reference.sse import dump

Json = dict[str, Any]
Event = tuple[str, Json]
Changing = Callable[[Call, Json], Any]
Changer = Callable[[Changing], Changing]
When = Callable[[Call], bool]


def unstored(call: Call) -> bool:
    """Not one of the responses that are retrieved or compared afterwards."""
    kept = call.fields.get("store") is True or call.fields.get("background")
    return not kept and not _compared(call)


def _compared(call: Call) -> bool:
    said = str(call.fields.get("input"))
    if call.stream:
        return False
    if said.startswith("What is the weather in Paris, in celsius"):
        return call.fields.get("tool_choice") == "required" and len(call.fields["tools"]) == 1
    plain = {"model", "input", "temperature", "max_output_tokens"}
    return said.startswith("Repeat exactly: The") and set(call.fields) == plain


def whole(
    id: str,
    *,
    breaks: str | Sequence[str] | None = None,
    when: When = unstored,
    route: str = "responses",
    field_defects: str | Sequence[str] = (),
) -> Callable[[Callable[[Call, Json], Any]], Callable[[Call, Json], Any]]:
    """A fault of a whole answer; the stored one stays as it is."""

    def register(change: Callable[[Call, Json], Any]) -> Callable[[Call, Json], Any]:
        def hook(call: Call, body: Json) -> Any:
            body = copy.deepcopy(body)
            changed = change(call, body)
            return body if changed is None else changed

        fault(id, at="reply", route=route, breaks=breaks, when=when,
              field_defects=field_defects, text=change.__doc__)(hook)  # fmt: skip
        return change

    return register


def streamed(
    id: str,
    *,
    breaks: str | Sequence[str] | None = None,
    when: When = unstored,
    renumber: bool = True,
    field_defects: str | Sequence[str] = (),
) -> Callable[[Callable[[Call, list[Event]], Any]], Callable[[Call, list[Event]], Any]]:
    """A fault of the events of a stream; the stored response stays as it is."""

    def register(
        change: Callable[[Call, list[Event]], Any],
    ) -> Callable[[Call, list[Event]], Any]:
        def hook(call: Call, events: list[Event]) -> Any:
            if not call.stream:
                return None
            copied = [(name, copy.deepcopy(payload)) for name, payload in events]
            changed = change(call, copied)
            found = copied if changed is None else changed
            if renumber:
                for number, (_, payload) in enumerate(found):
                    payload["sequence_number"] = number
            return found

        fault(id, at="chunks", route="responses", breaks=breaks, when=when,
              field_defects=field_defects, text=change.__doc__)(hook)  # fmt: skip
        return change

    return register


def _talking(call: Call) -> bool:
    return unstored(call) and not {"include", "text"} & set(call.fields)


def items(body: Json, *kinds: str) -> list[Json]:
    return [item for item in body.get("output", ()) if item["type"] in kinds]


def texts(body: Json) -> list[Json]:
    """The text parts of a response."""
    return [p for i in items(body, "message") for p in i["content"] if p["type"] == "output_text"]


@fault("responses.one-document", at="http", route="responses",
       when=lambda call: call.fields.get("stream") is False)  # fmt: skip
def always_events(call: Call, reply: Reply) -> None:
    """`stream: false` is answered by events."""
    if reply.status == 200 and isinstance(reply.body, bytes):
        reply.set("content-type", "text/event-stream")
        reply.body = b"data: " + reply.body + b"\n\n"


@fault("responses.no-error-as-success", at="http", route="responses",
       when=lambda call: "metadata" in call.fields and unstored(call))  # fmt: skip
def error_as_success(call: Call, reply: Reply) -> None:
    """An error of the engine is answered with status 200."""
    if reply.status == 200 and isinstance(reply.body, bytes):
        error = {"message": "Out of memory.", "type": "server_error", "param": None, "code": None}
        reply.body = dump({"error": error}).encode()


@whole("responses.id.unique")
def same_id(call: Call, body: Json) -> None:
    """Every response has one id."""
    body["id"] = "resp_0"


@whole("responses.item.id-unique",
       breaks=("responses.item.id-unique", "responses.item.ids-across",
               "responses.tools.parallel",
               "responses.item.shape.function-call.id.prefix",
               "responses.item.shape.reasoning.id.prefix"))  # fmt: skip
def same_item_ids(call: Call, body: Json) -> None:
    """All items have the id 0."""
    for item in body["output"]:
        item["id"] = "msg_0"


@whole("responses.item.ids-across")
def same_message_id(call: Call, body: Json) -> None:
    """The message of every response has one id."""
    for item in items(body, "message"):
        item["id"] = "msg_0"


@whole("responses.item.call-id-unique",
       breaks=("responses.item.call-id-unique", "responses.tools.parallel"),
       when=lambda call: unstored(call) and "Cairo" in str(call.fields))  # fmt: skip
def same_call_ids(call: Call, body: Json) -> None:
    """All calls of an answer have the id of the first."""
    made = items(body, "function_call")
    for item in made[1:]:
        item["call_id"] = made[0]["call_id"]


@whole("responses.created-at.now")
def created_earlier(call: Call, body: Json) -> None:
    """`created_at` is a fixed time."""
    body["created_at"] = 1_700_000_000


@whole("responses.completed-at")
def completed_before(call: Call, body: Json) -> None:
    """`completed_at` is before `created_at`."""
    if body["completed_at"]:
        body["completed_at"] = body["created_at"] - 60


@whole("responses.status.ended", breaks=("responses.status.ended", "responses.tools.status"))
def never_ended(call: Call, body: Json) -> None:
    """A response that has ended says that it is in progress."""
    if body["status"] == "completed":
        body["status"] = "in_progress"


@whole("responses.status.error-null", breaks=("responses.status.error-null",
       "responses.shape.error.code"))  # fmt: skip
def empty_error(call: Call, body: Json) -> None:
    """A completed response has an error without a code."""
    body["error"] = {"code": "", "message": ""}


@whole("responses.status.error-null/object", breaks=("responses.status.error-null",
       "responses.shape.error.code", "responses.shape.error.message"))  # fmt: skip
def object_error(call: Call, body: Json) -> None:
    """A completed response has an empty object as its error."""
    body["error"] = {}


@whole("responses.status.error-told",
       when=lambda call: unstored(call) and "metadata" in call.fields)  # fmt: skip
def failed_silently(call: Call, body: Json) -> None:
    """A failed response does not say why."""
    body["status"] = "failed"


@whole("responses.status.incomplete-told",
       breaks=("responses.status.incomplete-told",))  # fmt: skip
def incomplete_silently(call: Call, body: Json) -> None:
    """An incomplete response does not say why."""
    body["incomplete_details"] = None


@whole("responses.status.no-details")
def details_always(call: Call, body: Json) -> None:
    """A completed response has `incomplete_details`."""
    if body["status"] == "completed":
        body["incomplete_details"] = {"reason": "stop"}


@whole("responses.status.items")
def item_running(call: Call, body: Json) -> None:
    """The message of a completed response is in progress."""
    if body["status"] == "completed":
        for item in items(body, "message"):
            item["status"] = "in_progress"


@whole("responses.output.not-empty",
       when=lambda call: unstored(call) and "metadata" in call.fields)  # fmt: skip
def no_output(call: Call, body: Json) -> None:
    """A completed response has no output."""
    body["output"] = []


@whole("responses.output.message-content",
       when=lambda call: unstored(call) and "metadata" in call.fields)  # fmt: skip
def no_content(call: Call, body: Json) -> None:
    """A message has no content."""
    for item in items(body, "message"):
        item["content"] = []


@whole("responses.output.part-type", breaks=("responses.output.part-type", "responses.text",
       "responses.tools.result-by-id", "responses.tools.result-used"))  # fmt: skip
def chat_parts(call: Call, body: Json) -> None:
    """The parts of a message have the type `text`."""
    for part in texts(body):
        part["type"] = "text"


@whole("responses.output.no-chat-items",
       when=lambda call: unstored(call) and "metadata" in call.fields)  # fmt: skip
def chat_items(call: Call, body: Json) -> None:
    """The output is a part without a message."""
    body["output"] = [{"type": "output_text", "text": "Hello.", "annotations": []}]


@whole("responses.output.no-control-tokens", when=_talking)
def end_token(call: Call, body: Json) -> None:
    """The text ends with the model's end token."""
    for part in texts(body):
        part["text"] += "<|im_end|>"


@whole("responses.output.no-thoughts", when=_talking)
def thoughts(call: Call, body: Json) -> None:
    """The reasoning stands at the beginning of the text."""
    for part in texts(body):
        part["text"] = "<think>Let me see.</think>" + part["text"]


@whole("responses.model")
def other_model(call: Call, body: Json) -> None:
    """`model` is the name of a file."""
    body["model"] = "/data/weights.gguf"


@whole("responses.text", when=lambda call: set(call.fields) == {"model", "input"})
def empty_text(call: Call, body: Json) -> None:
    """The text is empty."""
    for part in texts(body):
        part["text"] = ""


def refuses(id: str, when: Callable[[Json], bool], text: str, defect: str = "") -> None:
    """A fault by which a valid request is refused."""

    def hook(call: Call, body: Json) -> None:
        if when(body):
            raise invalid(text, "input")

    fault(id, at="request", route="responses", text=f"Refused: {text}",
          field_defects=(defect,) if defect else ())(hook)  # fmt: skip
