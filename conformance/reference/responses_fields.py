"""The fields of a Responses API request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.reference.call import Call
from conformance.reference.chat_fields import EFFORTS, NAME, TIERS
from conformance.reference.chat_messages import check_image
from conformance.reference.checks import (
    Check,
    anything,
    array,
    boolean,
    by_type,
    enum,
    fields,
    integer,
    mapping,
    metadata,
    nullable,
    number,
    string,
    tagged,
)
from conformance.reference.config import ModelCard
from conformance.reference.errors import ApiError, invalid, missing
from conformance.reference.schema_rules import broken

ROLES = ("assistant", "system", "developer", "user")
_text = fields({"text": string()}, ("text",))
_part = tagged(
    "type",
    input_text=_text,
    output_text=_text,
    text=_text,
    refusal=fields({"refusal": string()}, ("refusal",)),
    input_image=fields({"image_url": nullable(string()), "file_id": nullable(string())}),
    input_file=fields({}),
    input_audio=fields({}),
)
_content = by_type("a string or an array", string=string(), array=array(_part))
_message = fields({"role": enum(*ROLES), "content": _content}, ("role", "content"))
_output = by_type("a string or an array", string=string(), array=array(_part))
_item_kinds = tagged(
    "type",
    message=_message,
    reasoning=fields({"summary": array()}, ("summary",)),
    function_call=fields(
        {"call_id": string(1), "name": string(1), "arguments": string()},
        ("call_id", "name", "arguments"),
    ),
    function_call_output=fields({"call_id": string(1), "output": _output}, ("call_id", "output")),
    custom_tool_call=fields(
        {"call_id": string(1), "name": string(1), "input": string()}, ("call_id", "name", "input")
    ),
    custom_tool_call_output=fields(
        {"call_id": string(1), "output": _output}, ("call_id", "output")
    ),
    item_reference=fields({"id": string(1)}, ("id",)),
    compaction=anything,
)


def check_item(path: str, item: Any) -> None:
    """One input item; a message may leave out its type."""
    if isinstance(item, dict) and "type" not in item and "role" in item:
        _message(path, item)
    else:
        _item_kinds(path, item)
    content = item.get("content")
    for part in content if isinstance(content, list) else ():
        if part["type"] == "input_image" and part.get("image_url"):
            check_image(part["image_url"], path)


INPUT: Check = by_type(
    "a string or an array", string=string(), array=array(check_item), null=anything
)
_format = tagged(
    "type",
    text=anything,
    json_object=anything,
    json_schema=fields(
        {
            "name": string(1, 64, NAME),
            "schema": mapping(anything),
            "strict": nullable(boolean),
            "description": nullable(string()),
        },
        ("name", "schema"),
    ),
)
_tool = tagged(
    "type",
    function=fields(
        {
            "name": string(1, 64, NAME),
            "parameters": nullable(mapping(anything)),
            "strict": nullable(boolean),
            "description": nullable(string()),
        },
        ("name",),
    ),
    custom=fields({"name": string(1, 64, NAME)}, ("name",)),
)
_named = fields({"name": string(1)}, ("name",))
FIELDS: Mapping[str, Check] = {
    "model": string(1),
    "input": INPUT,
    "instructions": nullable(by_type("a string", string=string(), array=array(check_item))),
    "previous_response_id": nullable(string(1)),
    "conversation": nullable(
        by_type("a string or an object", string=string(1), object=fields({"id": string()}, ("id",)))
    ),
    "store": nullable(boolean),
    "stream": nullable(boolean),
    "stream_options": nullable(fields({"include_obfuscation": boolean}, closed=True)),
    "background": nullable(boolean),
    "max_output_tokens": nullable(integer(16)),
    "max_tool_calls": nullable(integer(1)),
    "temperature": nullable(number(0, 2)),
    "top_p": nullable(number(0, 1)),
    "top_logprobs": nullable(integer(0, 20)),
    "tools": nullable(array(_tool, 0, 128)),
    "tool_choice": nullable(
        by_type(
            "one of none, auto, required, or an object",
            string=enum("none", "auto", "required"),
            object=tagged(
                "type",
                function=_named,
                custom=_named,
                allowed_tools=fields(
                    {"mode": enum("auto", "required"), "tools": array(mapping(anything), 1)},
                    ("mode", "tools"),
                ),
            ),
        )
    ),
    "parallel_tool_calls": nullable(boolean),
    "text": nullable(
        fields({"format": _format, "verbosity": nullable(enum("low", "medium", "high"))})
    ),
    "reasoning": nullable(
        fields(
            {
                "effort": nullable(enum(*EFFORTS)),
                "summary": nullable(enum("auto", "concise", "detailed")),
            }
        )
    ),
    "truncation": nullable(enum("auto", "disabled")),
    "include": nullable(array(string())),
    "metadata": metadata,
    "user": nullable(string()),
    "safety_identifier": nullable(string(high=64)),
    "prompt_cache_key": nullable(string()),
    "prompt_cache_retention": nullable(enum("in_memory", "in-memory", "24h")),
    "prompt_cache_options": nullable(mapping(anything)),
    "service_tier": nullable(enum(*TIERS, "ultrafast")),
    "prompt": nullable(anything),
    "moderation": nullable(anything),
    "context_management": nullable(anything),
}
_shape = fields(FIELDS, closed=True)


def check_model(call: Call, body: dict[str, Any]) -> ModelCard:
    """The model; an unknown one is a 400 here."""
    if body.get("model") is None:
        raise missing("model")
    FIELDS["model"]("model", body["model"])
    card = call.config.models.get(body["model"])
    if card is None or card.kind != "chat":
        raise ApiError(
            400,
            f"The requested model '{body['model'][:100]}' does not exist.",
            param="model",
            code="model_not_found",
        )
    return card


def validate(call: Call, body: dict[str, Any]) -> None:
    """Refuse what OpenAI refuses."""
    card = check_model(call, body)
    _shape("", body)
    given = body.get("input")
    remembered = body.get("previous_response_id") or body.get("conversation")
    if given in (None, []) and not remembered:
        raise missing("input")
    if body.get("previous_response_id") and body.get("conversation"):
        raise invalid(
            "Mutually exclusive parameters: 'previous_response_id' and 'conversation'. Ensure you "
            "are only providing one of: 'previous_response_id' or 'conversation'.",
            code="mutually_exclusive_parameters",
        )
    if body.get("background") and body.get("store") is False:
        raise invalid("Background mode requires 'store' to be true.", "background")
    if body.get("stream_options") is not None and not body.get("stream"):
        raise invalid(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            "stream_options",
        )
    _check_schemas(body)
    if card.reasoning:
        for name in ("temperature", "top_p"):
            if body.get(name) not in (None, 1):
                raise invalid(
                    f"Unsupported parameter: '{name}' is not supported with this model.",
                    name,
                    "unsupported_parameter",
                )


def _check_schemas(body: dict[str, Any]) -> None:
    tools = body.get("tools") or []
    for index, tool in enumerate(tools):
        # a function of the Responses API is strict unless it says otherwise
        problem = None
        if tool["type"] == "function" and tool.get("parameters"):
            problem = broken(tool["parameters"], tool.get("strict") is True)
        if problem:
            raise invalid(
                f"Invalid schema for function '{tool['name']}': {problem}",
                f"tools[{index}].parameters",
                "invalid_function_parameters",
            )
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and "name" in choice:
        if choice["name"] not in [tool["name"] for tool in tools]:
            raise invalid(
                f"Tool choice '{choice['name'][:64]}' not found in 'tools' parameter.",
                "tool_choice",
            )
    elif choice == "required" and not tools:
        raise invalid(
            "Tool choice 'required' must be specified with 'tools' parameter.", "tool_choice"
        )
    wanted = (body.get("text") or {}).get("format") or {}
    if wanted.get("type") == "json_schema":
        problem = broken(wanted["schema"], bool(wanted.get("strict")))
        if problem:
            raise invalid(
                f"Invalid schema for response_format '{wanted['name']}': {problem}",
                "text.format.schema",
                "invalid_json_schema",
            )
