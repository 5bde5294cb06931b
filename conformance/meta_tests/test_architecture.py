"""Imports go one way; the architecture page says which, and this reads the code."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT.parent / ".github" / "ARCHITECTURE.md"

FORBIDDEN = {
    # part: what it must not import, below `conformance.`
    "wire": ("",),  # nothing of the package but itself
    "exchange": ("expect", "requirement", "cases", "judge", "drivers", "probe", "reporting"),
    "recording": ("expect", "requirement", "cases", "judge", "drivers", "reporting"),
    "har": ("expect", "requirement", "cases", "judge", "drivers", "reporting"),
    "drivers": ("cases", "expect", "judge", "verdict", "reporting", "reference"),
    "cases": ("drivers", "reporting", "reference", "engine", "plugin", "session"),
    "probes": ("drivers", "reporting", "reference", "cases", "judge", "engine"),
    "expect": ("drivers", "reporting", "reference", "cases", "judge"),
    "judge": ("drivers", "reporting", "reference", "cases"),
    "reporting": ("drivers", "cases", "probes", "reference", "engine", "session"),
    "reference": ("cases", "judge", "expect", "reporting", "drivers", "engine"),
}
EXCUSED = {"reference/matrix.py", "reference/prove.py"}
TAKEN = {
    # a constant, a pure reader, and the scenarios that need a connection of their own
    "cases/test_http.py imports drivers.line",
    "cases/test_ratelimit_tokens.py imports session",
    "probes/http_lines.py imports drivers.line",
    "probes/http_two.py imports drivers.line",
    "probes/http_two.py imports drivers.tls",
}


def files(part: str) -> list[Path]:
    folder = ROOT / part
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [ROOT / f"{part}.py"]


def imports(path: Path) -> set[str]:
    """Modules of the package that a file imports, also inside functions; not for types only."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            if node.module == "conformance":
                found |= {f"conformance.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name.removeprefix("conformance.") for name in found if name.startswith("conformance.")}


@pytest.mark.parametrize("part", FORBIDDEN)
def test_imports_go_one_way(part: str) -> None:
    wrong = []
    for path in files(part):
        name = path.relative_to(ROOT).as_posix()
        if name in EXCUSED:
            continue
        for module in imports(path):
            for other in FORBIDDEN[part]:
                own = module == part or module.startswith(part + ".")
                if not own and (not other or module == other or module.startswith(other + ".")):
                    wrong.append(f"{name} imports {module}")
    assert sorted(set(wrong) - TAKEN) == []


@pytest.mark.parametrize("part", FORBIDDEN)
def test_the_page_names_every_part(part: str) -> None:
    assert part in PAGE.read_text("utf-8")


def test_no_file_is_too_long() -> None:
    long = {
        path.relative_to(ROOT).as_posix(): count
        for path in ROOT.rglob("*.py")
        if (count := len(path.read_text("utf-8").splitlines())) > 400
    }
    assert long == {}
