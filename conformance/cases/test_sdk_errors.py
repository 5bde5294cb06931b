"""What a client library raises for errors, and what the exception tells."""

from __future__ import annotations

from conformance.cases._sdk import (
    attribute,
    class_of,
    raised,
    raises,
    sdk_requirement,
    surfaced,
    told,
    unopened,
)
from conformance.exchange import Exchange
from conformance.expect import NotApplicable, fail, require
from conformance.requirement import MUST, SHOULD, openai, sdk

TABLE = openai("introduction error codes")
READS = sdk("openai-python 3.51 _base_client.py _make_status_error_from_response")


@sdk_requirement(
    "sdk.errors.bad-request",
    MUST,
    "A value of the wrong type raises BadRequestError.",
    source=TABLE,
    needs="chat",
    breaks=["`except openai.BadRequestError` does not catch it"],
)
def test_bad_request(sdk_bad_request: Exchange) -> None:
    raises(sdk_bad_request, "BadRequestError")


@sdk_requirement(
    "sdk.errors.authentication",
    MUST,
    "A key that the server does not know raises AuthenticationError.",
    source=TABLE,
    needs="chat",
)
def test_authentication(sdk_wrong_key: Exchange) -> None:
    if sdk_wrong_key.ok:
        raise NotApplicable("the server asks for no key")
    raises(sdk_wrong_key, "AuthenticationError")


@sdk_requirement(
    "sdk.errors.not-found",
    MUST,
    "A model that does not exist raises NotFoundError.",
    source=TABLE,
    needs="chat",
    breaks=["fallbacks to another model that catch NotFoundError"],
)
def test_not_found(sdk_unknown_model: Exchange) -> None:
    raises(sdk_unknown_model, "NotFoundError")


@sdk_requirement(
    "sdk.errors.before-stream",
    MUST,
    "An error that is known before the stream begins is raised with its status, not as an event.",
    source=TABLE,
    needs="chat.stream",
    breaks=["APIError without status_code: neither retries nor handlers by class apply"],
)
def test_before_stream(sdk_unknown_model_stream: Exchange) -> None:
    raised(sdk_unknown_model_stream)["status_code"].is_integer(400)
    require(
        class_of(sdk_unknown_model_stream) != "APIError",
        "client exception",
        "the class of a status",
        "APIError",
    )


@sdk_requirement(
    "sdk.errors.message",
    MUST,
    "The exception carries the message of the server.",
    source=READS,
    needs="chat",
    breaks=["openai-python 3: the exception says `Error code: 400` and nothing else"],
)
def test_message(sdk_bad_request: Exchange) -> None:
    error = told(sdk_bad_request)
    if unopened(sdk_bad_request):
        raise NotApplicable("this release of the library hands on what came, unopened")
    body = error.get("body")
    message = body.get("message").raw
    if not isinstance(message, str) or not message.strip():
        fail("client exception message", "what the server objects to", error.get("message").raw)


@sdk_requirement(
    "sdk.errors.code",
    SHOULD,
    "The exception for a model that does not exist has the code `model_not_found`.",
    source=openai("introduction error codes"),
    needs="chat",
)
def test_code(sdk_unknown_model: Exchange) -> None:
    attribute(sdk_unknown_model, "code").equals("model_not_found")


@sdk_requirement(
    "sdk.errors.type",
    SHOULD,
    "The exception has a type.",
    source=READS,
    needs="chat",
)
def test_type(sdk_bad_request: Exchange) -> None:
    attribute(sdk_bad_request, "type").is_string(empty=False)


@sdk_requirement(
    "sdk.errors.param",
    SHOULD,
    "The exception names the parameter that is wrong.",
    source=READS,
    needs="chat",
)
def test_param(sdk_bad_request: Exchange) -> None:
    attribute(sdk_bad_request, "param").is_string().matches("temperature", "temperature")


@sdk_requirement(
    "sdk.errors.request-id",
    SHOULD,
    "The exception has the id of the request.",
    source=openai("debugging-requests"),
    needs="chat",
)
def test_error_request_id(sdk_bad_request: Exchange) -> None:
    surfaced(sdk_bad_request, attribute(sdk_bad_request, "request_id").raw or None)
