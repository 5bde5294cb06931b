"""Requests from browsers. Judged where the server speaks CORS at all, or its profile says so."""

from __future__ import annotations

from conformance.exchange import Exchange
from conformance.expect import NotApplicable, expect, fail, require
from conformance.probes.http_cors import ORIGIN, STAINLESS
from conformance.requirement import MAY, MUST, SHOULD, Source, field, requirement

FETCH = Source("WHATWG", "Fetch, CORS protocol", "https://fetch.spec.whatwg.org/#cors-protocol")
_BLOCKED = ("openai-node in browsers: every request fails before it is sent",)
_ALLOW = "access-control-allow-origin"


def _speaks(*exchanges: Exchange) -> None:
    """Some answer carries CORS headers, so the server means browsers to reach it."""
    if not any(x.header(_ALLOW) for x in exchanges):
        raise NotApplicable("the server does not speak CORS")


def _words(x: Exchange, name: str) -> set[str]:
    assert x.response is not None
    joined = ",".join(x.response.header_all(name))
    return {word.strip().lower() for word in joined.split(",") if word.strip()}


def _preflight(x: Exchange) -> None:
    if x.response is None or not x.ok:
        raise NotApplicable("the preflight was refused: cors.preflight.status says so")


@requirement(
    "cors.preflight.status",
    MUST,
    "A preflight, which never carries a key, is answered with success.",
    source=field("https://github.com/dphnAI/sonar/issues/434"),
    any_status=True,
    breaks=_BLOCKED,
)
def test_status(cors_preflight: Exchange, cors_answer: Exchange, cors_error: Exchange) -> None:
    _speaks(cors_preflight, cors_answer, cors_error)
    expect(cors_preflight).status(2)


@requirement(
    "cors.preflight.status-get",
    MUST,
    "A preflight of a GET is answered with success.",
    source=field("https://github.com/dphnAI/sonar/issues/434"),
    any_status=True,
    breaks=_BLOCKED,
)
def test_status_get(cors_preflight_get: Exchange, cors_answer: Exchange) -> None:
    _speaks(cors_preflight_get, cors_answer)
    expect(cors_preflight_get).status(2)


@requirement(
    "cors.preflight.origin",
    MUST,
    "The answer to a preflight allows the origin.",
    source=FETCH,
    any_status=True,
    breaks=_BLOCKED,
)
def test_origin(cors_preflight: Exchange, cors_answer: Exchange) -> None:
    _speaks(cors_preflight, cors_answer)
    _preflight(cors_preflight)
    given = cors_preflight.header(_ALLOW)
    require(given in ("*", ORIGIN), f"header {_ALLOW}", ["*", ORIGIN], given or "absent")


@requirement(
    "cors.preflight.honest",
    SHOULD,
    "A preflight that is answered with success carries the headers of CORS.",
    source=field("https://github.com/YorkieDev/LMStudioWebUI/issues/8"),
    any_status=True,
    breaks=["the server's log says success, the browser says blocked"],
)
def test_honest(cors_preflight: Exchange) -> None:
    _preflight(cors_preflight)
    require(bool(cors_preflight.header(_ALLOW)), f"header {_ALLOW}", "present", "absent")


@requirement(
    "cors.preflight.headers",
    MUST,
    "The answer to a preflight allows every header that was asked for, x-stainless-* included.",
    source=field("https://github.com/ollama/ollama/issues/9236"),
    any_status=True,
    breaks=["openai-node in browsers is blocked, again after each release with a new header"],
)
def test_headers(cors_preflight: Exchange, cors_answer: Exchange) -> None:
    _speaks(cors_preflight, cors_answer)
    _preflight(cors_preflight)
    allowed = _words(cors_preflight, "access-control-allow-headers")
    # the wildcard does not cover authorization
    missing = [n for n in STAINLESS if n not in allowed and "*" not in allowed]
    if missing:
        fail("header access-control-allow-headers", "all that was asked for",
             f"without {', '.join(missing)}")  # fmt: skip


@requirement(
    "cors.preflight.authorization",
    MAY,
    "The answer to a preflight allows `authorization` by name: the wildcard does not cover it.",
    source=FETCH,
    any_status=True,
    breaks=["newer browsers block requests with a key"],
)
def test_authorization(cors_preflight: Exchange, cors_answer: Exchange) -> None:
    _speaks(cors_preflight, cors_answer)
    _preflight(cors_preflight)
    allowed = _words(cors_preflight, "access-control-allow-headers")
    require("authorization" in allowed, "header access-control-allow-headers", "authorization",
            sorted(allowed) or "absent")  # fmt: skip


