"""Chat completions."""

from __future__ import annotations

from conformance.reference.call import Call
from conformance.reference.chat_chunks import chunks
from conformance.reference.chat_reply import completion, make
from conformance.reference.chat_rules import validate_chat
from conformance.reference.reply import Answer
from conformance.reference.routing import Route


def create(call: Call) -> Answer:
    """POST /chat/completions."""
    body = call.fields
    chat = make(call, body)
    call.charge(chat.usage["total_tokens"])
    whole = completion(chat)
    if body.get("store"):
        stored = {**whole, "metadata": body.get("metadata") or {}}
        messages = [
            {
                "id": f"{chat.id}-{number}",
                "content": None,
                "refusal": None,
                "name": None,
                **message,
            }
            for number, message in enumerate(body["messages"])
        ]
        call.table("chat")[chat.id] = stored
        call.table("chat.messages")[chat.id] = messages
        if body.get("metadata"):
            whole = stored
    if call.stream:
        return Answer(chunks=chunks(chat))
    return Answer(whole, steps=chat.usage["completion_tokens"])


ROUTES = (Route("chat", "POST", "/chat/completions", create, validate_chat, "json", limited=True),)
