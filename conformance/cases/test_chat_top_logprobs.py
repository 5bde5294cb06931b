"""Chat completions: the alternatives of log probabilities."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from conformance.chats import integer, judged_logprobs, numbers
from conformance.exchange import Exchange
from conformance.expect import NotApplicable, require
from conformance.requirement import MAY, MUST, SHOULD, openai, requirement
from conformance.select import CHAT_ANY, Selector

SOURCE = openai("chat/object logprobs")
ASKED = CHAT_ANY & Selector("with logprobs", lambda x: x.sent.get("logprobs") is True)
GREEDY = ASKED & Selector(
    "at temperature 0",
    lambda x: (
        x.sent.get("temperature") == 0
        and not any(x.sent.get(key) for key in ("tools", "response_format", "logit_bias"))
    ),
)
ENTRY = "choices[].logprobs.content"


def entries_in(x: Exchange) -> list[dict[str, Any]]:
    return [entry for _, entries in judged_logprobs(x) for entry in entries]


def tops_in(x: Exchange) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Each entry with its alternatives that are objects. Raises NotApplicable when none has any."""
    found = []
    for entry in entries_in(x):
        tops = entry.get("top_logprobs")
        if isinstance(tops, list) and tops:
            found.append((entry, [top for top in tops if isinstance(top, dict)]))
    if not found:
        raise NotApplicable
    return found


def value_of(entry: dict[str, Any]) -> float | None:
    value = entry.get("logprob")
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


@requirement(
    "chat.logprobs.top-empty",
    MUST,
    "Without `top_logprobs`, or with 0, every entry has an empty list of alternatives.",
    source=openai("chat/create top_logprobs"),
    needs="chat.logprobs",
    over=ASKED,
    breaks=["openai-python, strict: `top_logprobs` is required"],
)
def test_top_empty(x: Exchange) -> None:
    if x.sent.get("top_logprobs"):
        raise NotApplicable
    for entry in entries_in(x):
        tops = entry.get("top_logprobs")
        if isinstance(tops, list):
            require(not tops, f"{ENTRY}[].top_logprobs", "[]", tops)


@requirement(
    "chat.logprobs.top-count",
    MUST,
    "Each entry has as many alternatives as `top_logprobs` asks for (fewer in rare cases).",
    source=openai("chat/create top_logprobs"),
    needs="chat.logprobs",
    over=ASKED,
    breaks=["classification over a fixed number of labels"],
)
def test_top_count(x: Exchange) -> None:
    wanted = integer(x.sent.get("top_logprobs")) or 0
    if not wanted:
        raise NotApplicable
    counts = [
        len(tops) for entry in entries_in(x) if isinstance(tops := entry.get("top_logprobs"), list)
    ]
    if not counts:
        raise NotApplicable
    right = sum(count == wanted for count in counts)
    at = f"{ENTRY}[].top_logprobs"
    require(max(counts) <= wanted, at, f"{wanted} alternatives", counts)
    require(right * 2 >= len(counts), at, f"{wanted} alternatives", counts)


@requirement(
    "chat.logprobs.top-distinct",
    MUST,
    "The alternatives of one position are different tokens.",
    source=SOURCE,
    needs="chat.logprobs",
    over=ASKED,
    breaks=["silent corruption of classification"],
)
def test_top_distinct(x: Exchange) -> None:
    told = 0
    for _, tops in tops_in(x):
        names = [
            (top["token"], str(top.get("bytes")))
            for top in tops
            # a control token has no text, a piece of a character none that can be written
            if isinstance(top.get("token"), str) and top["token"].strip("\ufffd")
        ]
        if len(names) > 1:
            told += 1
            require(len(set(names)) == len(names), f"{ENTRY}[].top_logprobs", "different tokens",
                    [name for name, _ in names])  # fmt: skip
    if not told:
        raise NotApplicable


@requirement(
    "chat.logprobs.top-sorted",
    MUST,
    "The alternatives stand in the order of their probability, the most likely first.",
    source=openai("chat/object logprobs"),
    needs="chat.logprobs",
    over=ASKED,
    breaks=["clients that take the first alternative as the best"],
)
def test_top_sorted(x: Exchange) -> None:
    for _, tops in tops_in(x):
        values = numbers([top.get("logprob") for top in tops])
        fine = all(a >= b - 1e-6 for a, b in pairwise(values))
        require(fine, f"{ENTRY}[].top_logprobs", "falling log probabilities", values)


