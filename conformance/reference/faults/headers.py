"""Faults of request ids, processing time and version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ApiError
from conformance.reference.fault import fault
from conformance.reference.reply import Reply

Json = dict[str, Any]
_ID = "x-request-id"
_MS = "openai-processing-ms"
_BOTH = ("headers.request-id.success", "headers.request-id.error")


@fault(_BOTH[0], at="http")
def none_on_success(call: Call, reply: Reply) -> None:
    """Successful answers carry no x-request-id."""
    if reply.status < 400:
        reply.drop(_ID)


@fault(_BOTH[1], at="http")
def none_on_error(call: Call, reply: Reply) -> None:
    """Errors carry no x-request-id."""
    if reply.status >= 400:
        reply.drop(_ID)


@fault("headers.request-id.nowhere", at="http", breaks=_BOTH, field_defects="rid-missing")
def nowhere(call: Call, reply: Reply) -> None:
    """No answer carries an x-request-id."""
    reply.drop(_ID)


@fault("headers.request-id.other-name", at="http", breaks=_BOTH)
def other_name(call: Call, reply: Reply) -> None:
    """The request id is called request-id."""
    value = reply.header(_ID) or ""
    reply.drop(_ID)
    reply.set("request-id", value)


@fault("headers.request-id.blank", at="http", breaks=_BOTH)
def blank(call: Call, reply: Reply) -> None:
    """The x-request-id is empty."""
    reply.set(_ID, "")


@fault("headers.request-id.none-on-stream", at="http", breaks="headers.request-id.success")
def none_on_stream(call: Call, reply: Reply) -> None:
    """Streams carry no x-request-id."""
    if call.stream and reply.status < 400:
        reply.drop(_ID)


_SAME = (
    "headers.request-id.unique",
    "headers.client-id.own-request-id",
    "leaks.account.request-id",
)


@fault("headers.request-id.unique", at="http", breaks=_SAME)
def constant(call: Call, reply: Reply) -> None:
    """Every answer carries the same x-request-id."""
    reply.set(_ID, "req_" + "0" * 32)


@fault("headers.request-id.unique/by-second", at="http", breaks=_SAME)
def by_second(call: Call, reply: Reply) -> None:
    """The x-request-id is the time in seconds."""
    reply.set(_ID, f"req_{int(call.clock.time())}")


@fault(
    "headers.request-id.once",
    at="http",
    breaks=("headers.request-id.once", "headers.request-id.sdk", "http.header.once"),
)
def twice(call: Call, reply: Reply) -> None:
    """A gateway adds an x-request-id of its own beside the server's."""
    reply.headers.append((_ID, call.app.new_id("gw_", 32)))


@fault("headers.request-id.token", at="http")
def spaced(call: Call, reply: Reply) -> None:
    """The x-request-id is a sentence."""
    reply.set(_ID, f"request {reply.header(_ID)}")


@fault("headers.request-id.token/long", at="http", breaks="headers.request-id.token")
def long(call: Call, reply: Reply) -> None:
    """The x-request-id has more than a thousand characters."""
    reply.set(_ID, (reply.header(_ID) or "") + "0" * 1000)


@fault(
    "headers.request-id.placeholder",
    at="http",
    breaks=("headers.request-id.placeholder", *_SAME),
)
def placeholder(call: Call, reply: Reply) -> None:
    """The x-request-id is the word None."""
    reply.set(_ID, "None")


@fault(
    "headers.request-id.sdk",
    at="http",
    breaks=("headers.request-id.sdk", "headers.request-id.once", "http.header.once"),
)
def twice_the_same(call: Call, reply: Reply) -> None:
    """The x-request-id is sent twice."""
    reply.headers.append((_ID, reply.header(_ID) or ""))


@fault("headers.client-id.own-request-id", at="http")
def echoed(call: Call, reply: Reply) -> None:
    """The client's X-Request-Id is sent back as the server's own."""
    given = call.headers.get(_ID)
    if given and len(given) <= 256:
        reply.set(_ID, given)


