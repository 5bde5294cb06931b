"""What the runner must know of a real server, and the helpers that most of them need.

A module of this package describes one server or a few of a kind in ``SERVERS``. Each lives in a
folder of its own: ``env`` holds its environment, ``work`` what it writes and is told.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class ServerError(Exception):
    """A server cannot be installed, started or reached; the text says why."""


@dataclass(frozen=True)
class Place:
    """Where a server lives on this machine. ``port``: where it is to listen, on loopback."""

    root: Path
    port: int = 0

    @property
    def env(self) -> Path:
        return self.root / "env"

    @property
    def work(self) -> Path:
        return self.root / "data"

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.port}"

    def bin(self, program: str) -> str:
        """A program of the server's own Python environment."""
        return str(self.env / "bin" / program)

    def node(self, program: str) -> str:
        """A program of the server's own npm prefix."""
        return str(self.env / "node_modules" / ".bin" / program)

    def write(self, name: str, content: str | Mapping[str, Any]) -> str:
        """Write a file into the work folder, JSON from data; its path."""
        self.work.mkdir(parents=True, exist_ok=True)
        path = self.work / name
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2))
        return str(path)


@dataclass(frozen=True)
class Process:
    """One program to start. ``ready``: a URL that answers below 500 once it is up."""

    command: tuple[str, ...]
    ready: str
    environ: Mapping[str, str] = field(default_factory=dict)
    wait_s: float = 120.0


@dataclass(frozen=True)
class Server:
    """A server that the suite is tried on.

    ``install`` fills ``place.env`` and what is needed in ``place.work``; it is called again only
    when asked. ``version`` reads what is installed. ``start`` writes the configuration and gives
    the programs to start, in this order; they are stopped in the reverse. ``settings``: the
    configuration of ``conformance run`` but for address, name and version: keys, models, limits,
    drivers. ``programs``: what must be on the PATH. ``published``: whether it is in the matrix when
    no server is named.
    """

    name: str
    title: str
    about: str
    install: Callable[[Place], None]
    version: Callable[[Place], str]
    start: Callable[[Place], Sequence[Process]]
    settings: Mapping[str, Any] = field(default_factory=dict)
    base_path: str = "/v1"
    programs: tuple[str, ...] = ()
    published: bool = True

    def missing(self) -> list[str]:
        """Programs that it needs and that are not here."""
        return [program for program in self.programs if shutil.which(program) is None]

    def installed(self, place: Place) -> str:
        """The version that is installed, or an empty string."""
        try:
            return self.version(place).strip()
        except (OSError, ValueError, KeyError, ServerError):
            return ""


def run(command: Sequence[str], environ: Mapping[str, str] | None = None, **more: Any) -> str:
    """Run a program to its end; what it printed. Raises ServerError."""
    done = subprocess.run(  # noqa: S603  the commands are this package's own
        list(command),
        env={**os.environ, **(environ or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **more,
    )
    if done.returncode:
        tail = "\n".join(done.stdout.strip().splitlines()[-15:])
        raise ServerError(f"{' '.join(command)} ended with {done.returncode}:\n{tail}")
    return str(done.stdout)


def pip(*requirements: str, python: str = "") -> Callable[[Place], None]:
    """An ``install``: a virtual environment with these requirements."""

    def install(place: Place) -> None:
        run([python or sys.executable, "-m", "venv", str(place.env)])
        run([place.bin("python"), "-m", "pip", "install", "-q", *requirements])

    return install


def pip_version(package: str) -> Callable[[Place], str]:
    """A ``version``: of a package in the server's virtual environment."""
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    return lambda place: run([place.bin("python"), "-c", code])


def npm(*packages: str) -> Callable[[Place], None]:
    """An ``install``: a prefix of its own with these packages."""

    def install(place: Place) -> None:
        place.env.mkdir(parents=True, exist_ok=True)
        options = ["--silent", "--no-audit", "--no-fund", "--prefix", str(place.env)]
        run(["npm", "install", *options, *packages])

    return install


def npm_version(package: str) -> Callable[[Place], str]:
    """A ``version``: of a package in the server's npm prefix."""

    def version(place: Place) -> str:
        manifest = place.env / "node_modules" / package / "package.json"
        return str(json.loads(manifest.read_text("utf-8"))["version"])

    return version


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
