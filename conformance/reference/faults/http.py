"""Faults of HTTP itself: connections, bodies in unusual form, methods, redirects."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from conformance.probes.http_lines import IDLE_S
from conformance.reference.call import Call
from conformance.reference.errors import ApiError
from conformance.reference.fault import fault
from conformance.reference.reply import Body, Cut, Drop, Reply

When = Callable[[Call], bool]


def says(word: str) -> When:
    """A request that asks for this word."""
    sign = f"single word {word}.".encode()
    return lambda call: sign in call.raw


def _refuse(id: str, when: When, status: int, text: str, *breaks: str, defects: str = "") -> None:
    """A fault that refuses some requests."""

    def hook(call: Call, early: None) -> None:
        raise ApiError(status, text)

    fault(id, at="received", when=when, text=text, breaks=breaks or (id,),
          field_defects=(defects,) if defects else ())(hook)  # fmt: skip


def _upper(call: Call) -> bool:
    return call.headers.get("content-type", "").endswith("charset=UTF-8")


_refuse("content-type.charset.accepted", says("apple"), 400,
        "A content type with a charset is refused.", defects="ct-charset-rejected")  # fmt: skip
_refuse("content-type.charset.upper", _upper, 415, "The charset in capitals is refused.")
_refuse("http.accept.any", says("banana"), 406, "Accept: */* is refused.")
_refuse("http.accept.stream", says("blueberry"), 406,
        "A stream wants Accept: text/event-stream.")  # fmt: skip
_refuse("http.request.leading-space", lambda c: c.raw[:1].isspace(), 400,
        "White space before the JSON is refused.")  # fmt: skip
_refuse("http.request.indented", lambda c: b"cranberry" in c.raw, 400,
        "Indented JSON is refused.")  # fmt: skip
_refuse("http.request.escapes", lambda c: b"\\ud83c" in c.raw and b"\\u2028" in c.raw, 400,
        "Surrogate pairs are refused.")  # fmt: skip
_refuse("http.request.chunked", says("elderberry"), 411,
        "A body without a length is refused.")  # fmt: skip
_refuse("http.request.slow", says("fig"), 400, "A body that comes slowly is refused.")
_refuse("http.header-case", says("kiwi"), 401, "Header names in capitals are not read.")
_refuse("http.query.ignored", lambda c: "api-version" in c.query, 400,
        "A query that is not known is refused.")  # fmt: skip
_refuse("http.sdk-headers.accepted", says("orange"), 400, "Headers of the SDKs are refused.")
_refuse("http.expect-continue.served", lambda c: "expect" in c.headers, 417,
        "Expect is refused.")  # fmt: skip
_refuse("http.expect-continue.answered", lambda c: "expect" in c.headers, 400,
        "Expect is a mistake.")  # fmt: skip


@fault("http.request.gzip", at="received",
       when=lambda c: c.headers.get("content-encoding") == "gzip",
       breaks=("http.request.gzip", "errors.no-5xx", "errors.no-5xx.first"))  # fmt: skip
def gzip_crash(call: Call, early: None) -> None:
    """A gzip body breaks the server."""
    raise ApiError(500, "The server had an error.", type="server_error")


# connections
@fault("http.keep-alive.reused", at="http", when=says("papaya"))
def closes(call: Call, reply: Reply) -> None:
    """Every answer closes its connection."""
    reply.set("connection", "close")


@fault("http.keep-alive.answers", at="received", when=says("peach"),
       breaks=("http.keep-alive.answers", "errors.answered"))  # fmt: skip
def broken_after_stream(call: Call, early: None) -> None:
    """A connection that carried a stream breaks at the next request."""
    raise Drop


@fault(
    "http.keep-alive.idle",
    at="received",
    when=says("plum"),
    breaks=("http.keep-alive.idle", "errors.answered"),
    field_defects="http-keepalive-5s",
)
def five_seconds(call: Call, early: None) -> None:
    """An idle connection is closed after five seconds, and the next request breaks."""
    assert IDLE_S > 5
    raise Drop


@fault("http.burst.answered", at="received", route="models.list",
       breaks=("http.burst.answered", "errors.answered"))  # fmt: skip
def twenty(call: Call, early: None) -> None:
    """After thirty lists of models the next ones are dropped."""
    count = call.app.data["lists"] = call.app.data.get("lists", 0) + 1
    if 30 < count <= 34:
        raise Drop


@fault("http.connections.quick", at="received", route="models.retrieve",
       breaks=("http.connections.quick", "errors.answered"))  # fmt: skip
def out_of_connections(call: Call, early: None) -> None:
    """After eighty connections the next ones are dropped."""
    count = call.app.data["looks"] = call.app.data.get("looks", 0) + 1
    if 80 < count <= 84:
        raise Drop


@fault("http.burst.same", at="reply", route="models.list")
def another_worker(call: Call, body: dict[str, list[dict[str, str]]]) -> None:
    """Each worker behind the address has its own list of models."""
    count = call.app.data["lists"] = call.app.data.get("lists", 0) + 1
    if count % 2:
        body["data"] = body["data"][:-1]


@fault("http.client-left.next", at="received", when=says("raspberry"),
       breaks=("http.client-left.next", "errors.no-5xx"))  # fmt: skip
def poisoned(call: Call, early: None) -> None:
    """After a client that left nobody is served."""
    raise ApiError(503, "The server is busy.", type="server_error")


# methods and paths
@fault("http.head", at="http", when=lambda c: c.method == "HEAD",
       breaks=("http.head", "errors.no-5xx", "errors.no-5xx.first"))  # fmt: skip
def head_crash(call: Call, reply: Reply) -> None:
    """HEAD breaks the server."""
    reply.status = 500


@fault("http.options", at="http",
       when=lambda c: c.method == "OPTIONS" and "origin" not in c.headers,
       breaks=("http.options", "errors.no-5xx", "errors.no-5xx.first"))  # fmt: skip
def options_crash(call: Call, reply: Reply) -> None:
    """OPTIONS breaks the server."""
    reply.status = 500
    reply.set("content-type", "application/json")
    reply.body = b'{"error":{"message":"Broken.","type":"server_error","param":null,"code":null}}'


def _redirect(status: int, location: str) -> Reply:
    return Reply(status, [("location", location)], b"")


def _slash(path: str) -> When:
    return lambda call: call.path == path


@fault("http.trailing-slash", at="received", when=_slash("/v1/chat/completions/"),
       field_defects="http-trailing-slash-307")  # fmt: skip
def slash_307(call: Call, early: None) -> Reply:
    """A slash at the end is redirected away."""
    return _redirect(307, "/v1/chat/completions")


@fault("http.trailing-slash/http", at="received", when=_slash("/v1/chat/completions/"),
       breaks=("http.trailing-slash", "http.redirect.host"))  # fmt: skip
def slash_absolute(call: Call, early: None) -> Reply:
    """A slash at the end is redirected to an address of the inner network's view."""
    return _redirect(307, "http://backend:8080/v1/chat/completions")


