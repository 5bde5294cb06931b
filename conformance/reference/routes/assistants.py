"""Assistants, threads and messages (Assistants API v2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.reference.assistants_run import ENDED, add_message, look
from conformance.reference.call import Call
from conformance.reference.chat_fields import FUNCTION, TEXT_PARTS, USER_PARTS
from conformance.reference.chat_messages import part_text
from conformance.reference.checks import (
    Check,
    anything,
    array,
    enum,
    fields,
    mapping,
    metadata,
    nullable,
    number,
    string,
    tagged,
)
from conformance.reference.errors import invalid, missing, not_found
from conformance.reference.listing import page
from conformance.reference.reply import Answer
from conformance.reference.routing import Handler, Route, Validate

Object = dict[str, Any]

TOOLS: Check = nullable(
    array(
        tagged(
            "type",
            function=fields({"function": FUNCTION}, ("function",)),
            code_interpreter=anything,
            file_search=anything,
        ),
        0,
        128,
    )
)
_common: dict[str, Check] = {
    "name": nullable(string(high=256)),
    "description": nullable(string(high=512)),
    "instructions": nullable(string(high=256_000)),
    "tools": TOOLS,
    "tool_resources": nullable(mapping(anything)),
    "metadata": metadata,
    "temperature": nullable(number(0, 2)),
    "top_p": nullable(number(0, 1)),
    "response_format": anything,
    "reasoning_effort": nullable(string()),
}
_assistant = fields({"model": string(1), **_common}, closed=True)
MESSAGE = fields(
    {
        "role": enum("user", "assistant"),
        "content": USER_PARTS,
        "attachments": nullable(array()),
        "metadata": metadata,
    },
    ("role", "content"),
    closed=True,
)
THREAD = fields(
    {
        "messages": nullable(array(MESSAGE)),
        "metadata": metadata,
        "tool_resources": nullable(mapping(anything)),
    },
    closed=True,
)
_metadata = fields({"metadata": metadata, "tool_resources": anything}, closed=True)


def beta(handler: Handler) -> Handler:
    """The beta header has to be there."""

    def run(call: Call) -> Any:
        if "assistants=v2" not in call.headers.get("openai-beta", ""):
            raise invalid(
                "You must provide the 'OpenAI-Beta' header to access the Assistants API. Please "
                "try again by setting the header 'OpenAI-Beta: assistants=v2'.",
                code="invalid_beta",
            )
        return handler(call)

    return run


def check(shape: Check, needs_model: bool = False) -> Validate:
    """A body of this shape, maybe with a served model."""

    def run(call: Call, body: Object) -> None:
        if needs_model and "model" not in body:
            raise missing("model")
        shape("", body)
        if body.get("model") is not None:
            call.card("chat")

    return run


def find(call: Call, kind: str, what: str, name: str) -> Any:
    """A stored object, or the 404."""
    found = call.table(kind).get(name)
    if found is None:
        raise not_found(f"No {what} found with id '{name[:100]}'.")
    return found


def _assistant_of(call: Call) -> Object:
    found: Object = find(call, "assistants", "assistant", call.params["id"])
    return found


def thread_of(call: Call) -> Object:
    """The thread of the path."""
    found: Object = find(call, "threads", "thread", call.params["id"])
    return found


def create_assistant(call: Call) -> Answer:
    """POST /assistants."""
    body = call.fields
    made: Object = {
        "id": call.app.new_id("asst_"),
        "object": "assistant",
        "created_at": call.now,
        "name": None,
        "description": None,
        "model": None,
        "instructions": None,
        "tools": [],
        "top_p": 1.0,
        "temperature": 1.0,
        "reasoning_effort": None,
        "tool_resources": {},
        "metadata": {},
        "response_format": "auto",
    }
    made |= {key: value for key, value in body.items() if value is not None}
    call.table("assistants")[made["id"]] = made
    return Answer(made)


def update_assistant(call: Call) -> Answer:
    """POST /assistants/{id}."""
    found = _assistant_of(call)
    found.update(call.fields)
    return Answer(found)


def create_thread(call: Call) -> Answer:
    """POST /threads."""
    return Answer(new_thread(call, call.fields))


def new_thread(call: Call, body: Object) -> Object:
    """A thread with its first messages."""
    made: Object = {
        "id": call.app.new_id("thread_"),
        "object": "thread",
        "created_at": call.now,
        "metadata": body.get("metadata") or {},
        "tool_resources": body.get("tool_resources") or {},
    }
    call.table("threads")[made["id"]] = made
    call.table("messages")[made["id"]] = {}
    for message in body.get("messages") or ():
        text = part_text(message["content"])
        add_message(call, made["id"], message["role"], text, metadata=message.get("metadata"))
    return made


def _update(finder: Callable[[Call], Object]) -> Handler:
    def run(call: Call) -> Answer:
        found = finder(call)
        if "metadata" in call.fields:
            found["metadata"] = call.fields["metadata"] or {}
        return Answer(found)

    return run


def _delete(finder: Callable[[Call], Object], kind: str, name: str) -> Handler:
    def run(call: Call) -> Answer:
        found = finder(call)
        table = call.table(kind)
        (table[found["thread_id"]] if kind == "messages" else table).pop(found["id"])
        return Answer({"id": found["id"], "object": f"{name}.deleted", "deleted": True})

    return run


def _retrieve(finder: Callable[[Call], Object]) -> Handler:
    return lambda call: Answer(finder(call))


def active_run(call: Call, thread: str) -> str | None:
    """The run that holds a thread."""
    for run in call.table("runs").values():
        if run.shape["thread_id"] == thread and look(call, run)["status"] not in ENDED:
            return str(run.shape["id"])
    return None


def create_message(call: Call) -> Answer:
    """POST /threads/{id}/messages."""
    thread, body = thread_of(call)["id"], call.fields
    busy = active_run(call, thread)
    if busy:
        raise invalid(f"Can't add messages to {thread} while a run {busy} is active.")
    TEXT_PARTS("content", body["content"])
    text = part_text(body["content"])
    return Answer(add_message(call, thread, body["role"], text, metadata=body.get("metadata")))


def list_messages(call: Call) -> Answer:
    """GET /threads/{id}/messages."""
    thread = thread_of(call)["id"]
    active_run(call, thread)
    run = call.query.get("run_id")
    stored = call.table("messages")[thread].values()
    return Answer(page(call, [m for m in stored if run in (None, m["run_id"])]))


def _message_of(call: Call) -> Object:
    stored = call.table("messages")[thread_of(call)["id"]]
    found: Object | None = stored.get(call.params["message"])
    if found is None:
        raise not_found(f"No message found with id '{call.params['message'][:100]}'.")
    return found


def _list_assistants(call: Call) -> Answer:
    return Answer(page(call, call.table("assistants").values()))


_ASSISTANT, _THREAD = "/assistants/{id}", "/threads/{id}"
_MESSAGE = _THREAD + "/messages/{message}"


def _post(name: str, path: str, handler: Handler, validate: Validate) -> Route:
    return Route(name, "POST", path, beta(handler), validate, "optional")


def _get(name: str, path: str, handler: Handler, method: str = "GET") -> Route:
    return Route(name, method, path, beta(handler))


ROUTES = (
    _post("assistants.create", "/assistants", create_assistant, check(_assistant, True)),
    _get("assistants.list", "/assistants", _list_assistants),
    _get("assistants.retrieve", _ASSISTANT, _retrieve(_assistant_of)),
    _post("assistants.update", _ASSISTANT, update_assistant, check(_assistant)),
    _get("assistants.delete", _ASSISTANT, _delete(_assistant_of, "assistants", "assistant"),
         "DELETE"),
    _post("threads.create", "/threads", create_thread, check(THREAD)),
    _get("threads.retrieve", _THREAD, _retrieve(thread_of)),
    _post("threads.update", _THREAD, _update(thread_of), check(_metadata)),
    _get("threads.delete", _THREAD, _delete(thread_of, "threads", "thread"), "DELETE"),
    _post("threads.messages.create", _THREAD + "/messages", create_message, check(MESSAGE)),
    _get("threads.messages.list", _THREAD + "/messages", list_messages),
    _get("threads.messages.retrieve", _MESSAGE, _retrieve(_message_of)),
    _post("threads.messages.update", _MESSAGE, _update(_message_of), check(_metadata)),
    _get("threads.messages.delete", _MESSAGE, _delete(_message_of, "messages", "thread.message"),
         "DELETE"),
)  # fmt: skip
