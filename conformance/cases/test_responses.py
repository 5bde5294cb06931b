"""Responses: what the object says must fit together, judged over every response of the run."""

from __future__ import annotations

from collections import Counter
from functools import partial

from conformance import response_events as re
from conformance.chats import SPECIAL_TOKENS, related
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.requirement import MUST, field, openai, openapi, requirement, suite
from conformance.response_events import ANSWERS, CREATED
from conformance.select import RESPONSES

OBJECT = openai("responses/object")
SKEW = 120
"""Seconds that two clocks may differ."""
rule = partial(requirement, needs="responses")


@rule(
    "responses.one-document",
    MUST,
    "Without `stream` the answer is one JSON document, not an event stream.",
    source=openai("responses/create stream"),
    over=RESPONSES,
    breaks=["both SDKs return text instead of an object"],
)
def test_one_document(x: Exchange) -> None:
    if x.response is None:
        raise NotApplicable
    text = x.response.text.lstrip()
    if x.is_sse or text.startswith(("data:", "event:")):
        fail("body", "a JSON document", text[:200])
    if not isinstance(x.json, dict):
        fail("body", "a JSON object", text[:200])


@rule(
    "responses.no-error-as-success",
    MUST,
    "An answer with status 200 is a response, not an error object.",
    source=openai("error codes"),
    over=RESPONSES,
    breaks=["neither SDK raises: the response has only None fields"],
)
def test_no_error_as_success(x: Exchange) -> None:
    body = x.json
    if not isinstance(body, dict):
        raise NotApplicable
    error = body.get("error")
    if error and "output" not in body:
        fail("status", "4xx or 5xx", f"{x.status} with {error}")


@rule(
    "responses.id.unique",
    MUST,
    "No two responses have the same id.",
    source=OBJECT,
    over=CREATED,
    together=True,
    breaks=["previous_response_id and retrieval reach another answer"],
)
def test_id_unique(answers: tuple[Exchange, ...]) -> None:
    owner: dict[str, Exchange] = {}
    for x in answers:
        if re.retried(x):
            continue
        name = re.id_of(x)
        if name and owner.setdefault(name, x) is not x:
            fail("id", "another one in every response", name, exchange=x)
    if not owner:
        raise NotApplicable


@rule(
    "responses.item.id-unique",
    MUST,
    "No two items of a response have the same id.",
    source=openapi("OutputItem"),
    over=ANSWERS,
    breaks=["clients that keep items by id overwrite one with another"],
)
def test_item_ids(x: Exchange) -> None:
    names = [i["id"] for i in re.output(re.need(x)) if re.text_or_none(i.get("id"))]
    if not names:
        raise NotApplicable
    twice = [name for name, often in Counter(names).items() if often > 1]
    require(not twice, "output[].id", "unique", twice)


@rule(
    "responses.item.call-id-unique",
    MUST,
    "No two calls of a response have the same `call_id`.",
    source=openapi("FunctionToolCall"),
    over=ANSWERS,
    breaks=["the results of parallel calls cannot be told apart"],
)
def test_call_ids(x: Exchange) -> None:
    names = [i["call_id"] for i in re.calls(re.need(x)) if re.text_or_none(i.get("call_id"))]
    if not names:
        raise NotApplicable
    twice = [name for name, often in Counter(names).items() if often > 1]
    require(not twice, "output[].call_id", "unique", twice)


@rule(
    "responses.item.ids-across",
    MUST,
    "Messages and calls of different responses have different ids.",
    source=openapi("OutputItem"),
    over=CREATED,
    together=True,
    breaks=["clients that keep items by id overwrite one answer with another"],
)
def test_ids_across(answers: tuple[Exchange, ...]) -> None:
    owner: dict[str, Exchange] = {}
    for x in answers:
        if re.retried(x):
            continue
        for item in re.output(re.result(x)):
            for key in ("id", "call_id"):
                name = re.text_or_none(item.get(key))
                if item.get("type") not in ("message", *re.CALLS) or name is None:
                    continue
                if owner.setdefault(name, x) is not x:
                    fail(f"output[].{key}", "another one in every response", name, exchange=x)
    if not owner:
        raise NotApplicable


