"""What others read: two parsers of JUnit, the published schemas of CTRF and HAR, a HAR reader."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance import __version__
from conformance.har import write_har
from conformance.meta_tests import published
from conformance.meta_tests.test_reporting_samples import (
    BROKEN_EXCHANGES,
    broken,
    cut_off,
    passing,
)
from conformance.reporting import ctrf, junit
from conformance.results import Outcome

RUNS = {"passing": passing, "broken": broken, "cut-off": cut_off}


def counted(name: str) -> tuple[int, int, int, int]:
    """Cases, failures, errors and skipped ones of a run, by its results."""
    report = RUNS[name]()
    outcomes = [result.outcome for result in report.run.results]
    skipped = (Outcome.KNOWN, Outcome.UNSUPPORTED, Outcome.INCONCLUSIVE, Outcome.SKIPPED)
    added = name == "cut-off"  # the run itself is an error that no reader overlooks
    return (
        len(outcomes) + added,
        outcomes.count(Outcome.FAILED),
        outcomes.count(Outcome.ERROR) + added,
        sum(outcome in skipped for outcome in outcomes),
    )


@pytest.mark.parametrize("name", RUNS)
def test_junitparser_reads_the_same_counts(name: str, tmp_path: Path) -> None:
    junitparser = pytest.importorskip("junitparser")
    path = tmp_path / "junit.xml"
    path.write_text(junit.render(RUNS[name]()), "utf-8")
    read = junitparser.JUnitXml.fromfile(str(path))
    assert (read.tests, read.failures, read.errors, read.skipped) == counted(name)
    cases = [case for suite in read for case in suite]
    assert len(cases) == counted(name)[0]
    failed = [c for c in cases if any(isinstance(r, junitparser.Failure) for r in c.result)]
    assert len(failed) == counted(name)[1]
    read.update_statistics()  # its own count of what it read
    assert (read.tests, read.failures, read.errors, read.skipped) == counted(name)


@pytest.mark.parametrize("name", RUNS)
def test_junit2html_reads_the_same_counts(name: str, tmp_path: Path) -> None:
    parser = pytest.importorskip("junit2htmlreport.parser")
    path = tmp_path / "junit.xml"
    path.write_text(junit.render(RUNS[name]()), "utf-8")
    read = parser.Junit(filename=str(path))
    cases = [
        case for suite in read.suites for group in suite.classes.values() for case in group.cases
    ]
    outcomes = [case.outcome() for case in cases]
    total, failures, errors, skipped = counted(name)
    assert len(cases) == total
    assert outcomes.count("failed") == failures + errors  # it has one word for both
    assert outcomes.count("skipped") == skipped


@pytest.mark.parametrize("name", RUNS)
def test_ctrf_fits_its_published_schema(name: str) -> None:
    published.ctrf().validate(json.loads(ctrf.render(RUNS[name]())))


def test_har_fits_its_published_schema() -> None:
    text = write_har(BROKEN_EXCHANGES, creator="openai-conformance", version=__version__)
    document = json.loads(text.encode("utf-8", "backslashreplace"))
    check = published.har()
    check.validate(document)
    document["log"]["entries"][0].pop("timings")
    assert not check.is_valid(document)


def test_haralyzer_reads_every_exchange() -> None:
    haralyzer = pytest.importorskip("haralyzer")
    text = write_har(BROKEN_EXCHANGES, creator="openai-conformance", version=__version__)
    read = haralyzer.HarParser(json.loads(text.encode("utf-8", "backslashreplace")))
    entries = read.har_data["entries"]
    assert len(entries) == len(BROKEN_EXCHANGES)
    first = haralyzer.HarEntry(entries[1])
    assert (first.status, first.request.method) == (200, "POST")
    assert first.response.mimeType == "application/json"
