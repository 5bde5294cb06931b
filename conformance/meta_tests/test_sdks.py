"""Old and new releases of openai-python: another interpreter as a driver, and the table."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.cases import _sdk, test_sdk, test_sdk_errors
from conformance.commands import sdks as command
from conformance.drivers import line_process, python_place
from conformance.drivers.line_process import LineProcess
from conformance.drivers.python_sdk import ELSEWHERE
from conformance.drivers.sdk_view import error_view
from conformance.errors import SuiteError, UsageError
from conformance.exchange import ClientView
from conformance.expect import NotApplicable
from conformance.meta_tests.command import Ask, ask, results
from conformance.meta_tests.support import made
from conformance.reporting import sdks
from conformance.results import Observation, Outcome, Result, Run

__all__ = ["ask"]


def result(id: str, outcome: Outcome, driver: str = "python-sdk", **more: Any) -> Result:
    held = Observation.HELD if outcome is Outcome.PASSED else Observation.VIOLATED
    return Result(id, "MUST", driver, held, outcome, text="It holds.", **more)


def run(version: str, *found: Result) -> Run:
    drivers = {"http": "httpx 1", "python-sdk": f"openai-python {version}"}
    return Run({"target": "t", "drivers": drivers}, found)


OLD = run(
    "1.0.0",
    result("sdk.a", Outcome.PASSED),
    result("sdk.b", Outcome.FAILED, at="status", expected=("200",), actual=500),
    result("sdk.b", Outcome.PASSED, "python-sdk-async"),
    result("sdk.c", Outcome.SKIPPED, message="no such method"),
    result("sdk.a", Outcome.FAILED, "http"),
)
NEW = run("2.0.0", *(result(f"sdk.{letter}", Outcome.PASSED) for letter in "abd"))


class TestTable:
    def test_what_differs_is_told(self) -> None:
        found = sdks.table({"1.0.0": OLD, "2.0.0": NEW})
        assert [(row.requirement, row.differs) for row in found.rows] == [
            ("sdk.a", False),
            ("sdk.b", True),
            ("sdk.c", False),
            ("sdk.d", False),
        ]
        assert [row.partly for row in found.rows] == [False, False, True, True]
        assert found.drivers == {"1.0.0": "openai-python 1.0.0", "2.0.0": "openai-python 2.0.0"}
        assert found.counts("1.0.0")[Outcome.FAILED] == 1
        said = sdks.text(found)
        sums = "1 requirements alike with every release, 2 with those that meet them, 1 not:"
        assert sums in said
        assert "MUST   sdk.b  ✗ failed / ✓ passed ✓ passed" in said
        assert "sdk.a" not in said
        assert "sdk.d" not in said

    def test_as_markdown_with_reasons(self) -> None:
        said = sdks.markdown(sdks.table({"1.0.0": OLD, "2.0.0": NEW}))
        assert "| MUST | `sdk.b` | ✗ failed / ✓ passed | ✓ passed |" in said
        assert "- 1.0.0 python-sdk: failed&#58; status expected 200&#44; got 500" in said
        assert "## Alike with the releases that meet it: 2" in said
        assert "## Alike with every release: 1" in said

    def test_as_json(self) -> None:
        found = json.loads(sdks.data(sdks.table({"1.0.0": OLD, "2.0.0": NEW})))
        assert found["rows"][1]["releases"] == {
            "1.0.0": {"python-sdk": "failed", "python-sdk-async": "passed"},
            "2.0.0": {"python-sdk": "passed"},
        }

    def test_of_nothing(self) -> None:
        assert "0 requirements alike" in sdks.text(sdks.table({}))
        assert "Not alike with every release: 0" in sdks.markdown(sdks.table({}))


class TestOldReleases:
    """What an old release cannot say is not held against the server."""

    def test_exceptions_without_attributes(self) -> None:
        error = error_view(ValueError("no"))
        assert set(error["lacks"]) >= {"code", "request_id", "body"}
        wire = {"error": {"message": "no", "code": "insufficient_quota"}}
        view = ClientView("openai-python 1.0.0", "c", "raised", None, error)
        old = {**dict.fromkeys(("code", "param", "type")), "body": wire, "lacks": ["request_id"]}
        for said in (error, old):
            x = replace(made(wire, status=429), client=replace(view, error=said))
            assert _sdk.unopened(x)
            for name in ("code", "param", "type", "request_id"):
                with pytest.raises(NotApplicable, match="of this release"):
                    _sdk.attribute(x, name)
            with pytest.raises(NotApplicable, match="unopened"):
                test_sdk_errors.test_message(x)
        new = {"body": wire["error"], "code": "insufficient_quota"}
        x = replace(made(wire, status=429), client=replace(view, error=new))
        assert not _sdk.unopened(x)
        _sdk.attribute(x, "code").equals("insufficient_quota")

    def test_objects_without_a_request_id(self) -> None:
        view = ClientView("openai-python 1.0.0", "c", "returned", {}, None, {})
        with pytest.raises(NotApplicable, match="of this release"):
            test_sdk.test_request_id(replace(made({}), client=view))


class TestPlace:
    @pytest.fixture(autouse=True)
    def here(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("CONFORMANCE_SDKS_DIR", str(tmp_path / "sdks"))

    def test_it_is_below_the_cache(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("CONFORMANCE_SDKS_DIR")
        monkeypatch.setenv("XDG_CACHE_HOME", "/c")
        assert python_place.place() == Path("/c/openai-conformance/python")

    @pytest.mark.parametrize(
        ("release", "asked"),
        [
            ("2.x", ["openai>=2,<3"]),
            ("1.0.0", ["openai==1.0.0", "httpx<0.28"]),
            ("1.56.0", ["openai==1.56.0"]),
        ],
    )
    def test_what_pip_is_asked_for(self, release: str, asked: list[str]) -> None:
        assert python_place.wanted(release) == asked

    @pytest.mark.parametrize("release", ["1", "latest", "1.2.3 --pre", "x.x"])
    def test_what_is_no_release(self, release: str) -> None:
        with pytest.raises(UsageError, match="a release is"):
            python_place.wanted(release)

    def test_each_is_installed_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ran: list[list[str]] = []

        def fake(words: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
            ran.append(words)
            (python_place.place() / "2.x").mkdir(parents=True, exist_ok=True)
            return subprocess.CompletedProcess(words, 0, "", "")

        monkeypatch.setattr(subprocess, "run", fake)
        python_place.install("2.x")
        python_place.install("2.x")
        assert len(ran) == 2
        assert ran[1][-1] == "openai>=2,<3"

    @pytest.mark.parametrize("said", ["no such release\n", ""])
    def test_pip_says_why_not(self, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
        ended = subprocess.CompletedProcess([], 1, "", said)
        monkeypatch.setattr(subprocess, "run", lambda *_, **__: ended)
        with pytest.raises(SuiteError, match="no such release" if said else "said nothing"):
            python_place.install("2.x")

    def test_it_takes_too_long(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def slow(*_: Any, **__: Any) -> None:
            raise subprocess.TimeoutExpired("pip", 600)

        monkeypatch.setattr(subprocess, "run", slow)
        with pytest.raises(SuiteError, match="timed out"):
            python_place.install("2.x")


class TestProcess:
    def test_it_says_why_it_does_not_start(self) -> None:
        words = [sys.executable, "-c", "raise ValueError('no way')"]
        with pytest.raises(SuiteError, match="x did not start: ValueError: no way"):
            asyncio.run(LineProcess("x", words).start())
        with pytest.raises(SuiteError, match="x did not start: No such file"):
            asyncio.run(LineProcess("x", ["/no/such/program"]).start())

    def test_it_is_silent_for_too_long(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(line_process, "_START", 0.2)
        words = [sys.executable, "-c", "import time; time.sleep(60)"]
        with pytest.raises(SuiteError, match="it said nothing"):
            asyncio.run(LineProcess("x", words).start())

    def test_it_answers_and_its_end_is_told(self) -> None:
        code = """
