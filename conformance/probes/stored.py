"""Stored chat completions: create, list, retrieve, messages, update, delete."""

from __future__ import annotations

from typing import Any

from conformance.capability import capability
from conformance.exchange import Exchange
from conformance.probe import Skip, scenario, user
from conformance.probes.chat import REPEAT
from conformance.session import Session

PATH = "/chat/completions"
PATIENCE = 10
"""Looks, a second apart, that a stored completion may take to be found."""

HISTORY = [
    {"role": "system", "content": "You are helpful."},
    user("Hello."),
    {"role": "assistant", "content": "Hello, how can I help?"},
    user(REPEAT),
]

capability("chat.store", "stored chat completions", "stored_create", within="chat")


def id_of(exchange: Exchange | None) -> str:
    """The id of a completion. Raises Skip where there is none."""
    body = exchange.json if exchange is not None else None
    name = body.get("id") if isinstance(body, dict) else None
    if not isinstance(name, str) or not name or "/" in name:
        raise Skip("the completion has no usable id")
    return name


async def store(session: Session, step: str, *, stored: bool = True, **more: Any) -> Exchange:
    """Make a completion with `store`."""
    return await session.post(
        step,
        PATH,
        model=session.model("chat"),
        messages=more.pop("messages", [user(REPEAT)]),
        max_tokens=32,
        store=stored,
        **more,
    )


async def found(session: Session, step: str, path: str, **more: Any) -> Exchange:
    """Get something that may take a moment to appear."""
    for _ in range(PATIENCE):
        exchange = await session.send(step, "GET", path, **more)
        if exchange.status != 404:
            break
        await session.sleep(1.0)
    return exchange


@scenario("stored_create", needs="chat.store", cost=2, valid=True)
async def _create(session: Session) -> None:
    """The gate: a completion with `store: true` can be retrieved."""
    nonce = session.nonce("topic")
    made = await store(
        session, "create", messages=HISTORY, metadata={"topic": nonce, "kind": "first"}
    )
    if made.ok:
        await found(session, "retrieve", f"{PATH}/{id_of(made)}")


@scenario("stored_use", needs="chat.store", after=("stored_create",), cost=27, tokens=256)
async def _use(session: Session) -> None:
    """What can be done with stored completions."""
    topic = session.nonce("use")
    meta = {"topic": topic}
    first = await store(session, "first", messages=HISTORY, metadata={**meta, "kind": "first"})
    second = await store(session, "second", metadata={**meta, "kind": "second"})
    kept_out = await store(session, "unstored", stored=False)
    one, two = id_of(first), id_of(second)
    await found(session, "wait", f"{PATH}/{one}")
    await found(session, "wait", f"{PATH}/{two}")
    filtered = f"{PATH}?metadata[topic]={topic}"
    await session.gather(
        session.send("messages", "GET", f"{PATH}/{one}/messages"),
        session.send("page", "GET", f"{PATH}/{one}/messages?limit=2"),
        session.send("list", "GET", PATH + "?limit=100&order=desc"),
        session.send("filtered", "GET", filtered),
        session.send("narrow", "GET", f"{filtered}&metadata[kind]=second"),
        session.send("limited", "GET", f"{filtered}&limit=1"),
        session.send("descending", "GET", f"{filtered}&order=desc"),
        session.send("after", "GET", f"{filtered}&order=asc&after={one}"),
        session.send("model", "GET", f"{PATH}?model=no-such-model-{topic}"),
        session.send("unknown", "GET", f"{PATH}/chatcmpl-{topic}"),
        session.send("unknown-delete", "DELETE", f"{PATH}/chatcmpl-{topic}"),
        session.send("unknown-messages", "GET", f"{PATH}/chatcmpl-{topic}/messages"),
    )
    if kept_out.ok:
        await session.send("unstored-get", "GET", f"{PATH}/{id_of(kept_out)}")
    await session.post("update", f"{PATH}/{two}", metadata={**meta, "kind": "changed"})
    await session.send("updated", "GET", f"{PATH}/{two}")
    await session.send("delete", "DELETE", f"{PATH}/{one}")
    await session.send("deleted", "GET", f"{PATH}/{one}")
    await session.send("delete-again", "DELETE", f"{PATH}/{one}")
    await session.send("left", "GET", filtered)
    await session.send("cleanup", "DELETE", f"{PATH}/{two}")


@scenario(
    "stored_other_key",
    needs="chat.store",
    after=("stored_create",),
    keys=("second",),
    cost=5,
)
async def _other_key(session: Session) -> None:
    """Another account looks for the completion."""
    name = id_of(session["stored_create"])
    await session.send("get", "GET", f"{PATH}/{name}", key="second")
    await session.send("messages", "GET", f"{PATH}/{name}/messages", key="second")
    await session.send("list", "GET", f"{PATH}?limit=100", key="second")
    await session.send("delete", "DELETE", f"{PATH}/{name}", key="second")
    await session.send("still-there", "GET", f"{PATH}/{name}")
