"""The form of every error answer of the run."""

from __future__ import annotations

import json
import re
from typing import Any

from conformance.exchange import Exchange
from conformance.expect import NotApplicable, expect, fail, require
from conformance.requirement import MUST, SHOULD, field, live, openai, openapi, requirement
from conformance.select import Selector, answered
from conformance.wire.jsontext import JsonError

NODE = 'openai-node: "400 status code (no body)", code and type undefined'
_CORE = re.compile(
    r"/(chat/completions|completions|embeddings|moderations|responses|models|files|batches)(/|$)"
)


def _error_answer(x: Exchange) -> bool:
    return (
        answered(x)
        and x.status >= 400
        and x.request.method not in ("HEAD", "OPTIONS")
        and not x.context.get("outside")
    )


REFUSED = Selector("error answers", _error_answer)


def body_of(x: Exchange) -> Any:
    """The JSON body. Raises NotApplicable where it is none (another requirement says so)."""
    assert x.response is not None
    document = x.response.document
    if isinstance(document, JsonError):
        raise NotApplicable("no JSON")
    return document.value


def error_of(x: Exchange) -> dict[str, Any]:
    """The error object. Raises NotApplicable where there is none."""
    body = body_of(x)
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        raise NotApplicable("no error object")
    return error


def shown(x: Exchange) -> str:
    return x.response.text[:300] if x.response else ""


@requirement(
    "errors.body.json",
    MUST,
    "The body of an error is JSON: no page, no plain text, and never empty.",
    source=openapi("ErrorResponse"),
    over=REFUSED,
    breaks=["both SDKs: no message, code, type or param"],
)
def test_json(x: Exchange) -> None:
    assert x.response is not None
    if isinstance(x.response.document, JsonError):
        fail("body", "a JSON document", shown(x) or "an empty body")


@requirement(
    "errors.body.object",
    MUST,
    "The body of an error is an object, not an array or a string.",
    source=openapi("ErrorResponse"),
    over=REFUSED,
    breaks=[NODE, "openai-python: e.body is a list"],
)
def test_object(x: Exchange) -> None:
    require(isinstance(body_of(x), dict), "body", "an object", shown(x))


@requirement(
    "errors.body.envelope",
    MUST,
    "The body of an error has the key `error`.",
    source=openapi("ErrorResponse"),
    over=REFUSED,
    breaks=[NODE, "openai-python: code and type are None or those of another form"],
)
def test_envelope(x: Exchange) -> None:
    body = body_of(x)
    if not isinstance(body, dict):
        raise NotApplicable("no object")
    require("error" in body, "body", 'the key "error"', shown(x))


@requirement(
    "errors.body.error-object",
    MUST,
    "`error` is an object, not a string, a number, an array or null.",
    source=openapi("ErrorResponse"),
    over=REFUSED,
    breaks=["openai-python: code, type and param are None", "openai-node: the text in quotes"],
)
def test_error_object(x: Exchange) -> None:
    body = body_of(x)
    if not isinstance(body, dict) or "error" not in body:
        raise NotApplicable("no `error`")
    require(isinstance(body["error"], dict), "error", "an object", body["error"])


@requirement(
    "errors.body.nothing-beside",
    SHOULD,
    "Nothing of another form of error (`detail`, `errors`, `success`, `title`) stands beside it.",
    source=live("36 errors of 2023 to 2026: nothing beside `error`"),
    over=REFUSED,
)
def test_nothing_beside(x: Exchange) -> None:
    body = body_of(x)
    if not isinstance(body, dict) or "error" not in body:
        raise NotApplicable("no `error`")
    beside = set(body) & {"detail", "errors", "success", "title", "error_code", "statusCode"}
    require(not beside, "body", "`error` alone", sorted(beside))


@requirement(
    "errors.content-type",
    MUST,
    "An error is declared as application/json.",
    source=live("errors of 2023 to 2026: application/json, with or without charset"),
    over=REFUSED,
    breaks=["clients that parse by the content type show no message"],
)
def test_content_type(x: Exchange) -> None:
    body_of(x)
    expect(x).media_type("application/json")


@requirement(
    "errors.message.readable",
    MUST,
    "`error.message` is a sentence: not JSON in a string, not a page, not the word None.",
    source=field("https://github.com/mistralai/platform-docs-public/issues/7"),
    over=REFUSED,
    breaks=["users see escaped JSON or nothing"],
)
def test_message(x: Exchange) -> None:
    message = error_of(x).get("message")
    if not isinstance(message, str):
        raise NotApplicable("no message")
    text = message.strip()
    if text in ("", "None", "null", "undefined", "{}", "[]", "[object Object]", "Error"):
        fail("error.message", "a sentence", message)
    if re.search(r"<(!doctype|html|body|head|title)\b", text, re.I):
        fail("error.message", "a sentence", message[:300])
    try:
        inner = json.loads(text)
    except (ValueError, RecursionError):
        # an object as another language prints it
        if re.match(r"[{\[(]\s*'\w+':", text) and text.endswith(("}", "]", ")")):
            fail("error.message", "a sentence, no printed object", message[:300])
        return
    if isinstance(inner, dict | list):
        fail("error.message", "a sentence, no JSON document", message[:300])


