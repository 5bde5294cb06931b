"""Each way to be wrong is refused, with the status, the field and the code that OpenAI gives."""

from __future__ import annotations

import re
from collections.abc import Callable

from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, Value, expect, fail, require
from conformance.probe import all_probes
from conformance.probes.errors_table import TABLE, Wrong
from conformance.requirement import (
    MUST,
    SHOULD,
    Case,
    Requirement,
    field,
    live,
    openai,
    requirement,
)
from conformance.select import Selector

_ROUTES_OF_ITS_OWN = ("images", "speech", "batches")
_BREAKS = {
    400: ("openai-python: no BadRequestError, so code that handles it does not run",),
    404: ("openai-python: no NotFoundError, so a fallback to another model does not run",),
}
MISLEADING = {
    "model_not_found",
    "invalid_api_key",
    "rate_limit_exceeded",
    "insufficient_quota",
    "context_length_exceeded",
    "server_error",
    "internal_error",
    "internal_server_error",
    "service_unavailable",
    "server_is_overloaded",
    "timeout",
    "content_filter",
    "unknown_url",
}
"""Codes on which clients act: they wait, fall back, ask for a key, or shorten the prompt."""


def answered(exchange: Exchange) -> int:
    """The status. Raises Inconclusive where quota or network stand in the way."""
    if exchange.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    failure = exchange.failure
    if exchange.response is None and failure is not None and failure.kind in ("connect", "tls"):
        raise Inconclusive(failure.message, owner="network")
    return exchange.status


def error_of(exchange: Exchange) -> Value:
    """The error object of a refusal. Raises NotApplicable where there is none."""
    body = exchange.json
    error = body.get("error") if isinstance(body, dict) else None
    if not 400 <= exchange.status < 500 or not isinstance(error, dict):
        raise NotApplicable("no error object")
    return Value(error, "error")


def _decide(row: Wrong) -> Callable[[Exchange], None]:
    def decide(exchange: Exchange) -> None:
        status = answered(exchange)
        if row.route in _ROUTES_OF_ITS_OWN and status in (404, 405, 501):
            raise NotApplicable("the endpoint is not served")
        if row.id.endswith("model-unknown") and 200 <= status < 300:
            raise NotApplicable("it was answered: errors.model-unknown.refused says so")
        expect(exchange).status(*row.statuses)

    return decide


def _case(row: Wrong) -> Case:
    made = Requirement(
        row.id, row.level, row.text, row.source, row.needs, _BREAKS.get(row.statuses[0], ())
    )
    return Case(made, _decide(row), probes=(row.probe,), any_status=True, module=__name__)


def _rows(choose: Callable[[Wrong], bool], title: str) -> Selector:
    all_probes()
    names = {name for name, row in TABLE.items() if choose(row)}
    return Selector(title, lambda x: x.probe in names and x.driver == "http")


def path_of(text: str) -> tuple[str, ...]:
    """``messages.[0].role``, ``messages.0.role`` and ``messages[0].role`` as one tuple of parts."""
    return tuple(part for part in re.split(r"[.\[\]/]+", text.strip().lstrip("$")) if part)


def names_field(param: str, wanted: tuple[str | None, ...]) -> bool:
    """Whether ``param`` is one of the paths, a part of one, or something inside one."""
    given = path_of(param)
    if given[:1] == ("body",):
        given = given[1:]
    for path in wanted:
        parts = path_of(path or "")
        shorter = min(len(given), len(parts))
        if shorter and given[:shorter] == parts[:shorter]:
            return True
    return False


def _not_offered(x: Exchange) -> None:
    """Raises NotApplicable where the refusal is about a feature that the server does not have."""
    error = error_of(x)
    given = path_of(str(error.get("param").raw or ""))[:1]
    optional = set(x.sent) - set(TABLE[x.probe].repaired)
    if error.get("code").raw == "unsupported_parameter" and optional & set(given):
        raise NotApplicable(f"`{given[0]}` is not offered at all")


