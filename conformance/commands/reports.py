"""``conformance diff``, ``report`` and ``badge``: runs that are done, read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from conformance.errors import UsageError
from conformance.results import Run, load


def diff_command(given: dict[str, Any]) -> int:
    """What changed between two runs; exit status 1 when something is newly broken."""
    from conformance.reporting.diff import diff, render, render_json

    found = diff(load(Path(given["old"])), load(Path(given["new"])))
    print(render_json(found) if given["json"] else render(found), end="")
    return 1 if found.worse else 0


def report_command(given: dict[str, Any]) -> int:
    """The matrix over many runs, as a static site; pages that were published stay as they are."""
    from conformance.reporting.matrix import column
    from conformance.reporting.site import publish, render

    columns = [column(_report(Path(place))) for place in given["run"]]
    kept = publish(render(columns), Path(given["out"] or "reports"))
    print(f"{len(columns)} runs in {Path(given['out'] or 'reports') / 'index.html'}")
    if kept:
        print(f"{len(kept)} published pages were left as they are")
    return 0


def badge_command(given: dict[str, Any]) -> int:
    """The badge of a run: shields endpoint JSON, or with --svg the picture."""
    from conformance.reporting import badge

    report = _report(Path(given["run"]))
    print(badge.svg(report) if given["svg"] else badge.render(report), end="")
    return 0


def _report(place: Path) -> Any:
    from conformance.har import read_har
    from conformance.reporting.report import build

    run: Run = load(place)
    folder = place if place.is_dir() else place.parent
    har = folder / "exchanges.har"
    if not run.complete:
        raise UsageError(f"{place} is incomplete (no footer): run it again before publishing")
    return build(run, read_har(har) if har.exists() else [])


def compare_command(given: dict[str, Any]) -> int:
    """What changes for a client that moves from one target to another."""
    from conformance.har import read_har
    from conformance.reporting.compare import compare, render

    sides = []
    for name in ("a", "b"):
        place = Path(given[name])
        har = place / "exchanges.har" if place.is_dir() else place
        if not har.exists():
            raise UsageError(f"{place} holds no exchanges.har: give the folders of two runs")
        sides.append(read_har(har))
    names = [str(_name(Path(given[name]))) for name in ("a", "b")]
    print(render(names, compare(*sides)), end="")
    return 0


def _name(place: Path) -> str:
    try:
        header = load(place).header
    except UsageError:
        return place.name
    return str(header.get("profile") or header.get("target") or place.name)
