"""WebSocket conversations are recorded like any other exchange, refused and cut ones too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from conformance.clock import SystemClock
from conformance.drivers.http import HttpDriver, Wanted
from conformance.drivers.inprocess import InProcessTransport
from conformance.drivers.transport import Meta
from conformance.exchange import Exchange
from conformance.recording import Recording
from conformance.target import Target

Handler = Callable[[ServerConnection], Awaitable[None]]


async def echo(socket: ServerConnection) -> None:
    await socket.send('{"type":"hello"}')
    async for message in socket:
        await socket.send(message)


async def cut(socket: ServerConnection) -> None:
    await socket.send(b'{"type":"bytes"}')
    socket.transport.abort()


async def talk(base: str, *lines: bytes, stop: bytes | None = None, inner: Any = None) -> Exchange:
    driver = HttpDriver(Target(base, {}), Recording(), SystemClock(), inner)
    until = (lambda seen: stop in seen) if stop else None
    wanted = Wanted("GET", f"{base}/talk", {}, b"\n".join(lines), 5.0, until)
    try:
        return await driver.send(wanted, Meta("p", context={"websocket": True}))
    finally:
        await driver.aclose()


def over_network(handler: Handler, *lines: bytes, stop: bytes | None = None) -> Exchange:
    async def main() -> Exchange:
        async with serve(handler, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            return await talk(f"http://127.0.0.1:{port}", *lines, stop=stop)

    return asyncio.run(main())


def test_a_conversation() -> None:
    x = over_network(echo, b'{"n":1}', b'{"n":2}', stop=b'"n":2')
    assert x.response is not None
    assert (x.status, x.response.http_version) == (101, "HTTP/1.1")
    assert [c.data for c in x.response.chunks] == [
        b'{"type":"hello"}\n',
        b'{"n":1}\n',
        b'{"n":2}\n',
    ]
    assert x.request.body == b'{"n":1}\n{"n":2}'
    assert x.failure is not None
    assert x.failure.kind == "cancelled"


def test_an_end_without_a_closing_frame_is_a_failure() -> None:
    x = over_network(cut)
    assert x.response is not None
    assert x.response.body == b'{"type":"bytes"}\n'
    assert x.failure is not None
    assert x.failure.kind == "protocol"


def test_a_refused_handshake_is_the_answer_that_it_was() -> None:
    async def main() -> Exchange:
        def refuse(connection: ServerConnection, request: Any) -> Any:
            return connection.respond(401, '{"error":{}}')

        async with serve(echo, "127.0.0.1", 0, process_request=refuse) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            return await talk(f"http://127.0.0.1:{port}")

    x = asyncio.run(main())
    assert (x.status, x.failure) == (401, None)
    assert x.json == {"error": {}}


@pytest.mark.parametrize(("answer", "kind"), [(None, "connect"), (b"hello\r\n\r\n", "protocol")])
def test_no_handshake(answer: bytes | None, kind: str) -> None:
    async def serve_bytes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer or b"")
        await writer.drain()
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(serve_bytes, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        if answer is None:
            server.close()
            await server.wait_closed()
        recording = Recording()
        base = f"http://127.0.0.1:{port}"
        driver = HttpDriver(Target(base, {}), recording, SystemClock())
        meta = Meta("p", context={"websocket": True})
        x = await driver.send(Wanted("GET", f"{base}/talk", {}, b"", 5.0), meta)
        await driver.aclose()
        assert x.response is None
        assert x.failure is not None
        assert x.failure.kind == kind
        server.close()

    asyncio.run(main())


def test_in_process() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "websocket.connect"
        if b"authorization" not in dict(scope["headers"]):
            await send({"type": "websocket.close", "code": 1000})
            return
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "one"})
        heard = await receive()
        await send({"type": "websocket.send", "bytes": heard["text"].encode()})
        await send({"type": "websocket.close", "code": 1000})

    async def main() -> None:
        base = "http://t.invalid/v1"
        inner = InProcessTransport(app)
        assert (await talk(base, inner=inner)).status == 403
        driver = HttpDriver(Target(base, {}), Recording(), SystemClock(), inner)
        wanted = Wanted("GET", f"{base}/talk", {"Authorization": "Bearer x"}, b"two", 5.0)
        x = await driver.send(wanted, Meta("p", context={"websocket": True}))
        assert x.response is not None
        assert (x.status, x.response.body, x.failure) == (101, b"one\ntwo\n", None)

    asyncio.run(main())
