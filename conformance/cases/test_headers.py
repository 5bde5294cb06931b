"""Response headers: request ids, processing time, version."""

from __future__ import annotations

import re

from conformance.exchange import Exchange, Steps
from conformance.expect import NotApplicable, fail, require
from conformance.probes.headers import CLIENT_ID, LONG_ID
from conformance.ratelimits import values
from conformance.requirement import MAY, MUST, SDKS, SHOULD, live, openai, requirement, sdk
from conformance.select import Selector, answered

DEBUG = openai("debugging-requests")
ROUTES = (
    "/chat/completions",
    "/completions",
    "/embeddings",
    "/models",
    "/moderations",
    "/responses",
)
SLACK = 0.25
"""Seconds by which a server's clock and ours may disagree about one request."""


def _plain(x: Exchange) -> bool:
    """Neither a preflight nor a replay, nor a request that brings an id of its own."""
    given = ("idempotency-key", "x-request-id")
    return (
        answered(x)
        and x.request.method not in ("OPTIONS", "HEAD")
        and all(x.request.header(name) is None for name in given)
    )


def _refused_by_api(x: Exchange) -> bool:
    """An error of the API itself, not of an HTTP server before it."""
    known = any(x.endpoint == route or x.endpoint.startswith(route + "/") for route in ROUTES)
    return (
        answered(x)
        and known
        and x.status in (400, 401, 403, 404, 409, 422, 429, 500, 503)
        and isinstance(x.json, dict)
    )


SERVED = Selector("successful answers", lambda x: x.ok and x.request.method in ("GET", "POST"))
REFUSED = Selector("error answers", _refused_by_api)
IDENTIFIED = Selector("answers with an x-request-id", lambda x: bool(x.header("x-request-id")))
FIRST_HAND = Selector("answers with an x-request-id", lambda x: _plain(x) and IDENTIFIED(x))
TIMED = Selector(
    "answers with openai-processing-ms",
    lambda x: answered(x) and x.header("openai-processing-ms") is not None,
)


def _complete(x: Exchange) -> None:
    """Raises NotApplicable where a recorder took headers away."""
    if x.context.get("headers_filtered"):
        raise NotApplicable("the recorder removed headers")


def _has_id(x: Exchange) -> None:
    _complete(x)
    value = x.header("x-request-id")
    require(bool(value and value.strip()), "header x-request-id", "present", value or "absent")


@requirement(
    "headers.request-id.success",
    MUST,
    "Every successful answer carries an `x-request-id` that is not empty.",
    source=DEBUG,
    over=SERVED,
    breaks=["openai-python, openai-node: `_request_id` is None", "openai-php: undefined key"],
)
def test_on_success(x: Exchange) -> None:
    _has_id(x)


@requirement(
    "headers.request-id.error",
    MUST,
    "Every error answer carries an `x-request-id` that is not empty.",
    source=DEBUG,
    over=REFUSED,
    breaks=["openai-python: `e.request_id` is None just when support asks for it"],
)
def test_on_error(x: Exchange) -> None:
    _has_id(x)


@requirement(
    "headers.request-id.unique",
    MUST,
    "No two answers have the same `x-request-id`.",
    source=DEBUG,
    over=FIRST_HAND,
    together=True,
    breaks=["logs and support cannot tell one request from another"],
)
def test_unique(found: tuple[Exchange, ...]) -> None:
    seen: dict[str, Exchange] = {}
    for x in found:
        value = x.header("x-request-id") or ""
        if value in seen:
            before = seen[value].id
            fail("header x-request-id", f"another than that of {before}", value, exchange=x)
        seen[value] = x


@requirement(
    "headers.request-id.once",
    MUST,
    "`x-request-id` is sent once.",
    source=sdk("openai-python 3.51 _base_client.py"),
    over=IDENTIFIED,
    breaks=["openai-python, openai-node: `_request_id` is two ids joined by a comma"],
)
def test_once(x: Exchange) -> None:
    found = values(x, "x-request-id")
    require(len(found) == 1, "header x-request-id", "one value", ", ".join(found))


