"""The loopback forwarder changes nothing: bytes, order, pace, and the way a connection ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import httpx
import pytest

from conformance.clock import SystemClock
from conformance.drivers.forwarder import Forwarder, Passage, Refusal
from conformance.drivers.http import NetworkTransport
from conformance.drivers.sdk_link import Arrival
from conformance.drivers.transport import Meta, RecordingTransport
from conformance.recording import Recording

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Rig:
    """A raw target, the forwarder before it, and what was recorded."""

    forwarder: Forwarder
    recording: Recording
    target: str
    connections: list[asyncio.Task[None] | None] = field(default_factory=list)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return head + await reader.readexactly(length)


@contextlib.asynccontextmanager
async def rig(
    serve: Serve, *, timeout_s: float = 5.0, refuse: str = "", max_bytes: int = 1 << 26
) -> AsyncIterator[Rig]:
    opened: list[asyncio.Task[None] | None] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(asyncio.current_task())
        try:
            with contextlib.suppress(
                ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError
            ):
                await serve(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    base = f"http://127.0.0.1:{port}/v1"
    recording = Recording()
    inner = NetworkTransport()
    transport = RecordingTransport(inner, recording, SystemClock(), base, max_bytes)

    @contextlib.asynccontextmanager
    async def admit(arrival: Arrival) -> AsyncIterator[Passage]:
        if refuse:
            raise Refusal(refuse)
        yield Passage(Meta(probe=arrival.tag), timeout_s)

    forwarder = Forwarder(transport, base, admit)
    await forwarder.start()
    try:
        yield Rig(forwarder, recording, base, opened)
    finally:
        await forwarder.aclose()
        await transport.aclose()
        server.close()
        tasks = [task for task in opened if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def ask(rig: Rig, tag: str = "a", body: bytes = b"{}") -> tuple[bytes, bytes]:
    """A request over a bare socket: head and body as they came, until the end of the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", rig.forwarder.port)
    writer.write(
        b"POST /-/%b/v1/x?q=%%20a HTTP/1.1\r\nHost: me\r\nX-One: 1\r\nx-two: 2\r\nX-One: 3\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (tag.encode(), len(body), body)
    )
    head = await reader.readuntil(b"\r\n\r\n")
    writer.write_eof()
    rest = await reader.read()
    writer.close()
    return head, rest


def run(coroutine: Awaitable[None]) -> None:
    async def within() -> None:
        async with asyncio.timeout(20):
            await coroutine

    asyncio.run(within())


def answering(*pieces: bytes, pause: float = 0.0, close: bool = False) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause)
            if close:
                return

    return serve


HEAD = b"HTTP/1.1 207 Odd Reason\r\nZ-Last: 1\r\nA-First: 2\r\nz-last: 3\r\n"


def test_head_and_body_come_back_unchanged() -> None:
    async def main() -> None:
        answer = HEAD + b"Content-Length: 5\r\nContent-Type: x/y\r\n\r\nhello"
        async with rig(answering(answer)) as r:
            reader, writer = await asyncio.open_connection("127.0.0.1", r.forwarder.port)
            writer.write(b"GET /-/a/v1/x HTTP/1.1\r\nHost: me\r\n\r\n")
            assert await reader.readexactly(len(answer)) == answer
            writer.close()

    run(main())


def test_request_reaches_the_target_unchanged_but_for_host_and_tag() -> None:
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_request(reader))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    async def main() -> None:
        async with rig(serve) as r:
            await ask(r, body=b'{"a": 1}')
            host = r.target.split("/")[2].encode()
            assert seen == [
                b"POST /v1/x?q=%20a HTTP/1.1\r\nHost: " + host + b"\r\nX-One: 1\r\nx-two: 2\r\n"
                b'X-One: 3\r\nContent-Length: 8\r\n\r\n{"a": 1}'
            ]
            assert r.recording.exchanges[0].probe == "a"
            assert r.recording.exchanges[0].request.body == b'{"a": 1}'

    run(main())


def test_chunks_come_one_by_one_as_they_arrive() -> None:
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"

    async def main() -> None:
        serve = answering(head, b"3\r\none\r\n", b"3\r\ntwo\r\n", b"0\r\n\r\n", pause=0.15)
        async with rig(serve) as r:
            loop = asyncio.get_running_loop()
            came: list[tuple[float, bytes]] = []
            async with (
                httpx.AsyncClient(trust_env=False) as client,
                client.stream("GET", r.forwarder.base_url("t") + "/x") as response,
            ):
                async for data in response.aiter_raw():
                    came.append((loop.time(), data))
            assert [data for _, data in came] == [b"one", b"two"]
            assert came[1][0] - came[0][0] > 0.1
            recorded = r.recording.exchanges[0].response
            assert recorded is not None
            assert [c.data for c in recorded.chunks] == [b"one", b"two"]
            assert recorded.complete

    run(main())


