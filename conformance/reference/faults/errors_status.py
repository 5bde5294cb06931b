"""Faults of statuses: crashes, failures dressed as success, silence."""

from __future__ import annotations

import asyncio
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ErrorReply
from conformance.reference.fault import fault
from conformance.reference.faults.errors_table import sends
from conformance.reference.reply import Drop, Reply

_ROW = "errors.chat."


def _crash(
    id: str,
    probe: str,
    row: str,
    text: str,
    *defects: str,
    status: int = 500,
    breaks: tuple[str, ...] = (),
) -> None:
    """A request on which the server breaks."""

    def hook(call: Call, error: ErrorReply) -> None:
        error.status = status
        error.body = {
            "error": {
                "message": "The server had an error.",
                "type": "server_error",
                "param": None,
                "code": None,
            }
        }

    fault(
        id,
        at="error",
        when=sends(probe),
        text=text,
        breaks=(row, "errors.no-5xx", "errors.no-5xx.first", *breaks),
        field_defects=defects,
    )(hook)


_crash("errors.no-5xx", "errors_chat_invalid_json", "errors.chat.invalid-json",
       "A body that is not JSON is a server error.", "err-malformed-json-500")  # fmt: skip
_crash("errors.no-5xx/empty", "errors_chat_empty_body", "errors.chat.empty-body",
       "An empty body is a server error.")  # fmt: skip
_crash("errors.no-5xx/null", "errors_chat_null_body", "errors.chat.null-body",
       "The body null is a server error.")  # fmt: skip
_crash("errors.no-5xx/array", "errors_chat_array_body", "errors.chat.array-body",
       "A body that is an array is a server error.")  # fmt: skip
_crash("errors.no-5xx/range", "errors_chat_top_p_above", "errors.chat.top-p-above",
       "top_p 2 is a server error.", "out-of-range-params-500")  # fmt: skip
_crash("errors.no-5xx/image", "errors_chat_image_unreachable", "errors.chat.image.unreachable",
       "An image that cannot be fetched is a server error.", "err-bad-image-url-500")  # fmt: skip
_crash("errors.no-5xx/method", "errors_method_put", "errors.method.put",
       "A wrong method is a server error.")  # fmt: skip
_crash("errors.no-5xx/model", "errors_chat_model_unknown", "errors.chat.model-unknown",
       "An unknown model is answered 503.", "err-model-missing-503",
       status=503, breaks=("errors.stream.same-status.model",))  # fmt: skip
_crash("errors.no-5xx/responses-role", "errors_responses_role_unknown",
       "errors.responses.role-unknown", "An unknown role in input is a server error.")  # fmt: skip
_crash("errors.no-5xx/embeddings", "errors_embeddings_input_null",
       "errors.embeddings.input-null", "input null is a server error.")  # fmt: skip


@fault("errors.no-5xx.first", at="http", when=sends("errors_chat_role_unknown"))
def flaky(call: Call, reply: Reply) -> None:
    """The first attempt at a request fails with 502, the second is answered."""
    if not call.app.data.get("failed once"):
        call.app.data["failed once"] = True
        reply.status = 502


@fault("errors.no-501", at="error", when=sends("errors_chat_parameter_unknown"),
       breaks=("errors.no-501", "errors.chat.parameter-unknown"))  # fmt: skip
def not_implemented(call: Call, error: ErrorReply) -> None:
    """What the server does not know is 501."""
    error.status = 501


@fault(
    "errors.no-422",
    at="error",
    when=sends("errors_chat_n_type"),
    breaks=("errors.no-422", "errors.chat.n-type"),
    field_defects="err-status-422-right-envelope",
)
def unprocessable(call: Call, error: ErrorReply) -> None:
    """A wrong type is answered with 422."""
    error.status = 422


@fault("errors.answered", at="received", when=sends("errors_chat_messages_number"),
       breaks=("errors.answered", "errors.chat.messages-number"))  # fmt: skip
def hangs_up(call: Call, early: None) -> None:
    """The connection is closed without an answer."""
    raise Drop


@fault(
    "errors.answered/hang",
    at="received",
    when=sends("errors_chat_messages_type"),
    breaks="errors.chat.messages-type",
    field_defects="err-non-array-messages-hang",
)
async def hangs(call: Call, early: None) -> None:
    """`messages` that is a string is never answered."""
    await asyncio.sleep(3600)


def _ok(id: str, probe: str, row: str, body: Any, text: str, *breaks: str, **more: Any) -> None:
    def hook(call: Call, error: ErrorReply) -> None:
        error.status = 200
        error.body = body(error) if callable(body) else body

    fault(id, at="error", when=sends(probe), text=text, breaks=(row, *breaks), **more)(hook)


_ok("errors.success.no-error", "errors_chat_n_type", "errors.chat.n-type",
    lambda e: {"error": {**e.body["error"], "code": "invalid_type"}},
    "An error comes with status 200.", "errors.success.no-error",
    field_defects="error-in-200-body-no-choices")  # fmt: skip
_ok("errors.success.no-error/empty", "errors_chat_max_tokens_below",
    "errors.chat.max-tokens-below",
    lambda e: {"error": {"message": "", "type": "", "param": None, "code": None}},
    "A failed validation is answered 200, without its message.", "errors.success.no-error",
    field_defects="err-tgi-validation-200")  # fmt: skip
_ok("errors.success.no-error/route", "errors_url_post", "errors.url.post",
    {"error": "Unexpected endpoint or method."},
    "An unknown path is answered with 200.", "errors.success.no-error",
    field_defects="err-200-unknown-route-lmstudio")  # fmt: skip
