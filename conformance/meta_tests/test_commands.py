"""Every command of the command line, called as its users call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.cli import run_command
from conformance.meta_tests.command import FEW, Ask, ask, results
from conformance.reference.config import KEY_MAIN, MODEL_CHAT
from conformance.reference.fault import all_faults
from conformance.reference.serve import ServedReference

__all__ = ["ask"]
HTTP = ("--driver", "http", "--tier", "smoke")
BROKEN = "models.list.unique"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs: ``good``, and ``bad`` with a fault."""
    folder = tmp_path_factory.mktemp("runs")
    assert run_command(["run", FEW, *HTTP, "--out", str(folder / "good")]) == 0
    with ServedReference(faults=[BROKEN]) as served:
        target = ("--base-url", served.base_url, "--api-key", KEY_MAIN)
        model = ("--model", f"chat={MODEL_CHAT}")
        bad = ["run", FEW, *HTTP, *target, *model, "--out", str(folder / "bad")]
        assert run_command(bad) == 1
    return folder


def test_no_command_is_help(ask: Ask) -> None:
    said = ask()
    assert said.status == 4
    assert "usage: conformance" in said.out


def test_list(ask: Ask) -> None:
    said = ask("list", "models")
    rows = said.out.strip().splitlines()
    assert said.status == 0
    assert any(row.split()[:2] == ["MUST", BROKEN] for row in rows)
    assert all(row.split()[1].startswith("models.") for row in rows[:-1])
    assert rows[-1] == f"{len(rows) - 1} requirements"


def test_list_as_json(ask: Ask) -> None:
    said = ask("list", BROKEN, "--json")
    (row,) = json.loads(said.out)
    assert (row["id"], row["level"]) == (BROKEN, "MUST")
    assert row["source"]


def test_explain(ask: Ask) -> None:
    said = ask("explain", BROKEN)
    assert said.status == 0
    for word in (f"MUST {BROKEN}", "source", "No id is listed twice.", "fault", "conformance run"):
        assert word in said.out


def test_explain_knows_better(ask: Ask) -> None:
    assert BROKEN in ask("explain", "models.list.uniqe").err


def test_judge_a_run_again(ask: Ask, runs: Path, tmp_path: Path) -> None:
    key = ("--api-key", KEY_MAIN)
    good = ask("judge", str(runs / "good"), FEW, *key, "--out", "good")
    bad = ask("judge", str(runs / "bad" / "exchanges.har"), FEW, *key, "--out", "bad")
    assert (good.status, bad.status) == (0, 1)
    for name in ("good", "bad"):
        again = {(r.requirement, r.outcome) for r in results(tmp_path / name).results}
        assert again == {(r.requirement, r.outcome) for r in results(runs / name).results}


def test_diff(ask: Ask, runs: Path) -> None:
    worse = ask("diff", str(runs / "good"), str(runs / "bad"))
    better = ask("diff", str(runs / "bad"), str(runs / "good"))
    same = ask("diff", str(runs / "good"), str(runs / "good"), "--json")
    assert (worse.status, better.status, same.status) == (1, 0, 0)
    assert BROKEN in worse.out
    json.loads(same.out)


def test_report(ask: Ask, runs: Path, tmp_path: Path) -> None:
    said = ask("report", str(runs / "good"), str(runs / "bad"), "--out", "site")
    assert said.status == 0
    assert BROKEN in (tmp_path / "site" / "index.html").read_text() + "".join(
        page.read_text() for page in (tmp_path / "site").rglob("*.html")
    )


def test_badge(ask: Ask, runs: Path) -> None:
    good, bad = (json.loads(ask("badge", str(runs / name)).out) for name in ("good", "bad"))
    assert good["schemaVersion"] == 1
    assert good["color"] != bad["color"]
    assert ask("badge", str(runs / "bad"), "--svg").out.startswith("<svg")


def test_a_run_without_its_end(ask: Ask, runs: Path, tmp_path: Path) -> None:
    lines = (runs / "good" / "results.jsonl").read_text().splitlines()
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "results.jsonl").write_text("\n".join(lines[:-1]) + "\n")
    said = ask("badge", "cut")
    assert said.status == 4
    assert "incomplete" in said.sentence


def test_doctor(ask: Ask) -> None:
    said = ask("doctor", "--driver", "http")
    assert said.status == 0
    assert "Embeddings" in said.out or "embeddings" in said.out
    assert "a run would send about" in said.out


def test_doctor_of_nothing(ask: Ask) -> None:
    said = ask("doctor", "--base-url", "http://127.0.0.1:9/v1")
    assert said.status == 3
    assert "cannot be reached" in said.sentence


def test_profiles(ask: Ask, tmp_path: Path) -> None:
    said = ask("profiles")
    assert said.status == 0
    assert "openai" in {row.split()[0] for row in said.out.splitlines()}
    (tmp_path / "mine.toml").write_text('nmae = "mine"\n')
    checked = ask("profiles", "check", "mine.toml")
    assert checked.status == 4
    assert "nmae" in checked.out


def test_drivers(ask: Ask) -> None:
    said = ask("drivers")
    rows = {row.split()[0]: row for row in said.out.splitlines()}
    assert said.status == 0
    assert set(rows) == {"http", "python-sdk", "python-sdk-async", "node-sdk"}
    assert "openai" in rows["python-sdk"]
    assert "openai" in rows["node-sdk"] or "--install node-sdk" in rows["node-sdk"]


def test_faults(ask: Ask) -> None:
    said = ask("faults")
    named = {row for row in said.out.splitlines() if row and not row.startswith(" ")}
    assert named == set(all_faults())
