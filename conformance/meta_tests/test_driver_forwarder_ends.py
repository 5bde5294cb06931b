"""How connections end: resets, early ends, stalls and clients that leave are passed on."""

from __future__ import annotations

import asyncio
import struct

import httpx
import pytest

from conformance.meta_tests.test_driver_forwarder import answering, read_request, rig, run


def reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(1, 13, struct.pack("ii", 1, 0))  # SOL_SOCKET, SO_LINGER
    writer.transport.abort()


def test_reset_is_passed_on_after_what_came_before_it() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")
        await asyncio.sleep(0.1)
        reset(writer)

    async def main() -> None:
        async with rig(serve) as r:
            reader, writer = await asyncio.open_connection("127.0.0.1", r.forwarder.port)
            writer.write(b"GET /-/a/v1/x HTTP/1.1\r\nHost: me\r\n\r\n")
            assert (await reader.readuntil(b"one\r\n")).endswith(b"one\r\n")
            with pytest.raises(ConnectionResetError):
                await reader.read()
            writer.close()
            failure = r.recording.exchanges[0].failure
            assert failure is not None
            assert failure.kind == "reset"

    run(main())


def test_reset_before_any_answer_is_passed_on() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        reset(writer)

    async def main() -> None:
        async with rig(serve) as r, httpx.AsyncClient(trust_env=False) as client:
            with pytest.raises(httpx.ReadError):
                await client.get(r.forwarder.base_url("t") + "/x")

    run(main())


def test_early_end_is_an_early_end() -> None:
    async def main() -> None:
        short = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"
        async with (
            rig(answering(short, close=True)) as r,
            httpx.AsyncClient(trust_env=False) as client,
        ):
            with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
                await client.get(r.forwarder.base_url("t") + "/x")

    run(main())


@pytest.mark.parametrize(
    "garbage",
    [
        b"this is not HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_malformed_answer_is_a_broken_connection(garbage: bytes) -> None:
    async def main() -> None:
        async with (
            rig(answering(garbage, close=True)) as r,
            httpx.AsyncClient(trust_env=False) as client,
        ):
            with pytest.raises(httpx.TransportError):
                await client.get(r.forwarder.base_url("t") + "/x")
            failure = r.recording.exchanges[0].failure
            assert failure is not None
            assert failure.kind == "protocol"

    run(main())


def test_stall_is_a_stall_until_the_cap() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
        await asyncio.sleep(10)

    async def main() -> None:
        async with rig(serve, timeout_s=0.6) as r:
            async with httpx.AsyncClient(trust_env=False, timeout=0.2) as client:
                with pytest.raises(httpx.ReadTimeout):
                    await client.get(r.forwarder.base_url("t") + "/x")
            async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
                with pytest.raises(httpx.ReadError):
                    await client.get(r.forwarder.base_url("t") + "/x")
            kinds = [x.failure.kind for x in r.recording.exchanges if x.failure]
            assert kinds == ["cancelled", "timeout"]

    run(main())


def test_client_that_leaves_closes_the_request_to_the_target() -> None:
    left = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")
        await reader.read()
        left.set()

    async def main() -> None:
        async with rig(serve) as r:
            async with (
                httpx.AsyncClient(trust_env=False) as client,
                client.stream("GET", r.forwarder.base_url("t") + "/x") as response,
            ):
                await anext(response.aiter_raw())
            async with asyncio.timeout(0.4):
                await left.wait()
            failure = r.recording.exchanges[0].failure
            assert failure is not None
            assert (failure.kind, failure.message) == ("cancelled", "the client left")

    run(main())


def test_client_that_leaves_at_done_still_leaves_a_whole_recording() -> None:
    async def main() -> None:
        head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
        serve = answering(head, b"e\r\ndata: [DONE]\n\n\r\n", b"0\r\n\r\n", pause=0.1)
        async with rig(serve) as r:
            async with (
                httpx.AsyncClient(trust_env=False) as client,
                client.stream("GET", r.forwarder.base_url("t") + "/x") as response,
            ):
                await anext(response.aiter_raw())
            await asyncio.sleep(0.3)
            assert r.recording.exchanges[0].failure is None
            assert r.recording.exchanges[0].ok

    run(main())
