"""Conversations: the memory of the Responses API as an object of its own."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from conformance.capability import capability
from conformance.exchange import Exchange
from conformance.probe import CHAT_MODEL, Skip, post, probe, scenario, user
from conformance.probes.responses import FILLER, HELLO, SHORT
from conformance.session import Session

PATH = "/conversations"
NOWHERE = "conv_00000000000000000000000000000000"
FIRST = [user("Alpha is the first letter."), {"role": "assistant", "content": "So it is."}]
MORE = [
    {"type": "message", **user("Beta is the second.")},
    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Gamma."}]},
]

capability("conversations", "conversations", "conversation_created")

probe(
    "conversation_created",
    *post(PATH, metadata={"topic": "letters"}, items=FIRST),
    needs="conversations",
    valid=False,
)
probe("conversation_empty", *post(PATH), needs="conversations")
_unknown: dict[str, Any] = {"needs": "conversations", "valid": False}
probe("conversation_unknown", "GET", f"{PATH}/{NOWHERE}", **_unknown)
probe("conversation_unknown_deleted", "DELETE", f"{PATH}/{NOWHERE}", **_unknown)
probe("conversation_unknown_items", "GET", f"{PATH}/{NOWHERE}/items", **_unknown)
probe(
    "conversation_unknown_turn",
    *post("/responses", model=CHAT_MODEL, input=HELLO, conversation=NOWHERE, **SHORT),
    **_unknown,
)


def name_of(x: Exchange) -> str:
    """The id of an object as it stands in a path. Raises Skip where there is none."""
    body = x.json
    name = body.get("id") if isinstance(body, dict) else None
    if not isinstance(name, str) or not name:
        raise Skip("the conversation has no usable id")
    return quote(name, safe="")


def ids(x: Exchange) -> list[str]:
    """The ids of the elements of a list."""
    body = x.json
    data = body.get("data") if isinstance(body, dict) else None
    found = data if isinstance(data, list) else []
    return [i["id"] for i in found if isinstance(i, dict) and isinstance(i.get("id"), str)]


@scenario("conversation_life", needs="conversations", cost=22)
async def _life(session: Session) -> None:
    """Create, change, add items, list them, delete one, delete all."""
    created = await session.post("create", PATH, metadata={"topic": "letters"}, items=FIRST)
    if not created.ok:
        return
    path = f"{PATH}/{name_of(created)}"
    await session.send("get", "GET", path)
    await session.post("update", path, metadata={"topic": "greek"})
    await session.send("updated", "GET", path)
    added = await session.post("add", f"{path}/items", items=MORE)
    await session.send("items", "GET", f"{path}/items")
    await session.send("asc", "GET", f"{path}/items?order=asc")
    page = await session.send("page", "GET", f"{path}/items?order=asc&limit=2")
    if ids(page):
        last = quote(ids(page)[-1], safe="")
        await session.send("rest", "GET", f"{path}/items?order=asc&limit=10&after={last}")
    if session.key("second"):
        await session.send("foreign", "GET", path, key="second")
        await session.send("foreign items", "GET", f"{path}/items", key="second")
    if ids(added):
        one = f"{path}/items/{quote(ids(added)[0], safe='')}"
        await session.send("item", "GET", one)
        await session.send("item delete", "DELETE", one)
        await session.send("item gone", "GET", one)
        await session.send("left", "GET", f"{path}/items?order=asc")
    if session.key("second"):
        for step, method, where, sent in (
            ("foreign update", "POST", path, {"metadata": {"topic": "taken"}}),
            ("foreign add", "POST", f"{path}/items", {"items": MORE[:1]}),
            ("foreign delete", "DELETE", path, None),
        ):
            await session.send(step, method, where, json=sent, key="second")
    await session.send("delete", "DELETE", path)
    await session.send("gone", "GET", path)
    await session.send("gone items", "GET", f"{path}/items")


@scenario("conversation_turns", needs="conversations", cost=5, tokens=300)
async def _turns(session: Session) -> None:
    """Two responses in one conversation, then what it holds."""
    word = session.nonce("word")
    created = await session.post("create", PATH)
    if not created.ok:
        return
    name_of(created)
    name = created.json["id"]
    told = f"The secret word is {word}. Remember it. {FILLER} Now say OK."
    asked = "What is the secret word? Answer with the word only."
    for step, text, where in (("one", told, name), ("two", asked, {"id": name})):
        answer = await session.send(
            step,
            "POST",
            "/responses",
            json={"model": CHAT_MODEL, "input": text, "conversation": where, **SHORT},
            context={"word": word, "conversation": name},
        )
        if not answer.ok:
            return
    await session.send("items", "GET", f"{PATH}/{name_of(created)}/items?order=asc&limit=50")
    await session.post(
        "both",
        "/responses",
        model=session.model("chat"),
        input=HELLO,
        conversation=name,
        previous_response_id=answer.json.get("id") if isinstance(answer.json, dict) else None,
        **SHORT,
    )
