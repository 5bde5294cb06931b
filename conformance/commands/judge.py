"""``conformance judge``: recorded traffic, without the target."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from conformance.errors import UsageError


def judge_command(given: dict[str, Any]) -> int:
    from rich.console import Console

    from conformance.catalogue import select
    from conformance.engine import findings
    from conformance.har import read_har
    from conformance.output import PARTIAL, read_spool, redacted
    from conformance.recording import Recording
    from conformance.reporting import terminal
    from conformance.reporting.report import build
    from conformance.run import Drive, judge_all
    from conformance.setup import setup_of

    cases = select(given.pop("requirement"))
    place = Path(given.pop("recording"))
    details = given.pop("details")
    if place.is_dir():
        whole, part = place / "exchanges.har", place / PARTIAL
        if not whole.exists() and not part.exists():
            raise UsageError(f"{place} holds no exchanges.har: it is not the folder of a run")
        # the partial file is there only when the last run into the folder did not end
        exchanges = read_spool(part) if part.exists() else read_har(whole)
    else:
        exchanges = read_har(place)
    given.setdefault("base_url", None)
    if not given["base_url"]:
        given["base_url"] = "http://recorded.invalid/v1"
    setup = setup_of(given)
    cases = tuple(c for c in cases if setup.settings.profile.applies(c.requirement.needs))
    recording = Recording(exchanges)
    drivers = tuple(dict.fromkeys(x.driver for x in exchanges)) or ("http",)
    setup.options = _with_drivers(setup.options, drivers)
    drive = Drive(recording, findings(recording), requests=len(exchanges))
    results = judge_all(cases, drive, setup.options, redactor=setup.redactor)
    setup.target = _named(setup.target, str(place))
    run = setup.finish(drive, results)
    report = build(run, [redacted(x, setup.redactor) for x in exchanges])
    terminal.render(report, Console(highlight=False), details=details)
    return int(run.footer["exit"]) if run.footer else 3


def _with_drivers(options: Any, drivers: tuple[str, ...]) -> Any:
    from dataclasses import replace

    return replace(options, drivers=drivers)


def _named(target: Any, name: str) -> Any:
    from dataclasses import replace

    return replace(target, name=name)
