"""Faults of chat completions: stop, seed, temperature, logit_bias."""

from __future__ import annotations

import itertools
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import invalid
from conformance.reference.fault import fault
from conformance.reference.faults.chat import SERVER, crash, last_text, once, plain, whole

Json = dict[str, Any]


def _stops(call: Call) -> list[str]:
    stop = call.fields.get("stop") or call.state.get("stop") or []
    return [stop] if isinstance(stop, str) else list(stop)


def stopping(call: Call) -> bool:
    """A whole answer with a stop string, without logprobs."""
    return whole(call) and bool(_stops(call)) and not call.fields.get("logprobs")


# stop


@fault("chat.stop.accepts-string", at="request", route="chat",
       when=whole, field_defects="stop-string-rejected")  # fmt: skip
def stop_string_refused(call: Call, body: Json) -> None:
    """stop has to be a list."""
    if isinstance(body.get("stop"), str):
        raise invalid("stop: Input should be a valid list", "stop", "invalid_type")


@fault("chat.stop.accepts-list", at="request", route="chat", when=whole)
def stop_list_refused(call: Call, body: Json) -> None:
    """stop has to be a string."""
    if isinstance(body.get("stop"), list) and len(body["stop"]) == 4:
        raise invalid("stop: Input should be a valid string", "stop", "invalid_type")


@fault("chat.stop.not-in-text", at="accepted", route="chat", when=stopping,
       field_defects="stop-ignored-entirely")  # fmt: skip
def ignores_stop(call: Call, body: Json) -> None:
    """stop is accepted and ignored."""
    call.body = dict(body)
    body["stop"] = None


@fault("chat.stop.not-in-text/multi-token", at="accepted", route="chat", when=stopping,
       breaks=("chat.stop.not-in-text",), field_defects="stop-multi-token-ignored")  # fmt: skip
def ignores_long_stops(call: Call, body: Json) -> None:
    """A stop string of several tokens never matches."""
    short = [stop for stop in _stops(call) if len(stop) <= 4]
    body["stop"] = short or None


@fault("chat.stop.not-in-text/included", at="reply", route="chat", when=stopping,
       breaks=("chat.stop.not-in-text",))  # fmt: skip
def includes_stop(call: Call, reply: Json) -> None:
    """The stop string is left at the end of the text."""
    for choice in reply["choices"]:
        if choice["finish_reason"] == "stop":
            choice["message"]["content"] += _stops(call)[-1]


@fault("chat.stop.cuts-before", at="reply", route="chat",
       when=lambda call: stopping(call) and isinstance(call.fields.get("stop"), str))  # fmt: skip
def cuts_too_much(call: Call, reply: Json) -> None:
    """The token before the stop string is lost."""
    for choice in reply["choices"]:
        choice["message"]["content"] = choice["message"]["content"][:-4]


@fault("chat.stop.cuts-before-list", at="reply", route="chat",
       when=lambda call: stopping(call) and len(_stops(call)) == 4,
       breaks=("chat.stop.cuts-before-list", "chat.stream.stop.same-text"))  # fmt: skip
def leaves_a_part(call: Call, reply: Json) -> None:
    """The first token of the stop string is left in the text."""
    for choice in reply["choices"]:
        choice["message"]["content"] += _stops(call)[-1][:4]


@fault("chat.stop.finish-reason", at="reply", route="chat",
       when=lambda call: stopping(call) and len(_stops(call)) == 4,
       breaks=("chat.stop.finish-reason", "chat.finish.length-only-at-limit"))  # fmt: skip
def stop_is_length(call: Call, reply: Json) -> None:
    """A stop string ends the answer with "length"."""
    for choice in reply["choices"]:
        choice["finish_reason"] = "length"


@fault("chat.stop.no-false-match", at="reply", route="chat",
       when=lambda call: stopping(call) and "\u2603" in str(_stops(call)))  # fmt: skip
def loses_the_tail(call: Call, reply: Json) -> None:
    """What was held back for a stop string is lost when the answer ends."""
    for choice in reply["choices"]:
        choice["message"]["content"] = choice["message"]["content"][:-4]


@fault("chat.stop.empty-list", at="request", route="chat", when=whole,
       breaks=("chat.stop.empty-list", *SERVER))  # fmt: skip
def empty_stop_crashes(call: Call, body: Json) -> None:
    """An empty list of stop strings is a 500."""
    if body.get("stop") == []:
        raise crash()


@fault(
    "chat.stop.empty-list/no-end",
    at="request",
    route="chat",
    when=whole,
    breaks=("chat.stop.empty-list", "chat.content.no-special-tokens"),
    field_defects="stop-empty-list-disables-eos",
)
def empty_stop_taken(call: Call, body: Json) -> None:
    """An empty list of stop strings replaces those of the model."""
    if body.get("stop") == []:
        body["stop"] = None
        message = body["messages"][-1]
        body["messages"] = [{**message, "content": message["content"] + "<|im_end|>"}]


# seed, temperature, bias

_count = itertools.count()


@fault("chat.seed.takes-effect", at="reply", route="chat",
       when=lambda call: plain(call) and call.fields.get("seed") == 42,
       field_defects="seed-has-no-effect")  # fmt: skip
def random_seed(call: Call, reply: Json) -> None:
    """seed is accepted and does nothing."""
    reply["choices"][0]["message"]["content"] += f" {next(_count)}"


@fault("chat.temperature.zero", at="reply", route="chat",
       when=lambda call: plain(call) and "island" in last_text(call))  # fmt: skip
def zero_is_default(call: Call, reply: Json) -> None:
    """A temperature of 0 counts as not set."""
    reply["choices"][0]["message"]["content"] += f" {next(_count)}"


@fault("chat.logit-bias.takes-effect", at="accepted", route="chat", when=once)
def bias_ignored(call: Call, body: Json) -> None:
    """logit_bias is accepted and does nothing."""
    body.pop("logit_bias", None)


@fault("chat.logit-bias.refused-cleanly", at="request", route="chat", when=once,
       breaks=("chat.logit-bias.refused-cleanly", *SERVER))  # fmt: skip
def bias_crashes(call: Call, body: Json) -> None:
    """logit_bias is a 500."""
    if body.get("logit_bias"):
        raise crash()


@fault("chat.usage.completion-counted/choices", at="reply", route="chat",
       when=lambda call: call.fields.get("n") == 2,
       breaks=("chat.usage.completion-counted", "chat.n.completion-summed"),
       field_defects="usage-completion-undercount-n")  # fmt: skip
def made_in_the_last(call: Call, reply: Json) -> None:
    """Of several choices one token is counted in all."""
    usage = reply["usage"]
    usage.update(completion_tokens=1, total_tokens=usage["prompt_tokens"] + 1)
