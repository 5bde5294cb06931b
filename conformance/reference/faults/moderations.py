"""Faults of moderations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ApiError, invalid
from conformance.reference.fault import fault

Json = dict[str, Any]
ROUTE = "moderations"
_MAPS = ("categories", "category_scores", "category_applied_input_types")


def crash(message: str) -> ApiError:
    return ApiError(500, message, type="server_error")


def _maps(reply: Json) -> Iterator[Json]:
    for result in reply["results"]:
        for name in _MAPS:
            yield result[name]


_SHAPE = "moderations.shape.results"
_MUST = ("hate", "hate-threatening", "self-harm", "sexual", "sexual-minors", "violence",
         "violence-graphic")  # fmt: skip
_NEWER = ("harassment", "harassment-threatening", "self-harm-intent", "self-harm-instructions")
_ILLICIT = ("illicit", "illicit-violent")


def _gone(names: tuple[str, ...], *maps: str) -> tuple[str, ...]:
    """The shape requirements that notice when categories are missing."""
    return tuple(
        f"{_SHAPE}.{one}.{name}"
        + ("" if name in _MUST and one != "category-applied-input-types" else ".presence")
        for one in maps
        for name in names
    )


_BOTH = ("categories", "category-scores")
_ALL = (*_BOTH, "category-applied-input-types")


def _violent(text: Any) -> bool:
    return "stab you" in str(text)


def parts(call: Call) -> bool:
    given = call.fields.get("input")
    return isinstance(given, list) and bool(given) and isinstance(given[0], dict)


def listed(call: Call) -> bool:
    given = call.fields.get("input")
    return isinstance(given, list) and bool(given) and isinstance(given[0], str)


def images(call: Call) -> bool:
    return parts(call) and len(call.fields["input"]) == 2


def _fails(id: str, text: str, when: Any, *, error: Any = crash,
           field: str | tuple[str, ...] = ()) -> None:  # fmt: skip
    def hook(call: Call, body: Json) -> None:
        if "input" in body and when(call, body["input"]):
            raise error(text)

    fault(id, at="request", route=ROUTE, text=text, field_defects=field)(hook)


_fails("moderations.accepts.string", "A single string is a crash.",
       lambda c, given: str(given).startswith("The library opens"))  # fmt: skip
_fails("moderations.accepts.no-model", "Without a model the answer is 500.",
       lambda c, given: "model" not in c.body, field="mod-500-without-model")  # fmt: skip
_fails("moderations.accepts.violent", "What would be flagged is refused as bad content.",
       lambda c, given: isinstance(given, str) and _violent(given), error=invalid)  # fmt: skip
_fails("moderations.accepts.list", "Lists of several strings are refused.",
       lambda c, given: listed(c) and len(given) > 1, error=invalid)  # fmt: skip
_fails("moderations.accepts.list-of-one", "A list of one string is a crash.",
       lambda c, given: listed(c) and len(given) == 1)  # fmt: skip
_fails("moderations.accepts.image", "Images are a crash.",
       lambda c, given: images(c))  # fmt: skip
_fails("moderations.accepts.text-part", "Text as a part is a crash.",
       lambda c, given: parts(c) and given[0].get("text") and len(given) == 1)  # fmt: skip


@fault("moderations.results.count", at="reply", route=ROUTE, when=listed)
def first_only(call: Call, reply: Json) -> None:
    """Only the first text is judged."""
    if not _violent(call.fields["input"][0]):
        del reply["results"][2:]


@fault("moderations.results.count/joined", at="reply", route=ROUTE, when=listed,
       breaks=("moderations.results.count",))  # fmt: skip
def joined(call: Call, reply: Json) -> None:
    """All texts have one result together."""
    reply["results"] = [next((r for r in reply["results"] if r["flagged"]), reply["results"][0])]


@fault("moderations.results.parts", at="reply", route=ROUTE, when=images)
def each_part(call: Call, reply: Json) -> None:
    """Each part has a result of its own."""
    reply["results"] = reply["results"] * 2


@fault("moderations.results.order", at="reply", route=ROUTE, when=listed)
def reordered(call: Call, reply: Json) -> None:
    """What is flagged comes first."""
    reply["results"].sort(key=lambda result: not result["flagged"])


@fault("moderations.results.same-alone", at="reply", route=ROUTE,
       when=lambda call: listed(call) and len(call.fields["input"]) == 1)  # fmt: skip
def lenient(call: Call, reply: Json) -> None:
    """A list of one is judged by an average that hides everything."""
    for result in reply["results"]:
        result["flagged"] = False
        result["categories"] = dict.fromkeys(result["categories"], False)
        result["category_scores"] = dict.fromkeys(result["category_scores"], 0.001)


@fault("moderations.flagged.any-category", at="reply", route=ROUTE, when=parts)
def never_flagged(call: Call, reply: Json) -> None:
    """flagged is false beside categories that are true."""
    for result in reply["results"]:
        result["flagged"] = False


@fault("moderations.flagged.any-category/always", at="reply", route=ROUTE,
       when=lambda call: "cinnamon" in str(call.fields.get("input")) and not listed(call),
       breaks=("moderations.flagged.any-category",))  # fmt: skip
def flagged_without(call: Call, reply: Json) -> None:
    """flagged is true though no category is."""
    for result in reply["results"]:
        result["flagged"] = True


@fault("moderations.categories.eleven", at="reply", route=ROUTE,
       breaks=("moderations.categories.eleven", *_gone(_NEWER, *_ALL)))  # fmt: skip
def seven(call: Call, reply: Json) -> None:
    """There are the categories of 2023 alone."""
    for found in _maps(reply):
        for name in ("harassment", "harassment/threatening", "self-harm/intent",
                     "self-harm/instructions"):  # fmt: skip
            found.pop(name)
    for result in reply["results"]:
        result["flagged"] = any(result["categories"].values())


@fault("moderations.categories.illicit", at="reply", route=ROUTE,
       breaks=("moderations.categories.illicit", *_gone(_ILLICIT, *_ALL)))  # fmt: skip
def no_illicit(call: Call, reply: Json) -> None:
    """illicit and illicit/violent are missing."""
    for found in _maps(reply):
        found.pop("illicit")
        found.pop("illicit/violent")


@fault("moderations.categories.native", at="reply", route=ROUTE,
       breaks=("moderations.categories.eleven", "moderations.categories.illicit",
               *_gone((*_MUST, *_NEWER, *_ILLICIT), *_BOTH),
               f"{_SHAPE}.category-applied-input-types.presence"),
       field_defects="mod-native-categories")  # fmt: skip
def native(call: Call, reply: Json) -> None:
    """The categories are those of another classifier."""
    for result in reply["results"]:
        hit = result["flagged"]
        result["categories"] = {"S1": hit, "S2": False}
        result["category_scores"] = {"S1": 0.98 if hit else 0.01, "S2": 0.01}
        del result["category_applied_input_types"]


@fault("moderations.categories.underscored", at="reply", route=ROUTE,
       breaks=("moderations.categories.eleven", "moderations.categories.illicit",
               *_gone(("hate-threatening", "self-harm", "sexual-minors", "violence-graphic",
                       *_NEWER[1:], _ILLICIT[1]), *_BOTH),
               f"{_SHAPE}.category-applied-input-types.presence"))  # fmt: skip
def underscored(call: Call, reply: Json) -> None:
    """Slashes and hyphens of the names are underscores."""
    for result in reply["results"]:
        for name in _MAPS:
            result[name] = {
                k.replace("/", "_").replace("-", "_"): v for k, v in result[name].items()
            }
        del result["category_applied_input_types"]


@fault("moderations.categories.same-keys", at="reply", route=ROUTE)
def one_more(call: Call, reply: Json) -> None:
    """The scores have a category that is never judged."""
    for result in reply["results"]:
        result["category_scores"]["spam"] = 0.01


@fault("moderations.applied.same-keys", at="reply", route=ROUTE)
def only_flagged(call: Call, reply: Json) -> None:
    """The applied types hold a category of their own."""
    for result in reply["results"]:
        result["category_applied_input_types"]["spam"] = ["text"]


@fault("moderations.applied.text", at="reply", route=ROUTE, when=lambda call: not parts(call))
def image_of_text(call: Call, reply: Json) -> None:
    """Texts are said to have been judged as images."""
    for result in reply["results"]:
        result["category_applied_input_types"]["violence"] = ["text", "image"]


@fault("moderations.applied.text/none", at="reply", route=ROUTE,
       when=lambda call: not images(call), breaks=("moderations.applied.text",))  # fmt: skip
def nothing_applied(call: Call, reply: Json) -> None:
    """The applied types are all empty."""
    for result in reply["results"]:
        kinds = result["category_applied_input_types"]
        result["category_applied_input_types"] = {name: [] for name in kinds}


@fault("moderations.applied.image", at="reply", route=ROUTE, when=images)
def image_unseen(call: Call, reply: Json) -> None:
    """Images are passed over."""
    for result in reply["results"]:
        kinds = result["category_applied_input_types"]
        result["category_applied_input_types"] = {name: ["text"] for name in kinds}


@fault("moderations.applied.image-categories", at="reply", route=ROUTE, when=images)
def image_everywhere(call: Call, reply: Json) -> None:
    """Images are said to be judged for hate."""
    for result in reply["results"]:
        result["category_applied_input_types"]["hate"] = ["text", "image"]


@fault("moderations.scores.flagged-above-zero", at="reply", route=ROUTE, when=parts)
def zero_scores(call: Call, reply: Json) -> None:
    """All scores are 0."""
    for result in reply["results"]:
        result["category_scores"] = dict.fromkeys(result["category_scores"], 0)


@fault("moderations.scores.follow-flags", at="reply", route=ROUTE)
def inverted(call: Call, reply: Json) -> None:
    """Scores say how harmless a text is."""
    for result in reply["results"]:
        scores = result["category_scores"]
        result["category_scores"] = {name: round(1 - s, 6) for name, s in scores.items()}


@fault("moderations.scores.percent", at="reply", route=ROUTE,
       breaks=("moderations.shape.results.category-scores.violence",))  # fmt: skip
def percent(call: Call, reply: Json) -> None:
    """The score of violence is in per cent."""
    for result in reply["results"]:
        result["category_scores"]["violence"] = 100 * result["category_scores"]["violence"] + 1


@fault("moderations.verdict.harmless", at="reply", route=ROUTE,
       when=lambda call: call.fields.get("input", "") == _BOOKS)  # fmt: skip
def books_are_bad(call: Call, reply: Json) -> None:
    """Everything about libraries is flagged."""
    for result in reply["results"]:
        result["flagged"] = result["categories"]["illicit"] = True
        result["category_scores"]["illicit"] = 0.95


_BOOKS = "The library opens at nine, and the new gardening books are on the second shelf."


@fault("moderations.verdict.violent", at="reply", route=ROUTE)
def nothing_flagged(call: Call, reply: Json) -> None:
    """Nothing is ever flagged."""
    lenient(call, reply)


@fault("moderations.verdict.category", at="reply", route=ROUTE)
def wrong_reason(call: Call, reply: Json) -> None:
    """Threats are flagged as sexual."""
    for result in reply["results"]:
        if result["flagged"]:
            result["categories"] = {name: name == "sexual" for name in result["categories"]}
            result["category_scores"] = {
                name: 0.97 if name == "sexual" else 0.001 for name in result["category_scores"]
            }


@fault("moderations.id.unique", at="reply", route=ROUTE)
def same_id(call: Call, reply: Json) -> None:
    """Every moderation has the same id."""
    reply["id"] = "modr-0"