@requirement(
    "headers.request-id.token",
    MUST,
    "An `x-request-id` is one word of printable ASCII of at most 256 characters.",
    source=live("api.openai.com 2023-2026: req_ and 32 hexadecimal digits"),
    over=IDENTIFIED,
    breaks=["columns and log lines that hold an id break"],
)
def test_token(x: Exchange) -> None:
    value = x.header("x-request-id") or ""
    if value.strip() == "":
        raise NotApplicable
    right = re.fullmatch(r"[\x21-\x7e]{1,256}", value) is not None
    require(right, "header x-request-id", "a word of 1 to 256 printable characters", value)


@requirement(
    "headers.request-id.placeholder",
    MUST,
    "An `x-request-id` names the request: it is no placeholder such as `null`, `None` or `-`.",
    source=DEBUG,
    over=IDENTIFIED,
    breaks=["an id that names nothing is worse than none"],
)
def test_placeholder(x: Exchange) -> None:
    value = (x.header("x-request-id") or "").strip()
    wrong = value.lower() in ("null", "none", "undefined", "nil", "-", "0", "unknown", "n/a")
    require(not wrong, "header x-request-id", "an id of this request", value)


@requirement(
    "headers.request-id.sdk",
    MUST,
    "A client library shows the `x-request-id` of the answer as its own request id.",
    source=sdk("openai-python 3.51 _request_id"),
    over=IDENTIFIED,
    drivers=SDKS,
    breaks=["openai-python, openai-node: `_request_id`, `e.request_id`"],
)
def test_shown(x: Exchange) -> None:
    view = x.client
    if view is None or "pages" in view.extra:
        raise NotApplicable("no call, or one of several pages")
    if view.outcome == "raised":
        error = view.error if isinstance(view.error, dict) else {}
        if not error.get("status_code"):
            raise NotApplicable("not an error of the API")
        if "request_id" in error.get("lacks", ()):
            raise NotApplicable("exceptions of this release of the library have no request id")
        shown = error.get("request_id")
    else:
        shown = view.extra.get("_request_id", view.extra.get("raw_request_id"))
        if shown is None and "_request_id" not in view.extra:
            raise NotApplicable("this call shows no id")
        paged = str(view.extra.get("type")).endswith("Page")
        if shown is None and paged and view.client.startswith("openai-node"):
            raise NotApplicable("a page of openai-node shows no id")
    require(shown == x.header("x-request-id"), "request id", x.header("x-request-id") or "", shown)


@requirement(
    "headers.client-id.object-id",
    MUST,
    "Two requests with the same `X-Request-Id` get objects of different ids.",
    source=openai("chat/object id"),
    needs="chat",
    breaks=["stores keyed by the completion's id overwrite one answer by another"],
)
def test_object_id(headers_same_id: Steps) -> None:
    one, two = (_object_id(headers_same_id, step) for step in ("one", "two"))
    require(one != two, "id", "another than that of the first answer", two)


@requirement(
    "headers.client-id.not-copied",
    MUST,
    "The client's `X-Request-Id` is not made part of the id of an object.",
    source=openai("chat/object id"),
    needs="chat",
    breaks=["ids that a client chooses collide, and may hold what no id may hold"],
)
def test_not_copied(headers_same_id: Steps) -> None:
    found = _object_id(headers_same_id, "one")
    require(CLIENT_ID not in found, "id", "an id of the server's own", found)


@requirement(
    "headers.client-id.not-in-chunks",
    MUST,
    "A long `X-Request-Id` of the client is not repeated in every chunk of a stream.",
    source=openai("chat/streaming id"),
    needs="chat.stream",
    breaks=["a kilobyte of header comes back with every token"],
)
def test_not_in_chunks(headers_same_id: Steps) -> None:
    stream = headers_same_id.get("long")
    if stream is None or not stream.ok or stream.response is None:
        raise NotApplicable("the stream was refused")
    require(LONG_ID not in stream.response.text, "stream", "short ids", "the client's own id")


