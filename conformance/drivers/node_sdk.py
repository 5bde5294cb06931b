"""The driver ``node-sdk``: the official npm package ``openai``, called in one Node process.

The process lives as long as the driver and takes calls as JSON lines; many are under way at once.
Its requests pass the same forwarder as those of the Python clients.
"""

from __future__ import annotations

import asyncio
import shutil
from typing import Any

from conformance.drivers.line_process import LineProcess, packed
from conformance.drivers.node_place import HERE, missing, place
from conformance.drivers.sdk_call import SdkOptions, call_of, options_of, unpacked
from conformance.drivers.sdk_hub import Hub
from conformance.drivers.sdk_routes import routed
from conformance.errors import SuiteError
from conformance.exchange import ClientView, Exchange
from conformance.probe import Probe, Skip

NAME = "node-sdk"


class NodeSdk:
    """The client library in its own process; open it with :meth:`start`."""

    name = NAME

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._target = hub.courier.target
        words = [str(shutil.which("node")), str(HERE / "driver.mjs"), str(place())]
        self._library = LineProcess("the Node process", words, without=["NODE_OPTIONS"])
        self.version = ""

    async def start(self) -> None:
        """Start the process. Raises SuiteError when it cannot be."""
        reason = missing()
        if reason:
            raise SuiteError(reason)
        ready = await self._library.start()
        self.version = f"openai-node {ready['ready']} (node {ready['node']})"

    async def run(self, probe: Probe, body: Any, path: str) -> Exchange:
        """Send a probe as a call. Raises Skip when this library cannot."""
        options = options_of(probe)
        call = _call(probe, body, self._target.fill_path(path))
        key = options.bearer or self._key(probe)

        async def send(base_url: str) -> ClientView:
            line = {"baseURL": base_url, "key": key, "call": call, "options": _plain(options)}
            patience = 3 * (probe.timeout or self._target.limits.timeout_s) + 30
            try:
                async with asyncio.timeout(patience):
                    answer = await self._library.ask(line)
            except TimeoutError:
                error = {"classes": ["Abandoned"], "message": "the call did not come back"}
                return ClientView(self.version, call["name"], "raised", None, error)
            if "skip" in answer:
                raise Skip(answer["skip"])
            return ClientView(self.version, **answer["view"])

        retry = options.retry and options.max_retries == 0
        return await self._hub.drive(probe, self.name, send, retry=retry)

    def _key(self, probe: Probe) -> str:
        if probe.key is None:
            raise Skip("a client library always sends a key")
        return self._target.keys.get(probe.key) or "unused"

    async def aclose(self) -> None:
        await self._library.aclose()


def _call(probe: Probe, body: Any, path: str) -> dict[str, Any]:
    """The call as the Node process reads it. Raises Skip when no call can send the probe."""
    if isinstance(body, bytes):
        body = unpacked(body, probe.headers)
    call = call_of(probe, None, path)
    if body is not None and not isinstance(body, dict):
        raise Skip("a client library sends JSON objects only")
    if call.helper and body is not None:
        body = {name: value for name, value in body.items() if name != "stream"}
    return {
        "method": call.method,
        "name": call.name,
        "helper": call.helper,
        "verb": call.verb,
        "path": call.path,
        "ids": routed(probe.method, path).arguments,
        "query": dict(call.query),
        "headers": dict(call.headers),
        "body": packed(body),
    }


def _plain(options: SdkOptions) -> dict[str, Any]:
    return {
        "max_retries": options.max_retries,
        "timeout": options.timeout,
        "paginate": options.paginate,
        "environment": dict(options.environment),
        "bare": options.bare,
    }
