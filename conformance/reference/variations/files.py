"""Legal variations of files, assistants, batches, vector stores, audio and images."""

from __future__ import annotations

import copy
import json
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ErrorReply, invalid
from conformance.reference.fault import variation
from conformance.reference.faults._objects import once_there
from conformance.reference.reply import Reply

Json = dict[str, Any]


@variation("files.uploaded", at="reply", route=("files.create", "files.retrieve"))
def uploaded(call: Call, reply: Json) -> Json:
    """A file is `uploaded` first, and says nothing of its expiry."""
    made = {**reply, "status": "uploaded"}
    made.pop("expires_at", None)
    made.pop("status_details", None)
    return made


@variation("files.more-keys", at="reply", route=("files.create", "files.retrieve"))
def more(call: Call, reply: Json) -> Json:
    """A file has keys that nobody documented."""
    return {**reply, "sha256": "0" * 64, "user": None}


@variation("files.content-typed", at="http", route="files.content")
def typed(call: Call, reply: Reply) -> None:
    """Contents have the content type of their name."""
    if reply.status == 200:
        reply.set("content-type", "application/jsonl")


@variation("files.forbidden", at="error", when=lambda c: c.owner == "second")
def forbidden(call: Call, error: ErrorReply) -> None:
    """What belongs to another account is forbidden, not unknown."""
    if error.status == 404 and call.route.startswith(("files.", "assistants.", "threads.")):
        error.status = 403


@variation("files.read-batches", at="accepted", route="files.create")
def read_batches(call: Call, body: Json) -> None:
    """What is uploaded as a batch must be one already, line by line."""
    if body["purpose"] != "batch":
        return
    for number, line in enumerate(body["file"].data.splitlines(), 1):
        try:
            whole = {"custom_id", "method", "url", "body"} <= set(json.loads(line))
        except (ValueError, TypeError):
            whole = False
        if not whole:
            raise invalid(f"Line {number} of the batch input file is not a request.", "file")


@variation("batches.no-counts", at="reply", route="batches.create")
def no_counts(call: Call, reply: Json) -> Json:
    """A new batch has no counts yet, and unknown keys."""
    made = {key: value for key, value in reply.items() if key != "request_counts"}
    return {**made, "model": None, "usage": None}


@variation("batches.conflict", at="error", route="batches.cancel", when=once_there)
def conflict(call: Call, error: ErrorReply) -> None:
    """A late cancellation is a conflict."""
    if error.status == 400:
        error.status = 409


@variation("assistants.no-beta-word", at="authorised")
def no_beta(call: Call, value: Any) -> None:
    """The beta header is not asked for."""
    call.headers.setdefault("openai-beta", "assistants=v2")


@variation("assistants.fast", at="reply", route="threads.runs.retrieve")
def new_keys(call: Call, reply: Json) -> Json:
    """Runs have keys that newer servers send."""
    made = copy.deepcopy(reply)
    made["tool_resources"] = {}
    if isinstance(made.get("usage"), dict):
        made["usage"]["completion_tokens_details"] = {"reasoning_tokens": 0}
    return made


@variation("assistants.message-status", at="reply", route="threads.messages.retrieve")
def message_status(call: Call, reply: Json) -> Json:
    """Messages have the status that the documents ask for."""
    return {**reply, "status": "completed", "completed_at": reply["created_at"],
            "incomplete_at": None, "incomplete_details": None}  # fmt: skip


@variation("vector-stores.indexing", at="reply", route="vector_stores.files.create")
def indexing(call: Call, reply: Json) -> Json:
    """A file is still being taken in when the answer comes."""
    return {**reply, "status": "in_progress", "usage_bytes": 0}


@variation("audio.octets", at="http", route="audio.speech")
def octets(call: Call, reply: Reply) -> None:
    """Speech is declared to be bytes."""
    if reply.status == 200:
        reply.set("content-type", "application/octet-stream")


@variation("images.url", at="request", route="images.generations")
def addresses(call: Call, body: Json) -> None:
    """Images come as addresses."""
    body.setdefault("response_format", "url")
