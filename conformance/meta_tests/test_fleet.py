"""Several configurations in one command: side by side, each with its own folder, one display."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
from rich.console import Console

from conformance.commands import fleet, progress
from conformance.meta_tests.command import FEW, Ask, ask, results

__all__ = ["ask"]


def test_two_targets_and_a_third_that_cannot_be(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('base_url = "embedded"\n')
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "a.toml").write_text("no_such_key = 1\n")
    configs = ["--config", "a.toml", "--config", str(tmp_path / "b" / "a.toml")]
    said = ask("run", FEW, *configs, "--driver", "http", "-k", "models", "--out", "out")
    assert said.status == 4
    first, second = said.out.splitlines()
    assert first.startswith("a    exit 0  ")
    assert " requests, " in first
    assert second.startswith("a-2  exit 4  conformance: ")
    assert "no_such_key" in second
    assert results(tmp_path / "out" / "a").footer["exit"] == 0  # type: ignore[index]


def test_its_progress_comes_as_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(progress.LINES, "1")
    told = io.StringIO()
    with progress.show_progress(Console(file=told)) as tell:
        tell("chat", 1, 2)
    assert told.getvalue() == "\x1e[1, 2]\n"


def test_a_bar_for_each() -> None:
    told = io.StringIO()
    console = Console(file=told, force_terminal=True, width=60)
    with progress.show_several(console, ["one", "two"]) as tell:
        tell("two", 3, 4)
    assert "one" in told.getvalue()
    assert "3/4" in told.getvalue()


def test_an_interrupt_reaches_every_run(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Runs that last are told to end, and their ends are awaited."""
    member = fleet.Member("slow", "-", tmp_path)

    async def interrupted() -> None:
        started = asyncio.Event()
        task = asyncio.ensure_future(fleet._drive(member, (), lambda *_: started.set()))
        await started.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    script = tmp_path / "sh"
    script.write_text("#!/bin/sh\nprintf '\\036[1, 2]\\n' >&2\nexec sleep 60\n")
    script.chmod(0o755)
    monkeypatch.setattr(fleet.sys, "executable", str(script))  # type: ignore[attr-defined]
    asyncio.run(interrupted())
    assert member.status not in (0, None)
    assert fleet.table([member]) == ["slow  exit -2  no run"]


def test_ctrl_c_ends_in_status_2(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fleet, "_all", stop)
    assert ask("run", "--config", "a.toml", "--config", "b.toml").status == 2