@requirement(
    "chat.logprobs.top-sum",
    MAY,
    "The probabilities of the alternatives of one position add up to no more than 1.",
    source=SOURCE,
    needs="chat.logprobs",
    over=ASKED,
    breaks=["confidence above 100 %"],
)
def test_top_sum(x: Exchange) -> None:
    for _, tops in tops_in(x):
        values = [v for v in numbers([top.get("logprob") for top in tops]) if v <= 0.001]
        total = sum(math.exp(v) for v in values)
        require(total <= 1.02, f"{ENTRY}[].top_logprobs", "a sum of at most 1", round(total, 4))


@requirement(
    "chat.logprobs.chosen-agrees",
    MUST,
    "The chosen token has the same log probability among the alternatives as in its own entry.",
    source=SOURCE,
    needs="chat.logprobs",
    over=ASKED,
    breaks=["two different confidences for one token"],
)
def test_chosen(x: Exchange) -> None:
    told = 0
    for entry, tops in tops_in(x):
        own = value_of(entry)
        same = [t for t in tops if t.get("token") == entry.get("token")
                and t.get("bytes") == entry.get("bytes")]  # fmt: skip
        if own is None or len(same) != 1 or (other := value_of(same[0])) is None:
            continue
        told += 1
        require(abs(own - other) <= 0.01 + abs(own) * 0.01, f"{ENTRY}[].logprob", str(other), own)
    if not told:
        raise NotApplicable


@requirement(
    "chat.logprobs.chosen-listed",
    SHOULD,
    "At temperature 0 the chosen token is the most likely alternative.",
    source=SOURCE,
    needs="chat.logprobs",
    over=GREEDY,
    breaks=["the alternatives belong to another position"],
)
def test_chosen_listed(x: Exchange) -> None:
    rows = tops_in(x)
    first = sum(tops[0].get("token") == entry.get("token") for entry, tops in rows if tops)
    require(
        first * 4 >= len(rows) * 3,
        f"{ENTRY}[].top_logprobs",
        "the chosen token first",
        f"in {first} of {len(rows)} positions",
    )


@requirement(
    "chat.logprobs.before-top-p",
    MUST,
    "The alternatives are not reduced by `top_p`.",
    source=openai("chat/create top_logprobs"),
    needs="chat.logprobs",
    breaks=["confidence is always 100 %"],
)
def test_before_top_p(chat_logprobs: Exchange, chat_logprobs_top_p: Exchange) -> None:
    free, cut = tops_in(chat_logprobs), tops_in(chat_logprobs_top_p)
    many = sum(len(tops) for _, tops in free) / len(free)
    few = sum(len(tops) for _, tops in cut) / len(cut)
    if many < 2:
        raise NotApplicable
    at = f"{ENTRY}[].top_logprobs"
    require(few * 2 > many, at, f"about {many:.1f} alternatives", f"{few:.1f}")
    if few > many:
        return
    finite = [len([v for v in numbers([t.get("logprob") for t in tops]) if v > -9000])
              for _, tops in cut]  # fmt: skip
    require(max(finite) > 1, at, "probabilities of the model before `top_p`", finite)


@requirement(
    "chat.logprobs.same-before-top-p",
    SHOULD,
    "The log probabilities are those of the model, not of what `top_p` leaves.",
    source=openai("chat/create top_logprobs"),
    needs="chat.logprobs",
    breaks=["confidence is too high"],
)
def test_same_before_top_p(chat_logprobs: Exchange, chat_logprobs_top_p: Exchange) -> None:
    (_, free), (_, cut) = tops_in(chat_logprobs)[0], tops_in(chat_logprobs_top_p)[0]
    known = {top.get("token"): value_of(top) for top in free}
    if len(known) < len(free):
        raise NotApplicable("another requirement speaks of equal tokens")
    for top in cut:
        before, now = known.get(top.get("token")), value_of(top)
        if before is None or now is None or len(cut) < len(free):
            continue
        if min(before, now) < -1000:
            continue  # -9999.0 stands for a very unlikely token
        require(abs(before - now) < 0.5, f"{ENTRY}[0].top_logprobs", f"about {before}", now)
