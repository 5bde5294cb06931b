"""Faults of chat completions: log probabilities."""

from __future__ import annotations

import copy
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import invalid
from conformance.reference.fault import fault
from conformance.reference.faults.chat import SERVER, crash, last_text, plain, whole

Json = dict[str, Any]


# log probabilities


def asked(call: Call) -> bool:
    """A whole answer with log probabilities."""
    return whole(call) and call.fields.get("logprobs") is True


def _rows(reply: Json) -> list[list[Json]]:
    return [
        choice["logprobs"]["content"]
        for choice in reply["choices"]
        if choice.get("logprobs") and choice["logprobs"].get("content")
    ]


@fault("chat.logprobs.not-ignored", at="reply", route="chat", when=asked,
       field_defects="logprobs-silently-dropped")  # fmt: skip
def drops(call: Call, reply: Json) -> None:
    """logprobs is accepted and ignored."""
    for choice in reply["choices"]:
        choice["logprobs"] = None


@fault("chat.logprobs.not-ignored/crash", at="request", route="chat",
       breaks=("chat.logprobs.not-ignored", *SERVER), when=whole)  # fmt: skip
def logprobs_crash(call: Call, body: Json) -> None:
    """logprobs is a 500."""
    if body.get("top_logprobs") == 5 and "top_p" not in body:
        raise crash()


@fault("chat.logprobs.every-choice", at="reply", route="chat", when=asked)
def only_first(call: Call, reply: Json) -> None:
    """Only the first choice has log probabilities."""
    for choice in reply["choices"][1:]:
        choice["logprobs"] = None


@fault("chat.logprobs.only-when-asked", at="reply", route="chat",
       when=lambda call: plain(call) and call.fields.get("max_tokens") == 96)  # fmt: skip
def always(call: Call, reply: Json) -> None:
    """Log probabilities are sent unasked."""
    entry = {"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": []}
    for choice in reply["choices"]:
        choice["logprobs"] = {"content": [entry], "refusal": None}


@fault("chat.logprobs.join", at="reply", route="chat",
       when=lambda call: asked(call) and not call.fields.get("stop")
       and "dragon" in last_text(call),
       breaks=("chat.logprobs.join", "chat.logprobs.bytes-join"))  # fmt: skip
def lost_entry(call: Call, reply: Json) -> None:
    """The last token has no entry."""
    for row in _rows(reply):
        row.pop()


@fault("chat.logprobs.join/markers", at="reply", route="chat", when=asked,
       breaks=("chat.logprobs.join", "chat.logprobs.with-stop",
               "chat.logprobs.bytes-of-token"))  # fmt: skip
def markers(call: Call, reply: Json) -> None:
    """Tokens are written as the vocabulary has them, with a mark for the space."""
    for row in _rows(reply):
        for entry in row:
            entry["token"] = entry["token"].replace(" ", "\u0120")


@fault("chat.logprobs.join/last-only", at="reply", route="chat", when=asked,
       breaks=("chat.logprobs.join", "chat.logprobs.bytes-join", "chat.logprobs.one-each",
               "chat.logprobs.with-stop"))  # fmt: skip
def last_only(call: Call, reply: Json) -> None:
    """Only the last token has an entry."""
    for row in _rows(reply):
        del row[:-1]


@fault("chat.logprobs.join/likeliest", at="reply", route="chat",
       when=lambda call: asked(call) and call.fields.get("temperature") == 1,
       breaks=("chat.logprobs.join", "chat.logprobs.bytes-join"))  # fmt: skip
def not_sampled(call: Call, reply: Json) -> None:
    """The entries hold the most probable tokens instead of the sampled ones."""
    for row in _rows(reply):
        for entry in row[::2]:
            tops = entry["top_logprobs"]
            if len(tops) > 1:
                entry.update({k: tops[1][k] for k in ("token", "logprob", "bytes")})


@fault("chat.logprobs.bytes-join", at="reply", route="chat",
       when=lambda call: asked(call) and not call.fields.get("stop"),
       breaks=("chat.logprobs.bytes-join", "chat.logprobs.bytes-of-token"))  # fmt: skip
