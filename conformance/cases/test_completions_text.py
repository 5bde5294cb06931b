"""Legacy completions: limits, finish reasons, text, stop, overlong prompts."""

from __future__ import annotations

from conformance.chats import (
    SPECIAL_TOKENS,
    asked_n,
    body_of,
    choices_of,
    count_of,
    counted,
    finish_of,
    integer,
    legacy_text_of,
    legacy_texts_of,
    prompt_count,
    prompt_texts,
    said,
    stops_of,
)
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, require
from conformance.requirement import MAY, MUST, openai, requirement
from conformance.select import COMPLETION
from conformance.texts import speaks

CREATE = openai("completions/create")
OBJECT = openai("completions/object")
NEEDS = "completions"


@requirement(
    "completions.max-tokens.within",
    MUST,
    "`completion_tokens` is not above `max_tokens` for each choice.",
    source=openai("completions/create max_tokens"),
    needs=NEEDS,
    over=COMPLETION,
    breaks=["runaway generation"],
)
def test_within(x: Exchange) -> None:
    limit = integer(x.sent.get("max_tokens"))
    if limit is None or (integer(x.sent.get("best_of")) or 1) > 1:
        raise NotApplicable
    most = limit * max(asked_n(x) * prompt_count(x), len(choices_of(x)))
    made = counted(x, "completion_tokens")
    require(made <= most, "usage.completion_tokens", f"<= {most}", made)


@requirement(
    "completions.max-tokens.takes-effect",
    MUST,
    "`max_tokens` bounds the text.",
    source=openai("completions/create max_tokens"),
    needs=NEEDS,
    breaks=["runaway generation"],
)
def test_takes_effect(completions_one: Exchange, completions_story: Exchange) -> None:
    one, eight = legacy_text_of(completions_one), legacy_text_of(completions_story)
    require(len(one) <= 30, "choices[0].text", "one token of text", one[:200])
    require(len(eight) <= 120, "choices[0].text", "eight tokens of text", eight[:200])


@requirement(
    "completions.max-tokens.default",
    MUST,
    "Without `max_tokens` the text has at most 16 tokens.",
    source=openai("completions/create max_tokens"),
    needs=NEEDS,
    breaks=["callers that rely on the documented default pay for long texts"],
)
def test_default(completions_default: Exchange) -> None:
    made = counted(completions_default, "completion_tokens")
    require(made <= 16, "usage.completion_tokens", "<= 16, the default", made)


@requirement(
    "completions.finish.length",
    MUST,
    '`finish_reason` is "length" only when `max_tokens` was reached.',
    source=OBJECT,
    needs=NEEDS,
    over=COMPLETION,
    breaks=["clients go on with a finished text"],
)
def test_finish_length(x: Exchange) -> None:
    limit, reason = integer(x.sent.get("max_tokens")), finish_of(x)
    if limit is None or len(choices_of(x)) != 1 or reason != "length" or limit > 64:
        raise NotApplicable
    if x.sent.get("best_of") or x.sent.get("suffix") or x.sent.get("echo"):
        raise NotApplicable
    made = counted(x, "completion_tokens")
    require(made >= limit, "usage.completion_tokens", f"{limit}, the limit", made)


@requirement(
    "completions.finish.cut",
    MUST,
    'A story that was cut after eight tokens has `finish_reason` "length".',
    source=OBJECT,
    needs=NEEDS,
    breaks=["clients take a cut text for a whole one"],
)
def test_cut(completions_story: Exchange, completions_default: Exchange) -> None:
    found = ((completions_story, 8), (completions_default, 16))
    reasons = [finish_of(x) for x, limit in found if counted(x, "completion_tokens") == limit]
    if not reasons:
        raise Inconclusive("the model ended before the limit")
    # one answer may end by chance exactly where the limit is, both do not
    if "stop" in reasons and reasons != ["stop", "stop"]:
        raise Inconclusive("the model may have ended by itself just at the limit")
    require("stop" not in reasons, "choices[0].finish_reason", '"length"', "stop")


@requirement(
    "completions.text.without-prompt",
    MUST,
    "Without `echo` the text does not begin with the prompt.",
    source=openai("completions/create echo"),
    needs=NEEDS,
    over=COMPLETION,
    breaks=["users read their own prompt again"],
)
def test_without_prompt(x: Exchange) -> None:
    prompts, texts = prompt_texts(x), legacy_texts_of(x)
    if x.sent.get("echo") or not prompts or not texts:
        raise NotApplicable
    for prompt in prompts:
        for text in texts:
            if text.strip() == prompt.strip():
                raise Inconclusive("the model may have said the prompt again")
            echoed = len(prompt) > 8 and text.startswith(prompt)
            require(not echoed, "choices[].text", "the completion alone", text[:200])


