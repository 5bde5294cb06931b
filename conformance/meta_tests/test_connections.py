"""A connection that a server ends unannounced: the request that was lost on it is sent again."""

from __future__ import annotations

import asyncio
import socket
import struct

from conformance.clock import SystemClock
from conformance.drivers.http import HttpDriver
from conformance.recording import Recording
from conformance.session import Courier, Session
from conformance.target import Target

ANSWER = b"HTTP/1.1 %s\r\ncontent-length: 2\r\ncontent-type: application/json\r\n\r\n{}"
RESET = struct.pack("ii", 1, 0)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request of a connection; reset it when a second one comes."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(ANSWER % b"200 OK")
    await writer.drain()
    if await reader.read(1):
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.close()


async def _twice() -> Recording:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    recording, clock = Recording(), SystemClock()
    target = Target(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
    driver = HttpDriver(target, recording, clock)
    session = Session(Courier(target, driver, recording, clock), "models")
    try:
        async with asyncio.timeout(30):
            await session.send("first", "GET", "/models")
            await session.send("once", "GET", "/models", retry=False)
            await session.send("second", "GET", "/models")
    finally:
        await driver.aclose()
        server.close()
    return recording


def test_a_lost_request_is_tried_on_a_connection_of_its_own() -> None:
    sent = asyncio.run(_twice()).exchanges
    assert [x.failure.kind if x.failure else x.status for x in sent] == [200, 200, "reset", 200]
    assert [x.attempt for x in sent] == [1, 1, 1, 2]
