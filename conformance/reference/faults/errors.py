"""Faults of error answers: the form of the body."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ErrorReply
from conformance.reference.fault import fault
from conformance.reference.faults.errors_table import sends
from conformance.reference.reply import Reply

Raw = Callable[[Call, Reply], None]
_HOT = sends("errors_chat_temperature_type")
_ROLE = sends("errors_chat_role_unknown")
_UNKNOWN = sends("errors_chat_model_unknown")


def _error(error: ErrorReply) -> dict[str, Any]:
    found = error.body.get("error") if isinstance(error.body, dict) else None
    return found if isinstance(found, dict) else {}


def _hot(call: Call, error: ErrorReply) -> bool:
    return _HOT(call)


def _body(
    id: str,
    make: Callable[[ErrorReply], Any],
    text: str,
    *breaks: str,
    when: Callable[[Call], bool] = _HOT,
    defects: tuple[str, ...] = (),
    status: int = 0,
) -> None:
    """A fault that puts another body in the place of an error."""

    def hook(call: Call, error: ErrorReply) -> None:
        error.body = make(error)
        if status:
            error.status = status

    fault(id, at="error", when=when, text=text, breaks=breaks or (id,), field_defects=defects)(hook)


def _said(error: ErrorReply) -> str:
    return str(_error(error).get("message", "refused"))


_body("errors.body.object", lambda e: [e.body], "Errors are arrays, as Google makes them.",
      defects=("gemini-error-wrapped-in-array", "err-array-wrapped-google"))  # fmt: skip
_body("errors.body.object/string", _said, "The body of an error is a JSON string.",
      "errors.body.object")  # fmt: skip
_body(
    "errors.body.envelope",
    lambda e: {"object": "error", **_error(e), "type": "BadRequestError", "code": 400},
    "Errors are flat, as vLLM made them.",
    defects=("err-flat-object-error",),
)
_body(
    "errors.body.envelope/detail",
    lambda e: {"detail": _said(e)},
    "Errors are {detail: text}, as FastAPI makes them.",
    "errors.body.envelope",
)
_body(
    "errors.body.envelope/detail-array",
    lambda e: {"detail": [{"type": "enum", "loc": ["body", "temperature"], "msg": _said(e)}]},
    "Errors are 422 with a detail array.",
    "errors.body.envelope",
    "errors.chat.temperature-type",
    "errors.no-422",
    defects=("err-fastapi-detail-array",),
    status=422,
)
_body(
    "errors.body.envelope/problem",
    lambda e: {"type": "https://tools.ietf.org/html/rfc9110", "title": _said(e), "status": 400,
               "errors": {"$": [_said(e)]}},
    "Errors are problem documents of RFC 9457.",
    "errors.body.envelope",
    defects=("err-problem-json",),
)  # fmt: skip
_body(
    "errors.body.envelope/cloudflare",
    lambda e: {"result": None, "success": False, "errors": [{"code": 7009, "message": _said(e)}],
               "messages": []},
    "Errors come in Cloudflare's envelope.",
    "errors.body.envelope",
    defects=("cloudflare-envelope-error", "err-cloudflare-v4-envelope"),
)  # fmt: skip
_body(
    "errors.body.envelope/databricks",
    lambda e: {"error_code": "BAD_REQUEST", "message": _said(e)},
    "Errors are {error_code, message}.",
    "errors.body.envelope",
    defects=("err-databricks-error-code",),
)
_body(
    "errors.body.envelope/mistral",
    lambda e: {"object": "error", "message": {"detail": [{"msg": _said(e)}]},
               "type": "invalid_request_error", "param": None, "code": None},
    "Errors are flat, and their message is an object.",
    "errors.body.envelope",
    defects=("err-mistral-object-error-nested-detail",),
)  # fmt: skip
_body("errors.body.error-object", lambda e: {"error": _said(e)}, "`error` is a text.",
      defects=("error-is-bare-string",))  # fmt: skip
_body("errors.body.error-object/null", lambda e: {"error": None, "message": _said(e)},
      "`error` is null.", "errors.body.error-object")  # fmt: skip
_body("errors.body.error-object/array", lambda e: {"error": [_error(e)]}, "`error` is a list.",
      "errors.body.error-object")  # fmt: skip
_body("errors.body.nothing-beside", lambda e: {**e.body, "success": False},
      "Beside `error` stands `success`.")  # fmt: skip
_body("errors.message.readable", lambda e: _changed(e, message=json.dumps({"detail": _said(e)})),
      "The message is JSON in a string.", defects=("err-message-is-json-string",))  # fmt: skip
_body("errors.message.readable/none", lambda e: _changed(e, message="None"),
      "The message is the word None.", "errors.message.readable")  # fmt: skip
_body("errors.message.readable/page", lambda e: _changed(e, message="<html>Bad request</html>"),
      "The message is a page.", "errors.message.readable")  # fmt: skip
_body("errors.message.empty", lambda e: _changed(e, message=""), "The message is empty.",
      "errors.shape.error.message", "errors.message.readable")  # fmt: skip
_body("errors.message.absent", lambda e: _changed(e, "message"), "There is no message.",
      "errors.shape.error.message")  # fmt: skip
_body("errors.type.invalid-request", lambda e: _changed(e, type="internal_error_proxy"),
      "The type says that the server failed.")  # fmt: skip
_body("errors.type.invalid-request/name", lambda e: _changed(e, type="BadRequestError"),
      "The type is a class name.", "errors.type.invalid-request")  # fmt: skip
_body("errors.type.absent", lambda e: _changed(e, "type"), "There is no type.",
      "errors.shape.error.type")  # fmt: skip
_body("errors.type.authentication", lambda e: _changed(e, type="authentication_error"),
      "The type of a 401 is authentication_error.",
      when=lambda call: b'"user"' in call.raw and "authorization" not in call.headers)  # fmt: skip
_body("errors.code.number", lambda e: _changed(e, code=400), "The code is the status, a number.",
      "errors.shape.error.code", "errors.code.validation-family")  # fmt: skip
_body(
    "errors.code.symbolic",
    lambda e: _changed(e, type="None", param="None", code="400"),
    "None is written as text, and the code is the status as text.",
    "errors.code.symbolic",
    "errors.shape.error.param.not-none",
    "errors.param.names-field",
    "errors.type.invalid-request",
    "errors.code.validation-family",
    defects=("err-none-strings-and-numeric-string-code",),
)
_body("errors.code.absent", lambda e: _changed(e, "code"), "There is no code.",
      "errors.shape.error.code.presence", "errors.code.validation-family")  # fmt: skip
_body("errors.code.no-type", lambda e: _changed(e, code="invalid_request_error"),
      "The code is a type.", "errors.code.no-type",
      "errors.code.validation-family", defects=("err-deepseek-402",))  # fmt: skip
_body("errors.code.agrees", lambda e: _changed(e, code="invalid_api_key"),
      "An unknown role is answered 400 with invalid_api_key.",
      "errors.code.agrees", "errors.code.validation-family", "errors.code.not-misleading",
      when=_ROLE)  # fmt: skip
_body("errors.code.not-misleading", lambda e: _changed(e, code="context_length_exceeded"),
      "An unknown role is reported as a prompt that is too long.",
      "errors.code.not-misleading", "errors.code.validation-family", when=_ROLE)  # fmt: skip
_body("errors.code.validation", lambda e: _changed(e, code="bad_request"),
      "The code of missing messages is a word of its own.",
      when=sends("errors_chat_messages_missing"))  # fmt: skip
_body("errors.code.given", lambda e: _changed(e, code=None),
      "The code of an empty list of messages is null.",
      when=sends("errors_chat_messages_empty"))  # fmt: skip
_body("errors.code.validation-family", lambda e: _changed(e, code="bad_request"),
      "The code of a wrong type is a word of its own.")  # fmt: skip
_body("errors.param.names-field", lambda e: _changed(e, param="top_p"),
      "`param` names another field.")  # fmt: skip
_body("errors.param.names-field/index", lambda e: _changed(e, param="messages[1].role"),
      "`param` counts from one.", "errors.param.names-field", when=_ROLE)  # fmt: skip
_body("errors.param.given", lambda e: _changed(e, param=None), "`param` is null.")
_body("errors.param.absent", lambda e: _changed(e, "param"), "There is no param.",
      "errors.shape.error.param.presence", "errors.param.given")  # fmt: skip
_body("errors.param.no-empty", lambda e: _changed(e, param=""), "`param` is an empty text.",
      "errors.param.no-empty", when=sends("errors_chat_model_empty"))  # fmt: skip
_body("errors.param.array", lambda e: _changed(e, param=["temperature"]), "`param` is a list.",
      "errors.shape.error.param")  # fmt: skip
_body("errors.model-unknown.code", lambda e: _changed(e, code=None),
      "The code of an unknown model is null.", when=_UNKNOWN)  # fmt: skip
_body("errors.model-unknown.code/name", lambda e: _changed(e, code="NotFoundError"),
      "The code of an unknown model is a class name.", "errors.model-unknown.code",
      when=_UNKNOWN)  # fmt: skip
_body("errors.model-unknown.named", lambda e: _changed(e, message="Not found."),
      "The message does not say which model.", when=_UNKNOWN)  # fmt: skip
_body("errors.model-url.code", lambda e: _changed(e, code=None),
      "GET of an unknown model has no code.", "errors.model-url.code",
      when=sends("errors_model_url"))  # fmt: skip


def _changed(error: ErrorReply, *drop: str, **values: Any) -> dict[str, Any]:
    """The error object with other values, or without some."""
    return {"error": {k: v for k, v in {**_error(error), **values}.items() if k not in drop}}


@fault("errors.content-type", at="http", when=_HOT)
def problem_type(call: Call, reply: Reply) -> None:
    """An error is declared as text."""
    reply.set("content-type", "text/plain; charset=utf-8")


@fault("errors.content-type/problem", at="http", when=_HOT, breaks="errors.content-type")
def problem_json(call: Call, reply: Reply) -> None:
    """An error is declared as a problem document."""
    reply.set("content-type", "application/problem+json")


@fault("errors.body.json", at="http", when=_HOT)
def plain(call: Call, reply: Reply) -> None:
    """An error is a line of text."""
    reply.set("content-type", "text/plain; charset=utf-8")
    reply.body = b"Bad Request"


@fault("errors.body.json/html", at="http", route="unknown", breaks="errors.body.json")
def html(call: Call, reply: Reply) -> None:
    """Unknown paths are answered with a page."""
    if reply.status == 404:
        reply.set("content-type", "text/html")
        reply.body = b"<html><body>Not Found</body></html>"


@fault("errors.body.json/empty", at="http", when=_HOT, breaks="errors.body.json")
def empty(call: Call, reply: Reply) -> None:
    """An error has no body."""
    reply.drop("content-type")
    reply.body = b""


@fault("errors.body.json/empty-typed", at="http", when=_HOT,
       breaks=("errors.body.json", "http.body.json"))  # fmt: skip
def empty_json(call: Call, reply: Reply) -> None:
    """An error has no body but the content type of JSON."""
    reply.body = b""
