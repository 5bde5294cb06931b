"""Faults of chat completions: roles, parts, history, long prompts, isolation."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ApiError, ErrorReply
from conformance.reference.fault import fault
from conformance.reference.faults.chat import (
    SERVER,
    crash,
    last_text,
    messages_of,
    once,
    whole,
)
from conformance.reference.faults.chat_accepts import refuse
from conformance.reference.pipeline import JSON
from conformance.reference.reply import Reply

Json = dict[str, Any]


def _has(role: str, kind: type) -> Callable[[Json], bool]:
    """A message of the role whose content is of a Python type."""
    return lambda b: (
        any(m.get("role") == role and isinstance(m.get("content"), kind) for m in messages_of(b))
        and b.get("max_tokens") in (16, 64)
        and b.get("temperature") == 0
    )


refuse("chat.roles.accepts-system", "System role not supported.",
       lambda b: _has("system", str)(b) and b["max_tokens"] == 64,
       error=crash)  # fmt: skip
refuse("chat.roles.accepts-developer", "Unexpected message role.",
       lambda b: _has("developer", str)(b) and b["max_tokens"] == 64,
       field_defects="developer-role-rejected")  # fmt: skip


def _text_parts(body: Json, role: str, number: int) -> bool:
    return body.get("max_tokens") == 64 and any(
        m.get("role") == role and isinstance(m.get("content"), list) and len(m["content"]) == number
        for m in messages_of(body)
    )


for _word, _role, _number, _defects in (
    ("user", "user", 1, ("content-parts-array-rejected", "req-content-parts-rejected")),
    ("several", "user", 2, ()),
    ("system", "system", 1, ()),
    ("assistant", "assistant", 1, ()),
):
    refuse(
        f"chat.parts.accepts-{_word}",
        "invalid type: sequence, expected a string",
        lambda b, role=_role, number=_number: _text_parts(b, role, number),  # type: ignore[misc]
        field_defects=_defects,
    )
refuse("chat.parts.accepts-user/crash", "cannot unmarshal array into Go struct field",
       lambda b: _text_parts(b, "user", 1), error=crash,
       breaks=("chat.parts.accepts-user",), field_defects="req-content-parts-500")  # fmt: skip
refuse("chat.roles.accepts-own-message", "Extra inputs are not permitted: refusal",
       lambda b: any("refusal" in m for m in messages_of(b)) and b.get("max_tokens") == 64
       and not b.get("tools"))  # fmt: skip


def drop(
    id: str,
    words: str,
    keep: Callable[[Json, int, int], bool],
    breaks: tuple[str, ...],
    when: Callable[[Json], bool] = lambda body: True,
) -> None:
    """Register a fault that loses messages before anything else looks at them."""

    def hook(call: Call, body: Json) -> None:
        found = messages_of(body)
        if when(body):
            kept = [m for i, m in enumerate(found) if keep(m, i, len(found))]
            body["messages"] = kept or found[-1:]

    fault(id, at="accepted", route="chat", text=words, breaks=breaks,
          when=lambda call: whole(call) and not call.fields.get("tools")
          and not call.fields.get("store")
          and not call.fields.get("response_format")
          and call.fields.get("temperature") == 0)(hook)  # fmt: skip


drop("chat.roles.system-counted", "System messages are dropped.",
     lambda m, i, n: m["role"] != "system",
     ("chat.roles.system-counted", "chat.roles.system-read"))  # fmt: skip
drop("chat.roles.developer-counted", "Developer messages are dropped.",
     lambda m, i, n: m["role"] != "developer",
     ("chat.roles.developer-counted", "chat.roles.developer-read"))  # fmt: skip
drop("chat.history.counted", "Only the last message is read.",
     lambda m, i, n: i == n - 1 or m["role"] in ("system", "developer"),
     ("chat.history.counted", "chat.history.user-read", "chat.history.assistant-read",
      "chat.parts.assistant-counted"))  # fmt: skip


def forget(id: str, words: str, role: str) -> None:
    """Register a fault that counts messages of a role, but does not show them to the model."""

    def hook(call: Call, reply: Json) -> None:
        messages = messages_of(call.fields)
        if any(m["role"] == role and "secret word is" in str(m.get("content"))
               for m in messages[:-1]):  # fmt: skip
            reply["choices"][0]["message"]["content"] = "I do not know any secret word."

    fault(id, at="reply", route="chat", text=words, when=once)(hook)


forget("chat.roles.system-read", "The model never sees the system message.", "system")
forget("chat.roles.developer-read", "The model never sees the developer message.", "developer")
forget("chat.history.user-read", "The model never sees earlier user messages.", "user")
forget("chat.history.assistant-read", "The model never sees what it said.", "assistant")


def parts(
    id: str,
    words: str,
    change: Callable[[list[Json]], str],
    breaks: tuple[str, ...],
    role: str = "user",
    **more: Any,
) -> None:
    """Register a fault that makes a string of content parts in its own way."""

    def hook(call: Call, body: Json) -> None:
        body["messages"] = [
            {**m, "content": change(m["content"])}
            if m.get("role") == role
            and isinstance(m.get("content"), list)
            and all(p.get("type") == "text" for p in m["content"])
            else m
            for m in messages_of(body)
        ]

    fault(id, at="accepted", route="chat", text=words, breaks=breaks,
          when=lambda call: whole(call) and not call.fields.get("tools"), **more)(hook)  # fmt: skip


parts("chat.parts.as-string", "Content parts are put into the prompt as JSON.",
      lambda p: json.dumps(p), ("chat.parts.as-string", "chat.parts.all-read",
                                "chat.parts.text-extracted"),
      field_defects="req-content-parts-stringified")  # fmt: skip
parts("chat.parts.all-read", "Only the last part of a message is read.",
      lambda p: p[-1]["text"], ("chat.parts.all-read", "chat.parts.read"))  # fmt: skip
parts("chat.parts.read", "Only the last part of a message is read, counted or not.",
      lambda p: p[-1]["text"] if "secret" in str(p) else "".join(one["text"] for one in p),
      ("chat.parts.read",))  # fmt: skip
parts("chat.parts.system-counted", "Content parts of a system message are empty.",
      lambda p: "", ("chat.parts.system-counted",), role="system")  # fmt: skip
parts("chat.parts.assistant-counted", "Content parts of an assistant message are empty.",
      lambda p: "", ("chat.parts.assistant-counted",), role="assistant")  # fmt: skip


@fault("chat.parts.text-extracted", at="reply", route="chat",
       when=lambda call: whole(call) and call.fields.get("max_tokens") == 64
       and isinstance(call.fields["messages"][-1].get("content"), list))  # fmt: skip
def shows_json(call: Call, reply: Json) -> None:
    """The model sees the parts as JSON, though the text alone is counted."""
    content = call.fields["messages"][-1]["content"]
    reply["choices"][0]["message"]["content"] = json.dumps(content)


@fault("chat.escapes.same-prompt", at="reply", route="chat", when=once)
def escapes_counted(call: Call, reply: Json) -> None:
    """Escaped characters are counted as they are written."""
    extra = call.raw.count(b"\\u")
    if extra > 2 and "Z" in last_text(call) and call.fields.get("max_tokens") == 96:
        reply["usage"]["prompt_tokens"] += extra
        reply["usage"]["total_tokens"] += extra


# long prompts


def _long(call: Call) -> bool:
    return whole(call) and call.fields.get("max_tokens") == 1_000_000


@fault("chat.long.not-truncated", at="request", route="chat", when=_long,
       field_defects="large-max-tokens-silently-truncates-prompt")  # fmt: skip
def cut_for_room(call: Call, body: Json) -> None:
    """The beginning of the prompt is dropped to make room for max_tokens."""
    del body["max_tokens"]
    body["messages"] = [{**m, "content": m["content"][-200:]} for m in body["messages"]]


@fault("chat.long.not-truncated/crash", at="request", route="chat", when=_long,
       breaks=("chat.long.not-truncated", *SERVER))  # fmt: skip
def room_crash(call: Call, body: Json) -> None:
    """A max_tokens beyond the context is a 500."""
    raise crash()


def _huge(call: Call) -> bool:
    return len(call.raw) > 200_000


@fault("chat.overflow.status", at="request", route="chat",
       when=lambda call: _huge(call) and whole(call))  # fmt: skip
def cut_in_silence(call: Call, body: Json) -> None:
    """A prompt that is too long is cut in silence."""
    body["messages"] = [{**m, "content": m["content"][:2000]} for m in body["messages"]]


@fault("chat.overflow.status/crash", at="request", route="chat",
       when=lambda call: _huge(call) and whole(call),
       breaks=("chat.overflow.status", "errors.large-body", "errors.large-body.served",
               *SERVER))  # fmt: skip
def overflow_crash(call: Call, body: Json) -> None:
    """A prompt that is too long is a 500."""
    raise crash()


@fault("chat.overflow.status/empty", at="request", route="chat",
       when=lambda call: _huge(call) and whole(call),
       breaks=("chat.overflow.status", "chat.shape.choices.finish-reason",
               "errors.success.no-error-choice"),
       field_defects="generation-error-as-200-finish-error")  # fmt: skip
def overflow_as_answer(call: Call, body: Json) -> None:
    """A prompt that is too long is answered with success and the finish reason "error"."""
    raise _Answer(call.now)


class _Answer(ApiError):
    """Stands for an answer that is no error at all."""

    def __init__(self, now: int) -> None:
        super().__init__(200, "failed")
        self.now = now

    def reply(self) -> ErrorReply:
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": "", "refusal": None},
            "logprobs": None,
            "finish_reason": "error",
        }
        usage = {"prompt_tokens": 1, "completion_tokens": 0, "total_tokens": 1}
        body = {"id": "chatcmpl-failed", "object": "chat.completion", "model": "reference-chat",
                "created": self.now, "choices": [choice], "usage": usage}  # fmt: skip
        return ErrorReply(200, body, [])


def _overflow_error(call: Call, error: ErrorReply) -> Json | None:
    if not _huge(call) or not isinstance(error.body, dict):
        return None
    found = error.body.get("error")
    return found if isinstance(found, dict) else None


@fault("chat.overflow.code", at="error", route="chat",
       breaks=("chat.overflow.code", "chat.overflow.stream-code"),
       field_defects="err-overflow-code-missing")  # fmt: skip
def overflow_code(call: Call, error: ErrorReply) -> None:
    """The error of a prompt that is too long has no code."""
    found = _overflow_error(call, error)
    if found:
        found["code"] = None


@fault("chat.overflow.message", at="error", route="chat")
def overflow_words(call: Call, error: ErrorReply) -> None:
    """The error of a prompt that is too long speaks of pages."""
    found = _overflow_error(call, error)
    if found:
        found["message"] = "Job requires 1027 pages, only 64 are available."


@fault("chat.overflow.param", at="error", route="chat")
def overflow_param(call: Call, error: ErrorReply) -> None:
    """The error of a prompt that is too long names another parameter."""
    found = _overflow_error(call, error)
    if found:
        found["param"] = "prompt"


@fault("chat.overflow.stream", at="http", route="chat",
       when=lambda call: _huge(call) and call.stream,
       breaks=("chat.overflow.stream", "chat.stream.events"),
       field_defects="err-stream-overflow-200-json")  # fmt: skip
def overflow_as_success(call: Call, reply: Reply) -> Reply:
    """A stream whose prompt is too long is 200 with an error as its body."""
    body = {"error": {"code": 400, "message": "the request exceeds the available context size",
                      "type": "exceed_context_size_error", "param": None}}  # fmt: skip
    return Reply(200, [JSON, *[h for h in reply.headers if h[0] != "content-type"]],
                 json.dumps(body).encode())  # fmt: skip


@fault("chat.overflow.stream-code", at="error", route="chat",
       when=lambda call: _huge(call) and call.stream)  # fmt: skip
def stream_code(call: Call, error: ErrorReply) -> None:
    """A stream whose prompt is too long is refused without the code."""
    found = _overflow_error(call, error)
    if found:
        found["code"] = "invalid_request"


# isolation


def _nonce(call: Call) -> str:
    found = re.fullmatch(r"Repeat exactly: ([a-z]{8})", last_text(call))
    return found[1] if found and call.fields.get("max_tokens") == 24 else ""


@fault("chat.isolation.texts", at="reply", route="chat", when=once)
def mixed_up(call: Call, reply: Json) -> None:
    """Every answer holds the text of the request before it."""
    word = _nonce(call)
    if word:
        before = call.app.data.get("last-word", "")
        call.app.data["last-word"] = word
        reply["choices"][0]["message"]["content"] = f"{before} {word}".strip()


@fault("chat.isolation.answered", at="request", route="chat", when=once,
       breaks=("chat.isolation.answered", *SERVER))  # fmt: skip
def busy(call: Call, body: Json) -> None:
    """More than four requests are a 503."""
    if _nonce(call):
        call.app.data["busy"] = call.app.data.get("busy", 0) + 1
        if call.app.data["busy"] > 4:
            raise ApiError(503, "Server is busy.", type="server_error")
