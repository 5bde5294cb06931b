"""The embedded provider as a server like the others: the column to compare them with."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import conformance
from conformance import __version__
from conformance.reference import config
from conformance.servers.server import Place, Process, Server


def start(place: Place) -> Sequence[Process]:
    return [embedded(place.port)]


def embedded(port: int) -> Process:
    """The embedded provider on that port, as target or behind a gateway."""
    command = (sys.executable, "-m", "conformance", "serve", "--port", str(port))
    here = str(Path(conformance.__file__).parent.parent)
    return Process(command, f"http://127.0.0.1:{port}/v1/models", {"PYTHONPATH": here})


SERVERS = (
    Server(
        name="reference",
        title="Embedded provider",
        about="the suite's own, without a fault",
        install=lambda place: None,
        version=lambda place: __version__,
        start=start,
        settings={
            "profile": "reference",
            "keys": {
                "api": config.KEY_MAIN,
                "second": config.KEY_SECOND,
                "limited": config.KEY_LIMITED,
                "revoked": config.KEY_REVOKED,
                "no_quota": config.KEY_NO_QUOTA,
            },
            "models": {"chat": config.MODEL_CHAT, "embedding": config.MODEL_EMBEDDING},
        },
        published=False,
    ),
)
