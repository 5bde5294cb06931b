"""Moderations: one result for each input, fixed categories, a verdict that follows from them."""

from __future__ import annotations

from typing import Any

from conformance.exchange import Exchange
from conformance.expect import NotApplicable, fail, require
from conformance.requirement import MUST, SHOULD, openai, openapi, requirement
from conformance.select import MODERATIONS

OLDER = (
    "hate", "hate/threatening", "self-harm", "sexual", "sexual/minors", "violence",
    "violence/graphic",
)  # fmt: skip
NEWER = (
    "harassment", "harassment/threatening", "self-harm/intent", "self-harm/instructions",
)  # fmt: skip
ILLICIT = ("illicit", "illicit/violent")
SEEN = {"self-harm", "self-harm/intent", "self-harm/instructions", "sexual", "violence",
        "violence/graphic"}  # fmt: skip
NAMES = {*OLDER, *NEWER, *ILLICIT}
SILENT = ["openai-python: the attribute is None, so a safety check passes in silence"]
OMNI = "2024-10-01"


def _results(x: Exchange) -> list[Any]:
    body = x.json
    found = body.get("results") if isinstance(body, dict) else None
    if not isinstance(found, list):
        raise NotApplicable("no list of results")
    return found


def maps_of(x: Exchange, name: str) -> list[tuple[int, dict[str, Any]]]:
    """A map of each result that has one."""
    found = [
        (number, result[name])
        for number, result in enumerate(_results(x))
        if isinstance(result, dict) and isinstance(result.get(name), dict)
    ]
    if not found:
        raise NotApplicable(f"no `{name}`")
    return found


def flags_of(x: Exchange) -> list[bool]:
    found = [r.get("flagged") if isinstance(r, dict) else None for r in _results(x)]
    if not found or not all(isinstance(f, bool) for f in found):
        raise NotApplicable("no verdict")
    return [bool(f) for f in found]


@requirement(
    "moderations.results.count",
    MUST,
    "There is one result for each string of the input.",
    source=openai("moderations/object results"),
    needs="moderations",
    over=MODERATIONS,
    breaks=["clients that pair texts and results by position let the last texts pass"],
)
def test_count(x: Exchange) -> None:
    given = x.sent.get("input")
    wanted = 1 if isinstance(given, str) else None
    if isinstance(given, list) and given and all(isinstance(text, str) for text in given):
        wanted = len(given)
    if wanted is None:
        raise NotApplicable("no strings")
    found = len(_results(x))
    require(found == wanted, "results", f"{wanted} results", f"{found} results")


@requirement(
    "moderations.results.parts",
    SHOULD,
    "A list of parts (text and image) has one result for all of them.",
    source=openai("moderations guide: one result for a multi-modal input"),
    needs="moderations.image",
    over=MODERATIONS,
)
def test_parts(x: Exchange) -> None:
    given = x.sent.get("input")
    if not isinstance(given, list) or not given or not isinstance(given[0], dict):
        raise NotApplicable("no parts")
    found = len(_results(x))
    require(found == 1, "results", "1 result", f"{found} results")


@requirement(
    "moderations.flagged.any-category",
    MUST,
    "`flagged` is true exactly where a category is true.",
    source=openai("moderations/object flagged"),
    needs="moderations",
    over=MODERATIONS,
    breaks=["programs that look at `flagged` and those that look at the categories disagree"],
)
def test_flagged(x: Exchange) -> None:
    for number, categories in maps_of(x, "categories"):
        flagged = _results(x)[number].get("flagged")
        values = list(categories.values())
        if not isinstance(flagged, bool) or not all(v is None or v is True or v is False
                                                    for v in values):  # fmt: skip
            raise NotApplicable("no verdict")
        require(flagged is any(values), f"results[{number}].flagged",
                "true where a category is true, else false",
                f"{flagged}, categories {[k for k, v in categories.items() if v]}")  # fmt: skip


def _complete(x: Exchange, wanted: tuple[str, ...]) -> None:
    for name in ("categories", "category_scores"):
        for number, found in maps_of(x, name):
            for category in wanted:
                if category not in found:
                    fail(f"results[{number}].{name}", category, sorted(found))


@requirement(
    "moderations.categories.eleven",
    MUST,
    "Harassment and the kinds of self-harm are judged under OpenAI's names in both maps.",
    source=openapi("CreateModerationResponse categories"),
    needs="moderations",
    over=MODERATIONS,
    since=OMNI,
    breaks=SILENT,
)
def test_eleven(x: Exchange) -> None:
    _complete(x, NEWER)


