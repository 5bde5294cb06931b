"""``conformance run``: the cases under pytest, our own terminal report after them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from conformance.arguments import words_of

DEFAULT_OUT = "conformance-report"

QUICK = (
    "--assert=plain",
    "--capture=no",
    *(
        word
        for name in (
            "terminal",  # the report is ours
            "hypothesispytest",
            "anyio",
            "faulthandler",
            "logging",
            "unraisableexception",
            "threadexception",
        )
        for word in ("-p", f"no:{name}")
    ),
)
"""What pytest would spend seconds on, and no case needs."""


def run_command(given: dict[str, Any]) -> int:
    import pytest
    from rich.console import Console

    from conformance import plugin
    from conformance.catalogue import select
    from conformance.commands.progress import show_progress
    from conformance.setup import setup_of
    from conformance.verdict import NOTHING

    configs = given["config"] or []
    if len(configs) > 1:
        from conformance.commands.fleet import fleet

        return fleet(given, Path(given.get("out") or DEFAULT_OUT))
    given["config"] = configs[0] if configs else None
    setup_of({**given, "out": None})  # a usage error is one sentence, not pytest's
    select(given["requirement"])  # a word that selects nothing is a usage error
    given["out"] = given.get("out") or DEFAULT_OUT
    catcher = _Catcher()
    arguments = [str(plugin.CASES), *_pytest_arguments(given)]
    console = Console(stderr=True, highlight=False)
    with show_progress(console) as progress:
        catcher.progress = progress
        status = pytest.main(arguments, plugins=[catcher])
    run = catcher.run
    if run is None or run.run is None:
        if run is not None and run.broken:
            print(f"conformance: the suite broke\n{run.broken}", file=sys.stderr)
        elif status == NOTHING and run is not None:
            name = run.setup.settings.profile.name
            print(f"conformance: nothing that was selected applies to the profile {name}, its "
                  "drivers and this shard", file=sys.stderr)  # fmt: skip
        return int(status)
    from conformance.output import redacted
    from conformance.reporting import terminal
    from conformance.reporting.report import build
    from conformance.reporting.text import plain

    exchanges = [redacted(x, run.setup.redactor) for x in run.drive.recording.exchanges]
    report = build(run.run, exchanges)
    terminal.render(report, Console(highlight=False), details=bool(given.get("details")))
    if given.get("write_known_failures"):
        from conformance import known_failures
        from conformance.output import write

        known = known_failures.listed(run.options.known, run.setup.settings.profile)
        text = known_failures.dump(run.run.results, known=known)
        write(Path(given["write_known_failures"]), text)
    for note in (*run.setup.settings.notes, *run.setup.notes):
        print(f"note: {plain(note)}", file=sys.stderr)
    print(f"report: {Path(given['out']) / 'report.html'}", file=sys.stderr)
    return int(run.status if run.status is not None else status)


def _pytest_arguments(given: dict[str, Any]) -> list[str]:
    arguments = [
        "-c",
        str(Path(__file__).parent.parent / "run.ini"),
        "--noconftest",
        "-p",
        "conformance.plugin",
        "-p",
        "no:cacheprovider",
        *QUICK,
    ]
    arguments += words_of(given)
    for word in given["requirement"]:
        arguments += ["--requirement", word]
    if given.get("k"):
        arguments += ["-k", given["k"]]
    if given.get("n"):
        arguments += ["-n", str(given["n"])]
    return arguments


class _Catcher:
    """Silences pytest's own report and keeps the session's results."""

    def __init__(self) -> None:
        self.run: Any = None
        self.progress: Any = None

    def pytest_configure(self, config: Any) -> None:
        from conformance.plugin import RUN

        run = config.stash.get(RUN, None)
        if run is not None:
            self.run = run
            run.setup.progress = self.progress