_ok("errors.success.not-disguised", "errors_url_typo", "errors.url.typo",
    {"html-message": "Network connection lost."},
    "A failure comes with status 200 and no error.", "errors.success.not-disguised",
    field_defects="err-200-html-message")  # fmt: skip
_ok("errors.success.not-disguised/flat", "errors_moderations_model_unknown",
    "errors.model-unknown.refused",
    {"object": "error", "message": "The model does not exist.", "code": 404, "param": None,
     "type": "NotFoundError"},
    "An unknown model is answered 200 with a flat error.", "errors.success.not-disguised",
    field_defects="err-200-model-not-found")  # fmt: skip


@fault("errors.success.not-a-page", at="http", when=sends("errors_url_browser"),
       breaks=("errors.success.not-a-page", "errors.url.browser"))  # fmt: skip
def page(call: Call, reply: Reply) -> None:
    """Every path that is not known is the start page of the console."""
    reply.status = 200
    reply.set("content-type", "text/html; charset=utf-8")
    reply.body = b"<!DOCTYPE html><html><body>Console</body></html>"


def _says(word: bytes) -> Any:
    return lambda call: word in call.raw


@fault(
    "errors.success.no-error-choice",
    at="reply",
    route="chat",
    when=_says(b"single word mango."),
    field_defects=("err-200-inside-choice",),
    breaks=("errors.success.no-error-choice",),
)
def error_in_choice(call: Call, body: dict[str, Any]) -> None:
    """A failed generation is an error inside the choice of a 200."""
    body["choices"][0]["error"] = {"code": 502, "message": "Upstream failed."}


@fault(
    "errors.success.no-error-choice/finish",
    at="reply",
    route="chat",
    when=_says(b"single word mango."),
    field_defects=("generation-error-as-200-finish-error",),
    breaks=("errors.success.no-error-choice", "chat.shape.choices.finish-reason"),
)
def error_finish(call: Call, body: dict[str, Any]) -> None:
    """A failed generation finishes with `error`."""
    body["choices"][0]["finish_reason"] = "error"


@fault("errors.retry.permanent-status", at="error", when=sends("errors_chat_role_unknown"),
       breaks=("errors.retry.permanent-status", "errors.chat.role-unknown"))  # fmt: skip
def conflict(call: Call, error: ErrorReply) -> None:
    """An unknown role is a conflict."""
    error.status = 409


@fault("errors.chat.model-unknown/400", at="error", when=sends("errors_chat_model_unknown"),
       breaks=("errors.chat.model-unknown", "errors.stream.same-status.model"),
       field_defects="err-unknown-model-400")  # fmt: skip
def unknown_400(call: Call, error: ErrorReply) -> None:
    """An unknown model is 400."""
    error.status = 400


@fault("errors.model-unknown.refused", at="received",
       when=sends("errors_chat_model_unknown"),
       breaks=("errors.model-unknown.refused", "errors.stream.same-status.model"),
       field_defects="unknown-model-accepted")  # fmt: skip
def answers_for(call: Call, early: None) -> None:
    """An unknown model is answered by the one that is there."""
    call.raw = call.raw.replace(b"no-such-model", b"reference-chat")


@fault("errors.stream.same-status.model", at="error",
       when=sends("errors_chat_stream_model_unknown"),
       breaks=("errors.stream.same-status.model", "errors.chat.stream.model-unknown"))  # fmt: skip
def stream_400(call: Call, error: ErrorReply) -> None:
    """An unknown model is 400 when a stream is asked for."""
    error.status = 400


@fault("errors.stream.same-status.range", at="received",
       when=sends("errors_chat_stream_temperature_below"),
       breaks=("errors.stream.same-status.range",
               "errors.chat.stream.temperature-below"))  # fmt: skip
def stream_unchecked(call: Call, early: None) -> None:
    """Ranges are not checked for streams."""
    call.raw = call.raw.replace(b'"temperature":-1', b'"temperature":1')


def _large(call: Call) -> bool:
    return len(call.raw) > 1_000_000


@fault(
    "errors.large-body",
    at="http",
    when=_large,
    breaks=("errors.large-body", "errors.large-body.served", "errors.body.json"),
    field_defects="err-body-limit-plain-text-413",
)
def buffer_limit(call: Call, reply: Reply) -> None:
    """A body of 1.5 MB is refused in plain text."""
    reply.status = 413
    reply.set("content-type", "text/plain; charset=utf-8")
    reply.body = b"Failed to buffer the request body: length limit exceeded"


@fault("errors.large-body.served", at="received", when=_large)
def small_limit(call: Call, early: None) -> Reply:
    """A body of 1.5 MB is refused properly."""
    return Reply(
        413,
        [("content-type", "application/json")],
        b'{"error":{"message":"The body is too large.","type":"invalid_request_error",'
        b'"param":null,"code":null}}',
    )


@fault(
    "errors.upstream.flattened",
    at="error",
    when=sends("errors_chat_role_unknown"),
    breaks=("errors.type.invalid-request", "leaks.upstream", "errors.code.validation-family"),
    field_defects="err-upstream-flattened",
)
def flattened(call: Call, error: ErrorReply) -> None:
    """The answer of a server behind is glued into the message."""
    error.body = {
        "error": {
            "message": "upstream returned HTTP 400: {...}",
            "type": "upstream_error",
            "param": None,
            "code": "upstream",
        }
    }


@fault(
    "errors.chat.text-plain/any",
    at="received",
    when=sends("errors_chat_text_plain"),
    breaks="errors.chat.text-plain",
    field_defects="ct-non-json-accepted",
)
def any_type(call: Call, early: None) -> None:
    """JSON is read whatever it is declared as."""
    call.headers["content-type"] = "application/json"
