"""`conformance compare`: two targets asked now, or read from what was recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.cli import run_command
from conformance.commands import compare as command
from conformance.commands.compare import Side, compared, prices, read_or_ask, renamed
from conformance.errors import UnreachableError, UsageError
from conformance.profile import load_profile
from conformance.results import Run, dump

LOST = [
    ("GET /models", "data, object"),
    ("POST /embeddings", "data, object"),
    ("POST /embeddings", "usage.prompt_tokens, usage.total_tokens"),
]


def test_the_three_shapes_of_the_documents_come_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["compare", "openai", "assisters-com", "--out", str(tmp_path)]) == 0
    page = capsys.readouterr().out
    assert page.startswith("# Moving from openai to assisters-com")
    assert (tmp_path / "compare.md").read_text("utf-8") == page
    recorded = [str(tmp_path / f"{letter}.har") for letter in "ab"]
    assert run_command(["compare", *recorded, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["differences"]
    assert [(d["where"], d["what"]) for d in found[:3]] == LOST
    assert {d["weight"] for d in found[:3]} == {"shape"}
    refused = [d["where"] for d in found if d["weight"] == "refused"]
    assert "POST /responses (responses)" in refused
    assert {d["weight"] for d in found} >= {"error", "models", "limits", "latency"}


@pytest.mark.parametrize(
    ("word", "options"),
    [
        ("https://x.example/v1", {"base_url": "https://x.example/v1"}),
        ("alveare@http://x/v1", {"profile": "alveare", "base_url": "http://x/v1"}),
        ("alveare", {"profile": "alveare"}),
    ],
)
def test_what_a_word_means(word: str, options: dict[str, Any]) -> None:
    assert command._options_of(word) == options


def test_a_configuration_file_is_a_side(tmp_path: Path) -> None:
    file = tmp_path / "side.toml"
    file.write_text('base_url = "http://x/v1"\n', "utf-8")
    assert command._options_of(str(file)) == {"config": str(file)}


def test_words_that_name_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder or HAR of a run, no URL"):
        read_or_ask("nonsense", key=None, tier="smoke")
    with pytest.raises(UsageError, match="not the folder of a run"):
        read_or_ask(str(tmp_path), key=None, tier="smoke")
    with pytest.raises(UnreachableError, match=r"http://127\.0\.0\.1:9/v1"):
        read_or_ask("http://127.0.0.1:9/v1", key="env-no", tier="smoke")


def test_a_folder_says_who_it_is(tmp_path: Path) -> None:
    (tmp_path / "exchanges.har").write_text('{"log":{"entries":[]}}', "utf-8")
    assert read_or_ask(str(tmp_path), key=None, tier="smoke").name == tmp_path.name
    header = {"target": "embedded provider", "profile": "alveare"}
    (tmp_path / "results.jsonl").write_text(dump(Run(header, (), (), {"exit": 0})), "utf-8")
    side = read_or_ask(str(tmp_path), key=None, tier="smoke")
    assert (side.name, side.profile) == ("alveare", load_profile("alveare"))
    assert side == Side("alveare", [], side.profile)


def test_what_is_asked() -> None:
    few = {case.probes[0] for case in compared("smoke")}
    many = {case.probes[0] for case in compared("standard")}
    assert {"chat", "chat_stream", "models", "embeddings"} <= few < many
    assert not {"image", "assisters_moderate"} & many
    assert len(few) < 80


def test_prices_and_names_of_the_pages() -> None:
    (row,) = prices(load_profile("openai"), load_profile("assisters"))
    assert "chat: 0.9 in, 0.9 out" in row.b
    assert prices(None, load_profile("alveare")) == []
    assert [(d.a, d.b) for d in renamed(load_profile("assisters"))][1] == (
        "gpt-4",
        "llama-3.3-70b",
    )
    assert renamed(None) == []
