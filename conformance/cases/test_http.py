"""HTTP: connections, methods, paths, bodies in unusual form."""

from __future__ import annotations

from urllib.parse import urlsplit

from conformance.drivers.line import PORT
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, expect, fail, require
from conformance.requirement import MAY, MUST, SHOULD, field, requirement, rfc, sdk
from conformance.select import Selector, answered

REDIRECTS = Selector("redirects", lambda x: answered(x) and 300 <= x.status < 400)
PROMPT = 4.0
"""Seconds between two requests in which no server closes the connection as idle."""
_KEPT = ("undici, aiohttp, Go: a new connection for each request, ECONNRESET under load",)


def _answer(x: Exchange | None) -> Exchange:
    """An exchange that has a response and met no quota."""
    if x is None:
        raise NotApplicable("it was not sent")
    if x.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    if x.response is None and x.failure is not None and x.failure.kind in ("connect", "tls"):
        raise Inconclusive(x.failure.message, owner="network")
    return x


def _status(x: Exchange) -> str:
    if x.response is None:
        return x.failure.message if x.failure else "no answer"
    return f"{x.status} {x.response.text[:200]}"


@requirement(
    "http.keep-alive.reused",
    SHOULD,
    "A connection stays open for the next request after an answer.",
    source=rfc(9112, "9.3"),
    needs="chat",
    any_status=True,
    breaks=_KEPT,
)
def test_reused(http_line: Steps) -> None:
    found = [_answer(x) for x in http_line]
    closing = [x for x in found[:-1] if (x.header("connection") or "").lower() == "close"]
    if closing:
        fail("header connection", "keep-alive", "close", exchange=closing[0])
    ports = [x.context[PORT] for x in found if PORT in x.context]
    first, last = http_line.get("first"), http_line.get("error")
    if len(ports) != len(found):
        return
    if first and last and last.started - first.started > PROMPT:
        # a busy machine reads an answer seconds after it was sent: the connection was idle
        raise Inconclusive("the second request may have come too late", owner="suite")
    if first and last and first.context[PORT] != last.context[PORT]:
        fail("connection", "the same for the second request", "another", exchange=last)


@requirement(
    "http.keep-alive.answers",
    MUST,
    "Requests on one connection are all answered, also after an error and after a stream.",
    source=rfc(9112, "9.3"),
    needs="chat",
    any_status=True,
    breaks=["both SDKs, which reuse connections: APIConnectionError on the next request"],
)
def test_line(http_line: Steps) -> None:
    for step, wanted in (("first", (2,)), ("error", (4,)), ("stream", (2,)), ("last", (2,))):
        x = _answer(http_line.get(step))
        if x.response is None:
            fail(f"answer to {step}", "an answer", _status(x), exchange=x)
        if step in ("first", "last"):
            expect(x).status(*wanted)


@requirement(
    "http.keep-alive.idle",
    SHOULD,
    "A connection that was idle for six seconds is still open.",
    source=field("https://github.com/peonist-ai/halogen-flash-server/issues/25"),
    needs="chat",
    any_status=True,
    breaks=["undici, aiohttp, Go: ECONNRESET on a POST, which is not sent again"],
)
def test_idle(http_idle: Steps) -> None:
    before, after = _answer(http_idle.get("before")), _answer(http_idle.get("after"))
    if not before.ok:
        raise NotApplicable("the first was not answered")
    if after.response is None:
        fail("connection", "an answer after six idle seconds", _status(after), exchange=after)
    if PORT in before.context and before.context[PORT] != after.context.get(PORT):
        fail("connection", "the same after six idle seconds", "another", exchange=after)


@requirement(
    "http.burst.answered",
    MUST,
    "Forty requests at once are all answered; a limit says so by 429.",
    source=sdk("openai-python 3.51: up to 1000 connections"),
    needs="models",
    any_status=True,
    breaks=["programs that work in parallel: APIConnectionError"],
)
def test_burst(http_burst: Steps) -> None:
    for x in http_burst:
        if x.response is None and x.failure is not None and x.failure.kind == "connect":
            fail("connection", "accepted", x.failure.message, exchange=x)
        if x.status == 429:
            continue
        require(x.ok, "status", ["200", "429"], _status(x))


