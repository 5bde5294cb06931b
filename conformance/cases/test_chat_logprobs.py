"""Chat completions: log probabilities."""

from __future__ import annotations

import math
from typing import Any

from conformance.chats import (
    choices_of,
    content_of,
    contents_of,
    counted,
    detail_of,
    entries_of,
    integer,
    message_of,
    numbers,
    stops_of,
)
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, require
from conformance.requirement import MUST, SHOULD, live, openai, requirement
from conformance.select import CHAT, Selector

SOURCE = openai("chat/object logprobs")
ASKED = CHAT & Selector("with logprobs", lambda x: x.sent.get("logprobs") is True)
SILENT = CHAT & Selector("without logprobs", lambda x: not x.sent.get("logprobs"))
ENTRY = "choices[].logprobs.content"


def judged(x: Exchange) -> list[tuple[str, list[dict[str, Any]]]]:
    """Text and entries of each choice that has both. Raises NotApplicable when none has."""
    found = []
    for choice in choices_of(x):
        text, entries = message_of(choice).get("content"), entries_of(choice)
        if isinstance(text, str) and entries:
            found.append((text, entries))
    if not found:
        raise NotApplicable
    return found


def entries_in(x: Exchange) -> list[dict[str, Any]]:
    return [entry for _, entries in judged(x) for entry in entries]


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
    "chat.logprobs.not-ignored",
    MUST,
    "`logprobs: true` brings log probabilities for the text, or is refused with a 4xx status.",
    source=openai("chat/create logprobs"),
    needs="chat",
    any_status=True,
    breaks=["evaluation code reads from null"],
)
def test_not_ignored(chat_logprobs: Exchange) -> None:
    if chat_logprobs.status == 429 or not chat_logprobs.status:
        raise Inconclusive("no answer", owner="quota")
    require(chat_logprobs.status < 500, "status", ["200", "4xx"], chat_logprobs.status)
    if not chat_logprobs.ok:
        return
    if not any(contents_of(chat_logprobs)):
        raise NotApplicable
    found = [choice.get("logprobs") for choice in choices_of(chat_logprobs)]
    empty = all(not v or (isinstance(v, dict) and not v.get("content")) for v in found)
    require(not empty, "choices[0].logprobs.content", "an entry for each token", found)


@requirement(
    "chat.logprobs.every-choice",
    MUST,
    "Every choice has log probabilities when they are asked for.",
    source=SOURCE,
    needs="chat.logprobs",
    breaks=["evaluation code reads from null"],
)
def test_every_choice(chat_logprobs_n: Exchange) -> None:
    x = chat_logprobs_n
    if not x.ok:
        raise NotApplicable
    listed = [
        choice
        for choice in choices_of(x)
        if isinstance(message_of(choice).get("content"), str) and message_of(choice)["content"]
    ]
    having = [choice for choice in listed if entries_of(choice)]
    if not having:
        raise NotApplicable("another requirement speaks of logprobs that are ignored")
    require(len(having) == len(listed), ENTRY, "entries in every choice", f"{len(having)} have them")


@requirement(
    "chat.logprobs.only-when-asked",
    SHOULD,
    "`logprobs` is null or absent when it was not asked for.",
    source=live("chat completions, 2024 to 2026"),
    needs="chat",
    over=SILENT,
    breaks=["answers grow tenfold"],
)
def test_only_when_asked(x: Exchange) -> None:
    if not choices_of(x):
        raise NotApplicable
    for choice in choices_of(x):
        entries = entries_of(choice)
        require(not entries, "choices[].logprobs", ["null", "absent"], entries[:2])


@requirement(
    "chat.logprobs.join",
    MUST,
    "The tokens of `logprobs.content`, joined, are the text.",
    source=SOURCE,
    needs="chat.logprobs",
    over=ASKED,
    breaks=["perplexity and token highlighting are wrong without an error"],
)
def test_join(x: Exchange) -> None:
    if stops_of(x):
        raise NotApplicable("another requirement speaks of stop strings")
    for text, entries in judged(x):
        joined = joined_tokens(entries)
        require(joined in (text, text.strip()), ENTRY, text, joined)


def joined_tokens(entries: list[dict[str, Any]]) -> str:
    """The tokens as text, from the bytes where a token is a part of a character."""
    words = [entry.get("token") for entry in entries]
    if not all(isinstance(word, str) for word in words):
        raise NotApplicable
    text = "".join(str(word) for word in words)
    if "\ufffd" in text or "bytes:" in text or "\\x" in text:
        raise NotApplicable("tokens that are parts of characters")
    return text


def joined_bytes(entries: list[dict[str, Any]]) -> bytes | None:
    """The bytes of the tokens, None where some have none."""
    found = bytearray()
    for entry in entries:
        values = entry.get("bytes")
        if not isinstance(values, list):
            return None
        numbers_ = [integer(v) for v in values]
        if any(v is None or not 0 <= v <= 255 for v in numbers_):
            return None
        found += bytes(v or 0 for v in numbers_)
    return bytes(found)


