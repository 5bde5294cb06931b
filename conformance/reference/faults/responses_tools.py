"""Faults of responses: tools and their results, answers by schema, reasoning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ApiError
from conformance.reference.fault import fault
from conformance.reference.faults.responses import Json, items, texts, unstored, whole

_ = "responses.tools."


def asked(call: Call, *words: str) -> bool:
    said = str(call.fields.get("input")) + str(call.fields.get("tool_choice"))
    return all(word in said for word in words)


def _instead(
    id: str,
    change: Callable[[Json], Any],
    text: str,
    when: Callable[[Call], bool],
    *also: str,
    breaks: tuple[str, ...] = (),
) -> None:
    """The model is asked something else than the request says."""

    def hook(call: Call, body: Json) -> Any:
        return {**body, **change(body)}

    fault(id, at="accepted", route="responses", text=text, when=when,
          breaks=breaks or (id, *also))(hook)  # fmt: skip


def _choice(value: Any) -> Callable[[Json], Json]:
    return lambda body: {"tool_choice": value}


def whole_only(when: Callable[[Call], bool]) -> Callable[[Call], bool]:
    return lambda call: not call.stream and when(call)


def stream_only(when: Callable[[Call], bool]) -> Callable[[Call], bool]:
    return lambda call: call.stream and when(call)


def required(call: Call) -> bool:
    return call.fields.get("tool_choice") == "required"


def named(call: Call) -> bool:
    choice = call.fields.get("tool_choice")
    return isinstance(choice, dict) and choice.get("type") == "function"


ECHO = "responses.echo.tool-choice"
_instead(_ + "required", lambda b: {"tools": [], "tool_choice": None}, "Tools are ignored.",
         lambda c: asked(c, "Paris, in celsius", "required") and not c.stream
         and len(c.fields.get("tools") or ()) == 1,
         "responses.echo.tools", ECHO)  # fmt: skip
_instead(_ + "required-unrelated", _choice("auto"), "`required` is taken for auto.",
         whole_only(lambda c: asked(c, "how are you", "required")), ECHO)  # fmt: skip
_instead(_ + "required-streamed", _choice("auto"), "`required` is taken for auto in streams.",
         stream_only(lambda c: asked(c, "how are you", "required")), ECHO)  # fmt: skip
_instead(_ + "named", _choice("auto"), "A named function is taken for auto.",
         whole_only(lambda c: named(c) and not asked(c, "no_such")), ECHO)  # fmt: skip
_instead(_ + "named-streamed", _choice("required"), "A named function is any one in streams.",
         stream_only(named), ECHO)  # fmt: skip
_instead(_ + "none", _choice("auto"), "`none` is taken for auto.",
         lambda c: asked(c, "weather", "none"), ECHO)  # fmt: skip
_instead(_ + "allowed", _choice("required"), "`allowed_tools` is taken for required.",
         lambda c: asked(c, "allowed_tools"), ECHO)  # fmt: skip
_instead(_ + "single", lambda b: {"parallel_tool_calls": True},
         "`parallel_tool_calls` is ignored.",
         lambda c: c.fields.get("parallel_tool_calls") is False,
         "responses.echo.parallel-tool-calls")  # fmt: skip


@whole(_ + "known", breaks=(_ + "known", _ + "named", _ + "allowed"))
def prefixed(call: Call, body: Json) -> None:
    """Names of functions get a prefix."""
    for item in items(body, "function_call"):
        item["name"] = "functions." + item["name"]


@whole(_ + "arguments-json", breaks=(_ + "arguments-json",))
def fenced(call: Call, body: Json) -> None:
    """Arguments stand in a fenced block."""
    for item in items(body, "function_call"):
        item["arguments"] = f"```json\n{item['arguments']}\n```"


@whole(_ + "arguments-schema")
def extra_argument(call: Call, body: Json) -> None:
    """Arguments have a key that the strict schema does not allow."""
    for item in items(body, "function_call"):
        item["arguments"] = '{"extra":1,' + item["arguments"][1:]


@whole(_ + "parallel", when=lambda call: asked(call, "Cairo"),
       breaks=(_ + "parallel", _ + "arguments-json"))  # fmt: skip
def glued(call: Call, body: Json) -> None:
    """The arguments of all parallel calls are joined in the first."""
    made = items(body, "function_call")
    if len(made) > 1:
        made[0]["arguments"] = "".join(item["arguments"] for item in made)


@whole(_ + "no-markup")
def markup(call: Call, body: Json) -> None:
    """The markup of a call stands in the text."""
    for part in texts(body):
        if call.fields.get("tools"):
            part["text"] = '<tool_call>{"name":"get_weather"}</tool_call>' + part["text"]


@whole(_ + "status", breaks=(_ + "status", "responses.status.ended"))
def requires_action(call: Call, body: Json) -> None:
    """A response with calls is not completed."""
    if items(body, "function_call"):
        body["status"] = "in_progress"


@whole(_ + "counted")
def free_tools(call: Call, body: Json) -> None:
    """Tools are not counted."""
    usage = body["usage"]
    if call.fields.get("tool_choice") == "none" and usage:
        usage["input_tokens"] = 9
        usage["total_tokens"] = 9 + usage["output_tokens"]


@whole(_ + "custom-type", breaks=(_ + "custom-type", "responses.tools.arguments-json"))  # fmt: skip
def custom_as_function(call: Call, body: Json) -> None:
    """A custom tool is called as a function."""
    for item in items(body, "custom_tool_call"):
        item["type"], item["arguments"] = "function_call", item.pop("input")
        item["id"] = "fc_" + item["id"][4:]


@fault(_ + "equal-streamed", at="accepted", route="responses",
       when=lambda call: call.stream and asked(call, "Paris, in celsius", "required"),
       breaks=(_ + "equal-streamed", "responses.echo.tools"))  # fmt: skip
def another_tool(call: Call, body: Json) -> Json:
    """In a stream other tools are offered to the model."""
    tool = {"type": "function", "name": "search", "parameters": {
        "type": "object", "properties": {"query": {"type": "string"}}}}  # fmt: skip
    return {**body, "tools": [tool]}


# ---- results -----------------------------------------------------------------------------------


def _results(body: Json) -> list[Json]:
    found = body.get("input")
    listed = found if isinstance(found, list) else []
    return [i for i in listed if i.get("type") == "function_call_output"]


@whole(_ + "result-used", when=lambda call: bool(_results(call.fields)) and unstored(call)
       and "previous_response_id" not in call.fields,
       breaks=(_ + "result-used", "responses.output.not-empty"))  # fmt: skip
def nothing_after(call: Call, body: Json) -> None:
    """After the result of a tool nothing is said."""
    body["output"] = []


@fault(_ + "result-counted", at="accepted", route="responses",
       when=lambda call: len(_results(call.fields)) == 1 and "call_none" not in str(call.fields)
       and "previous_response_id" not in call.fields)  # fmt: skip
def results_dropped(call: Call, body: Json) -> Json:
    """Calls and results are taken out of the history."""
    kept = [i for i in body["input"] if "function_call" not in str(i.get("type"))]
    return {**body, "input": kept[:1], "tools": body["tools"]}


@fault(_ + "result-by-id", at="request", route="responses",
       when=lambda call: bool(_results(call.fields)))  # fmt: skip
def no_results_by_id(call: Call, body: Json) -> None:
    """A result without its call is refused though the call is stored."""
    if body.get("previous_response_id"):
        raise ApiError(400, "No tool call found.", param="input")


@fault(_ + "orphan-refused", at="accepted", route="responses")
def orphan_taken(call: Call, body: Json) -> Json | None:
    """A result without a call is dropped in silence."""
    if "call_none" not in str(body.get("input")):
        return None
    return {**body, "input": [i for i in body["input"] if i.get("call_id") != "call_none"]}


@fault(_ + "unanswered-refused", at="accepted", route="responses")
def unanswered_taken(call: Call, body: Json) -> Json | None:
    """A call without a result is dropped in silence."""
    if "And now?" not in str(body.get("input")):
        return None
    return {**body, "input": [i for i in body["input"] if i.get("type") != "function_call"]}


@fault(_ + "unknown-choice", at="request", route="responses", breaks=(_ + "unknown-choice", ECHO))
def unknown_taken(call: Call, body: Json) -> Json | None:
    """A choice that names no tool is ignored."""
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice.get("name") == "no_such_tool":
        return {k: v for k, v in body.items() if k != "tool_choice"}
    return None


@fault(_ + "bad-choice", at="request", route="responses", breaks=(_ + "bad-choice", ECHO))
def bad_choice_taken(call: Call, body: Json) -> Json | None:
    """An unknown choice is ignored."""
    if body.get("tool_choice") == "sometimes":
        return {k: v for k, v in body.items() if k != "tool_choice"}
    return None


# ---- answers by schema, reasoning --------------------------------------------------------------


def _format(kind: str) -> Callable[[Call], bool]:
    def when(call: Call) -> bool:
        return bool(((call.fields.get("text") or {}).get("format") or {}).get("type") == kind)

    return when


@whole("responses.format.schema", when=_format("json_schema"))
def empty_object(call: Call, body: Json) -> None:
    """The schema is ignored: any JSON object comes back."""
    for part in texts(body):
        part["text"] = '{"answer":"The sea is calm."}'


@whole("responses.format.schema/prose", when=_format("json_schema"),
       breaks="responses.format.schema")  # fmt: skip
def prose(call: Call, body: Json) -> None:
    """The JSON stands in a fenced block, with prose."""
    for part in texts(body):
        part["text"] = f"Here you are:\n```json\n{part['text']}\n```"


_instead("responses.format.schema-streamed", lambda b: {"text": None},
         "The schema is ignored in streams.", stream_only(_format("json_schema")),
         "responses.echo.format")  # fmt: skip


@whole("responses.format.json-object", when=_format("json_object"))
def fenced_object(call: Call, body: Json) -> None:
    """The JSON object stands in a fenced block."""
    for part in texts(body):
        part["text"] = f"```json\n{part['text']}\n```"


@whole("responses.reasoning.before")
def reasoning_last(call: Call, body: Json) -> None:
    """Reasoning items stand at the end."""
    body["output"].sort(key=lambda item: item["type"] == "reasoning")


@whole("responses.reasoning.counted")
def reasoning_free(call: Call, body: Json) -> None:
    """Reasoning is not counted."""
    if body["usage"]:
        body["usage"]["output_tokens_details"]["reasoning_tokens"] = 0


@whole("responses.reasoning.encrypted", breaks=("responses.reasoning.encrypted",))
def not_encrypted(call: Call, body: Json) -> None:
    """`encrypted_content` is asked for and not given."""
    for item in items(body, "reasoning"):
        item.pop("encrypted_content", None)


@fault("responses.reasoning.streamed", at="chunks", route="responses",
       when=lambda call: call.stream and "reasoning" in call.fields)  # fmt: skip
def no_reasoning_stream(call: Call, events: list[Any]) -> list[Any]:
    """In a stream the reasoning item is left out."""
    import copy

    kept = [copy.deepcopy(e) for e in events if e[1].get("output_index") != 0]
    for number, (_name, payload) in enumerate(kept):
        payload["sequence_number"] = number
        if "output_index" in payload:
            payload["output_index"] -= 1
        response = payload.get("response")
        if response:
            response["output"] = [i for i in response["output"] if i["type"] != "reasoning"]
    return kept
