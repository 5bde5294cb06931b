"""Chat completions: what stands in a message that has no place there, and the form of its text."""

from __future__ import annotations

import json
import re
from typing import Any

from conformance import streamed
from conformance.chats import choices_of, content_of, message_of
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.requirement import MUST, SHOULD, field, live, openai, openapi, requirement
from conformance.select import CHAT, CHAT_ANY
from conformance.toolcalls import finish, made_calls

WORDS = ("first", "second", "third", "last")


def _messages(x: Exchange) -> list[dict[str, Any]]:
    """The messages of a whole answer, or the deltas of a stream. Raises NotApplicable for none."""
    if x.is_stream:
        found = [piece.delta for piece in streamed.pieces(x)]
    else:
        found = [message_of(choice) for choice in choices_of(x)]
    if not found:
        raise NotApplicable
    return found


@requirement(
    "chat.content.refusal-null",
    SHOULD,
    "Beside a text `refusal` is null or absent, not an empty string.",
    source=live("chat completions, 2024 to 2026"),
    needs="chat",
    over=CHAT,
    breaks=["`if message.refusal is not None`: every answer counts as refused"],
)
def test_refusal(x: Exchange) -> None:
    for message in _messages(x):
        refusal = message.get("refusal")
        if message.get("content") and isinstance(refusal, str):
            fail("choices[].message.refusal", ["null", "absent"], refusal)


@requirement(
    "chat.tools.no-legacy-call",
    MUST,
    "Without `functions` in the request there is no `function_call` in the answer.",
    source=openapi("ChatCompletionResponseMessage"),
    needs="chat",
    over=CHAT_ANY,
    breaks=["clients that read both run the call twice"],
)
def test_no_legacy_call(x: Exchange) -> None:
    if x.sent.get("functions"):
        raise NotApplicable
    for message in _messages(x):
        if message.get("function_call"):
            fail("function_call", ["null", "absent"], message["function_call"])


@requirement(
    "chat.content.line-breaks",
    MUST,
    "The line breaks of a text are line breaks, not the two characters of their escape.",
    source=openai("chat/object content"),
    needs="chat",
    breaks=["users see `\\n` in lists, tables and code"],
)
def test_line_breaks(lines: Exchange) -> None:
    text = content_of(lines)
    if r"\n" in text or "\\t" in text:
        fail("choices[0].message.content", "line breaks", text[:200])
    if "\n" not in text:
        raise Inconclusive("the model did not write lines")


@requirement(
    "chat.content.lines-kept",
    SHOULD,
    "The lines of a text stay apart.",
    source=openai("chat/object content"),
    needs="chat",
    breaks=["lists, tables and code lose their form"],
)
def test_lines_kept(lines: Exchange) -> None:
    text = content_of(lines)
    if re.findall("|".join(WORDS), text.lower()) != list(WORDS):
        raise Inconclusive("the model did not repeat the lines")
    if "\n" not in text and r"\n" not in text:
        fail("choices[0].message.content", "three lines", text[:200])


@requirement(
    "chat.tools.cut",
    MUST,
    "A tool call that the token limit cut off ends with the finish reason `length`, streamed too.",
    source=field("https://github.com/vllm-project/vllm/issues/53269"),
    needs="chat.tools",
    breaks=["agents run half a call, or fail where they parse its arguments"],
)
def test_tools_cut(tools_cut: Exchange, tools_cut_stream: Exchange) -> None:
    cut = False
    for x in (tools_cut, tools_cut_stream):
        try:
            listed = made_calls(x)
        except NotApplicable:
            continue
        for choice, calls in listed:
            if not calls or not isinstance(calls[-1].arguments, str):
                continue
            try:
                json.loads(calls[-1].arguments)
            except ValueError:
                cut = True
                reason = finish(x, choice)
                if reason in ("tool_calls", "stop"):
                    fail(f"choice {choice}: finish_reason", "length", reason, exchange=x)
    if not cut:
        raise Inconclusive("no call was cut off")


@requirement(
    "chat.content.no-tools-unasked",
    MUST,
    "Without tools in the request there are no tool calls in the answer.",
    source=openai("chat/create tools"),
    needs="chat",
    over=CHAT,
    breaks=["a client without tools waits for somebody to run them"],
)
def test_no_tools(x: Exchange) -> None:
    sent = x.sent
    if sent.get("tools") or sent.get("functions") or not choices_of(x):
        raise NotApplicable
    for choice in choices_of(x):
        message = message_of(choice)
        calls = message.get("tool_calls") or message.get("function_call")
        calls = calls if isinstance(calls, list | dict) else None
        require(not calls, "choices[].message.tool_calls", "none", calls)
        reason = choice.get("finish_reason")
        bad = reason in ("tool_calls", "function_call")
        require(not bad, "choices[].finish_reason", ["stop", "length", "content_filter"], reason)
