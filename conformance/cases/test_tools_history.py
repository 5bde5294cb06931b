"""Tools: results go back and are used; histories that make no sense are refused."""

from __future__ import annotations

from conformance import streamed
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, expect, fail
from conformance.probes.tools_history import STATION
from conformance.requirement import MUST, field, openai, requirement
from conformance.toolcalls import Call, calls, keys

NEEDS = "chat.tools"
MESSAGES = openai("chat/create messages")


def _used(plain: Exchange, other: Exchange) -> None:
    """The other form of a history gives the model what the plain one gives it."""
    if STATION not in streamed.content(plain):
        raise Inconclusive("the model did not tell the result")
    if other.is_stream:
        streamed.by_choice(other)
    text = streamed.content(other)
    if STATION not in text:
        if calls(other):
            raise Inconclusive("the model asked again")
        fail("content", f"{STATION}, as with the plain history", text[:200])


@requirement(
    "chat.tools.history.parts-read",
    MUST,
    "A tool result in text parts reaches the model as one in a string does.",
    source=field("https://github.com/vllm-project/vllm"),
    needs=NEEDS,
    breaks=["AI SDK and MCP bridges send parts: results are lost"],
)
def test_parts_read(history_null_content: Exchange, history_text_parts: Exchange) -> None:
    _used(history_null_content, history_text_parts)


@requirement(
    "chat.tools.history.several-read",
    MUST,
    "Each of several tool results reaches the model.",
    source=MESSAGES,
    needs=NEEDS,
    breaks=["agents: results are lost"],
)
def test_several_read(history_null_content: Exchange, history_several_results: Exchange) -> None:
    _used(history_null_content, history_several_results)


@requirement(
    "chat.tools.history.stream-read",
    MUST,
    "A tool result reaches the model also when the answer is streamed.",
    source=MESSAGES,
    needs=NEEDS,
    breaks=["agents: results are lost"],
)
def test_stream_read(history_null_content: Exchange, history_streamed: Exchange) -> None:
    _used(history_null_content, history_streamed)


@requirement(
    "chat.tools.history.orphan",
    MUST,
    "A tool message that answers no tool call is refused.",
    source=MESSAGES,
    needs=NEEDS,
    any_status=True,
    breaks=["a history that was cut in the wrong place gives nonsense instead of an error"],
)
def test_orphan(history_bad_orphan: Exchange) -> None:
    expect(history_bad_orphan).status(4)


@requirement(
    "chat.tools.history.unknown-id",
    MUST,
    "A tool message whose tool_call_id is not among the calls is refused.",
    source=MESSAGES,
    needs=NEEDS,
    any_status=True,
    breaks=["a result is matched to nothing, and the model invents one"],
)
def test_unknown_id(history_bad_unknown: Exchange) -> None:
    expect(history_bad_unknown).status(4)


@requirement(
    "chat.tools.history.unanswered",
    MUST,
    "An assistant message with tool calls that no tool message answers is refused.",
    source=MESSAGES,
    needs=NEEDS,
    any_status=True,
    breaks=["a result that was lost gives nonsense instead of an error"],
)
def test_unanswered(history_bad_unanswered: Exchange) -> None:
    expect(history_bad_unanswered).status(4)


@requirement(
    "chat.tools.history.no-id",
    MUST,
    "A tool message without tool_call_id is refused.",
    source=MESSAGES,
    needs=NEEDS,
    any_status=True,
    breaks=["a client's mistake shows only with other servers"],
)
def test_no_id(history_bad_no_id: Exchange) -> None:
    expect(history_bad_no_id).status(4)


@requirement(
    "chat.tools.history.empty-calls",
    MUST,
    "An assistant message with an empty `tool_calls` is refused.",
    source=MESSAGES,
    needs=NEEDS,
    any_status=True,
    breaks=["a client's mistake shows only with other servers"],
)
def test_empty_calls(history_bad_empty: Exchange) -> None:
    expect(history_bad_empty).status(4)


# ---- the form before tools ---------------------------------------------------------------------


def _function_call(x: Exchange) -> dict[str, object]:
    found = streamed.message(x).get("function_call")
    if not isinstance(found, dict):
        raise NotApplicable("no function was called")
    return found


@requirement(
    "chat.functions.called",
    MUST,
    "A `function_call` that names a function is answered by `message.function_call`.",
    source=openai("chat/create function_call"),
    needs="chat.functions",
    breaks=["clients of 2023, which read message.function_call"],
)
def test_functions_called(functions: Exchange) -> None:
    message = streamed.message(functions)
    found = message.get("function_call")
    if not isinstance(found, dict) or found.get("name") != "get_weather":
        fail("message.function_call", "a call of get_weather", found or sorted(message))


@requirement(
    "chat.functions.arguments-json",
    MUST,
    "The arguments of a legacy function call are the JSON text of one object.",
    source=openai("chat/create function_call"),
    needs="chat.functions",
    breaks=["json.loads(arguments) raises"],
)
def test_functions_arguments(functions: Exchange) -> None:
    found = _function_call(functions)
    if streamed.choice_of(functions).get("finish_reason") == "length":
        raise Inconclusive("the arguments were cut off")
    if keys(Call(arguments=found.get("arguments"))) is None:
        fail("message.function_call.arguments", "the JSON text of an object",
             found.get("arguments"))  # fmt: skip


@requirement(
    "chat.functions.finish-reason",
    MUST,
    "An answer that calls a legacy function ends with `function_call`, or `stop` when forced.",
    source=openai("chat/create function_call"),
    needs="chat.functions",
    breaks=["clients of 2023, which wait for function_call"],
)
def test_functions_finish(functions: Exchange) -> None:
    _function_call(functions)
    found = streamed.choice_of(functions).get("finish_reason")
    if found not in ("function_call", "stop", "length"):
        fail("finish_reason", ["function_call", "stop"], found)


@requirement(
    "chat.functions.stream",
    MUST,
    "The deltas of a streamed function call join to its name and the JSON text of its arguments.",
    source=openai("chat/streaming"),
    needs="chat.functions",
    breaks=["clients of 2023, which join them"],
)
def test_functions_stream(functions_stream: Exchange) -> None:
    name, text = "", ""
    streamed.by_choice(functions_stream)
    for piece in streamed.pieces(functions_stream):
        part = piece.delta.get("function_call")
        if isinstance(part, dict):
            name += part["name"] if isinstance(part.get("name"), str) else ""
            text += part["arguments"] if isinstance(part.get("arguments"), str) else ""
    if streamed.finish(functions_stream) == "length":
        raise Inconclusive("the arguments were cut off")
    if name != "get_weather" or keys(Call(arguments=text)) is None:
        fail("delta.function_call, joined", "get_weather with a JSON object", f"{name}: {text}")
