"""Faults of chat completions: counts, choices, limits, identity."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ApiError
from conformance.reference.fault import fault
from conformance.reference.tokens import count

Json = dict[str, Any]

SERVER = ("errors.no-5xx", "errors.no-5xx.first")
"""What every 5xx violates as well."""


def whole(call: Call) -> bool:
    """Whether the answer is not streamed."""
    return not call.stream


def once(call: Call) -> bool:
    """Whether one choice is asked for, and not streamed."""
    return not call.stream and (call.fields.get("n") or 1) == 1


def messages_of(body: Json) -> list[Json]:
    """The messages of a request that are objects, whatever it holds."""
    found = body.get("messages")
    return [m for m in found if isinstance(m, dict)] if isinstance(found, list) else []


def last_text(call: Call) -> str:
    """What the last message of the request says, as a string."""
    messages = messages_of(call.fields) or [{}]
    content = messages[-1].get("content")
    return content if isinstance(content, str) else ""


def crash(text: str = "Internal server error") -> ApiError:
    """A 500."""
    return ApiError(500, text, type="server_error")


def plain(call: Call) -> bool:
    """A request for one free text without anything that looks at the text again."""
    body = call.fields
    return not (
        call.stream
        or body.get("logprobs")
        or body.get("tools")
        or body.get("functions")
        or body.get("stop")
        or body.get("response_format")
        or "reasoning" in str(body.get("model"))
    )


# counts


@fault("chat.usage.total", at="reply", route="chat")
def wrong_sum(call: Call, reply: Json) -> None:
    """total_tokens is not the sum of its parts."""
    reply["usage"]["total_tokens"] += 1


@fault("chat.usage.prompt-counted", at="reply", route="chat", when=once)
def prompt_nothing(call: Call, reply: Json) -> None:
    """prompt_tokens is 0 on one of several code paths."""
    if call.fields.get("temperature") == 0.7:
        _set(reply, prompt=0)


def _set(reply: Json, prompt: int | None = None, made: int | None = None) -> None:
    usage = reply["usage"]
    if prompt is not None:
        usage["prompt_tokens"] = prompt
        usage["prompt_tokens_details"]["cached_tokens"] = min(
            prompt, usage["prompt_tokens_details"]["cached_tokens"]
        )
    if made is not None:
        usage["completion_tokens"] = made
        usage["completion_tokens_details"]["reasoning_tokens"] = min(
            made, usage["completion_tokens_details"]["reasoning_tokens"]
        )
    usage["total_tokens"] = usage["prompt_tokens"] + usage["completion_tokens"]


@fault(
    "chat.usage.completion-counted",
    at="reply",
    route="chat",
    when=lambda call: (
        plain(call)
        and call.fields["messages"][0].get("role") == "system"
        and "secret" in str(call.fields["messages"])
    ),
)
def made_nothing(call: Call, reply: Json) -> None:
    """completion_tokens is 0 beside a text."""
    _set(reply, made=0)


@fault("chat.usage.cached-within", at="reply", route="chat")
def cached_beyond(call: Call, reply: Json) -> None:
    """cached_tokens is larger than prompt_tokens."""
    usage = reply["usage"]
    usage["prompt_tokens_details"]["cached_tokens"] = usage["prompt_tokens"] + 128


@fault("chat.usage.reasoning-within", at="reply", route="chat")
def reasoning_beyond(call: Call, reply: Json) -> None:
    """reasoning_tokens is not a part of completion_tokens, but more."""
    usage = reply["usage"]
    usage["completion_tokens_details"]["reasoning_tokens"] = usage["completion_tokens"] + 5


@fault("chat.usage.within-limit", at="reply", route="chat",
       when=lambda call: once(call) and call.fields.get("max_tokens") == 16
       and not call.fields.get("logprobs"))  # fmt: skip
def one_more(call: Call, reply: Json) -> None:
    """One token more than the limit is counted."""
    _set(reply, made=call.fields["max_tokens"] + 1)


@fault(
    "chat.usage.constant",
    at="reply",
    route="chat",
    when=whole,
    breaks=(
        "chat.usage.prompt-grows",
        "chat.usage.completion-grows",
        "chat.usage.within-limit",
        "chat.finish.length-only-at-limit",
        "chat.n.completion-summed",
        "chat.image.counted",
        "chat.logprobs.one-each",
        "chat.stream.usage.completion-equal",
        "chat.stream.usage.prompt-equal",
    ),
    field_defects="usage-constant-wrong",
)
def constant_usage(call: Call, reply: Json) -> None:
    """usage is the same in every answer."""
    reply["usage"] = {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4}


@fault("chat.usage.prompt-grows", at="reply", route="chat",
       when=lambda call: whole(call) and "list of words" in last_text(call))  # fmt: skip
def prompt_capped(call: Call, reply: Json) -> None:
    """prompt_tokens counts messages, not tokens."""
    _set(reply, prompt=20)


@fault(
    "chat.usage.completion-grows",
    at="reply",
    route="chat",
    breaks=("chat.usage.completion-grows", "chat.stream.usage.completion-equal"),
    when=lambda call: plain(call) and once(call) and call.fields.get("max_tokens") == 64,
)
def made_one(call: Call, reply: Json) -> None:
    """completion_tokens is always 1."""
    _set(reply, made=1)


@fault("chat.usage.prompt-steady", at="reply", route="chat",
       when=lambda call: whole(call) and bool(call.fields.get("stop"))
       and "\u2603" in str(call.fields["stop"]))  # fmt: skip
def prompt_drifts(call: Call, reply: Json) -> None:
    """Stop strings are counted as a part of the prompt."""
    _set(reply, prompt=reply["usage"]["prompt_tokens"] + count(str(call.fields["stop"])))


# choices


@fault("chat.choices.count", at="accepted", route="chat", when=whole,
       breaks=("chat.choices.count",))  # fmt: skip
def ignores_n(call: Call, body: Json) -> None:
    """n is ignored: there is always one choice."""
    body_n = body.get("n")
    if body_n is not None and body_n > 1:
        body["n"] = 1


@fault("chat.choices.count/twice", at="reply", route="chat",
       when=lambda call: plain(call) and once(call),
       breaks=("chat.choices.count",))  # fmt: skip
def twice(call: Call, reply: Json) -> None:
    """A retry inside the server leaves the same choice twice."""
    reply["choices"].append({**reply["choices"][-1], "index": len(reply["choices"])})


@fault("chat.choices.indexes", at="reply", route="chat", when=whole,
       field_defects="choice-index-one-based")  # fmt: skip
def one_based(call: Call, reply: Json) -> None:
    """Choices are numbered from 1."""
    for choice in reply["choices"]:
        choice["index"] += 1


@fault("chat.choices.indexes/all-zero", at="reply", route="chat", when=whole,
       breaks=("chat.choices.indexes",), field_defects="n-nonstream-index-wrong")  # fmt: skip
def all_zero(call: Call, reply: Json) -> None:
    """With n above 1 every choice has the index 0."""
    for choice in reply["choices"]:
        choice["index"] = 0


@fault("chat.choices.order", at="reply", route="chat", when=whole)
def as_finished(call: Call, reply: Json) -> None:
    """Choices stand in the order in which they were finished."""
    reply["choices"].reverse()


@fault("chat.n.different", at="reply", route="chat", when=whole)
def copies(call: Call, reply: Json) -> None:
    """One answer, made otherwise than the time before, is copied n times."""
    if call.fields.get("logprobs") or call.fields.get("n") != 2:
        return
    _, space, rest = (reply["choices"][0]["message"].get("content") or "").partition(" ")
    for choice in reply["choices"]:
        if choice["message"].get("content"):
            choice["message"]["content"] = f"Well{space}{rest}"


@fault("chat.n.refused-cleanly", at="request", route="chat", when=whole,
       breaks=("chat.n.refused-cleanly", *SERVER))  # fmt: skip
def n_crashes(call: Call, body: Json) -> None:
    """n above 1 is a 500."""
    if body.get("n") == 2:
        raise crash()


@fault("chat.n.prompt-once", at="reply", route="chat", when=whole,
       field_defects="usage-prompt-tokens-times-n")  # fmt: skip
def prompt_times_n(call: Call, reply: Json) -> None:
    """The prompt is counted once for each choice."""
    _set(reply, prompt=reply["usage"]["prompt_tokens"] * len(reply["choices"]))


@fault("chat.n.completion-summed", at="reply", route="chat", when=whole,
       field_defects="usage-completion-undercount-n")  # fmt: skip
def one_choice_counted(call: Call, reply: Json) -> None:
    """completion_tokens counts one of the choices."""
    number = len(reply["choices"])
    if number > 1:
        _set(reply, made=reply["usage"]["completion_tokens"] // number)


# finish reasons


@fault("chat.finish.length-only-at-limit", at="reply", route="chat", when=once,
       field_defects="finish-reason-length-without-limit")  # fmt: skip
def always_length(call: Call, reply: Json) -> None:
    """finish_reason is "length" for an answer that ended by itself."""
    choice = reply["choices"][0]
    if choice["finish_reason"] == "stop" and call.fields.get("max_tokens") == 96:
        choice["finish_reason"] = "length"


@fault("chat.finish.length-at-limit", at="reply", route="chat",
       breaks=("chat.finish.length-at-limit", "chat.stream.finish-equal"),
       when=lambda call: once(call) and "reasoning" not in str(call.model)
       and not call.fields.get("tools"))  # fmt: skip
def never_length(call: Call, reply: Json) -> None:
    """An answer that was cut says that it stopped by itself."""
    for choice in reply["choices"]:
        if choice["finish_reason"] == "length" and not call.fields.get("response_format"):
            choice["finish_reason"] = "stop"


@fault("chat.finish.stop", at="reply", route="chat", when=plain,
       breaks=("chat.finish.stop", "chat.content.no-tools-unasked"))  # fmt: skip
def always_tools(call: Call, reply: Json) -> None:
    """An answer without tools ends with "tool_calls"."""
    for choice in reply["choices"]:
        if choice["finish_reason"] == "stop":
            choice["finish_reason"] = "tool_calls"


@fault("chat.content.no-tools-unasked", at="reply", route="chat",
       when=lambda call: plain(call) and "secret" in str(call.fields["messages"][0]))  # fmt: skip
def invented_tools(call: Call, reply: Json) -> None:
    """A text that looks like JSON is taken for a tool call although there are no tools."""
    made = {"name": "answer", "arguments": "{}"}
    reply["choices"][0]["message"]["tool_calls"] = [
        {"id": "call_0", "type": "function", "function": made}
    ]


# limits


@fault(
    "chat.max-tokens.takes-effect",
    at="accepted",
    route="chat",
    when=lambda call: whole(call) and "Count from 1 to 20" in last_text(call),
    breaks=(
        "chat.max-tokens.takes-effect",
        "chat.usage.within-limit",
        "chat.stream.finish-equal",
    ),
    field_defects="max-tokens-ignored-chat",
)
def ignores_max_tokens(call: Call, body: Json) -> None:
    """max_tokens is ignored."""
    body.pop("max_tokens", None)


@fault(
    "chat.max-completion-tokens.takes-effect",
    at="accepted",
    route="chat",
    when=lambda call: whole(call) and "dragon" in last_text(call),
    breaks=("chat.max-completion-tokens.takes-effect", "chat.usage.within-limit"),
    field_defects="max-completion-tokens-ignored",
)
def ignores_max_completion_tokens(call: Call, body: Json) -> None:
    """max_completion_tokens is accepted and ignored."""
    body.pop("max_completion_tokens", None)


@fault("chat.max-tokens.one", at="reply", route="chat", breaks=(
           "chat.max-tokens.one", "chat.usage.completion-counted",
           "chat.finish.length-only-at-limit"),
       when=lambda call: once(call) and call.fields.get("max_tokens") == 1)  # fmt: skip
def one_is_none(call: Call, reply: Json) -> None:
    """The last token of the limit is not counted."""
    _set(reply, made=0)


# identity


@fault("chat.id.unique", at="reply", route="chat",
       breaks=("chat.id.unique", "chat.isolation.ids"),
       field_defects="constant-completion-id-across-responses")  # fmt: skip
def same_id(call: Call, reply: Json) -> None:
    """Every completion has the same id."""
    if call.fields.get("store"):
        return
    reply["id"] = "chatcmpl-0"


@fault("chat.isolation.ids", at="reply", route="chat", when=plain)
def id_by_second(call: Call, reply: Json) -> None:
    """The id is made of the time in seconds: requests at the same time share it."""
    words = last_text(call)
    if words.startswith("Repeat exactly: ") and len(words) == 24:
        reply["id"] = f"chatcmpl-{reply['created']}"


@fault("chat.created.now", at="reply", route="chat")
def old_stamp(call: Call, reply: Json) -> None:
    """created is a constant from an example."""
    if not call.fields.get("store"):
        reply["created"] = 1677652288


@fault("chat.created.milliseconds", at="reply", route="chat", breaks=("chat.shape.created",),
       field_defects="created-in-milliseconds")  # fmt: skip
def milliseconds(call: Call, reply: Json) -> None:
    """created is in milliseconds."""
    if not call.fields.get("store"):
        reply["created"] *= 1000


@fault("chat.created.float", at="reply", route="chat", breaks=("chat.shape.created",),
       field_defects="created-is-float")  # fmt: skip
def fraction(call: Call, reply: Json) -> None:
    """created has a fraction."""
    if not call.fields.get("store"):
        reply["created"] += 0.254391


@fault("chat.model.echo", at="reply", route="chat",
       breaks=("chat.model.echo", "chat.model.exact", "chat.stream.model-equal"),
       field_defects="model-field-hardcoded-or-backend-name")  # fmt: skip
def backend_name(call: Call, reply: Json) -> None:
    """model is the path of the backend's file."""
    if not call.fields.get("store"):
        reply["model"] = "/models/llama-3-8b-q4.gguf"


@fault("chat.model.exact", at="reply", route="chat",
       breaks=("chat.model.exact", "chat.stream.model-equal"))  # fmt: skip
def prefixed(call: Call, reply: Json) -> None:
    """model has the name of the provider before it."""
    if not call.fields.get("store"):
        reply["model"] = "upstream/" + reply["model"]
