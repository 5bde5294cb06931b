"""The command line: argument parsing only; each command is a function of ``conformance.commands``.

Imports are lazy: ``conformance list`` and ``--help`` start no SDK, no pytest and no web framework.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence
from typing import Any

from conformance import __version__
from conformance.arguments import OPTIONS
from conformance.errors import ConformanceError, UsageError


class _Parser(argparse.ArgumentParser):
    """Reports a usage error as one sentence, with exit status 4."""

    def error(self, message: str) -> None:  # type: ignore[override]
        raise UsageError(f"{message}; see `{self.prog} --help`")


def parser() -> argparse.ArgumentParser:
    top = _Parser(
        prog="conformance",
        description="Is this server really OpenAI-compatible?",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"openai-conformance {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)

    run = commands.add_parser("run", help="judge a target; with none given, the embedded provider")
    run.add_argument("requirement", nargs="*", metavar="ID", help="only these ids or beginnings")
    _options(run, several=("--config",))
    run.add_argument("-k", metavar="EXPR", help="pytest's expression over case names")
    run.add_argument("-n", metavar="WORKERS", help="judge in several processes (pytest-xdist)")
    run.add_argument("--details", action="store_true", help="print every finding in full")
    run.add_argument("--write-known-failures", metavar="FILE", help="write today's failures")

    serve = commands.add_parser("serve", help="the embedded provider alone")
    serve.add_argument("--profile", default="reference", metavar="NAME")
    serve.add_argument("--port", type=int, default=8080, metavar="N")
    serve.add_argument("--host", default="127.0.0.1", metavar="ADDRESS")
    serve.add_argument("--fault", action="append", default=[], metavar="ID")
    serve.add_argument("--variation", action="append", default=[], metavar="ID")

    tap = commands.add_parser("tap", help="judge the traffic of any program, live, through a port")
    tap.add_argument("requirement", nargs="*", metavar="ID", help="only these ids or beginnings")
    tap.add_argument("--port", type=int, default=0, metavar="N", help="default: any free one")
    tap.add_argument("--requests", type=int, metavar="N", help="end after N requests, not Ctrl-C")
    tap.add_argument("--details", action="store_true", help="print every finding in full")
    _options(tap)

    sdks = commands.add_parser("sdks", help="judge with old and new releases of openai-python")
    sdks.add_argument("requirement", nargs="*", metavar="ID", help="only these ids or beginnings")
    sdks.add_argument(
        "--release",
        action="append",
        metavar="V",
        help="1.40.0, or 1.x for the newest of a major; repeatable (default: oldest and newest)",
    )
    sdks.add_argument("--install", action="store_true", help="fetch releases that are not here")
    _options(sdks)

    listing = commands.add_parser("list", help="every requirement, a line each")
    listing.add_argument("requirement", nargs="*", metavar="ID")
    listing.add_argument("--json", action="store_true", help="the catalogue as JSON")
    explain = commands.add_parser("explain", help="one requirement in full")
    explain.add_argument("requirement", metavar="ID")
    profiles = commands.add_parser("profiles", help="the providers that are known")
    profiles.add_argument("action", nargs="?", choices=("check",), help="check a file of your own")
    profiles.add_argument("file", nargs="?", metavar="FILE")
    doctor = commands.add_parser(
        "doctor", help="reachable? which capabilities? what would it cost?"
    )
    _options(doctor)
    commands.add_parser("faults", help="the defects that the embedded provider can be given")
    drivers = commands.add_parser("drivers", help="which clients can be used here")
    drivers.add_argument("--install", choices=("node-sdk",), metavar="NAME", help="node-sdk")

    judge = commands.add_parser(
        "judge", help="judge recorded traffic: a run's folder or a HAR file"
    )
    judge.add_argument("recording", metavar="RUN|FILE.har")
    judge.add_argument("requirement", nargs="*", metavar="ID")
    judge.add_argument("--details", action="store_true")
    _options(judge)
    diff = commands.add_parser("diff", help="what changed between two runs")
    diff.add_argument("old", metavar="OLD")
    diff.add_argument("new", metavar="NEW")
    diff.add_argument("--json", action="store_true")
    compare = commands.add_parser(
        "compare", help="what changes for a client that moves from A to B"
    )
    side = "a run's folder, a HAR file, a profile, a URL, PROFILE@URL, or a configuration file"
    compare.add_argument("a", metavar="A", help=side)
    compare.add_argument("b", metavar="B", help="the same")
    for letter in "ab":
        compare.add_argument(
            f"--key-{letter}", metavar="KEY", help=f"the key of {letter.upper()}, or env:NAME"
        )
    compare.add_argument("--tier", choices=("smoke", "standard"), help="how much (default smoke)")
    compare.add_argument("--rpm", type=float, metavar="N", help="requests a minute, of each")
    compare.add_argument("--timeout", type=float, metavar="S", help="for one request")
    compare.add_argument("--json", action="store_true", help="the differences as JSON")
    compare.add_argument("--out", metavar="DIR", help="keep both recordings and the page here")

    migrate = commands.add_parser(
        "migrate-check", help="replay your own recorded OpenAI traffic against a new provider"
    )
    migrate.add_argument("recording", metavar="FILE.har")
    migrate.add_argument(
        "--map",
        action="append",
        metavar="OLD=NEW",
        help="send model NEW where OLD was recorded; repeatable",
    )
    migrate.add_argument("--calls", type=int, metavar="N", help="replay N at most (default 100)")
    migrate.add_argument("--json", action="store_true", help="the findings as JSON")
    _options(migrate)
    merge = commands.add_parser("merge", help="join the shares of a run that --shard split")
    merge.add_argument("run", nargs="+", metavar="RUN")
    merge.add_argument("--out", required=True, metavar="DIR")
    report = commands.add_parser("report", help="the matrix over many runs, as a static site")
    report.add_argument("run", nargs="+", metavar="RUN")
    report.add_argument("--out", metavar="DIR", help="default: reports")
    badge = commands.add_parser("badge", help="the badge of a run")
    badge.add_argument("run", metavar="RUN")
    badge.add_argument("--svg", action="store_true")
    return top


def _options(command: argparse.ArgumentParser, several: Sequence[str] = ()) -> None:
    """The options of a run. ``several``: those that may be given more than once here."""
    for flag, settings in OPTIONS:
        more: dict[str, Any] = {"action": "append"} if flag in several else {}
        command.add_argument(flag, **settings, **more)


def run_command(argv: Sequence[str]) -> int:
    """Run one command; returns the exit status."""
    try:
        arguments = parser().parse_args(argv)
        if not arguments.command:
            parser().print_help()
            return UsageError.status
        from conformance.commands import command

        given = vars(arguments)
        return command(given.pop("command"))(given)
    except ConformanceError as error:
        print(f"conformance: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print("conformance: interrupted", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0
    except Exception:
        traceback.print_exc()
        print("conformance: the suite broke; please report the lines above", file=sys.stderr)
        return ConformanceError.status
