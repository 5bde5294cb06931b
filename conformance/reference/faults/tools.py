"""Faults of tool calls that are not streamed, and of the choice among tools in both forms."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from conformance.reference.call import Call
from conformance.reference.fault import fault

Json = dict[str, Any]
Chunks = list[Json]
SHAPE = "chat.shape.choices.message.tool-calls"


def with_tools(call: Call) -> bool:
    return bool(call.fields.get("tools"))


def chosen(call: Call, choice: Any) -> bool:
    return with_tools(call) and call.fields.get("tool_choice") == choice


def named(call: Call) -> bool:
    choice = call.fields.get("tool_choice")
    return isinstance(choice, dict) and choice.get("type") == "function"


def messages(body: Json) -> Iterator[tuple[Json, Json]]:
    """Each choice that calls tools, with its message."""
    for choice in body.get("choices", ()):
        if choice["message"].get("tool_calls"):
            yield choice, choice["message"]


def calls(body: Json) -> list[Json]:
    return [call for _, message in messages(body) for call in message["tool_calls"]]


def functions(body: Json) -> list[Json]:
    return [call["function"] for call in calls(body) if call["type"] == "function"]


def without_calls(body: Json, text: str) -> None:
    for choice, message in messages(body):
        del message["tool_calls"]
        message["content"] = text
        choice["finish_reason"] = "stop"


# ---- the form of a call ------------------------------------------------------------------------


@fault("chat.tools.finish-reason", at="reply", route="chat", when=with_tools,
       breaks=("chat.tools.finish-reason", "chat.tools.stream.finish-equal",
               "chat.tools.stream.finish-equal-named"),
       field_defects=("finish-reason-stop-with-tool-calls",
                      "finish-reason-required-nonstream-stop"))  # fmt: skip
def finish_stop(call: Call, body: Json) -> None:
    """The finish reason of a whole answer with calls is `stop`."""
    for choice, _ in messages(body):
        choice["finish_reason"] = "stop"


@fault("chat.tools.finish-means-calls", at="reply", route="chat",
       when=lambda call: chosen(call, "required"),
       breaks=("chat.tools.finish-means-calls", "chat.tools.required",
               "chat.tools.required-unrelated", f"{SHAPE}.non-empty", "chat.tools.custom"),
       field_defects="finish-reason-tool-calls-with-empty-array")  # fmt: skip
def empty_calls(call: Call, body: Json) -> None:
    """A required call is answered by text, an empty list of calls and `tool_calls`."""
    for _, message in messages(body):
        message["tool_calls"] = []
        message["content"] = "I would look that up."


@fault("chat.tools.ids-unique", at="reply", route="chat",
       field_defects="tool-call-ids-duplicate-in-one-message")  # fmt: skip
def same_ids(call: Call, body: Json) -> None:
    """Parallel calls have one id."""
    for made in calls(body):
        made["id"] = "call_edit22"


@fault("chat.tools.id-empty", at="reply", route="chat",
       breaks=(f"{SHAPE}.function.id", f"{SHAPE}.custom.id", f"{SHAPE}.function.id.prefix",
               f"{SHAPE}.custom.id.prefix"))  # fmt: skip
def empty_id(call: Call, body: Json) -> None:
    """The id of a call is empty."""
    for made in calls(body):
        made["id"] = ""


@fault("chat.tools.arguments-json", at="reply", route="chat")
def missing_brace(call: Call, body: Json) -> None:
    """The closing brace of the arguments is missing."""
    for function in functions(body):
        function["arguments"] = function["arguments"].removesuffix("}")


@fault("chat.tools.arguments-json/twice", at="reply", route="chat",
       breaks="chat.tools.arguments-json")  # fmt: skip
def encoded_twice(call: Call, body: Json) -> None:
    """The arguments are JSON text of JSON text."""
    for function in functions(body):
        function["arguments"] = json.dumps(function["arguments"])


def _parsed(arguments: str) -> Any:
    """What the arguments say; of ones that a limit cut, nothing."""
    try:
        return json.loads(arguments)
    except ValueError:
        return {}


@fault("chat.tools.arguments-json/object", at="reply", route="chat",
       breaks=(f"{SHAPE}.function.function.arguments", "chat.tools.history.echo"),
       field_defects="tool-arguments-object-nonstream")  # fmt: skip
def arguments_object(call: Call, body: Json) -> None:
    """The arguments are an object instead of a string."""
    for function in functions(body):
        function["arguments"] = _parsed(function["arguments"] or "{}")


@fault("chat.tools.flat", at="reply", route="chat",
       breaks=(f"{SHAPE}.type", "chat.tools.custom"),
       field_defects="tool-calls-flat-without-function")  # fmt: skip
def flat_calls(call: Call, body: Json) -> None:
    """A call is {name, arguments}, without id, type and function."""
    for _, message in messages(body):
        message["tool_calls"] = [
            dict(made.get("function") or made.get("custom") or {}) for made in message["tool_calls"]
        ]


@fault("chat.tools.strict", at="reply", route="chat", when=lambda call: "strict" in str(call.body))
def loose_strict(call: Call, body: Json) -> None:
    """`strict` is ignored: an enum of integers comes as text."""
    for function in functions(body):
        value = _parsed(function["arguments"])
        if "priority" in value:
            value["priority"] = "high"
            function["arguments"] = json.dumps(value)


@fault("chat.tools.arguments-fit", at="reply", route="chat")
def other_enum(call: Call, body: Json) -> None:
    """An argument is none of the values that its schema allows."""
    for function in functions(body):
        function["arguments"] = function["arguments"].replace("celsius", "kelvin")


@fault("chat.tools.name-known", at="reply", route="chat",
       breaks=("chat.tools.name-known", "chat.tools.named", "chat.tools.allowed"))  # fmt: skip
def prefixed_name(call: Call, body: Json) -> None:
    """The name of a function carries a prefix of the model's template."""
    for function in functions(body):
        function["name"] = f"functions.{function['name']}"


