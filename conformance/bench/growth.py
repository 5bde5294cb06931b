"""How the work grows: ten times the requirements, ten times the targets."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from conformance.catalogue import all_cases
from conformance.engine import findings
from conformance.har import read_har
from conformance.recording import Recording
from conformance.requirement import Case
from conformance.run import Drive, Options, judge_all

Row = tuple[str, str, str]
SHARE = 10


def running(folder: Path) -> Iterator[Row]:
    """CPU seconds of a run of a tenth of the requirements and of a run of all of them."""
    words = [sys.executable, "-m", "conformance", "run", "--driver", "http"]
    few = _spent([*words, "--shard", f"1/{SHARE}", "--out", str(folder / "tenth")])
    many = _spent([*words, "--out", str(folder / "all")])
    yield (
        f"a run of {SHARE} times the requirements",
        f"{many:.1f} s of CPU",
        f"{many / few:.1f} times the run of a tenth, embedded provider included",
    )


def _spent(words: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(  # noqa: S603 - our own module
        words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def judging(folder: Path) -> Iterator[Row]:
    """CPU seconds that judging takes for a tenth of the requirements and for all of them."""
    cases = list(all_cases())
    few = _seconds(folder, cases[::SHARE])
    many = _seconds(folder, cases)
    grown = len(cases) / len(cases[::SHARE])
    yield (
        f"judging {len(cases)} requirements, CPU",
        f"{many:.2f} s",
        f"{many / few:.1f} times the CPU of {len(cases[::SHARE])}, which are {grown:.0f} times "
        "fewer",
    )


def _seconds(folder: Path, cases: Sequence[Case]) -> float:
    # exchanges of their own: what was parsed for the one must not help the other
    exchanges = [replace(x) for x in read_har(folder / "exchanges.har")]
    recording = Recording(exchanges)
    drive = Drive(recording, findings(recording))
    began = time.process_time()
    judge_all(cases, drive, Options())
    return time.process_time() - began


def targets(words: Sequence[str], folder: Path, count: int = SHARE) -> Iterator[Row]:
    """Wall time of one target and of ten side by side, each an embedded provider of its own."""
    file = folder / "target.toml"
    file.write_text('base_url = "embedded"\n')
    one = _fleet(words, [file], folder / "one")
    many = _fleet(words, [file] * count, folder / "many")
    yield f"{count} targets side by side", f"{many:.1f} s", f"{many / one:.1f} times one target"


def _fleet(words: Sequence[str], files: Sequence[Path], out: Path) -> float:
    configs = [word for file in files for word in ("--config", str(file))]
    began = time.perf_counter()
    subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "conformance", "run", *words, *configs, "--out", str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - began