@rule(
    "responses.created-at.now",
    MUST,
    "`created_at` is the time of the answer in Unix seconds.",
    source=OBJECT,
    over=CREATED,
    breaks=["clients that sort or expire responses"],
)
def test_created(x: Exchange) -> None:
    created = re.need(x).get("created_at")
    if not isinstance(created, int | float) or isinstance(created, bool):
        raise NotApplicable
    if not 1e9 < created < 1e11 or x.context.get("foreign"):
        raise NotApplicable
    off = created - x.started
    require(-SKEW <= off <= SKEW + x.duration, "created_at", f"about {int(x.started)}", created)


@rule(
    "responses.output.not-empty",
    MUST,
    "A completed response has output.",
    source=openai("responses/object output"),
    over=ANSWERS,
    breaks=["`output_text` is empty though the request succeeded"],
)
def test_output(x: Exchange) -> None:
    body = re.need(x)
    if body.get("status") != "completed" or not isinstance(body.get("output"), list):
        raise NotApplicable
    if not body["output"] and re.ended_at_once(x):
        raise Inconclusive("the model ended its answer at once")
    require(bool(body["output"]), "output", "at least one item", body["output"])


@rule(
    "responses.output.message-content",
    MUST,
    "A message of a completed response has content.",
    source=openapi("OutputMessage content"),
    over=ANSWERS,
    breaks=["`output_text` is empty though tokens were paid for"],
)
def test_message_content(x: Exchange) -> None:
    body = re.need(x)
    found = [i for i in re.items(body, "message") if isinstance(i.get("content"), list)]
    if body.get("status") != "completed" or not found:
        raise NotApplicable
    for item in found:
        require(bool(item["content"]), "output[message].content", "at least one part", [])


@rule(
    "responses.output.part-type",
    MUST,
    "The parts of an assistant's message are `output_text` or `refusal`.",
    source=openapi("OutputMessageContent"),
    over=ANSWERS,
    breaks=["both SDKs: `output_text` leaves out every other part"],
)
def test_part_type(x: Exchange) -> None:
    found = [p for i in re.items(re.need(x), "message") for p in re.parts(i)]
    if not found:
        raise NotApplicable
    for part in found:
        kind = part.get("type")
        require(kind in ("output_text", "refusal"), "output[message].content[].type",
                ["output_text", "refusal"], kind)  # fmt: skip


@rule(
    "responses.output.no-chat-items",
    MUST,
    "Items have the types of the Responses API, not those of chat completions.",
    source=openapi("OutputItem"),
    over=ANSWERS,
    breaks=["clients look for `message` and `function_call` and find neither"],
)
def test_no_chat_items(x: Exchange) -> None:
    body = re.need(x)
    if not re.output(body):
        raise NotApplicable
    for item in re.output(body):
        kind = item.get("type")
        if kind in ("text", "output_text", "tool_call", "tool_use", "function", "assistant"):
            fail("output[].type", ["message", "function_call"], kind)
        if kind == "function_call" and isinstance(item.get("function"), dict):
            fail("output[function_call]", "name and arguments of its own", item)


@rule(
    "responses.output.no-control-tokens",
    MUST,
    "No control token of the model's template stands in the text.",
    source=suite("control tokens are not part of an answer"),
    over=CREATED,
    breaks=["users see <|im_end|> and the like"],
)
def test_no_control_tokens(x: Exchange) -> None:
    text = re.texts(re.need(x))
    if not text:
        raise NotApplicable
    asked = x.request.body.decode("utf-8", "replace")
    for word in SPECIAL_TOKENS:
        if word in text and word not in asked and word not in ("<s>", "</s>"):
            fail("output_text", f"no {word}", text[:300])


@rule(
    "responses.output.no-thoughts",
    MUST,
    "The model's reasoning stands in reasoning items, not between tags in the text.",
    source=field("https://github.com/vllm-project/vllm"),
    over=CREATED,
    breaks=["clients show the reasoning as the answer"],
)
def test_no_thoughts(x: Exchange) -> None:
    text = re.texts(re.need(x))
    if not text:
        raise NotApplicable
    for word in ("<think>", "</think>", "<|channel|>analysis"):
        require(word not in text, "output_text", f"no {word}", text[:300])


@rule(
    "responses.model",
    MUST,
    "`model` names the model that was asked for, or a version of it.",
    source=openai("responses/object model"),
    over=CREATED,
    breaks=["accounts and logs name the wrong model"],
)
def test_model(x: Exchange) -> None:
    asked, found = x.sent.get("model"), re.need(x).get("model")
    if not isinstance(asked, str) or not isinstance(found, str) or not found:
        raise NotApplicable
    require(related(asked, found), "model", asked, found)
