"""The site over many runs."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from posixpath import dirname, join, normpath

import pytest

from conformance.errors import UsageError
from conformance.meta_tests.test_reporting_samples import (
    HEADER,
    HOSTILE,
    broken,
    cut_off,
    footer,
    passing,
    result,
)
from conformance.reporting import site
from conformance.reporting.matrix import Column, column, matrices, slug
from conformance.reporting.report import build
from conformance.results import Outcome, Run


def _old() -> Column:
    header = {**HEADER, "catalogue": "older", "started": "2025-01-01T00:00:00+00:00"}
    run = footer(Run(header, (result("gone.rule", Outcome.PASSED),)), 0)
    return column(build(run, []), "good", "0.9")


def _columns() -> list[Column]:
    return [
        column(passing(), "good", "1.0"),
        column(broken(), f"evil/../{HOSTILE}", "../.."),
        _old(),
    ]


def test_only_equal_catalogues_stand_side_by_side() -> None:
    newest, old = matrices(_columns())
    assert (newest.catalogue, len(newest.columns)) == ("0123456789ab", 2)
    assert (old.catalogue, len(old.columns)) == ("older", 1)


def test_rows_count_only_what_was_judged() -> None:
    rows = {row.id: row for row in matrices(_columns())[0].rows}
    assert rows["chat.stream.terminator"].words == "1 of 2 violates it"
    assert rows["files.none"].words == "judged by none"
    assert rows["files.net"].telling
    assert not rows["models.owner"].telling


def test_no_link_of_the_site_is_dead_and_nothing_leaves_it() -> None:
    files = site.render(_columns())
    for name, text in files.items():
        assert not name.startswith(("/", "."))
        assert ".." not in name
        if not name.endswith(".html"):
            continue
        if len(Path(name).parts) < site.FROZEN:
            assert "<script" not in text
        for link in re.findall(r'(?:href|src)="([^"#:]+)(?:#[^"]*)?"', text):
            assert normpath(join(dirname(name), link)) in files, (name, link)


def test_json_stands_beside_every_page() -> None:
    files = site.render(_columns())
    for name in files:
        if name.endswith(".html"):
            json.loads(files[name.removesuffix(".html") + ".json"])
    index = json.loads(files["index.json"])
    assert {each["target"] for each in index["columns"]} >= {"good"}


def test_what_is_published_stays(tmp_path: Path) -> None:
    first = site.render(_columns()[:1])
    assert site.publish(first, tmp_path) == ()
    report = replace(passing(), run=replace(passing().run, claims=()))
    again = site.render([column(report, "good", "1.0"), _old()])
    page = "targets/good/1.0/results.jsonl"
    assert site.publish(again, tmp_path) == (page,)
    assert (tmp_path / page).read_text("utf-8") == first[page]
    assert (tmp_path / "index.html").read_text("utf-8") == again["index.html"]
    assert (tmp_path / "targets/good/0.9/index.html").exists()
    assert not list(tmp_path.rglob("*.part"))


def test_hostile_runs_are_written(tmp_path: Path) -> None:
    files = site.render(_columns())
    assert site.publish(files, tmp_path) == ()
    assert site.publish(files, tmp_path) == ()
    assert len(files) == sum(path.is_file() for path in tmp_path.rglob("*"))


def test_runs_that_are_no_verdict_are_refused() -> None:
    with pytest.raises(UsageError, match="not publishable"):
        column(cut_off())
    with pytest.raises(UsageError, match=r"two runs of good 1\.0"):
        matrices([column(passing(), "good", "1.0"), column(passing(), "good", "1.0")])


def test_version_of_a_run() -> None:
    assert column(passing()).version == "2026-05-01"
    header = {**HEADER, "target_version": "2.1"}
    assert column(build(footer(Run(header, ()), 0), [])).version == "2.1"


@pytest.mark.parametrize("name", ["../..", "A", "a/b", "", "..", "é", "x" * 99, HOSTILE, "a..b"])
def test_slugs_are_paths_and_never_meet(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+([.-][a-z0-9]+)*", slug(name))
    assert slug(name) != slug(name + " ")


def test_slug_keeps_what_is_plain() -> None:
    assert slug("llama-cpp-python") == "llama-cpp-python"
    assert slug("0.3.16") == "0.3.16"
