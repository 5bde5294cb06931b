"""``python -m conformance.servers``: install real servers, run the suite on them, make the matrix.

Each server is installed in an environment of its own below the cache folder, listens on a free
loopback port, and is stopped whatever happens.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from conformance.errors import UsageError
from conformance.servers.registry import all_servers, named
from conformance.servers.running import running
from conformance.servers.server import Place, Server, ServerError
from conformance.servers.toml_text import toml_text

JUDGED = (0, 1)
"""Exit statuses of a run that is a verdict."""


def cache_folder() -> Path:
    """Where environments are kept between calls."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "openai-conformance" / "servers"


def main(argv: Sequence[str] | None = None) -> int:
    given = _arguments(list(sys.argv[1:] if argv is None else argv))
    signal.signal(signal.SIGTERM, _leave)
    try:
        return int(given.command(given))
    except UsageError as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 4
    except KeyboardInterrupt:
        return 2


def _leave(*_: Any) -> NoReturn:
    raise KeyboardInterrupt


def _arguments(argv: list[str]) -> argparse.Namespace:
    own, _, more = _split(argv)
    parser = argparse.ArgumentParser(prog="python -m conformance.servers", description=__doc__)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--cache", type=Path, default=cache_folder(), metavar="DIR")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command, text in (
        ("list", list_command, "the servers and what is installed"),
        ("install", install_command, "install them, each in an environment of its own"),
        ("serve", serve_command, "start one and leave it running until interrupted"),
        ("run", run_command, "run the suite on them; options of `conformance run` after --"),
        ("matrix", matrix_command, "run the suite on them and build the matrix"),
    ):
        sub = commands.add_parser(name, help=text, description=text, parents=[common])
        sub.set_defaults(command=command, more=more)
        sub.add_argument("names", nargs="*", metavar="NAME", help="default: all")
        if name == "install":
            sub.add_argument("--again", action="store_true", help="also what is installed")
        if name == "serve":
            sub.add_argument("--port", type=int, default=0)
        if name in ("run", "matrix"):
            sub.add_argument("--runs", type=Path, metavar="DIR", help="default: CACHE/runs")
        if name == "matrix":
            sub.add_argument("--out", type=Path, default=Path("reports"), metavar="DIR")
    return parser.parse_args(own)


def _split(argv: list[str]) -> tuple[list[str], str, list[str]]:
    at = argv.index("--") if "--" in argv else len(argv)
    return argv[:at], "--", argv[at + 1 :]


def list_command(given: argparse.Namespace) -> int:
    for server in named(given.names) if given.names else all_servers().values():
        version = server.installed(Place(given.cache / server.name)) or "not installed"
        lacking = server.missing()
        note = f" (needs {', '.join(lacking)} on the PATH)" if lacking else ""
        print(f"{server.name:20} {version:16} {server.title}: {server.about}{note}")
    return 0


def install_command(given: argparse.Namespace) -> int:
    return _each(given, lambda server, place: _install(server, place, given.again))


def serve_command(given: argparse.Namespace) -> int:
    for server in named(given.names)[:1]:
        with running(server, Place(given.cache.resolve() / server.name, given.port)) as place:
            print(f"{server.title} {server.installed(place)} at {place.url}{server.base_path}")
            while True:
                time.sleep(3600)
    return 0


def run_command(given: argparse.Namespace) -> int:
    return _each(given, lambda server, place: _run(server, place, given))


def matrix_command(given: argparse.Namespace) -> int:
    failed = run_command(given)
    folders = [_runs(given) / server.name for server in named(given.names)]
    judged = [str(folder) for folder in folders if (folder / "results.jsonl").exists()]
    if not judged:
        raise UsageError("no server could be judged")
    made = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "conformance", "report", *judged, "--out", str(given.out)],
        check=False,
    )
    return made.returncode or failed


def _each(given: argparse.Namespace, work: Any) -> int:
    """Do it for every server; 3 when one could not be installed, started or judged."""
    failed = 0
    for server in named(given.names):
        place = Place(given.cache.resolve() / server.name)
        try:
            lacking = server.missing()
            if lacking:
                raise ServerError(f"it needs {', '.join(lacking)} on the PATH")
            work(server, place)
        except ServerError as error:
            print(f"{server.name}: {error}", file=sys.stderr)
            failed = 3
    return failed


def _install(server: Server, place: Place, again: bool = False) -> None:
    version = server.installed(place)
    if not version or again:
        print(f"installing {server.title} into {place.env}", file=sys.stderr)
        place.env.parent.mkdir(parents=True, exist_ok=True)
        server.install(place)
        version = server.installed(place)
        if not version:
            raise ServerError("it was installed, and its version cannot be read")
    print(f"{server.title} {version}", file=sys.stderr)


def _runs(given: argparse.Namespace) -> Path:
    return Path(given.runs or given.cache / "runs").resolve()


def _run(server: Server, place: Place, given: argparse.Namespace) -> None:
    """One run of the suite; what it leaves is in a folder by the server's name."""
    _install(server, place)
    out = _runs(given) / server.name
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.jsonl").unlink(missing_ok=True)  # an old verdict must not stand for this run
    with running(server, place) as place:
        config = place.write("conformance.toml", toml_text(settings(server, place)))
        command = [sys.executable, "-m", "conformance", "run", "--config", config]
        done = subprocess.run(  # noqa: S603
            [*command, "--out", str(out), *given.more], env=_clean(), check=False
        )
    if done.returncode not in JUDGED:
        raise ServerError(f"the run ended with {done.returncode}: it is no verdict")


def settings(server: Server, place: Place) -> dict[str, Any]:
    """The configuration of the run."""
    return {
        "base_url": place.url + server.base_path,
        "name": server.title,
        "version": server.installed(place),
        **server.settings,
    }


def _clean() -> Mapping[str, str]:
    """The environment without what would choose another target."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "CONFORMANCE_"))}


if __name__ == "__main__":
    raise SystemExit(main())
