"""Validation of a whole chat completion request."""

from __future__ import annotations

from typing import Any

from conformance.reference import tokens
from conformance.reference.call import Call
from conformance.reference.chat_fields import CHAT
from conformance.reference.chat_messages import check_messages, part_text
from conformance.reference.checks import fields
from conformance.reference.config import ModelCard
from conformance.reference.errors import ApiError, invalid, missing
from conformance.reference.schema_rules import broken
from conformance.reference.tokens import VOCABULARY

_shape = fields(CHAT, closed=True)


def check_model(call: Call, body: dict[str, Any], kind: str) -> ModelCard:
    """The model of a request, which comes before everything else."""
    model = body.get("model")
    if model is None or model == "":
        raise invalid("you must provide a model parameter")
    if not isinstance(model, str):
        CHAT["model"]("model", model)
    return call.card(kind)


def validate_chat(call: Call, body: dict[str, Any]) -> None:
    """Refuse what OpenAI refuses."""
    card = check_model(call, body, "chat")
    if "messages" not in body:
        raise missing("messages")
    _shape("", body)
    check_messages(body["messages"], card)
    check_dependent(body)
    check_tools(body)
    check_format(body)
    check_bias(body)
    if card.reasoning:
        check_reasoning(body)
    if body.get("web_search_options") is not None:
        raise invalid("Web search options not supported with this model.", "web_search_options")
    check_context(body, card)


def check_dependent(body: dict[str, Any]) -> None:
    """Parameters that mean something only beside another one."""
    if body.get("stream_options") is not None and body.get("stream") is not True:
        raise invalid(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            "stream_options",
        )
    if body.get("top_logprobs") is not None and body.get("logprobs") is not True:
        raise invalid(
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
            "top_logprobs",
        )
    if "audio" in (body.get("modalities") or ()) and not body.get("audio"):
        raise missing("audio")


def check_tools(body: dict[str, Any]) -> None:
    """Schemas of functions, and the choice among them."""
    tools = body.get("tools") or []
    names: list[str] = []
    for index, tool in enumerate(tools):
        inner = tool[tool["type"]]
        names.append(inner["name"])
        parameters = inner.get("parameters")
        if parameters is not None:
            problem = broken(parameters, bool(inner.get("strict")))
            if parameters and parameters.get("type") not in ("object", None):
                kind = parameters["type"]
                problem = f"schema must be a JSON Schema of 'type: \"object\"', got {kind!r}."
            if problem:
                raise invalid(
                    f"Invalid schema for function '{inner['name']}': {problem}",
                    f"tools[{index}].function.parameters",
                    "invalid_function_parameters",
                )
    choice = body.get("tool_choice")
    if choice is not None and not tools:
        raise invalid(
            "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are "
            "specified.",
            "tool_choice",
        )
    if isinstance(choice, dict) and choice["type"] in ("function", "custom"):
        name = choice[choice["type"]]["name"]
        if name not in names:
            raise invalid(
                f"Tool choice '{choice['type']}' with name '{name[:64]}' not found in 'tools' "
                "parameter.",
                "tool_choice",
            )


def check_format(body: dict[str, Any]) -> None:
    """JSON mode says so in the messages; a strict schema is closed."""
    wanted = body.get("response_format")
    if not wanted:
        return
    if wanted["type"] == "json_object":
        said = " ".join(part_text(m.get("content")) for m in body["messages"])
        if "json" not in said.lower():
            raise invalid(
                "'messages' must contain the word 'json' in some form, to use 'response_format' "
                "of type 'json_object'.",
                "messages",
            )
    if wanted["type"] == "json_schema":
        inner = wanted["json_schema"]
        if "schema" not in inner:
            if inner.get("strict"):
                raise missing("response_format.json_schema.schema")
            return
        problem = broken(inner["schema"], bool(inner.get("strict")))
        if not problem and inner.get("strict") and inner["schema"].get("type") != "object":
            problem = "schema must be a JSON Schema of 'type: \"object\"'."
        if problem:
            raise invalid(
                f"Invalid schema for response_format '{inner['name']}': {problem}",
                "response_format",
            )


def check_bias(body: dict[str, Any]) -> None:
    """Keys of logit_bias are token ids."""
    for key in body.get("logit_bias") or ():
        if not (key.isascii() and key.isdigit()):
            raise invalid(
                f"Invalid key in 'logit_bias': {key[:40]}. You should only be submitting "
                "non-negative integers.",
                "logit_bias",
            )
        if len(key) > 12 or int(key) >= VOCABULARY:
            raise invalid(
                f"Invalid key in 'logit_bias': {key[:40]}. Maximum value is {VOCABULARY - 1}.",
                "logit_bias",
            )


def check_reasoning(body: dict[str, Any]) -> None:
    """What a reasoning model does not do."""
    if body.get("max_tokens") is not None:
        raise invalid(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
            "'max_completion_tokens' instead.",
            "max_tokens",
            "unsupported_parameter",
        )
    for name in ("temperature", "top_p"):
        value = body.get(name)
        if value is not None and value != 1:
            raise invalid(
                f"Unsupported value: '{name}' does not support {value} with this model. Only the "
                "default (1) value is supported.",
                name,
                "unsupported_value",
            )
    for name in ("logprobs", "top_logprobs", "logit_bias"):
        if body.get(name):
            raise invalid(
                f"Unsupported parameter: '{name}' is not supported with this model.",
                name,
                "unsupported_parameter",
            )


def prompt_tokens(body: dict[str, Any]) -> int:
    """How many tokens the messages and tools are."""
    total = 3
    for message in body["messages"]:
        total += 3 + tokens.count(part_text(message.get("content")))
        if isinstance(message.get("content"), list):
            total += 85 * sum(part.get("type") == "image_url" for part in message["content"])
        for call in message.get("tool_calls") or ():
            inner = call.get("function") or call.get("custom") or {}
            said = str(inner.get("name", "")) + str(inner.get("arguments") or inner.get("input"))
            total += 3 + tokens.count(said)
    for tool in (*(body.get("tools") or ()), *(body.get("functions") or ())):
        total += 4 + tokens.count(str(tool)) // 2
    return total


def check_context(body: dict[str, Any], card: ModelCard) -> None:
    """Prompt and answer have to fit."""
    used = prompt_tokens(body)
    if used > card.context:
        raise context_exceeded(card, used, "messages")
    for name in ("max_tokens", "max_completion_tokens"):
        asked = body.get(name)
        if asked is not None and asked > card.context:
            raise invalid(
                f"{name} is too large: {asked if asked < 10**15 else 'a very large integer'}. "
                f"This model supports at most {card.context} completion tokens.",
                name,
                "invalid_value",
            )


def context_exceeded(card: ModelCard, used: int, param: str) -> ApiError:
    """The 400 of a prompt that is too long."""
    return invalid(
        f"This model's maximum context length is {card.context} tokens. However, your {param} "
        f"resulted in {used} tokens. Please reduce the length of the {param}.",
        param,
        "context_length_exceeded",
    )
