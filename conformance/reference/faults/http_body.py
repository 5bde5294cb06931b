"""Faults of bodies and of the headers that describe them."""

from __future__ import annotations

import gzip

from conformance.reference.call import Call
from conformance.reference.fault import fault
from conformance.reference.faults.errors_table import sends
from conformance.reference.faults.http import says
from conformance.reference.reply import Reply

_MANGO = says("mango")
_GZIP = "models.list"


def _asks_gzip(call: Call) -> bool:
    return call.headers.get("accept-encoding") == "gzip"


@fault("content-type.json", at="http", when=_MANGO)
def text_plain(call: Call, reply: Reply) -> None:
    """JSON is declared as text."""
    reply.set("content-type", "text/plain; charset=utf-8")


@fault("content-type.json/absent", at="http", when=_MANGO, breaks="content-type.json")
def untyped(call: Call, reply: Reply) -> None:
    """JSON is not declared at all."""
    reply.drop("content-type")


@fault("content-type.charset", at="http", when=_MANGO)
def latin(call: Call, reply: Reply) -> None:
    """The charset is another one."""
    reply.set("content-type", "application/json; charset=iso-8859-1")


def _raw(reply: Reply) -> bytes:
    assert isinstance(reply.body, bytes)
    return reply.body


@fault("http.body.json", at="http", when=_MANGO)
def trailing(call: Call, reply: Reply) -> None:
    """After the JSON comes something else."""
    reply.body = _raw(reply) + b"\nOK"


@fault("http.body.json/nan", at="http", when=_MANGO, breaks="http.body.json")
def nan(call: Call, reply: Reply) -> None:
    """A number is NaN."""
    reply.body = _raw(reply)[:-1] + b',"score":NaN}'


@fault("http.body.utf8", at="http", when=_MANGO)
def mark(call: Call, reply: Reply) -> None:
    """A byte order mark stands before the JSON."""
    reply.body = b"\xef\xbb\xbf" + _raw(reply)


@fault("http.body.utf8/latin", at="http", when=_MANGO, breaks="http.body.utf8")
def not_utf8(call: Call, reply: Reply) -> None:
    """The JSON is Latin-1."""
    reply.body = _raw(reply)[:-1] + ',"note":"größer"}'.encode("latin-1")


@fault("http.body.unique-keys", at="http", when=_MANGO)
def twice(call: Call, reply: Reply) -> None:
    """A key stands twice."""
    reply.body = b'{"object":"chat.completion",' + _raw(reply)[1:]


@fault("http.body.first-byte", at="http", when=_MANGO)
def blank_lines(call: Call, reply: Reply) -> None:
    """Blank lines keep the connection alive before the JSON comes."""
    reply.body = b"\n\n\n" + _raw(reply)


@fault("http.content-encoding.valid", at="http", when=_asks_gzip, route=_GZIP,
       field_defects="http-encoding-header-on-plain-body")  # fmt: skip
def plain_as_gzip(call: Call, reply: Reply) -> None:
    """A plain body is declared as gzip."""
    reply.set("content-encoding", "gzip")


@fault("http.content-encoding.valid/malformed", at="http", when=_asks_gzip, route=_GZIP,
       breaks="http.content-encoding.valid", field_defects="http-malformed-gzip")  # fmt: skip
def malformed(call: Call, reply: Reply) -> None:
    """The gzip data breaks off."""
    reply.body = gzip.compress(_raw(reply), mtime=0)[:-12]
    reply.set("content-encoding", "gzip")


@fault("http.content-encoding.valid/error", at="http", when=sends("http_gzip_error"),
       breaks="http.content-encoding.valid")  # fmt: skip
def error_as_gzip(call: Call, reply: Reply) -> None:
    """An error is declared as gzip and is not."""
    reply.set("content-encoding", "gzip")


@fault("http.content-encoding.offered", at="http", when=_MANGO,
       breaks=("http.content-encoding.offered", "http.identity.plain"))  # fmt: skip
def unasked(call: Call, reply: Reply) -> None:
    """An answer is compressed for a client that did not offer to read that."""
    reply.body = gzip.compress(_raw(reply), mtime=0)
    reply.set("content-encoding", "gzip")


@fault("http.content-length.true", at="http", when=_MANGO,
       field_defects="http-stale-content-length")  # fmt: skip
def stale(call: Call, reply: Reply) -> None:
    """The length is that of another body."""
    reply.set("content-length", str(len(_raw(reply)) + 24))


@fault("http.content-length.not-with-chunked", at="http", when=_MANGO)
def both(call: Call, reply: Reply) -> None:
    """Length and chunks are declared together."""
    reply.set("content-length", str(len(_raw(reply))))
    reply.set("transfer-encoding", "chunked")


@fault("http.content-length.not-on-stream", at="http", when=says("blueberry"),
       field_defects="http-content-length-on-sse")  # fmt: skip
def stream_length(call: Call, reply: Reply) -> None:
    """A stream has the length of the JSON that it was made from."""
    assert isinstance(reply.body, list)
    reply.set("content-length", str(sum(len(frame.data) for frame in reply.body)))


@fault("http.header.once", at="http", when=_MANGO)
def doubled(call: Call, reply: Reply) -> None:
    """The content type stands twice."""
    reply.headers.append(("content-type", "application/json"))


@fault("http.status.content", at="http", when=_MANGO,
       breaks=("http.status.content", "http.status.success"))  # fmt: skip
def no_content(call: Call, reply: Reply) -> None:
    """An answer is 204 and empty."""
    reply.status = 204
    reply.body = b""


@fault("http.status.content/empty", at="http", when=_MANGO,
       breaks=("http.status.content", "http.body.json"))  # fmt: skip
def empty(call: Call, reply: Reply) -> None:
    """An answer is 200 and empty."""
    reply.body = b""


@fault("http.status.success", at="http", when=_MANGO)
def created(call: Call, reply: Reply) -> None:
    """An answer is 201."""
    reply.status = 201


@fault("http.identity.plain", at="http", when=sends("http_identity_error"),
       breaks=("http.identity.plain", "http.content-encoding.offered"))  # fmt: skip
def unasked_error(call: Call, reply: Reply) -> None:
    """Errors are compressed for everybody."""
    reply.body = gzip.compress(_raw(reply), mtime=0)
    reply.set("content-encoding", "gzip")


@fault("http.gzip.readable", at="http", when=_asks_gzip, route=_GZIP,
       breaks=("http.gzip.readable", "http.body.json"))  # fmt: skip
def half(call: Call, reply: Reply) -> None:
    """The answer to a client that reads gzip is cut, and declared as plain."""
    reply.body = _raw(reply)[:-12]
