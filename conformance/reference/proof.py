"""What the fault matrix showed, kept as data: ``snapshots/figures/proof.json``.

Written by ``prove --record``; the published site shows it. Each fault stands with what noticed it,
and each requirement with one example: what was expected and what came where it was broken.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from conformance.results import Finding

LONGEST = 240
"""Characters of a value that an example keeps."""


def example(finding: Finding) -> dict[str, Any]:
    """What a violation showed, short: where, what was expected, what came."""
    found: dict[str, Any] = {}
    if finding.at:
        found["at"] = short(finding.at)
    if finding.expected:
        found["expected"] = [short(each) for each in finding.expected]
        found["actual"] = short(finding.actual)
    elif finding.message:
        found["message"] = short(finding.message)
    return found


def short(value: Any) -> str:
    """A value as one line of text."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def record(path: Path, lines: Iterable[Mapping[str, Any]], catalogue: str) -> dict[str, Any]:
    """Write what was tried; what an earlier call tried of the same catalogue stays beside it."""
    before = load(path)
    tried: dict[str, Any] = before["tried"] if before.get("catalogue") == catalogue else {}
    tried = dict(tried)
    for line in lines:
        tried[line["name"]] = {k: v for k, v in line.items() if k != "name"}
    made = {
        "catalogue": catalogue,
        "day": datetime.now(UTC).date().isoformat(),
        "tried": dict(sorted(tried.items())),
    }
    path.write_text("".join(_rows(made)), "utf-8")
    return made


def _rows(made: Mapping[str, Any]) -> Iterator[str]:
    """One line a fault, so that a change of one is a change of one line."""
    yield f'{{"catalogue": "{made["catalogue"]}", "day": "{made["day"]}", "tried": {{\n'
    rows = [
        f"{json.dumps(name)}: {json.dumps(line, ensure_ascii=False)}"
        for name, line in made["tried"].items()
    ]
    yield ",\n".join(rows)
    yield "\n}}\n"


def load(path: Path) -> dict[str, Any]:
    """What was recorded; nothing where there is no file."""
    if not path.exists():
        return {"catalogue": "", "day": "", "tried": {}}
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found