@requirement(
    "errors.message.own-words",
    SHOULD,
    "`error.message` neither repeats the body of the request nor is escaped for a page.",
    source=live("errors of 2023 to 2026"),
    over=REFUSED,
    breaks=["prompts of users stand in logs and crash reports"],
)
def test_own_words(x: Exchange) -> None:
    message = error_of(x).get("message")
    if not isinstance(message, str) or not message:
        raise NotApplicable("no message")
    sent = x.request.body.decode("utf-8", "replace")
    if len(sent) > 60 and sent in message:
        fail("error.message", "what is wrong, not the request", message[:300])
    escaped = re.search(r"&(#\d+|#x[0-9a-f]+|quot|apos|amp|lt|gt);", message, re.I)
    if escaped and escaped[0] not in sent:
        fail("error.message", "plain text", message[:300])


@requirement(
    "errors.type.invalid-request",
    MUST,
    "An error of status 400, 404, 405, 413, 415 or 422 has the type invalid_request_error.",
    source=openai("error codes guide"),
    over=Selector(
        "refused requests",
        lambda x: (
            _error_answer(x)
            and x.status in (400, 404, 405, 413, 415, 422)
            and bool(_CORE.match(x.endpoint) or x.probe.startswith("errors_url"))
        ),
    ),
    breaks=["logic by type takes a mistake of the caller for one of the server, and retries"],
)
def test_type(x: Exchange) -> None:
    kind = error_of(x).get("type")
    if not isinstance(kind, str) or not kind:
        raise NotApplicable("no type")
    require(kind == "invalid_request_error", "error.type", "invalid_request_error", kind)


@requirement(
    "errors.type.authentication",
    SHOULD,
    "An error of status 401 has the type invalid_request_error.",
    source=live("completions 2024-01 and 2025-01: invalid_request_error"),
    over=Selector("refused keys", lambda x: _error_answer(x) and x.status == 401),
)
def test_type_401(x: Exchange) -> None:
    kind = error_of(x).get("type")
    if not isinstance(kind, str) or not kind:
        raise NotApplicable("no type")
    require(kind == "invalid_request_error", "error.type", "invalid_request_error", kind)


@requirement(
    "errors.code.symbolic",
    MUST,
    "`error.code` is a word or null: never the status or another number as text.",
    source=field("https://github.com/joonsoome/embed-rerank/issues/11"),
    over=REFUSED,
    breaks=["comparisons with model_not_found and its like never match"],
)
def test_code_symbolic(x: Exchange) -> None:
    code = error_of(x).get("code")
    if not isinstance(code, str):
        raise NotApplicable("no code")
    require(bool(re.search(r"[A-Za-z]", code)) and " " not in code.strip(), "error.code",
            ["a symbolic word", "null"], code)  # fmt: skip


@requirement(
    "errors.code.no-type",
    SHOULD,
    "`error.code` does not repeat a type such as invalid_request_error.",
    source=field("https://github.com/1Panel-dev/MaxKB/issues/3797"),
    over=REFUSED,
)
def test_code_no_type(x: Exchange) -> None:
    code = error_of(x).get("code")
    if not isinstance(code, str):
        raise NotApplicable("no code")
    kinds = ("invalid_request_error", "authentication_error", "not_found_error", "api_error",
             "permission_error")  # fmt: skip
    require(code not in kinds, "error.code", "a code or null", code)


_STATUSES = {
    "invalid_api_key": (401,),
    "model_not_found": (400, 403, 404),
    "rate_limit_exceeded": (429, 413),
    "insufficient_quota": (429, 402),
    "context_length_exceeded": (400, 413),
    "unknown_parameter": (400,),
    "missing_required_parameter": (400,),
    "invalid_type": (400,),
    "unknown_url": (404,),
}


@requirement(
    "errors.code.agrees",
    MUST,
    "`error.code` and the status say the same: invalid_api_key is 401, rate_limit_exceeded 429.",
    source=openai("error codes guide"),
    over=REFUSED,
    breaks=["the exception class of the SDK contradicts e.code"],
)
def test_code_agrees(x: Exchange) -> None:
    code = error_of(x).get("code")
    wanted = _STATUSES.get(code) if isinstance(code, str) else None
    if wanted is None or x.status >= 500 or x.status == 422:
        raise NotApplicable("no such code")
    if code != "invalid_api_key" and x.status in (401, 403):
        raise NotApplicable("refused for another reason")
    require(x.status in wanted, "status", [str(s) for s in wanted], f"{x.status} with {code}")


@requirement(
    "errors.param.no-empty",
    SHOULD,
    "`error.param` is null rather than an empty string.",
    source=openapi("Error param"),
    over=REFUSED,
)
def test_param_empty(x: Exchange) -> None:
    param = error_of(x).get("param")
    if not isinstance(param, str):
        raise NotApplicable("no param")
    require(param != "", "error.param", ["null", "the name of a field"], param)
