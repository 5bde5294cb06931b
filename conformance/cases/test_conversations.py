"""Conversations: what they keep, in which order, and that responses write and read them."""

from __future__ import annotations

from functools import partial
from typing import Any

from conformance import response_events as re
from conformance.cases._responses import gone, good, remembers, step
from conformance.exchange import Exchange, Steps
from conformance.expect import NotApplicable, expect, fail, require
from conformance.probes.conversations import ids
from conformance.requirement import MUST, SHOULD, openai, requirement

CREATE = openai("conversations/create")
ITEMS = openai("conversations/list-items")
LOST = ["clients that keep their history on the server"]
rule = partial(requirement, needs="conversations", breaks=LOST)
WORDS = ("Alpha", "So", "Beta", "Gamma")


def _body(x: Exchange) -> dict[str, Any]:
    body = x.json
    if not isinstance(body, dict):
        raise NotApplicable
    return body


def _places(x: Exchange) -> list[int]:
    return [
        place
        for item in re.listed(x)
        for place, word in enumerate(WORDS)
        if re.said(item).startswith(word)
    ]


@rule("conversations.empty", MUST, "A conversation may be created without a body's fields.",
      source=CREATE, any_status=True)  # fmt: skip
def test_empty(conversation_empty: Exchange) -> None:
    expect(conversation_empty).status(2)


@rule("conversations.metadata", MUST, "A conversation repeats its metadata.", source=CREATE)
def test_metadata(conversation_created: Exchange) -> None:
    if not conversation_created.ok:
        raise NotApplicable
    found = _body(conversation_created).get("metadata")
    require(found == {"topic": "letters"}, "metadata", "{'topic': 'letters'}", found)


@rule("conversations.id.unique", MUST, "No two conversations have the same id.", source=CREATE)
def test_ids(conversation_created: Exchange, conversation_empty: Exchange) -> None:
    one, two = (_body(x).get("id") for x in (conversation_created, conversation_empty))
    if not one or not two:
        raise NotApplicable
    require(one != two, "id", "another one in every conversation", one)


@rule("conversations.retrieved", MUST, "A conversation can be retrieved, and is the same.",
      source=openai("conversations/retrieve"))  # fmt: skip
def test_retrieved(conversation_life: Steps) -> None:
    created, got = good(conversation_life, "create"), step(conversation_life, "get")
    expect(got).status(2)
    for key in ("id", "object", "created_at", "metadata"):
        one, two = _body(created).get(key), _body(got).get(key)
        require(one == two, key, repr(one), two)


@rule("conversations.updated", MUST, "New metadata replaces the old, and stays.",
      source=openai("conversations/update"))  # fmt: skip
def test_updated(conversation_life: Steps) -> None:
    expect(step(conversation_life, "update")).status(2)
    for name in ("update", "updated"):
        found = _body(good(conversation_life, name)).get("metadata")
        require(found == {"topic": "greek"}, "metadata", "{'topic': 'greek'}", found)


@rule("conversations.items.added", MUST, "Items can be added; the answer lists them.",
      source=openai("conversations/create-items"))  # fmt: skip
def test_added(conversation_life: Steps) -> None:
    x = step(conversation_life, "add")
    expect(x).status(2)
    require(sorted(_places(x)) == [2, 3], "data", "the two new items", x.json)


@rule("conversations.items.complete", MUST,
      "A conversation holds the items that it was created with and those that were added.",
      source=ITEMS)  # fmt: skip
def test_complete(conversation_life: Steps) -> None:
    good(conversation_life, "add")
    x = step(conversation_life, "items")
    expect(x).status(2)
    found = sorted(_places(x))
    require(found == [0, 1, 2, 3], "data", "four items", [re.said(i) for i in re.listed(x)])


@rule("conversations.items.asc", MUST, "`order=asc` lists the items oldest first.", source=ITEMS)
def test_asc(conversation_life: Steps) -> None:
    found = _places(good(conversation_life, "asc"))
    require(found == sorted(found), "data", "oldest first", found)


@rule("conversations.items.default-order", SHOULD, "Without `order` items are listed newest first.",
      source=ITEMS)  # fmt: skip
def test_default(conversation_life: Steps) -> None:
    found = _places(good(conversation_life, "items"))
    require(found == sorted(found, reverse=True), "data", "newest first", found)


@rule("conversations.items.ids", MUST, "Every item of a conversation has an id of its own.",
      source=ITEMS)  # fmt: skip
def test_item_ids(conversation_life: Steps) -> None:
    x = good(conversation_life, "items")
    names = ids(x)
    require(len(set(names)) == len(re.listed(x)), "data[].id", "a string of its own", names)


@rule("conversations.items.limit", MUST, "`limit=2` lists two items and says `has_more: true`.",
      source=ITEMS)  # fmt: skip
def test_limit(conversation_life: Steps) -> None:
    x = good(conversation_life, "page")
    if len(re.listed(good(conversation_life, "asc"))) != 4:
        raise NotApplicable
    require(len(re.listed(x)) == 2, "data", "2 items", len(re.listed(x)))
    require(_body(x).get("has_more") is True, "has_more", "true", _body(x).get("has_more"))


@rule("conversations.items.after", MUST,
      "`after` goes on behind the named item; the last page says `has_more: false`.",
      source=ITEMS)  # fmt: skip
