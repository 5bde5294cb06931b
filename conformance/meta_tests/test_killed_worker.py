"""A worker that is killed while it drives leaves its place, and what it recorded, to another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.meta_tests.support import made
from conformance.output import PARTIAL, Spool
from conformance.plugin import SuiteRun
from conformance.recording import Recording
from conformance.run import Drive, Options
from conformance.secrets import Redactor

DRIVING = """
import sys, time
from pathlib import Path
from types import SimpleNamespace
from conformance.plugin import SuiteRun
from conformance.run import Options

def drive(cases):
    print("driving", flush=True)
    time.sleep(600)

settings = SimpleNamespace(out=None)
SuiteRun(SimpleNamespace(options=Options(), settings=settings, drive=drive), ()).prepare(
    [], Path(sys.argv[1]))
"""


def test_another_goes_on(tmp_path: Path) -> None:
    spool, out = tmp_path / "spool", tmp_path / "out"
    spool.mkdir()
    child = subprocess.Popen(
        [sys.executable, "-c", DRIVING, str(spool)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "driving\n"
    with Spool(out, Redactor({})) as kept:
        kept.add(made({"id": "c1"}, probe="chat"))
        child.kill()  # what it recorded stays where it was
        child.wait()
        left = (out / PARTIAL).read_bytes()
    (out / PARTIAL).write_bytes(left)
    driven: list[Any] = []

    def drive(cases: list[Any]) -> Drive:
        driven.append(setup.earlier)
        return Drive(Recording(setup.earlier), {})

    setup: Any = SimpleNamespace(
        options=Options(), settings=SimpleNamespace(out=out), drive=drive, earlier=()
    )
    SuiteRun(setup, ()).prepare([], spool)
    assert [[x.probe for x in earlier] for earlier in driven] == [["chat"]]
    later = SuiteRun(setup, ())
    later.prepare([], spool)
    assert len(driven) == 1
    assert [x.probe for x in later.drive.recording.exchanges] == ["chat"]


def test_what_failed_is_not_tried_by_every_worker(tmp_path: Path) -> None:
    def drive(cases: list[Any]) -> Drive:
        raise OSError("no")

    setup: Any = SimpleNamespace(
        options=Options(), settings=SimpleNamespace(out=None), drive=drive, earlier=()
    )
    with pytest.raises(OSError, match="no"):
        SuiteRun(setup, ()).prepare([], tmp_path)
    with pytest.raises(pytest.UsageError, match="failed"):
        SuiteRun(setup, ()).prepare([], tmp_path)
