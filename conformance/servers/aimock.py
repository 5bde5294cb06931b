"""CopilotKit's aimock: a mock that answers from fixtures, in the form of several providers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.servers.server import Place, Process, Server, npm, npm_version

KEY = "sk-aimock-test"
PACKAGE = "@copilotkit/aimock"


def fixtures() -> list[dict[str, Any]]:
    """A call where the weather tool is offered and unanswered, JSON where it is asked for, text."""
    calls = [{"name": "get_weather", "arguments": {"city": "Paris", "unit": "celsius"}}]
    text = {"content": "The quick brown fox jumps over the lazy dog."}
    person = {"content": {"name": "Ada", "age": 36}}
    return [
        {"match": {"toolName": "get_weather", "hasToolResult": True}, "response": text},
        {"match": {"toolName": "get_weather"}, "response": {"toolCalls": calls}},
        {"match": {"responseFormat": "json_object"}, "response": person},
        {"match": {"responseFormat": "json_schema"}, "response": person},
        # for chat alone: embeddings, images and the rest it makes by itself
        {"match": {"endpoint": "chat"}, "response": text},
    ]


def start(place: Place) -> Sequence[Process]:
    path = place.write("fixtures.json", {"fixtures": fixtures()})
    command = (place.node("llmock"), "-p", str(place.port), "-f", path, "--log-level", "warn")
    return [Process(command, f"{place.url}/ready", {"AIMOCK_API_KEYS": KEY})]


SERVERS = (
    Server(
        name="aimock",
        title="CopilotKit aimock",
        about="mock that answers from fixtures, one of them a tool call",
        install=npm(PACKAGE),
        version=npm_version(PACKAGE),
        start=start,
        settings={
            "keys": {"api": KEY},
            "models": {"chat": "gpt-4o", "embedding": "text-embedding-3-small"},
        },
        programs=("node", "npm"),
    ),
)