def test_after(conversation_life: Steps) -> None:
    whole = ids(good(conversation_life, "asc"))
    if len(whole) != 4 or len(re.listed(good(conversation_life, "page"))) != 2:
        raise NotApplicable
    rest = good(conversation_life, "rest")
    require(ids(rest) == whole[2:], "data[].id", repr(whole[2:]), ids(rest))
    require(_body(rest).get("has_more") is False, "has_more", "false", _body(rest).get("has_more"))


@rule("conversations.items.edges", MUST,
      "`first_id` and `last_id` are the ids of the first and the last listed item.",
      source=ITEMS)  # fmt: skip
def test_edges(conversation_life: Steps) -> None:
    for name in ("items", "asc", "page"):
        x = good(conversation_life, name)
        names = ids(x)
        for key, place in (("first_id", 0), ("last_id", -1)):
            if names and key in _body(x):
                require(_body(x)[key] == names[place], key, names[place], _body(x)[key])


@rule("conversations.items.retrieved", MUST, "One item can be retrieved by its id.",
      source=openai("conversations/retrieve-item"))  # fmt: skip
def test_item(conversation_life: Steps) -> None:
    added, x = good(conversation_life, "add"), step(conversation_life, "item")
    expect(x).status(2)
    require(_body(x).get("id") == ids(added)[0], "id", ids(added)[0], _body(x).get("id"))


@rule("conversations.items.deleted", MUST, "A deleted item is gone, the others stay.",
      source=openai("conversations/delete-item"))  # fmt: skip
def test_item_deleted(conversation_life: Steps) -> None:
    expect(step(conversation_life, "item delete")).status(2)
    gone(step(conversation_life, "item gone"))
    before = ids(good(conversation_life, "asc"))
    name = ids(good(conversation_life, "add"))[0]
    left = ids(good(conversation_life, "left"))
    wanted = [one for one in before if one != name]
    require(left == wanted, "data[].id", repr(wanted), left)


@rule("conversations.deleted", MUST, "A deleted conversation is gone, with its items.",
      source=openai("conversations/delete"))  # fmt: skip
def test_deleted(conversation_life: Steps) -> None:
    expect(step(conversation_life, "delete")).status(2)
    gone(step(conversation_life, "gone"))
    gone(step(conversation_life, "gone items"))


@rule("conversations.private", MUST, "Another account cannot read a conversation.",
      source=openai("conversations/retrieve"))  # fmt: skip
def test_private(conversation_life: Steps) -> None:
    x = step(conversation_life, "foreign")
    if x.ok:
        fail("status", "404", x.status, exchange=x)


@rule("conversations.unknown", MUST, "An unknown conversation and its items are answered 404.",
      source=openai("conversations/retrieve"), any_status=True)  # fmt: skip
def test_unknown(conversation_unknown: Exchange, conversation_unknown_items: Exchange) -> None:
    for x in (conversation_unknown, conversation_unknown_items):
        gone(x)


@rule("conversations.unknown-delete", MUST, "DELETE of an unknown conversation is answered 404.",
      source=openai("conversations/delete"), any_status=True)  # fmt: skip
def test_unknown_delete(conversation_unknown_deleted: Exchange) -> None:
    gone(conversation_unknown_deleted)


@rule("conversations.unknown-turn", MUST,
      "A response in an unknown conversation is refused with a 4xx status.",
      source=openai("responses/create conversation"), any_status=True)  # fmt: skip
def test_unknown_turn(conversation_unknown_turn: Exchange) -> None:
    expect(conversation_unknown_turn).status(4)


@rule("conversations.turns.accepted", MUST,
      "`conversation` of a response may be an id or an object with the id.",
      source=openai("responses/create conversation"))  # fmt: skip
def test_turns(conversation_turns: Steps) -> None:
    good(conversation_turns, "create")
    for name in ("one", "two"):
        expect(step(conversation_turns, name)).status(2)


@rule("conversations.turns.echo", MUST, "A response names its conversation.",
      source=openai("responses/object conversation"))  # fmt: skip
def test_echo(conversation_turns: Steps) -> None:
    x = good(conversation_turns, "one")
    wanted = x.context.get("conversation")
    found = re.dict_of(re.need(x), "conversation").get("id")
    require(found == wanted, "conversation.id", str(wanted), found)


@rule("conversations.turns.remembers", MUST,
      "In a conversation the model sees the turns before.",
      source=openai("responses/create conversation"))  # fmt: skip
def test_remembers(conversation_turns: Steps) -> None:
    remembers(conversation_turns, "one", "two")


@rule("conversations.turns.kept", MUST,
      "Input and output of a response are added to its conversation, in order.",
      source=openai("responses/create conversation"))  # fmt: skip
def test_kept(conversation_turns: Steps) -> None:
    good(conversation_turns, "two")
    x = step(conversation_turns, "items")
    expect(x).status(2)
    roles = [i.get("role") for i in re.listed(x) if i.get("type") == "message"]
    wanted = ["user", "assistant", "user", "assistant"]
    require(roles == wanted, "data[].role", repr(wanted), roles)


@rule("conversations.turns.exclusive", SHOULD,
      "`conversation` and `previous_response_id` exclude each other: both are refused.",
      source=openai("responses/create conversation"))  # fmt: skip
def test_exclusive(conversation_turns: Steps) -> None:
    expect(step(conversation_turns, "both")).status(4)
