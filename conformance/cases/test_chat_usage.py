"""Chat completions: what the token counts add up to, and what moves them."""

from __future__ import annotations

from conformance.chats import (
    asked_n,
    choices_of,
    content_of,
    contents_of,
    count_of,
    counted,
    detail_of,
    finish_of,
    limit_of,
)
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, require
from conformance.requirement import MUST, live, openai, openapi, requirement
from conformance.select import CHAT

USAGE = openapi("CompletionUsage")
ACCOUNTING = ["cost accounting and budgets are wrong"]


@requirement(
    "chat.usage.total",
    MUST,
    "`usage.total_tokens` is the sum of `prompt_tokens` and `completion_tokens`.",
    source=USAGE,
    needs="chat",
    over=CHAT,
    breaks=ACCOUNTING,
)
def test_total(x: Exchange) -> None:
    prompt, made = counted(x, "prompt_tokens"), counted(x, "completion_tokens")
    total = counted(x, "total_tokens")
    require(total == prompt + made, "usage.total_tokens", f"{prompt} + {made}", total)


@requirement(
    "chat.usage.prompt-counted",
    MUST,
    "`usage.prompt_tokens` is at least 1.",
    source=USAGE,
    needs="chat",
    over=CHAT,
    breaks=ACCOUNTING,
)
def test_prompt_counted(x: Exchange) -> None:
    prompt = counted(x, "prompt_tokens")
    require(prompt >= 1, "usage.prompt_tokens", "at least 1", prompt)


@requirement(
    "chat.usage.completion-counted",
    MUST,
    "`usage.completion_tokens` is at least 1 for each choice that has a text.",
    source=USAGE,
    needs="chat",
    over=CHAT,
    breaks=ACCOUNTING,
)
def test_completion_counted(x: Exchange) -> None:
    made = counted(x, "completion_tokens")
    texts = sum(bool(text) for text in contents_of(x))
    if not texts:
        raise NotApplicable
    require(made >= texts, "usage.completion_tokens", f"at least {texts}", made)


@requirement(
    "chat.usage.cached-within",
    MUST,
    "`prompt_tokens_details.cached_tokens` is a part of `prompt_tokens`.",
    source=USAGE,
    needs="chat",
    over=CHAT,
    breaks=["the price of a request becomes negative"],
)
def test_cached(x: Exchange) -> None:
    cached = detail_of(x, "prompt_tokens_details", "cached_tokens")
    if cached is None:
        raise NotApplicable
    prompt = counted(x, "prompt_tokens")
    require(cached <= prompt, "usage.prompt_tokens_details.cached_tokens", f"<= {prompt}", cached)


@requirement(
    "chat.usage.reasoning-within",
    MUST,
    "`completion_tokens_details.reasoning_tokens` is a part of `completion_tokens`.",
    source=USAGE,
    needs="chat",
    over=CHAT,
    breaks=["the count of visible tokens becomes negative"],
)
def test_reasoning(x: Exchange) -> None:
    thought = detail_of(x, "completion_tokens_details", "reasoning_tokens")
    if thought is None:
        raise NotApplicable
    made = counted(x, "completion_tokens")
    at = "usage.completion_tokens_details.reasoning_tokens"
    require(thought <= made, at, f"<= {made}", thought)


@requirement(
    "chat.usage.within-limit",
    MUST,
    "`usage.completion_tokens` is not above the request's limit, times the number of choices.",
    source=openai("chat/create max_completion_tokens"),
    needs="chat",
    over=CHAT,
    breaks=["runaway generation: the limit protects the caller's money and time"],
)
def test_within_limit(x: Exchange) -> None:
    limit = limit_of(x)
    if limit is None:
        raise NotApplicable
    made = counted(x, "completion_tokens")
    most = limit * max(asked_n(x), len(choices_of(x)))
    require(made <= most, "usage.completion_tokens", f"<= {most}", made)


@requirement(
    "chat.usage.prompt-grows",
    MUST,
    "`usage.prompt_tokens` grows with the prompt.",
    source=USAGE,
    needs="chat",
    breaks=ACCOUNTING,
)
def test_prompt_grows(chat: Exchange, chat_long: Exchange) -> None:
    short, long = counted(chat, "prompt_tokens"), counted(chat_long, "prompt_tokens")
    require(
        long >= short + 280,
        "usage.prompt_tokens",
        f"at least 280 more than {short} for a prompt of 300 more words",
        long,
    )


@requirement(
    "chat.usage.completion-grows",
    MUST,
    "`usage.completion_tokens` grows with the answer.",
    source=USAGE,
    needs="chat",
    breaks=ACCOUNTING,
)
def test_completion_grows(chat: Exchange, chat_one_token: Exchange) -> None:
    long, short = counted(chat, "completion_tokens"), counted(chat_one_token, "completion_tokens")
    if len(content_of(chat)) < 30 or len(content_of(chat_one_token)) > 20:
        raise Inconclusive("the two answers are not of different lengths")
    require(long > short, "usage.completion_tokens", f"more than {short}", long)


@requirement(
    "chat.usage.prompt-steady",
    MUST,
    "The same messages have the same `prompt_tokens`, whatever the other parameters are.",
    source=live("chat completions, 2025"),
    needs="chat",
    breaks=ACCOUNTING,
)
def test_prompt_steady(chat: Exchange, chat_again: Exchange, chat_stop_tail: Exchange) -> None:
    first = counted(chat, "prompt_tokens")
    for other in (chat_again, chat_stop_tail):
        count = counted(other, "prompt_tokens")
        require(count == first, "usage.prompt_tokens", f"{first}, as before", count)


