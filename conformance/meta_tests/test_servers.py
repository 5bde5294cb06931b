"""The runner of real servers, tried with the embedded provider and with tiny programs."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from conformance.config_file import read_config
from conformance.errors import UsageError
from conformance.meta_tests.command import results
from conformance.servers.__main__ import main, settings
from conformance.servers.registry import all_servers, named
from conformance.servers.running import running
from conformance.servers.server import Place, Process, Server, ServerError
from conformance.servers.toml_text import toml_text

ANSWERS = """
import http.server, os, sys
print("pid", os.getpid(), flush=True)
http.server.ThreadingHTTPServer(
    ("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler
).serve_forever()
"""


def server(code: str, **more: float) -> Server:
    def start(place: Place) -> Sequence[Process]:
        command = (sys.executable, "-c", code, str(place.port))
        return [Process(command, place.url, **more)]

    return Server("tiny", "Tiny", "of this test", lambda _: None, lambda _: "1", start)


def test_a_server_answers_within_the_block_and_is_gone_after_it(tmp_path: Path) -> None:
    with running(server(ANSWERS), Place(tmp_path)) as place:
        assert place.port
        log = (place.work / "server-0.log").read_text()
    pid = int(log.split()[1])
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize(
    ("code", "wait_s", "said"),
    [("print('no licence'); raise SystemExit(7)", 60, "7:\nno licence"), (ANSWERS, 0, "0 s")],
)
def test_a_server_that_does_not_come_up_is_stopped_with_its_log(
    tmp_path: Path, code: str, wait_s: float, said: str
) -> None:
    with (
        pytest.raises(ServerError, match=said),
        running(server(code, wait_s=wait_s), Place(tmp_path)),
    ):
        pass


def test_what_is_not_installed_is_not_started(tmp_path: Path) -> None:
    real = named(["litellm"])[0]
    assert real.installed(Place(tmp_path)) == ""
    with pytest.raises(ServerError, match="not installed"), running(real, Place(tmp_path)):
        pass


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UsageError, match="litelm"):
        named(["litelm"])
    assert all(s.published for s in named([]))


@pytest.mark.parametrize("name", all_servers())
def test_the_settings_of_each_server_are_a_configuration(name: str, tmp_path: Path) -> None:
    made = settings(all_servers()[name], Place(tmp_path, 1))
    made = {key: value for key, value in made.items() if value is not None}
    file = tmp_path / "c.toml"
    file.write_text(toml_text(made))
    assert tomllib.loads(file.read_text()) == made
    read_config(file)


def test_a_matrix_of_the_embedded_provider(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folders = ["--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "reports")]
    few = ["models.list", "--driver", "http", "--no-fuzz"]
    assert main(["matrix", "reference", *folders, "--", *few]) == 0
    header = results(tmp_path / "cache" / "runs" / "reference").header
    assert (header["target"], header["target_version"]) == (
        "Embedded provider",
        all_servers()["reference"].installed(Place(tmp_path)),
    )
    assert (tmp_path / "reports" / "index.html").exists()
    capfd.readouterr()
    assert main(["list", "--cache", str(tmp_path / "cache")]) == 0
    assert "not installed" in capfd.readouterr().out


def test_nothing_judged_is_no_matrix(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--cache", str(tmp_path), "--", "no.such.requirement"]
    assert main(["matrix", "reference", *words]) == 4
    assert "no server could be judged" in capsys.readouterr().err
