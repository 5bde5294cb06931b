"""``conformance sdks``: the same run with release after release of openai-python, and a table."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from conformance.errors import SuiteError
from conformance.results import Run

DEFAULT_OUT = "conformance-sdks"


def sdks_command(given: dict[str, Any]) -> int:
    from conformance.arguments import words_of
    from conformance.drivers import python_place
    from conformance.output import prepare, write
    from conformance.reporting import sdks

    releases = given.pop("release") or list(python_place.RELEASES)
    install, ids = given.pop("install"), given.pop("requirement")
    out = Path(given.pop("out") or DEFAULT_OUT)
    for release in releases:
        python_place.wanted(release)
    for release in releases:
        if install:
            print(f"openai {release} is installed", file=sys.stderr, flush=True)
            python_place.install(release)
        elif not python_place.python(release).exists():
            raise SuiteError(
                f"openai {release} is not in {python_place.place()}: give --install, or "
                "--release for those that are"
            )
    prepare(out)
    runs: dict[str, Run] = {}
    worst = 0
    for release in releases:
        words = [*ids, *words_of(given), "--out", str(out / release)]
        status, run = _run(release, words, out / release)
        worst = max(worst, status)
        if run is not None:
            runs[release] = run
            drivers = [name for name in run.header["drivers"].values() if "python" in name]
            print(f"{release:<10} {(drivers or ['not run'])[0]:<24} exit {status}", file=sys.stderr)
    found = sdks.table(runs)
    write(out / "sdks.md", sdks.markdown(found))
    write(out / "sdks.json", sdks.data(found))
    print(sdks.text(found), end="")
    print(f"table: {out / 'sdks.md'}", file=sys.stderr)
    return worst


def _run(release: str, words: list[str], out: Path) -> tuple[int, Run | None]:
    """One run in a process of its own, with both clients of the release."""
    from conformance.drivers.python_place import python
    from conformance.drivers.python_sdk import ELSEWHERE, NAMES
    from conformance.results import load

    drivers = [word for name in NAMES for word in ("--driver", name)]
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "conformance", "run", *words, *drivers],
        stdout=subprocess.DEVNULL,
        env={**os.environ, ELSEWHERE: str(python(release))},
    )
    return done.returncode, load(out) if (out / "results.jsonl").exists() else None
