"""Faults of HTTP itself: headers, methods, paths, compression."""

from __future__ import annotations

import gzip

from conformance.reference.call import Call
from conformance.reference.errors import ErrorReply
from conformance.reference.fault import fault
from conformance.reference.reply import Drop, Reply


@fault("http.request-id.present", at="http")
def no_request_id(call: Call, reply: Reply) -> None:
    """Answers carry no x-request-id."""
    reply.drop("x-request-id")


@fault("http.request-id.unique", at="http")
def same_request_id(call: Call, reply: Reply) -> None:
    """Every answer carries the same x-request-id."""
    reply.set("x-request-id", "req_" + "0" * 32)


@fault("http.content-type.json", at="http", when=lambda call: not call.stream)
def text_plain(call: Call, reply: Reply) -> None:
    """JSON is sent as text/plain."""
    if (reply.header("content-type") or "").startswith("application/json"):
        reply.set("content-type", "text/plain; charset=utf-8")


@fault("http.content-encoding.unasked", at="http")
def unasked_gzip(call: Call, reply: Reply) -> None:
    """Answers are compressed for clients that did not offer to read that."""
    if isinstance(reply.body, bytes) and reply.body:
        reply.body = gzip.compress(reply.body)
        reply.set("content-encoding", "gzip")


@fault("http.cors.preflight", at="received", route="preflight")
def no_preflight(call: Call, value: None) -> Reply:
    """A browser's preflight is answered with 401."""
    return Reply(401, [("content-type", "application/json")], b'{"error":{}}')


@fault("http.connection.answered", at="received", route="models.list")
def hangs_up(call: Call, value: None) -> None:
    """The connection is closed without an answer."""
    raise Drop


@fault("http.method.not-allowed", at="error", when=lambda call: "allowed" in call.state)
def wrong_method_is_500(call: Call, error: ErrorReply) -> None:
    """A wrong method is answered as a server error."""
    error.status = 500
