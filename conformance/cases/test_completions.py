"""Legacy completions: choices, identity, counts."""

from __future__ import annotations

from conformance.chats import (
    asked_n,
    body_of,
    choices_of,
    count_of,
    counted,
    integer,
    legacy_text_of,
    legacy_texts_of,
    prompt_count,
    related,
)
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, require
from conformance.probes.completions import MORE_TOKENS, TOKENS
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
    first, second = (
        counted(completions, "prompt_tokens"),
        counted(completions_story, "prompt_tokens"),
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
    once, many = (
        counted(completions_story, "prompt_tokens"),
        counted(completions_n, "prompt_tokens"),
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