@requirement(
    "errors.param.names-field",
    MUST,
    "`param` of a refusal, where it is given, names the field that is wrong.",
    source=openai("debugging-requests"),
    over=_rows(lambda row: bool(row.params), "refused requests with one wrong field"),
    breaks=["forms and agents mark or drop the wrong field"],
)
def test_param_names_field(x: Exchange) -> None:
    param = error_of(x).get("param")
    row = TABLE[x.probe]
    if not isinstance(param.raw, str):
        raise NotApplicable("no `param`")
    if not names_field(param.raw, row.params):
        _not_offered(x)
        fail("error.param", [p for p in row.params if p], param.raw)


@requirement(
    "errors.param.given",
    MUST,
    "`param` is not null where exactly one field is wrong.",
    source=live("responses 2025-03, chat 2025, images 2026-03: param is the field"),
    over=_rows(
        lambda row: bool(row.params) and None not in row.params and row.level is MUST,
        "refused requests with one wrong field",
    ),
    breaks=["`e.param` is None: clients cannot tell which field to correct or leave out"],
)
def test_param_given(x: Exchange) -> None:
    param = error_of(x).get("param")
    row = TABLE[x.probe]
    require(
        param.raw is not None and param.present, "error.param", [str(p) for p in row.params], None
    )


def _coded(row: Wrong, strict: bool) -> bool:
    return bool(row.codes) and row.strict is strict


def _check_code(x: Exchange) -> None:
    code = error_of(x).get("code")
    row = TABLE[x.probe]
    if code.present and code.raw is None:
        raise NotApplicable("no code")  # another requirement speaks of it, where it is established
    if code.raw not in row.codes:
        _not_offered(x)
        fail("error.code", [str(c) for c in row.codes], code.raw if code.present else "absent")


@requirement(
    "errors.code.validation",
    MUST,
    "`code`, where it is given, names the kind of mistake: missing_required_parameter, "
    "empty_array, invalid_type.",
    source=live("chat, images and responses 2025 and 2026: the validator's codes"),
    over=_rows(lambda row: _coded(row, True), "refused requests whose code is established"),
    breaks=["clients that switch on `e.code`"],
)
def test_code_strict(x: Exchange) -> None:
    _check_code(x)


@requirement(
    "errors.code.given",
    SHOULD,
    "`code` is not null where OpenAI's validator has one.",
    source=live("chat, images and responses 2025 and 2026: the validator's codes"),
    over=_rows(lambda row: _coded(row, True), "refused requests whose code is established"),
    breaks=["clients that switch on `e.code`"],
)
def test_code_given(x: Exchange) -> None:
    code = error_of(x).get("code")
    if not code.present:
        raise NotApplicable("another requirement speaks of it")
    if code.raw is None:
        _not_offered(x)
        fail("error.code", [str(c) for c in TABLE[x.probe].codes], "null")


@requirement(
    "errors.code.validation-family",
    SHOULD,
    "`code`, where it is given, names the kind of mistake as OpenAI's validator does, also in "
    "rarer cases.",
    source=live("chat, images and responses 2025 and 2026: the validator's codes"),
    over=_rows(
        lambda row: _coded(row, False) and row.route != "urls",
        "refused requests whose code is usual",
    ),
)
def test_code_family(x: Exchange) -> None:
    _check_code(x)


@requirement(
    "errors.code.not-misleading",
    MUST,
    "`code` of a malformed request is not one by which clients wait, change the model or the key.",
    source=openai("error codes guide"),
    over=_rows(
        lambda row: row.statuses == (400,) and "model-unknown" not in row.id,
        "malformed requests",
    ),
    breaks=["clients wait and retry, or shorten the prompt, and meet the same refusal for ever"],
)
def test_code_not_misleading(x: Exchange) -> None:
    code = error_of(x).get("code").raw
    row = TABLE[x.probe]
    if "model" in row.id and code == "model_not_found":
        raise NotApplicable("it is about the model")
    if "too-long" in row.id and code == "context_length_exceeded":
        return
    if isinstance(code, str) and (code in MISLEADING):
        fail("error.code", [str(c) for c in row.codes] or ["null"], code)


_UNKNOWN = (404, 400, 403)
_MODEL_ROWS = _rows(lambda row: "model-unknown" in row.id, "requests for an unknown model")