def stripped_bytes(call: Call, reply: Json) -> None:
    """The bytes lack the leading space."""
    for row in _rows(reply):
        for entry in row:
            if entry["bytes"] and entry["bytes"][0] == 32:
                entry["bytes"] = entry["bytes"][1:]


@fault("chat.logprobs.bytes-of-token", at="reply", route="chat",
       when=lambda call: asked(call) and bool(call.fields.get("top_logprobs")))  # fmt: skip
def bytes_of_chosen(call: Call, reply: Json) -> None:
    """The alternatives have the bytes of the chosen token."""
    for row in _rows(reply):
        for entry in row:
            for top in entry["top_logprobs"][1:]:
                top["bytes"] = list(entry["bytes"])


@fault("chat.logprobs.bytes-given", at="reply", route="chat", when=asked,
       field_defects="logprobs-bytes-null")  # fmt: skip
def no_bytes(call: Call, reply: Json) -> None:
    """bytes is always null."""
    for row in _rows(reply):
        for entry in row:
            for one in (entry, *entry["top_logprobs"]):
                one["bytes"] = None


@fault("chat.logprobs.one-each", at="reply", route="chat",
       when=lambda call: asked(call) and not call.fields.get("stop")
       and not call.fields.get("top_logprobs") and call.fields.get("max_tokens") == 64)  # fmt: skip
def merged(call: Call, reply: Json) -> None:
    """Several tokens share one entry."""
    for row in _rows(reply):
        for index in range(len(row) - 2, -1, -2):
            row[index]["token"] += row[index + 1]["token"]
            row[index]["bytes"] += row[index + 1]["bytes"]
            del row[index + 1]


@fault("chat.logprobs.with-stop", at="reply", route="chat",
       when=lambda call: asked(call) and bool(call.fields.get("stop")),
       field_defects="logprobs-merge-multi-token-chunk")  # fmt: skip
def lost_at_stop(call: Call, reply: Json) -> None:
    """Tokens that were held back for the stop string have no entry."""
    for row in _rows(reply):
        del row[-2:]


@fault("chat.logprobs.accepts-plain", at="request", route="chat", when=whole,
       breaks=("chat.logprobs.accepts-plain", *SERVER),
       field_defects="logprobs-true-without-top-logprobs-rejected")  # fmt: skip
def wants_top(call: Call, body: Json) -> None:
    """logprobs without top_logprobs is refused."""
    if body.get("logprobs") is True and "top_logprobs" not in body:
        raise crash()


@fault("chat.logprobs.accepts-zero", at="request", route="chat", when=whole)
def zero_refused(call: Call, body: Json) -> None:
    """top_logprobs has to be above 0."""
    if body.get("top_logprobs") == 0 and body["top_logprobs"] is not False:
        raise invalid("top_logprobs must be positive", "top_logprobs", "invalid_value")


@fault("chat.logprobs.accepts-twenty", at="request", route="chat", when=whole)
def five_at_most(call: Call, body: Json) -> None:
    """No more than five alternatives are allowed."""
    if (body.get("top_logprobs") or 0) > 5:
        raise invalid("top_logprobs must be at most 5", "top_logprobs", "invalid_value")


@fault("chat.logprobs.top-empty", at="reply", route="chat",
       when=lambda call: asked(call) and not call.fields.get("top_logprobs"))  # fmt: skip
def always_top(call: Call, reply: Json) -> None:
    """Every entry has the chosen token as an alternative, unasked."""
    for row in _rows(reply):
        for entry in row:
            entry["top_logprobs"] = [{k: entry[k] for k in ("token", "logprob", "bytes")}]


@fault("chat.logprobs.top-count", at="reply", route="chat",
       when=lambda call: asked(call) and (call.fields.get("top_logprobs") or 0) > 1,
       field_defects="top-logprobs-count-off-by-one")  # fmt: skip
def one_less(call: Call, reply: Json) -> None:
    """There is one alternative less than asked for."""
    for row in _rows(reply):
        for entry in row:
            entry["top_logprobs"].pop()


@fault("chat.logprobs.top-count/one-more", at="reply", route="chat", when=asked,
       breaks=("chat.logprobs.top-count",))  # fmt: skip