@requirement(
    "completions.text.no-special-tokens",
    MUST,
    "The text holds no control tokens of the model and no U+FFFD.",
    source=CREATE,
    needs=NEEDS,
    over=COMPLETION,
    breaks=["users see `</s>`"],
)
def test_special(x: Exchange) -> None:
    texts, asked = legacy_texts_of(x), said(x)
    prompt = x.sent.get("prompt")
    if not any(texts) or not prompt_texts(x) or prompt is None:
        raise NotApplicable
    for text in texts:
        found = [t for t in SPECIAL_TOKENS if t in text and t not in asked]
        require(not found, "choices[].text", "no control tokens", found)
        broken = "\ufffd" in text.rstrip("\ufffd") and "\ufffd" not in asked
        if broken and not speaks(text, asked):
            raise Inconclusive("the model itself may write what is no character")
        require(not broken, "choices[].text", "no U+FFFD", text)


@requirement(
    "completions.stop.not-in-text",
    MUST,
    "The text does not contain a stop string.",
    source=openai("completions/create stop"),
    needs=NEEDS,
    over=COMPLETION,
    breaks=["agents run past their marker"],
)
def test_stop(x: Exchange) -> None:
    stops, texts = stops_of(x), legacy_texts_of(x)
    if not stops or not texts or x.sent.get("echo"):
        raise NotApplicable
    for text in texts:
        require(not any(s in text for s in stops), "choices[].text", f"nothing of {stops}", text)


@requirement(
    "completions.stop.cuts-before",
    MUST,
    "The text is all that came before the stop string.",
    source=openai("completions/create stop"),
    needs=NEEDS,
    breaks=["agents run past their marker, or lose text"],
)
def test_cuts(
    completions: Exchange, completions_stop: Exchange, completions_stop_list: Exchange
) -> None:
    before, told = legacy_text_of(completions), False
    for x in (completions_stop, completions_stop_list):
        places = [before.find(s) for s in stops_of(x) if s in before]
        now = legacy_text_of(x)
        if not places or any(s in now for s in stops_of(x)):
            continue
        wanted = before[: min(places)]
        if now.rstrip() == wanted.rstrip():
            told = True
        elif wanted.startswith(now) or now.startswith(wanted):
            require(False, "choices[0].text", wanted, now)
    if not told:
        raise Inconclusive("the stop string did not come")


@requirement(
    "completions.best-of.hidden",
    MUST,
    "`best_of` makes no more choices than `n`, or is refused with a 4xx status.",
    source=openai("completions/create best_of"),
    needs=NEEDS,
    any_status=True,
    breaks=["clients get candidates that they did not ask for"],
)
def test_best_of(completions_best_of: Exchange) -> None:
    status = completions_best_of.status
    if status == 429 or not status:
        raise Inconclusive("no answer", owner="quota")
    require(status < 500, "status", ["200", "4xx"], status)


@requirement(
    "completions.suffix.refused-cleanly",
    MUST,
    "`suffix` is done, or refused with a 4xx status.",
    source=openai("completions/create suffix"),
    needs=NEEDS,
    any_status=True,
    breaks=["editors that fill in code: a 5xx is retried"],
)
def test_suffix(completions_suffix: Exchange) -> None:
    status = completions_suffix.status
    if status == 429 or not status:
        raise Inconclusive("no answer", owner="quota")
    require(status < 500, "status", ["200", "4xx"], status)


@requirement(
    "completions.overflow.refused",
    MUST,
    "A prompt that is longer than the context is refused with status 400 (413 from some).",
    source=CREATE,
    needs=NEEDS,
    any_status=True,
    breaks=["the prompt is cut in silence"],
)
def test_overflow(completions: Exchange, completions_overflow: Exchange) -> None:
    x = completions_overflow
    if x.status == 429 or not x.status:
        raise Inconclusive("no answer", owner="quota")
    if x.ok and (count_of(x, "prompt_tokens") or 0) >= 84_000:
        raise Inconclusive("the context is larger than the prompt", owner="suite")
    taken = count_of(x, "prompt_tokens")
    if x.ok and taken is not None and taken == count_of(completions, "prompt_tokens"):
        raise Inconclusive("usage is the same for every prompt", owner="server")
    require(x.status in (400, 413), "status", "400", x.status)


@requirement(
    "completions.overflow.code",
    MAY,
    "The error of a prompt that is too long has the code `context_length_exceeded`.",
    source=CREATE,
    needs=NEEDS,
    any_status=True,
    breaks=["clients that shorten the prompt on this error"],
)
def test_overflow_code(completions_overflow: Exchange) -> None:
    error = body_of(completions_overflow).get("error")
    if completions_overflow.status != 400 or not isinstance(error, dict):
        raise NotApplicable
    code = error.get("code")
    require(code == "context_length_exceeded", "error.code", "context_length_exceeded", code)
