"""Marked keys, echoed by the target in every way, are in nothing that a run leaves."""

from __future__ import annotations

import asyncio
import base64
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from conformance.meta_tests.hostile import HostileServer

API = "sk-MarkedApiKey-4f81c2"
SECOND = "sk-MarkedSecond/Key+9d=7a"
MODES = ("flag", "environment", "file")


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    """A target that echoes the key everywhere, on a thread of its own."""
    ready, ended = threading.Event(), threading.Event()
    address: list[str] = []

    async def serve() -> None:
        async with HostileServer("echoes-the-key") as server:
            address.append(server.base_url)
            ready.set()
            while not ended.is_set():
                await asyncio.sleep(0.05)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(10)
    yield address[0]
    ended.set()
    thread.join(5)


def forms(key: str) -> set[bytes]:
    """A key in the encodings in which it may turn up."""
    raw = key.encode()
    found = {raw, raw.lower(), raw[::-1], raw.hex().encode(), quote(key, safe="").encode()}
    found.add("".join(f"%{b:02X}" for b in raw).encode())
    found.add("".join(f"\\u{ord(c):04x}" for c in key).encode())
    for shift in range(3):
        packed = base64.b64encode(b"\0" * shift + raw)
        found.add(packed[4:-4])
    return found


@pytest.mark.parametrize("mode", MODES)
def test_no_artefact_holds_a_key(mode: str, target: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    config = tmp_path / "c.toml"
    environ = dict(os.environ)
    arguments = ["run", "--base-url", target, "--out", str(out), "--config", str(config)]
    arguments += ["--driver", "http", "--driver", "python-sdk", "--max-requests", "150"]
    arguments += ["--timeout", "5", "--max-seconds", "60"]
    keys = f'[keys]\nsecond = "{SECOND}"\n'
    if mode == "flag":
        arguments += ["--api-key", API]
    elif mode == "environment":
        environ["MARKED_KEY"] = API
        keys += 'api = { env = "MARKED_KEY" }\n'
    else:
        (tmp_path / "key.txt").write_text(API + "\n")
        arguments += ["--api-key", f"file:{tmp_path / 'key.txt'}"]
    config.write_text(keys)
    ended = subprocess.run(
        [sys.executable, "-m", "conformance", *arguments],
        capture_output=True,
        timeout=400,
        env=environ,
        cwd=tmp_path,
    )
    assert ended.returncode in (1, 3), ended.stderr[-2000:]
    seen = {"stdout": ended.stdout, "stderr": ended.stderr}
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.name not in ("c.toml", "key.txt"):
            seen[str(path.relative_to(tmp_path))] = path.read_bytes()
    assert {"out/results.jsonl", "out/exchanges.har", "out/report.html"} <= set(seen)
    leaks = [
        (name, form)
        for name, data in seen.items()
        for key in (API, SECOND)
        for form in forms(key)
        if form in data
    ]
    assert leaks == []
