"""The command line as the meta tests use it: called in this process, or run as its users run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from conformance.cli import run_command
from conformance.results import Result, Run, load

FEW = "models.list"
"""An area of few requirements that need few requests."""


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    status: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The one line of a usage error or of an unreachable target."""
        lines = self.err.strip().splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("conformance: ")
        return lines[0].removeprefix("conformance: ")


Ask = Callable[..., Said]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ask:
    """Runs a command in this process, in an empty folder, without settings of the environment."""
    for name in clean_names():
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def run(*argv: str) -> Said:
        capsys.readouterr()
        status = run_command([str(word) for word in argv])
        said = capsys.readouterr()
        return Said(status, said.out, said.err)

    return run


def clean_names() -> list[str]:
    """The variables of this process that would choose a target or a key."""
    return [n for n in os.environ if n.startswith(("OPENAI_", "CONFORMANCE_")) or "API_KEY" in n]


def start(*argv: str, cwd: Path, module: str = "conformance") -> Said:
    """Run a module in a process of its own."""
    environ = {k: v for k, v in os.environ.items() if k not in clean_names()}
    done = subprocess.run(
        [sys.executable, "-m", module, *argv],
        cwd=cwd,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def results(folder: Path) -> Run:
    """The results that a run left; whole, or the test fails."""
    run = load(folder)
    assert run.complete
    return run


def of(run: Run, requirement: str) -> Result:
    return next(r for r in run.results if r.requirement == requirement)


def entries(folder: Path) -> list[dict[str, Any]]:
    """The entries of a run's HAR file."""
    found: list[dict[str, Any]] = json.loads((folder / "exchanges.har").read_text())["log"][
        "entries"
    ]
    return found


Answer = Callable[[int, str], tuple[int, dict[str, str], bytes] | None]
"""From the number and the path of a request to status, headers and body; None closes."""


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """A server that answers every request by one function; its base URL."""
    count = iter(range(1, 1_000_000))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            made = answer(next(count), self.path)
            if made is None:
                self.close_connection = True
                return
            status, headers, body = made
            self.send_response(status)
            for name, value in {"content-length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = do_OPTIONS = do_HEAD = _serve

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
