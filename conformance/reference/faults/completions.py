"""Faults of legacy completions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ErrorReply
from conformance.reference.fault import fault
from conformance.reference.faults.chat import crash
from conformance.reference.faults.chat_accepts import refuse

Json = dict[str, Any]
ROUTE = "completions"


def whole(call: Call) -> bool:
    """Whether the answer is not streamed."""
    return not call.stream


def streamed(call: Call) -> bool:
    """Whether the answer is streamed."""
    return call.stream


def plain(call: Call) -> bool:
    """One whole answer without logprobs or echo."""
    body = call.fields
    return not (call.stream or body.get("logprobs") is not None or body.get("echo"))


def probs(call: Call) -> bool:
    """A whole answer with logprobs and without echo."""
    return whole(call) and call.fields.get("logprobs") is not None and not call.fields.get("echo")


def _set(reply: Json, prompt: int | None = None, made: int | None = None) -> None:
    usage = reply["usage"]
    if prompt is not None:
        usage["prompt_tokens"] = prompt
    if made is not None:
        usage["completion_tokens"] = made
    usage["total_tokens"] = usage["prompt_tokens"] + usage["completion_tokens"]


def reply_fault(
    id: str,
    words: str,
    change: Callable[[Call, Json], object],
    when: Callable[[Call], bool] = whole,
    **more: Any,
) -> None:
    """Register a fault of whole answers."""

    def hook(call: Call, reply: Json) -> None:
        change(call, reply)

    fault(id, at="reply", route=ROUTE, text=words, when=when, **more)(hook)


# shape of the whole


def chat_shape(call: Call, reply: Json) -> None:
    """The answer of a chat endpoint, with an ISO time."""
    reply["object"] = "chat"
    reply["created"] = datetime.fromtimestamp(reply["created"], UTC).isoformat()
    for choice in reply["choices"]:
        choice["message"] = {"role": "assistant", "content": choice.pop("text")}


reply_fault(
    "completions.chat-shape", "A completion is answered in the shape of a chat.", chat_shape,
    plain,
    breaks=("completions.shape.object", "completions.shape.created",
            "completions.shape.choices.text"),
    field_defects="completions-returns-chat-shape",
)  # fmt: skip
reply_fault("completions.choices.count", "A batch is answered for its first prompt only.",
            lambda call, reply: reply.update(choices=reply["choices"][:1]), plain,
            breaks=("completions.choices.count",))  # fmt: skip
reply_fault("completions.choices.indexes", "Numbers begin again with every prompt.",
            lambda call, reply: [c.update(index=0) for c in reply["choices"]])  # fmt: skip
reply_fault("completions.choices.order", "Choices stand in the order in which they finished.",
            lambda call, reply: reply["choices"].reverse(), plain)  # fmt: skip


def swap(call: Call, reply: Json) -> None:
    """The texts of a batch in another order."""
    texts = [c["text"] for c in reply["choices"]][::-1]
    for choice, text in zip(reply["choices"], texts, strict=True):
        choice["text"] = text


reply_fault("completions.batch.paired", "The answers of a batch are in the wrong order.", swap,
            plain)  # fmt: skip
reply_fault("completions.id.unique", "Every completion has the same id.",
            lambda call, reply: reply.update(id="cmpl-0"))  # fmt: skip
reply_fault("completions.created.now", "created is a constant from an example.",
            lambda call, reply: reply.update(created=1589478378))  # fmt: skip
reply_fault("completions.model.echo", "model is the path of the backend's file.",
            lambda call, reply: reply.update(model="/models/llama.gguf"))  # fmt: skip

# counts


def total_off(call: Call, reply: Json) -> None:
    reply["usage"]["total_tokens"] += 1


def summed_first(call: Call, reply: Json) -> None:
    """Only the first prompt is counted."""
    prompt = call.fields.get("prompt")
    if isinstance(prompt, list) and len(prompt) > 1 and isinstance(prompt[0], str):
        _set(reply, prompt=reply["usage"]["prompt_tokens"] // 2)


reply_fault("completions.usage.total", "total_tokens is not the sum.", total_off)
reply_fault("completions.usage.counted", "The prompt is not counted.",
            lambda call, reply: _set(reply, prompt=0),
            lambda call: plain(call) and "user" in call.fields)  # fmt: skip
reply_fault("completions.usage.prompts-summed", "Only the first prompt is counted.", summed_first)
reply_fault("completions.n.prompt-once", "The prompt is counted once for each choice.",
            lambda call, reply: _set(reply, prompt=reply["usage"]["prompt_tokens"] * 2),
            lambda call: plain(call) and (call.fields.get("n") or 1) > 1)  # fmt: skip
reply_fault("completions.usage.all-choices", "One of the choices is counted.",
            lambda call, reply: _set(reply, made=reply["usage"]["completion_tokens"] // 2),
            lambda call: plain(call) and (call.fields.get("n") or 1) > 1)  # fmt: skip
reply_fault("completions.usage.token-prompt", "The characters of token ids are counted.",
            lambda call, reply: _set(reply, prompt=len(str(call.fields["prompt"]))),
            lambda call: plain(call) and isinstance(call.fields.get("prompt"), list)
            and not isinstance(call.fields["prompt"][0], str))  # fmt: skip
reply_fault("completions.max-tokens.within", "More tokens than the limit are counted.",
            lambda call, reply: _set(reply, made=call.fields["max_tokens"] + 1),
            lambda call: plain(call) and "user" in call.fields)  # fmt: skip


@fault(
    "completions.max-tokens.takes-effect",
    at="accepted",
    route=ROUTE,
    when=lambda call: plain(call) and call.fields.get("max_tokens") == 1,
    breaks=("completions.max-tokens.takes-effect", "completions.max-tokens.within"),
)
def ignores_limit(call: Call, body: Json) -> None:
    """max_tokens is ignored."""
    body["max_tokens"] = 200


@fault("completions.max-tokens.default", at="request", route=ROUTE,
       when=lambda call: set(call.fields) == {"model", "prompt"})  # fmt: skip
def no_default(call: Call, body: Json) -> None:
    """Without max_tokens the text ends with the context."""
    body["max_tokens"] = 18


reply_fault("completions.finish.length", "Every text ends with \"length\".",
            lambda call, reply: [c.update(finish_reason="length") for c in reply["choices"]],
            lambda call: plain(call) and bool(call.fields.get("stop")))  # fmt: skip
reply_fault("completions.finish.cut", "A text that was cut ends with \"stop\".",
            lambda call, reply: [c.update(finish_reason="stop") for c in reply["choices"]],
            plain)  # fmt: skip

# text


def prompt_first(call: Call, reply: Json) -> None:
    prompt = call.fields.get("prompt")
    if isinstance(prompt, str):
        for choice in reply["choices"]:
            choice["text"] = prompt + choice["text"]


reply_fault("completions.text.without-prompt", "The prompt is repeated unasked.", prompt_first,
            lambda call: plain(call) and "user" in call.fields)  # fmt: skip
reply_fault("completions.text.no-special-tokens", "The text ends with the end token.",
            lambda call, reply: [c.update(text=c["text"] + "<|endoftext|>")
                                 for c in reply["choices"]],
            lambda call: plain(call) and "user" in call.fields)  # fmt: skip


@fault("completions.stop.not-in-text", at="accepted", route=ROUTE, when=plain)
def ignores_stop(call: Call, body: Json) -> None:
    """stop is accepted and ignored."""
    call.body = dict(body)
    body["stop"] = None


reply_fault("completions.stop.cuts-before", "The token before the stop string is lost.",
            lambda call, reply: [c.update(text=c["text"][:-3]) for c in reply["choices"]],
            lambda call: plain(call) and bool(call.fields.get("stop")))  # fmt: skip


@fault("completions.best-of.hidden", at="reply", route=ROUTE,
       when=lambda call: plain(call) and (call.fields.get("best_of") or 1) > 1,
       breaks=("completions.choices.count", "completions.usage.all-choices"))  # fmt: skip
def shows_candidates(call: Call, reply: Json) -> None:
    """All candidates of best_of are sent."""
    first = reply["choices"][0]
    reply["choices"] = [{**first, "index": i} for i in range(call.fields["best_of"])]


refuse("completions.best-of.hidden/crash", "best_of is a 500.",
       lambda b: (b.get("best_of") or 1) > 1, route=ROUTE, error=crash,
       breaks=("completions.best-of.hidden",))  # fmt: skip
refuse("completions.suffix.refused-cleanly", "suffix is a 500.",
       lambda b: bool(b.get("suffix")), route=ROUTE, error=crash)  # fmt: skip


def _is_batch(kind: type) -> Callable[[Json], bool]:
    return lambda b: (
        isinstance(b.get("prompt"), list)
        and len(b["prompt"]) > 1
        and isinstance(b["prompt"][0], kind)
        and not b.get("stream")
    )


refuse("completions.accepts.batch", "prompt has to be a string.",
       lambda b: _is_batch(str)(b) and not b.get("n"), route=ROUTE)  # fmt: skip
refuse("completions.accepts.list-of-one", "prompt has to be a string.",
       lambda b: isinstance(b.get("prompt"), list) and len(b["prompt"]) == 1,
       route=ROUTE)  # fmt: skip
refuse("completions.accepts.tokens", "prompt has to be text.", _is_batch(int), route=ROUTE)
refuse("completions.accepts.token-batch", "prompt has to be text.", _is_batch(list), route=ROUTE)
refuse("completions.accepts.n", "n has to be 1.",
       lambda b: b.get("n") == 2 and isinstance(b.get("prompt"), str), route=ROUTE)  # fmt: skip
refuse("completions.accepts.minimal", "max_tokens is required.",
       lambda b: set(b) == {"model", "prompt"}, route=ROUTE)  # fmt: skip
refuse("completions.accepts.stop-string", "stop has to be a list.",
       lambda b: isinstance(b.get("stop"), str), route=ROUTE)  # fmt: skip
refuse("completions.accepts.stop-list", "stop has to be a string.",
       lambda b: isinstance(b.get("stop"), list), route=ROUTE)  # fmt: skip
refuse("completions.accepts.echo-logprobs", "echo cannot have logprobs.",
       lambda b: b.get("echo") is True and b.get("logprobs") == 1 and b.get("max_tokens") == 1,
       route=ROUTE)  # fmt: skip
refuse("completions.accepts.echo-only", "max_tokens has to be positive.",
       lambda b: b.get("max_tokens") == 0, route=ROUTE)  # fmt: skip
refuse("completions.accepts.stream-usage", "stream_options is not known.",
       lambda b: bool(b.get("stream_options")), route=ROUTE, when=streamed)  # fmt: skip
refuse("completions.accepts.stream-batch", "Several prompts cannot be streamed.",
       lambda b: isinstance(b.get("prompt"), list), route=ROUTE, when=streamed)  # fmt: skip

# log probabilities


def _dicts(reply: Json) -> list[Json]:
    return [c["logprobs"] for c in reply["choices"] if c.get("logprobs")]


def for_each(change: Callable[[Json], object]) -> Callable[[Call, Json], None]:
    """A change of every logprobs object."""

    def run(call: Call, reply: Json) -> None:
        for logprobs in _dicts(reply):
            change(logprobs)

    return run


NO_LOGPROBS = ("completions.logprobs.not-ignored",)
reply_fault("completions.logprobs.not-ignored", "logprobs is accepted and ignored.",
            lambda call, reply: [c.update(logprobs=None) for c in reply["choices"]], probs,
            field_defects="completions-logprobs-null")  # fmt: skip
reply_fault("completions.logprobs.only-when-asked", "logprobs is sent unasked.",
            lambda call, reply: [c.update(logprobs={"tokens": [], "token_logprobs": [],
                                                    "top_logprobs": [], "text_offset": []})
                                 for c in reply["choices"]],
            lambda call: plain(call) and "user" in call.fields)  # fmt: skip
reply_fault("completions.logprobs.lengths", "The last text_offset is missing.",
            for_each(lambda p: p["text_offset"].pop()), probs)  # fmt: skip


def lose_last(logprobs: Json) -> None:
    for value in logprobs.values():
        if isinstance(value, list):
            value.pop()


def keep_last(logprobs: Json) -> None:
    for value in logprobs.values():
        if isinstance(value, list):
            del value[:-1]


def relative(logprobs: Json) -> None:
    logprobs["text_offset"] = [0] * len(logprobs["text_offset"])


def one_top(logprobs: Json) -> None:
    if logprobs["top_logprobs"]:
        logprobs["top_logprobs"] = [
            top and dict(list(top.items())[:1]) for top in logprobs["top_logprobs"]
        ]


def flat(logprobs: Json) -> None:
    if logprobs["top_logprobs"]:
        logprobs["top_logprobs"] = [
            top and dict.fromkeys(top, -0.1) for top in logprobs["top_logprobs"]
        ]
        logprobs["token_logprobs"] = [-0.1 for _ in logprobs["token_logprobs"]]


def other_scale(logprobs: Json) -> None:
    logprobs["token_logprobs"] = [v and v / 2 - 0.3 for v in logprobs["token_logprobs"]]


reply_fault("completions.logprobs.join", "The last token is missing.", for_each(lose_last),
            probs)  # fmt: skip
reply_fault("completions.logprobs.one-each", "Only the last token has an entry.",
            for_each(keep_last), probs, breaks=("completions.logprobs.one-each",
            "completions.logprobs.join"))  # fmt: skip
reply_fault("completions.logprobs.offsets", "Every text_offset is 0.", for_each(relative), probs)
reply_fault("completions.logprobs.top-count", "Only the best alternative is sent.",
            for_each(one_top), probs)  # fmt: skip
reply_fault("completions.logprobs.top-sum", "Every alternative has the same probability.",
            for_each(flat), probs)  # fmt: skip
reply_fault("completions.logprobs.chosen-agrees", "The chosen token is on another scale.",
            for_each(other_scale), probs)  # fmt: skip

# echo


def no_echo(call: Call, body: Json) -> None:
    """echo is accepted and ignored."""
    call.body = dict(body)
    body["echo"] = False


fault("completions.echo.text", at="accepted", route=ROUTE,
      when=lambda call: whole(call) and "logprobs" not in call.fields)(no_echo)  # fmt: skip
fault("completions.echo.with-logprobs", at="accepted", route=ROUTE, text="echo is lost beside "
      "logprobs.", breaks=("completions.echo.with-logprobs", "completions.echo.first-null"),
      when=lambda call: whole(call) and call.fields.get("max_tokens") == 1
      and call.fields.get("logprobs") is not None)(no_echo)  # fmt: skip


def only_generated(call: Call, reply: Json) -> None:
    """The log probabilities of the prompt are missing."""
    made = reply["usage"]["completion_tokens"]
    for logprobs in _dicts(reply):
        for value in logprobs.values():
            if isinstance(value, list):
                del value[: len(value) - made]


def echoing(call: Call) -> bool:
    """A whole answer with echo and logprobs."""
    return whole(call) and bool(call.fields.get("echo")) and "logprobs" in call.fields


reply_fault("completions.echo.logprobs-of-prompt", "Only generated tokens have log probabilities.",
            only_generated, lambda call: echoing(call) and call.fields.get("max_tokens") == 1,
            field_defects="completions-echo-logprobs-missing-prompt")  # fmt: skip
reply_fault("completions.echo.first-null", "The first token has a log probability.",
            for_each(lambda p: p["token_logprobs"].__setitem__(0, -9.5)), echoing)  # fmt: skip


def generates(call: Call, reply: Json) -> None:
    reply["choices"][0]["text"] += " and more"


reply_fault("completions.echo.nothing-generated", "max_tokens of 0 counts as not set.", generates,
            lambda call: whole(call) and call.fields.get("max_tokens") == 0)  # fmt: skip
reply_fault("completions.echo.not-counted", "The echoed prompt is counted as generated.",
            lambda call, reply: _set(reply, made=reply["usage"]["completion_tokens"]
                                     + reply["usage"]["prompt_tokens"]),
            lambda call: whole(call) and bool(call.fields.get("echo"))
            and "logprobs" not in call.fields,
            breaks=("completions.echo.not-counted", "completions.max-tokens.within"))  # fmt: skip

# too long


def _huge(call: Call) -> bool:
    return len(call.raw) > 200_000


@fault("completions.overflow.refused", at="request", route=ROUTE, when=_huge)
def cut(call: Call, body: Json) -> None:
    """A prompt that is too long is cut in silence."""
    body["prompt"] = body["prompt"][:2000]


@fault("completions.overflow.code", at="error", route=ROUTE, when=_huge)
def no_code(call: Call, error: ErrorReply) -> None:
    """The error of a prompt that is too long has no code."""
    error.body["error"]["code"] = None
