"""Speed and cost, measured: `python -m conformance.bench` prints one Markdown table.

Times are wall time on this machine, best of a few; ratios are of figures measured in this run.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from conformance.bench import slow, sse
from conformance.results import Run, load

LATENCIES = (0.0, 0.05, 0.3)
PER_CHUNK = 0.02


def timed(argv: Sequence[str], rounds: int = 1) -> tuple[float, float]:
    """Best wall time of a command in seconds, and its memory at peak in MB."""
    best, peak = float("inf"), 0.0
    for _ in range(rounds):
        began = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", *argv], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0  # already reaped
        best = min(best, time.perf_counter() - began)
        peak = max(peak, usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2))
    return best, peak


def run_rows(words: Sequence[str], folder: Path) -> Iterable[tuple[str, str, str]]:
    """A run against the embedded provider with each latency, beside the least it could take."""
    for number, latency in enumerate(LATENCIES):
        with slow.serving(latency, PER_CHUNK) as served:
            out = folder / str(number)
            target = ("--base-url", served.base_url, *slow.KEYS, "--out", str(out))
            wall, peak = timed(["conformance", "run", *words, "--driver", "http", *target])
        run = load(out)
        driving = float((run.footer or {}).get("seconds", 0.0))
        ideal = slow.ideal(out)
        name = f"{latency * 1000:.0f} ms a request, {PER_CHUNK * 1000:.0f} ms a chunk"
        yield f"run, {name}", f"{wall:.1f} s", f"peak {peak:.0f} MB"
        yield (
            f"driving, {name}",
            f"{driving:.1f} s",
            f"{driving / ideal:.2f} of {ideal:.1f} s ideal",
        )
        if not number:
            yield "requests for 100 verdicts", *per_verdict(run)


def per_verdict(run: Run) -> tuple[str, str]:
    footer = run.footer or {}
    verdicts = max(int(footer.get("verdicts", 0)), 1)
    requests, tokens = footer.get("requests", 0), footer.get("tokens", 0)
    said = f"{requests} for {verdicts}, {100 * tokens / verdicts:.0f} tokens for 100"
    return f"{100 * requests / verdicts:.1f}", said


def command_rows() -> Iterable[tuple[str, str, str]]:
    for words in (["--help"], ["list"]):
        wall, peak = timed(["conformance", *words], rounds=5)
        yield f"conformance {words[0]}", f"{wall:.2f} s", f"peak {peak:.0f} MB"


def reader_rows(rounds: int) -> Iterable[tuple[str, str, str]]:
    table = sse.compare(rounds)
    for name in ("ours", "openai", "httpx-sse"):
        mine = [row for row in table if row["name"] == name]
        speeds, ratios = [r["mb_per_s"] for r in mine], [r["ratio"] for r in mine]
        said = "" if name == "ours" else f"ours is {min(ratios):.2f} to {max(ratios):.2f} times it"
        yield f"event-stream reader: {name}", f"{min(speeds):.0f}-{max(speeds):.0f} MB/s", said


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="conformance.bench", description=__doc__)
    parser.add_argument("requirement", nargs="*", metavar="ID", help="only these (default all)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="of the reader")
    given = parser.parse_args(argv)
    machine = f"{os.cpu_count()} CPUs, {platform.system()}, Python {platform.python_version()}"
    print(f"| What ({machine}) | Measured | Beside |\n| --- | --- | --- |")
    with tempfile.TemporaryDirectory(prefix="conformance-bench-") as folder:
        for rows in (
            command_rows(),
            reader_rows(given.rounds),
            run_rows(given.requirement, Path(folder)),
        ):
            for row in rows:
                print("| " + " | ".join(row) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
