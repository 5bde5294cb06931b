"""Which exchanges a passive requirement judges: named predicates over one exchange.

A selector looks at what was asked (method, endpoint, stream flag) and at the status, never at
whether the answer is right.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from conformance.exchange import Exchange


@dataclass(frozen=True)
class Selector:
    """A predicate with the words by which a report names it ("chat completions")."""

    title: str
    matches: Callable[[Exchange], bool]

    def __call__(self, exchange: Exchange) -> bool:
        return self.matches(exchange)

    def __and__(self, other: Selector) -> Selector:
        return Selector(f"{self.title}, {other.title}", lambda x: self(x) and other(x))


def answered(exchange: Exchange) -> bool:
    """There is a response whose body was read to its end (or to a cap), not cut by the suite."""
    return exchange.response is not None and not (
        exchange.failure is not None and exchange.failure.kind == "cancelled"
    )


def provoked(exchange: Exchange) -> bool:
    """The suite asked for what OpenAI refuses: accepting it is judged, not what came of it."""
    fuzz = exchange.context.get("fuzz")
    wrong = isinstance(fuzz, dict) and (fuzz.get("valid") is False or fuzz.get("endpoint") == "raw")
    return wrong or exchange.probe.startswith("errors_")


def on(method: str, endpoint: str, title: str, *, stream: bool | None = None) -> Selector:
    """Successful answers of one route to what may be asked.

    ``endpoint`` may hold ``{id}`` for a path part.
    """
    pattern = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(endpoint)) + "$")

    def matches(x: Exchange) -> bool:
        return (
            x.ok
            and not provoked(x)
            and x.request.method == method
            and pattern.match(x.endpoint) is not None
            and (stream is None or x.is_stream is stream)
        )

    return Selector(title, matches)


ANY = Selector("every answer", answered)
SUCCESS = Selector("successful answers", lambda x: x.ok)
ERROR = Selector("error answers", lambda x: answered(x) and x.status >= 400)
EVERYTHING = Selector("every exchange", lambda x: True)

CHAT = on("POST", "/chat/completions", "chat completions", stream=False)
CHAT_STREAM = on("POST", "/chat/completions", "chat streams", stream=True)
CHAT_ANY = on("POST", "/chat/completions", "chat completions, whole and streamed")
COMPLETION = on("POST", "/completions", "legacy completions", stream=False)
COMPLETION_STREAM = on("POST", "/completions", "legacy completion streams", stream=True)
EMBEDDINGS = on("POST", "/embeddings", "embeddings")
MODERATIONS = on("POST", "/moderations", "moderations")
MODELS = on("GET", "/models", "model lists")
MODEL = on("GET", "/models/{id}", "models")
RESPONSES = on("POST", "/responses", "responses", stream=False)
RESPONSES_STREAM = on("POST", "/responses", "response streams", stream=True)
STREAM = Selector("event streams", lambda x: x.ok and x.is_stream)
