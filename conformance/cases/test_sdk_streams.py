"""What a client library, and its accumulating helpers, make of streams."""

from __future__ import annotations

import json

from conformance.cases._sdk import (
    joined,
    raised_words,
    returned,
    same_text,
    sdk_requirement,
    surfaced,
    view_of,
)
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, Value, fail, require
from conformance.requirement import MUST, SHOULD, openai, sdk

DECODER = sdk("openai-python 3.51 _streaming.py")
HELPER = sdk("openai-python 3.51 lib/streaming/chat/_completions.py")
RESPONSES_HELPER = sdk("openai-python 3.51 lib/streaming/responses/_responses.py")


@sdk_requirement(
    "sdk.stream.readable",
    MUST,
    "The client library reads the stream to its end without an exception.",
    source=DECODER,
    needs="chat.stream",
    breaks=["openai-python: JSONDecodeError", "openai-node: SyntaxError"],
)
def test_readable(chat_stream: Exchange) -> None:
    returned(chat_stream)


@sdk_requirement(
    "sdk.stream.not-silent",
    MUST,
    "The caller gets chunks: an answer that is no event stream would yield none, in silence.",
    source=DECODER,
    needs="chat.stream",
    breaks=["the loop over the stream runs zero times and nothing is raised"],
)
def test_not_silent(chat_stream: Exchange) -> None:
    size = len(chat_stream.response.raw) if chat_stream.response else 0
    media = chat_stream.header("content-type")
    chunks = view_of(chat_stream).value
    if not chunks:
        fail("client chunks", "at least one", f"none of {size} bytes of {media}")


@sdk_requirement(
    "sdk.stream.chunks",
    MUST,
    "Every chunk on the wire reaches the caller.",
    source=DECODER,
    needs="chat.stream",
    breaks=[
        "what comes after [DONE] is lost",
        "openai-python: the first event is lost after a byte order mark, the last one without its "
        "blank line",
    ],
)
def test_chunks(chat_stream: Exchange) -> None:
    got = returned(chat_stream).is_array()
    on_wire = len(chat_stream.payloads)
    require(len(got) == on_wire, "client chunks", f"{on_wire}, as on the wire", len(got))


@sdk_requirement(
    "sdk.stream.text",
    MUST,
    "The texts of the chunks, joined by the caller, are the text on the wire.",
    source=openai("chat/streaming"),
    needs="chat.stream",
)
def test_stream_text(chat_stream: Exchange) -> None:
    same_text(chat_stream, joined(returned(chat_stream).raw), "client joined deltas")


@sdk_requirement(
    "sdk.stream.finish-reason",
    MUST,
    "The caller learns from a chunk why the choice ended.",
    source=openai("chat/streaming choices finish_reason"),
    needs="chat.stream",
    breaks=["openai-node stream helper: missing finish_reason for choice 0"],
)
def test_finish_reason(chat_stream: Exchange) -> None:
    reasons = [
        choice.get("finish_reason").raw
        for chunk in returned(chat_stream)
        for choice in chunk.get("choices")
    ]
    require(any(reasons), "client choices[0].finish_reason", "a reason in one of the chunks", None)


@sdk_requirement(
    "sdk.stream.usage",
    SHOULD,
    "With `include_usage` the caller gets the usage from one chunk.",
    source=openai("chat/create stream_options"),
    needs="chat.stream",
)
def test_stream_usage(chat_stream_usage: Exchange) -> None:
    found = [c.get("usage").raw for c in returned(chat_stream_usage) if c.get("usage").raw]
    if not found:
        fail("client usage", "in one of the chunks", "in none")
    Value(found[-1], "client usage")["total_tokens"].is_integer(1)


@sdk_requirement(
    "sdk.stream.request-id",
    SHOULD,
    "The client library finds the id of the request on the answer of a stream.",
    source=openai("debugging-requests"),
    needs="chat.stream",
)
def test_stream_request_id(chat_stream: Exchange) -> None:
    returned(chat_stream)
    surfaced(chat_stream, view_of(chat_stream).extra.get("_request_id"))


