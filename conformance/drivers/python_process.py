"""openai-python of another release, in the interpreter in which it is installed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from conformance.drivers.line_process import LineProcess, packed
from conformance.exchange import ClientView
from conformance.probe import Probe, Skip

_ABOVE = Path(__file__).parent.parent.parent
_CODE = """
import sys
sys.path.append(sys.argv[1])
from conformance.drivers.python_worker import main
main(sys.argv[2] == "async")
"""


class PythonProcess:
    """Takes the place of a PythonClient; open it with :meth:`start`."""

    def __init__(self, python: str, *, asynchronous: bool) -> None:
        way = "async" if asynchronous else "sync"
        words = [python, "-c", _CODE, str(_ABOVE), way]
        without = ["PYTHONPATH", "PYTHONHOME"]
        self._library = LineProcess(f"openai in {python}", words, without=without)
        self.version = ""

    async def start(self) -> None:
        """Start the process. Raises SuiteError when it cannot be."""
        self.version = (await self._library.start())["ready"]

    async def send(
        self, base_url: str, key: str, probe: Probe, body: Any, path: str, patience: float
    ) -> ClientView:
        """Make the call of a probe. Raises Skip when this library cannot."""
        line = {
            "base_url": base_url,
            "key": key,
            "path": path,
            "patience": patience,
            "body": packed(body),
            "probe": {
                "name": probe.name,
                "method": probe.method,
                "call": probe.call,
                "headers": dict(probe.headers),
                "options": dict(probe.options),
            },
        }
        try:
            async with asyncio.timeout(patience + 5):
                answer = await self._library.ask(line)
        except TimeoutError:
            error = {"classes": ["Abandoned"], "message": "the call did not come back"}
            return ClientView(self.version, probe.call or probe.method, "raised", None, error)
        if "skip" in answer:
            raise Skip(answer["skip"])
        return ClientView(**answer["view"])

    async def aclose(self) -> None:
        await self._library.aclose()
