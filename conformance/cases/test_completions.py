"""Legacy completions: choices, counts, text, stop."""

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
    related,
    said,
    stops_of,
)
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, require
from conformance.probes.completions import TOKENS, MORE_TOKENS
from conformance.requirement import MUST, SHOULD, openai, requirement
from conformance.select import COMPLETION

CREATE = openai("completions/create")
OBJECT = openai("completions/object")
NEEDS = "completions"
SKEW = 600


def made_by(x: Exchange) -> int:
    """completion_tokens, 0 where OpenAI leaves it out because there are none."""
    made = count_of(x, "completion_tokens")
    if made is None:
        counted(x, "prompt_tokens")
        if any(legacy_texts_of(x)):
            raise NotApplicable
        return 0
    return made


@requirement(
    "completions.choices.count",
    MUST,
    "There are `n` choices for each prompt.",
    source=CREATE,
    needs=NEEDS,
    over=COMPLETION,
    breaks=["batch jobs lose the answers of prompts"],
)
def test_count(x: Exchange) -> None:
    listed = body_of(x).get("choices")
    if not isinstance(listed, list) or not listed:
        raise NotApplicable
    wanted = asked_n(x) * prompt_count(x)
    require(len(listed) == wanted, "choices", f"{wanted} choices", f"{len(listed)} choices")


@requirement(
    "completions.choices.indexes",
    MUST,
    "The choices are numbered from 0 through all prompts, each number once.",
    source=CREATE,
    needs=NEEDS,
    over=COMPLETION,
    breaks=["batch jobs give answers to the wrong prompt"],
)
def test_indexes(x: Exchange) -> None:
    found = [integer(choice.get("index")) for choice in choices_of(x)]
    if not found or None in found:
        raise NotApplicable
    wanted = list(range(len(found)))
    require(sorted(i or 0 for i in found) == wanted, "choices[].index", str(wanted), found)


@requirement(
    "completions.choices.order",
    SHOULD,
    "The choices stand in the order of their numbers.",
    source=CREATE,
    needs=NEEDS,
    over=COMPLETION,
    breaks=["clients that read choices[i] by position"],
)
def test_order(x: Exchange) -> None:
    found = [integer(choice.get("index")) or 0 for choice in choices_of(x)]
    if len(found) < 2:
        raise NotApplicable
    require(found == sorted(found), "choices[].index", str(sorted(found)), found)


@requirement(
    "completions.batch.paired",
    MUST,
    "In a batch every prompt gets its own answer at its own number.",
    source=openai("completions/create prompt"),
    needs=NEEDS,
    breaks=["batch jobs give answers to the wrong prompt"],
)
def test_paired(completions: Exchange, completions_again: Exchange, completions_batch: Exchange,
                completions_list_one: Exchange) -> None:  # fmt: skip
    alone = legacy_text_of(completions)
    if legacy_text_of(completions_again) != alone or legacy_text_of(completions_list_one) != alone:
        raise Inconclusive("answers at temperature 0 differ anyway")
    by_index = {c.get("index"): c.get("text") for c in choices_of(completions_batch)}
    if not {0, 1} <= set(by_index):
        raise NotApplicable
    first, second = by_index[0], by_index[1]
    swapped = second == alone and first != alone
    require(not swapped, "choices[1].text", "the answer to the second prompt", second)
    if first != alone:
        raise Inconclusive("the batch has another answer than the single prompt")


@requirement(
    "completions.id.unique",
    MUST,
    "Every completion has an id of its own.",
    source=OBJECT,
    needs=NEEDS,
    breaks=["logs and caches that are keyed by the id"],
)
def test_id(completions: Exchange, completions_again: Exchange) -> None:
    one, two = body_of(completions).get("id"), body_of(completions_again).get("id")
    if not isinstance(one, str) or not isinstance(two, str) or not one:
        raise NotApplicable
    require(one != two, "id", f"another id than {one}", two)


@requirement(
    "completions.created.now",
    MUST,
    "`created` is the time of the answer in Unix seconds.",
    source=OBJECT,
    needs=NEEDS,
    over=COMPLETION,
    breaks=["logs are sorted by it"],
)
def test_created(x: Exchange) -> None:
    created = integer(body_of(x).get("created"))
    if created is None or not 1e9 < created < 1e11 or x.context.get("foreign"):
        raise NotApplicable
    fine = -SKEW <= created - x.started <= SKEW + x.duration
    require(fine, "created", f"about {int(x.started)}", created)


@requirement(
    "completions.model.echo",
    MUST,
    "`model` is the requested model, or a name that is derived from it.",
    source=OBJECT,
    needs=NEEDS,
    over=COMPLETION,
    breaks=["cost tables and logs that are keyed by the model"],
)
def test_model(x: Exchange) -> None:
    asked, answered = x.sent.get("model"), body_of(x).get("model")
    if not isinstance(asked, str) or not isinstance(answered, str) or not asked or not answered:
        raise NotApplicable
    require(related(asked, answered), "model", f"{asked} or a snapshot of it", answered)


@requirement(
    "completions.usage.total",
    MUST,
    "`usage.total_tokens` is the sum of `prompt_tokens` and `completion_tokens`.",
    source=OBJECT,
    needs=NEEDS,
    over=COMPLETION,
    breaks=["cost accounting"],
)
def test_total(x: Exchange) -> None:
    prompt, total = counted(x, "prompt_tokens"), counted(x, "total_tokens")
    made = made_by(x)
    require(total == prompt + made, "usage.total_tokens", f"{prompt} + {made}", total)


