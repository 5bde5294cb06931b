"""``transformers serve``, with a tiny random model in a cache folder of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from conformance.servers.server import Place, Process, Server, pip, pip_version, run

MODEL = "local/tiny"
WRITER = str(Path(__file__).with_name("tiny_transformers.py"))
TORCH = "torch==2.13.0"
"""The build without CUDA: a later one brings several gigabytes."""


def install(place: Place) -> None:
    pip(TORCH)(place)
    run([place.bin("python"), "-m", "pip", "install", "-q", TORCH, "transformers[serving]"])


def cached(place: Place) -> Path:
    """The model where the hub's client looks for it, as if it had been fetched; the cache."""
    hub = place.work / "hub"
    repository = hub / f"models--{MODEL.replace('/', '--')}"
    commit = "0" * 40
    snapshot = repository / "snapshots" / commit
    snapshot.mkdir(parents=True, exist_ok=True)
    (repository / "blobs").mkdir(exist_ok=True)
    (repository / "refs").mkdir(exist_ok=True)
    (repository / "refs" / "main").write_text(commit)
    run([place.bin("python"), WRITER, str(snapshot)])
    return hub


def start(place: Place) -> Sequence[Process]:
    """Offline, and on one thread: the model is so small that more only wait for each other."""
    environ = {
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_CACHE": str(cached(place)),
        "HF_HOME": str(place.work),
        "OMP_NUM_THREADS": "1",
    }
    command = (place.bin("transformers"), "serve", "--device", "cpu", "--port", str(place.port))
    return [Process(command, f"{place.url}/health", environ, wait_s=300)]


SERVERS = (
    Server(
        "transformers",
        "transformers serve",
        "with a tiny model of random weights",
        install,
        pip_version("transformers"),
        start,
        {
            "keys": {"api": "sk-none-is-asked-for"},
            "models": {"chat": MODEL},
            "limits": {"concurrency": 2, "timeout_s": 30},
        },
    ),
)
