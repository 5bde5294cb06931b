"""llama.cpp's own server, built from the source that comes with llama-cpp-python on PyPI."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

from conformance.servers.server import Place, Process, Server, ServerError, pip, run

KEY = "sk-local-1234"
WRITER = str(Path(__file__).with_name("tiny_gguf.py"))
BUILT = "built/bin/llama-server"
SWITCHES = (
    "CMAKE_BUILD_TYPE=Release",
    "BUILD_SHARED_LIBS=OFF",
    "GGML_NATIVE=OFF",
    "LLAMA_BUILD_EXAMPLES=OFF",
    "LLAMA_BUILD_TESTS=OFF",
    "LLAMA_BUILD_UI=OFF",
    "LLAMA_OPENSSL=OFF",
)


def install(place: Place) -> None:
    """Fetch the source and build the one program; that takes a quarter of an hour on two cores."""
    pip("gguf", "numpy")(place)
    home = place.env / "llama.cpp"
    run(
        [
            *(place.bin("python"), "-m", "pip", "download", "-q", "--no-deps"),
            *("--no-binary", "llama-cpp-python", "-d", str(home), "llama-cpp-python"),
        ]
    )
    archives = sorted(home.glob("llama_cpp_python-*.tar.gz"))
    if not archives:
        raise ServerError("PyPI gave no source of llama-cpp-python")
    with tarfile.open(archives[-1]) as archive:
        archive.extractall(home, filter="data")
    source = archives[-1].name.removesuffix(".tar.gz")
    defined = [f"-D{switch}" for switch in SWITCHES]
    tree = str(home / source / "vendor" / "llama.cpp")
    run(["cmake", "-S", tree, "-B", str(home / "built"), *defined])
    run(["cmake", "--build", str(home / "built"), "--target", "llama-server", "-j2"])


def version(place: Place) -> str:
    """The release of llama-cpp-python that the source is from, with the version of ggml."""
    home = place.env / "llama.cpp"
    if not (home / BUILT).exists():
        return ""
    trees = sorted(home.glob("llama_cpp_python-*/vendor/llama.cpp/ggml/CMakeLists.txt"))
    if not trees:
        return ""
    release = trees[-1].relative_to(home).parts[0].removeprefix("llama_cpp_python-")
    numbers = re.findall(r"set\(GGML_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)\)", trees[-1].read_text())
    return f"ggml {'.'.join(numbers)} (llama-cpp-python {release})"


def starting(*options: str, embedding: bool = False) -> Callable[[Place], Sequence[Process]]:
    """A ``start``: the server with a tiny model and these options."""

    def start(place: Place) -> Sequence[Process]:
        place.work.mkdir(parents=True, exist_ok=True)
        model = str(place.work / "tiny.gguf")
        run([place.bin("python"), WRITER, model, *(["--embedding"] if embedding else [])])
        command = (
            *(str(place.env / "llama.cpp" / BUILT), "--model", model, "--alias", "tiny"),
            *("--host", "127.0.0.1", "--port", str(place.port), "--api-key", KEY),
            *("--threads", "1", "--threads-batch", "1", "--threads-http", "4"),
            *("--ctx-size", "8192", "--parallel", "2", *options),
        )
        return [Process(command, f"{place.url}/health")]

    return start


def _server(
    name: str, title: str, about: str, kind: str, start: Callable[[Place], Sequence[Process]]
) -> Server:
    return Server(
        name,
        title,
        about,
        install,
        version,
        start,
        {
            "keys": {"api": KEY},
            "models": {kind: "tiny"},
            "limits": {"concurrency": 2, "timeout_s": 30},
        },
        programs=("cmake", "c++"),
    )


SERVERS = (
    _server(
        "llama-server",
        "llama.cpp server",
        "with a tiny model of random weights",
        "chat",
        starting("--jinja"),
    ),
    _server(
        "llama-server-embedding",
        "llama.cpp server (embeddings)",
        "with a tiny model of random weights",
        "embedding",
        starting("--embeddings", "--pooling", "mean", embedding=True),
    ),
    _server(
        "llama-server-reranking",
        "llama.cpp server (reranking)",
        "with a tiny model of random weights",
        "rerank",
        starting("--reranking", embedding=True),
    ),
)
