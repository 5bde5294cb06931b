"""llama-cpp-python's server, with a tiny random model of its own making."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from conformance.servers.server import Place, Process, Server, pip, pip_version, run

KEY = "sk-local-1234"
MODEL = {"n_ctx": 4096, "n_threads": 1, "n_threads_batch": 1, "verbose": False}
WRITER = str(Path(__file__).with_name("tiny_gguf.py"))


def install(place: Place) -> None:
    pip("llama-cpp-python[server]", "gguf", "numpy")(place)


def start(place: Place) -> Sequence[Process]:
    """One thread: the model is so small that more of them only wait for each other."""
    place.work.mkdir(parents=True, exist_ok=True)
    models = []
    for name, option in (("tiny", ()), ("tiny-embedding", ("--embedding",))):
        file = str(place.work / f"{name}.gguf")
        run([place.bin("python"), WRITER, file, *option])
        models.append({"model": file, "model_alias": name, "embedding": bool(option), **MODEL})
    config = place.write(
        "config.json",
        {"host": "127.0.0.1", "port": place.port, "api_key": KEY, "models": models},
    )
    command = (place.bin("python"), "-m", "llama_cpp.server", "--config_file", config)
    return [Process(command, f"{place.url}/docs")]


SERVERS = (
    Server(
        "llama-cpp-python",
        "llama-cpp-python",
        "its server, with a tiny model of random weights",
        install,
        pip_version("llama-cpp-python"),
        start,
        {
            "keys": {"api": KEY},
            "models": {"chat": "tiny", "embedding": "tiny-embedding"},
            # it generates for one at a time, and cuts the stream of whoever was first
            "limits": {"concurrency": 1, "timeout_s": 60},
        },
    ),
)