def one_more(call: Call, reply: Json) -> None:
    """There is one alternative more than asked for."""
    extra = {"token": "~~", "logprob": -20.0, "bytes": [126, 126]}
    for row in _rows(reply):
        for entry in row:
            if entry["top_logprobs"]:
                entry["top_logprobs"].append(dict(extra))


@fault("chat.logprobs.top-distinct", at="reply", route="chat", when=asked,
       breaks=("chat.logprobs.top-distinct",),
       field_defects="top-logprobs-alternatives-same-token")  # fmt: skip
def same_token(call: Call, reply: Json) -> None:
    """All alternatives carry the chosen token."""
    for row in _rows(reply):
        for entry in row:
            for top in entry["top_logprobs"]:
                top["token"], top["bytes"] = entry["token"], list(entry["bytes"])


@fault("chat.logprobs.top-sorted", at="reply", route="chat",
       when=lambda call: asked(call) and call.fields.get("temperature") == 1)  # fmt: skip
def rising(call: Call, reply: Json) -> None:
    """The most likely alternative is the last."""
    for row in _rows(reply):
        for entry in row:
            entry["top_logprobs"].reverse()


@fault("chat.logprobs.top-sum", at="reply", route="chat", when=asked,
       breaks=("chat.logprobs.top-sum", "chat.logprobs.chosen-agrees"))  # fmt: skip
def flat(call: Call, reply: Json) -> None:
    """Every alternative has the log probability -0.1."""
    for row in _rows(reply):
        for entry in row:
            for top in entry["top_logprobs"]:
                top["logprob"] = -0.1


@fault("chat.logprobs.chosen-agrees", at="reply", route="chat",
       when=lambda call: asked(call) and bool(call.fields.get("top_logprobs")))  # fmt: skip
def other_scale(call: Call, reply: Json) -> None:
    """The chosen token's own entry is after the temperature, the alternatives before."""
    for row in _rows(reply):
        for entry in row:
            entry["logprob"] = entry["logprob"] / 2 - 0.3


@fault("chat.logprobs.chosen-listed", at="reply", route="chat",
       when=lambda call: asked(call) and call.fields.get("temperature") == 0)  # fmt: skip
def shifted(call: Call, reply: Json) -> None:
    """The alternatives are those of the next position."""
    for row in _rows(reply):
        tops = [copy.deepcopy(entry["top_logprobs"]) for entry in row]
        for entry, other in zip(row, tops[1:] + tops[:1], strict=True):
            entry["top_logprobs"] = other


@fault(
    "chat.logprobs.before-top-p",
    at="reply",
    route="chat",
    when=lambda call: asked(call) and call.fields.get("top_p") == 0.1,
    breaks=("chat.logprobs.before-top-p", "chat.logprobs.top-count", "chat.logprobs.chosen-agrees"),
    field_defects="top-logprobs-truncated-by-top-p",
)
def after_top_p(call: Call, reply: Json) -> None:
    """The alternatives are what top_p leaves, made to add up to 1."""
    for row in _rows(reply):
        for entry in row:
            entry["top_logprobs"] = [{**entry["top_logprobs"][0], "logprob": 0.0}]


@fault("chat.logprobs.same-before-top-p", at="reply", route="chat",
       when=lambda call: asked(call) and call.fields.get("top_p") == 0.1)  # fmt: skip
def sharpened(call: Call, reply: Json) -> None:
    """The alternatives that top_p removes are nearly impossible."""
    for row in _rows(reply):
        for entry in row:
            for step, top in enumerate(entry["top_logprobs"][1:]):
                top["logprob"] = -30.0 - step


@fault("chat.logprobs.text-unchanged", at="reply", route="chat",
       when=lambda call: asked(call) and not call.fields.get("top_logprobs")
       and call.fields.get("max_tokens") == 64)  # fmt: skip
def other_text(call: Call, reply: Json) -> None:
    """With logprobs another code path answers, which writes in lower case."""
    for choice in reply["choices"]:
        choice["message"]["content"] = choice["message"]["content"].lower()
        for entry in choice["logprobs"]["content"]:
            entry["token"] = entry["token"].lower()
            entry["bytes"] = list(entry["token"].encode())