@requirement(
    "chat.n.prompt-once",
    MUST,
    "With `n` above 1 the prompt is counted once.",
    source=openai("chat/create n"),
    needs="chat.n",
    breaks=["cost accounting is doubled"],
)
def test_prompt_once(chat_n: Exchange, chat_max_completion: Exchange) -> None:
    if not chat_n.ok:
        raise NotApplicable("`n` is refused")
    once, many = counted(chat_max_completion, "prompt_tokens"), counted(chat_n, "prompt_tokens")
    require(many == once, "usage.prompt_tokens", f"{once}, as with n = 1", many)


@requirement(
    "chat.n.completion-summed",
    MUST,
    "With `n` above 1 `completion_tokens` is the sum over all choices.",
    source=openai("chat/create n"),
    needs="chat.n",
    over=CHAT,
    breaks=["under-billing, and budgets that are overrun"],
)
def test_completion_summed(x: Exchange) -> None:
    limit, listed = limit_of(x), choices_of(x)
    if limit is None or len(listed) < 2 or asked_n(x) < 2:
        raise NotApplicable
    cut = sum(choice.get("finish_reason") == "length" for choice in listed)
    if not cut:
        raise NotApplicable
    made = counted(x, "completion_tokens")
    least = limit * cut
    require(made >= least, "usage.completion_tokens", f"at least {cut} times {limit}", made)


@requirement(
    "chat.finish.length-only-at-limit",
    MUST,
    '`finish_reason` is "length" only when the limit of tokens was reached.',
    source=openai("chat/object finish_reason"),
    needs="chat",
    over=CHAT,
    breaks=["agents treat a finished answer as cut and go on"],
)
def test_length_only_at_limit(x: Exchange) -> None:
    limit = limit_of(x)
    if limit is None or len(choices_of(x)) != 1 or finish_of(x) != "length":
        raise NotApplicable
    made, total = counted(x, "completion_tokens"), count_of(x, "total_tokens")
    if total is not None and total > 1500:
        raise NotApplicable("the context may be full")
    require(made >= limit, "usage.completion_tokens", f"{limit}, the limit", made)


@requirement(
    "chat.finish.length-at-limit",
    MUST,
    'An answer that was cut at the limit of tokens has `finish_reason` "length".',
    source=openai("chat/object finish_reason"),
    needs="chat",
    breaks=["clients take a cut answer for a whole one"],
)
def test_length_at_limit(chat_length: Exchange, chat_max_completion: Exchange) -> None:
    reasons = []
    for x in (chat_length, chat_max_completion):
        made, reason = counted(x, "completion_tokens"), finish_of(x)
        # of one that is longer no limit was kept, which is another rule; some count the end, too
        if reason is not None and 0 <= made - (limit_of(x) or 0) <= 1:
            reasons.append(reason)
    if not reasons:
        raise Inconclusive("the model ended before the limit")
    wrong = [reason for reason in reasons if reason in ("stop", "tool_calls")]
    counts = "".join(contents_of(chat_length)).lstrip().startswith("1")
    if len(wrong) == 1 and not counts:
        raise Inconclusive("the model may have ended by itself, just there")
    require(not wrong, "choices[0].finish_reason", '"length"', wrong)


@requirement(
    "chat.finish.stop",
    MUST,
    'An answer that ended by itself has `finish_reason` "stop".',
    source=openai("chat/object finish_reason"),
    needs="chat",
    breaks=["clients go on with a finished answer"],
)
def test_finish_stop(chat: Exchange) -> None:
    made, reason = counted(chat, "completion_tokens"), finish_of(chat)
    if reason is None or made >= 64:
        raise NotApplicable
    at = "choices[0].finish_reason"
    require(reason not in ("tool_calls", "function_call"), at, '"stop"', reason)


@requirement(
    "chat.max-tokens.takes-effect",
    MUST,
    "`max_tokens` bounds the answer.",
    source=openai("chat/create max_tokens"),
    needs="chat",
    breaks=["runaway generation"],
)
def test_max_tokens(chat_length: Exchange) -> None:
    text = content_of(chat_length)
    require(
        len(text) <= 60, "choices[0].message.content", "no more than 5 tokens of text", text[:200]
    )


@requirement(
    "chat.max-completion-tokens.takes-effect",
    MUST,
    "`max_completion_tokens` bounds the answer.",
    source=openai("chat/create max_completion_tokens"),
    needs="chat",
    breaks=["runaway generation: current SDKs send only this one"],
)
def test_max_completion_tokens(chat_max_completion: Exchange) -> None:
    text = content_of(chat_max_completion)
    require(
        len(text) <= 80, "choices[0].message.content", "no more than 5 tokens of text", text[:200]
    )


@requirement(
    "chat.max-tokens.one",
    MUST,
    "`max_tokens: 1` makes exactly one token.",
    source=openai("chat/create max_tokens"),
    needs="chat",
    breaks=["classifiers that read one token"],
)
def test_one(chat_one_token: Exchange) -> None:
    made = counted(chat_one_token, "completion_tokens")
    if made > 1:
        raise NotApplicable("another requirement speaks of the limit")
    if made == 0 and not any(contents_of(chat_one_token)):
        raise Inconclusive("the model said nothing")
    require(made == 1, "usage.completion_tokens", "1", made)
