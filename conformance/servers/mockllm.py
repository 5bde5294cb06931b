"""mockllm of PyPI: answers from a file of questions and answers."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.servers.server import Place, Process, Server, pip, pip_version

RESPONSES = """\
responses:
  "Say hello.": "Hello!"
defaults:
  unknown_response: "The quick brown fox jumps over the lazy dog."
settings:
  lag_enabled: false
"""


def start(place: Place) -> Sequence[Process]:
    responses = place.write("responses.yml", RESPONSES)
    command = (place.bin("mockllm"), "start", "-r", responses, "-h", "127.0.0.1")
    return [Process((*command, "-p", str(place.port)), f"{place.url}/models")]


SERVERS = (
    Server(
        name="mockllm",
        title="mockllm",
        about="mock that answers from a file of questions and answers",
        install=pip("mockllm"),
        version=pip_version("mockllm"),
        start=start,
        settings={"keys": {"api": "sk-any-key-1234"}, "models": {"chat": "gpt-4o-mini"}},
    ),
)
