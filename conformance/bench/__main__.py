"""Speed and cost, measured: `python -m conformance.bench` prints one Markdown table.

Times are wall time on this machine, best of a few; ratios are of figures measured in this run.
`--only` chooses parts: commands, reader, runs, first, peers, growth, matrix.
"""

from __future__ import annotations

import argparse
import compileall
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from conformance.bench import first, growth, matrix, peers, slow, sse
from conformance.har import read_har
from conformance.results import Run, load

LATENCIES = (0.0, 0.05, 0.3)
PER_CHUNK = 0.02
PARTS = ("commands", "reader", "runs", "first", "peers", "growth", "matrix")
FEW = ("models", "chat.stream")
"""What ten targets are asked: enough to measure, not to exhaust the machine."""


def timed(argv: Sequence[str], rounds: int = 1) -> tuple[float, str]:
    """Best wall time of a command in seconds; in words its CPU time and its memory at peak."""
    best, peak, cpu = float("inf"), 0.0, float("inf")
    for _ in range(rounds):
        began = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", *argv], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0  # already reaped
        best = min(best, time.perf_counter() - began)
        cpu = min(cpu, usage.ru_utime + usage.ru_stime)
        peak = max(peak, usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2))
    return best, f"{cpu:.2f} s of CPU, {peak:.0f} MB at peak"


def run_rows(words: Sequence[str], folder: Path) -> Iterable[tuple[str, str, str]]:
    """A run against the embedded provider with each latency, beside the least it could take."""
    for number, latency in enumerate(LATENCIES):
        with slow.serving(latency, PER_CHUNK) as served:
            out = folder / str(number)
            began = time.time()
            target = ("--base-url", served.base_url, *slow.KEYS, "--out", str(out))
            wall, spent = timed(["conformance", "run", *words, "--driver", "http", *target])
        run = load(out)
        driving = float((run.footer or {}).get("seconds", 0.0))
        ideal = slow.ideal(out)
        name = f"{latency * 1000:.0f} ms a request, {PER_CHUNK * 1000:.0f} ms a chunk"
        yield f"run, {name}", f"{wall:.1f} s", spent
        yield (
            f"driving, {name}",
            f"{driving:.1f} s",
            f"{driving / ideal:.2f} of {ideal:.1f} s ideal",
        )
        if not number:
            first = min(x.started for x in read_har(out / "exchanges.har")) - began
            yield "from start to the first request", f"{first:.2f} s", ""
            yield "from start to the report", f"{wall:.1f} s", f"{len(run.results)} results"
            yield "requests for 100 verdicts: ours", *per_verdict(run)


def per_verdict(run: Run) -> tuple[str, str]:
    footer = run.footer or {}
    verdicts = max(int(footer.get("verdicts", 0)), 1)
    requests, tokens = footer.get("requests", 0), footer.get("tokens", 0)
    said = f"{requests} for {verdicts}, {100 * tokens / verdicts:.0f} tokens for 100"
    return f"{100 * requests / verdicts:.1f}", said


def command_rows() -> Iterable[tuple[str, str, str]]:
    for words in (["--help"], ["list"]):
        wall, spent = timed(["conformance", *words], rounds=5)
        yield f"conformance {words[0]}", f"{wall:.2f} s", spent
    from conformance.catalogue import all_cases

    cases = str(Path(__file__).parent.parent / "cases")
    words = ["pytest", "-q", "--collect-only", "-p", "conformance.plugin", "--driver=http", cases]
    wall, spent = timed(words, rounds=3)
    count = len(list(all_cases()))
    yield (
        f"collection of {count} cases by pytest",
        f"{wall:.2f} s",
        f"{1000 * wall / count:.2f} s for 1,000; {spent}",
    )


def reader_rows(rounds: int) -> Iterable[tuple[str, str, str]]:
    table = sse.compare(rounds)
    for name in ("ours", "openai", "httpx-sse"):
        mine = [row for row in table if row["name"] == name]
        speeds, ratios = [r["mb_per_s"] for r in mine], [r["ratio"] for r in mine]
        said = "" if name == "ours" else f"ours is {min(ratios):.2f} to {max(ratios):.2f} times it"
        yield f"event-stream reader: {name}", f"{min(speeds):.0f}-{max(speeds):.0f} MB/s", said


def growth_rows(folder: Path) -> Iterable[tuple[str, str, str]]:
    if not (folder / "0").exists():
        timed(["conformance", "run", "--driver", "http", "--out", str(folder / "0")])
    yield from growth.running(folder)
    yield from growth.judging(folder / "0")
    yield from growth.targets([*FEW, "--driver", "http"], folder)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="conformance.bench", description=__doc__)
    parser.add_argument("requirement", nargs="*", metavar="ID", help="only these (default all)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="of the reader")
    parser.add_argument(
        "--every", type=int, default=40, metavar="N", help="one fault of N is tried; 1: all"
    )
    parser.add_argument("--only", action="append", choices=PARTS, help="only this part")
    given = parser.parse_args(argv)
    machine = f"{os.cpu_count()} CPUs, {platform.system()}, Python {platform.python_version()}"
    # as an installation leaves it: what is measured is not the compiler
    compileall.compile_dir(Path(__file__).parent.parent, quiet=2)
    print(f"| What ({machine}) | Measured | Beside |\n| --- | --- | --- |")
    with tempfile.TemporaryDirectory(prefix="conformance-bench-") as name:
        folder = Path(name)
        parts: dict[str, Callable[[], Iterable[tuple[str, str, str]]]] = {
            "commands": command_rows,
            "reader": lambda: reader_rows(given.rounds),
            "runs": lambda: run_rows(given.requirement, folder),
            "first": lambda: first.rows(folder),
            "peers": peers.rows,
            "growth": lambda: growth_rows(folder),
            "matrix": lambda: matrix.rows(given.every),
        }
        for part in given.only or PARTS:
            for row in parts[part]():
                print("| " + " | ".join(row) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