@requirement(
    "completions.usage.counted",
    MUST,
    "Prompt and text are counted with at least one token.",
    source=OBJECT,
    needs=NEEDS,
    over=COMPLETION,
    breaks=["cost accounting"],
)
def test_counted(x: Exchange) -> None:
    prompt = counted(x, "prompt_tokens")
    require(prompt >= 1, "usage.prompt_tokens", "at least 1", prompt)
    made = count_of(x, "completion_tokens")
    if made is not None and any(legacy_texts_of(x)) and not x.sent.get("echo"):
        require(made >= 1, "usage.completion_tokens", "at least 1", made)


@requirement(
    "completions.usage.prompts-summed",
    MUST,
    "`prompt_tokens` is the sum over all prompts, each counted once.",
    source=OBJECT,
    needs=NEEDS,
    breaks=["cost accounting"],
)
def test_summed(
    completions: Exchange, completions_story: Exchange, completions_batch: Exchange
) -> None:
    first, second = counted(completions, "prompt_tokens"), counted(
        completions_story, "prompt_tokens"
    )
    both = counted(completions_batch, "prompt_tokens")
    require(both == first + second, "usage.prompt_tokens", f"{first} + {second}", both)


@requirement(
    "completions.n.prompt-once",
    MUST,
    "With `n` above 1 a prompt is counted once.",
    source=openai("completions/create n"),
    needs=NEEDS,
    breaks=["cost accounting is doubled"],
)
def test_prompt_once(completions_story: Exchange, completions_n: Exchange) -> None:
    once, many = counted(completions_story, "prompt_tokens"), counted(
        completions_n, "prompt_tokens"
    )
    require(many == once, "usage.prompt_tokens", f"{once}, as with n = 1", many)


@requirement(
    "completions.usage.all-choices",
    MUST,
    "`completion_tokens` is the sum over all choices.",
    source=OBJECT,
    needs=NEEDS,
    over=COMPLETION,
    breaks=["under-billing, and budgets that are overrun"],
)
def test_all_choices(x: Exchange) -> None:
    limit, listed = integer(x.sent.get("max_tokens")), choices_of(x)
    cut = sum(choice.get("finish_reason") == "length" for choice in listed)
    if limit is None or len(listed) < 2 or not cut:
        raise NotApplicable
    made = counted(x, "completion_tokens")
    require(made >= limit * cut, "usage.completion_tokens", f"at least {cut} times {limit}", made)


@requirement(
    "completions.usage.token-prompt",
    MUST,
    "A prompt of token ids has as many tokens as ids.",
    source=openai("completions/create prompt"),
    needs=NEEDS,
    breaks=["evaluation harnesses that send token ids"],
)
def test_token_prompt(completions_tokens: Exchange, completions_token_batch: Exchange) -> None:
    for x, wanted, prompts in (
        (completions_tokens, len(TOKENS), 1),
        (completions_token_batch, len(TOKENS) + len(MORE_TOKENS), 2),
    ):
        found = counted(x, "prompt_tokens")
        fine = wanted <= found <= wanted + prompts  # some add a token for the beginning
        require(fine, "usage.prompt_tokens", str(wanted), found)


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
    if limit is None or integer(x.sent.get("best_of")):
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
    "A text that was cut at `max_tokens` has `finish_reason` \"length\".",
    source=OBJECT,
    needs=NEEDS,
    over=COMPLETION,
    breaks=["clients take a cut text for a whole one"],
)
def test_finish_length(x: Exchange) -> None:
    limit, reason = integer(x.sent.get("max_tokens")), finish_of(x)
    if limit is None or len(choices_of(x)) != 1 or stops_of(x) or reason is None or limit > 8:
        raise NotApplicable
    if x.sent.get("best_of") or x.sent.get("suffix") or x.sent.get("echo"):
        raise NotApplicable
    made = counted(x, "completion_tokens")
    if made < limit:
        require(reason != "length", "choices[0].finish_reason", '"stop"', reason)
    elif len(legacy_text_of(x)) > 4 * limit or limit == 1:
        # a text that ends exactly at the limit may say "stop", one token of a story does not
        at = "choices[0].finish_reason"
        require(reason != "stop" or limit > 1, at, '"length"', reason)


@requirement(
    "completions.finish.cut",
    MUST,
    "A story that was cut after eight tokens has `finish_reason` \"length\".",
    source=OBJECT,
    needs=NEEDS,
    breaks=["clients take a cut text for a whole one"],
)
def test_cut(completions_story: Exchange, completions_default: Exchange) -> None:
    told = False
    for x, limit in ((completions_story, 8), (completions_default, 16)):
        if counted(x, "completion_tokens") == limit:
            told = True
            reason = finish_of(x)
            require(reason != "stop", "choices[0].finish_reason", '"length"', reason)
    if not told:
        raise Inconclusive("the model ended before the limit")


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
    "The text is all that came before the stop string, and `finish_reason` is \"stop\".",
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
            bad = finish_of(x) == "length"
            require(not bad, "choices[0].finish_reason", '"stop"', finish_of(x))
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
def test_overflow(completions_overflow: Exchange) -> None:
    x = completions_overflow
    if x.status == 429 or not x.status:
        raise Inconclusive("no answer", owner="quota")
    if x.ok and (count_of(x, "prompt_tokens") or 0) >= 84_000:
        raise Inconclusive("the context is larger than the prompt", owner="suite")
    require(x.status in (400, 413), "status", "400", x.status)


@requirement(
    "completions.overflow.code",
    MUST,
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
