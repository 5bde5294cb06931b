"""Tools: `tool_choice`, parallel calls, and the same request whole and streamed."""

from __future__ import annotations

from conformance import streamed
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, expect, fail
from conformance.requirement import MUST, SHOULD, field, openai, requirement
from conformance.toolcalls import Call, calls, content, finish, keys

NEEDS = "chat.tools"
CHOICE = openai("chat/create tool_choice")
TOOLS = openai("chat/create tools")


def _called(x: Exchange) -> list[Call]:
    """The calls. Raises Inconclusive when the model made none."""
    found = calls(x)
    if not found:
        raise Inconclusive("no tool was called")
    return found


def _must_call(x: Exchange) -> None:
    if calls(x):
        return
    if x.is_stream:
        streamed.by_choice(x)
    if finish(x) == "length" and not content(x):
        raise Inconclusive("the token limit was reached before the answer began")
    if streamed.message(x).get("refusal"):
        raise Inconclusive("the model refused")
    fail("tool_calls", "at least one call", content(x)[:200] or "none")


@requirement(
    "chat.tools.required",
    MUST,
    "`tool_choice: required` is always answered by a tool call.",
    source=CHOICE,
    needs="chat",
    breaks=["LangChain with_structured_output, instructor: no call to parse"],
)
def test_required(tools: Exchange) -> None:
    _must_call(tools)


@requirement(
    "chat.tools.required-unrelated",
    MUST,
    "`tool_choice: required` makes the model call a tool even if the question needs none.",
    source=CHOICE,
    needs=NEEDS,
    breaks=["clients that route by a forced call"],
)
def test_required_unrelated(tools_unrelated: Exchange) -> None:
    _must_call(tools_unrelated)


@requirement(
    "chat.tools.stream.required",
    MUST,
    "`tool_choice: required` is always answered by a tool call when streamed, too.",
    source=CHOICE,
    needs=NEEDS,
    breaks=["clients that route by a forced call"],
)
def test_stream_required(tools_unrelated_stream: Exchange) -> None:
    _must_call(tools_unrelated_stream)


@requirement(
    "chat.tools.stream.accepted",
    MUST,
    "Tools and `stream: true` work together.",
    source=TOOLS,
    needs=NEEDS,
    any_status=True,
    breaks=["agents that stream"],
)
def test_stream_accepted(tools_stream: Exchange) -> None:
    if tools_stream.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    expect(tools_stream).status(2)


def _valid(*answers: Exchange) -> None:
    for x in answers:
        if x.status == 429:
            raise Inconclusive("the answer was 429", owner="quota")
        expect(x).status(2)


@requirement(
    "chat.tools.accepts.auto",
    MUST,
    "`tool_choice: auto` is accepted; a call that the model gets wrong is no error of the client.",
    source=CHOICE,
    needs=NEEDS,
    any_status=True,
    breaks=["a 400 for a valid request is not tried again"],
)
def test_accepts_auto(tools_auto: Exchange, tools_auto_stream: Exchange) -> None:
    _valid(tools_auto, tools_auto_stream)


@requirement(
    "chat.tools.accepts.named",
    MUST,
    "`tool_choice` may name a function.",
    source=CHOICE,
    needs=NEEDS,
    any_status=True,
    breaks=["LangChain with_structured_output, instructor"],
)
def test_accepts_named(tools_named: Exchange, tools_named_stream: Exchange) -> None:
    _valid(tools_named, tools_named_stream)


@requirement(
    "chat.tools.accepts.none",
    MUST,
    "`tool_choice: none` is accepted beside tools.",
    source=CHOICE,
    needs=NEEDS,
    any_status=True,
)
def test_accepts_none(tools_none: Exchange, tools_none_stream: Exchange) -> None:
    _valid(tools_none, tools_none_stream)


@requirement(
    "chat.tools.accepts.parallel",
    MUST,
    "`parallel_tool_calls` is accepted, true and false.",
    source=openai("chat/create parallel_tool_calls"),
    needs=NEEDS,
    any_status=True,
    breaks=["LangChain and the AI SDK send it"],
)
def test_accepts_parallel(
    tools_parallel: Exchange, tools_single: Exchange, tools_single_stream: Exchange
) -> None:
    _valid(tools_parallel, tools_single, tools_single_stream)


