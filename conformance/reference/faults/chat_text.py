"""Faults of chat completions: the text and the body that carries it."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from conformance.reference.call import Call
from conformance.reference.fault import fault
from conformance.reference.faults.chat import last_text, once, plain, whole
from conformance.reference.reply import Reply

Json = dict[str, Any]


def text_fault(
    id: str,
    words: str,
    change: Callable[[Call, str], str],
    when: Callable[[Call], bool] = whole,
    **more: Any,
) -> None:
    """Register a fault that changes the text of every choice."""

    def hook(call: Call, reply: Json) -> None:
        for choice in reply["choices"]:
            message = choice["message"]
            if isinstance(message.get("content"), str):
                message["content"] = change(call, message["content"])

    fault(id, at="reply", route="chat", text=words, when=when, **more)(hook)


_OTHER_TEXT = ("chat.logprobs.text-unchanged", "chat.stream.text-equal")

text_fault("chat.content.no-special-tokens", "The text ends with the model's end token.",
           lambda call, text: text + "</s>",
           lambda call: plain(call) and call.fields.get("max_tokens") == 96,
           field_defects="eos-token-text-in-content")  # fmt: skip
text_fault("chat.content.no-special-tokens/template", "The text begins with the chat template.",
           lambda call, text: "<|im_start|>assistant\n" + text,
           lambda call: plain(call) and call.fields.get("max_tokens") == 96,
           breaks=("chat.content.no-special-tokens",))  # fmt: skip
text_fault("chat.content.no-thoughts", "The thoughts stand before the answer.",
           lambda call, text: f"<think>\nHm.\n</think>\n\n{text}",
           lambda call: plain(call) and call.fields.get("max_tokens") == 96)  # fmt: skip
text_fault("chat.content.whole-characters", "Characters of several tokens are destroyed.",
           lambda call, text: text.replace("東", "\ufffd\ufffd\ufffd"),
           lambda call: plain(call) and call.fields.get("max_tokens") == 96,
           )  # fmt: skip
text_fault("chat.content.not-a-null-word", "A text that is missing is the word None.",
           lambda call, text: "None",
           lambda call: plain(call) and call.fields.get("max_tokens") == 24,
           )  # fmt: skip


def _fox(call: Call) -> bool:
    return (
        plain(call)
        and last_text(call).endswith("lazy dog.")
        and call.fields.get("max_tokens") == 64
        and len(call.fields["messages"]) == 1
    )


def _echo(call: Call, text: str) -> str:
    return (last_text(call) + " " + text)[: 20 if len(text) < 40 else 400]


text_fault("chat.content.not-empty", "The answer is empty.", lambda call, text: "", _fox,
           breaks=("chat.content.not-empty", *_OTHER_TEXT),
           field_defects="reasoning-only-empty-content")  # fmt: skip
text_fault("chat.content.without-prompt", "The prompt stands before the answer.", _echo,
           lambda call: plain(call) and once(call) and call.fields.get("max_tokens") in (5, 64)
           and len(call.fields["messages"]) == 1,
           breaks=("chat.content.without-prompt", *_OTHER_TEXT))  # fmt: skip
text_fault("chat.content.no-leading-space", "The text begins with a space.",
           lambda call, text: " " + text, _fox,
           breaks=("chat.content.no-leading-space", *_OTHER_TEXT))  # fmt: skip
text_fault("chat.content.unicode", "UTF-8 is read as Latin-1.",
           lambda call, text: text.encode().decode("latin-1"),
           lambda call: plain(call) and call.fields.get("max_tokens") == 96,
           breaks=("chat.content.unicode", "chat.encoding.whole"))  # fmt: skip
text_fault("chat.content.unicode/ascii", "Characters that are not ASCII are written as escapes.",
           lambda call, text: text.encode("ascii", "backslashreplace").decode()
           .replace("\\xfc", "\\u00fc"),
           lambda call: plain(call) and call.fields.get("max_tokens") == 96,
           breaks=("chat.content.unicode",))  # fmt: skip
text_fault("chat.content.unescaped", "The text is escaped for HTML.",
           lambda call, text: html.escape(text, quote=True),
           lambda call: plain(call) and call.fields.get("max_tokens") == 96)  # fmt: skip


@fault("chat.body.no-keep-alive-lines", at="http", route="chat", when=whole,
       field_defects="deepseek-blank-lines-before-json")  # fmt: skip
def keep_alive(call: Call, reply: Reply) -> None:
    """While the server waits it sends empty lines, then the JSON."""
    if reply.status == 200 and isinstance(reply.body, bytes):
        reply.body = b"\n" * 20 + reply.body


@fault("chat.finish.eos-token", at="reply", route="chat",
       breaks=("chat.shape.choices.finish-reason",),
       when=lambda call: plain(call) and once(call) and call.fields.get("max_tokens") != 64,
       field_defects="finish-reason-eos-token")  # fmt: skip
def eos_token(call: Call, reply: Json) -> None:
    """finish_reason is the backend's own word."""
    for choice in reply["choices"]:
        if choice["finish_reason"] == "stop":
            choice["finish_reason"] = "eos_token"


@fault("chat.content.array", at="reply", route="chat", when=plain,
       breaks=("chat.shape.choices.message.content",),
       field_defects="message-content-array-in-response")  # fmt: skip
def content_array(call: Call, reply: Json) -> None:
    """content is a list of parts."""
    if "secret" not in str(call.fields["messages"][0]):
        return
    for choice in reply["choices"]:
        message = choice["message"]
        message["content"] = [{"type": "text", "text": message["content"]}]