@requirement(
    "cors.preflight.method",
    SHOULD,
    "The answer to a preflight that names methods names POST among them.",
    source=FETCH,
    any_status=True,
)
def test_method(cors_preflight: Exchange, cors_answer: Exchange) -> None:
    _speaks(cors_preflight, cors_answer)
    _preflight(cors_preflight)
    allowed = _words(cors_preflight, "access-control-allow-methods")
    if not allowed:
        raise NotApplicable("POST needs no name")
    require(bool(allowed & {"post", "*"}), "header access-control-allow-methods", "POST",
            sorted(allowed))  # fmt: skip


@requirement(
    "cors.answer.origin",
    MUST,
    "The answer itself allows the origin, not the preflight alone.",
    source=FETCH,
    any_status=True,
    breaks=_BLOCKED,
)
def test_answer(cors_preflight: Exchange, cors_answer: Exchange) -> None:
    _speaks(cors_preflight)
    if not cors_answer.ok:
        raise NotApplicable("not answered")
    given = cors_answer.header(_ALLOW)
    require(given in ("*", ORIGIN), f"header {_ALLOW}", ["*", ORIGIN], given or "absent")


@requirement(
    "cors.error.origin",
    MUST,
    "An error allows the origin, so that the page can read what was wrong.",
    source=FETCH,
    any_status=True,
    breaks=["openai-node in browsers: APIConnectionError instead of the error"],
)
def test_error(cors_answer: Exchange, cors_error: Exchange) -> None:
    _speaks(cors_answer)
    if cors_error.response is None:
        raise NotApplicable("no answer")
    given = cors_error.header(_ALLOW)
    require(given in ("*", ORIGIN), f"header {_ALLOW}", ["*", ORIGIN], given or "absent")


@requirement(
    "cors.refused.origin",
    SHOULD,
    "The refusal of a key allows the origin.",
    source=FETCH,
    any_status=True,
    breaks=["openai-node in browsers: APIConnectionError instead of AuthenticationError"],
)
def test_refused(cors_answer: Exchange, cors_refused: Exchange) -> None:
    _speaks(cors_answer)
    if cors_refused.status != 401:
        raise NotApplicable("not refused")
    given = cors_refused.header(_ALLOW)
    require(given in ("*", ORIGIN), f"header {_ALLOW}", ["*", ORIGIN], given or "absent")


@requirement(
    "cors.answer.origin-once",
    MUST,
    "Access-Control-Allow-Origin stands once, and names one origin.",
    source=FETCH,
    any_status=True,
    breaks=["browsers refuse the answer: proxy and server both added the header"],
)
def test_once(cors_preflight: Exchange, cors_answer: Exchange) -> None:
    for x in (cors_preflight, cors_answer):
        values = x.response.header_all(_ALLOW) if x.response else ()
        if len(values) > 1 or any("," in value for value in values):
            fail(f"header {_ALLOW}", "one value", list(values), exchange=x)
    _speaks(cors_preflight, cors_answer)


@requirement(
    "cors.answer.credentials",
    MUST,
    "Credentials are not allowed together with the origin `*`.",
    source=FETCH,
    any_status=True,
    breaks=["browsers refuse the answer"],
)
def test_credentials(cors_preflight: Exchange, cors_answer: Exchange) -> None:
    _speaks(cors_preflight, cors_answer)
    for x in (cors_preflight, cors_answer):
        both = (
            x.header(_ALLOW) == "*"
            and (x.header("access-control-allow-credentials") or "").lower() == "true"
        )
        require(not both, "header access-control-allow-credentials", "absent", "true beside *")


@requirement(
    "cors.answer.exposed",
    SHOULD,
    "The answer exposes x-request-id to pages.",
    source=FETCH,
    any_status=True,
    breaks=["openai-node in browsers: _request_id is null"],
)
def test_exposed(cors_preflight: Exchange, cors_answer: Exchange) -> None:
    _speaks(cors_answer)
    if cors_answer.response is None or cors_answer.header("x-request-id") is None:
        raise NotApplicable("no x-request-id")
    exposed = _words(cors_answer, "access-control-expose-headers")
    require(bool(exposed & {"x-request-id", "*"}), "header access-control-expose-headers",
            "x-request-id", sorted(exposed) or "absent")  # fmt: skip


@requirement(
    "cors.served",
    MUST,
    "A server that claims CORS answers a preflight with success and its headers.",
    source=FETCH,
    needs="cors",
    any_status=True,
    breaks=_BLOCKED,
)
def test_served(cors_preflight: Exchange) -> None:
    expect(cors_preflight).status(2)
    require(bool(cors_preflight.header(_ALLOW)), f"header {_ALLOW}", "present", "absent")