@requirement(
    "chat.tools.accepts.strict",
    MUST,
    "A tool may be `strict`, with nested objects, arrays, unions and enums of integers.",
    source=openai("chat/create tools strict"),
    needs=NEEDS,
    any_status=True,
    breaks=["openai-python pydantic_function_tool() makes strict tools"],
)
def test_accepts_strict(tools_strict: Exchange, tools_strict_stream: Exchange) -> None:
    _valid(tools_strict, tools_strict_stream)


def _only(x: Exchange, wanted: str) -> None:
    found = calls(x)
    if not found:
        _must_call(x)
    names = [call.name for call in found if call.name or call.id or not x.is_stream]
    if any(name != wanted for name in names):
        fail("tool_calls[].function.name", wanted, names)


@requirement(
    "chat.tools.named",
    MUST,
    "A `tool_choice` that names a function is answered by a call of that function and no other.",
    source=CHOICE,
    needs=NEEDS,
    breaks=["LangChain with_structured_output, instructor: no call or the wrong one"],
)
def test_named(tools_named: Exchange) -> None:
    _only(tools_named, "save_note")


@requirement(
    "chat.tools.stream.named",
    MUST,
    "A streamed answer to a `tool_choice` that names a function calls that function and no other.",
    source=CHOICE,
    needs=NEEDS,
    breaks=["LangChain with_structured_output, instructor: no call or the wrong one"],
)
def test_stream_named(tools_named_stream: Exchange) -> None:
    _only(tools_named_stream, "save_note")


def _no_call(x: Exchange) -> None:
    found = calls(x)
    if found or finish(x) == "tool_calls":
        fail("tool_calls", "absent", [call.name for call in found] or "finish_reason tool_calls")


@requirement(
    "chat.tools.none",
    MUST,
    "With `tool_choice: none` no tool is called.",
    source=CHOICE,
    needs=NEEDS,
    breaks=["agents that ask for a last word get another call, and loop"],
)
def test_none(tools_none: Exchange) -> None:
    _no_call(tools_none)


@requirement(
    "chat.tools.stream.none",
    MUST,
    "With `tool_choice: none` no tool is called in a stream.",
    source=CHOICE,
    needs=NEEDS,
    breaks=["agents that ask for a last word get another call, and loop"],
)
def test_stream_none(tools_none_stream: Exchange) -> None:
    _no_call(tools_none_stream)


@requirement(
    "chat.tools.none-answers",
    MUST,
    "With `tool_choice: none` the content holds what was generated; it is not emptied.",
    source=field("https://github.com/vllm-project/vllm"),
    needs=NEEDS,
    breaks=["an empty answer that was paid for"],
)
def test_none_answers(tools_none: Exchange) -> None:
    if calls(tools_none) or content(tools_none).strip():
        return
    body = tools_none.json
    usage = body.get("usage") if isinstance(body, dict) else None
    count = streamed.number(usage.get("completion_tokens")) if isinstance(usage, dict) else None
    if count is None or count <= 5 or finish(tools_none) == "length":
        raise Inconclusive("the model said nothing")
    message = streamed.message(tools_none)
    if message.get("refusal"):
        raise NotApplicable
    fail("message.content", "text", f"{message.get('content')!r}, {count} tokens")


@requirement(
    "chat.tools.named-unknown",
    MUST,
    "A `tool_choice` that names a function which is not among the tools is refused.",
    source=CHOICE,
    needs=NEEDS,
    any_status=True,
    breaks=["a misspelled name passes for a call with free arguments"],
)
def test_named_unknown(tools_unknown: Exchange) -> None:
    expect(tools_unknown).status(4)


@requirement(
    "chat.tools.bad-choice",
    MUST,
    "A `tool_choice` that is none of the documented words is refused.",
    source=CHOICE,
    needs=NEEDS,
    any_status=True,
)
def test_bad_choice(tools_bad_choice: Exchange) -> None:
    expect(tools_bad_choice).status(4)


