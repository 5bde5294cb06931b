"""Chat completions: choices, identity of the answer, what its text may hold."""

from __future__ import annotations

import re

from conformance.chats import (
    SPECIAL_TOKENS,
    asked_n,
    body_of,
    choices_of,
    content_of,
    contents_of,
    ended_at_once,
    finish_of,
    integer,
    message_of,
    related,
    said,
    same_start,
)
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.probes.chat import COUNT, REPEAT
from conformance.probes.chat_turns import UNICODE
from conformance.requirement import MUST, SHOULD, field, live, openai, openapi, requirement, suite
from conformance.select import CHAT
from conformance.texts import speaks

SKEW = 600
"""Seconds by which two clocks may differ."""


@requirement(
    "chat.choices.count",
    MUST,
    "There are as many choices as `n` asks for, one where it is not given.",
    source=openai("chat/create n"),
    needs="chat",
    over=CHAT,
    breaks=["self-consistency and ranking code gets fewer answers than it asked for"],
)
def test_count(x: Exchange) -> None:
    listed = body_of(x).get("choices")
    if not isinstance(listed, list) or not listed:
        raise NotApplicable
    wanted = asked_n(x)
    require(len(listed) == wanted, "choices", f"{wanted} choices", f"{len(listed)} choices")


@requirement(
    "chat.choices.indexes",
    MUST,
    "The choices are numbered from 0, each number once.",
    source=openai("chat/object choices"),
    needs="chat",
    over=CHAT,
    breaks=["answers are paired with the wrong choice", "accumulators return an empty slot 0"],
)
def test_indexes(x: Exchange) -> None:
    found = [integer(choice.get("index")) for choice in choices_of(x)]
    if not found or None in found:
        raise NotApplicable
    wanted = list(range(len(found)))
    require(sorted(i or 0 for i in found) == wanted, "choices[].index", str(wanted), found)


@requirement(
    "chat.choices.order",
    SHOULD,
    "The choices stand in the order of their numbers.",
    source=live("chat completions with n, 2025"),
    needs="chat.n",
    over=CHAT,
    breaks=["clients that read choices[i] by position"],
)
def test_order(x: Exchange) -> None:
    found = [integer(choice.get("index")) or 0 for choice in choices_of(x)]
    if len(found) < 2:
        raise NotApplicable
    require(found == sorted(found), "choices[].index", str(sorted(found)), found)


@requirement(
    "chat.n.different",
    SHOULD,
    "With a temperature of 1 the choices of a long free answer differ.",
    source=openai("chat/create n"),
    needs="chat.n",
    breaks=["several samples of one answer are worth no more than one"],
)
def test_different(chat_max_completion: Exchange, chat_n: Exchange) -> None:
    texts = contents_of(chat_n)
    if len(texts) < 2:
        raise NotApplicable
    if min(map(len, texts)) < 12:
        raise Inconclusive("the answers are too short to tell")
    single = content_of(chat_max_completion).strip()
    if len(single) < 4 or any(same_start(single, text) for text in texts):
        raise Inconclusive("the model begins every answer to that prompt alike")
    require(len(set(texts)) > 1, "choices[].message.content", "different texts", texts)


@requirement(
    "chat.n.refused-cleanly",
    MUST,
    "`n` above 1 is either done or refused with a 4xx status.",
    source=openai("chat/create n"),
    needs="chat",
    any_status=True,
    breaks=["a 5xx is retried again and again"],
)
def test_n_clean(chat_n: Exchange) -> None:
    if chat_n.status == 429 or not chat_n.status:
        raise Inconclusive(f"the answer was {chat_n}", owner="quota")
    require(chat_n.status < 500, "status", ["200", "4xx"], chat_n.status)


@requirement(
    "chat.id.unique",
    MUST,
    "Every completion has an id of its own.",
    source=openai("chat/object id"),
    needs="chat",
    breaks=["logs, caches and UIs that are keyed by the id overwrite each other"],
)
def test_unique_id(chat: Exchange, chat_again: Exchange, chat_length: Exchange) -> None:
    ids = [body_of(x).get("id") for x in (chat, chat_again, chat_length)]
    known = [i for i in ids if isinstance(i, str) and i]
    if len(known) < 2:
        raise NotApplicable
    require(len(set(known)) == len(known), "id", "three different ids", known)


