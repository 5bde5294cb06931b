"""Every renderer over a passing, a broken and a cut-off run, as files that people can read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from conformance.meta_tests.test_reporting_samples import broken, cut_off, passing
from conformance.reporting import annotations, badge, ctrf, html, junit, summary, terminal
from conformance.reporting.report import Report

GOLDEN = Path(__file__).parents[2] / "snapshots" / "golden" / Path(__file__).stem

RUNS = {"passing": passing, "broken": broken, "cut-off": cut_off}
RENDERERS: dict[str, tuple[str, Callable[[Report], str]]] = {
    "terminal": ("txt", terminal.plain),
    "details": ("txt", lambda report: terminal.plain(report, details=True)),
    "junit": ("xml", junit.render),
    "summary": ("md", summary.render),
    "badge": ("json", badge.render),
    "image": ("svg", badge.svg),
    "ctrf": ("json", ctrf.render),
    "annotations": ("txt", annotations.render),
    "report": ("html", html.render),
}


def _golden(extension: str) -> type[SingleFileSnapshotExtension]:
    class Golden(SingleFileSnapshotExtension):
        _write_mode = WriteMode.TEXT
        file_extension = extension

        @classmethod
        def dirname(cls, **_: object) -> str:
            return str(GOLDEN)

        @classmethod
        def matches_test_location(cls, **_: object) -> bool:
            return True  # the folder is not beside the tests

    return Golden


@pytest.mark.parametrize("renderer", RENDERERS)
@pytest.mark.parametrize("run", RUNS)
def test_golden(run: str, renderer: str, snapshot: SnapshotAssertion) -> None:
    extension, render = RENDERERS[renderer]
    text = render(RUNS[run]())
    assert text == render(RUNS[run]())
    assert text == snapshot(extension_class=_golden(extension))
