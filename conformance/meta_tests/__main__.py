"""``python -m conformance.meta_tests``: lint, types, the catalogue's freshness, and all tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
STEPS = (
    ("lint", ["ruff", "check", "conformance", "noxfile.py"]),
    ("format", ["ruff", "format", "--check", "conformance", "noxfile.py"]),
    ("types", ["mypy"]),
    ("catalogue", ["conformance.catalogue", "--check"]),
    ("tests", ["pytest", "-n", "auto", "-q"]),
)


def main(extra: list[str]) -> int:
    for name, command in STEPS:
        arguments = [*command, *extra] if name == "tests" else command
        print(f"== {name}: {' '.join(arguments)}", flush=True)
        status = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT).returncode
        if status:
            print(f"== {name} failed ({status})", flush=True)
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
