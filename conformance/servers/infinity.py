"""infinity-emb: embeddings and reranking, with tiny random models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from conformance.servers.server import Place, Process, Server, pip, pip_version, run

KEY = "sk-local-1234"
WRITER = str(Path(__file__).with_name("tiny_bert.py"))
TORCH = "torch==2.13.0"
"""The build without CUDA: a later one brings several gigabytes."""


def install(place: Place) -> None:
    pip(TORCH)(place)
    run([place.bin("python"), "-m", "pip", "install", "-q", TORCH, "infinity-emb[server,torch]"])


def start(place: Place) -> Sequence[Process]:
    command = [place.bin("infinity_emb"), "v2", "--host", "127.0.0.1", "--port", str(place.port)]
    for name, options in (("tiny-embedding", []), ("tiny-reranking", ["--reranking"])):
        folder = place.work / name
        folder.mkdir(parents=True, exist_ok=True)
        run([place.bin("python"), WRITER, str(folder), *options])
        command += ["--model-id", str(folder), "--served-model-name", name]
    options = ["--engine", "torch", "--device", "cpu", "--dtype", "float32", "--api-key", KEY]
    switches = ["--no-bettertransformer", "--no-compile", "--no-model-warmup"]
    path = ["--url-prefix", "/v1"]
    environ = {
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(place.work),
        "OMP_NUM_THREADS": "1",
        "DO_NOT_TRACK": "1",
        "INFINITY_ANONYMOUS_USAGE_STATS": "0",
        "INFINITY_QUEUE_SIZE": "4096",
        "INFINITY_VECTOR_DISK_CACHE": "0",
    }
    return [
        Process((*command, *options, *switches, *path), f"{place.url}/health", environ, wait_s=300)
    ]


SERVERS = (
    Server(
        "infinity",
        "infinity-emb",
        "embeddings and reranking with tiny models of random weights",
        install,
        pip_version("infinity-emb"),
        start,
        {
            "keys": {"api": KEY},
            "models": {"embedding": "tiny-embedding", "rerank": "tiny-reranking"},
            "limits": {"concurrency": 4, "timeout_s": 30},
        },
    ),
)