@fault("chat.tools.name-known/cut", at="reply", route="chat", breaks="chat.tools.name-known")
def cut_name(call: Call, body: Json) -> None:
    """A long function name is cut to 40 characters."""
    for function in functions(body):
        function["name"] = function["name"][:40]


@fault("chat.tools.no-markup", at="reply", route="chat",
       when=lambda call: chosen(call, "required"),
       breaks=("chat.tools.no-markup", "chat.tools.required", "chat.tools.required-unrelated",
               "chat.tools.custom"),
       field_defects="tool-choice-required-pseudo-xml-in-content")  # fmt: skip
def raw_markup(call: Call, body: Json) -> None:
    """A required call comes as raw markup in the content."""
    without_calls(body, "<tool_call><function=get_weather><parameter=city>Paris</tool_call>")


@fault("chat.tools.content-null", at="reply", route="chat", when=with_tools)
def chatty(call: Call, body: Json) -> None:
    """A forced call comes with text."""
    for _, message in messages(body):
        message["content"] = "Let me think. The user wants the weather."


@fault("chat.tools.usage-counted", at="reply", route="chat", when=with_tools)
def calls_for_free(call: Call, body: Json) -> None:
    """The tokens of calls are not counted."""
    if calls(body):
        usage = body["usage"]
        body["usage"] = {"prompt_tokens": usage["prompt_tokens"], "completion_tokens": 0,
                         "total_tokens": usage["prompt_tokens"]}  # fmt: skip


# ---- the choice among tools --------------------------------------------------------------------


@fault("chat.tools.required", at="accepted", route="chat",
       breaks=("chat.tools.required", "chat.tools.required-unrelated", "chat.tools.stream.required",
               "chat.tools.custom", "chat.tools.named", "chat.tools.stream.named",
               "chat.tools.allowed"),
       field_defects="tools-ignored")  # fmt: skip
def tools_ignored(call: Call, body: Json) -> Json:
    """Tools are accepted and never reach the model."""
    return {k: v for k, v in body.items() if k not in ("tools", "tool_choice")}


@fault("chat.tools.required-unrelated", at="accepted", route="chat",
       breaks=("chat.tools.required-unrelated", "chat.tools.stream.required"),
       field_defects="tool-choice-required-not-enforced")  # fmt: skip
def required_as_auto(call: Call, body: Json) -> Json | None:
    """`required` means `auto`."""
    return {**body, "tool_choice": "auto"} if body.get("tool_choice") == "required" else None


@fault("chat.tools.stream.required", at="accepted", route="chat")
def required_as_auto_streamed(call: Call, body: Json) -> Json | None:
    """`required` means `auto` in a stream."""
    if body.get("tool_choice") != "required" or not body.get("stream"):
        return None
    return {**body, "tool_choice": "auto"}


