"""Faults of tool calls that show beside other answers, or in texts that are hard to carry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ApiError
from conformance.reference.fault import fault
from conformance.reference.faults.chat_stream import choices

Json = dict[str, Any]
Chunks = list[Json]


def calls(body: Json) -> Iterator[Json]:
    for choice in body["choices"]:
        yield from choice["message"].get("tool_calls") or ()


def deltas(chunks: Chunks) -> Iterator[Json]:
    for choice in choices(chunks):
        yield from choice["delta"].get("tool_calls") or ()


def tools(call: Call) -> bool:
    return bool(call.fields.get("tools"))


@fault("chat.tools.ids-fresh", at="reply", route="chat")
def numbered(call: Call, body: Json) -> None:
    """The calls of every answer are call_0, call_1 and so on."""
    for number, made in enumerate(calls(body)):
        made["id"] = f"call_{number}"


@fault("chat.tools.ids-fresh/stream", at="chunks", route="chat", breaks="chat.tools.ids-fresh")
def numbered_stream(call: Call, chunks: Chunks) -> None:
    """The streamed calls of every answer are call_0, call_1 and so on."""
    for delta in deltas(chunks):
        if delta.get("id"):
            delta["id"] = f"call_{delta['index']}"


@fault("chat.usage.same-completion", at="chunks", route="chat", when=tools,
       breaks=("chat.usage.same-completion", "chat.stream.usage.cut-counted"))  # fmt: skip
def opening_counted(call: Call, chunks: Chunks) -> None:
    """The usage of a stream counts one token for all of its calls."""
    usage = chunks[-1].get("usage")
    if usage and any(deltas(chunks)):
        total = usage["prompt_tokens"] + 1
        chunks[-1]["usage"] = {**usage, "completion_tokens": 1, "total_tokens": total}


def _spoilt(id: str, text: str, change: Any, *breaks: str) -> None:
    def hook(call: Call, body: Json) -> None:
        for made in calls(body):
            for inner in (made.get("function"),):
                if inner:
                    inner["arguments"] = change(inner["arguments"])

    def stream_hook(call: Call, chunks: Chunks) -> None:
        for delta in deltas(chunks):
            inner = delta.get("function")
            if inner and inner.get("arguments"):
                inner["arguments"] = change(inner["arguments"])

    whole = not id.startswith("chat.tools.stream.")
    own = breaks or (id.split("/")[0],)
    stage: Any = "reply" if whole else "chunks"
    fault(id, at=stage, route="chat", text=text, breaks=own)(hook if whole else stream_hook)


def _ascii(text: str) -> str:
    return "".join(c if ord(c) < 128 else "?" for c in text)


_spoilt("chat.tools.arguments-unicode", "Arguments are written as ASCII, with question marks.",
        _ascii, "chat.tools.arguments-unicode")  # fmt: skip
_spoilt("chat.tools.stream.arguments-unicode", "Streamed arguments lose what is not ASCII.",
        lambda text: "".join(c for c in text if ord(c) < 128))  # fmt: skip
_spoilt("chat.tools.stream.arguments-unicode/spaces",
        "The pieces of arguments are stripped of their white space.", str.strip)  # fmt: skip


@fault("chat.tools.stream.opening-arguments", at="chunks", route="chat")
def null_opening(call: Call, chunks: Chunks) -> None:
    """The first delta of a call has `arguments: null`."""
    for delta in deltas(chunks):
        if delta.get("id") and delta.get("function"):
            delta["function"]["arguments"] = None


@fault("chat.tools.stream.opening-arguments/absent", at="chunks", route="chat",
       breaks="chat.tools.stream.opening-arguments")  # fmt: skip
def no_opening(call: Call, chunks: Chunks) -> None:
    """The first delta of a call has no arguments."""
    for delta in deltas(chunks):
        if delta.get("id") and delta.get("function"):
            del delta["function"]["arguments"]


@fault("chat.tools.stream.later-unnamed", at="chunks", route="chat")
def empty_ids(call: Call, chunks: Chunks) -> None:
    """The later deltas of a call have an empty id."""
    for delta in deltas(chunks):
        delta.setdefault("id", "")


@fault("chat.tools.stream.later-unnamed/name", at="chunks", route="chat",
       breaks="chat.tools.stream.later-unnamed")  # fmt: skip
def empty_names(call: Call, chunks: Chunks) -> None:
    """The later deltas of a call have an empty name."""
    for delta in deltas(chunks):
        if delta.get("function"):
            delta["function"].setdefault("name", "")


@fault("chat.stream.model.echo", at="chunks", route="chat", when=tools)
def tool_model(call: Call, chunks: Chunks) -> None:
    """Streams with tools name the model that wrote the call."""
    for chunk in chunks:
        chunk["model"] = "qwen-tool-writer"


@fault("chat.tools.stream.custom", at="chunks", route="chat", when=tools)
def custom_as_function(call: Call, chunks: Chunks) -> None:
    """A custom tool is streamed as a function."""
    for delta in deltas(chunks):
        inner = delta.pop("custom", None)
        if inner is not None:
            delta["function"] = {("arguments" if k == "input" else k): v for k, v in inner.items()}


def _refuses(id: str, text: str, wrong: Any) -> None:
    def hook(call: Call, body: Json) -> None:
        if any(wrong(tool.get("function") or {}) for tool in body["tools"]):
            raise ApiError(400, text, param="tools", code="invalid_function_parameters")

    breaks = "chat.tools.accepts.schemas"
    fault(id, at="accepted", route="chat", text=text, breaks=breaks, when=tools)(hook)


def _holds(word: str) -> Any:
    return lambda function: word in str(function.get("parameters"))


_refuses("chat.tools.accepts.schemas", "A schema with $ref is refused.", _holds("$ref"))
_refuses("chat.tools.accepts.schemas/dialect", "A schema with $schema is refused.",
         _holds("$schema"))  # fmt: skip
_refuses("chat.tools.accepts.schemas/types", "A list of types is refused.",
         _holds("['string', 'null']"))  # fmt: skip
_refuses("chat.tools.accepts.schemas/loose", "`strict: false` is refused.",
         lambda function: function.get("strict") is False)  # fmt: skip


@fault("chat.tools.accepts.schemas/many", at="accepted", route="chat", when=tools,
       breaks="chat.tools.accepts.schemas")  # fmt: skip
def few_tools(call: Call, body: Json) -> None:
    """More than sixteen tools are refused."""
    if len(body["tools"]) > 16:
        raise ApiError(400, "Too many tools.", param="tools", code="array_above_max_length")


@fault("chat.tools.accepts.format", at="accepted", route="chat", when=tools)
def no_format(call: Call, body: Json) -> None:
    """Function calling with a response format is refused."""
    if (body.get("response_format") or {}).get("type") not in (None, "text"):
        raise ApiError(400, "Function calling with a JSON format is unsupported.",
                       param="response_format")  # fmt: skip
