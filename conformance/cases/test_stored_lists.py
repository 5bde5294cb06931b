"""Lists of stored chat completions: filters, order, pages."""

from __future__ import annotations

from typing import Any

from conformance.cases.test_stored import LOST, NEEDS, answered, good, ids, listed, own, step
from conformance.exchange import Steps
from conformance.expect import NotApplicable, require
from conformance.requirement import MUST, SHOULD, openai, requirement


def both(steps: Steps) -> tuple[Any, Any]:
    return own(steps, "first"), own(steps, "second")


@requirement(
    "chat.stored.messages-page",
    MUST,
    "`limit` bounds a page of messages.",
    source=openai("chat/getMessages limit"),
    needs=NEEDS,
    any_status=True,
    breaks=["paging: openai-python reads one page only, or for ever"],
)
def test_page(stored_use: Steps) -> None:
    found = listed(stored_use, "page")
    require(len(found) <= 2, "data", "2 messages", f"{len(found)} messages")
    whole = listed(stored_use, "messages")
    more = good(stored_use, "page").get("has_more")
    if isinstance(more, bool) and len(whole) > 2:
        require(more is True, "has_more", "true", more)


@requirement(
    "chat.stored.list",
    MUST,
    "The list of completions holds what was stored.",
    source=openai("chat/list"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_list(stored_use: Steps) -> None:
    answered(stored_use, "list")
    found = ids(stored_use, "list")
    for one in both(stored_use):
        require(one in found, "data[].id", f"{one} among them", found[:5])


@requirement(
    "chat.stored.filter-metadata",
    MUST,
    "`metadata[key]` filters the list.",
    source=openai("chat/list metadata"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_filter(stored_use: Steps) -> None:
    answered(stored_use, "filtered")
    one, two = both(stored_use)
    found = ids(stored_use, "filtered")
    require(set(found) == {one, two}, "data[].id", f"{one} and {two}", found[:5])
    answered(stored_use, "narrow")
    narrow = ids(stored_use, "narrow")
    require(narrow == [two], "data[].id", two, narrow[:5])


@requirement(
    "chat.stored.filter-model",
    MUST,
    "`model` filters the list.",
    source=openai("chat/list model"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_filter_model(stored_use: Steps) -> None:
    found = step(stored_use, "model")
    if 400 <= found.status < 500:
        raise NotApplicable("an unknown model is refused")
    rows = listed(stored_use, "model")
    require(not rows, "data", "no completions of an unknown model", f"{len(rows)} completions")


@requirement(
    "chat.stored.limit",
    MUST,
    "`limit` bounds a page, and `has_more` says that there is more.",
    source=openai("chat/list limit"),
    needs=NEEDS,
    any_status=True,
    breaks=["paging: openai-node stops early, openai-python goes on for ever"],
)
def test_limit(stored_use: Steps) -> None:
    found = listed(stored_use, "limited")
    require(len(found) == 1, "data", "1 completion", f"{len(found)} completions")
    more = good(stored_use, "limited").get("has_more")
    if isinstance(more, bool):
        require(more, "has_more", "true", more)


@requirement(
    "chat.stored.has-more",
    MUST,
    "`has_more` is false on the last page.",
    source=openai("chat/list"),
    needs=NEEDS,
    any_status=True,
    breaks=["paging never ends"],
)
def test_has_more(stored_use: Steps) -> None:
    for name in ("filtered", "after"):
        more = good(stored_use, name).get("has_more")
        if isinstance(more, bool):
            require(not more, "has_more", "false", more)


@requirement(
    "chat.stored.after",
    MUST,
    "`after` begins a page behind that completion.",
    source=openai("chat/list after"),
    needs=NEEDS,
    any_status=True,
    breaks=["paging repeats the same page for ever"],
)
def test_after(stored_use: Steps) -> None:
    one, two = both(stored_use)
    answered(stored_use, "after")
    found = ids(stored_use, "after")
    require(one not in found, "data[].id", f"nothing up to {one}", found[:5])
    require(two in found, "data[].id", two, found[:5])


@requirement(
    "chat.stored.order",
    MUST,
    "`order=desc` lists the newest first; the default is asc.",
    source=openai("chat/list order"),
    needs=NEEDS,
    any_status=True,
    breaks=["tools that look for the newest completion"],
)
def test_order(stored_use: Steps) -> None:
    one, two = both(stored_use)
    same = good(stored_use, "first").get("created") == good(stored_use, "second").get("created")
    up, down = ids(stored_use, "filtered"), ids(stored_use, "descending")
    if sorted(map(str, up)) != sorted((one, two)) or sorted(map(str, down)) != sorted((one, two)):
        raise NotApplicable
    require(up != down, "data[].id", "the other way round", down)
    if not same:
        require(up == [one, two], "data[].id", f"{one} before {two}", up)


@requirement(
    "chat.stored.edges",
    SHOULD,
    "`first_id` and `last_id` are those of the page.",
    source=openai("chat/list"),
    needs=NEEDS,
    any_status=True,
    breaks=["clients that page by last_id"],
)
def test_edges(stored_use: Steps) -> None:
    for name in ("filtered", "messages"):
        body, found = good(stored_use, name), ids(stored_use, name)
        if not found:
            continue
        for key, wanted in (("first_id", found[0]), ("last_id", found[-1])):
            if isinstance(body.get(key), str):
                require(body[key] == wanted, key, str(wanted), body[key])
