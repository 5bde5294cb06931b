"""All servers that this package knows: the ``SERVERS`` of each of its modules."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache

import conformance.servers
from conformance.errors import UsageError
from conformance.profile import did_you_mean
from conformance.servers.server import Server

NOT_SERVERS = ("tiny_bert", "tiny_gguf", "tiny_transformers", "__main__")


@cache
def all_servers() -> dict[str, Server]:
    """By name."""
    found: dict[str, Server] = {}
    for module in pkgutil.iter_modules(conformance.servers.__path__):
        if module.name in NOT_SERVERS:
            continue
        here = importlib.import_module(f"conformance.servers.{module.name}")
        for server in getattr(here, "SERVERS", ()):
            if server.name in found:
                raise RuntimeError(f"two servers are called {server.name}")
            found[server.name] = server
    return dict(sorted(found.items()))


def named(names: Iterable[str]) -> list[Server]:
    """These servers, or with no name all that are published. Raises UsageError."""
    known = all_servers()
    for name in names:
        if name not in known:
            raise UsageError(f"no server is called {name!r}{did_you_mean(name, known)}")
    return [known[name] for name in names] or [s for s in known.values() if s.published]
