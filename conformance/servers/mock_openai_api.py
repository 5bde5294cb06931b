"""mock-openai-api of npm: fixed answers to chat and images."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.servers.server import Place, Process, Server, npm, npm_version

PACKAGE = "mock-openai-api"


def start(place: Place) -> Sequence[Process]:
    command = (place.node(PACKAGE), "-p", str(place.port), "-H", "127.0.0.1")
    return [Process(command, f"{place.url}/health")]


SERVERS = (
    Server(
        name=PACKAGE,
        title=PACKAGE,
        about="mock with fixed answers to chat and images",
        install=npm(PACKAGE),
        version=npm_version(PACKAGE),
        start=start,
        settings={
            "keys": {"api": "sk-any-key-1234"},
            "models": {"chat": "mock-gpt-thinking", "image": "gpt-4o-image"},
        },
        programs=("node", "npm"),
    ),
)
