"""Tool calls: what holds for every call, whole or streamed, judged over the whole run."""

from __future__ import annotations

from conformance import streamed
from conformance.exchange import Exchange
from conformance.expect import NotApplicable, fail
from conformance.requirement import MAY, MUST, SHOULD, field, openai, openapi, requirement
from conformance.select import CHAT, CHAT_STREAM, Selector
from conformance.toolcalls import (
    MARKUP,
    Call,
    content,
    finish,
    made_calls,
    named,
    offered,
    parsed,
    schema_problem,
    takes_nothing,
)

WITH_TOOLS = Selector("with tools", lambda x: bool(offered(x)))
WHOLE = CHAT & WITH_TOOLS
STREAMED = CHAT_STREAM & WITH_TOOLS
TOOLS = openai("chat/create tools")
NEEDS = "chat.tools"


def _finish_reason(x: Exchange) -> None:
    for choice, made in made_calls(x):
        allowed = ["tool_calls", "length", "content_filter"]
        if named(x) is not None:
            allowed.append("stop")
        found = finish(x, choice)
        if found in streamed.FINISHES and found not in allowed:
            names = [call.name for call in made]
            fail(f"choice {choice}: finish_reason", "tool_calls", f"{found}, with calls {names}")


BREAKS_FINISH = ("agent loops: the call is never run",)


@requirement(
    "chat.tools.finish-reason",
    MUST,
    "An answer that calls tools has the finish reason `tool_calls`.",
    source=TOOLS,
    needs=NEEDS,
    over=WHOLE,
    breaks=BREAKS_FINISH,
)
def test_finish_reason(answer: Exchange) -> None:
    _finish_reason(answer)


@requirement(
    "chat.tools.stream.finish-reason",
    MUST,
    "A stream that calls tools ends with the finish reason `tool_calls`.",
    source=TOOLS,
    needs=NEEDS,
    over=STREAMED,
    breaks=BREAKS_FINISH,
)
def test_stream_finish_reason(stream: Exchange) -> None:
    _finish_reason(stream)


@requirement(
    "chat.tools.finish-means-calls",
    MUST,
    "An answer with the finish reason `tool_calls` holds at least one tool call.",
    source=field("https://github.com/vllm-project/vllm"),
    needs=NEEDS,
    over=Selector("chat answers of both forms", lambda x: WHOLE(x) or STREAMED(x)),
    breaks=["`message.tool_calls[0]`: IndexError or TypeError"],
)
def test_finish_means_calls(answer: Exchange) -> None:
    if finish(answer) != "tool_calls":
        raise NotApplicable
    try:
        made_calls(answer)
    except NotApplicable:
        fail("tool_calls", "at least one", content(answer)[:200])


def _ids_unique(x: Exchange) -> None:
    several = False
    for choice, made in made_calls(x):
        ids = [call.id for call in made if isinstance(call.id, str) and call.id]
        several = several or len(ids) > 1
        for id in ids:
            if ids.count(id) > 1:
                fail(f"choice {choice}: tool_calls[].id", "different ids", ids)
    if not several:
        raise NotApplicable("no answer with several calls")


BREAKS_IDS = ("results are matched to calls by id: one result is lost, the next request fails",)


@requirement(
    "chat.tools.ids-unique",
    MUST,
    "The tool calls of one message have different ids.",
    source=openapi("ChatCompletionMessageToolCall"),
    needs=NEEDS,
    over=WHOLE,
    breaks=BREAKS_IDS,
)
def test_ids_unique(answer: Exchange) -> None:
    _ids_unique(answer)


@requirement(
    "chat.tools.stream.ids-unique",
    MUST,
    "The tool calls of one stream have different ids.",
    source=openapi("ChatCompletionMessageToolCallChunk"),
    needs=NEEDS,
    over=STREAMED,
    breaks=BREAKS_IDS,
)
def test_stream_ids_unique(stream: Exchange) -> None:
    _ids_unique(stream)