@requirement(
    "chat.created.now",
    MUST,
    "`created` is the time of the answer in Unix seconds.",
    source=openai("chat/object created"),
    needs="chat",
    over=CHAT,
    breaks=["logs and conversations are sorted by it"],
)
def test_created(x: Exchange) -> None:
    created = integer(body_of(x).get("created"))
    if created is None or not 1e9 < created < 1e11 or x.context.get("foreign"):
        raise NotApplicable
    off = created - x.started
    require(-SKEW <= off <= SKEW + x.duration, "created", f"about {int(x.started)}", created)


@requirement(
    "chat.model.echo",
    MUST,
    "`model` is the requested model, or a name that is derived from it.",
    source=openai("chat/object model"),
    needs="chat",
    over=CHAT,
    breaks=["cost tables and logs that are keyed by the model"],
)
def test_model(x: Exchange) -> None:
    asked, answered = x.sent.get("model"), body_of(x).get("model")
    if not isinstance(asked, str) or not isinstance(answered, str) or not asked or not answered:
        raise NotApplicable
    require(related(asked, answered), "model", f"{asked} or a snapshot of it", answered)


@requirement(
    "chat.model.exact",
    SHOULD,
    "`model` begins with the requested model: the same name, or its dated snapshot.",
    source=live("chat completions, 2024 to 2026"),
    needs="chat",
    over=CHAT,
    breaks=["cost tables that are keyed by the model"],
)
def test_model_exact(x: Exchange) -> None:
    asked, answered = x.sent.get("model"), body_of(x).get("model")
    if not isinstance(asked, str) or not isinstance(answered, str) or not asked or not answered:
        raise NotApplicable
    if "preview" in asked or "latest" in asked or asked == "auto":
        raise NotApplicable("an alias")
    require(answered.startswith(asked), "model", f"{asked} or a snapshot of it", answered)


@requirement(
    "chat.content.no-special-tokens",
    MUST,
    "The text holds no control tokens of the model.",
    source=field("https://github.com/EricLBuehler/mistral.rs/issues/77"),
    needs="chat",
    over=CHAT,
    breaks=["users see `</s>`, and the next turn's history is polluted"],
)
def test_special_tokens(x: Exchange) -> None:
    texts, asked = contents_of(x), said(x)
    if not any(texts):
        raise NotApplicable
    for text in texts:
        found = [token for token in SPECIAL_TOKENS if token in text and token not in asked]
        require(not found, "choices[].message.content", "no control tokens", found or text)


@requirement(
    "chat.content.no-thoughts",
    SHOULD,
    "The text holds no `<think>` block.",
    source=openai("chat/object content"),
    needs="chat",
    over=CHAT,
    breaks=["users see the model's notes, and JSON mode fails to parse"],
)
def test_thoughts(x: Exchange) -> None:
    texts, asked = contents_of(x), said(x)
    if not any(texts) or "think>" in asked:
        raise NotApplicable
    for text in texts:
        clean = "<think>" not in text and "</think>" not in text
        require(clean, "choices[].message.content", "no <think>", text[:200])


@requirement(
    "chat.content.whole-characters",
    MUST,
    "The text holds no replacement character (U+FFFD) that the request did not hold.",
    source=suite("characters are whole"),
    needs="chat",
    over=CHAT,
    breaks=["emoji and Chinese text are destroyed"],
)
def test_replacement(x: Exchange) -> None:
    texts = contents_of(x)
    if not any(texts) or "\ufffd" in said(x) or "\\ufffd" in said(x).lower():
        raise NotApplicable
    for choice in choices_of(x):
        text = message_of(choice).get("content")
        if not isinstance(text, str):
            continue
        if choice.get("finish_reason") == "length":
            text = text.rstrip("\ufffd")  # the limit may cut a character in two
        if "\ufffd" in text and not speaks(text, said(x)):
            raise Inconclusive("the model itself may write what is no character")
        require("\ufffd" not in text, "choices[].message.content", "no U+FFFD", text)


@requirement(
    "chat.content.not-a-null-word",
    MUST,
    "A text that is not there is null or empty, not the word None, null or undefined.",
    source=openapi("ChatCompletionResponseMessage"),
    needs="chat",
    over=CHAT,
    breaks=["clients show the word as the answer"],
)
def test_null_word(x: Exchange) -> None:
    texts = contents_of(x)
    asked = re.sub(r":\s*null", "", said(x)).lower()
    if not texts:
        raise NotApplicable
    for text in texts:
        word = text.strip().lower()
        bad = word in ("none", "null", "undefined", "nil") and word not in asked
        require(not bad, "choices[].message.content", "a text or null", text)


