"""The static site over many runs, as files by path; only :func:`publish` touches a disk.

``targets/<target>/<version>/<catalogue>/`` is frozen once it is published. What gathers several
runs (the index, the pages of requirements and of targets, the badges) is made anew, at the same
address: the pages of earlier runs are read again, so nothing that had an address loses it.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from conformance import __version__
from conformance.har import write_har
from conformance.reporting import badge, html, pages, picture
from conformance.reporting.matrix import Column, Matrix, matrices
from conformance.reporting.report import Report
from conformance.reporting.words import LEVELS, NOT_CLAIMED, WORDS
from conformance.results import dump

Files = dict[str, str | bytes]

FROZEN = 5
"""A path of so many parts, ``targets/T/V/C/FILE``, is never written twice."""

LARGEST = 100_000
"""Bytes of an exchange that is published as evidence at most; recordings hold larger ones."""


NOTHING: Mapping[str, Any] = {
    "catalogue": "",
    "requirements": {},
    "faults": {},
    "variations": {},
    "proof": {"day": ""},
    "clients": {},
    "field": {"reported": 0, "caught": 0, "defects": []},
    "genuine": {},
}
"""Credentials of which nothing is known."""


def render(
    columns: Sequence[Column],
    *,
    catalogue: Iterable[Mapping[str, Any]] = (),
    credentials: Mapping[str, Any] = NOTHING,
    earlier: Iterable[Mapping[str, Any]] = (),
) -> Files:
    """Every file of the site. Raises UsageError on two runs of one version with one catalogue.

    ``catalogue``: the entries of the requirements as they are today; ``earlier``: those that were
    published before; ``credentials``: what the suite can show for itself.
    """
    made = matrices(columns)
    files: Files = {
        "site.css": html.asset("tokens.css") + html.asset("report.css") + html.asset("site.css"),
        "site.js": html.asset("report.js"),
    }
    areas = pages.known(catalogue, made, credentials["requirements"], earlier)
    for number, matrix in enumerate(made):
        others = [other for other in made if other is not matrix]
        places = [(f"catalogues/{html.anchor(matrix.catalogue)}", "../")]
        if not number:
            places.append(("index", ""))
        for place, root in places:
            page = _page("matrix.html", root, matrix=matrix, others=others, newest=not number)
            files[f"{place}.html"], files[f"{place}.json"] = page, _json(_matrix_data(matrix))
    if made:
        files["matrix.svg"] = picture.render(made[0])
    files.update(_requirement_files(areas, credentials))
    files["credentials.html"] = _page("credentials.html", "", shown=credentials, areas=areas)
    files["credentials.json"] = _json(credentials)
    for column in columns:
        if not column.frozen:
            files.update(_run_files(column))
    files.update(_target_files(columns))
    return files


def publish(files: Mapping[str, str | bytes], folder: Path) -> tuple[str, ...]:
    """Write the site; frozen files that exist stay as they are. Returns those that differ."""
    kept = []
    for name, content in files.items():
        path = folder / name
        whole = (
            content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace")
        )
        if len(Path(name).parts) == FROZEN and path.exists():
            if path.read_bytes() != whole:
                kept.append(name)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_bytes(whole)
        part.replace(path)
    return tuple(kept)


def _page(template: str, root: str, **values: Any) -> str:
    made = html.environment().get_template(template)
    return made.render(root=root, all_words=WORDS, levels=LEVELS, disclaimer=NOT_CLAIMED, **values)


def _requirement_files(
    areas: Mapping[str, Sequence[pages.Known]], shown: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """The catalogue: its first page, a page an area, and a page a requirement."""
    yield "requirements/index.html", _page("requirements.html", "../", areas=areas)
    counts = {name: len(mine) for name, mine in areas.items()}
    yield "requirements/index.json", _json({"areas": counts})
    for name, mine in areas.items():
        place = f"requirements/{html.anchor(name)}"
        topics: dict[str, list[pages.Known]] = {}
        for each in mine:
            topics.setdefault(each.topic, []).append(each)
        yield (
            f"{place}.html",
            _page("area.html", "../", area=name, topics=topics, faults=shown["faults"]),
        )
        yield f"{place}.json", _json(pages.data(name, mine))
        for each in mine:
            alone = f"{place}/{html.anchor(each.id)}"
            page = _page("requirement.html", "../../", each=each, faults=shown["faults"])
            yield f"{alone}.html", page
            yield f"{alone}.json", _json(pages.datum(each))


def _run_files(column: Column) -> Iterator[tuple[str, str | bytes]]:
    report = column.report
    yield f"{column.path}/index.html", html.render(report, html.PUBLISHED)
    yield f"{column.path}/index.json", _json(_column_data(column))
    yield f"{column.path}/results.jsonl.gz", _packed(dump(report.run))
    if report.exchanges:  # the page links it
        yield f"{column.path}/evidence.har.gz", _packed(_evidence(report))
    yield f"{column.path}/badge.json", badge.render(report)
    yield f"{column.path}/badge.svg", badge.svg(report)


def _evidence(report: Report) -> str:
    """The telling exchange of every violation, for whoever wants the bytes."""
    wanted = {
        r.exchanges[0]
        for area in report.areas
        for item in area.items
        if item.violated
        for r in item.results
        if r.exchanges
    }
    chosen = (x for x in report.exchanges.values() if x.id in wanted)
    small = [
        x
        for x in chosen
        if len(x.request.body) + (len(x.response.raw) if x.response else 0) <= LARGEST
    ]
    return write_har(small, creator="openai-conformance", version=__version__)


def _packed(words: str) -> bytes:
    """Compressed, the same bytes each time."""
    return gzip.compress(words.encode("utf-8", "backslashreplace"), mtime=0)


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


def _matrix_data(matrix: Matrix) -> dict[str, Any]:
    """Outcomes in the order of the columns; what all of them passed stands by its name alone."""
    calm = [row for row in matrix.rows if not row.telling]
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
            if row.telling
        ],
        "violated_by_none": [row.id for row in calm],
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
