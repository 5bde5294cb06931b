"""Responses: what the object says must fit together, judged over every response of the run."""

from __future__ import annotations

from collections import Counter
from functools import partial

from conformance import response_events as re
from conformance.chats import SPECIAL_TOKENS, related
from conformance.exchange import Exchange
from conformance.expect import NotApplicable, fail, require
from conformance.requirement import MUST, SHOULD, field, openai, openapi, requirement, suite
from conformance.response_events import ANSWERS, CREATED
from conformance.select import RESPONSES

OBJECT = openai("responses/object")
USAGE = openapi("ResponseUsage")
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
    "responses.completed-at",
    SHOULD,
    "`completed_at` is a time not before `created_at` when the response is completed.",
    source=OBJECT,
    over=ANSWERS,
    since="2025-12-23",
)
def test_completed_at(x: Exchange) -> None:
    body = re.need(x)
    created, ended = body.get("created_at"), body.get("completed_at")
    if not isinstance(ended, int | float) or not isinstance(created, int | float):
        raise NotApplicable
    require(ended >= int(created), "completed_at", f"at least {created}", ended)


@rule(
    "responses.status.ended",
    MUST,
    "A response that does not run in the background has ended: completed, incomplete or failed.",
    source=openai("responses/object status"),
    over=RESPONSES,
    breaks=["clients that wait for an end poll for ever"],
)
def test_status_ended(x: Exchange) -> None:
    status = re.need(x).get("status")
    if x.sent.get("background") or not isinstance(status, str):
        raise NotApplicable
    if status in ("queued", "in_progress"):
        fail("status", ["completed", "incomplete", "failed"], status)


@rule(
    "responses.status.error-null",
    MUST,
    "A completed response has no `error`.",
    source=openai("responses/object error"),
    over=ANSWERS,
    breaks=["clients that test `error` take the answer for a failure"],
)
def test_error_null(x: Exchange) -> None:
    body = re.need(x)
    if body.get("status") != "completed" or "error" not in body:
        raise NotApplicable
    require(body["error"] is None, "error", "null", body["error"])


@rule(
    "responses.status.error-told",
    MUST,
    "A failed response says why in `error`.",
    source=openai("responses/object error"),
    over=ANSWERS,
    breaks=["users see a failure without a reason", "retry by error code"],
)
def test_error_told(x: Exchange) -> None:
    body = re.need(x)
    if body.get("status") != "failed":
        raise NotApplicable
    error = re.dict_of(body, "error")
    if not isinstance(error.get("message"), str) or not isinstance(error.get("code"), str):
        fail("error", "an object with code and message", body.get("error"))


@rule(
    "responses.status.incomplete-told",
    MUST,
    "An incomplete response says why in `incomplete_details.reason`.",
    source=openai("responses/object incomplete_details"),
    over=ANSWERS,
    breaks=["clients cannot tell a limit from a filter"],
)
def test_incomplete_told(x: Exchange) -> None:
    body = re.need(x)
    if body.get("status") != "incomplete":
        raise NotApplicable
    reason = re.dict_of(body, "incomplete_details").get("reason")
    known = ("max_output_tokens", "content_filter", "max_messages", "steered", "max_tool_calls")
    require(reason in known, "incomplete_details.reason", known[:2], reason)


@rule(
    "responses.status.no-details",
    MUST,
    "A completed response has no `incomplete_details`.",
    source=openai("responses/object incomplete_details"),
    over=ANSWERS,
    breaks=["clients that test `incomplete_details` take the answer for a cut one"],
)
def test_no_details(x: Exchange) -> None:
    body = re.need(x)
    if body.get("status") != "completed" or "incomplete_details" not in body:
        raise NotApplicable
    found = body["incomplete_details"]
    require(found is None, "incomplete_details", "null", found)


@rule(
    "responses.status.items",
    MUST,
    "In a completed response no message or call is in progress or incomplete.",
    source=openapi("OutputMessage status"),
    over=ANSWERS,
    breaks=["clients that wait for items to be completed"],
)
def test_items_done(x: Exchange) -> None:
    body = re.need(x)
    found = [i for i in re.items(body, "message", *re.CALLS) if isinstance(i.get("status"), str)]
    if body.get("status") != "completed" or not found:
        raise NotApplicable
    for item in found:
        require(item["status"] == "completed", f"{item['type']}.status", "completed",
                item["status"])  # fmt: skip


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


