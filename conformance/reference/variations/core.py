"""Legal variations of the core endpoints."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ErrorReply
from conformance.reference.fault import variation
from conformance.reference.reply import Frame, Reply

Json = dict[str, Any]


@variation("sse.crlf", at="frames")
def crlf(call: Call, frames: list[Frame]) -> None:
    """Events end their lines with CR LF."""
    for one in frames:
        one.data = one.data.replace(b"\n", b"\r\n")


@variation("sse.comments", at="frames")
def keep_alive(call: Call, frames: list[Frame]) -> list[Frame]:
    """Comments keep the stream alive."""
    return [piece for one in frames for piece in (Frame(b": keep-alive\n\n"), one)]


@variation("sse.no-space", at="frames")
def no_space(call: Call, frames: list[Frame]) -> None:
    """There is no space after `data:`."""
    for one in frames:
        if one.data.startswith(b"data: "):
            one.data = b"data:" + one.data[6:]


@variation("sse.one-packet", at="frames")
def one_packet(call: Call, frames: list[Frame]) -> list[Frame]:
    """Events travel two in a packet, cut in the middle of a byte sequence."""
    data = b"".join(one.data for one in frames)
    size = max(1, len(data) // max(1, len(frames) // 2) - 1)
    delay = sum(one.delay for one in frames) * size / len(data)
    return [Frame(data[i : i + size], delay) for i in range(0, len(data), size)]


@variation("json.ascii", at="http")
def escaped(call: Call, reply: Reply) -> None:
    """Non-ASCII characters are escaped, and the JSON is indented."""
    import json

    media = (reply.header("content-type") or "").startswith("application/json")
    if media and isinstance(reply.body, bytes) and reply.body:
        reply.body = json.dumps(json.loads(reply.body), indent=2).encode()


@variation("errors.key-order", at="error")
def other_order(call: Call, error: ErrorReply) -> None:
    """The keys of an error come in another order."""
    error.body["error"] = dict(sorted(error.body["error"].items()))


@variation("chat.extra-keys", at="reply", route="chat")
def extra(call: Call, reply: Json) -> None:
    """The answer has keys that nobody documented."""
    reply["timings"] = {"predicted_ms": 1.5}
    for choice in reply["choices"]:
        choice["message"]["reasoning_content"] = None


@variation("chat.sparse", at="reply", route="chat", when=lambda call: "logprobs" not in call.fields)
def sparse(call: Call, reply: Json) -> None:
    """logprobs, system_fingerprint and service_tier are left out."""
    for choice in reply["choices"]:
        choice.pop("logprobs", None)
    reply.pop("system_fingerprint", None)
    reply.pop("service_tier", None)


@variation("headers.server", at="http")
def server_header(call: Call, reply: Reply) -> None:
    """Answers name the server software."""
    reply.headers.append(("server", "reference"))


@variation("stream.queued", at="frames", route=("chat", "responses"))
def queued(call: Call, frames: list[Frame]) -> None:
    """Requests wait for each other: a stream begins late and then comes at once."""
    known = call.app.data.setdefault("queued", set())
    if call.raw not in known and len(frames) > 1:
        known.add(call.raw)
        frames[0].delay = 2.0 + sum(one.delay for one in frames)
        for one in frames[1:]:
            one.delay = 0.0