def _client_made(call: Call, id: str) -> str:
    given = call.headers.get(_ID)
    return f"chatcmpl-{given}" if given else id


@fault(
    "headers.client-id.object-id",
    at="reply",
    route="chat",
    breaks=("headers.client-id.object-id", "headers.client-id.not-copied"),
    field_defects="rid-client-id-becomes-object-id",
)
def client_object_id(call: Call, reply: Json) -> None:
    """The client's X-Request-Id becomes the id of the completion."""
    reply["id"] = _client_made(call, reply["id"])


@fault("headers.client-id.not-copied", at="reply", route="chat")
def client_suffix(call: Call, reply: Json) -> None:
    """The client's X-Request-Id is put into the id of the completion, with a number."""
    if _ID in call.headers:
        reply["id"] = f"{_client_made(call, '')}-{reply['id'][-8:]}"


@fault("headers.client-id.not-in-chunks", at="chunks", route="chat")
def client_chunk_id(call: Call, chunks: list[Json]) -> None:
    """The client's X-Request-Id is repeated in every chunk."""
    for chunk in chunks:
        chunk["id"] = _client_made(call, chunk["id"])


@fault(
    "headers.client-id.accepted",
    at="authorised",
    breaks=("headers.client-id.accepted", "errors.no-5xx", "errors.no-5xx.first"),
)
def long_id_refused(call: Call, verdict: Any) -> Any:
    """A long X-Request-Id is a server error."""
    if len(call.headers.get(_ID, "")) > 256:
        return ApiError(500, "value too long for type character varying(256)", type="server_error")
    return None


@fault(
    "headers.client-request-id.accepted",
    at="authorised",
    breaks=("headers.client-request-id.accepted", "http.sdk-headers.accepted"),
)
def unknown_header(call: Call, verdict: Any) -> Any:
    """An X-Client-Request-Id is refused as an unknown header."""
    if "x-client-request-id" in call.headers:
        return ApiError(400, "Unknown header: X-Client-Request-Id")
    return None


@fault("headers.processing-ms.present", at="http")
def no_time(call: Call, reply: Reply) -> None:
    """Answers do not say how long they took."""
    reply.drop(_MS)


def _time(id: str, text: str, change: Callable[[int], str], breaks: str = "") -> None:
    @fault(id, at="http", text=text, breaks=breaks or None)
    def changed(call: Call, reply: Reply) -> None:
        value = reply.header(_MS)
        if value:
            reply.set(_MS, change(int(value)))


_WHOLE, _TRUE = "headers.processing-ms.integer", "headers.processing-ms.true"
_time(_WHOLE, "The processing time has a fraction.", lambda ms: f"{ms}.25")
_time(f"{_WHOLE}/unit", "The processing time has a unit.", lambda ms: f"{ms}ms", _WHOLE)
_time(f"{_WHOLE}/seconds", "The time is in seconds.", lambda ms: f"{ms / 1000:.3f}", _WHOLE)
_time(f"{_WHOLE}/empty", "The processing time is negative.", lambda ms: f"-{ms}", _WHOLE)
_time(_TRUE, "The processing time is in microseconds.", lambda ms: str(ms * 1000))
_time(
    f"{_TRUE}/clock", "The processing time is the time of day.", lambda ms: str(ms + 10**11), _TRUE
)


@fault("headers.version.present", at="http")
def no_version(call: Call, reply: Reply) -> None:
    """Answers carry no openai-version."""
    reply.drop("openai-version")


@fault("headers.version.date", at="http")
def odd_version(call: Call, reply: Reply) -> None:
    """openai-version is a number."""
    reply.set("openai-version", "1.0")


@fault("retry.second-try.accepted", at="authorised")
def counted_tries(call: Call, verdict: Any) -> Any:
    """Requests that say that they are a retry are refused."""
    if call.headers.get("x-stainless-retry-count", "0") != "0":
        return ApiError(400, "Too many retries")
    return None
