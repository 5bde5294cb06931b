"""``conformance diff``, ``report`` and ``badge``: runs that are done, read again."""

from __future__ import annotations

import json
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
    """The matrix over many runs, as a static site; what was published before stays and is shown."""
    from conformance.catalogue import entries
    from conformance.credentials import credentials
    from conformance.reporting.matrix import column
    from conformance.reporting.site import publish, render

    folder = Path(given["out"] or "reports")
    columns = published(folder)
    taken = {each.path for each in columns}
    new = 0
    for place in given["run"]:
        each = column(_report(Path(place)))
        if each.path in taken:
            print(f"{each.name} is published already with this catalogue and stays as it is")
            continue
        columns.append(each)
        new += 1
    files = render(
        columns, catalogue=entries(), credentials=credentials(), earlier=addressed(folder)
    )
    publish(files, folder)
    print(f"{len(columns)} runs, {new} of them new, in {folder / 'index.html'}")
    return 0


def published(folder: Path) -> list[Any]:
    """The runs that a site holds already. Raises UsageError when one cannot be read."""
    from conformance.reporting.matrix import column
    from conformance.reporting.report import build

    found = []
    for path in sorted(folder.glob("targets/*/*/*/results.jsonl.gz")):
        told = json.loads(path.with_name("index.json").read_text("utf-8"))
        report = build(load(path), [])
        found.append(column(report, told["target"], told["version"], frozen=True))
    return found


def addressed(folder: Path) -> list[dict[str, Any]]:
    """The requirements that a site gave an address: it must not be lost."""
    found: list[dict[str, Any]] = []
    for path in sorted(folder.glob("requirements/*.json")):
        if path.name != "index.json":
            found += json.loads(path.read_text("utf-8"))["requirements"]
    return found


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
