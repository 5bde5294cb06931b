"""The embedded provider on a socket."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

import uvicorn

from conformance.reference.app import ReferenceApp, create_app
from conformance.reference.clock import Clock
from conformance.reference.config import KEY_MAIN, ReferenceConfig

_HOST = "127.0.0.1"


def _server(app: ReferenceApp, port: int, log_level: str, host: str = _HOST) -> uvicorn.Server:
    protocols = getattr(uvicorn.config, "WS_PROTOCOLS", {})
    ws: Any = "websockets-sansio" if "websockets-sansio" in protocols else "auto"
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level=log_level,
        access_log=False,
        lifespan="off",
        http="h11",
        ws=ws,
        server_header=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=75,  # the default, 5 s, breaks pooled clients
        h11_max_incomplete_event_size=256 * 1024,
    )
    return uvicorn.Server(config)


class ServedReference:
    """A provider on a free port of this machine, for the length of a `with` block."""

    def __init__(
        self,
        config: ReferenceConfig | None = None,
        *,
        port: int = 0,
        clock: Clock | None = None,
        faults: Sequence[str] = (),
        variations: Sequence[str] = (),
    ) -> None:
        self.app = create_app(config, clock=clock, faults=faults, variations=variations)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((_HOST, port))
        self._socket.listen(256)
        self.port: int = self._socket.getsockname()[1]
        self.base_url = f"http://{_HOST}:{self.port}/v1"
        self._server = _server(self.app, self.port, "critical")
        self._thread = threading.Thread(target=self._run, name="reference", daemon=True)

    def wrap(self, around: Callable[[Any], Any]) -> None:
        """Put something between the socket and the provider, before it starts."""
        self._server.config.app = around(self.app)

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    def __enter__(self) -> ServedReference:
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("the embedded provider did not start")
            time.sleep(0.005)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join(5)
        with contextlib.suppress(OSError):
            self._socket.close()


def run_forever(
    config: ReferenceConfig | None = None,
    port: int = 8000,
    faults: Sequence[str] = (),
    variations: Sequence[str] = (),
    host: str = _HOST,
) -> None:
    """Serve until interrupted, as `conformance serve` does. Raises OSError where it cannot listen.

    Port 0 is any free one; the address is printed.
    """
    app = create_app(config, faults=faults, variations=variations)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=256) as listening:
        port = listening.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        print(f"serving http://{shown}:{port}/v1", flush=True)
        print(
            f"key {KEY_MAIN}, profile {app.config.profile or 'openai'}; Ctrl-C ends it", flush=True
        )
        _server(app, port, "warning", host).run(sockets=[listening])
