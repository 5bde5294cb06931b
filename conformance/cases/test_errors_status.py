"""Statuses over the whole run: no crash, no failure dressed as success, no wrong advice."""

from __future__ import annotations

import re
from typing import Any

from conformance.exchange import Exchange
from conformance.expect import NotApplicable, fail, require
from conformance.requirement import MUST, SHOULD, field, openai, requirement, sdk
from conformance.select import ANY, EVERYTHING, SUCCESS, Selector, answered, provoked

_JSON = Selector(
    "successful JSON answers",
    lambda x: x.ok and not x.is_sse and x.request.method in ("GET", "POST", "DELETE", "OPTIONS"),
)
_MADE = re.compile(r"/(chat/completions|completions|embeddings|moderations|models)$")


@requirement(
    "errors.no-5xx",
    MUST,
    "No request of the run is answered with a server error.",
    source=openai("error codes guide"),
    over=ANY,
    breaks=["both SDKs try again twice, and raise InternalServerError"],
)
def test_no_5xx(x: Exchange) -> None:
    if x.superseded or x.context.get("outside"):
        raise NotApplicable("tried again")
    require(x.status < 500 or x.status == 501, "status", "below 500", _status(x))


@requirement(
    "errors.no-5xx.first",
    SHOULD,
    "No request of the run is answered with a server error at the first attempt.",
    source=openai("error codes guide"),
    over=ANY,
)
def test_no_5xx_first(x: Exchange) -> None:
    if x.context.get("outside"):
        raise NotApplicable("beside the API")
    if not x.superseded and x.status >= 500 and x.status != 501:
        raise NotApplicable("errors.no-5xx says so")
    require(x.status < 500 or x.status == 501, "status", "below 500", _status(x))


def _status(x: Exchange) -> str:
    text = x.response.text[:200] if x.response else ""
    return f"{x.status} {text}"


@requirement(
    "errors.no-501",
    SHOULD,
    "What is not implemented is refused with 400 or 404, which no client tries again.",
    source=sdk("openai-python 3.51 _base_client.py"),
    over=ANY,
)
def test_no_501(x: Exchange) -> None:
    require(x.status != 501, "status", ["400", "404"], _status(x))


@requirement(
    "errors.no-422",
    MUST,
    "A malformed request is answered with 400, not with 422.",
    source=field("https://github.com/sgl-project/sglang/pull/7487"),
    over=Selector(
        "refused requests",
        lambda x: (
            answered(x)
            and 400 <= x.status < 500
            and "rerank" not in x.endpoint
            and not x.context.get("outside")
            # the draft of the key asks for 422 when it comes with another body
            and x.request.header("idempotency-key") is None
        ),
    ),
    breaks=["openai-python: UnprocessableEntityError where the program expects BadRequestError"],
)
def test_no_422(x: Exchange) -> None:
    require(x.status != 422, "status", "400", _status(x))


@requirement(
    "errors.answered",
    MUST,
    "Every request is answered: no connection that stays silent or breaks without a status.",
    source=field("https://github.com/dtzp555-max/ocp/issues/110"),
    over=EVERYTHING,
    breaks=["both SDKs wait ten minutes, then raise APITimeoutError or APIConnectionError"],
)
def test_answered(x: Exchange) -> None:
    failure = x.failure
    if x.superseded or x.context.get("left") or x.context.get("outside"):
        raise NotApplicable("tried again")
    if failure is not None and failure.kind in ("cancelled", "connect", "tls", "budget", "size"):
        raise NotApplicable("no fault of the answer")
    if failure is not None and failure.kind == "timeout" and provoked(x):
        raise NotApplicable("perhaps it was accepted and is slow: its own requirement says so")
    if x.response is None:
        fail("response", "a status", failure.message if failure else "none")


@requirement(
    "errors.success.no-error",
    MUST,
    "An answer of status 200 has no `error`.",
    source=field("https://github.com/openai/openai-agents-python/pull/2850"),
    over=_JSON,
    breaks=["both SDKs raise nothing: an object whose fields are None"],
)
def test_no_error_in_200(x: Exchange) -> None:
    body = x.json
    if not isinstance(body, dict):
        raise NotApplicable("no object")
    error = body.get("error")
    if error is not None and body.get("id") and not _MADE.search(x.endpoint):
        raise NotApplicable("an object that failed, and says so")
    require(error is None, "error", "absent", error)


@requirement(
    "errors.success.no-error-choice",
    MUST,
    "A choice carries no `error`, and does not finish with error or abort.",
    source=field("https://github.com/nodetool-ai/nodetool/pull/5755"),
    over=SUCCESS,
    breaks=["a failed generation is taken for an empty answer; no retry takes place"],
)
def test_no_error_in_choice(x: Exchange) -> None:
    seen = False
    for body in [*x.payloads] if x.is_sse else [x.json]:
        listed = body.get("choices") if isinstance(body, dict) else None
        for number, choice in enumerate(listed if isinstance(listed, list) else ()):
            if not isinstance(choice, dict):
                continue
            seen = True
            if choice.get("error") is not None:
                fail(f"choices[{number}].error", "absent", choice["error"])
            finish = choice.get("finish_reason")
            if isinstance(finish, str) and finish.lower() in (
                "error",
                "abort",
                "aborted",
                "failed",
            ):
                fail(f"choices[{number}].finish_reason", ["stop", "length"], finish)
    if not seen:
        raise NotApplicable("no choices")


_SIGNS = ("html-message", "detail", "errors", "error_code", "errorMessage", "exception", "fault")


@requirement(
    "errors.success.not-disguised",
    MUST,
    "An answer of status 200 is what was asked for, not a failure in another form.",
    source=field("https://github.com/Portkey-AI/gateway/issues/267"),
    over=_JSON,
    breaks=["both SDKs: an object whose fields are None; nothing is retried"],
)
def test_not_disguised(x: Exchange) -> None:
    body = x.json
    if not isinstance(body, dict):
        raise NotApplicable("no object")
    whole = any(body.get(key) is not None for key in ("id", "data", "choices", "results", "output"))
    found = [key for key in _SIGNS if body.get(key)]
    flat = body.get("object") == "error" or body.get("success") is False
    if (found and not whole) or flat:
        fail("body", "the object that was asked for", _short(body))


def _short(body: dict[str, Any]) -> str:
    return str(body)[:300]


@requirement(
    "errors.success.not-a-page",
    MUST,
    "An answer of status 200 is no HTML page.",
    source=sdk("openai-python 3.51: a page becomes a str"),
    over=SUCCESS,
    breaks=["both SDKs return a string instead of an object"],
)
def test_not_a_page(x: Exchange) -> None:
    assert x.response is not None
    media = x.response.media_type
    start = x.response.body[:300].lstrip().lower()
    page = media in ("text/html", "application/xhtml+xml") or start.startswith(
        (b"<!doctype html", b"<html")
    )
    if x.context.get("outside"):
        raise NotApplicable("beside the API")
    if not start:
        raise NotApplicable("no body")
    require(not page, "body", "JSON", x.response.text[:200])


@requirement(
    "errors.retry.permanent-status",
    MUST,
    "A refusal that stands for ever has no status that SDKs try again (408, 409, 425).",
    source=sdk("openai-python 3.51 _base_client.py"),
    over=Selector(
        "refused requests", lambda x: x.probe.startswith("errors_") and 400 <= x.status < 500
    ),
    breaks=["both SDKs send the same hopeless request twice more"],
)
def test_permanent(x: Exchange) -> None:
    require(x.status not in (408, 409, 425), "status", ["400", "404"], _status(x))
