"""The receiver of webhooks: takes what it understands, and nothing a target sends breaks it."""

from __future__ import annotations

import asyncio
import contextlib

import httpx
import pytest

from conformance import webhooks
from conformance.webhooks import Receiver


def test_challenge_and_event() -> None:
    async def talk() -> tuple[str, Receiver]:
        async with Receiver() as receiver:
            async with httpx.AsyncClient(trust_env=False) as client:
                base = receiver.url.removesuffix("/events")
                answer = await client.get(base + "/webhooks/verify?challenge=abc")
                await client.get(base + "/webhooks/verify")
                await client.post(receiver.url, json={"event": "x"})
            await receiver.wait(1)
            return answer.text, receiver

    text, receiver = asyncio.run(talk())
    assert text == "abc"
    assert receiver.challenges == ["abc", ""]
    assert receiver.events == [{"event": "x"}]


def test_it_listens_and_is_named_as_it_is_told() -> None:
    async def look() -> tuple[str, int]:
        async with Receiver("127.0.0.1:0", "https://hooks.example/events") as receiver:
            assert receiver._server is not None
            return receiver.url, receiver._server.sockets[0].getsockname()[1]

    url, port = asyncio.run(look())
    assert url == "https://hooks.example/events"
    assert port > 0


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"POST /events HTTP/1.1\r\ncontent-length: many\r\n\r\n",
        b"POST /events HTTP/1.1\r\ncontent-length: 9\r\n\r\n{",
        b"POST /events HTTP/1.1\r\ncontent-length: 2\r\n\r\n{]",
        b"GET /" + b"x" * 300_000,
    ],
)
def test_hostile_posts(sent: bytes) -> None:
    async def talk() -> Receiver:
        async with Receiver() as receiver:
            port = int(receiver.url.split(":")[2].split("/")[0])
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            writer.write_eof()
            with contextlib.suppress(ConnectionError):
                await reader.read()
            writer.close()
            await receiver.wait(0.01)
            return receiver

    assert asyncio.run(talk()).events == []


def test_it_keeps_no_more_than_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "MOST", 1)
    kept: list[object] = []
    for value in (1, 2):
        Receiver._keep(kept, value)
    assert kept == [1]
