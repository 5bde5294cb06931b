"""The other end of a PythonProcess: makes calls of the openai-python that is installed here.

One JSON line in is one call, one JSON line out is what came of it, in any order.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import fields
from typing import Any

from conformance.drivers.line_process import opened
from conformance.drivers.python_client import PythonClient
from conformance.probe import Probe, Skip


async def _answer(client: PythonClient, line: dict[str, Any]) -> dict[str, Any]:
    probe = Probe(path=line["path"], body=None, **line["probe"])
    try:
        view = await client.send(
            line["base_url"],
            line["key"],
            probe,
            opened(line["body"]),
            line["path"],
            line["patience"],
        )
    except Skip as skip:
        return {"skip": str(skip)}
    return {"view": {field.name: getattr(view, field.name) for field in fields(view)}}


async def _serve(asynchronous: bool) -> None:
    loop = asyncio.get_running_loop()
    client = PythonClient(asynchronous=asynchronous)
    say({"ready": client.version})
    calls: set[asyncio.Task[None]] = set()

    async def one(line: dict[str, Any]) -> None:
        try:
            found = await _answer(client, line)
        except Exception as error:
            found = {"skip": f"{type(error).__name__}: {error}"}
        say({"id": line["id"], **found})

    while text := await loop.run_in_executor(None, sys.stdin.readline):
        task = asyncio.ensure_future(one(json.loads(text)))
        calls.add(task)
        task.add_done_callback(calls.discard)
    await client.aclose()


def say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main(asynchronous: bool) -> None:
    """Serve until standard input closes."""
    asyncio.run(_serve(asynchronous))
