"""From the start of a command to the first finding that it shows."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from conformance.bench.slow import KEYS
from conformance.reference.serve import ServedReference

Row = tuple[str, str, str]
FAULT = "chat.usage.total"


def rows(folder: Path) -> Iterator[Row]:
    """A defective provider, asked everything and asked one requirement."""
    with ServedReference(faults=[FAULT]) as served:
        for name, words in (("a whole run", []), ("a run of one requirement", [FAULT])):
            first, whole = finding(words, served.base_url, folder / "first")
            yield (
                f"from start to the first finding, {name}",
                f"{first:.2f} s",
                f"{whole:.2f} s to its end",
            )


def finding(words: Sequence[str], base_url: str, folder: Path) -> tuple[float, float]:
    """Seconds until a violation is printed, and until the end. Raises ValueError without one."""
    target = ("--base-url", base_url, *KEYS, "--driver", "http", "--out", str(folder))
    began = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "conformance", "run", *words, *target],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    first = None
    for line in process.stdout:
        if first is None and FAULT in line:
            first = time.perf_counter() - began
    process.wait()
    if first is None:
        raise ValueError(f"{FAULT} was not found")
    return first, time.perf_counter() - began
