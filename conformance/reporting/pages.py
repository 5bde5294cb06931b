"""The pages of the requirements: the catalogue, its areas, and who meets each of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.reporting.html import safe_url
from conformance.reporting.matrix import Column, Matrix, Row
from conformance.reporting.words import WORDS, Word


@dataclass(frozen=True)
class Told:
    """The targets that showed one outcome."""

    word: Word
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Known:
    """One requirement of the catalogue, and what was seen of it.

    ``example``: the recorded violation of a planted fault. ``withdrawn``: in no catalogue any more,
    kept because its address was published.
    """

    id: str
    level: str
    text: str
    source: str = ""
    url: str = ""
    quote: str = ""
    needs: str = ""
    since: str = ""
    breaks: tuple[str, ...] = ()
    proved_by: str = ""
    faults: tuple[str, ...] = ()
    example: Mapping[str, Any] = field(default_factory=dict)
    withdrawn: bool = False
    told: tuple[Told, ...] = ()
    seen: str = ""

    @property
    def area(self) -> str:
        return self.id.split(".")[0]

    @property
    def topic(self) -> str:
        return ".".join(self.id.split(".")[:2])

    @property
    def judged(self) -> tuple[Told, ...]:
        """Without the targets that do not offer it or where it was not judged."""
        return tuple(told for told in self.told if told.word.tone != "quiet")

    @property
    def outcomes(self) -> str:
        return " ".join(told.word.slug for told in self.told)


def known(
    catalogue: Iterable[Mapping[str, Any]],
    matrices: Sequence[Matrix],
    proofs: Mapping[str, Any],
    earlier: Iterable[Mapping[str, Any]] = (),
) -> dict[str, tuple[Known, ...]]:
    """All requirements that have or had an address, by area."""
    rows: dict[str, tuple[Row, Matrix]] = {}
    for matrix in matrices:  # the newest catalogue that has a requirement comes first
        for row in matrix.rows:
            rows.setdefault(row.id, (row, matrix))
    found: dict[str, Known] = {}
    for entry in catalogue:
        found[entry["id"]] = _entry(entry, proofs.get(entry["id"], {}), rows.get(entry["id"]))
    complete = bool(found)
    for id, (row, matrix) in rows.items():
        if id not in found:
            told, seen = _told(row, matrix), row.words
            found[id] = Known(
                id, row.level, row.text, withdrawn=complete, told=tuple(told), seen=seen
            )
    for gone in earlier:
        if gone["id"] not in found:
            found[gone["id"]] = Known(gone["id"], gone["level"], gone["text"], withdrawn=True)
    areas: dict[str, list[Known]] = {}
    for id in sorted(found):
        areas.setdefault(found[id].area, []).append(found[id])
    return {name: tuple(mine) for name, mine in areas.items()}


def _entry(
    entry: Mapping[str, Any], proof: Mapping[str, Any], seen: tuple[Row, Matrix] | None
) -> Known:
    source = entry.get("source", {})
    return Known(
        id=entry["id"],
        level=entry["level"],
        text=entry["text"],
        source=f"{source.get('kind', '')} {source.get('ref', '')}".strip(),
        url=safe_url(str(source.get("url", ""))),
        quote=str(entry.get("quote", "")),
        needs=str(entry.get("needs", "")),
        since=str(entry.get("since", "")),
        breaks=tuple(entry.get("breaks", ())),
        proved_by=str(proof.get("proved_by", "")),
        faults=tuple(proof.get("faults", ())),
        example=proof.get("example", {}),
        told=tuple(_told(*seen)) if seen else (),
        seen=seen[0].words if seen else "",
    )


def _told(row: Row, matrix: Matrix) -> Iterator[Told]:
    """The targets by outcome, worst first."""
    for word in WORDS:
        columns = tuple(
            column
            for column, cell in zip(matrix.columns, row.cells, strict=True)
            if cell is not None and cell.outcome is word.outcome
        )
        if columns:
            yield Told(word, columns)


def data(area: str, requirements: Sequence[Known]) -> dict[str, Any]:
    """The page of an area as JSON."""
    return {"area": area, "requirements": [datum(each) for each in requirements]}


def datum(each: Known) -> dict[str, Any]:
    """The page of a requirement as JSON."""
    made: dict[str, Any] = {"id": each.id, "level": each.level, "text": each.text}
    for name in ("source", "url", "quote", "needs", "since"):
        if getattr(each, name):
            made[name] = getattr(each, name)
    if each.breaks:
        made["breaks"] = list(each.breaks)
    if each.withdrawn:
        made["withdrawn"] = True
    if each.judged:
        made["outcomes"] = {
            told.word.text: [column.name for column in told.columns] for told in each.judged
        }
    return made