@requirement(
    "http.connections.quick",
    MUST,
    "A hundred connections, each opened for one request, are all answered.",
    source=rfc(9112, "9"),
    needs="models",
    any_status=True,
    breaks=["clients that keep no connection (PHP, short functions): refused after a while"],
)
def test_quick(http_quick: Steps) -> None:
    first = _answer(http_quick.get("one"))
    statuses = {x.status for x in http_quick if x.response is not None and x.status != 429}
    for x in http_quick:
        if x.response is None:
            fail("connection", "an answer on each", _status(x), exchange=x)
    if not statuses:
        raise Inconclusive("every answer was 429", owner="quota")
    require(len(statuses) == 1, "status", f"{first.status} on each", sorted(statuses))


@requirement(
    "http.burst.same",
    MUST,
    "The same list of models comes back on every connection.",
    source=rfc(9110, "9.2.1"),
    needs="models",
    any_status=True,
)
def test_burst_same(http_burst: Steps) -> None:
    seen: set[str] = set()
    for x in http_burst:
        body = x.json
        if x.ok and isinstance(body, dict) and isinstance(body.get("data"), list):
            ids = sorted(str(m.get("id")) for m in body["data"] if isinstance(m, dict))
            seen.add(repr(ids))
    if not seen:
        raise NotApplicable("no lists")
    require(len(seen) == 1, "data", "one list", f"{len(seen)} lists that differ")


@requirement(
    "http.client-left.next",
    MUST,
    "After clients that left in mid-request and mid-stream the next request is served.",
    source=rfc(9112, "9.5"),
    needs="chat.stream",
    any_status=True,
    breaks=["one impatient user stops the service for everybody"],
)
def test_left(http_left: Steps) -> None:
    x = _answer(http_left.get("next"))
    expect(x).status(2)


@requirement(
    "http.expect-continue.answered",
    MUST,
    "A request with `Expect: 100-continue` is answered.",
    source=rfc(9110, "10.1.1"),
    needs="chat",
    any_status=True,
    breaks=["curl and .NET with larger bodies"],
)
def test_expect(http_expect: Steps) -> None:
    x = _answer(http_expect.get(""))
    expect(x).status(2, 417)


@requirement(
    "http.expect-continue.served",
    SHOULD,
    "A request with `Expect: 100-continue` is served.",
    source=rfc(9110, "10.1.1"),
    needs="chat",
    any_status=True,
)
def test_expect_served(http_expect: Steps) -> None:
    x = _answer(http_expect.get(""))
    if x.status != 417 and not x.ok:
        raise NotApplicable("http.expect-continue.answered says so")
    expect(x).status(2)


@requirement(
    "http.request.gzip",
    MUST,
    "A gzip request body is served, or refused with 4xx.",
    source=rfc(9110, "8.4"),
    needs="chat",
    any_status=True,
)
def test_gzip_request(http_gzip_request: Exchange) -> None:
    expect(_answer(http_gzip_request)).status(2, 4)


@requirement(
    "http.identity.plain",
    MUST,
    "A client that reads no compressed bodies gets plain ones, errors too.",
    source=rfc(9110, "12.5.3"),
    any_status=True,
    breaks=["clients without gzip read noise"],
)
def test_identity(http_identity: Exchange, http_identity_error: Exchange) -> None:
    for x in (http_identity, http_identity_error):
        given = (_answer(x).header("content-encoding") or "identity").lower()
        if given not in ("identity", ""):
            fail("header content-encoding", "absent", given, exchange=x)


@requirement(
    "http.gzip.readable",
    MUST,
    "A client that reads gzip can read the list of models, and an error.",
    source=field("https://github.com/Gitlawb/openclaude/issues/1315"),
    any_status=True,
    breaks=["openai-python, which always offers gzip: DecodingError"],
)
def test_gzip(http_gzip_answer: Exchange, http_gzip_error: Exchange) -> None:
    for x in (_answer(http_gzip_answer), _answer(http_gzip_error)):
        if x.response is None or x.response.media_type != "application/json":
            continue
        if x.response.decoded[1]:
            raise NotApplicable("http.content-encoding.valid says so")
        expect(x).json  # noqa: B018 - it raises


@requirement(
    "http.head",
    MUST,
    "HEAD is answered without a body and without a server error.",
    source=rfc(9110, "9.3.2"),
    any_status=True,
    breaks=["health checks of load balancers"],
)
def test_head(http_head: Exchange) -> None:
    x = _answer(http_head)
    if x.status != 501:  # what HTTP foresees for a method that a server does not have
        expect(x).status(2, 3, 4)
    assert x.response is not None
    require(not x.response.raw, "body", "none", f"{len(x.response.raw)} bytes")


