"""``conformance run --config A --config B ...``: several targets side by side, one display.

Each target has a run, a process and a folder of its own; limits are those of each.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.commands.progress import LINES, MARK, show_several
from conformance.results import Run

AT_ONCE = 8
"""Targets that are driven at the same time."""


@dataclass
class Member:
    """One target. ``said``: what its run told people, which is shown when it failed to begin."""

    name: str
    config: str
    out: Path
    status: int | None = None
    run: Run | None = None
    said: str = ""


def fleet(given: dict[str, Any], out: Path) -> int:
    """Run them all; the highest of their exit statuses."""
    from rich.console import Console

    from conformance.arguments import words_of

    members = members_of(given["config"], out)
    words = [*given["requirement"], *words_of({**given, "config": None, "out": None})]
    for flag in ("k", "n"):
        if given.get(flag):
            words += [f"-{flag}", str(given[flag])]
    console = Console(stderr=True, highlight=False)
    interrupted = False
    with show_several(console, [member.name for member in members]) as progress:
        try:
            asyncio.run(_all(members, words, progress))
        except KeyboardInterrupt:
            interrupted = True
    for line in table(members):
        print(line)
    return 2 if interrupted else max(member.status or 0 for member in members)


def members_of(configs: Sequence[str], out: Path) -> list[Member]:
    """Each named after its file, so that no two share a folder."""
    members: list[Member] = []
    for config in configs:
        stem = name = Path(config).stem
        number = 1
        while any(member.name == name for member in members):
            number += 1
            name = f"{stem}-{number}"
        members.append(Member(name, config, out / name))
    return members


async def _all(
    members: Sequence[Member], words: Sequence[str], progress: Callable[[str, int, int], None]
) -> None:
    room = asyncio.Semaphore(AT_ONCE)

    async def one(member: Member) -> None:
        async with room:
            await _drive(member, words, progress)

    await asyncio.gather(*(one(member) for member in members))


async def _drive(
    member: Member, words: Sequence[str], progress: Callable[[str, int, int], None]
) -> None:
    from conformance.results import load

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "conformance", "run", *words),
        *("--config", member.config, "--out", str(member.out)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, LINES: "1"},
    )
    assert process.stderr is not None
    try:
        async for raw in process.stderr:
            line = raw.decode("utf-8", "replace")
            if line.startswith(MARK):
                with suppress(ValueError):
                    progress(member.name, *json.loads(line[len(MARK) :]))
            else:
                member.said += line
        member.status = await process.wait()
    finally:
        if process.returncode is None:
            # each run keeps what it has when it is interrupted
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
            member.status = await process.wait()
    if (member.out / "results.jsonl").exists() and member.status != 4:
        member.run = load(member.out)


def table(members: Sequence[Member]) -> list[str]:
    """One line a target: what it comes to, and where its report is."""
    width = max(len(member.name) for member in members)
    lines = []
    for member in members:
        if member.run is None:
            said = (member.said.strip().splitlines() or ["no run"])[-1]
        else:
            counts = {name: n for name, n in member.run.counts().items() if n}
            footer = member.run.footer or {}
            said = ", ".join(f"{n} {name}" for name, n in counts.items())
            said += f"; {footer.get('requests', 0)} requests, {footer.get('seconds', 0):.1f} s"
            said += f"; {member.out / 'report.html'}"
        lines.append(f"{member.name:<{width}}  exit {member.status}  {said}")
    return lines