@requirement(
    "errors.model-unknown.code",
    MUST,
    "The refusal of an unknown model has the code model_not_found.",
    source=live("chat 2024-11, embeddings and responses 2025: model_not_found"),
    over=_MODEL_ROWS,
    breaks=["routers that fall back to another model on `model_not_found`"],
)
def test_model_code(x: Exchange) -> None:
    if x.status not in _UNKNOWN:
        raise NotApplicable("not refused as unknown")
    error_of(x).get("code").equals("model_not_found")


@requirement(
    "errors.model-unknown.refused",
    MUST,
    "A request for a model that does not exist is not answered by another model.",
    source=field("https://github.com/sgl-project/sglang/issues/31404"),
    over=_MODEL_ROWS,
    breaks=["a typing error goes unnoticed: another model is billed and evaluated"],
)
def test_model_refused(x: Exchange) -> None:
    if answered(x) == 0:
        raise NotApplicable("no answer")
    require(not x.ok, "status", "404", f"{x.status}: answered")


@requirement(
    "errors.model-unknown.named",
    SHOULD,
    "The message of the refusal of an unknown model names the model that was asked for.",
    source=live("chat 2024-11: The model `x` does not exist or you do not have access to it."),
    over=_MODEL_ROWS,
)
def test_model_named(x: Exchange) -> None:
    message = error_of(x).get("message").raw
    asked = x.sent.get("model")
    if not isinstance(message, str) or not isinstance(asked, str):
        raise NotApplicable("no message")
    require(asked in message, "error.message", f"text with {asked!r}", message)


@requirement(
    "errors.model-url.code",
    MUST,
    "GET of a model that does not exist has the code model_not_found.",
    source=openai("models/retrieve"),
    needs="models",
    any_status=True,
)
def test_model_url_code(errors_model_url: Exchange) -> None:
    if errors_model_url.status != 404:
        raise NotApplicable("not 404")
    error_of(errors_model_url).get("code").equals("model_not_found")


def _both(whole: Exchange, stream: Exchange) -> None:
    first, second = answered(whole), answered(stream)
    if not first or not second:
        raise NotApplicable("no answer")
    if first < 400 and second < 400:
        raise NotApplicable("neither is refused")
    require(first == second, "status", str(first), str(second))


@requirement(
    "errors.stream.same-status.model",
    MUST,
    "An unknown model is refused with the same status with and without `stream`.",
    source=openai("chat/create stream"),
    needs="chat.stream",
    any_status=True,
)
def test_same_status_model(
    errors_chat_model_unknown: Exchange, errors_chat_stream_model_unknown: Exchange
) -> None:
    _both(errors_chat_model_unknown, errors_chat_stream_model_unknown)


@requirement(
    "errors.stream.same-status.range",
    MUST,
    "A value outside its range is refused with the same status with and without `stream`.",
    source=openai("chat/create stream"),
    needs="chat.stream",
    any_status=True,
)
def test_same_status_range(
    errors_chat_temperature_below: Exchange, errors_chat_stream_temperature_below: Exchange
) -> None:
    _both(errors_chat_temperature_below, errors_chat_stream_temperature_below)


@requirement(
    "errors.large-body",
    MUST,
    "A body of 1.5 MB is served or refused with a 4xx error object.",
    source=field("https://github.com/huggingface/text-generation-inference/issues/1802"),
    needs="chat",
    any_status=True,
    breaks=["images in messages: the connection breaks, or the refusal cannot be read"],
)
def test_large_body(errors_large_body: Exchange) -> None:
    status = answered(errors_large_body)
    expect(errors_large_body).status(2, 4)
    if status >= 400:
        expect(errors_large_body).error_object  # noqa: B018 - it raises


@requirement(
    "errors.large-body.served",
    SHOULD,
    "A body of 1.5 MB is served: so large is one photograph.",
    source=field("https://github.com/huggingface/text-generation-inference/issues/1802"),
    needs="chat.vision",
    any_status=True,
)
def test_large_body_served(errors_large_body: Exchange) -> None:
    answered(errors_large_body)
    expect(errors_large_body).status(2)


CASES = [_case(row) for row in TABLE.values()]