@requirement(
    "moderations.categories.illicit",
    MUST,
    "`illicit` and `illicit/violent` are keys of both maps (but of text-moderation models).",
    source=openapi("CreateModerationResponse categories"),
    needs="moderations",
    over=MODERATIONS,
    since=OMNI,
    breaks=SILENT,
)
def test_illicit(x: Exchange) -> None:
    body = x.json
    answered = body.get("model") if isinstance(body, dict) else None
    if str(answered).startswith("text-moderation"):
        raise NotApplicable("an older model")
    _complete(x, ILLICIT)


@requirement(
    "moderations.categories.same-keys",
    MUST,
    "`categories` and `category_scores` have the same keys.",
    source=openapi("CreateModerationResponse"),
    needs="moderations",
    over=MODERATIONS,
    breaks=["KeyError in programs that look up the score of a category"],
)
def test_same_keys(x: Exchange) -> None:
    scores = dict(maps_of(x, "category_scores"))
    for number, categories in maps_of(x, "categories"):
        if number in scores and set(scores[number]) != set(categories):
            odd = sorted(set(scores[number]) ^ set(categories))
            fail(f"results[{number}].category_scores", "the keys of categories",
                 f"only in one of them: {odd}")  # fmt: skip


@requirement(
    "moderations.applied.same-keys",
    MUST,
    "`category_applied_input_types`, where it is sent, has the keys of `categories`.",
    source=openapi("CreateModerationResponse category_applied_input_types"),
    needs="moderations",
    over=MODERATIONS,
    breaks=["KeyError in programs that look up by category"],
)
def test_applied_keys(x: Exchange) -> None:
    kinds = dict(maps_of(x, "category_applied_input_types"))
    for number, categories in maps_of(x, "categories"):
        if number in kinds and set(kinds[number]) != set(categories):
            odd = sorted(set(kinds[number]) ^ set(categories))
            fail(f"results[{number}].category_applied_input_types", "the keys of categories",
                 f"only in one of them: {odd}")  # fmt: skip


def texts_only(x: Exchange) -> bool:
    given = x.sent.get("input")
    parts = given if isinstance(given, list) else [given]
    return all(isinstance(p, str) or (isinstance(p, dict) and p.get("type") == "text")
               for p in parts)  # fmt: skip


@requirement(
    "moderations.applied.text",
    MUST,
    "For a text `category_applied_input_types` names text, and never an image.",
    source=openapi("CreateModerationResponse category_applied_input_types"),
    needs="moderations",
    over=MODERATIONS,
    breaks=["programs that show which part of a post was judged"],
)
def test_applied_text(x: Exchange) -> None:
    if not texts_only(x):
        raise NotApplicable("an image was sent")
    for number, kinds in maps_of(x, "category_applied_input_types"):
        at = f"results[{number}].category_applied_input_types"
        listed = [k for value in kinds.values() if isinstance(value, list) for k in value]
        if "image" in listed:
            fail(at, "no image: only text was sent", "image")
        require("text" in listed, at, "text for some category", "none")


@requirement(
    "moderations.applied.image",
    MUST,
    "Where an image was sent `category_applied_input_types` names it for some category.",
    source=openapi("CreateModerationResponse category_applied_input_types"),
    needs="moderations.image",
    breaks=["images pass unjudged, and nobody can see it"],
)
def test_applied_image(moderations_image: Exchange) -> None:
    found = maps_of(moderations_image, "category_applied_input_types")
    listed = {
        k for _, kinds in found for v in kinds.values() if isinstance(v, list) for k in v
    }  # fmt: skip
    at = "results[].category_applied_input_types"
    require("image" in listed, at, "image for some category", sorted(map(str, listed)))


@requirement(
    "moderations.applied.image-categories",
    SHOULD,
    "Images are judged for violence, self-harm and sexual content of adults, for nothing else.",
    source=openai("moderations guide: content classifications"),
    needs="moderations.image",
    over=MODERATIONS,
)
def test_image_categories(x: Exchange) -> None:
    if texts_only(x):
        raise NotApplicable("no image was sent")
    for number, kinds in maps_of(x, "category_applied_input_types"):
        for category, value in kinds.items():
            if category not in NAMES or category in SEEN:
                continue
            if isinstance(value, list) and "image" in value:
                fail(f"results[{number}].category_applied_input_types.{category}",
                     "text alone", value)  # fmt: skip


@requirement(
    "moderations.id.unique",
    SHOULD,
    "No two moderations have the same id.",
    source=openapi("CreateModerationResponse id: the unique identifier"),
    needs="moderations",
    over=MODERATIONS,
    together=True,
    breaks=["logs and reviews that are keyed by the id"],
)
def test_ids(xs: tuple[Exchange, ...]) -> None:
    seen: set[str] = set()
    for x in xs:
        body = x.json
        id = body.get("id") if isinstance(body, dict) else None
        if isinstance(id, str) and id:
            if id in seen:
                fail("id", "another id for each answer", id, exchange=x)
            seen.add(id)
    if len(seen) < 2:
        raise NotApplicable("fewer than two ids")
