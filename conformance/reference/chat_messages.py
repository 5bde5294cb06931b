"""The messages of a chat request: their rules, and their text."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from conformance.reference.ask import Turn
from conformance.reference.chat_fields import (
    ASSISTANT_PARTS,
    TEXT_PARTS,
    TOOL_CALLS,
    USER_PARTS,
)
from conformance.reference.checks import Check, nullable, refuse_type, string
from conformance.reference.config import ModelCard
from conformance.reference.errors import ApiError, invalid, invalid_value, missing

ROLES = ("system", "assistant", "user", "function", "tool", "developer")
_CONTENT: dict[str, Check] = {
    "system": TEXT_PARTS,
    "developer": TEXT_PARTS,
    "user": USER_PARTS,
    "assistant": ASSISTANT_PARTS,
    "function": nullable(string()),
}
_IMAGES = {
    b"\x89PNG": "png",
    b"\xff\xd8\xff": "jpeg",
    b"GIF8": "gif",
    b"RIFF": "webp",
}


def check_messages(messages: list[dict[str, Any]], card: ModelCard) -> None:
    """Every message by itself, then the order of tool calls and results."""
    for index, message in enumerate(messages):
        _check_message(f"messages[{index}]", message, card)
    _check_tool_order(messages)


def _check_message(path: str, message: dict[str, Any], card: ModelCard) -> None:
    if "role" not in message:
        raise missing(f"{path}.role")
    role = message["role"]
    if not isinstance(role, str):
        refuse_type(f"{path}.role", "a string", role)
    if role not in ROLES:
        raise invalid_value(f"{path}.role", role, ROLES)
    nullable(string())(f"{path}.name", message.get("name"))
    if role == "tool":
        _check_tool_result(path, message)
        return
    if role == "assistant":
        TOOL_CALLS(f"{path}.tool_calls", message.get("tool_calls"))
        for number, call in enumerate(message.get("tool_calls") or ()):
            if call["type"] not in call:
                raise missing(f"{path}.tool_calls[{number}].{call['type']}")
        carries = message.get("tool_calls") or message.get("function_call")
        if message.get("content") is None and not (
            carries or message.get("refusal") or message.get("audio")
        ):
            refuse_type(f"{path}.content", "a string", message.get("content"))
    elif "content" not in message:
        raise missing(f"{path}.content")
    if message.get("content") is not None or role != "assistant":
        _CONTENT[role](f"{path}.content", message["content"])
    if role == "user" and isinstance(message["content"], list):
        for number, part in enumerate(message["content"]):
            _check_media(f"{path}.content[{number}]", part, card)


def _check_tool_result(path: str, message: dict[str, Any]) -> None:
    legacy = path.replace("[", ".[")
    if "tool_call_id" not in message:
        raise invalid(
            "Missing parameter 'tool_call_id': messages with role 'tool' must have a "
            "'tool_call_id'.",
            f"{legacy}.tool_call_id",
        )
    string()(f"{path}.tool_call_id", message["tool_call_id"])
    if "content" not in message:
        raise missing(f"{path}.content")
    content = message["content"]
    if isinstance(content, list) and any(
        isinstance(part, dict) and part.get("type") not in ("text", "image_url", None)
        for part in content
    ):
        raise invalid(
            f"Invalid '{path}'. Content blocks are expected to be either text or image_url type.",
            path,
            "invalid_value",
        )
    USER_PARTS(f"{path}.content", content)


def _check_tool_order(messages: list[dict[str, Any]]) -> None:
    open_calls: set[str] = set()
    opener = 0
    inside = False
    for index, message in enumerate(messages):
        if message["role"] == "tool":
            if not inside or message["tool_call_id"] not in open_calls:
                raise invalid(
                    "Invalid parameter: messages with role 'tool' must be a response to a "
                    "preceeding message with 'tool_calls'.",
                    f"messages.[{index}].role",
                )
            open_calls.discard(message["tool_call_id"])
            continue
        if open_calls:
            raise _unanswered(opener, open_calls)
        inside = bool(message.get("tool_calls"))
        opener = index
        open_calls = {call["id"] for call in message.get("tool_calls") or ()}
    if open_calls:
        raise _unanswered(opener, open_calls)


def _unanswered(index: int, calls: set[str]) -> ApiError:
    return invalid(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to "
        "each 'tool_call_id'. The following tool_call_ids did not have response messages: "
        + ", ".join(sorted(calls))[:300],
        f"messages.[{index}].role",
    )


def _check_media(path: str, part: dict[str, Any], card: ModelCard) -> None:
    kind = part["type"]
    if kind == "text":
        return
    if not card.vision:
        raise invalid(
            f"Invalid content type. {kind} is not supported by this model.",
            f"{path}.type",
            "invalid_value",
        )
    if kind == "image_url":
        check_image(part["image_url"]["url"], path)
    elif kind == "input_audio":
        _decoded(part["input_audio"]["data"], "invalid_audio", "audio", path)


def check_image(url: str, path: str | None = None) -> None:
    """Refuse an image that cannot be read; nothing is ever fetched."""
    if not url.startswith("data:"):
        if url.startswith(("http://", "https://")):
            raise invalid(
                f"Error while downloading {url[:200]}. Upstream status code: 404.",
                code="invalid_image_url",
            )
        raise invalid(f"Invalid image URL: '{url[:100]}'.", path, "invalid_image_url")
    head, _, data = url[5:].partition(",")
    if not head.endswith(";base64") or not data:
        raise invalid("Invalid base64 image_url.", path, "invalid_image_url")
    raw = _decoded(data, "invalid_base64", "image", path)
    if len(raw) < 24 or not any(raw.startswith(magic) for magic in _IMAGES):
        raise invalid(
            "You uploaded an unsupported image. Please make sure your image has of one the "
            "following formats: ['png', 'jpeg', 'gif', 'webp'].",
            code="invalid_image_format",
        )


def _decoded(data: str, code: str, what: str, path: str | None) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise invalid(f"Invalid base64 {what} data.", path, code) from None


def part_text(content: Any) -> str:
    """The text of a message's content, parts joined."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "\n".join(
        part.get("text") or part.get("refusal") or ""
        for part in content
        if isinstance(part, dict) and ("text" in part or "refusal" in part)
    )


def turns(messages: list[dict[str, Any]]) -> tuple[Turn, ...]:
    """The conversation as the model reads it."""
    made = []
    for message in messages:
        role = "tool" if message["role"] == "function" else message["role"]
        made.append(Turn(role, part_text(message.get("content"))))
    return tuple(made)