import sys, json
print(json.dumps({"ready": 1}), flush=True)
print("not JSON", flush=True)
line = json.loads(sys.stdin.readline())
print(json.dumps({"id": line["id"], "got": line["word"]}), flush=True)
sys.stdin.readline()
"""

        async def talk() -> None:
            process = LineProcess("x", [sys.executable, "-c", code])
            assert await process.start() == {"ready": 1}
            assert (await process.ask({"word": "a"}))["got"] == "a"
            with pytest.raises(SuiteError, match="x has ended"):
                await process.ask({"word": "b"})
            await process.aclose()
            with pytest.raises(SuiteError, match="x has ended"):
                await process.ask({"word": "c"})

        asyncio.run(talk())

    def test_files_and_bytes_come_back(self) -> None:
        value = {"file": ("a.txt", b"hi", "text/plain"), "many": [b"\x00", 1, None]}
        assert line_process.opened(json.loads(json.dumps(line_process.packed(value)))) == value


class TestCommand:
    """With the interpreter of these tests as the release: it has one, whichever."""

    @pytest.fixture(autouse=True)
    def here(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(python_place, "place", lambda: tmp_path / "sdks")
        inside = python_place.python("9.x")
        inside.parent.mkdir(parents=True)
        inside.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        inside.chmod(0o755)
        monkeypatch.setattr(python_place, "install", lambda release: None)

    @pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
    def test_a_run_in_another_interpreter(self, ask: Ask, tmp_path: Path) -> None:
        ids = ["sdk.chat.text", "sdk.stream.text"]
        said = ask("sdks", *ids, "--release", "9.x", "--install", "--out", "out")
        assert said.status == 0, said.err
        assert "9.x" in said.out
        assert "2 requirements alike" in said.out
        found = results(tmp_path / "out" / "9.x")
        held = {(r.requirement, r.driver) for r in found.results if r.outcome is Outcome.PASSED}
        assert held == {(id, d) for id in ids for d in ("python-sdk", "python-sdk-async")}
        assert "| `sdk.chat.text` |" in (tmp_path / "out" / "sdks.md").read_text()

    def test_what_is_not_there(self, ask: Ask) -> None:
        said = ask("sdks", "--release", "1.0.0")
        assert said.status == 3
        assert "give --install" in said.err

    def test_a_library_that_does_not_start_is_not_run(
        self, ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv(ELSEWHERE, str(tmp_path / "nowhere"))
        said = ask("run", "sdk.chat.text", "--driver", "python-sdk", "--out", "here")
        assert said.status == 5
        (found,) = results(tmp_path / "here").results
        assert "did not start" in found.message

    def test_a_run_that_left_nothing(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        ended = subprocess.CompletedProcess([], 4, "", "")
        monkeypatch.setattr(subprocess, "run", lambda *_, **__: ended)
        assert command._run("9.x", [], tmp_path) == (4, None)