@fault("chat.tools.named", at="accepted", route="chat",
       breaks=("chat.tools.named", "chat.tools.stream.named"),
       field_defects="tool-choice-named-downgraded-to-auto")  # fmt: skip
def named_as_auto(call: Call, body: Json) -> Json | None:
    """A named function means `auto`."""
    return {**body, "tool_choice": "auto"} if isinstance(body.get("tool_choice"), dict) and (
        body["tool_choice"].get("type") == "function") else None  # fmt: skip


@fault("chat.tools.stream.named", at="accepted", route="chat")
def named_as_required_streamed(call: Call, body: Json) -> Json | None:
    """A named function means any function in a stream."""
    if not body.get("stream") or not named(call):
        return None
    return {**body, "tool_choice": "required"}


def _none_ignored(body: Json) -> Json | None:
    return {**body, "tool_choice": "auto"} if body.get("tool_choice") == "none" else None


@fault("chat.tools.none", at="accepted", route="chat",
       breaks=("chat.tools.none", "chat.tools.stream.none"),
       field_defects="tool-choice-none-still-calls")  # fmt: skip
def none_as_auto(call: Call, body: Json) -> Json | None:
    """`none` means `auto`."""
    return _none_ignored(body)


@fault("chat.tools.stream.none", at="accepted", route="chat", when=lambda call: call.stream)
def none_as_auto_streamed(call: Call, body: Json) -> Json | None:
    """`none` means `auto` in a stream."""
    return _none_ignored(body)


@fault("chat.tools.none-answers", at="reply", route="chat", when=lambda call: chosen(call, "none"),
       field_defects="tool-choice-none-deletes-content")  # fmt: skip
def emptied(call: Call, body: Json) -> None:
    """With `none` the content is emptied because it looks like a call."""
    for choice in body["choices"]:
        choice["message"]["content"] = ""


@fault("chat.tools.parallel-off", at="accepted", route="chat",
       breaks=("chat.tools.parallel-off", "chat.tools.stream.parallel-off"),
       field_defects="parallel-tool-calls-false-ignored")  # fmt: skip
def always_parallel(call: Call, body: Json) -> Json:
    """`parallel_tool_calls: false` is ignored."""
    # the answer must still be judged by the request, so only the model's copy is changed
    return {**body, "parallel_tool_calls": True}


@fault("chat.tools.stream.parallel-off", at="accepted", route="chat",
       when=lambda call: call.stream)  # fmt: skip
def always_parallel_streamed(call: Call, body: Json) -> Json:
    """`parallel_tool_calls: false` is ignored in a stream."""
    return {**body, "parallel_tool_calls": True}


@fault("chat.tools.allowed", at="accepted", route="chat")
def all_allowed(call: Call, body: Json) -> Json | None:
    """The list of allowed tools is ignored."""
    choice = body.get("tool_choice")
    if not isinstance(choice, dict) or choice.get("type") != "allowed_tools":
        return None
    return {**body, "tool_choice": "required"}


@fault("chat.tools.custom", at="reply", route="chat")
def custom_as_function(call: Call, body: Json) -> None:
    """A custom tool is called as a function."""
    for made in calls(body):
        if made["type"] == "custom":
            inner = made.pop("custom")
            made["type"] = "function"
            made["function"] = {"name": inner["name"],
                                "arguments": json.dumps({"input": inner["input"]})}  # fmt: skip


@fault("chat.tools.bare", at="reply", route="chat")
def invented_argument(call: Call, body: Json) -> None:
    """A tool without parameters is called with an argument."""
    for function in functions(body):
        if function["arguments"] == "{}":
            function["arguments"] = '{"input":""}'


@fault("chat.tools.arguments-json/null", at="reply", route="chat",
       breaks="chat.tools.arguments-json")  # fmt: skip
def null_arguments(call: Call, body: Json) -> None:
    """A tool without parameters is called with the arguments `null`."""
    for function in functions(body):
        if function["arguments"] == "{}":
            function["arguments"] = "null"


@fault("chat.tools.parallel-arguments", at="reply", route="chat")
def same_arguments(call: Call, body: Json) -> None:
    """Every parallel call has the arguments of the first."""
    for _, message in messages(body):
        for made in message["tool_calls"]:
            if "function" in made:
                made["function"] = {**made["function"], "arguments":
                    message["tool_calls"][0]["function"]["arguments"]}  # fmt: skip