@requirement(
    "headers.client-id.accepted",
    MUST,
    "A request is served whatever `X-Request-Id` the client sends, also one of a kilobyte.",
    source=openai("debugging-requests"),
    needs="chat",
    any_status=True,
    breaks=["requests through a tracing proxy fail"],
)
def test_client_id_accepted(headers_same_id: Steps) -> None:
    for x in headers_same_id:
        if x.status == 429:
            raise NotApplicable("the answer was 429")
        require(x.ok, "status", "2xx", x.status or str(x))


@requirement(
    "headers.client-id.own-request-id",
    SHOULD,
    "Two requests with the same `X-Request-Id` are answered with ids of their own.",
    source=DEBUG,
    needs="chat",
    breaks=["a client that sends one id for a whole session cannot name one request"],
)
def test_own_request_id(headers_same_id: Steps) -> None:
    one, two = (headers_same_id.get(step) for step in ("one", "two"))
    first, second = (x.header("x-request-id") if x else None for x in (one, two))
    if not first or not second:
        raise NotApplicable("there are no request ids")
    require(first != second, "header x-request-id", f"another than {first}", second)


def _object_id(steps: Steps, step: str) -> str:
    x = steps.get(step)
    body = x.json if x is not None and x.ok else None
    found = body.get("id") if isinstance(body, dict) else None
    if not isinstance(found, str):
        raise NotApplicable("the answer has no id")
    return found


@requirement(
    "headers.processing-ms.present",
    SHOULD,
    "Answers carry `openai-processing-ms`.",
    source=DEBUG,
    needs="headers.processing-ms",
    over=SERVED,
)
def test_processing_present(x: Exchange) -> None:
    _complete(x)
    require(TIMED(x), "header openai-processing-ms", "present", "absent")


@requirement(
    "headers.processing-ms.integer",
    MUST,
    "`openai-processing-ms` is a whole number of milliseconds.",
    source=live("api.openai.com 2024-2026, every answer that has it"),
    over=TIMED,
    breaks=["`int(header)`: ValueError in monitoring"],
)
def test_processing_integer(x: Exchange) -> None:
    value = x.header("openai-processing-ms") or ""
    right = re.fullmatch(r"[0-9]{1,12}", value) is not None
    require(right, "header openai-processing-ms", "decimal digits", value)


@requirement(
    "headers.processing-ms.true",
    MUST,
    "`openai-processing-ms` is not more than the time that the answer took.",
    source=DEBUG,
    over=TIMED,
    breaks=["monitoring shows a server that is slower than its answers"],
)
def test_processing_true(x: Exchange) -> None:
    value = x.header("openai-processing-ms") or ""
    assert x.response is not None
    replayed = x.request.header("idempotency-key") is not None
    if not re.fullmatch(r"[0-9]{1,12}", value) or x.context.get("foreign") or replayed:
        raise NotApplicable
    most = x.response.head_at * 1.05 + SLACK
    require(
        int(value) / 1000 <= most,
        "header openai-processing-ms",
        f"at most {most * 1000:.0f}: the answer's head came after {x.response.head_at:.3f} s",
        value,
    )


@requirement(
    "headers.version.present",
    MAY,
    "Answers carry `openai-version`.",
    source=live("api.openai.com 2024-2026: 2020-10-01"),
    over=SERVED,
)
def test_version(x: Exchange) -> None:
    _complete(x)
    require(bool(x.header("openai-version")), "header openai-version", "present", "absent")


@requirement(
    "headers.version.date",
    SHOULD,
    "`openai-version`, where it is sent, is a date like 2020-10-01.",
    source=live("api.openai.com 2024-2026: 2020-10-01"),
    over=Selector(
        "answers with openai-version",
        lambda x: answered(x) and x.header("openai-version") is not None,
    ),
)
def test_version_date(x: Exchange) -> None:
    value = x.header("openai-version") or ""
    right = re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) is not None
    require(right, "header openai-version", "YYYY-MM-DD", value)
