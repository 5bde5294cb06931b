"""Many runs side by side: columns are targets at a version, rows are requirements."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from conformance.errors import UsageError
from conformance.reporting.report import Item, Report
from conformance.reporting.words import UNJUDGED, VIOLATIONS
from conformance.results import Outcome

_PLAIN = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")


@dataclass(frozen=True)
class Column:
    """One run. ``slug`` and ``version_slug`` are fit for a path and differ where the names do.

    ``frozen``: it was published before, its own files stay as they are.
    """

    target: str
    version: str
    report: Report
    frozen: bool = False

    @property
    def slug(self) -> str:
        return slug(self.target)

    @property
    def version_slug(self) -> str:
        return slug(self.version)

    @property
    def path(self) -> str:
        """A version is judged again by each catalogue, so the catalogue is part of the place."""
        return f"targets/{self.slug}/{self.version_slug}/{slug(self.catalogue)}"

    @property
    def name(self) -> str:
        return f"{self.target} {self.version}"

    @property
    def catalogue(self) -> str:
        return str(self.report.header.get("catalogue") or "unknown")

    @property
    def started(self) -> str:
        return str(self.report.header.get("started") or "")


@dataclass(frozen=True)
class Row:
    """One requirement over all columns; a cell is None where the run did not have it."""

    id: str
    level: str
    text: str
    cells: tuple[Item | None, ...]

    @property
    def area(self) -> str:
        return self.id.split(".")[0]

    @property
    def judged(self) -> int:
        return sum(
            c is not None and c.outcome not in (*UNJUDGED, Outcome.ERROR) for c in self.cells
        )

    @property
    def violated(self) -> int:
        return sum(c is not None and c.outcome in VIOLATIONS for c in self.cells)

    @property
    def telling(self) -> bool:
        """Whether the row tells targets apart or shows a violation."""
        return self.violated > 0 or any(c and c.outcome is Outcome.ERROR for c in self.cells)

    @property
    def words(self) -> str:
        """``2 of 5 violate it``; nobody is blamed for what was not judged."""
        if not self.judged:
            return "judged by none"
        verb = "violates" if self.violated == 1 else "violate"
        return f"{self.violated} of {self.judged} {verb} it"


@dataclass(frozen=True)
class Matrix:
    """Runs of one and the same catalogue."""

    catalogue: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def areas(self) -> Mapping[str, tuple[Row, ...]]:
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            found.setdefault(row.area, []).append(row)
        return {name: tuple(mine) for name, mine in sorted(found.items())}

    @property
    def judged_areas(self) -> tuple[str, ...]:
        """The areas of which a MUST was judged at one target at least."""
        judged = {area.name for c in self.columns for area in c.report.areas if area.must.judged}
        return tuple(name for name in self.areas if name in judged)

    @property
    def calm_areas(self) -> tuple[str, ...]:
        """The areas in which no target was seen to violate anything."""
        return tuple(n for n, rows in self.areas.items() if not any(r.telling for r in rows))

    @property
    def latest(self) -> str:
        return max(column.started for column in self.columns)


def column(report: Report, target: str = "", version: str = "", *, frozen: bool = False) -> Column:
    """A run as a column; without a version of the target, the day of the run is its version.

    Raises UsageError for a run that is no verdict: it must not be published as one.
    """
    name = target or report.target
    if not report.complete or report.exit not in (0, 1):
        raise UsageError(
            f"the run of {name} is not publishable: {report.verdict.sentence} Run it again."
        )
    given = version or str(report.header.get("target_version") or "")
    day = str(report.header.get("started") or "undated")[:10]
    return Column(name, given or day, report, frozen)


def matrices(columns: Iterable[Column]) -> tuple[Matrix, ...]:
    """One matrix a catalogue, the one with the newest run first. Raises UsageError on a double."""
    groups: dict[str, list[Column]] = {}
    for each in columns:
        mine = groups.setdefault(each.catalogue, [])
        if any(other.path == each.path for other in mine):
            raise UsageError(f"two runs of {each.name} with the catalogue {each.catalogue}")
        mine.append(each)
    made = [_matrix(catalogue, mine) for catalogue, mine in groups.items()]
    return tuple(sorted(made, key=lambda m: (m.latest, m.catalogue), reverse=True))


def _matrix(catalogue: str, columns: Sequence[Column]) -> Matrix:
    columns = sorted(columns, key=lambda c: (c.target.lower(), c.started, c.version))
    tables = [{i.id: i for area in c.report.areas for i in area.items} for c in columns]
    rows = []
    for id in sorted({id for table in tables for id in table}):
        cells = tuple(table.get(id) for table in tables)
        known = next(cell for cell in cells if cell is not None)
        rows.append(Row(id, known.level, known.text, cells))
    return Matrix(catalogue, tuple(columns), tuple(rows))


def slug(name: str) -> str:
    """A name fit for a path; one that had to be changed carries a mark of what it was."""
    if len(name) <= 60 and _PLAIN.fullmatch(name):
        return name
    mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    words = re.sub(r"[^a-z0-9.]+", "-", name.lower())[:40].strip("-.")
    return f"{re.sub(r'[.-]{2,}', '-', words)}-{mark}".lstrip("-")