def test_content_encoding_is_left_alone() -> None:
    import gzip

    packed = gzip.compress(b"x" * 3000)
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed)

    async def main() -> None:
        async with rig(answering(head + packed)) as r:
            reader, writer = await asyncio.open_connection("127.0.0.1", r.forwarder.port)
            writer.write(b"GET /-/a/v1/x HTTP/1.1\r\nHost: me\r\n\r\n")
            assert await reader.readexactly(len(head) + len(packed)) == head + packed
            writer.close()

    run(main())


def test_body_without_length_is_chunked_and_ends() -> None:
    async def main() -> None:
        serve = answering(b"HTTP/1.1 200 OK\r\n\r\nto the end", close=True)
        async with rig(serve) as r, httpx.AsyncClient(trust_env=False) as client:
            response = await client.get(r.forwarder.base_url("t") + "/x")
            assert response.text == "to the end"

    run(main())


@pytest.mark.parametrize("size", [0, 1, 5_000_000])
def test_big_bodies_both_ways(size: int) -> None:
    body = bytes(range(256)) * (size // 256) + b"z" * (size % 256)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got = (await read_request(reader)).partition(b"\r\n\r\n")[2]
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(got) + got)
        await writer.drain()

    async def main() -> None:
        async with rig(serve) as r, httpx.AsyncClient(trust_env=False) as client:
            response = await client.post(r.forwarder.base_url("t") + "/x", content=body)
            assert response.content == body

    run(main())


def test_connections_are_kept_alive() -> None:
    async def main() -> None:
        answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
        async with rig(answering(answer)) as r:
            reader, writer = await asyncio.open_connection("127.0.0.1", r.forwarder.port)
            for _ in range(3):
                writer.write(b"GET /-/a/v1/x HTTP/1.1\r\nHost: me\r\n\r\n")
                assert await reader.readexactly(len(answer)) == answer
            # two at once, one after the other
            writer.write(b"GET /-/a/v1/x HTTP/1.1\r\nHost: me\r\n\r\n" * 2)
            assert await reader.readexactly(2 * len(answer)) == answer * 2
            writer.close()
            assert len(r.recording) == 5
            assert len(r.connections) == 1

    run(main())


def test_fifty_calls_at_once_are_not_mixed_up() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            body = (await read_request(reader)).partition(b"\r\n\r\n")[2]
            await asyncio.sleep(0.01 * (int(body) % 7))
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
            await writer.drain()

    async def main() -> None:
        async with rig(serve) as r, httpx.AsyncClient(trust_env=False) as client:

            async def one(n: int) -> None:
                url = r.forwarder.base_url(f"t{n}") + "/x"
                assert (await client.post(url, content=str(n))).text == str(n)

            await asyncio.gather(*(one(n) for n in range(50)))
            assert {(x.probe, x.request.body) for x in r.recording.exchanges} == {
                (f"t{n}", str(n).encode()) for n in range(50)
            }

    run(main())


def test_what_the_owner_refuses_is_answered_here_and_never_sent() -> None:
    async def main() -> None:
        async with (
            rig(answering(b""), refuse="the budget is spent") as r,
            httpx.AsyncClient(trust_env=False) as client,
        ):
            response = await client.post(r.forwarder.base_url("t") + "/x", json={})
            assert response.status_code == 503
            assert response.headers["x-should-retry"] == "false"
            assert response.json()["error"]["message"] == "the budget is spent"
            assert not r.recording.exchanges
            assert not r.connections

    run(main())


def test_redirects_are_passed_on_and_stay_with_their_call() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await read_request(reader)
            if b" /v1/x " in request:
                writer.write(b"HTTP/1.1 307 T\r\nlocation: /v1/y\r\ncontent-length: 0\r\n\r\n")
            else:
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            await writer.drain()

    async def main() -> None:
        async with (
            rig(serve) as r,
            httpx.AsyncClient(trust_env=False, follow_redirects=True) as client,
        ):
            response = await client.post(r.forwarder.base_url("t") + "/x", json={})
            assert response.text == "ok"
            assert [(x.probe, x.status) for x in r.recording.exchanges] == [("t", 307), ("t", 200)]

    run(main())


def test_nonsense_from_a_client_is_refused() -> None:
    async def main() -> None:
        async with rig(answering(b"")) as r:
            reader, writer = await asyncio.open_connection("127.0.0.1", r.forwarder.port)
            writer.write(b"nonsense\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 400 Bad Request\r\n")
            writer.close()

    run(main())


def test_head_and_no_content_have_no_body() -> None:
    async def main() -> None:
        answer = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"
        async with rig(answering(answer)) as r, httpx.AsyncClient(trust_env=False) as client:
            for _ in range(2):
                response = await client.head(r.forwarder.base_url("t") + "/x")
                assert response.headers["content-length"] == "9"
                assert response.content == b""

    run(main())
