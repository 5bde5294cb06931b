"""The badge: shields' endpoint JSON, and the same as a ready SVG."""

from __future__ import annotations

import json
from dataclasses import dataclass
from xml.sax.saxutils import escape

from conformance.reporting.report import Report
from conformance.results import Outcome

LABEL = "OpenAI conformance"

_HEX = {
    "brightgreen": "#0b6b2e",
    "green": "#2f6b0b",
    "orange": "#9a4a00",
    "red": "#b3261e",
    "lightgrey": "#555e67",
}
"""Every one carries white text at 4.5 to 1 or more."""


@dataclass(frozen=True)
class Badge:
    label: str
    message: str
    color: str


def badge(report: Report) -> Badge:
    """``n of m MUST``: n were verified by every driver that judged them, m is all of the run.

    A skip never counts as a pass, and a known failure is a failure here. Green means that nothing
    was seen violated, bright green that all was verified besides.
    """
    must = report.must
    if not report.complete:
        return Badge(LABEL, "incomplete run", "lightgrey")
    if report.exit in (2, 3, 5) or not must.total:
        return Badge(LABEL, "no verdict", "lightgrey")
    message = f"{must.held} of {must.total} MUST"
    if must.violated or any(r.outcome is Outcome.FAILED for r in report.run.results):
        return Badge(LABEL, message, "orange" if must.percent >= 90 else "red")
    if report.exit:
        return Badge(LABEL, message, "red")
    return Badge(LABEL, message, "brightgreen" if must.held == must.total else "green")


def render(report: Report) -> str:
    """The endpoint JSON, as shields.io reads it."""
    made = badge(report)
    value = {
        "schemaVersion": 1,
        "label": made.label,
        "message": made.message,
        "color": made.color,
        "isError": made.color == "lightgrey",
    }
    return json.dumps(value, indent=2) + "\n"


def svg(report: Report) -> str:
    """The badge as an image that loads nothing."""
    made = badge(report)
    left, right = (10 + round(6.4 * len(words)) for words in (made.label, made.message))
    both = escape(f"{made.label}: {made.message}", {'"': "&quot;"})
    width = left + right
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" '
        f'aria-label="{both}"><title>{both}</title>'
        f'<rect width="{width}" height="20" rx="3" fill="#3d444d"/>'
        f'<path d="M{left} 0h{right - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{right - 3}z" '
        f'fill="{_HEX[made.color]}"/>'
        '<g fill="#fff" text-anchor="middle" font-size="11" '
        'font-family="Verdana,DejaVu Sans,sans-serif">'
        f'<text x="{left / 2:g}" y="14" textLength="{left - 10}">{escape(made.label)}</text>'
        f'<text x="{left + right / 2:g}" y="14" textLength="{right - 10}">'
        f"{escape(made.message)}</text></g></svg>\n"
    )
