"""Stored responses: their input items, in order and in pages."""

from __future__ import annotations

from functools import partial

from conformance import response_events as re
from conformance.cases._responses import good, step
from conformance.exchange import Exchange, Steps
from conformance.expect import NotApplicable, expect, require
from conformance.requirement import MUST, SHOULD, openai, requirement

ITEMS = openai("responses/input-items")
rule = partial(requirement, needs="responses.stored")


def _texts(x: Exchange) -> list[str]:
    return [re.said(item) for item in re.listed(x)]


WORDS = ("Alpha", "Yes", "Beta")


def _places(x: Exchange) -> list[int]:
    """Which of the sent messages each listed item is."""
    found = []
    for text in _texts(x):
        found += [n for n, word in enumerate(WORDS) if text.startswith(word)][:1]
    return found


@rule(
    "responses.items.complete",
    MUST,
    "The input items are the messages that were sent, each once, with their text.",
    source=ITEMS,
    breaks=["clients that show a stored conversation"],
)
def test_items(responses_items: Steps) -> None:
    x = step(responses_items, "items")
    expect(x).status(2)
    found = sorted(_places(x))
    require(found == [0, 1, 2], "data", "the three messages", _texts(x))


@rule(
    "responses.items.roles",
    MUST,
    "The input items have the roles that they were sent with.",
    source=ITEMS,
    breaks=["clients show the user's words as the assistant's"],
)
def test_roles(responses_items: Steps) -> None:
    roles = {"Alpha": "user", "Yes": "assistant", "Beta": "user"}
    for item in re.listed(good(responses_items, "items")):
        word = next((w for w in roles if re.said(item).startswith(w)), None)
        if word is not None:
            require(item.get("role") == roles[word], "data[].role", roles[word], item.get("role"))


@rule(
    "responses.items.ids",
    MUST,
    "Every input item has an id of its own.",
    source=ITEMS,
    breaks=["pages go on after an id: without one they never end"],
)
def test_item_ids(responses_items: Steps) -> None:
    names = [item.get("id") for item in re.listed(good(responses_items, "items"))]
    if not names:
        raise NotApplicable
    whole = [n for n in names if isinstance(n, str) and n]
    require(len(set(whole)) == len(names), "data[].id", "a string of its own", names)


@rule(
    "responses.items.asc",
    MUST,
    "`order=asc` lists the input items in the order in which they were sent.",
    source=ITEMS,
    breaks=["conversations are shown upside down"],
)
def test_asc(responses_items: Steps) -> None:
    found = _places(good(responses_items, "asc"))
    require(found == sorted(found), "data", "oldest first", _texts(responses_items["asc"]))


@rule(
    "responses.items.desc",
    MUST,
    "`order=desc` lists the input items newest first.",
    source=ITEMS,
    breaks=["conversations are shown upside down"],
)
def test_desc(responses_items: Steps) -> None:
    found = _places(good(responses_items, "desc"))
    require(found == sorted(found, reverse=True), "data", "newest first",
            _texts(responses_items["desc"]))  # fmt: skip


@rule(
    "responses.items.default-order",
    SHOULD,
    "Without `order` the input items are listed newest first.",
    source=ITEMS,
)
def test_default(responses_items: Steps) -> None:
    found = _places(good(responses_items, "items"))
    require(found == sorted(found, reverse=True), "data", "newest first",
            _texts(responses_items["items"]))  # fmt: skip


@rule(
    "responses.items.edges",
    MUST,
    "`first_id` and `last_id` are the ids of the first and the last listed item.",
    source=ITEMS,
    breaks=["pages that go on after last_id repeat or skip items"],
)
def test_edges(responses_items: Steps) -> None:
    for name in ("items", "asc", "page"):
        x = good(responses_items, name)
        data, body = re.listed(x), x.json
        for key, place in (("first_id", 0), ("last_id", -1)):
            if data and isinstance(body, dict) and key in body and data[place].get("id"):
                wanted = data[place]["id"]
                require(body[key] == wanted, key, wanted, body[key])


@rule(
    "responses.items.limit",
    MUST,
    "`limit=2` lists two items and says `has_more: true` where there are three.",
    source=ITEMS,
    breaks=["pages are too long, or end too early"],
)
def test_limit(responses_items: Steps) -> None:
    x = good(responses_items, "page")
    if len(re.listed(good(responses_items, "asc"))) != 3:
        raise NotApplicable
    require(len(re.listed(x)) == 2, "data", "2 items", len(re.listed(x)))
    require(x.json.get("has_more") is True, "has_more", "true", x.json.get("has_more"))


@rule(
    "responses.items.after",
    MUST,
    "`after` goes on behind the named item, and the last page says `has_more: false`.",
    source=ITEMS,
    breaks=["both SDKs: an endless loop, or missing items"],
)
def test_after(responses_items: Steps) -> None:
    page, rest = good(responses_items, "page"), step(responses_items, "rest")
    if len(re.listed(page)) != 2 or len(re.listed(good(responses_items, "asc"))) != 3:
        raise NotApplicable
    expect(rest).status(2)
    whole = [i.get("id") for i in re.listed(good(responses_items, "asc"))]
    found = [i.get("id") for i in re.listed(rest)]
    require(found == whole[2:], "data[].id", repr(whole[2:]), found)
    require(rest.json.get("has_more") is False, "has_more", "false", rest.json.get("has_more"))


@rule(
    "responses.items.no-output",
    MUST,
    "The input items do not hold the output of the response.",
    source=ITEMS,
    breaks=["clients that join input and output show the answer twice"],
)
def test_no_output(responses_items: Steps) -> None:
    names = {i.get("id") for i in re.output(re.result(good(responses_items, "create")))}
    for item in re.listed(good(responses_items, "items")):
        name = item.get("id")
        require(not name or name not in names, "data[].id", "no output item", name)


@rule(
    "responses.items.text",
    MUST,
    "An input that was a string is listed as one message of the user.",
    source=ITEMS,
    breaks=["clients that show a stored conversation"],
)
def test_text(responses_text_items: Steps) -> None:
    good(responses_text_items, "create")
    found = re.listed(good(responses_text_items, "items"))
    require(len(found) == 1, "data", "1 item", len(found))
    item = found[0]
    require(item.get("role") == "user" and "fox" in re.said(item), "data[0]",
            "a message of the user with the text", item)  # fmt: skip
