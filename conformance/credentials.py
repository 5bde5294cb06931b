"""What the suite can show for itself, as data: what it catches, and what it lets pass.

Gathered from the planted faults, the legal variations, the list of reported defects, and what
``nox -s faults`` and ``python -m conformance.genuine`` recorded. The published site shows it.
"""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance.catalogue import all_cases, catalogue_hash
from conformance.reference import seen
from conformance.reference.fault import all_faults, all_variations
from conformance.reference.proof import load
from conformance.reference.shape_examples import shape_examples
from conformance.requirement import EVERY_DRIVER

PACKAGE = Path(__file__).parent
FIELD = PACKAGE / "reference" / "field"


def data(name: str) -> Path:
    """A recorded file: inside an installed package, or in the repository."""
    packed = PACKAGE / "_data" / name
    return packed if packed.exists() else PACKAGE.parent / "snapshots" / "figures" / name


def credentials() -> dict[str, Any]:
    """All of it. Every number is counted here or was recorded with its day."""
    proof = load(data("proof.json"))
    tried: Mapping[str, Any] = proof["tried"]
    catching = faults_of()
    examples = {**shape_examples(), **examples_of(tried)}
    return {
        "catalogue": catalogue_hash(),
        "requirements": {
            case.id: {
                "proved_by": proved_by(case.module, case.id in catching),
                "faults": catching.get(case.id, []),
                **({"example": examples[case.id]} if case.id in examples else {}),
            }
            for case in sorted(all_cases(), key=lambda c: c.id)
        },
        "faults": {id: fault.text for id, fault in sorted(all_faults().items())},
        "variations": {id: made.text for id, made in sorted(all_variations().items())},
        "proof": {
            "day": proof["day"],
            "catalogue": proof["catalogue"],
            "faults_tried": sum(name in all_faults() for name in tried),
            "faults_noticed": sum(
                name in all_faults() and not line.get("missed") for name, line in tried.items()
            ),
            "variations_tried": sum(name.startswith("variation:") for name in tried),
            "variations_accepted": sum(
                name.startswith("variation:") and not line.get("extra")
                for name, line in tried.items()
            ),
        },
        "clients": clients(),
        "field": field(),
        "genuine": genuine(),
    }


def faults_of() -> dict[str, list[str]]:
    """The faults that each requirement is there to notice, its own first."""
    found: dict[str, list[str]] = {}
    for fault in all_faults().values():
        for id in fault.breaks:
            found.setdefault(id, []).append(fault.id)
    return {id: sorted(mine, key=lambda name: (name != id, name)) for id, mine in found.items()}


def clients() -> dict[str, Any]:
    """With which drivers each fault is seen, as it was recorded; empty when nothing was."""
    kept = seen.read(data(seen.FILE))
    if not kept["faults"]:
        return {}
    told = {name: seen.clients(name, kept["faults"]) for name in sorted(all_faults())}
    found = {name: list(drivers) for name, drivers in told.items() if drivers is not None}
    counts = Counter(driver for drivers in found.values() for driver in drivers)
    return {
        "day": kept["day"],
        "catalogue": kept["catalogue"],
        "drivers": {name: kept["drivers"].get(name, "") for name in EVERY_DRIVER},
        "seen": {name: counts[name] for name in EVERY_DRIVER},
        "faults": found,
    }


def examples_of(tried: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """One recorded violation of each requirement, that of its own fault if there is one."""
    found: dict[str, dict[str, Any]] = {}
    for name, line in tried.items():
        for id, shown in line.get("noticed", {}).items():
            if id not in found or name == id:
                found[id] = {"fault": name, **shown}
    return found


def proved_by(module: str, planted: bool) -> str:
    """How a requirement is shown to notice what it forbids."""
    if planted:
        return "a planted fault"
    last = module.rsplit(".", 1)[-1]
    if last == "test_shapes":
        return "a broken copy of a right document"
    if last == "test_served":
        return "a provider that lacks the capability"
    return "a test of its own" if last.startswith(("test_sdk", "test_providers")) else "nothing yet"


def field() -> dict[str, Any]:
    """The defects that were reported in real servers, each caught by a fault or with a reason."""
    planted: dict[str, list[str]] = {}
    for fault in all_faults().values():
        for id in fault.field_defect:
            planted.setdefault(id, []).append(fault.id)
    reasons: dict[str, str] = {}
    for path in sorted(FIELD.glob("*.toml")):
        for id, row in tomllib.loads(path.read_text("utf-8")).items():
            reasons[id] = row["reason"]
    rows: list[dict[str, Any]] = []
    for line in (FIELD / "defects.tsv").read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        id, area, where = line.split("\t")[:3]
        known = (
            {"faults": sorted(planted[id])} if id in planted else {"reason": reasons.get(id, "")}
        )
        rows.append({"id": id, "area": area, "reported": where, **known})
    return {
        "reported": len(rows),
        "caught": sum("faults" in row for row in rows),
        "defects": rows,
    }


def genuine() -> dict[str, Any]:
    """What was recorded of traffic that OpenAI itself answered; empty when nothing was."""
    path = data("genuine.json")
    if not path.exists():
        return {}
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found
