"""Opens the client-library drivers that are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from conformance.drivers import node_place, node_sdk
from conformance.drivers.python_sdk import NAMES, PythonSdk
from conformance.drivers.sdk_hub import Hub
from conformance.errors import SuiteError
from conformance.session import Courier


@dataclass
class Opened:
    """Drivers by name, and the version of each. ``missing``: why a wanted one is not there."""

    hub: Hub
    drivers: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    async def aclose(self) -> None:
        # connections first: a call that still waits for an answer must not hold anything up
        await self.hub.aclose()
        for driver in reversed(tuple(self.drivers.values())):
            await driver.aclose()


async def open_drivers(
    names: Sequence[str], courier: Courier, transport: httpx.AsyncBaseTransport
) -> Opened:
    """Open the named drivers; one that is not available here is left out."""
    hub = Hub(courier, transport)
    await hub.start()
    opened = Opened(hub)
    for name in names:
        driver: Any
        if name in NAMES:
            driver = PythonSdk(hub, asynchronous=name == "python-sdk-async")
        elif name == node_sdk.NAME:
            driver = node_sdk.NodeSdk(hub)
        else:
            continue
        try:
            await driver.start()
        except SuiteError as error:
            opened.missing[name] = str(error)
            continue
        opened.drivers[name] = driver
        opened.versions[name] = driver.version
    return opened


def available() -> dict[str, str]:
    """Every driver with its version, or with how to install it."""
    import importlib.metadata

    def version(package: str) -> str | None:
        try:
            return importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            return None

    openai = version("openai")
    python = f"openai {openai}" if openai else "missing: pip install openai"
    return {
        "http": f"httpx {httpx.__version__}",
        **dict.fromkeys(NAMES, python),
        node_sdk.NAME: node_place.missing() or f"openai {node_place.version()} (npm)",
    }
