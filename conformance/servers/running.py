"""Starts a server's programs on loopback and stops them, whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import httpx

from conformance.servers.server import Place, Process, Server, ServerError, free_port

PRIVATE = ("OPENAI_", "CONFORMANCE_", "ANTHROPIC_")
"""Variables that a server under test must not inherit."""


@contextmanager
def running(server: Server, place: Place) -> Iterator[Place]:
    """The server, answering, for the length of a ``with`` block. Raises ServerError."""
    if not server.installed(place):
        raise ServerError(f"{server.name} is not installed: install it first")
    place = replace(place, port=place.port or free_port())
    place.work.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        for number, process in enumerate(server.start(place)):
            log = place.work / (f"server-{number}.log")
            stack.enter_context(_started(process, log, place.work))
        yield place


@contextmanager
def _started(process: Process, log: Path, folder: Path) -> Iterator[None]:
    environ = {k: v for k, v in os.environ.items() if not k.startswith(PRIVATE)}
    with log.open("wb") as out:
        try:
            program = subprocess.Popen(  # noqa: S603  the commands are this package's own
                process.command,
                env={**environ, **process.environ},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise ServerError(f"{process.command[0]} cannot be started: {error}") from error
    try:
        _wait(process, program, log)
        yield
    finally:
        stop(program)


def _wait(process: Process, program: subprocess.Popen[bytes], log: Path) -> None:
    """Until it answers. Raises ServerError with the end of its log."""
    deadline = time.monotonic() + process.wait_s
    while time.monotonic() < deadline:
        if program.poll() is not None:
            raise ServerError(f"it ended with {program.returncode}:\n{tail(log)}")
        with suppress(httpx.HTTPError):
            if httpx.get(process.ready, timeout=5, trust_env=False).status_code < 500:
                return
        time.sleep(0.1)
    raise ServerError(f"{process.ready} did not answer in {process.wait_s:g} s:\n{tail(log)}")


def stop(program: subprocess.Popen[bytes], grace_s: float = 5.0) -> None:
    """End a program and all that it started, with force when it does not listen."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(program.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            program.wait(grace_s)


def tail(log: Path, lines: int = 15) -> str:
    """The last lines that a program printed."""
    return "\n".join(log.read_text("utf-8", "replace").strip().splitlines()[-lines:])
