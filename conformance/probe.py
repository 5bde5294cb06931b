"""What is sent: probes (one request as data) and scenarios (a few requests in a conversation).

The engine knows before the first case runs which probes the selected cases name, sends each once,
and every case that names it judges the same exchange. A probe that needs an earlier answer names it
in ``after`` and builds its body from it; a scenario is a function for what data cannot say (waits,
concurrency, disconnecting).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

from conformance.exchange import Exchange
from conformance.requirement import HTTP, SDKS, Level, Source


@dataclass(frozen=True)
class Model:
    """Stands in a body for the target's model of a kind: chat, embedding, moderation, ..."""

    kind: str


CHAT_MODEL = Model("chat")


@dataclass(frozen=True)
class Accepted:
    """The requirement that a valid probe is answered with success."""

    id: str
    level: Level
    text: str
    source: Source
    breaks: tuple[str, ...] = ()


class Context(Protocol):
    """What a body that is built from earlier answers may look at."""

    def __getitem__(self, probe: str) -> Exchange: ...

    def model(self, kind: str) -> str: ...


class Skip(Exception):
    """This probe cannot be sent; the reason is shown."""


Body = Any
"""JSON with :class:`Model` in it, raw bytes, None, or a function of :class:`Context`."""


@dataclass(frozen=True)
class Probe:
    """One request.

    ``path`` is below the base URL and may hold ``{chat}``-like model kinds (percent-encoded when
    filled in), or be a function of :class:`Context`. ``key``: which configured key authorises
    (None: no Authorization header). ``after``: probes whose answers ``body`` or ``path`` use.
    ``valid``: OpenAI answers it with success. ``call``: the SDK method, where the path says none.
    ``kinds``: model kinds that must be configured. ``tokens``: the most that it may use.
    ``late``: sent when all others are done, because some servers do not recover from it.
    """

    name: str
    method: str
    path: Any
    body: Body = None
    needs: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    key: str | None = "api"
    after: tuple[str, ...] = ()
    valid: bool = True
    drivers: tuple[str, ...] = HTTP
    call: str = ""
    tier: str = "standard"
    accepted: Accepted | None = None
    timeout: float | None = None
    tokens: int = 64
    options: Mapping[str, Any] = field(default_factory=dict)
    late: bool = False

    exclusive = False
    cost = 1


class Sender(Protocol):
    """What a scenario can do; :class:`conformance.session.Session` does it."""

    async def send(self, step: str, method: str, path: str, **options: Any) -> Exchange: ...


@dataclass(frozen=True)
class Scenario:
    """A conversation of several requests.

    ``keys``: keys that must be configured, or it is skipped with the reason. ``exclusive``: runs
    last and alone, because it spends a rate limit. ``cost``: requests that it sends at most.
    ``claimed``: it costs money, so it is sent only where the profile claims the capability.
    ``waits``: seconds that it lets pass at this target, so that the run can say so beforehand.
    """

    name: str
    run: Callable[[Any], Awaitable[None]]
    needs: str = ""
    after: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    exclusive: bool = False
    cost: int = 2
    tokens: int = 128
    tier: str = "standard"
    drivers: tuple[str, ...] = HTTP
    accepted: Accepted | None = None
    valid: bool = True
    claimed: bool = False
    waits: Callable[[Any], float] | None = None


AnyProbe = Probe | Scenario
_REGISTRY: dict[str, AnyProbe] = {}


def probe(
    name: str,
    method: str,
    path: Any,
    body: Body = None,
    *,
    sdk: bool = False,
    **options: Any,
) -> Probe:
    """Define and register a probe. ``sdk``: the SDK drivers send it too."""
    if sdk:
        options.setdefault("drivers", (*HTTP, *SDKS))
    made = Probe(name, method, path, body, **options)
    _add(made)
    return made


def scenario(name: str, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the coroutine function below as a scenario."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        _add(Scenario(name, function, **options))
        return function

    return register


def _add(made: AnyProbe) -> None:
    if made.name in _REGISTRY:
        raise ValueError(f"two probes are called {made.name!r}")
    _REGISTRY[made.name] = made


@cache
def _load() -> None:
    package = importlib.import_module("conformance.probes")
    for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
        importlib.import_module(f"conformance.probes.{module}")


def all_probes() -> Mapping[str, AnyProbe]:
    """Every probe and scenario by name."""
    _load()
    return _REGISTRY


def post(path: str, **body: Any) -> tuple[str, str, dict[str, Any]]:
    """Shorthand for the first arguments of :func:`probe`."""
    return ("POST", path, body)


def user(text: str) -> dict[str, str]:
    """A user message."""
    return {"role": "user", "content": text}


def chat(*messages: dict[str, Any] | str, **body: Any) -> tuple[str, str, dict[str, Any]]:
    """A chat completion request: plain strings are user messages."""
    listed = [user(m) if isinstance(m, str) else m for m in messages]
    return post("/chat/completions", model=CHAT_MODEL, messages=listed, **body)
