"""The driver ``node-sdk``: the official npm package ``openai``, called in one Node process.

The process lives as long as the driver and takes calls as JSON lines; many are under way at once.
Its requests pass the same forwarder as those of the Python clients.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
from contextlib import suppress
from typing import Any

from conformance.drivers.node_place import HERE, missing, place
from conformance.drivers.sdk_call import SdkOptions, call_of, options_of, unpacked
from conformance.drivers.sdk_environment import clean_environment
from conformance.drivers.sdk_hub import Hub
from conformance.drivers.sdk_routes import routed
from conformance.errors import SuiteError
from conformance.exchange import ClientView
from conformance.probe import Probe, Skip

NAME = "node-sdk"
_LONGEST_LINE = 256 * 1024 * 1024
_START = 30.0


class NodeSdk:
    """The client library in its own process; open it with :meth:`start`."""

    name = NAME

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._target = hub.courier.target
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._count = 0
        self.version = ""

    async def start(self) -> None:
        """Start the process. Raises SuiteError when it cannot be."""
        reason = missing()
        if reason:
            raise SuiteError(reason)
        with clean_environment():
            environ = {k: v for k, v in os.environ.items() if k != "NODE_OPTIONS"}
        self._process = await asyncio.create_subprocess_exec(
            str(shutil.which("node")),
            str(HERE / "driver.mjs"),
            str(place()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environ,
            limit=_LONGEST_LINE,
        )
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(_START):
                ready = json.loads(await self._process.stdout.readline() or b"{}")
        except (TimeoutError, ValueError) as error:
            ready = {"failed": str(error)}
        if "ready" not in ready:
            said = await self._last_words()
            await self.aclose()
            raise SuiteError(f"the Node process did not start: {said}")
        self.version = f"openai-node {ready['ready']} (node {ready['node']})"
        self._reader = asyncio.ensure_future(self._read())

    async def run(self, probe: Probe, body: Any, path: str) -> None:
        """Send a probe as a call. Raises Skip when this library cannot."""
        options = options_of(probe)
        call = _call(probe, body, self._target.fill_path(path))
        key = options.bearer or self._key(probe)

        async def send(base_url: str) -> ClientView:
            line = {"baseURL": base_url, "key": key, "call": call, "options": _plain(options)}
            patience = 3 * (probe.timeout or self._target.limits.timeout_s) + 30
            try:
                async with asyncio.timeout(patience):
                    answer = await self._ask(line)
            except TimeoutError:
                error = {"classes": ["Abandoned"], "message": "the call did not come back"}
                return ClientView(self.version, call["name"], "raised", None, error)
            if "skip" in answer:
                raise Skip(answer["skip"])
            return ClientView(self.version, **answer["view"])

        retry = options.retry and options.max_retries == 0
        await self._hub.drive(probe, self.name, send, retry=retry)

    def _key(self, probe: Probe) -> str:
        if probe.key is None:
            raise Skip("a client library always sends a key")
        return self._target.keys.get(probe.key) or "unused"

    async def _ask(self, line: dict[str, Any]) -> dict[str, Any]:
        process = self._process
        if process is None or process.stdin is None or process.returncode is not None:
            raise SuiteError("the Node process has ended")
        self._count += 1
        number = self._count
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            process.stdin.write(json.dumps({"id": number, **line}).encode() + b"\n")
            await process.stdin.drain()
            return await future
        except ConnectionError as error:
            raise SuiteError("the Node process has ended") from error
        finally:
            self._waiting.pop(number, None)

    async def _read(self) -> None:
        """Hand out answers until the process ends; then nobody waits any more."""
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            while raw := await self._process.stdout.readline():
                with suppress(ValueError):
                    answer = json.loads(raw)
                    future = self._waiting.get(answer.get("id"))
                    if future is not None and not future.done():
                        future.set_result(answer)
        finally:
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(SuiteError("the Node process has ended"))

    async def _last_words(self) -> str:
        assert self._process is not None
        assert self._process.stderr is not None
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                said = (await self._process.stderr.read(4000)).decode("utf-8", "replace")
                lines = [row for row in said.splitlines() if "Error" in row]
                return (lines or said.splitlines() or ["it said nothing"])[0][:300]
        return "it said nothing"

    async def aclose(self) -> None:
        """End the process: it leaves when its input closes, and is killed when it does not."""
        process = self._process
        if process is not None:
            if process.stdin is not None:
                process.stdin.close()
            try:
                async with asyncio.timeout(3):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        await asyncio.sleep(0)  # the pipes let go of their sockets in the next turn


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
        "body": _files(body),
    }


def _files(value: Any) -> Any:
    """Files, which are tuples of name, bytes and type, as JSON can carry them."""
    if isinstance(value, tuple):
        name, data, kind = value
        return {"$file": [name, base64.b64encode(data).decode(), kind]}
    if isinstance(value, dict):
        return {key: _files(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_files(item) for item in value]
    return value


def _plain(options: SdkOptions) -> dict[str, Any]:
    return {
        "max_retries": options.max_retries,
        "timeout": options.timeout,
        "paginate": options.paginate,
        "environment": dict(options.environment),
        "bare": options.bare,
    }
