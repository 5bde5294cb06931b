"""Tools: the same request, whole and streamed, and several calls in one answer."""

from __future__ import annotations

from conformance import streamed
from conformance.chats import contents_of
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, fail
from conformance.requirement import MUST, field, openai, requirement
from conformance.toolcalls import Call, calls, content, finish, keys, offered

NEEDS = "chat.tools"
TOOLS = openai("chat/create tools")


def _called(x: Exchange) -> list[Call]:
    """The calls. Raises Inconclusive when the model made none."""
    found = calls(x)
    if not found:
        raise Inconclusive("no tool was called")
    return found


def _same_finish(whole: Exchange, stream: Exchange) -> None:
    _called(whole), _called(stream)
    first, second = finish(whole), finish(stream)
    if first not in streamed.FINISHES or second not in streamed.FINISHES:
        raise NotApplicable
    if first != second:
        fail("finish_reason", f"{first}, as without stream", second)


@requirement(
    "chat.tools.stream.finish-equal",
    MUST,
    "A required call has the same finish reason streamed and not streamed.",
    source=TOOLS,
    needs=NEEDS,
    breaks=["agent loops stop in one mode only"],
)
def test_finish_equal(tools: Exchange, tools_stream: Exchange) -> None:
    _same_finish(tools, tools_stream)


@requirement(
    "chat.tools.stream.finish-equal-named",
    MUST,
    "A call of a named function has the same finish reason streamed and not streamed.",
    source=TOOLS,
    needs=NEEDS,
    breaks=["agent loops stop in one mode only"],
)
def test_finish_equal_named(tools_named: Exchange, tools_named_stream: Exchange) -> None:
    _same_finish(tools_named, tools_named_stream)


@requirement(
    "chat.tools.stream.keys-equal",
    MUST,
    "Streamed arguments have the keys of those that are not streamed.",
    source=TOOLS,
    needs=NEEDS,
    breaks=["the function is called without its arguments, in one mode only"],
)
def test_keys_equal(tools: Exchange, tools_stream: Exchange) -> None:
    first, second = _called(tools)[0], _called(tools_stream)[0]
    if "length" in (finish(tools), finish(tools_stream)):
        raise Inconclusive("the arguments were cut off")
    whole, found = keys(first), keys(second)
    if whole is None or (second.arguments and found is None):
        raise NotApplicable("arguments that are no JSON object")
    if first.name != second.name or whole == found:
        return
    if found:
        raise Inconclusive("the model chose other arguments")
    if whole:
        fail("the keys of the arguments", f"{whole}, as without stream", second.arguments)


@requirement(
    "chat.tools.stream.content-equal",
    MUST,
    "Where a forced call has no content without streaming, none is streamed before it.",
    source=field("https://github.com/raullenchai/Rapid-MLX"),
    needs=NEEDS,
    breaks=["hidden reasoning is shown to users"],
)
def test_content_equal(tools: Exchange, tools_stream: Exchange) -> None:
    _called(tools), _called(tools_stream)
    if not content(tools).strip() and content(tools_stream).strip():
        fail("delta.content", "null or empty, as without stream", content(tools_stream)[:200])


@requirement(
    "chat.tools.stream.count-equal",
    MUST,
    "The same request brings as many calls streamed as not streamed.",
    source=TOOLS,
    needs=NEEDS,
    breaks=["calls are lost in one mode only"],
)
def test_count_equal(
    tools_parallel: Exchange, tools_parallel_stream: Exchange, chat_greedy: Steps
) -> None:
    if len({text for x in chat_greedy for text in contents_of(x)}) > 1:
        raise Inconclusive("the model answers the same request in several ways")
    whole, found = _called(tools_parallel), _called(tools_parallel_stream)
    if "length" in (finish(tools_parallel), finish(tools_parallel_stream)):
        raise Inconclusive("the calls were cut off")
    if len(whole) != len(found) and min(len(whole), len(found)) < 2 <= max(len(whole), len(found)):
        fail("tool_calls", f"{len(whole)}, as without stream", len(found))


@requirement(
    "chat.tools.parallel-arguments",
    MUST,
    "Several calls of one answer have arguments of their own.",
    source=TOOLS,
    needs=NEEDS,
    breaks=["the same thing is done several times"],
)
def test_parallel_arguments(tools_parallel: Exchange, tools_parallel_stream: Exchange) -> None:
    found = _called(tools_parallel)
    if len(found) < 2:
        raise Inconclusive("the model called one tool only")
    if len({str(call.arguments) for call in found}) == 1:
        if len({str(call.arguments) for call in _called(tools_parallel_stream)}) == 1:
            raise Inconclusive("the model makes the same call again and again")
        fail("tool_calls[].function.arguments", "a city of its own in each", found[0].arguments)


@requirement(
    "chat.tools.stream.own-arguments",
    MUST,
    "In a stream of calls of two tools each has arguments of its own.",
    source=field("https://github.com/vllm-project/vllm"),
    needs=NEEDS,
    breaks=["the second function is called without its arguments"],
)
def test_own_arguments(tools_both_stream: Exchange) -> None:
    found = _called(tools_both_stream)
    about = [call for call in found if call.name == "get_weather"]
    if not about or len(found) < 2 or "get_weather" not in offered(tools_both_stream):
        raise Inconclusive("the model did not call both tools")
    if finish(tools_both_stream) == "length":
        raise Inconclusive("the arguments were cut off")
    for call in about:
        found_keys = keys(call)
        if found_keys is not None and "city" not in found_keys:
            fail(f"{call.at}: arguments", "an object with city", call.arguments)
