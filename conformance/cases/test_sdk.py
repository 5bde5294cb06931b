"""What a client library makes of answers that are not streamed: it may lose data without a word."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import unquote

from conformance.cases._sdk import (
    raised_words,
    returned,
    same_text,
    sdk_requirement,
    surfaced,
    view_of,
)
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, Value, expect, fail, require
from conformance.requirement import MUST, SHOULD, openai, sdk

CALLS = sdk("openai-python 3.51 _base_client.py")


@sdk_requirement(
    "sdk.chat.text",
    MUST,
    "The client library returns the text of the answer as a string.",
    source=openai("chat/object"),
    needs="chat",
)
def test_text(chat: Exchange) -> None:
    message = returned(chat)["choices"][0]["message"]
    same_text(chat, message["content"], "client choices[0].message.content")


@sdk_requirement(
    "sdk.chat.object",
    MUST,
    "The client library returns an object, not text or a list.",
    source=CALLS,
    needs="chat",
    breaks=["AttributeError: 'str' object has no attribute 'choices'"],
)
def test_object(chat: Exchange) -> None:
    returned(chat).is_object()


@sdk_requirement(
    "sdk.chat.error-in-200",
    MUST,
    "A successful answer holds no error: the client library would return an empty object.",
    source=CALLS,
    needs="chat",
    breaks=["TypeError: 'NoneType' object is not subscriptable, far from the cause"],
)
def test_error_in_200(chat: Exchange) -> None:
    value = returned(chat)
    if value.get("error").raw:
        fail("body.error", "absent beside status 200", value.get("error").raw)
    value["choices"].is_array()


@sdk_requirement(
    "sdk.chat.request-id",
    SHOULD,
    "The client library finds the id of the request (`_request_id`) on the returned object.",
    source=openai("debugging-requests"),
    needs="chat",
)
def test_request_id(chat: Exchange) -> None:
    returned(chat)
    if "_request_id" not in view_of(chat).extra:
        raise NotApplicable("objects of this release of the library have no request id")
    surfaced(chat, view_of(chat).extra["_request_id"])


@sdk_requirement(
    "sdk.chat.usage",
    SHOULD,
    "`usage.total_tokens` of the returned object is a number.",
    source=openai("chat/object usage"),
    needs="chat",
    breaks=["AttributeError: 'NoneType' object has no attribute 'total_tokens'"],
)
def test_usage(chat: Exchange) -> None:
    returned(chat)["usage"]["total_tokens"].is_integer(1)


@sdk_requirement(
    "sdk.chat.types",
    SHOULD,
    "Every field of the returned object has the type that the client library declares for it.",
    source=sdk("openai-python 3.51 types/chat/chat_completion.py"),
    needs="chat",
    breaks=["openai-python: PydanticSerializationUnexpectedValue when the object is dumped"],
)
def test_types(chat: Exchange) -> None:
    returned(chat)
    said = view_of(chat).extra.get("warnings")
    if said is None:
        raise NotApplicable("this client library does not check types")
    found = [text for text in said if "serializ" in text.lower()]
    require(not found, "client model_dump", "no warning", " ".join(found)[:500])


@sdk_requirement(
    "sdk.chat.direct",
    SHOULD,
    "A call is answered where it was sent: the client library is not redirected.",
    source=sdk("openai-python 3.51 follows 307 and 308, and sends the whole body again"),
    needs="chat",
    breaks=["every call costs two round trips", "a redirect to another host loses the key"],
)
def test_direct(chat: Exchange) -> None:
    returned(chat)
    sent = view_of(chat).extra.get("attempts", 1)
    require(sent == 1, "client requests", "1", sent)


@sdk_requirement(
    "sdk.chat.next-turn",
    MUST,
    "The message of an answer is accepted as it is in the history of the next request.",
    source=openai("chat/create messages"),
    needs="chat",
    any_status=True,
    breaks=["every chat loop that appends `choices[0].message`"],
)
def test_next_turn(sdk_chat_turn: Exchange) -> None:
    _accepted(sdk_chat_turn)


@sdk_requirement(
    "sdk.tools.round-trip",
    MUST,
    "A message with tool calls is accepted back as the client library returned it.",
    source=openai("chat/create messages"),
    needs="chat.tools",
    any_status=True,
    breaks=["every agent loop that appends `choices[0].message`"],
)
def test_tool_round_trip(sdk_tools_reply: Exchange) -> None:
    _accepted(sdk_tools_reply)


@sdk_requirement(
    "sdk.environment.bare",
    MUST,
    "A client made without arguments works by `OPENAI_API_KEY` and `OPENAI_BASE_URL` alone.",
    source=sdk("openai-python 3.51 _client.py"),
    needs="chat",
    any_status=True,
    breaks=["programs that are moved by their environment, without a change of code"],
)
def test_environment(sdk_environment: Exchange) -> None:
    _accepted(sdk_environment)


def _accepted(exchange: Exchange) -> None:
    if exchange.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    expect(exchange).status(2)
    returned(exchange)


@sdk_requirement(
    "sdk.parse.object",
    MUST,
    "`parse()` returns an object of the class that was given as response format.",
    source=openai("chat/create response_format"),
    needs="chat.json-schema",
    breaks=["openai-python parse(): ValidationError"],
)
def test_parse(sdk_parse: Exchange) -> None:
    view = view_of(sdk_parse)
    if "LengthFinishReasonError" in raised_words(view):
        raise Inconclusive("the model needed more tokens than were allowed")
    message = returned(sdk_parse)["choices"][0]["message"]
    if message.get("refusal").raw:
        raise Inconclusive("the model refused")
    parsed = message["parsed"].is_object()
    parsed["name"].is_string()
    parsed["population"].is_integer()


@sdk_requirement(
    "sdk.completions.text",
    MUST,
    "The client library returns the text of a legacy completion.",
    source=openai("completions/object"),
    needs="completions",
)
def test_completions(sdk_completions: Exchange) -> None:
    got = returned(sdk_completions)["choices"][0]["text"].is_string(empty=False)
    got.equals(Value(sdk_completions.json)["choices"][0]["text"].raw)


@sdk_requirement(
    "sdk.responses.output-text",
    MUST,
    "`output_text` of a response is the text of its output messages.",
    source=sdk("openai-python 3.51 types/responses/response.py output_text"),
    needs="responses",
    breaks=["`response.output_text` is an empty string without any error"],
)
def test_output_text(sdk_responses: Exchange) -> None:
    value = returned(sdk_responses)
    extra = view_of(sdk_responses).extra
    if "output_text_error" in extra:
        fail("client output_text", "a text", extra["output_text_error"])
    text = extra.get("output_text", value.get("output_text").raw)
    wire = "".join(
        str(part.get("text").raw)
        for item in Value(sdk_responses.json).get("output")
        for part in item.get("content")
        if part.get("text").present
    )
    if not wire and Value(sdk_responses.json).get("status").raw in ("completed", "incomplete"):
        raise Inconclusive("the model said nothing")
    require(bool(text) and text == wire, "client output_text", wire or "a text", text)


@sdk_requirement(
    "sdk.pagination.ends",
    MUST,
    "Iterating over a list with the client library comes to an end.",
    source=sdk("openai-python 3.51 pagination.py"),
    needs="responses",
    breaks=["`for item in list` never ends and sends requests without limit"],
)
def test_pagination(sdk_input_items: Exchange) -> None:
    items = returned(sdk_input_items)
    extra = view_of(sdk_input_items).extra
    require(not extra.get("endless"), "client pages", "an end", f"{extra.get('pages')} and more")
    ids = [item.get("id").raw for item in items]
    require(len(set(ids)) == len(ids), "client items", "every item once", ids)


def _vectors(exchange: Exchange) -> list[Value]:
    return [item["embedding"] for item in returned(exchange)["data"].is_array()]


@sdk_requirement(
    "sdk.embeddings.count",
    MUST,
    "The client library returns one vector for each input, in the order of the inputs.",
    source=openai("embeddings/create"),
    needs="embeddings",
)
def test_embeddings_count(sdk_embeddings: Exchange) -> None:
    wanted = len(sdk_embeddings.sent["input"])
    found = [item.get("index").raw for item in returned(sdk_embeddings)["data"].is_array()]
    require(found == list(range(wanted)), "client data[].index", str(list(range(wanted))), found)


@sdk_requirement(
    "sdk.embeddings.floats",
    MUST,
    "A request that asks for `float` gives the caller lists of finite numbers.",
    source=openai("embeddings/create encoding_format"),
    needs="embeddings",
)
def test_embeddings_floats(sdk_embeddings_float: Exchange) -> None:
    for vector in _vectors(sdk_embeddings_float):
        _finite(vector)


@sdk_requirement(
    "sdk.embeddings.decoded",
    MUST,
    "What the client library decodes from base64 has the dimensions of the float answer.",
    source=sdk("openai-python 3.51 resources/embeddings.py asks for base64 by default"),
    needs="embeddings",
    breaks=["vectors of twice the length, or of garbage, go into the index in silence"],
)
def test_embeddings_decoded(sdk_embeddings: Exchange, sdk_embeddings_float: Exchange) -> None:
    for vector, plain in zip(
        _vectors(sdk_embeddings), _vectors(sdk_embeddings_float), strict=False
    ):
        _finite(vector).has_length(len(plain))


@sdk_requirement(
    "sdk.embeddings.equal",
    MUST,
    "What the client library decodes from base64 are the numbers of the float answer.",
    source=sdk("openai-python 3.51 resources/embeddings.py: little-endian float32"),
    needs="embeddings",
    breaks=["similarity search returns noise without any error"],
)
def test_embeddings_equal(sdk_embeddings: Exchange, sdk_embeddings_float: Exchange) -> None:
    pairs = zip(_vectors(sdk_embeddings), _vectors(sdk_embeddings_float), strict=False)
    for number, (vector, plain) in enumerate(pairs):
        likeness = _cosine(_finite(vector).raw, _finite(plain).raw)
        if likeness < 0.99:
            fail(
                f"client data[{number}].embedding",
                "the vector of the float answer",
                f"cosine similarity {likeness:.3f}",
            )


def _finite(vector: Value) -> Value:
    for item in vector.is_array():
        item.is_number()
    return vector


def _cosine(one: list[Any], two: list[Any]) -> float:
    if len(one) != len(two) or not one:
        return 0.0
    norm = math.hypot(*one) * math.hypot(*two)
    return sum(a * b for a, b in zip(one, two, strict=True)) / norm if norm else 0.0


@sdk_requirement(
    "sdk.moderations.results",
    MUST,
    "The client library returns `results[0].flagged` as true or false.",
    source=openai("moderations/object"),
    needs="moderations",
)
def test_moderations(sdk_moderations: Exchange) -> None:
    returned(sdk_moderations)["results"][0]["flagged"].is_a("boolean")


@sdk_requirement(
    "sdk.models.list",
    MUST,
    "Iterating over `models.list()` yields every model with its id.",
    source=openai("models/list"),
    needs="models",
    breaks=["openai-python models.list(): no models, no error"],
)
def test_models(sdk_models: Exchange) -> None:
    items = list(returned(sdk_models)["data"].is_array())
    require(bool(items), "client data", "at least one model", "none")
    for item in items:
        item["id"].is_string(empty=False)


@sdk_requirement(
    "sdk.models.retrieve",
    MUST,
    "`models.retrieve(id)` returns the model of that id.",
    source=openai("models/retrieve"),
    needs="models",
)
def test_model(sdk_model: Exchange) -> None:
    wanted = unquote(sdk_model.endpoint.removeprefix("/models/"))
    returned(sdk_model)["id"].equals(wanted)