@requirement(
    "http.options",
    MUST,
    "OPTIONS is answered without a server error.",
    source=rfc(9110, "9.3.7"),
    any_status=True,
)
def test_options(http_options: Exchange) -> None:
    if _answer(http_options).status != 501:
        expect(_answer(http_options)).status(2, 4)


def _no_redirect(x: Exchange) -> None:
    x = _answer(x)
    if 300 <= x.status < 400:
        fail("status", ["200", "404"], f"{x.status} to {x.header('location')}", exchange=x)


@requirement(
    "http.trailing-slash",
    SHOULD,
    "A POST with a slash at the end of the path is served or refused, not redirected.",
    source=field("https://github.com/Kaoruha/GinkGO/issues/5389"),
    needs="chat",
    any_status=True,
    breaks=["behind a TLS proxy the redirect names http://, and the key is dropped: 401"],
)
def test_trailing_slash(http_trailing_slash: Exchange) -> None:
    _no_redirect(http_trailing_slash)


@requirement(
    "http.trailing-slash.get",
    SHOULD,
    "A GET with a slash at the end of the path is served or refused, not redirected.",
    source=field("https://github.com/Kaoruha/GinkGO/issues/5389"),
    any_status=True,
)
def test_models_slash(http_models_slash: Exchange) -> None:
    _no_redirect(http_models_slash)


@requirement(
    "http.double-slash",
    MAY,
    "A POST with a doubled slash in the path is served or refused, not redirected.",
    source=rfc(3986, "3.3"),
    needs="chat",
    any_status=True,
)
def test_double_slash(http_double_slash: Exchange) -> None:
    _no_redirect(http_double_slash)


@requirement(
    "http.redirect.post",
    MUST,
    "A POST is never answered with 301, 302 or 303, which make clients send a GET.",
    source=field("https://github.com/ferro-labs/ai-gateway/pull/243"),
    over=Selector("redirected POSTs", lambda x: answered(x) and x.request.method == "POST"),
    breaks=["openai-python, fetch, Go: GET without body to the new address"],
)
def test_redirect_post(x: Exchange) -> None:
    require(x.status not in (301, 302, 303), "status", ["200", "307", "308"],
            f"{x.status} to {x.header('location')}")  # fmt: skip


@requirement(
    "http.redirect.none",
    MUST,
    "A documented path answers by itself; no request to it is redirected.",
    source=sdk("openai-python 3.51: redirects cost a round trip, and the key across hosts"),
    over=Selector(
        "requests to documented paths",
        lambda x: (
            answered(x)
            and x.status != 304
            and not x.context.get("outside")
            and not x.endpoint.endswith("/")
            and "//" not in x.endpoint
            and x.probe not in ("http_head",)
            and not x.probe.startswith("errors_")
        ),
    ),
    breaks=["openai-node in browsers, clients that follow nothing"],
)
def test_redirect_none(x: Exchange) -> None:
    require(not 300 <= x.status < 400, "status", "an answer",
            f"{x.status} to {x.header('location')}")  # fmt: skip


@requirement(
    "http.redirect.host",
    MUST,
    "No redirect leads to another host, port or scheme, where the key does not follow.",
    source=field("https://github.com/ferro-labs/ai-gateway/pull/243"),
    over=REDIRECTS,
    breaks=["openai-python drops the key across hosts: 401; others send it to a stranger"],
)
def test_redirect_host(x: Exchange) -> None:
    location = urlsplit(x.header("location") or "")
    if not location.netloc:
        raise NotApplicable("the same host")
    here = urlsplit(x.request.url)
    require(
        (location.scheme or here.scheme, location.netloc) == (here.scheme, here.netloc),
        "header location",
        f"{here.scheme}://{here.netloc}",
        x.header("location"),
    )


@requirement(
    "http.redirect.no-loop",
    MUST,
    "No redirect leads to the address that was asked.",
    source=sdk("openai-python 3.51: 21 requests, then APIConnectionError"),
    over=REDIRECTS,
)
def test_no_loop(x: Exchange) -> None:
    location = x.header("location")
    if location is None:
        fail("header location", "an address", "absent")
    target = urlsplit(location)
    here = urlsplit(x.request.url)
    same = (target.netloc or here.netloc, target.path, target.scheme or here.scheme) == (
        here.netloc,
        here.path,
        here.scheme,
    )
    require(not same, "header location", "another address", location)
