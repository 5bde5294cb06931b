"""What one account might see of another."""

from __future__ import annotations

from conformance.probe import scenario
from conformance.probes.http import PATH, hello
from conformance.session import Session


@scenario("leaks_second", needs="chat", keys=("api", "second"), cost=4, tokens=128)
async def second(session: Session) -> None:
    """Two accounts ask the same; then the second asks for something else."""
    word = session.nonce("secret")
    same = hello(word)
    await session.post("first", PATH, **same)
    await session.send("twin", "POST", PATH, json=same, key="second")
    other = hello("strawberry")
    await session.send("other", "POST", PATH, json=other, key="second")
    await session.send("models", "GET", "/models", key="second")
