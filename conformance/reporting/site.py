"""The static site over many runs, as texts by path; only :func:`publish` touches a disk.

``targets/<target>/<version>/`` is frozen once it is published. What gathers several runs (the
index, the pages of requirements and of targets, the badges) is made anew, at the same address.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from conformance.reporting import badge, html
from conformance.reporting.matrix import Column, Matrix, Row, matrices
from conformance.reporting.words import NOT_CLAIMED, WORDS
from conformance.results import dump

FROZEN = 4
"""A path of so many parts, ``targets/T/V/FILE``, is never written twice."""


def render(columns: Sequence[Column]) -> dict[str, str]:
    """Every file of the site. Raises UsageError on two runs of the same target and version."""
    made = matrices(columns)
    files = {"site.css": html.asset("tokens.css") + html.asset("report.css")}
    for number, matrix in enumerate(made):
        others = [other for other in made if other is not matrix]
        place = "index" if not number else f"catalogues/{html.anchor(matrix.catalogue)}"
        root = "" if not number else "../"
        page = _page("matrix.html", root, matrix=matrix, others=others, newest=not number)
        files[f"{place}.html"], files[f"{place}.json"] = page, _json(_matrix_data(matrix))
        for row in matrix.rows:
            path = f"requirements/{html.anchor(row.id)}"
            if f"{path}.html" not in files:  # the newest catalogue that has it comes first
                page = _page("requirement.html", "../", row=row, matrix=matrix)
                files[f"{path}.html"], files[f"{path}.json"] = page, _json(_row_data(row, matrix))
    for column in columns:
        files.update(_run_files(column))
    files.update(_target_files(columns))
    return files


def publish(files: Mapping[str, str], folder: Path) -> tuple[str, ...]:
    """Write the site; frozen files that exist stay as they are. Returns those that differ."""
    kept = []
    for name, text in files.items():
        path = folder / name
        if len(Path(name).parts) == FROZEN and path.exists():
            if path.read_text("utf-8", "surrogatepass") != text:
                kept.append(name)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_text(text, "utf-8", "surrogatepass")
        part.replace(path)
    return tuple(kept)


def _page(template: str, root: str, **values: Any) -> str:
    made = html.environment().get_template(template)
    return made.render(root=root, all_words=WORDS, disclaimer=NOT_CLAIMED, **values)


def _run_files(column: Column) -> Iterator[tuple[str, str]]:
    report = column.report
    yield f"{column.path}/index.html", html.render(report)
    yield f"{column.path}/index.json", _json(_column_data(column))
    yield f"{column.path}/results.jsonl", dump(report.run)
    yield f"{column.path}/badge.json", badge.render(report)
    yield f"{column.path}/badge.svg", badge.svg(report)


def _target_files(columns: Sequence[Column]) -> Iterator[tuple[str, str]]:
    """The history of each target, and the badge of its newest run at an address that stays."""
    by_target: dict[str, list[Column]] = {}
    for column in columns:
        by_target.setdefault(column.slug, []).append(column)
    for slug, mine in by_target.items():
        mine.sort(key=lambda c: (c.started, c.version), reverse=True)
        place = f"targets/{slug}"
        yield f"{place}/index.html", _page("target.html", "../../", columns=mine)
        yield f"{place}/index.json", _json([_column_data(each) for each in mine])
        yield f"{place}/badge.json", badge.render(mine[0].report)
        yield f"{place}/badge.svg", badge.svg(mine[0].report)


def _column_data(column: Column) -> dict[str, Any]:
    report = column.report
    return {
        "target": column.target,
        "version": column.version,
        "path": f"{column.path}/index.html",
        "catalogue": column.catalogue,
        "suite": str(report.header.get("version") or ""),
        "started": column.started,
        "verdict": report.verdict.sentence,
        "must": asdict(report.must),
        "should": asdict(report.should),
        "counts": dict(report.counts),
        "areas": {area.name: asdict(area.must) for area in report.areas},
    }


def _row_data(row: Row, matrix: Matrix) -> dict[str, Any]:
    return {
        "requirement": row.id,
        "level": row.level,
        "text": row.text,
        "catalogue": matrix.catalogue,
        "judged": row.judged,
        "violated": row.violated,
        "outcomes": [
            {
                "target": column.target,
                "version": column.version,
                "outcome": str(cell.outcome) if cell else None,
                "drivers": {r.driver: str(r.outcome) for r in cell.results} if cell else {},
            }
            for column, cell in zip(matrix.columns, row.cells, strict=True)
        ],
    }


def _matrix_data(matrix: Matrix) -> dict[str, Any]:
    return {
        "catalogue": matrix.catalogue,
        "columns": [_column_data(column) for column in matrix.columns],
        "rows": [
            {
                "requirement": row.id,
                "level": row.level,
                "outcomes": [str(cell.outcome) if cell else None for cell in row.cells],
            }
            for row in matrix.rows
        ],
    }


def _json(value: Any) -> str:
    return json.dumps(value, indent=1) + "\n"