def _arguments(x: Exchange) -> list[tuple[int, Call]]:
    """The function calls whose arguments are a string and not cut off."""
    if x.is_stream:
        streamed.whole(x)
    found = [
        (choice, call)
        for choice, made in made_calls(x)
        for call in made
        if finish(x, choice) not in ("length", "content_filter")
        and call.type != "custom"
        and isinstance(call.arguments, str)
    ]
    if not found:
        raise NotApplicable("no call with arguments")
    return found


def _arguments_json(x: Exchange) -> None:
    for _, call in _arguments(x):
        if call.arguments == "" and takes_nothing(x, call.name):
            continue
        try:
            value = parsed(call.arguments)
        except ValueError as error:
            fail(f"{call.at}: arguments", "JSON text", f"{call.arguments[:300]} ({error})")
        if not isinstance(value, dict):
            fail(f"{call.at}: arguments", "the JSON text of an object", call.arguments[:300])


BREAKS_JSON = ("json.loads(arguments) raises: the call cannot be run",)


@requirement(
    "chat.tools.arguments-json",
    MUST,
    "The arguments of a function call are the JSON text of one object.",
    source=TOOLS,
    needs=NEEDS,
    over=WHOLE,
    breaks=BREAKS_JSON,
)
def test_arguments_json(answer: Exchange) -> None:
    _arguments_json(answer)


@requirement(
    "chat.tools.stream.arguments-json",
    MUST,
    "The pieces of a streamed call's arguments join to the JSON text of one object.",
    source=TOOLS,
    needs=NEEDS,
    over=STREAMED,
    breaks=BREAKS_JSON,
)
def test_stream_arguments_json(stream: Exchange) -> None:
    _arguments_json(stream)


def _fits(x: Exchange, *, strict: bool) -> None:
    judged = False
    for _, call in _arguments(x):
        tool = offered(x).get(call.name) if isinstance(call.name, str) else None
        if tool is None or (tool.get("strict") is True) is not strict:
            continue
        try:
            value = parsed(call.arguments)
        except ValueError:
            continue
        if not isinstance(value, dict):
            continue
        judged = True
        problem = schema_problem(value, tool.get("parameters"))
        if problem:
            fail(f"{call.at}: arguments", "what the tool's schema allows",
                 f"{call.arguments[:300]} ({problem})")  # fmt: skip
    if not judged:
        raise NotApplicable


@requirement(
    "chat.tools.strict",
    MUST,
    "The arguments of a call of a strict tool satisfy its schema.",
    source=openai("chat/create tools strict"),
    needs=NEEDS,
    over=WHOLE,
    breaks=["clients that ask for strict tools do not validate again"],
)
def test_strict(answer: Exchange) -> None:
    _fits(answer, strict=True)


@requirement(
    "chat.tools.stream.strict",
    MUST,
    "The streamed arguments of a call of a strict tool satisfy its schema.",
    source=openai("chat/create tools strict"),
    needs=NEEDS,
    over=STREAMED,
    breaks=["clients that ask for strict tools do not validate again"],
)
def test_stream_strict(stream: Exchange) -> None:
    _fits(stream, strict=True)


@requirement(
    "chat.tools.arguments-fit",
    MAY,
    "The arguments of a call satisfy the schema of the tool, strict or not.",
    source=TOOLS,
    needs=NEEDS,
    over=Selector("chat answers of both forms", lambda x: WHOLE(x) or STREAMED(x)),
    breaks=["the function is called with arguments that it does not have"],
)
def test_arguments_fit(answer: Exchange) -> None:
    _fits(answer, strict=False)


def _name_known(x: Exchange) -> None:
    for _, made in made_calls(x):
        for call in made:
            if call.name not in offered(x):
                fail(f"{call.at}: name", sorted(offered(x)), call.name)


@requirement(
    "chat.tools.name-known",
    MUST,
    "A call names one of the tools of the request, letter by letter.",
    source=TOOLS,
    needs=NEEDS,
    over=WHOLE,
    breaks=["the client finds no such function"],
)
def test_name_known(answer: Exchange) -> None:
    _name_known(answer)


