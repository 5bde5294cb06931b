"""A client library in a process of its own: calls go in as JSON lines, and come out as such.

Many calls are under way at once; answers come in any order.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from conformance.drivers.sdk_environment import clean_environment
from conformance.errors import SuiteError

_LONGEST_LINE = 256 * 1024 * 1024
_START = 120.0


class LineProcess:
    """One such process; open it with :meth:`start`. ``title``: how messages call it."""

    def __init__(self, title: str, words: Sequence[str], *, without: Sequence[str] = ()) -> None:
        self._title = title
        self._words = words
        self._without = without
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._count = 0

    async def start(self) -> dict[str, Any]:
        """Start it; what it said when it was ready. Raises SuiteError when it cannot be."""
        with clean_environment():
            environ = {k: v for k, v in os.environ.items() if k not in self._without}
        # a file, because nobody reads along: a full pipe would stop the process
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._words,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=self._said,
                env=environ,
                limit=_LONGEST_LINE,
            )
        except OSError as error:
            self._said.close()
            raise SuiteError(f"{self._title} did not start: {error.strerror}") from error
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(_START):
                ready = json.loads(await self._process.stdout.readline() or b"{}")
        except (TimeoutError, ValueError) as error:
            ready = {"failed": str(error)}
        if "ready" not in ready:
            said = await self._last_words()
            raise SuiteError(f"{self._title} did not start: {said}")
        self._reader = asyncio.ensure_future(self._read())
        found: dict[str, Any] = ready
        return found

    async def ask(self, line: dict[str, Any]) -> dict[str, Any]:
        """Make one call. Raises SuiteError when the process has ended."""
        process = self._process
        if process is None or process.stdin is None or process.returncode is not None:
            raise SuiteError(f"{self._title} has ended")
        self._count += 1
        number = self._count
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            process.stdin.write(json.dumps({"id": number, **line}).encode() + b"\n")
            await process.stdin.drain()
            return await future
        except ConnectionError as error:
            raise SuiteError(f"{self._title} has ended") from error
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
                    future.set_exception(SuiteError(f"{self._title} has ended"))

    async def _last_words(self) -> str:
        """What it wrote before it ended; it is ended when it has not."""
        assert self._process is not None
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await self._process.wait()
        self._said.seek(0)
        lines = self._said.read(4000).decode("utf-8", "replace").splitlines()
        await self.aclose()
        telling = [row for row in lines if "Error" in row] or lines or ["it said nothing"]
        return telling[0][:300]

    async def aclose(self) -> None:
        """End it: it leaves when its input closes, and is killed when it does not."""
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
            self._said.close()
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        await asyncio.sleep(0)  # the pipes let go of their sockets in the next turn


def packed(value: Any) -> Any:
    """Files, which are tuples of name, bytes and type, as JSON can carry them; bytes too."""
    if isinstance(value, tuple):
        name, data, kind = value
        return {"$file": [name, base64.b64encode(data).decode(), kind]}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {key: packed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [packed(item) for item in value]
    return value


def opened(value: Any) -> Any:
    """The value that :func:`packed` packed."""
    if isinstance(value, dict):
        if set(value) == {"$file"}:
            name, data, kind = value["$file"]
            return name, base64.b64decode(data), kind
        if set(value) == {"$bytes"}:
            return base64.b64decode(value["$bytes"])
        return {key: opened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [opened(item) for item in value]
    return value
