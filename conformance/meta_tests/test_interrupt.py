"""Interrupted runs keep what they have; folders that cannot be used say so."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conformance.har import read_har
from conformance.output import PARTIAL, read_spool

COMMAND = [sys.executable, "-m", "conformance"]


def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, **more}
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=240, env=environ
    )


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, str]:
    """A run that is interrupted when the first exchanges are recorded."""
    out = tmp_path_factory.mktemp("cut")
    child = subprocess.Popen(
        [*COMMAND, "run", "chat.", "--out", str(out), "--concurrency", "1", "--no-fuzz"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    until = time.monotonic() + 120
    while time.monotonic() < until and child.poll() is None:
        part = out / PARTIAL
        if part.exists() and part.read_bytes().count(b"\n") >= 3:
            break
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    said, _ = child.communicate(timeout=120)
    return out, child.returncode, said


def test_an_interrupted_run_says_so(cut: tuple[Path, int, str]) -> None:
    _, status, said = cut
    assert status == 2, said
    assert "Traceback" not in said


def test_what_was_recorded_is_kept(cut: tuple[Path, int, str]) -> None:
    out, _, _ = cut
    part, whole = out / PARTIAL, out / "exchanges.har"
    kept = read_spool(part) if part.exists() else read_har(whole)
    assert len(kept) >= 3


def test_it_can_be_judged(cut: tuple[Path, int, str], tmp_path: Path) -> None:
    out, _, _ = cut
    judged = run("judge", str(out), "--out", str(tmp_path / "judged"))
    assert judged.returncode in (0, 1, 5), judged.stderr
    assert "Traceback" not in judged.stderr + judged.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    found = run("run", "models.", "--out", str(tmp_path / "out"))
    assert found.returncode == 4
    assert "Give another --out" in found.stderr


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")
    found = run("run", "models.", "--out", str(tmp_path / "out"))
    assert found.returncode == 4, found.stderr
    assert "--out" in found.stderr
    assert "Traceback" not in found.stderr


def test_two_runs_into_one_folder(tmp_path: Path) -> None:
    import fcntl

    from conformance.output import LOCK

    with (tmp_path / LOCK).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        found = run("run", "models.", "--out", str(tmp_path))
    assert found.returncode == 4, found.stderr
    assert "another run" in found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / PARTIAL).symlink_to("/dev/full")
    found = run("run", "models.", "--out", str(tmp_path))
    assert found.returncode == 4, (found.returncode, found.stderr)
    assert "--out" in found.stderr
    assert "Traceback" not in found.stderr + found.stdout


def test_going_on_sends_nothing_twice(cut: tuple[Path, int, str], tmp_path: Path) -> None:
    from conformance.resume import resumed

    out, _, _ = cut
    kept = {x.probe for x in resumed(out)}
    assert kept
    arguments = ("run", "chat.", "--no-fuzz", "--resume", str(out), "--out", str(tmp_path))
    found = run(*arguments)
    assert found.returncode in (0, 1), found.stderr
    sent = read_har(tmp_path / "exchanges.har")
    again = [x for x in sent if x.driver == "http" and x.probe in kept]
    assert len(again) == len(kept)
