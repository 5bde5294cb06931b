"""All cases, gathered from ``conformance.cases``, and the catalogue that is generated from them."""

from __future__ import annotations

import hashlib
import importlib
import json
import pkgutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from conformance.errors import UsageError
from conformance.requirement import Case, cases_of


@cache
def all_cases() -> tuple[Case, ...]:
    """Every case, by module and definition. Raises ValueError when two share an id."""
    package = importlib.import_module("conformance.cases")
    found: dict[str, Case] = {}
    for name in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
        if not name.startswith("test_"):
            continue
        for case in cases_of(importlib.import_module(f"conformance.cases.{name}")):
            if case.id in found:
                raise ValueError(f"two cases decide {case.id}: {found[case.id].module}, {name}")
            found[case.id] = case
    return tuple(found.values())


def by_id() -> Mapping[str, Case]:
    return {case.id: case for case in all_cases()}


def select(words: Sequence[str], cases: Iterable[Case] | None = None) -> tuple[Case, ...]:
    """The cases whose id is one of the words or begins with one of them, at a dot.

    Raises UsageError when a word selects nothing.
    """
    cases = tuple(cases) if cases is not None else all_cases()
    if not words:
        return cases
    for word in words:
        if not any(matches(case.id, word) for case in cases):
            raise UsageError(
                f"no requirement is called {word!r} or begins with it; `conformance list` shows all"
            )
    return tuple(case for case in cases if any(matches(case.id, word) for word in words))


def matches(id: str, word: str) -> bool:
    return id == word or id.startswith(word.rstrip(".") + ".")


def entries() -> list[dict[str, Any]]:
    """The catalogue as data, in a stable order."""
    rows = []
    for case in sorted(all_cases(), key=lambda c: c.id):
        r = case.requirement
        row: dict[str, Any] = {
            "id": r.id,
            "level": str(r.level),
            "text": r.text,
            "source": {k: v for k, v in asdict(r.source).items() if v},
        }
        for name in ("needs", "since", "quote"):
            if getattr(r, name):
                row[name] = getattr(r, name)
        if r.breaks:
            row["breaks"] = list(r.breaks)
        if case.passive and case.over is not None:
            row["judges"] = case.over.title
        else:
            row["probes"] = list(case.probes)
        rows.append(row)
    return rows


def catalogue_hash() -> str:
    """A short hash of all requirements: only runs of the same one are comparable."""
    text = json.dumps(entries(), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def text() -> str:
    """``snapshots/catalogue.json``."""
    return json.dumps(entries(), indent=1, ensure_ascii=False) + "\n"


def main(argv: Sequence[str]) -> int:
    """Write the catalogue anew, or with ``--check`` say whether it is fresh."""
    path = Path(__file__).parent.parent / "snapshots" / "catalogue.json"
    fresh = path.exists() and path.read_text("utf-8") == text()
    if "--check" in argv:
        print("fresh" if fresh else f"{path} is stale: run `nox -s catalogue` and commit it")
        return 0 if fresh else 1
    path.write_text(text(), "utf-8")
    print(f"{path}: {len(entries())} requirements")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
