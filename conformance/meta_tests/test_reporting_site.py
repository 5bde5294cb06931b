"""The site over many runs."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace
from pathlib import Path
from posixpath import dirname, join, normpath
from xml.etree import ElementTree

import pytest

from conformance.commands.reports import addressed, published
from conformance.errors import UsageError
from conformance.meta_tests.test_reporting_samples import (
    HEADER,
    HOSTILE,
    broken,
    cut_off,
    exchange,
    footer,
    passing,
    result,
)
from conformance.output import PARTIAL, Spool, read_spool
from conformance.reporting import site
from conformance.reporting.matrix import Column, column, matrices, slug
from conformance.reporting.report import build
from conformance.results import Outcome, Run, dump, load
from conformance.secrets import Redactor


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
        assert isinstance(text, str)
        if len(Path(name).parts) < site.FROZEN:
            scripts = re.findall(r"<script[^>]*>[^<]*</script>", text)
            assert scripts in ([], ['<script src="../site.js"></script>'])
            assert text.count("<script") == len(scripts)
        for link in re.findall(r'(?:href|src)="([^"#:]+)(?:#[^"]*)?"', text):
            assert normpath(join(dirname(name), link)) in files, (name, link)


def test_the_matrix_is_a_picture_too() -> None:
    picture = site.render(_columns())["matrix.svg"]
    assert isinstance(picture, str)
    ElementTree.fromstring(picture)
    assert "✗" in picture
    assert "– not judged" in picture
    assert "<script" not in picture
    assert "matrix.svg" not in site.render([])


def test_json_stands_beside_every_page() -> None:
    files = site.render(_columns())
    for name in files:
        if name.endswith(".html"):
            json.loads(files[name.removesuffix(".html") + ".json"])
    index = json.loads(files["index.json"])
    assert {each["target"] for each in index["columns"]} >= {"good"}
    telling = {row["requirement"] for row in index["rows"]}
    assert "chat.stream.terminator" in telling
    assert not telling & set(index["violated_by_none"])


def test_what_is_published_stays(tmp_path: Path) -> None:
    first = site.render(_columns()[:1])
    assert site.publish(first, tmp_path) == ()
    report = replace(passing(), run=replace(passing().run, claims=()))
    again = site.render([column(report, "good", "1.0"), _old()])
    page = "targets/good/1.0/0123456789ab/results.jsonl.gz"
    assert site.publish(again, tmp_path) == (page,)
    assert (tmp_path / page).read_bytes() == first[page]
    assert (tmp_path / "index.html").read_text("utf-8") == again["index.html"]
    assert (tmp_path / "targets/good/0.9/older/index.html").exists()
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


CATALOGUE = (
    {
        "id": "chat.stream.terminator",
        "level": "MUST",
        "text": "A stream that ends normally is closed by the event `data: [DONE]`.",
        "source": {"kind": "openai", "ref": "chat/streaming", "url": "https://example.com/a"},
        "quote": "terminated by a data: [DONE] message",
        "since": "2024-01-01",
        "breaks": ["openai-python: waits for ever", HOSTILE],
    },
    {"id": "chat.new", "level": "MAY", "text": HOSTILE, "source": {"url": "javascript:alert(1)"}},
)
CREDENTIALS = {
    "catalogue": "0123456789ab",
    "requirements": {
        "chat.stream.terminator": {
            "proved_by": "a planted fault",
            "faults": ["chat.stream.terminator", "chat.stream.terminator/spelt"],
            "example": {"fault": "x", "at": "event 3", "expected": ["[DONE]"], "actual": HOSTILE},
        },
        "chat.new": {"proved_by": "a planted fault", "faults": [], "example": {"message": "bad"}},
    },
    "faults": {"chat.stream.terminator": "Ends without.", "chat.stream.terminator/spelt": "[Done]"},
    "variations": {"slow": "Every answer is slow."},
    "proof": {
        "day": "2026-05-01",
        "catalogue": "older",
        "faults_tried": 2,
        "faults_noticed": 1,
        "variations_tried": 1,
        "variations_accepted": 1,
    },
    "clients": {},
    "field": {
        "reported": 2,
        "caught": 1,
        "defects": [
            {"id": "one", "area": "chat", "reported": "https://github.com/a/b/1", "faults": ["x"]},
            {"id": "two", "area": "chat", "reported": "https://github.com/a/b/2", "reason": "No."},
        ],
    },
    "genuine": {
        "day": "2026-05-02",
        "source": "traffic",
        "exchanges": 7,
        "requirements_held": 3,
        "violated": {"MAY": {"chat.note": ["chat.har"]}},
    },
}


def test_an_area_shows_the_catalogue_and_who_meets_it() -> None:
    earlier = ({"id": "chat.withdrawn", "level": "MUST", "text": "It was."},)
    files = site.render(_columns(), catalogue=CATALOGUE, credentials=CREDENTIALS, earlier=earlier)
    page, told = files["requirements/chat.html"], json.loads(files["requirements/chat.json"])
    for id in ("chat.stream.terminator", "chat.new", "chat.withdrawn", "chat.model"):
        assert f'id="{id}"' in page
    assert page.count("No longer in the catalogue.") > 1
    assert "Ends without." in page
    assert "javascript:" not in page.replace("javascript:alert(1)</", "")
    rows = {row["id"]: row for row in told["requirements"]}
    assert rows["chat.withdrawn"] == {**earlier[0], "withdrawn": True}
    assert list(rows["chat.stream.terminator"]["outcomes"]) == ["failed", "passed"]
    assert "outcomes" not in rows["chat.new"]


def test_a_requirement_has_a_page_of_its_own() -> None:
    files = site.render(_columns(), catalogue=CATALOGUE, credentials=CREDENTIALS)
    place = "requirements/chat/chat.stream.terminator"
    page, told = str(files[f"{place}.html"]), json.loads(files[f"{place}.json"])
    assert told["id"] == "chat.stream.terminator"
    assert list(told["outcomes"]) == ["failed", "passed"]
    assert 'href="../../targets/' in page
    assert "No published target" in str(files["requirements/chat/chat.new.html"])


def test_the_credentials_are_shown_with_their_days() -> None:
    page = site.render(_columns(), catalogue=CATALOGUE, credentials=CREDENTIALS)["credentials.html"]
    for words in ("1 of 2", "2026-05-01", "2026-05-02", "Every answer is slow.", "0 MUST", "No."):
        assert words in page
    assert "<script>" not in page
    assert "No run of the fault matrix is recorded" in site.render(_columns())["credentials.html"]


def test_published_runs_are_read_again(tmp_path: Path) -> None:
    site.publish(site.render(_columns()), tmp_path)
    found = published(tmp_path)
    assert {each.name for each in found} == {each.name for each in _columns()}
    assert all(each.frozen for each in found)
    files = site.render(found, earlier=addressed(tmp_path))
    assert not any(len(Path(name).parts) == site.FROZEN for name in files)
    whole = site.render(_columns())
    assert files["index.json"] == whole["index.json"]
    assert files["targets/good/badge.svg"] == whole["targets/good/badge.svg"]


def test_results_with_every_line_separator_are_read_again(tmp_path: Path) -> None:
    odd = result("chat.odd", Outcome.FAILED, message="a\u2028b\x85c\x0bd\x1ce\r\nf")
    run = footer(Run(HEADER, (odd,)), 1)
    (tmp_path / "results.jsonl").write_text(dump(run), "utf-8")
    assert load(tmp_path).results == (odd,)
    spooled = [exchange(f"x{n}", "{\u2028\x85}".encode()) for n in (1, 2)]
    with Spool(tmp_path, Redactor({})) as spool:
        for each in spooled:
            spool.add(each)
    read = read_spool(tmp_path / PARTIAL)
    assert [x.response.body for x in read if x.response] == ["{\u2028\x85}".encode()] * 2


def test_evidence_holds_what_the_violations_point_to() -> None:
    files = site.render([column(broken(), "x", "1")])
    packed = files["targets/x/1/0123456789ab/evidence.har.gz"]
    assert isinstance(packed, bytes)
    log = json.loads(gzip.decompress(packed))["log"]
    assert len(log["entries"]) == 3
