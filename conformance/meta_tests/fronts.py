"""What stands before a provider in real life: a place where TLS ends, and a server of HTTP/2."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

from conformance.reference.app import create_app

HOST = "127.0.0.1"


def server_context(
    chain: bytes, key: bytes, folder: Path, *, oldest: str = "TLSv1_2", newest: str = "TLSv1_3"
) -> ssl.SSLContext:
    """TLS of a server with this certificate, which speaks these versions."""
    pem = folder / "server.pem"
    pem.write_bytes(key + chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = getattr(ssl.TLSVersion, oldest)
        context.maximum_version = getattr(ssl.TLSVersion, newest)
    if oldest < "TLSv1_2":
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, ssl.SSLError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def tls_front(behind: int, context: ssl.SSLContext) -> AsyncIterator[int]:
    """A port where TLS ends and bytes go on to a plain port."""

    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        other_reader, other_writer = await asyncio.open_connection(HOST, behind)
        try:
            await asyncio.gather(_pipe(reader, other_writer), _pipe(other_reader, writer))
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            for one in (writer, other_writer):
                one.transport.abort()

    server = await asyncio.start_server(serve, HOST, 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving)
        await asyncio.sleep(0.05)  # until the sockets are closed


@contextmanager
def handshakes(context: ssl.SSLContext) -> Iterator[int]:
    """A port where nothing comes after the handshake; its alerts are sent, as asyncio's are not."""
    listening = socket.create_server((HOST, 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(5)
                context.wrap_socket(connection, server_side=True).close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


@contextmanager
def in_thread(serving: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> Iterator[None]:
    """Run a server in a thread of its own until the block ends."""
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serving(stop),), daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


@contextmanager
def http2_server(pem: Path, faults: tuple[str, ...] = ()) -> Iterator[int]:
    """The embedded provider served by Hypercorn, which offers HTTP/2; the port."""
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    bound = socket.socket()
    bound.bind((HOST, 0))
    config = Config()
    config.bind = [f"fd://{bound.fileno()}"]
    config.certfile = config.keyfile = str(pem)
    config.graceful_timeout = 0.2
    config.errorlog = None
    app: Any = create_app(faults=faults)

    async def serving(stop: asyncio.Event) -> None:
        await serve(app, config, shutdown_trigger=stop.wait)

    port: int = bound.getsockname()[1]
    with in_thread(serving):
        yield port
    bound.detach()
