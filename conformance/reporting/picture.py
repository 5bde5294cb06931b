"""The matrix as one picture, for a README: areas by targets, symbols as well as colours."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from conformance.reporting import text
from conformance.reporting.matrix import Column, Matrix

_COLUMN, _ROW, _LEFT, _HEAD = 136, 22, 120, 46
_PASS, _FAIL, _NONE = ("#dafbe1", "#116329"), ("#ffebe9", "#a40e26"), ("#ffffff", "#545d68")
AREAS = 24
"""Rows at most: of the areas that were judged those with the most requirements."""


def render(matrix: Matrix) -> str:
    """An SVG that loads nothing; every cell says in numbers what its colour says."""
    areas = sorted(matrix.judged_areas, key=lambda name: (-len(matrix.areas[name]), name))[:AREAS]
    width = _LEFT + _COLUMN * len(matrix.columns) + 10
    height = _HEAD + _ROW * (len(areas) + 1) + 30
    words = (
        f"MUST requirements verified of those judged, by area, for {len(matrix.columns)} targets"
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-label="{words}"><title>{words}</title>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        '<g font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" fill="#1b1f24">',
    ]
    for number, column in enumerate(matrix.columns):
        x = _LEFT + _COLUMN * number + 6
        name, version = _cut(column.target), _cut(column.version)
        parts.append(f'<text x="{x}" y="18" font-weight="bold">{escape(name)}</text>')
        parts.append(f'<text x="{x}" y="34" fill="#545d68">{escape(version)}</text>')
    for number, name in enumerate([*areas, ""]):
        y = _HEAD + _ROW * number
        title = name or "all areas"
        weight = "" if name else ' font-weight="bold"'
        parts.append(f'<text x="6" y="{y + 15}"{weight}>{escape(_cut(title))}</text>')
        for place, column in enumerate(matrix.columns):
            parts += _cell(column, name, _LEFT + _COLUMN * place, y)
    day = text.plain(matrix.latest[:10])
    note = f"MUST requirements verified of those judged. Catalogue {matrix.catalogue}, {day}."
    parts.append(f'<text x="6" y="{height - 10}" fill="#545d68">{escape(text.plain(note))}</text>')
    return "".join([*parts, "</g></svg>\n"])


def _cut(name: str) -> str:
    """A name that fits above its column."""
    return text.plain(name if len(name) <= 19 else name[:18] + "…")


def _cell(column: Column, area: str, x: int, y: int) -> Iterator[str]:
    scores = [each.must for each in column.report.areas if not area or each.name == area]
    held = sum(each.held for each in scores)
    judged = sum(each.judged for each in scores)
    (ground, ink), words = (_NONE, "– not judged")
    if judged:
        ground, ink = _PASS if held == judged else _FAIL
        words = f"{'✓' if held == judged else '✗'} {held} of {judged}"
    yield (
        f'<rect x="{x}" y="{y}" width="{_COLUMN - 2}" height="{_ROW - 2}" rx="3" fill="{ground}"/>'
    )
    yield f'<text x="{x + 6}" y="{y + 15}" fill="{ink}">{words}</text>'
