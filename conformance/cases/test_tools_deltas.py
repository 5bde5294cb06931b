"""Streamed tool calls: the order of their deltas."""

from __future__ import annotations

import itertools

from conformance.exchange import Exchange
from conformance.expect import Inconclusive, fail
from conformance.requirement import MUST, SHOULD, openai, openapi, requirement, sdk
from conformance.select import CHAT_STREAM, Selector
from conformance.toolcalls import (
    Call,
    made_calls,
    offered,
)

STREAMED = CHAT_STREAM & Selector("with tools", lambda x: bool(offered(x)))
NEEDS = "chat.tools"


@requirement(
    "chat.tools.stream.index-order",
    MUST,
    "The calls of a stream are numbered 0, 1, 2, ... in the order of their beginning.",
    source=openapi("ChatCompletionMessageToolCallChunk"),
    needs=NEEDS,
    over=STREAMED,
    breaks=["openai-python .stream(): IndexError", "openai-node .stream(): error"],
)
def test_index_order(stream: Exchange) -> None:
    for choice, made in made_calls(stream):
        found = [call.index for call in made]
        if found != list(range(len(found))):
            fail(f"choice {choice}: tool_calls[].index", "0, 1, 2, ...", found)


@requirement(
    "chat.tools.stream.index-opened",
    MUST,
    "Every index of a stream's calls has a delta with an id or a name: pieces keep their index.",
    source=openapi("ChatCompletionMessageToolCallChunk"),
    needs=NEEDS,
    over=STREAMED,
    breaks=["accumulators make calls without a name, and lose the end of the arguments"],
)
def test_index_opened(stream: Exchange) -> None:
    for _, made in made_calls(stream):
        for call in made:
            if not call.id and not call.name:
                fail(f"event {call.numbers[0]}, tool call {call.index}", "an id and a name first",
                     call.deltas[0])  # fmt: skip


def _opening(call: Call) -> dict[str, object]:
    return call.deltas[0]


@requirement(
    "chat.tools.stream.opening-id",
    MUST,
    "The first delta of each call has an id.",
    source=openai("chat/streaming"),
    needs=NEEDS,
    over=STREAMED,
    breaks=["the tool message that answers it is refused: tool_call_id is null"],
)
def test_opening_id(stream: Exchange) -> None:
    for _, made in made_calls(stream):
        for call in made:
            if not (call.id or call.name):
                continue  # an index that was never opened
            if not _opening(call).get("id"):
                fail(f"event {call.numbers[0]}, {call.at}: id", "a string", _opening(call))


@requirement(
    "chat.tools.stream.opening-name",
    MUST,
    "The first delta of each call has the name of the function.",
    source=openai("chat/streaming"),
    needs=NEEDS,
    over=STREAMED,
    breaks=["the client does not know what to call"],
)
def test_opening_name(stream: Exchange) -> None:
    for _, made in made_calls(stream):
        for call in made:
            if not (call.id or call.name):
                continue
            if not _name(_opening(call)):
                fail(f"event {call.numbers[0]}, {call.at}: function.name", "a string",
                     _opening(call))  # fmt: skip


@requirement(
    "chat.tools.stream.opening-type",
    MUST,
    "The first delta of each call has a type.",
    source=openai("chat/streaming"),
    needs=NEEDS,
    over=STREAMED,
    breaks=["openai-node .stream(): missing type of tool call"],
)
def test_opening_type(stream: Exchange) -> None:
    for _, made in made_calls(stream):
        for call in made:
            if (call.id or call.name) and _opening(call).get("type") not in ("function", "custom"):
                fail(f"event {call.numbers[0]}, {call.at}: type", ["function", "custom"],
                     _opening(call).get("type", "absent"))  # fmt: skip


def _name(delta: dict[str, object]) -> object:
    inner = delta.get("function") or delta.get("custom")
    return inner.get("name") if isinstance(inner, dict) else None


@requirement(
    "chat.tools.stream.id-once",
    MUST,
    "The id of a call is sent once, in its first delta.",
    source=openai("chat/streaming"),
    needs=NEEDS,
    over=STREAMED,
    breaks=["openai-python .stream() joins them: call_1call_1"],
)
def test_id_once(stream: Exchange) -> None:
    for _, made in made_calls(stream):
        for call in made:
            later = [delta["id"] for delta in call.deltas[1:] if delta.get("id")]
            if later and _opening(call).get("id"):
                fail(f"{call.at}: id", "absent after the first delta", later[0])


@requirement(
    "chat.tools.stream.name-once",
    MUST,
    "The name of a called function is sent once, in the first delta.",
    source=openai("chat/streaming"),
    needs=NEEDS,
    over=STREAMED,
    breaks=["openai-python .stream() joins them: read_fileread_file"],
)
def test_name_once(stream: Exchange) -> None:
    for _, made in made_calls(stream):
        for call in made:
            later = [_name(delta) for delta in call.deltas[1:] if _name(delta)]
            if later and _name(_opening(call)):
                fail(f"{call.at}: function.name", "absent after the first delta", later[0])


@requirement(
    "chat.tools.stream.later-nulls",
    SHOULD,
    "Later deltas of a call leave out id, type and name, rather than give null.",
    source=sdk("openai-python 3.54 and openai-node 6, accumulation of streamed tool calls"),
    needs=NEEDS,
    over=STREAMED,
    breaks=[
        "openai-python .stream(): AssertionError on a null type",
        "openai-node .stream(): OpenAIError on a null id or name",
    ],
)
def test_later_nulls(stream: Exchange) -> None:
    for _, made in made_calls(stream):
        for call in made:
            for delta in call.deltas[1:]:
                inner = delta.get("function")
                given = {**delta, **(inner if isinstance(inner, dict) else {})}
                nulls = [name for name in ("id", "type", "name") if given.get(name, "") is None]
                if nulls:
                    fail(f"{call.at}: {nulls[0]}", "absent after the first delta", None)


@requirement(
    "chat.tools.stream.one-by-one",
    MUST,
    "The pieces of a call's arguments come in order: a call is over when the next begins.",
    source=openai("chat/streaming"),
    needs=NEEDS,
    over=STREAMED,
    breaks=["clients that run a call when the next one begins"],
)
def test_one_by_one(stream: Exchange) -> None:
    several = False
    for _, made in made_calls(stream):
        several = several or len(made) > 1
        for call, following in itertools.pairwise(made):
            pieces = [
                number
                for number, delta in zip(call.numbers, call.deltas, strict=True)
                if number > following.numbers[0] and delta.get("function")
            ]
            if pieces:
                fail(f"event {pieces[0]}", f"nothing more of call {call.index}",
                     f"call {following.index} began in event {following.numbers[0]}")  # fmt: skip
    if not several:
        raise Inconclusive("the model called one tool only")
