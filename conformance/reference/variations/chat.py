"""Legal variations of chat and legacy completions."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ApiError, ErrorReply, invalid
from conformance.reference.fault import variation
from conformance.reference.reply import Frame, Reply

Json = dict[str, Any]


def whole(call: Call) -> bool:
    """Whether the answer is not streamed."""
    return not call.stream


@variation("chat.few-fields", at="reply", route="chat")
def few_fields(call: Call, reply: Json) -> None:
    """No fingerprint, no tier, no annotations, no details of usage."""
    if call.fields.get("store"):
        return
    for name in ("system_fingerprint", "service_tier"):
        reply.pop(name, None)
    for choice in reply["choices"]:
        choice["message"].pop("annotations", None)


@variation("chat.more-fields", at="reply", route="chat")
def more_fields(call: Call, reply: Json) -> None:
    """Fields of the server's own, everywhere."""
    reply["timings"] = {"prompt_ms": 1.5}
    reply["usage"]["prompt_tokens_details"]["text_tokens"] = None
    reply["prompt_logprobs"] = None
    for choice in reply["choices"]:
        choice["stop_reason"] = None
        choice["message"]["reasoning_content"] = None


@variation("chat.no-logprobs-key", at="reply", route="chat",
           when=lambda call: not call.fields.get("logprobs"))  # fmt: skip
def no_logprobs_key(call: Call, reply: Json) -> None:
    """logprobs is absent when it was not asked for."""
    for choice in reply["choices"]:
        choice.pop("logprobs", None)


@variation("chat.null-fingerprint", at="reply", route="chat")
def null_fingerprint(call: Call, reply: Json) -> None:
    """system_fingerprint is null."""
    reply["system_fingerprint"] = None


def rewrite(reply: Reply, change: Callable[[bytes], bytes]) -> None:
    """Change the bytes of an answer, whole or streamed."""
    if isinstance(reply.body, bytes):
        reply.body = change(reply.body)
    elif isinstance(reply.body, list):
        reply.body = [Frame(change(frame.data), frame.delay) for frame in reply.body]


@variation("chat.snapshot-model", at="http", route="chat")
def snapshot(call: Call, reply: Reply) -> None:
    """model is the dated snapshot of an alias."""
    if not call.fields.get("store") and reply.status == 200:
        old = b'"model":"reference-chat"'
        rewrite(reply, lambda data: data.replace(old, old[:-1] + b'-2026-08-06"'))


@variation("chat.cached-prompt", at="reply", route="chat")
def cached(call: Call, reply: Json) -> None:
    """Most of the prompt was found in the cache."""
    usage = reply["usage"]
    usage["prompt_tokens_details"]["cached_tokens"] = usage["prompt_tokens"] - 1


@variation("chat.fewer-top-logprobs", at="reply", route="chat")
def fewer(call: Call, reply: Json) -> None:
    """In rare cases there are fewer alternatives than asked for."""
    for choice in reply["choices"]:
        entries = (choice.get("logprobs") or {}).get("content") or []
        if len(entries) > 3 and entries[0]["top_logprobs"]:
            entries[2]["top_logprobs"].pop()


@variation("chat.unlikely-logprob", at="reply", route="chat")
def unlikely(call: Call, reply: Json) -> None:
    """A log probability of -9999.0 stands for a very unlikely token."""
    for choice in reply["choices"]:
        for entry in (choice.get("logprobs") or {}).get("content") or []:
            if len(entry["top_logprobs"]) > 2 and call.fields.get("top_p") is None:
                entry["top_logprobs"][-1]["logprob"] = -9999.0


@variation("chat.stop-in-logprobs", at="reply", route="chat",
           when=lambda call: whole(call) and bool(call.fields.get("stop")))  # fmt: skip
def stop_in_logprobs(call: Call, reply: Json) -> None:
    """The entries go on with the tokens of the stop string."""
    stop = call.fields["stop"]
    word = stop if isinstance(stop, str) else stop[-1]
    for choice in reply["choices"]:
        entries = (choice.get("logprobs") or {}).get("content")
        if entries:
            entries.append({**copy.deepcopy(entries[-1]), "token": word, "top_logprobs": [],
                            "bytes": list(word.encode())})  # fmt: skip


@variation("chat.no-n", at="accepted", route="chat", when=whole)
def no_n(call: Call, body: Json) -> None:
    """n above 1 is refused cleanly."""
    if (body.get("n") or 1) > 1:
        raise invalid("'n' : number must be at most 1 with this model", "n", "unsupported_value")


@variation("chat.no-logprobs", at="accepted", route="chat")
def no_logprobs(call: Call, body: Json) -> None:
    """logprobs is refused cleanly."""
    if body.get("logprobs"):
        raise invalid("'logprobs' is not supported with this model.", "logprobs",
                      "unsupported_parameter")  # fmt: skip


