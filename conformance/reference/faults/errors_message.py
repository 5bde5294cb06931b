"""Faults in the words of errors."""

from __future__ import annotations

from conformance.reference.call import Call
from conformance.reference.errors import ErrorReply
from conformance.reference.fault import fault


@fault("errors.message.readable/printed", at="error", route="chat",
       breaks="errors.message.readable")  # fmt: skip
def printed(call: Call, reply: ErrorReply) -> None:
    """The message is the error of the server behind, as Python prints it."""
    reply.body["error"]["message"] = str(reply.body)


@fault("errors.message.own-words", at="error", route="chat")
def whole_request(call: Call, reply: ErrorReply) -> None:
    """The message repeats the whole request."""
    text = call.raw.decode("utf-8", "replace")
    reply.body["error"]["message"] += f" Received: {text}"


@fault("errors.message.own-words/escaped", at="error", route="chat",
       breaks="errors.message.own-words")  # fmt: skip
def escaped(call: Call, reply: ErrorReply) -> None:
    """The message is escaped for a page."""
    error = reply.body["error"]
    error["message"] = error["message"].replace("'", "&#39;")
