"""Declared companions: what a fault violates beside the requirements that it names.

A fault of one area may show in the rules of another (a 5xx is also a violation of "no 5xx"). These
consequences are reviewed and kept as data in ``companions.toml``, so that anything new is noticed.
``python -m conformance.reference.companions`` writes the file anew from a whole matrix.
"""

from __future__ import annotations

import sys
import tomllib
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("companions.toml")
HEAD = (
    "# What faults violate beside the requirements that they name. Written by a whole matrix.\n\n"
)


@cache
def companions() -> dict[str, frozenset[str]]:
    """Further requirements by fault id."""
    if not FILE.exists():
        return {}
    data = tomllib.loads(FILE.read_text("utf-8"))
    return {fault: frozenset(ids) for fault, ids in data.items()}


def dump(found: dict[str, frozenset[str]]) -> str:
    """The file's text."""
    rows = []
    for fault, ids in sorted(found.items()):
        if ids:
            listed = "".join(f'  "{id}",\n' for id in sorted(ids))
            rows.append(f'"{fault}" = [\n{listed}]\n')
    return HEAD + "".join(rows)


def main(words: list[str]) -> int:
    """Try faults (all, or those whose id begins with a word) and declare what they break beside."""
    from conformance.reference.fault import all_faults
    from conformance.reference.prove import names, prove_all

    known = all_faults()
    wanted = [name for name in names(words) if name in known]
    found = {k: v for k, v in companions().items() if k in known and k not in wanted}
    for proof in prove_all(wanted, 2, declared=False):
        found[proof.name] = frozenset(proof.extra)
        if proof.missed or proof.errors:
            print("BAD", proof.name, "missed", proof.missed, "errors", proof.errors, flush=True)
    FILE.write_text(dump(found), "utf-8")
    print(f"{len(wanted)} faults tried, {sum(map(bool, found.values()))} have companions")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
