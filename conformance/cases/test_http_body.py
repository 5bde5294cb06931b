"""Bodies of all answers: encoding, length, type; and the headers that describe them."""

from __future__ import annotations

import re

from conformance.exchange import Exchange
from conformance.expect import NotApplicable, fail, require
from conformance.requirement import EVERY_DRIVER, MUST, SHOULD, field, requirement, rfc, sdk
from conformance.select import ANY, EVERYTHING, Selector
from conformance.wire.jsontext import JsonError

_MADE = re.compile(r"/(chat/completions|completions|embeddings|moderations|models|responses)$")
_ITEM = re.compile(r"/(models|responses|chat/completions|files|batches)/[^/]+$")

JSON_ANSWER = Selector(
    "successful JSON answers",
    lambda x: (
        x.ok
        and x.request.method in ("GET", "POST")
        and not x.is_stream
        and not x.context.get("outside")
        and bool(_MADE.search(x.endpoint) or _ITEM.search(x.endpoint))
        and "stream=true" not in x.request.url
    ),
)
DECLARED = Selector(
    "JSON bodies",
    lambda x: (
        x.response is not None
        and x.response.complete
        and x.request.method != "HEAD"
        and x.response.media_type == "application/json"
        and not x.context.get("outside")
    ),
)


def _whole(x: Exchange) -> bool:
    """The body came to its end, and the recording has it as it came."""
    return bool(
        x.response is not None
        and x.request.method != "HEAD"
        and x.status not in (204, 304)
        and not (x.failure is not None and x.failure.kind in ("cancelled", "size", "timeout"))
        and not x.context.get("decoded")
        and not x.context.get("reserialized")
    )


@requirement(
    "content-type.json",
    MUST,
    "A JSON answer is declared as application/json.",
    source=sdk("openai-node 7.55 internal/parse.mjs"),
    over=JSON_ANSWER,
    breaks=["openai-node: the body is returned as a string"],
)
def test_json_type(x: Exchange) -> None:
    assert x.response is not None
    if x.is_sse:
        raise NotApplicable("a stream that was not asked for")
    media = x.response.media_type
    require(media == "application/json" or media.endswith("+json"), "header content-type",
            "application/json", x.header("content-type") or "absent")  # fmt: skip


@requirement(
    "content-type.charset",
    MUST,
    "The charset of a JSON body or of an event stream, where it is named, is UTF-8.",
    source=rfc(8259, "8.1"),
    over=ANY,
    breaks=["clients that believe the header: broken characters"],
)
def test_charset(x: Exchange) -> None:
    given = x.header("content-type") or ""
    found = re.search(r"charset\s*=\s*\"?([\w-]+)", given, re.I)
    assert x.response is not None
    if found is None or x.response.media_type not in ("application/json", "text/event-stream"):
        raise NotApplicable("no charset")
    require(found.group(1).lower().replace("-", "") == "utf8", "header content-type",
            "charset=utf-8", given)  # fmt: skip


@requirement(
    "http.body.json",
    MUST,
    "A body that is declared as JSON is one JSON document.",
    source=rfc(8259, "2"),
    over=DECLARED,
    breaks=["both SDKs: JSONDecodeError, SyntaxError"],
)
def test_body_json(x: Exchange) -> None:
    assert x.response is not None
    if x.is_stream and x.ok:
        raise NotApplicable("a stream under the type of JSON")
    if x.status in (204, 205, 304) or x.response.decoded[1]:
        raise NotApplicable("no readable body")
    document = x.response.document
    if isinstance(document, JsonError):
        fail("body", "a JSON document", f"{document.message}: {x.response.text[:200]!r}")
    for problem in document.problems:
        if problem.kind in ("nan", "trailing-bytes"):
            fail("body", "strict JSON", f"{problem.kind}: {problem.detail}")


@requirement(
    "http.body.utf8",
    MUST,
    "A JSON body is UTF-8, without a byte order mark.",
    source=rfc(8259, "8.1"),
    over=DECLARED,
    breaks=["broken characters; a mark before the text makes JSON.parse fail"],
)
def test_body_utf8(x: Exchange) -> None:
    assert x.response is not None
    document = x.response.document
    if isinstance(document, JsonError):
        raise NotApplicable("no JSON")
    for problem in document.problems:
        if problem.kind in ("bom", "invalid-utf8", "not-utf8"):
            fail("body", "UTF-8", f"{problem.kind}: {problem.detail}")


@requirement(
    "http.body.unique-keys",
    SHOULD,
    "No object of a JSON body has a key twice.",
    source=rfc(8259, "4"),
    over=DECLARED,
)
def test_unique_keys(x: Exchange) -> None:
    assert x.response is not None
    document = x.response.document
    if isinstance(document, JsonError):
        raise NotApplicable("no JSON")
    for problem in document.problems:
        if problem.kind == "duplicate-key":
            fail("body", "every key once", problem.detail)


@requirement(
    "http.body.first-byte",
    SHOULD,
    "A JSON body begins with its bracket, not with blank lines that keep the connection alive.",
    source=sdk("clients that look at the first byte"),
    over=DECLARED,
)
def test_first_byte(x: Exchange) -> None:
    assert x.response is not None
    body = x.response.body
    if not body:
        raise NotApplicable("no body")
    require(not body[:1].isspace(), "body", "{ or [", body[:40].decode("utf-8", "replace"))


