"""Chat completions: log probabilities."""

from __future__ import annotations

from typing import Any

from conformance.chats import (
    choices_of,
    content_of,
    contents_of,
    counted,
    detail_of,
    entries_of,
    integer,
    judged_logprobs,
    message_of,
    stops_of,
)
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, require
from conformance.requirement import MUST, SHOULD, live, openai, requirement
from conformance.select import CHAT, CHAT_ANY, Selector

SOURCE = openai("chat/object logprobs")
ASKED = CHAT_ANY & Selector("with logprobs", lambda x: x.sent.get("logprobs") is True)
SILENT = CHAT & Selector("without logprobs", lambda x: not x.sent.get("logprobs"))
ENTRY = "choices[].logprobs.content"


def entries_in(x: Exchange) -> list[dict[str, Any]]:
    return [entry for _, entries in judged_logprobs(x) for entry in entries]


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
    require(len(having) == len(listed), ENTRY, "entries in every choice", len(having))


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
    for text, entries in judged_logprobs(x):
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
    for text, entries in judged_logprobs(x):
        data = joined_bytes(entries)
        if data is None:
            continue
        told += 1
        # what is no character is written as U+FFFD, or not at all
        joined = data.decode("utf-8", "ignore").replace("\ufffd", "")
        whole = text.replace("\ufffd", "")
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
    for _, entries in judged_logprobs(x):
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
            if not word and "\ufffd" in data.decode("utf-8", "replace"):
                continue  # a piece of a character, which cannot be written
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
    for _, entries in judged_logprobs(x):
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
    for text, entries in judged_logprobs(chat_stop_logprobs):
        joined = joined_tokens(entries)
        covered = joined.startswith(text) or joined.lstrip().startswith(text)
        require(covered, ENTRY, f"tokens that begin with {text!r}", joined)


@requirement(
    "chat.logprobs.text-unchanged",
    SHOULD,
    "Asking for log probabilities does not change the answer at temperature 0.",
    source=SOURCE,
    needs="chat.logprobs",
    breaks=["evaluations measure another text than users get"],
)
def test_text_unchanged(
    chat: Exchange, chat_again: Exchange, chat_logprobs_plain: Exchange
) -> None:
    before = content_of(chat)
    if content_of(chat_again) != before:
        raise Inconclusive("answers at temperature 0 differ anyway")
    now = content_of(chat_logprobs_plain)
    require(now == before, "choices[0].message.content", before, now)
