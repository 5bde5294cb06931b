"""``python -m conformance.meta_tests``: lint, types, the catalogue's freshness, and all tests.

With the name of a step only that one; with options all, and the tests with them.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TESTS = Path(__file__).parent
DECIDING = ("wire_*", "engine*", "session*", "judge*", "verdict*", "budgets*", "reporting_*")
"""Tests of what decides; they run every line of it, see ``tool.coverage`` in pyproject.toml."""
OWN = sorted(str(p.relative_to(ROOT)) for part in DECIDING for p in TESTS.glob(f"test_{part}.py"))
PYTEST = ["pytest", "-n", "auto", "-q"]
STEPS = (
    ("lint", ["ruff", "check", "conformance", "noxfile.py"]),
    ("format", ["ruff", "format", "--check", "conformance", "noxfile.py"]),
    ("types", ["mypy"]),
    ("catalogue", ["conformance.catalogue", "--check"]),
    ("coverage", [*PYTEST, "--cov", "--cov-report=term", *OWN]),
    ("tests", [*PYTEST, *(f"--ignore={path}" for path in OWN)]),
)


def steps(extra: list[str]) -> list[tuple[str, list[str]]]:
    """What is run: all, one by name, or with options for pytest, without measuring coverage."""
    if not extra:
        return list(STEPS)
    if named := [step for step in STEPS if [step[0]] == extra]:
        return named
    return [s for s in STEPS if s[0] not in ("coverage", "tests")] + [("tests", [*PYTEST, *extra])]


def main(extra: list[str]) -> int:
    for name, arguments in steps(extra):
        print(f"== {name}: {' '.join(arguments)}", flush=True)
        status = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT).returncode
        if status:
            print(f"== {name} failed ({status})", flush=True)
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