@requirement(
    "chat.tools.bad-schema",
    MUST,
    "A tool whose parameters are no JSON Schema is refused.",
    source=TOOLS,
    needs=NEEDS,
    any_status=True,
    breaks=["a mistake in a tool shows only in wrong arguments"],
)
def test_bad_schema(tools_bad_schema: Exchange) -> None:
    expect(tools_bad_schema).status(4)


@requirement(
    "chat.tools.bad-name",
    MUST,
    "A tool whose name has characters beside letters, digits, `_` and `-` is refused.",
    source=TOOLS,
    needs=NEEDS,
    any_status=True,
)
def test_bad_name(tools_bad_name: Exchange) -> None:
    expect(tools_bad_name).status(4)


@requirement(
    "chat.tools.bad-strict",
    MUST,
    "A strict tool whose schema is not closed is refused, or its calls hold every key.",
    source=openai("chat/create tools strict"),
    needs=NEEDS,
    any_status=True,
    breaks=["strict is promised and not kept: a key is missing"],
)
def test_bad_strict(tools_bad_strict: Exchange) -> None:
    if not tools_bad_strict.ok:
        expect(tools_bad_strict).status(4)
        return
    wanted = ["reminder", "text"]
    for call in _called(tools_bad_strict):
        if keys(call) != wanted:
            fail("status, or the keys of the arguments", ["400", str(wanted)],
                 f"200, {call.arguments}")  # fmt: skip


@requirement(
    "chat.tools.allowed",
    MUST,
    "`tool_choice` of type allowed_tools lets the model call these tools and no other.",
    source=CHOICE,
    needs="chat.tools.allowed",
    breaks=["clients that narrow the tools without changing the cached prompt"],
)
def test_allowed(tools_allowed: Exchange) -> None:
    _only(tools_allowed, "save_note")


@requirement(
    "chat.tools.custom",
    MUST,
    "A custom tool is called with its name and an input string.",
    source=TOOLS,
    needs="chat.tools.custom",
    breaks=["clients read call.custom.input"],
)
def test_custom(tools_custom: Exchange) -> None:
    if not calls(tools_custom):
        _must_call(tools_custom)
    raw = streamed.message(tools_custom)["tool_calls"][0]
    inner = raw.get("custom") if isinstance(raw, dict) else None
    good = isinstance(inner, dict) and inner.get("name") == "run_code"
    if not good or not isinstance(inner, dict) or not isinstance(inner.get("input"), str):
        fail("tool_calls[0]", "type custom, with custom.name and custom.input", raw)


@requirement(
    "chat.tools.stream.custom",
    MUST,
    "A streamed call of a custom tool brings its name and its input, in `custom`.",
    source=TOOLS,
    needs="chat.tools.custom",
    breaks=["clients join call.custom.input"],
)
def test_custom_stream(tools_custom_stream: Exchange) -> None:
    listed = [
        raw
        for piece in streamed.pieces(tools_custom_stream)
        for raw in piece.delta.get("tool_calls") or ()
        if isinstance(raw, dict)
    ]
    if not listed:
        _must_call(tools_custom_stream)
    inner = [c for raw in listed if isinstance(c := raw.get("custom"), dict)]
    names = [c.get("name") for c in inner if c.get("name")]
    words = [c.get("input") for c in inner if c.get("input") is not None]
    if set(names) != {"run_code"} or not words or not all(isinstance(w, str) for w in words):
        fail("delta.tool_calls[0]", "type custom, with custom.name and custom.input", listed[:3])


@requirement(
    "chat.tools.bare",
    SHOULD,
    "A call of a tool without parameters has no arguments.",
    source=TOOLS,
    needs=NEEDS,
    breaks=["the function is called with arguments that it does not have"],
)
def test_bare(tools_bare: Exchange) -> None:
    for call in _called(tools_bare):
        if keys(call):
            fail(f"{call.at}: arguments", ["{}", "an empty string"], call.arguments)
