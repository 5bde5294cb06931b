"""The documentation says what is so: its commands parse, its links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from conformance.cli import parser
from conformance.config_file import read_config
from conformance.known_failures import load

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / ".github").rglob("*.md")])


def blocks(page: Path, kind: str = "") -> list[str]:
    """The code blocks of a page."""
    return re.findall(rf"(?m)^ *```{kind}\n(.*?)^ *```", page.read_text("utf-8"), re.DOTALL)


def commands(page: Path) -> list[str]:
    """Lines that call the command, joined where they are continued."""
    lines = "\n".join(blocks(page)).replace("\\\n", " ").splitlines()
    told = [line.split(" #")[0].strip() for line in lines]
    return [line for line in told if line.startswith("conformance ")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_parse(page: Path) -> None:
    for line in commands(page):
        parser().parse_args(shlex.split(line)[1:])


def test_there_are_commands() -> None:
    assert sum(len(commands(page)) for page in PAGES) > 9


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8")):
        assert link.startswith("https://") or (page.parent / link).exists(), link


def test_the_samples_of_the_gate_are_read(tmp_path: Path) -> None:
    config, known = blocks(ROOT / ".github" / "docs" / "gate.md", "toml")
    for name, text in (("conformance.toml", config), ("known.toml", known)):
        (tmp_path / name).write_text(text, "utf-8")
    assert read_config(tmp_path / "conformance.toml")["models"]["chat"] == "my-model"
    (entry,) = load(tmp_path / "known.toml")
    assert (entry.requirement, entry.expires) == ("chat.stream.terminator", "2027-03-01")


def test_every_file_that_the_site_has_is_told() -> None:
    text = (ROOT / ".github" / "docs" / "publish.md").read_text("utf-8")
    for name in ("index.html", "matrix.svg", "credentials.html", "badge.json", "AREA/ID.html"):
        assert f"{name}`" in text