@variation("chat.no-logit-bias", at="accepted", route="chat")
def no_bias(call: Call, body: Json) -> None:
    """logit_bias is refused cleanly."""
    if body.get("logit_bias"):
        raise invalid("'logit_bias' is not supported with this model.", "logit_bias",
                      "unsupported_parameter")  # fmt: skip


@variation("chat.no-media", at="accepted", route="chat")
def no_media(call: Call, body: Json) -> None:
    """Images, audio and files are refused cleanly."""
    for message in body["messages"]:
        if isinstance(message.get("content"), list):
            for part in message["content"]:
                if part.get("type") not in ("text", "refusal"):
                    raise invalid(f"Invalid content type {part.get('type')}.", "messages",
                                  "invalid_value")  # fmt: skip


@variation("chat.effort-unsupported", at="accepted", route="chat")
def no_effort(call: Call, body: Json) -> None:
    """Parameters of reasoning models are refused by others, as OpenAI does."""
    if "reasoning" in str(body.get("model")):
        return
    for name in ("reasoning_effort", "verbosity", "prediction"):
        if body.get(name) is not None:
            raise invalid(f"Unrecognized request argument supplied: {name}", name,
                          "unsupported_parameter")  # fmt: skip
    if body.get("metadata") and not body.get("store"):
        raise invalid("The 'metadata' parameter is only allowed when 'store' is enabled.",
                      "metadata")  # fmt: skip


@variation("chat.long-limit-clamped", at="request", route="chat", when=whole)
def clamped(call: Call, body: Json) -> None:
    """A max_tokens beyond the context is made smaller, the prompt stays."""
    if isinstance(body.get("max_tokens"), int) and body["max_tokens"] >= 1_000_000:
        body["max_tokens"] = 100


@variation("chat.overflow-413", at="error", route=("chat", "completions"))
def too_large(call: Call, error: ErrorReply) -> None:
    """A prompt that is too long is 413, as some do it."""
    if error.status == 400 and error.body["error"]["code"] == "context_length_exceeded":
        error.status = 413


@variation("chat.overflow-param-null", at="error", route="chat")
def no_param(call: Call, error: ErrorReply) -> None:
    """The error of a prompt that is too long has a param of null."""
    found = error.body.get("error") if isinstance(error.body, dict) else None
    if len(call.raw) > 200_000 and isinstance(found, dict):
        found["param"] = None


@variation("chat.rambling", at="reply", route="chat",
           when=lambda call: whole(call) and not call.fields.get("logprobs")
           and call.fields.get("max_tokens") in (16, 24, 96)
           and not call.fields.get("response_format"))  # fmt: skip
def rambling(call: Call, reply: Json) -> None:
    """A poor model answers something else than was asked."""
    words = ["so", "it", "was", "and", "we", "saw", "no", "way", "in"]
    for choice in reply["choices"]:
        message = choice["message"]
        if message.get("content"):
            number = len(str(call.fields["messages"])) + choice["index"]
            made = [words[(number + step) % len(words)] for step in range(5)]
            message["content"] = " ".join(made)


@variation("completions.prompt-offsets", at="reply", route="completions",
           when=lambda call: whole(call) and not call.fields.get("echo"))  # fmt: skip
def prompt_offsets(call: Call, reply: Json) -> None:
    """text_offset counts from the beginning of the prompt."""
    prompt = call.fields.get("prompt")
    if isinstance(prompt, str):
        for choice in reply["choices"]:
            if choice["logprobs"]:
                found = choice["logprobs"]["text_offset"]
                choice["logprobs"]["text_offset"] = [o + len(prompt) for o in found]


@variation("completions.absent", at="received", route="completions")
def absent(call: Call, value: Any) -> None:
    """There are no legacy completions."""
    raise ApiError(404, "This is a chat model and not supported in the v1/completions endpoint. "
                   "Did you mean to use v1/chat/completions?", param="model")  # fmt: skip


@variation("completions.no-echo", at="accepted", route="completions")
def no_echo(call: Call, body: Json) -> None:
    """echo and suffix are refused cleanly."""
    for name in ("echo", "suffix"):
        if body.get(name):
            raise invalid(f"'{name}' is not supported.", name, "unsupported_parameter")


@variation("completions.extra-bos", at="http", route="completions")
def extra_token(call: Call, reply: Reply) -> None:
    """A token for the beginning is counted with every prompt."""
    prompt = call.fields.get("prompt")
    number = len(prompt) if isinstance(prompt, list) and not isinstance(prompt[0], int) else 1

    def more(found: re.Match[bytes]) -> bytes:
        return found[1] + str(int(found[2]) + number).encode()

    rewrite(reply, lambda data: re.sub(rb'("(?:prompt|total)_tokens":)(\d+)', more, data))
