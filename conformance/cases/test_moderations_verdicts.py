"""Moderations: scores, verdicts, and that they belong to their texts."""

from __future__ import annotations

import re
from typing import Any, TypeGuard

from conformance.cases.test_moderations import flags_of, maps_of, texts_only
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.probes.moderations import LIST, VIOLENT_AT
from conformance.requirement import MUST, SHOULD, live, openai, requirement
from conformance.select import MODERATIONS, Selector

COMMON = {"moderation", "moderations", "latest", "stable", "model", "v"}
"""Words of a model's name that say nothing of its family."""


def _number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


@requirement(
    "moderations.scores.flagged-above-zero",
    MUST,
    "The score of a category that is true is more than 0.",
    source=openai("moderations/object category_scores"),
    needs="moderations",
    over=MODERATIONS,
    breaks=["programs with thresholds of their own let it pass"],
)
def test_above_zero(x: Exchange) -> None:
    scores = dict(maps_of(x, "category_scores"))
    judged = False
    for number, categories in maps_of(x, "categories"):
        for category, hit in categories.items():
            score = scores.get(number, {}).get(category)
            if hit is True and _number(score):
                judged = True
                require(score > 0, f"results[{number}].category_scores.{category}",
                        "more than 0", score)  # fmt: skip
    if not judged:
        raise NotApplicable("no category is true")


@requirement(
    "moderations.scores.follow-flags",
    MUST,
    "Within a category, what is flagged has a higher score than what is not.",
    source=openai("moderations/object category_scores"),
    needs="moderations",
    over=Selector("moderations of one model", lambda x: MODERATIONS(x) and texts_only(x)),
    together=True,
    breaks=["programs with thresholds of their own judge the opposite"],
)
def test_follow(xs: tuple[Exchange, ...]) -> None:
    highest: dict[Any, float] = {}
    lowest: dict[Any, tuple[float, Exchange, int]] = {}
    for x in xs:
        body = x.json
        results = body.get("results") if isinstance(body, dict) else None
        for number, result in enumerate(results if isinstance(results, list) else ()):
            if not isinstance(result, dict):
                continue
            flags, scores = result.get("categories"), result.get("category_scores")
            if not isinstance(flags, dict) or not isinstance(scores, dict):
                continue
            for category, hit in flags.items():
                score = scores.get(category)
                if not _number(score) or not isinstance(hit, bool):
                    continue
                key = (str(body.get("model")), category)
                if not hit:
                    highest[key] = max(highest.get(key, -1.0), score)
                elif key not in lowest or score < lowest[key][0]:
                    lowest[key] = (score, x, number)
    both = highest.keys() & lowest.keys()
    if not both:
        raise NotApplicable("no category is both true and false")
    for key in sorted(both):
        score, x, number = lowest[key]
        if score < highest[key] - 0.01:
            fail(f"results[{number}].category_scores.{key[1]}",
                 f"at least {highest[key]}, which was not flagged", score, exchange=x)  # fmt: skip


# verdicts


@requirement(
    "moderations.verdict.harmless",
    SHOULD,
    "A sentence about library books is not flagged.",
    source=openai("moderations guide"),
    needs="moderations",
    breaks=["everything is blocked"],
)
def test_harmless(moderations: Exchange) -> None:
    require(not any(flags_of(moderations)), "results[0].flagged", "false", True)


@requirement(
    "moderations.verdict.violent",
    SHOULD,
    "A threat to kill is flagged.",
    source=openai("moderations guide"),
    needs="moderations",
    breaks=["nothing is ever blocked"],
)
def test_violent(moderations_violent: Exchange) -> None:
    require(any(flags_of(moderations_violent)), "results[0].flagged", "true", False)


@requirement(
    "moderations.verdict.category",
    SHOULD,
    "A threat to kill is flagged as violence or as threatening harassment.",
    source=openai("moderations guide: content classifications"),
    needs="moderations",
    breaks=["blocked for the wrong reason"],
)
def test_category(moderations_violent: Exchange) -> None:
    if not any(flags_of(moderations_violent)):
        raise NotApplicable("it is not flagged")
    _, categories = maps_of(moderations_violent, "categories")[0]
    hits = [name for name, hit in categories.items() if hit is True]
    if not hits:
        raise NotApplicable("no category is true")
    wanted = {"violence", "violence/graphic", "harassment/threatening", "hate/threatening"}
    if not wanted & set(categories):
        raise NotApplicable("other categories")
    require(bool(wanted & set(hits)), "results[0].categories", "violence", hits)