@requirement(
    "chat.content.not-empty",
    MUST,
    "An answer that ended by itself has a text.",
    source=openai("chat/object content"),
    needs="chat",
    breaks=["agents see an empty turn and try again"],
)
def test_not_empty(chat: Exchange, chat_length: Exchange) -> None:
    listed = choices_of(chat)
    if not listed or finish_of(chat) not in ("stop", "length"):
        raise NotApplicable
    message = message_of(listed[0])
    content = message.get("content")
    if message.get("tool_calls") or message.get("refusal") or not isinstance(content, str | None):
        raise NotApplicable
    if ended_at_once(chat) and any(contents_of(chat_length)):
        raise Inconclusive("the model ended its answer at once")
    require(bool(content), "choices[0].message.content", "a text", content)


@requirement(
    "chat.content.without-prompt",
    MUST,
    "The answer does not begin with the prompt.",
    source=openai("chat/object content"),
    needs="chat",
    breaks=["users read their own question again"],
)
def test_without_prompt(chat: Exchange, chat_length: Exchange) -> None:
    texts = [content_of(chat).strip(), content_of(chat_length).strip()]
    if same_start(texts[0], REPEAT) and len(texts[0]) <= len(REPEAT):
        raise Inconclusive("the model says nothing but the prompt")
    echoed = REPEAT in texts[0] and len(texts[1]) >= 5 and COUNT.startswith(texts[1][:12])
    require(not echoed, "choices[0].message.content", "the answer alone", texts)


@requirement(
    "chat.content.no-leading-space",
    SHOULD,
    "The text does not begin with white space.",
    source=live("chat completions, 2023 to 2026"),
    needs="chat",
    breaks=["comparisons and parsers that expect the answer itself"],
)
def test_leading_space(chat: Exchange) -> None:
    text = content_of(chat)
    if not text.strip():
        raise NotApplicable
    require(text == text.lstrip(), "choices[0].message.content", "no leading space", text[:60])


MOJIBAKE = (
    "Ã¼", "æ\x9d±", "ä¸", "ð\x9f", "ðŸ", "Ã¯", "\\u00fc", "\\u6771", "\\xe6", "&#",
    "Z?rich", "na?ve",
)  # fmt: skip


@requirement(
    "chat.content.unicode",
    MUST,
    "Emoji, umlauts and Chinese characters pass unchanged.",
    source=suite("the text of the request reaches the model and comes back"),
    needs="chat",
    breaks=["every language but English"],
)
def test_unicode(chat_unicode: Exchange, chat_escaped: Exchange) -> None:
    _passes([chat_unicode, chat_escaped], "Zürich 東京 🎉 naïve", MOJIBAKE)


@requirement(
    "chat.content.unescaped",
    MUST,
    "Quotes, angle brackets, ampersands and backslashes pass unchanged.",
    source=suite("the text of the request reaches the model and comes back"),
    needs="chat",
    breaks=["code and JSON in answers are destroyed"],
)
def test_unescaped(chat_unicode: Exchange, chat_escaped: Exchange) -> None:
    wanted = UNICODE[UNICODE.index("<b>") :]
    bad = ("&lt;", "&quot;", "&amp;", '\\"Tom', "\\u003c", "C:\\\\new", "C:\new", "100%25")
    _passes([chat_unicode, chat_escaped], wanted, bad)


def _passes(answers: list[Exchange], wanted: str, broken: tuple[str, ...]) -> None:
    unclear = False
    for x in answers:
        text = content_of(x)
        if wanted in text:
            continue
        found = [piece for piece in broken if piece in text]
        if found:
            fail("choices[0].message.content", wanted, text, exchange=x)
        unclear = True
    if unclear:
        raise Inconclusive("the model did not repeat the text")


@requirement(
    "chat.body.no-keep-alive-lines",
    SHOULD,
    "The body of a whole answer is the JSON alone, without empty lines before it.",
    source=field("https://api-docs.deepseek.com/quick_start/rate_limit"),
    needs="chat",
    over=CHAT,
    breaks=["an overloaded server has said 200 before it knows whether it can answer"],
)
def test_keep_alive(x: Exchange) -> None:
    text = x.response.text if x.response else ""
    if not text:
        raise NotApplicable
    lead = text[: len(text) - len(text.lstrip())]
    require(lead.count("\n") < 2, "body", "JSON from the first byte", repr(lead[:40]))