@sdk_requirement(
    "sdk.stream-helper.end",
    MUST,
    "The helper `chat.completions.stream()` reaches the end of the stream.",
    source=HELPER,
    needs="chat.stream",
    breaks=["openai-python stream helper: TypeError, IndexError or AttributeError"],
)
def test_helper(sdk_stream_helper: Exchange) -> None:
    view = view_of(sdk_stream_helper)
    if "LengthFinishReasonError" in raised_words(view):
        raise Inconclusive("the model needed more tokens than were allowed")
    returned(sdk_stream_helper)["choices"].is_array()


@sdk_requirement(
    "sdk.stream-helper.text",
    MUST,
    "The message that the helper accumulates has the text on the wire.",
    source=HELPER,
    needs="chat.stream",
    breaks=["openai-python skips chunks whose `object` is not `chat.completion.chunk`"],
)
def test_helper_text(sdk_stream_helper: Exchange) -> None:
    message = returned(sdk_stream_helper)["choices"][0]["message"]
    same_text(sdk_stream_helper, message.get("content"), "client choices[0].message.content")


def _calls(exchange: Exchange) -> list[Value]:
    """The accumulated tool calls."""
    message = returned(exchange)["choices"][0]["message"]
    calls = list(message.get("tool_calls"))
    if not calls:
        raise Inconclusive("no tool call came")
    return calls


@sdk_requirement(
    "sdk.stream-helper.tool-id",
    MUST,
    "The helper accumulates each tool call with the id and the name that the wire gives once.",
    source=HELPER,
    needs="chat.tools",
    breaks=["openai-python joins repeated ids: `call_1call_1`"],
)
def test_helper_tool_id(sdk_tool_stream: Exchange) -> None:
    ids: list[str] = []
    names = [tool["function"]["name"] for tool in sdk_tool_stream.sent["tools"]]
    for payload in sdk_tool_stream.payloads:
        for choice in Value(payload).get("choices"):
            given = [d.get("id").raw for d in choice.get("delta").get("tool_calls")]
            ids += [id for id in given if isinstance(id, str) and id]
    for call in _calls(sdk_tool_stream):
        call["id"].one_of(*dict.fromkeys(ids))
        call["function"]["name"].one_of(*names)


@sdk_requirement(
    "sdk.stream-helper.tool-arguments",
    MUST,
    "The arguments of a tool call that the helper accumulates are JSON.",
    source=HELPER,
    needs="chat.tools",
)
def test_helper_tool_arguments(sdk_tool_stream: Exchange) -> None:
    for call in _calls(sdk_tool_stream):
        arguments = call["function"]["arguments"].is_string()
        try:
            json.loads(arguments.raw)
        except ValueError as error:
            fail(arguments.path, f"JSON ({error})", arguments.raw[:300])


@sdk_requirement(
    "sdk.responses.stream.events",
    MUST,
    "Every event of a streamed response reaches the caller.",
    source=openai("responses-streaming"),
    needs="responses.stream",
    breaks=["events after an early [DONE] are lost"],
)
def test_response_events(sdk_responses_stream: Exchange) -> None:
    got = returned(sdk_responses_stream).is_array()
    on_wire = len(sdk_responses_stream.payloads)
    require(
        len(got) == on_wire and on_wire > 0,
        "client events",
        f"{on_wire or 'some'}, as on the wire",
        len(got),
    )


@sdk_requirement(
    "sdk.responses.stream-helper",
    MUST,
    "The helper `responses.stream()` reaches the final response.",
    source=RESPONSES_HELPER,
    needs="responses.stream",
    breaks=["openai-python responses.stream(): RuntimeError or IndexError"],
)
def test_response_helper(sdk_responses_helper: Exchange) -> None:
    final = returned(sdk_responses_helper)
    final["id"].is_string(empty=False)
    final["status"].one_of("completed", "incomplete")
