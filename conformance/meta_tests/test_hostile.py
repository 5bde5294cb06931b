"""Hostile targets: the run ends in time and memory, honestly, and nothing is injected into it."""

from __future__ import annotations

import asyncio
import io
import json
import re
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from conformance.catalogue import all_cases, by_id
from conformance.meta_tests.hostile import BEHAVIOURS, MARKUP, HostileServer
from conformance.output import redacted, write_outputs
from conformance.reporting import terminal
from conformance.reporting.report import build
from conformance.run import Options, assemble, drive, judge_all
from conformance.secrets import Redactor
from conformance.target import Limits, Target

KEY = "sk-hostile-5ecretK3y"
LIMITS = Limits(
    concurrency=16,
    timeout_s=1.0,
    connect_timeout_s=1.0,
    max_response_bytes=1_000_000,
    max_requests=60,
    max_seconds=8,
)
MEMORY_MB = 512
SECONDS = 90.0
FILES = ("results.jsonl", "exchanges.har", "report.html", "junit.xml", "summary.md", "badge.json")


@dataclass(frozen=True)
class Ended:
    """What a run against one hostile target left."""

    name: str
    status: int
    requests: int
    seconds: float
    shown: str
    outcomes: tuple[tuple[str, str, str], ...]
    vacuous: tuple[str, ...]
    unreachable: str


def selection() -> list[Any]:
    """The whole suite."""
    return list(all_cases())


async def run_against(name: str, folder: Path) -> Ended:
    """One run, with its files."""
    began = time.monotonic()
    started = time.time()
    async with HostileServer(name) as server:
        target = Target(server.base_url, {"api": KEY}, {"chat": "m"}, LIMITS)
        options = Options(tier="smoke")
        found = await drive(target, selection(), options)
    redactor = Redactor(target.keys)
    results = judge_all(selection(), found, options, redactor=redactor)
    run = assemble(target, options, found, results, by_id(), started=started, redactor=redactor)
    write_outputs(folder, run, found.recording.exchanges, redactor)
    assert run.footer is not None
    screen = io.StringIO()
    clean = [redacted(x, redactor) for x in found.recording.exchanges]
    terminal.render(build(run, clean), Console(file=screen, width=100), details=True)
    return Ended(
        name,
        int(run.footer["exit"]),
        found.requests,
        time.monotonic() - began,
        screen.getvalue(),
        tuple((r.requirement, str(r.outcome), r.message) for r in results),
        tuple(run.footer["vacuous"]),
        found.unreachable,
    )


def run_several(names: list[str], folder: Path) -> tuple[list[Ended], int]:
    """Several runs at once in one process of limited memory; its peak in MB."""

    async def together() -> list[Ended]:
        slots = asyncio.Semaphore(2)

        async def one(name: str) -> Ended:
            async with slots:
                return await run_against(name, folder / name)

        return list(await asyncio.gather(*(one(name) for name in names)))

    ended = asyncio.run(together())
    return ended, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Ended, Path]]:
    folder = tmp_path_factory.mktemp("hostile")
    names = sorted(BEHAVIOURS)
    # spawned: a forked process would begin with the memory of the tests before it
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        halves = [pool.submit(run_several, names[n::2], folder) for n in range(2)]
        found = [half.result(timeout=900) for half in halves]
    for _, peak in found:
        assert peak < MEMORY_MB, f"{peak} MB"
    return {e.name: (e, folder / e.name) for half, _ in found for e in half}


def test_there_are_at_least_forty() -> None:
    assert len(BEHAVIOURS) >= 40


@pytest.mark.parametrize("name", sorted(BEHAVIOURS))
def test_it_ends_and_says_so(name: str, ended: dict[str, tuple[Ended, Path]]) -> None:
    run, folder = ended[name]
    assert run.seconds < SECONDS
    assert run.status in (1, 3), (run.status, run.unreachable)
    for file in FILES:
        assert (folder / file).stat().st_size > 0, file
    broke = [o for o in run.outcomes if o[2].startswith("the case broke")]
    assert broke == []


@pytest.mark.parametrize("name", sorted(BEHAVIOURS))
def test_nothing_is_injected(name: str, ended: dict[str, tuple[Ended, Path]]) -> None:
    run, folder = ended[name]
    controls = re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", run.shown)
    assert controls == []
    assert "Traceback" not in run.shown
    page = (folder / "report.html").read_text("utf-8")
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert MARKUP not in page
    for file in FILES:
        text = (folder / file).read_text("utf-8", errors="replace")
        assert "Traceback" not in text, file
        assert KEY not in text, file
    assert KEY not in run.shown
    for line in (folder / "results.jsonl").read_text("utf-8").splitlines():
        json.loads(line)
    json.loads((folder / "exchanges.har").read_text("utf-8"))


@pytest.mark.parametrize("name", sorted(BEHAVIOURS))
def test_it_is_judged_again_from_its_files(name: str, ended: dict[str, tuple[Ended, Path]]) -> None:
    from conformance.har import read_har

    run, folder = ended[name]
    again = read_har(folder / "exchanges.har")
    assert len(again) >= min(run.requests, 1)
