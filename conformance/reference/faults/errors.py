"""Faults of error answers."""

from __future__ import annotations

from conformance.reference.call import Call
from conformance.reference.errors import ErrorReply
from conformance.reference.fault import fault
from conformance.reference.reply import Reply


@fault("errors-old.object", at="error")
def detail(call: Call, error: ErrorReply) -> None:
    """Errors are {"detail": ...}, as frameworks make them."""
    error.body = {"detail": error.body["error"]["message"]}


@fault("errors-old.object.keys", at="error")
def no_code(call: Call, error: ErrorReply) -> None:
    """Errors have no code."""
    error.body["error"].pop("code", None)


@fault("errors-old.code.string", at="error")
def number_code(call: Call, error: ErrorReply) -> None:
    """The code of an error is the HTTP status, a number."""
    error.body["error"]["code"] = error.status


@fault("errors-old.status", at="error", when=lambda call: call.route != "unknown")
def ok_error(call: Call, error: ErrorReply) -> None:
    """Errors come with status 200."""
    error.status = 200


@fault("errors-old.invalid-json.status", at="error")
def parse_500(call: Call, error: ErrorReply) -> None:
    """A body that is not JSON is a server error."""
    if "could not parse" in error.body["error"]["message"]:
        error.status = 500


@fault("errors-old.unknown-url.json", at="http", route="unknown")
def html(call: Call, reply: Reply) -> None:
    """Unknown paths are answered with a page."""
    reply.set("content-type", "text/html")
    reply.body = b"<html><body>Not Found</body></html>"


@fault("errors-old.validation.status", at="error")
def is_422(call: Call, error: ErrorReply) -> None:
    """Invalid requests are answered with 422."""
    if error.status == 400:
        error.status = 422
