"""The drivers ``python-sdk`` and ``python-sdk-async``: openai-python, synchronous and not.

Retries of the library are off unless a probe asks for them, so that the suite's own policy stays in
charge. CONFORMANCE_SDK_PYTHON names an interpreter with another release than the one that is
installed beside the suite; the library then runs there.
"""

from __future__ import annotations

import os
from typing import Any

from conformance.drivers.python_client import PythonClient
from conformance.drivers.python_process import PythonProcess
from conformance.drivers.sdk_call import call_of, options_of
from conformance.drivers.sdk_hub import Hub
from conformance.exchange import ClientView, Exchange
from conformance.probe import Probe, Skip

NAMES = ("python-sdk", "python-sdk-async")
ELSEWHERE = "CONFORMANCE_SDK_PYTHON"


class PythonSdk:
    """One of the two drivers; open it with :meth:`start`."""

    def __init__(self, hub: Hub, *, asynchronous: bool) -> None:
        self.name = NAMES[asynchronous]
        self.version = ""
        self._hub = hub
        self._target = hub.courier.target
        self._asynchronous = asynchronous
        self._client: PythonClient | PythonProcess | None = None

    async def start(self) -> None:
        """Get the library ready. Raises SuiteError when that cannot be."""
        python = os.environ.get(ELSEWHERE)
        if python:
            process = PythonProcess(python, asynchronous=self._asynchronous)
            await process.start()
            self._client = process
        else:
            self._client = PythonClient(asynchronous=self._asynchronous)
        self.version = self._client.version

    async def run(self, probe: Probe, body: Any, path: str) -> Exchange:
        """Send a probe as a call. Raises Skip when this library cannot."""
        options = options_of(probe)
        path = self._target.fill_path(path)
        call_of(probe, body, path)  # whether there is one at all
        key = options.bearer or self._key(probe)
        patience = 3 * (probe.timeout or self._target.limits.timeout_s) + 30

        async def send(base_url: str) -> ClientView:
            assert self._client is not None
            return await self._client.send(base_url, key, probe, body, path, patience)

        retry = options.retry and options.max_retries == 0
        return await self._hub.drive(probe, self.name, send, retry=retry)

    def _key(self, probe: Probe) -> str:
        if probe.key is None:
            raise Skip("a client library always sends a key")
        # a server without keys still gets one: the library insists
        return self._target.keys.get(probe.key) or "unused"

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.aclose()
