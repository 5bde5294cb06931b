"""A progress bar on a terminal, nothing elsewhere; lines for another process that draws."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console

LINES = "CONFORMANCE_PROGRESS"
"""Set by a process that reads standard error and draws for several runs."""

MARK = "\x1e"
"""Begins a line of progress: ``[done, all]``."""


@contextmanager
def show_progress(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """A callback (probe, done, all) that draws."""
    if os.environ.get(LINES):

        def tell(probe: str, done: int, total: int) -> None:
            print(MARK + json.dumps([done, total]), file=console.file, flush=True)

        yield tell
        return
    if not console.is_terminal:
        yield lambda probe, done, total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("sending"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda probe, done, total: bar.update(
            task, completed=done, total=total, description=probe
        )


@contextmanager
def show_several(
    console: Console, names: Sequence[str]
) -> Iterator[Callable[[str, int, int], None]]:
    """A callback (name, done, all) that draws a bar for each."""
    if not console.is_terminal:
        yield lambda name, done, total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        tasks = {name: bar.add_task(name, total=None) for name in names}
        yield lambda name, done, total: bar.update(tasks[name], completed=done, total=total)