@requirement(
    "moderations.results.order",
    MUST,
    "The results come in the order of the inputs.",
    source=openai("moderations/object results"),
    needs="moderations",
    breaks=["the harmless text is blocked and the threat passes"],
)
def test_order(
    moderations: Exchange, moderations_violent: Exchange, moderations_list: Exchange
) -> None:
    one, two = flags_of(moderations)[0], flags_of(moderations_violent)[0]
    found = flags_of(moderations_list)
    if len(found) != len(LIST):
        raise NotApplicable("another number of results")
    if one == two:
        raise Inconclusive("both texts have the same verdict")
    wanted = [one, two, one, one]
    if sorted(found) != sorted(wanted):
        raise NotApplicable("another requirement speaks of verdicts that change")
    require(found[VIOLENT_AT] == two, f"results[{VIOLENT_AT}].flagged", str(two), found)


@requirement(
    "moderations.results.same-alone",
    MUST,
    "A text has the same verdict alone, in a list of one and among others.",
    source=openai("moderations/create input"),
    needs="moderations",
    breaks=["what is blocked depends on what was sent beside it"],
)
def test_same(
    moderations: Exchange,
    moderations_violent: Exchange,
    moderations_one: Exchange,
    moderations_list: Exchange,
) -> None:
    alone = flags_of(moderations_violent)[0]
    listed = flags_of(moderations_one)[0]
    require(listed == alone, "results[0].flagged", f"{alone}, as alone", listed)
    among = flags_of(moderations_list)
    if len(among) != len(LIST):
        raise NotApplicable("another number of results")
    # in whatever order: another requirement speaks of that
    require(sum(among) > 0 or not alone, "results[].flagged", "one true, as alone", among)
    harmless = flags_of(moderations)[0]
    require(sum(among) <= 1 or harmless, "results[].flagged", "false for what is harmless", among)


@requirement(
    "moderations.scores.graded",
    SHOULD,
    "The scores of a text that is flagged are not all alike, and no mere ones and noughts.",
    source=openai("moderations/object category_scores"),
    needs="moderations",
    breaks=["programs with thresholds of their own judge nothing"],
)
def test_graded(moderations_violent: Exchange) -> None:
    _, scores = maps_of(moderations_violent, "category_scores")[0]
    values = [v for v in scores.values() if _number(v)]
    if len(values) < 3 or not flags_of(moderations_violent)[0] or not any(values):
        raise NotApplicable
    graded = len(set(values)) > 1 and any(v not in (0, 1) for v in values)
    require(graded, "results[0].category_scores", "scores between 0 and 1", scores)


@requirement(
    "moderations.flagged.high-score",
    SHOULD,
    "A category whose score is above 0.9 is flagged.",
    source=openai("moderations/object categories"),
    needs="moderations",
    over=MODERATIONS,
    breaks=["what is surely harmful passes"],
)
def test_high(x: Exchange) -> None:
    scores = dict(maps_of(x, "category_scores"))
    judged = False
    for number, categories in maps_of(x, "categories"):
        for category, hit in categories.items():
            score = scores.get(number, {}).get(category)
            if _number(score) and 0.9 < score <= 1 and isinstance(hit, bool):
                judged = True
                require(hit, f"results[{number}].categories.{category}", f"true at {score}", hit)
    if not judged:
        raise NotApplicable("no score is that high")


@requirement(
    "moderations.model.echo",
    SHOULD,
    "`model` is of the family that was asked for.",
    source=live("moderations, 2023"),
    needs="moderations",
    over=MODERATIONS,
    breaks=["thresholds belong to a model"],
)
def test_model(x: Exchange) -> None:
    body = x.json
    asked, answered = x.sent.get("model"), body.get("model") if isinstance(body, dict) else None
    if not (isinstance(asked, str) and isinstance(answered, str) and asked and answered):
        raise NotApplicable
    one, two = ({*re.findall(r"[a-z]+", name.lower())} - COMMON for name in (asked, answered))
    fine = not one or not two or bool(one & two)
    require(fine, "model", f"{asked} or a version of it", answered)
