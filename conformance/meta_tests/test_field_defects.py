"""Every defect that was reported in a real server is caught, or there is a reason why not."""

from __future__ import annotations

import tomllib
from pathlib import Path

from conformance.reference.fault import all_faults

FIELD = Path(__file__).parent.parent / "reference" / "field"


def defects() -> set[str]:
    lines = (FIELD / "defects.tsv").read_text("utf-8").splitlines()
    return {line.split("\t")[0] for line in lines if line and not line.startswith("#")}


def reasons() -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted(FIELD.glob("*.toml")):
        for id, row in tomllib.loads(path.read_text("utf-8")).items():
            found[id] = row["reason"]
    return found


def planted() -> set[str]:
    return {id for fault in all_faults().values() for id in fault.field_defect}


def test_every_defect_has_a_fault_or_a_reason() -> None:
    assert sorted(defects() - planted() - set(reasons())) == []


def test_nothing_is_mapped_that_was_not_reported() -> None:
    assert sorted((planted() | set(reasons())) - defects()) == []


def test_every_reason_is_a_sentence() -> None:
    short = {id: text for id, text in reasons().items() if len(text) < 30}
    assert short == {}
