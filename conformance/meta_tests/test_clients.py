"""Well-known clients through `conformance tap`: what they got is right, and what they sent judged.

They are not installed with the suite: `nox -s clients` fetches them. CONFORMANCE_CLIENTS_PYTHON is
an interpreter that has the Python packages, CONFORMANCE_CLIENTS_NODE a folder with node_modules.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance.meta_tests.test_tap import tapping
from conformance.reference.config import EMBEDDING_DIMENSIONS, KEY_MAIN, MODEL_CHAT, MODEL_EMBEDDING
from conformance.results import Outcome, load

HERE = Path(__file__).parent / "clients"
PYTHON = os.environ.get("CONFORMANCE_CLIENTS_PYTHON", sys.executable)
NODE = os.environ.get("CONFORMANCE_CLIENTS_NODE", "")
CHAT = {
    "text": "hello.",
    "streamed": "hello.",
    "usage": True,
    "tools": ["weather"],
    "structured": ["name", "people"],
    "dimensions": EMBEDDING_DIMENSIONS,
}


def has(package: str) -> bool:
    code = f"import importlib.util as u, sys; sys.exit(u.find_spec({package!r}) is None)"
    return subprocess.run([PYTHON, "-c", code]).returncode == 0


def python(package: str, file: str) -> list[str]:
    if not has(package):
        pytest.skip(f"{package} is not installed: `nox -s clients`")
    return [PYTHON, str(HERE / file)]


def node(package: str, file: str) -> list[str]:
    if shutil.which("node") is None or not (Path(NODE) / "node_modules" / package).is_dir():
        pytest.skip(f"{package} is not installed: `nox -s clients`")
    return ["node", str(HERE / file), NODE]


@pytest.mark.parametrize(
    ("way", "package", "file", "seen"),
    [
        (python, "langchain_openai", "langchain_chat.py", CHAT),
        (python, "instructor", "instructor_chat.py", {"structured": ["name", "people"]}),
        (node, "ai", "vercel_ai.mjs", CHAT),
    ],
    ids=["langchain", "instructor", "vercel-ai"],
)
def test_a_client(way: Any, package: str, file: str, seen: dict[str, Any], tmp_path: Path) -> None:
    words = way(package, file)
    with tapping(tmp_path) as tap:
        done = subprocess.run(
            [*words, tap.url, KEY_MAIN, MODEL_CHAT, MODEL_EMBEDDING],
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        tap.interrupt()
        assert tap.ended() == 0
    got = json.loads(done.stdout.splitlines()[-1])
    assert {name: got[name] for name in seen} == seen
    run = load(tmp_path / "tap")
    assert run.footer is not None
    assert run.footer["requests"] >= 2
    assert run.footer["counts"]["passed"] > 50
    assert not [r.requirement for r in run.results if r.outcome is Outcome.FAILED]