@requirement(
    "chat.logprobs.bytes-join",
    MUST,
    "The `bytes` of the tokens, joined, are the text in UTF-8.",
    source=SOURCE,
    needs="chat.logprobs",
    over=ASKED,
    breaks=["characters of several tokens cannot be put together"],
)
def test_bytes_join(x: Exchange) -> None:
    if stops_of(x):
        raise NotApplicable
    told = 0
    for text, entries in judged(x):
        data = joined_bytes(entries)
        if data is None:
            continue
        told += 1
        joined = data.decode("utf-8", "ignore").rstrip("\ufffd")
        whole = text.rstrip("\ufffd")
        require(joined in (whole, whole.strip()), f"{ENTRY}[].bytes", whole, joined)
    if not told:
        raise NotApplicable("no bytes")


@requirement(
    "chat.logprobs.bytes-given",
    MUST,
    "`bytes` is not null for tokens that are text.",
    source=openai("chat/object logprobs"),
    needs="chat.logprobs",
    over=ASKED,
    breaks=["clients that rebuild emoji and Chinese from bytes get nothing"],
)
def test_bytes_given(x: Exchange) -> None:
    for _, entries in judged(x):
        told = [e for e in entries if e.get("bytes") is not None]
        present = [e for e in entries if "bytes" in e]
        if not present:
            raise NotApplicable
        require(bool(told), f"{ENTRY}[].bytes", "a list of bytes", None)


@requirement(
    "chat.logprobs.bytes-of-token",
    MUST,
    "`bytes` are the UTF-8 bytes of the token beside them.",
    source=SOURCE,
    needs="chat.logprobs",
    over=ASKED,
    breaks=["clients that rebuild text from bytes"],
)
def test_bytes_of_token(x: Exchange) -> None:
    told = 0
    for entry in entries_in(x):
        tops = entry.get("top_logprobs")
        for one in [entry, *(tops if isinstance(tops, list) else [])]:
            if not isinstance(one, dict) or not isinstance(one.get("token"), str):
                continue
            data, word = joined_bytes([one]), one["token"]
            if data is None or "\ufffd" in word or "bytes:" in word or "\\x" in word:
                continue
            if word.startswith("<") and word.endswith(">"):
                continue  # a control token has a name but no text
            told += 1
            require(data == word.encode("utf-8", "replace"), f"{ENTRY}[].bytes",
                    str(list(word.encode("utf-8", "replace"))), list(data))  # fmt: skip
    if not told:
        raise NotApplicable


@requirement(
    "chat.logprobs.one-each",
    MUST,
    "There is one entry for each generated token.",
    source=SOURCE,
    needs="chat.logprobs",
    over=ASKED,
    breaks=["perplexity is wrong without an error"],
)
def test_one_each(x: Exchange) -> None:
    if stops_of(x) or len(choices_of(x)) != 1:
        raise NotApplicable
    made = counted(x, "completion_tokens")
    thought = detail_of(x, "completion_tokens_details", "reasoning_tokens") or 0
    if thought > made:
        raise NotApplicable("another requirement speaks of the details")
    made -= thought
    for _, entries in judged(x):
        close = made - 3 <= len(entries) <= made + 1
        require(close, ENTRY, f"{made} entries, as completion_tokens says", f"{len(entries)}")


@requirement(
    "chat.logprobs.with-stop",
    MUST,
    "With `stop` the entries still cover all of the text.",
    source=SOURCE,
    needs="chat.logprobs",
    breaks=["tokens that were held back for the stop string have no probability"],
)
def test_with_stop(chat_stop_logprobs: Exchange) -> None:
    for text, entries in judged(chat_stop_logprobs):
        joined = joined_tokens(entries)
        covered = joined.startswith(text) or joined.lstrip().startswith(text)
        require(covered, ENTRY, f"tokens that begin with {text!r}", joined)


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
        len(tops)
        for entry in entries_in(x)
        if isinstance(tops := entry.get("top_logprobs"), list)
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
            if isinstance(top.get("token"), str) and "\ufffd" not in top["token"]
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
        fine = all(a >= b - 1e-6 for a, b in zip(values, values[1:], strict=False))
        require(fine, f"{ENTRY}[].top_logprobs", "falling log probabilities", values)


@requirement(
    "chat.logprobs.top-sum",
    MUST,
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
    breaks=["the alternatives belong to another position"],
)
def test_chosen_listed(chat_logprobs_unicode: Exchange) -> None:
    rows = tops_in(chat_logprobs_unicode)
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
        require(abs(before - now) < 0.5, f"{ENTRY}[0].top_logprobs", f"about {before}", now)


@requirement(
    "chat.logprobs.text-unchanged",
    SHOULD,
    "Asking for log probabilities does not change the answer at temperature 0.",
    source=SOURCE,
    needs="chat.logprobs",
    breaks=["evaluations measure another text than users get"],
)
def test_text_unchanged(chat: Exchange, chat_again: Exchange, chat_logprobs_plain: Exchange) -> None:
    before = content_of(chat)
    if content_of(chat_again) != before:
        raise Inconclusive("answers at temperature 0 differ anyway")
    now = content_of(chat_logprobs_plain)
    require(now == before, "choices[0].message.content", before, now)
