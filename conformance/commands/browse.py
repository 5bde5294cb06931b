"""``conformance list`` and ``conformance explain``: the catalogue, read."""

from __future__ import annotations

import json
from typing import Any

from conformance.catalogue import all_cases, by_id, entries, select
from conformance.errors import UsageError


def list_command(given: dict[str, Any]) -> int:
    cases = select(given["requirement"])
    if given["json"]:
        wanted = {case.id for case in cases}
        rows = [row for row in entries() if row["id"] in wanted]
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return 0
    width = max((len(case.id) for case in cases), default=0)
    for case in sorted(cases, key=lambda c: c.id):
        print(f"{case.requirement.level:<6} {case.id:<{width}}  {case.requirement.text}")
    print(f"{len(cases)} requirements")
    return 0


def explain_command(given: dict[str, Any]) -> int:
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
