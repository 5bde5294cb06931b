"""Connections: used again, idle, many at once, and left."""

from __future__ import annotations

from collections.abc import AsyncIterator

from conformance.drivers.line import Line
from conformance.probe import scenario, user
from conformance.probes.http import JSON, PATH, hello
from conformance.session import Session, encode


@scenario("http_line", needs="chat", cost=4)
async def line(session: Session) -> None:
    """One connection: an answer, an error, a stream, an answer."""
    async with Line(session) as one:
        await one.send("first", "POST", PATH, hello("papaya"))
        await one.send("error", "POST", PATH, {"messages": "papaya"})
        await one.send("stream", "POST", PATH, hello("pear", stream=True))
        await one.send("last", "POST", PATH, hello("peach"))


IDLE_S = 6.0


@scenario("http_idle", needs="chat", cost=2, tier="full")
async def idle(session: Session) -> None:
    """One connection, used, left alone for six seconds, and used again."""
    async with Line(session) as one:
        await one.send("before", "POST", PATH, hello("pineapple"))
        await session.sleep(IDLE_S)
        await one.send("after", "POST", PATH, hello("plum"))


BURST = 40


@scenario("http_burst", needs="models", cost=BURST, tokens=0)
async def burst(session: Session) -> None:
    """Many connections at once."""
    await session.gather(
        *(session.send("one", "GET", "/models", limited=False, retry=False) for _ in range(BURST))
    )


QUICK = 100


@scenario("http_quick", needs="models", cost=QUICK, tokens=0, tier="full")
async def quick(session: Session) -> None:
    """Many connections one after the other, each for one request."""
    path = "/models/{chat}"
    await session.gather(*(session.send("one", "GET", path, retry=False) for _ in range(QUICK)))


class _Leaves(OSError):
    """The client goes away in the middle of its own request."""


@scenario("http_left", needs="chat.stream", cost=4, tokens=400)
async def left(session: Session) -> None:
    """A client that leaves while it sends, and one that leaves a stream; then an ordinary one."""
    data = encode(session.target.fill(hello("pomegranate")))

    async def half() -> AsyncIterator[bytes]:
        yield data[: len(data) // 2]
        await session.sleep(0.05)
        raise _Leaves("the client leaves")

    context = {"left": True}
    await session.send(
        "sending", "POST", PATH, content=half(), headers=JSON, retry=False, context=context
    )
    long = {**hello("quince", stream=True), "max_tokens": 200}
    long["messages"] = [user("Count from 1 to 100, separated by commas. (quince)")]
    await session.send(
        "reading", "POST", PATH, json=long, stop=lambda seen: b"data:" in seen, retry=False,
        context=context,
    )  # fmt: skip
    await session.send("next", "POST", PATH, json=hello("raspberry"), retry=False, timeout=30.0)