@requirement(
    "chat.tools.stream.name-known",
    MUST,
    "A streamed call names one of the tools of the request, letter by letter.",
    source=TOOLS,
    needs=NEEDS,
    over=STREAMED,
    breaks=["the client finds no such function"],
)
def test_stream_name_known(stream: Exchange) -> None:
    for _, made in made_calls(stream):
        for call in made:
            if call.name and call.name not in offered(stream):
                fail(f"{call.at}: name", sorted(offered(stream)), call.name)


def _no_markup(x: Exchange) -> None:
    if x.sent.get("tool_choice") == "none":
        raise NotApplicable
    text = content(x)
    for word in MARKUP:
        if word in text:
            fail("content", "no markup of tool calls", text[:300])


@requirement(
    "chat.tools.no-markup",
    MUST,
    "The markup in which a model writes its calls does not show in the content.",
    source=field("https://github.com/lmstudio-ai/lmstudio-bug-tracker"),
    needs=NEEDS,
    over=WHOLE,
    breaks=["users see raw markup and nothing is called"],
)
def test_no_markup(answer: Exchange) -> None:
    _no_markup(answer)


@requirement(
    "chat.tools.stream.no-markup",
    MUST,
    "The markup in which a model writes its calls is not streamed as content.",
    source=field("https://github.com/microsoft/Foundry-Local"),
    needs=NEEDS,
    over=STREAMED,
    breaks=["users see raw markup and nothing is called"],
)
def test_stream_no_markup(stream: Exchange) -> None:
    _no_markup(stream)


@requirement(
    "chat.tools.content-null",
    SHOULD,
    "The content beside tool calls that were forced is null or empty.",
    source=TOOLS,
    needs=NEEDS,
    over=WHOLE,
    breaks=["clients that show the content before they run the calls"],
)
def test_content_null(answer: Exchange) -> None:
    if answer.sent.get("tool_choice") in (None, "auto", "none"):
        raise NotApplicable("the model may explain itself")
    for choice, _ in made_calls(answer):
        if content(answer, choice).strip():
            fail(f"choice {choice}: message.content", "null", content(answer, choice)[:200])


def _one_at_most(x: Exchange) -> None:
    if x.sent.get("parallel_tool_calls") is not False:
        raise NotApplicable
    for choice, made in made_calls(x):
        if len(made) > 1:
            fail(f"choice {choice}: tool_calls", "one call at most", f"{len(made)} calls")


@requirement(
    "chat.tools.parallel-off",
    MUST,
    "With `parallel_tool_calls: false` an answer calls one tool at most.",
    source=openai("chat/create parallel_tool_calls"),
    needs=NEEDS,
    over=WHOLE,
    breaks=["clients that handle one call: the next request is refused for missing results"],
)
def test_parallel_off(answer: Exchange) -> None:
    _one_at_most(answer)


@requirement(
    "chat.tools.stream.parallel-off",
    MUST,
    "With `parallel_tool_calls: false` a stream calls one tool at most.",
    source=openai("chat/create parallel_tool_calls"),
    needs=NEEDS,
    over=STREAMED,
    breaks=["clients that handle one call: the next request is refused for missing results"],
)
def test_stream_parallel_off(stream: Exchange) -> None:
    _one_at_most(stream)


@requirement(
    "chat.tools.usage-counted",
    MUST,
    "The tokens of tool calls are counted as completion_tokens.",
    source=openapi("CompletionUsage"),
    needs=NEEDS,
    over=WHOLE,
    breaks=["cost accounting"],
)
def test_usage_counted(answer: Exchange) -> None:
    made_calls(answer)
    body = answer.json
    usage = body.get("usage") if isinstance(body, dict) else None
    count = streamed.number(usage.get("completion_tokens")) if isinstance(usage, dict) else None
    if count is None:
        raise NotApplicable
    if count < 1:
        fail("usage.completion_tokens", "at least 1", count)