@requirement(
    "http.content-encoding.valid",
    MUST,
    "A body is encoded as Content-Encoding says.",
    source=field("https://github.com/Gitlawb/openclaude/issues/1315"),
    over=Selector(
        "encoded answers", lambda x: _whole(x) and x.header("content-encoding") is not None
    ),
    breaks=["openai-python, which always offers gzip: DecodingError"],
)
def test_encoding_valid(x: Exchange) -> None:
    assert x.response is not None
    problem = x.response.decoded[1]
    if problem:
        fail("body", f"valid {x.header('content-encoding')}", problem)
    given = (x.header("content-encoding") or "").strip().lower()
    if x.response.raw and given not in ("identity", "") and x.response.body == x.response.raw:
        fail("header content-encoding", "absent", f"{given} on a plain body")


@requirement(
    "http.content-encoding.offered",
    MUST,
    "A body is only encoded in a way that the client offered to read.",
    source=rfc(9110, "12.5.3"),
    over=Selector(
        "answers to clients that say what they read",
        lambda x: _whole(x) and x.request.header("accept-encoding") is not None,
    ),
    drivers=EVERY_DRIVER,
    breaks=["clients without that encoding read noise"],
)
def test_encoding_offered(x: Exchange) -> None:
    given = (x.header("content-encoding") or "identity").strip().lower()
    offered = (x.request.header("accept-encoding") or "").lower()
    names = [part.split(";")[0].strip() for part in offered.split(",")]
    require(given in ("identity", "", *names) or "*" in names, "header content-encoding",
            names, given)  # fmt: skip


@requirement(
    "http.content-length.true",
    MUST,
    "Content-Length is the length of the body.",
    source=field("https://github.com/BerriAI/litellm/issues/25624"),
    over=Selector("answers with a length", lambda x: x.header("content-length") is not None),
    breaks=["clients wait for bytes that never come, or cut the body"],
)
def test_length(x: Exchange) -> None:
    if not _whole(x) or x.context.get("headers_filtered"):
        raise NotApplicable("not read to its end")
    assert x.response is not None
    given = (x.header("content-length") or "").strip()
    size = len(x.response.raw)
    if not given.isdigit():
        fail("header content-length", "a number", given)
    require(int(given) == size, "header content-length", f"{size}, the length of the body", given)


@requirement(
    "http.body.complete",
    MUST,
    "The body of an answer comes to its end; the connection does not break before.",
    source=rfc(9112, "8"),
    over=EVERYTHING,
    breaks=["both SDKs: APIConnectionError in mid-answer"],
)
def test_complete(x: Exchange) -> None:
    if x.response is None or x.superseded or x.context.get("left"):
        raise NotApplicable("no answer")
    failure = x.failure
    if failure is None or failure.kind not in ("reset", "protocol"):
        return
    if x.is_sse:
        raise NotApplicable("a stream: its own requirements say so")
    fail("body", "the whole body", f"{failure.message} after {len(x.response.raw)} bytes")


@requirement(
    "http.content-length.not-with-chunked",
    MUST,
    "Content-Length and Transfer-Encoding do not stand in one answer.",
    source=rfc(9112, "6.2"),
    over=ANY,
    breaks=["proxies refuse the answer as request smuggling"],
)
def test_not_both(x: Exchange) -> None:
    both = x.header("content-length") is not None and x.header("transfer-encoding") is not None
    require(not both, "header content-length", "absent beside transfer-encoding",
            x.header("content-length"))  # fmt: skip


@requirement(
    "http.content-length.not-on-stream",
    MUST,
    "An event stream has no Content-Length: its length is not known when it begins.",
    source=field("https://github.com/braintrustdata/braintrust-proxy/pull/1124"),
    over=Selector("event streams", lambda x: x.ok and x.is_sse),
    breaks=["browsers wait until the connection ends"],
)
def test_stream_length(x: Exchange) -> None:
    require(x.header("content-length") is None, "header content-length", "absent",
            x.header("content-length"))  # fmt: skip


_ONCE = ("content-type", "content-length", "content-encoding", "transfer-encoding", "location",
         "retry-after", "x-request-id")  # fmt: skip


@requirement(
    "http.header.once",
    MUST,
    "Headers that have one value stand once.",
    source=rfc(9110, "5.3"),
    over=ANY,
    breaks=["clients join the two: 'application/json, text/plain'"],
)
def test_once(x: Exchange) -> None:
    assert x.response is not None
    for name in _ONCE:
        values = x.response.header_all(name)
        if len(values) > 1:
            fail(f"header {name}", "one", list(values))


@requirement(
    "http.status.content",
    MUST,
    "An answer that has to have a body has one: no empty 200, and no 204 for a result.",
    source=sdk("openai-python 3.51: JSONDecodeError; openai-node: undefined"),
    over=JSON_ANSWER,
    breaks=["openai-python: JSONDecodeError", "openai-node: undefined"],
)
def test_content(x: Exchange) -> None:
    assert x.response is not None
    if not x.response.complete:
        raise NotApplicable("cut")
    require(bool(x.response.raw.strip()) and x.status != 204, "body", "a body",
            f"{x.status} without one")  # fmt: skip


@requirement(
    "http.status.success",
    SHOULD,
    "Success is 200, not another status of the class (201, 202, 206).",
    source=sdk("clients that compare with 200"),
    over=Selector(
        "successful answers",
        lambda x: x.ok and x.request.method in ("GET", "POST") and bool(_MADE.search(x.endpoint)),
    ),
)
def test_200(x: Exchange) -> None:
    require(x.status == 200, "status", "200", str(x.status))
