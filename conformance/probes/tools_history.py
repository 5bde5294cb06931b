"""Conversations with tool calls behind them: every form that OpenAI takes, and what it refuses."""

from __future__ import annotations

from typing import Any

from conformance.probe import Accepted, Context, Skip, chat, probe, user
from conformance.probes.tools import ASK, PLAIN, WEATHER
from conformance.requirement import MUST, SHOULD, openai
from conformance.toolcalls import whole_calls

STATION = "XQ-7319"
"""No model says this by itself."""
QUESTION = "Which station reports the weather in Paris? Answer with its code."
RESULT = f'{{"station": "{STATION}"}}'
LONG_ID = "call_0123456789abcdefghijklmnopqrstuvwxyz"[:40]
ARGUMENTS = '{"city":"Paris","unit":"celsius"}'
ABSENT = object()


def call(id: str = "call_abc123", arguments: str = ARGUMENTS) -> dict[str, Any]:
    """A tool call with the documented fields and no other."""
    return {
        "id": id,
        "type": "function",
        "function": {"name": "get_weather", "arguments": arguments},
    }


def caller(*calls: dict[str, Any], content: Any = None) -> dict[str, Any]:
    """The assistant message that made the calls."""
    made: dict[str, Any] = {"role": "assistant", "content": content, "tool_calls": list(calls)}
    if content is ABSENT:
        del made["content"]
    return made


def result(content: Any = RESULT, id: str = "call_abc123") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id, "content": content}


def _history(name: str, text: str, *messages: dict[str, Any], **options: Any) -> None:
    level = options.pop("level", MUST)
    body = {"tools": [WEATHER], **PLAIN, **options}
    if not body["tools"]:
        del body["tools"]
    probe(
        f"history_{name.replace('-', '_')}",
        *chat(*messages, **body),
        needs="chat.tools",
        tokens=384,
        accepted=Accepted(
            f"chat.tools.history.{name}", level, text, openai("chat/create messages"), _BREAKS
        ),
    )


_BREAKS = ("agents: the second turn of every conversation with tools fails",)

_history(
    "name",
    "A tool message may have the `name` of its function.",
    user(QUESTION),
    caller(call()),
    {**result(), "name": "get_weather"},
)
_history(
    "null-content",
    "An assistant message with tool calls may have `content: null`.",
    user(QUESTION),
    caller(call()),
    result(),
)
_history(
    "no-content",
    "An assistant message with tool calls may have no `content`.",
    user(QUESTION),
    caller(call(), content=ABSENT),
    result(),
)
_history(
    "empty-content",
    "An assistant message with tool calls may have an empty `content`.",
    user(QUESTION),
    caller(call(), content=""),
    result(),
)
_history(
    "text-parts",
    "The content of a tool message may be an array of text parts.",
    user(QUESTION),
    caller(call()),
    result([{"type": "text", "text": RESULT}]),
)
_history(
    "several-results",
    "Several tool calls of one message are answered by several tool messages, in any order.",
    user(QUESTION),
    caller(call("call_one"), call("call_two", ARGUMENTS.replace("Paris", "Tokyo"))),
    result('{"station": "ZZ-1"}', "call_two"),
    result(RESULT, "call_one"),
)
_history(
    "long-id",
    "The id of a tool call may have 40 characters.",
    user(QUESTION),
    caller(call(LONG_ID)),
    result(id=LONG_ID),
)
_history(
    "many-rounds",
    "A conversation may hold several rounds of tool calls with text between them.",
    {"role": "system", "content": "You are a helpful assistant."},
    user("What is the weather in Tokyo?"),
    caller(call("call_one", ARGUMENTS.replace("Paris", "Tokyo")), content="Let me look."),
    result('{"station": "ZZ-1"}', "call_one"),
    {"role": "assistant", "content": "It is sunny in Tokyo."},
    user(QUESTION),
    caller(call("call_two")),
    result(RESULT, "call_two"),
)
_history(
    "empty-result",
    "The content of a tool message may be empty.",
    user(QUESTION),
    caller(call()),
    result(""),
)
_history(
    "streamed",
    "A conversation with tool results may be answered by a stream.",
    user(QUESTION),
    caller(call()),
    result(),
    stream=True,
)
_history(
    "without-tools",
    "A conversation with tool calls is accepted without `tools` in the request.",
    user(QUESTION),
    caller(call()),
    result(),
    tools=[],
    level=SHOULD,
)


def _echo(c: Context) -> dict[str, Any]:
    """The target's own answer, sent back as it came, as SDK users do."""
    called = whole_calls(c["tools"])
    if not called or not all(isinstance(one.id, str) for one in called):
        raise Skip("the target made no call that could be answered")
    message = c["tools"].json["choices"][0]["message"]
    return {
        "model": c.model("chat"),
        "messages": [user(ASK), message, *(result(id=one.id) for one in called)],
        "tools": [WEATHER],
        **PLAIN,
    }


probe(
    "history_echo",
    "POST",
    "/chat/completions",
    _echo,
    needs="chat.tools",
    after=("tools",),
    tokens=384,
    accepted=Accepted(
        "chat.tools.history.echo",
        MUST,
        "The message that called tools is accepted when it is sent back as it came.",
        openai("chat/create messages"),
        _BREAKS,
    ),
)


def _refused(name: str, *messages: dict[str, Any]) -> None:
    body = chat(*messages, tools=[WEATHER], **PLAIN)
    probe(f"history_bad_{name}", *body, needs="chat.tools", valid=False, tokens=384)


_refused("orphan", user(QUESTION), result())
_refused("unknown", user(QUESTION), caller(call()), result(id="call_other"))
_refused("unanswered", user(QUESTION), caller(call()), user("Well?"))
_without_id = result()
del _without_id["tool_call_id"]
_refused("no_id", user(QUESTION), caller(call()), _without_id)
_refused("empty", user(QUESTION), caller(content="Let me see."), user("Well?"))
