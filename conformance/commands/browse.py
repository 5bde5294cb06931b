"""``conformance list`` and ``conformance explain``: the catalogue, read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from conformance.errors import UsageError

_PACKAGE = Path(__file__).parent.parent


def list_command(given: dict[str, Any]) -> int:
    rows = _rows(given["requirement"])
    if given["json"]:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return 0
    width = max((len(row["id"]) for row in rows), default=0)
    for row in rows:
        print(f"{row['level']:<6} {row['id']:<{width}}  {row['text']}")
    print(f"{len(rows)} requirements")
    return 0


def _rows(words: list[str]) -> list[dict[str, Any]]:
    """The catalogue's rows that the words select. Raises UsageError when one selects nothing."""
    rows = _generated()
    if rows is None:
        from conformance.catalogue import entries

        rows = entries()

    def matches(id: str, word: str) -> bool:
        return id == word or id.startswith(word.rstrip(".") + ".")

    for word in words:
        if not any(matches(row["id"], word) for row in rows):
            raise UsageError(
                f"no requirement is called {word!r} or begins with it; `conformance list` shows all"
            )
    return [row for row in rows if not words or any(matches(row["id"], w) for w in words)]


def _generated() -> list[dict[str, Any]] | None:
    """The generated catalogue, which spares the import of all cases; None when it may be old."""
    file = _PACKAGE / "_data" / "catalogue.json"
    if not file.exists():
        file = _PACKAGE.parent / "snapshots" / "catalogue.json"
        if not file.exists():
            return None
        written = file.stat().st_mtime
        for folder in ("cases", "probes", "../schemas/openai"):
            # compiled modules beside them are always newer
            files = (f for f in (_PACKAGE / folder).iterdir() if f.suffix in (".py", ".json"))
            if any(f.stat().st_mtime > written for f in files):
                return None
    try:
        rows: list[dict[str, Any]] = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return rows


def explain_command(given: dict[str, Any]) -> int:
    from conformance.catalogue import all_cases, by_id

    wanted = given["requirement"]
    cases = by_id()
    if wanted not in cases:
        import difflib

        near = difflib.get_close_matches(wanted, [c.id for c in all_cases()], 3)
        hint = f" Did you mean {', '.join(near)}?" if near else " `conformance list` shows all."
        raise UsageError(f"no requirement is called {wanted!r}.{hint}")
    case = cases[wanted]
    r = case.requirement
    rows = [
        ("source", f"{r.source}  {r.source.url}".rstrip()),
        ("needs", r.needs or "nothing"),
        ("drivers", ", ".join(case.drivers)),
    ]
    if r.quote:
        rows.insert(1, ("quote", r.quote))
    if r.since:
        rows.append(("since", r.since))
    if case.over is not None:
        rows.append(("judges", case.over.title))
    else:
        rows.append(("probes", ", ".join(case.probes)))
    rows += [("breaks", text) for text in r.breaks]
    rows += [("fault", text) for text in _faults(r.id)]
    rows.append(("alone", f"conformance run {r.id} --base-url URL"))
    print(f"{r.level} {r.id}\n  {r.text}")
    for name, text in rows:
        print(f"  {name:<9} {text}")
    return 0


def _faults(id: str) -> list[str]:
    from conformance.reference.fault import all_faults

    return [f"{f.id}: {f.text}" for f in all_faults().values() if id in f.breaks]
