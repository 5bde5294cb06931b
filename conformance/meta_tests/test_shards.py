"""A run split into shares and joined again says what the unsplit one says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.catalogue import all_cases
from conformance.cli import run_command
from conformance.errors import UsageError
from conformance.har import read_har
from conformance.meta_tests.command import Ask, ask, results
from conformance.reference.config import KEY_MAIN, MODEL_CHAT
from conformance.reference.serve import ServedReference
from conformance.shard import Shard, parse

__all__ = ["ask"]
WORDS = ("models", "headers.request-id", "chat.usage")
"""Areas in which no verdict hangs on how busy the machine is."""
FAULTS = ("models.list.unique", "chat.usage.total")
COUNT = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``whole``, ``part1`` to ``part3`` and ``joined``: runs of a provider with two faults."""
    place = tmp_path_factory.mktemp("shards")
    with ServedReference(faults=FAULTS) as served:
        target = ("--base-url", served.base_url, "--api-key", KEY_MAIN, "--driver", "http")
        few = ("run", *WORDS, *target, "--model", f"chat={MODEL_CHAT}")
        assert run_command([*few, "--out", str(place / "whole")]) == 1
        for number in range(1, COUNT + 1):
            share = ("--shard", f"{number}/{COUNT}", "--out", str(place / f"part{number}"))
            run_command([*few, *share])
    parts = [str(place / f"part{number}") for number in range(COUNT, 0, -1)]
    assert run_command(["merge", *parts, "--out", str(place / "joined")]) == 1
    return place


def test_every_requirement_has_one_share() -> None:
    shares = [Shard(number, 5) for number in range(1, 6)]
    taken = [sum(share.takes(case.id) for share in shares) for case in all_cases()]
    assert set(taken) == {1}
    sizes = [sum(share.takes(case.id) for case in all_cases()) for share in shares]
    assert max(sizes) < 1.5 * min(sizes)


@pytest.mark.parametrize("text", ["", "2", "0/5", "6/5", "1/0", "a/b", "1/2/3", "-1/2"])
def test_malformed_share(text: str) -> None:
    with pytest.raises(UsageError, match="--shard wants NUMBER/COUNT"):
        parse(text)


def test_shares_are_disjoint_and_whole(folder: Path) -> None:
    parts = [results(folder / f"part{n}") for n in range(1, COUNT + 1)]
    whole = results(folder / "whole")
    judged = [r.requirement for part in parts for r in part.results]
    assert sorted(judged) == sorted(r.requirement for r in whole.results)
    assert [part.header["shard"] for part in parts] == ["1/3", "2/3", "3/3"]


def test_joined_equals_unsplit(folder: Path) -> None:
    whole, joined = results(folder / "whole"), results(folder / "joined")
    assert [
        (r.requirement, r.driver, r.observation, r.outcome, r.owner) for r in joined.results
    ] == [(r.requirement, r.driver, r.observation, r.outcome, r.owner) for r in whole.results]
    assert [r.judged for r in joined.results] == [r.judged for r in whole.results]
    assert joined.claims == whole.claims
    assert joined.footer is not None
    assert whole.footer is not None
    for name in ("counts", "verdicts", "vacuous", "exit", "capabilities"):
        assert joined.footer[name] == whole.footer[name], name
    for name in ("suite", "version", "catalogue", "target", "profile", "models", "drivers", "tier"):
        assert joined.header[name] == whole.header[name], name
    assert "shard" not in joined.header


def test_joined_recording(folder: Path) -> None:
    exchanges = read_har(folder / "joined" / "exchanges.har")
    joined = results(folder / "joined")
    assert joined.footer is not None
    ids = [x.id for x in exchanges]
    assert len(set(ids)) == len(ids) == joined.footer["requests"]
    assert {id for r in joined.results for id in r.exchanges} <= set(ids)
    assert (folder / "joined" / "report.html").exists()


def test_a_share_is_missing(ask: Ask, folder: Path) -> None:
    said = ask("merge", str(folder / "part1"), str(folder / "part3"), "--out", "joined")
    assert said.status == 4
    assert "2/3" in said.sentence


def test_a_share_twice(ask: Ask, folder: Path) -> None:
    one = str(folder / "part1")
    assert "both share 1/3" in ask("merge", one, one, "--out", "joined").sentence


def test_not_a_share(ask: Ask, folder: Path) -> None:
    assert "--shard" in ask("merge", str(folder / "whole"), "--out", "joined").sentence


def test_shares_of_different_runs(ask: Ask, folder: Path, tmp_path: Path) -> None:
    text = (folder / "part2" / "results.jsonl").read_text().splitlines()
    text[0] = json.dumps({**json.loads(text[0]), "tier": "full"})
    (tmp_path / "part2").mkdir()
    (tmp_path / "part2" / "results.jsonl").write_text("\n".join(text) + "\n")
    said = ask("merge", str(folder / "part1"), "part2", "--out", "joined")
    assert "differs" in said.sentence
    assert "tier" in said.sentence


def test_usage(ask: Ask) -> None:
    assert "2/5" in ask("run", "--shard", "7/5").sentence