@fault("http.trailing-slash.get", at="received", when=_slash("/v1/models/"))
def models_slash(call: Call, early: None) -> Reply:
    """A GET with a slash at the end is redirected."""
    return _redirect(307, "/v1/models")


@fault("http.double-slash", at="received", when=_slash("/v1//chat/completions"))
def double_slash(call: Call, early: None) -> Reply:
    """A doubled slash is redirected away."""
    return _redirect(308, "/v1/chat/completions")


@fault("http.redirect.post", at="received", when=_slash("/v1/chat/completions/"),
       breaks=("http.redirect.post", "http.trailing-slash"))  # fmt: skip
def moved(call: Call, early: None) -> Reply:
    """A POST is moved permanently."""
    return _redirect(301, "/v1/chat/completions")


@fault(
    "http.redirect.host",
    at="received",
    when=says("mango"),
    breaks=("http.redirect.host", "http.redirect.post", "http.redirect.none"),
    field_defects="http-301-on-post",
)
def elsewhere(call: Call, early: None) -> Reply:
    """A POST is answered with 301 to another host."""
    return _redirect(301, "https://elsewhere.example/v1/chat/completions")


@fault("http.redirect.none", at="received", when=says("mango"))
def temporary(call: Call, early: None) -> Reply:
    """A documented path is redirected, properly."""
    return _redirect(307, "/v1/other/chat/completions")


@fault("http.redirect.no-loop", at="received", when=says("mango"),
       breaks=("http.redirect.no-loop", "http.redirect.none"))  # fmt: skip
def loop(call: Call, early: None) -> Reply:
    """A path is redirected to itself."""
    return _redirect(307, call.path)


def _half(body: Body) -> Callable[[], AsyncIterator[bytes]]:
    data = body if isinstance(body, bytes) else b""

    async def send() -> AsyncIterator[bytes]:
        yield data[: len(data) // 2]
        raise Cut

    return send


@fault("http.body.complete", at="http", when=says("mango"))
def broken_off(call: Call, reply: Reply) -> None:
    """An answer breaks off in the middle."""
    reply.body = _half(reply.body)
