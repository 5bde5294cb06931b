"""Streamed responses: errors, before the first event and after."""

from __future__ import annotations

from functools import partial

from conformance import response_events as re
from conformance.exchange import Exchange
from conformance.expect import NotApplicable, fail, require
from conformance.requirement import MUST, SHOULD, field, openai, openapi, requirement
from conformance.select import RESPONSES_STREAM, Selector

rule = partial(requirement, needs="responses.stream", over=RESPONSES_STREAM)
EARLY = Selector(
    "refused response streams",
    lambda x: (
        x.status >= 400
        and x.request.method == "POST"
        and x.endpoint == "/responses"
        and x.is_stream
    ),
)


@requirement(
    "responses.stream.error.json",
    MUST,
    "A request that is refused before the first event is answered by JSON, not by an event stream.",
    source=openai("error codes"),
    over=EARLY,
    breaks=["both SDKs read the body of an error as JSON"],
    any_status=True,
)
def test_error_json(x: Exchange) -> None:
    assert x.response is not None
    text = x.response.text.lstrip()
    if x.is_sse or text.startswith(("data:", "event:")):
        fail("body", "JSON", f"{x.header('content-type')}: {text[:200]}")


@rule(
    "responses.stream.error.not-200",
    MUST,
    "An error before anything was generated has an HTTP error status; it is no event of a 200.",
    source=openai("error codes"),
    breaks=["retry and fallback by status never happen"],
)
def test_error_not_200(x: Exchange) -> None:
    if x.response is None or not x.payloads:
        raise NotApplicable
    first = x.payloads[0]
    if isinstance(first, dict) and (first.get("error") or first.get("type") == "error"):
        fail("event 1", "status 4xx or 5xx", first)


@rule(
    "responses.stream.error.form",
    MUST,
    "An error event has an `error` object with a message.",
    source=field("https://github.com/openai/openai-dotnet/issues/881"),
    breaks=["openai-python: a flat error event is not raised, the stream just ends"],
)
def test_error_form(x: Exchange) -> None:
    found = [e for e in re.seen(x) if e.type == "error"]
    if not found:
        raise NotApplicable
    for event in found:
        error = event.payload.get("error")
        if not isinstance(error, dict):
            flat = isinstance(event.payload.get("message"), str)
            if flat and "error" not in event.payload:
                raise NotApplicable("flat, as the published schema says")
            fail(f"{event.where}: error", "an object with a message", event.payload)
        require(isinstance(error.get("message"), str), f"{event.where}: error.message", "a string",
                error.get("message"))  # fmt: skip


@rule(
    "responses.stream.error.nested",
    SHOULD,
    "An error event holds an `error` object; flat copies of it may stand beside.",
    source=field("https://github.com/vercel/ai/issues/20179"),
    breaks=["openai-python: a flat error event is not raised, the stream just ends"],
)
def test_error_nested(x: Exchange) -> None:
    found = [e for e in re.seen(x) if e.type == "error"]
    if not found:
        raise NotApplicable
    for event in found:
        require(isinstance(event.payload.get("error"), dict), f"{event.where}: error", "an object",
                event.payload)  # fmt: skip


@rule(
    "responses.stream.failed-told",
    MUST,
    "`response.failed` carries the response with `error.code` and `error.message`.",
    source=openapi("ResponseFailedEvent"),
    breaks=["users see an invalid stream in place of the reason"],
)
def test_failed_told(x: Exchange) -> None:
    found = re.of(re.seen(x), "response.failed")
    if not found:
        raise NotApplicable
    error = re.dict_of(found[0].response, "error")
    if not isinstance(error.get("message"), str) or not isinstance(error.get("code"), str):
        fail(f"{found[0].where}: response.error", "code and message", error or "absent")