# ---- usage -------------------------------------------------------------------------------------


@rule(
    "responses.usage.given",
    MUST,
    "A response that has ended has `usage`.",
    source=openai("responses/object usage"),
    over=ANSWERS,
    breaks=["LangChain and every budget lose the count"],
)
def test_usage(x: Exchange) -> None:
    body = re.need(x)
    if body.get("status") not in ("completed", "incomplete"):
        raise NotApplicable
    found = body.get("usage")
    require(isinstance(found, dict), "usage", "an object", found)


def _usage(x: Exchange, *keys: str) -> list[int]:
    """Counts of the usage. Raises NotApplicable unless all are there."""
    re.need(x)
    return [re.count(x, key) for key in keys]


@rule(
    "responses.usage.total",
    MUST,
    "`usage.total_tokens` is the sum of `input_tokens` and `output_tokens`.",
    source=USAGE,
    over=ANSWERS,
    breaks=["budgets and bills"],
)
def test_total(x: Exchange) -> None:
    into, out, total = _usage(x, "input_tokens", "output_tokens", "total_tokens")
    require(total == into + out, "usage.total_tokens", str(into + out), total)


@rule(
    "responses.usage.input-counted",
    MUST,
    "`usage.input_tokens` is at least 1.",
    source=USAGE,
    over=ANSWERS,
    breaks=["budgets and bills"],
)
def test_input_counted(x: Exchange) -> None:
    (into,) = _usage(x, "input_tokens")
    require(into >= 1, "usage.input_tokens", "at least 1", into)


@rule(
    "responses.usage.output-counted",
    MUST,
    "`usage.output_tokens` is at least 1 when there is output.",
    source=USAGE,
    over=ANSWERS,
    breaks=["budgets and bills"],
)
def test_output_counted(x: Exchange) -> None:
    (out,) = _usage(x, "output_tokens")
    body = re.need(x)
    if not re.texts(body) and not re.calls(body):
        raise NotApplicable
    require(out >= 1, "usage.output_tokens", "at least 1", out)


@rule(
    "responses.usage.cached-within",
    MUST,
    "`input_tokens_details.cached_tokens` is a part of `input_tokens`.",
    source=USAGE,
    over=ANSWERS,
    breaks=["costs become negative"],
)
def test_cached(x: Exchange) -> None:
    (into,) = _usage(x, "input_tokens")
    cached = re.detail(re.usage_of(x), "input_tokens_details", "cached_tokens")
    if cached is None:
        raise NotApplicable
    require(cached <= into, "usage.input_tokens_details.cached_tokens", f"at most {into}", cached)


@rule(
    "responses.usage.reasoning-within",
    MUST,
    "`output_tokens_details.reasoning_tokens` is a part of `output_tokens`.",
    source=USAGE,
    over=ANSWERS,
    breaks=["costs become negative"],
)
def test_reasoning_within(x: Exchange) -> None:
    (out,) = _usage(x, "output_tokens")
    thought = re.detail(re.usage_of(x), "output_tokens_details", "reasoning_tokens")
    if thought is None:
        raise NotApplicable
    require(
        thought <= out, "usage.output_tokens_details.reasoning_tokens", f"at most {out}", thought
    )


@rule(
    "responses.usage.within-limit",
    MUST,
    "`usage.output_tokens` is not above `max_output_tokens`.",
    source=openai("responses/create max_output_tokens"),
    over=CREATED,
    breaks=["the bound on costs does not hold"],
)
def test_within_limit(x: Exchange) -> None:
    limit = re.number(x.sent.get("max_output_tokens"))
    if limit is None:
        raise NotApplicable
    (out,) = _usage(x, "output_tokens")
    require(out <= limit, "usage.output_tokens", f"at most {limit}", out)


@rule(
    "responses.usage.no-chat-names",
    SHOULD,
    "`usage` does not have the names of chat completions.",
    source=USAGE,
    over=ANSWERS,
    breaks=["clients that add up both spellings count twice"],
)
def test_no_chat_names(x: Exchange) -> None:
    re.need(x)
    usage = re.usage_of(x)
    if not usage:
        raise NotApplicable
    for key in ("prompt_tokens", "completion_tokens"):
        require(key not in usage, f"usage.{key}", "absent", usage.get(key))
