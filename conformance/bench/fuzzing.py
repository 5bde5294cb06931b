"""Fuzzing beside schemathesis: the same provider, the same planted faults, as many requests.

Both get the request schemas of ``schemas/openai/requests``. Schemathesis reads them from an OpenAPI
document, in which ``model`` is the provider's own. A fault is found when something is reported that
is not reported without it; what is reported without a fault is a false alarm.

``python -m conformance.bench.fuzzing --schemathesis /path/to/schemathesis`` prints the table.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

from conformance.bench.slow import KEYS, MODELS
from conformance.fuzz.schema import ENDPOINTS, Endpoint
from conformance.reference.config import KEY_MAIN
from conformance.reference.fault import Fault, all_faults
from conformance.reference.serve import ServedReference
from conformance.results import load

OFFICIAL = tuple(e for e in ENDPOINTS if e.official)
VALIDATION = ("request", "error", "accepted")
"""Stages at which a fault changes what is accepted, or how it is refused."""
CHECKS = ",".join(
    f"{word}_conformance" for word in ("status_code", "content_type", "response_schema")
)
CHECKS += ",not_a_server_error,negative_data_rejection,positive_data_acceptance"
LONGEST = 120
"""Seconds after which a run of schemathesis is given up."""


@dataclass(frozen=True)
class Tried:
    """One run of one tool against one fault (none: the sound provider).

    ``first``: how many requests were sent when the first thing was reported, None without any.
    """

    found: frozenset[str]
    requests: int
    first: int | None
    seconds: float


def document() -> dict[str, Any]:
    """The OpenAPI document of the endpoints that both tools fuzz."""
    paths = {}
    for endpoint in OFFICIAL:
        answers = {
            "200": {"description": "done", "content": {"application/json": {},
                                                       "text/event-stream": {}}},
            "4XX": {"description": "refused", "content": {"application/json": {"schema": {
                "type": "object", "required": ["error"]}}}},
        }  # fmt: skip
        schema = {"$ref": f"#/components/schemas/{endpoint.name}"}
        body = {"required": True, "content": {"application/json": {"schema": schema}}}
        paths[endpoint.path] = {
            "post": {
                "operationId": endpoint.name,
                "requestBody": body,
                "responses": answers,
                "security": [{"key": []}],
            }
        }
    return {
        "openapi": "3.1.0",
        "info": {"title": "the embedded provider", "version": "1"},
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {e.name: _plain(e) for e in OFFICIAL},
        },
        "paths": paths,
    }


def _plain(endpoint: Endpoint) -> Any:
    """The request schema without the suite's own keywords, its references resolved from the top."""

    def clean(node: Any) -> Any:
        if isinstance(node, list):
            return [clean(one) for one in node]
        if not isinstance(node, dict):
            return node
        made = {k: clean(v) for k, v in node.items() if not k.startswith(("x-", "$id", "$schema"))}
        if "$ref" in made:
            made["$ref"] = f"#/components/schemas/{endpoint.name}" + made["$ref"].removeprefix("#")
        if node.get("x-model"):
            made = {"const": MODELS[node["x-model"]]}
        return made

    return clean(dict(endpoint.schema))


def faults(most: int) -> list[Fault]:
    """Faults in what is accepted and how it is refused, a stable choice of at most so many."""
    names = {e.name for e in OFFICIAL}
    found = [
        f
        for f in all_faults().values()
        if f.at in VALIDATION
        and f.routes is not None
        and f.routes <= names
        and any(b.startswith(("fuzz.", "errors.")) for b in f.breaks)
        and not f.id.startswith("fuzz.raw")
    ]
    found.sort(key=lambda f: crc32(f.id.encode()))
    return found[:most]


class Counted:
    """ASGI before the provider: how many requests came."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.requests = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.requests += scope["type"] == "http"
        await self._app(scope, receive, send)


@contextmanager
def provider(fault: Fault | None) -> Iterator[tuple[str, Counted]]:
    """The base URL of the embedded provider with one fault, and what counts its requests."""
    served = ServedReference(faults=[fault.id] if fault else [])
    counters: list[Counted] = []

    def count(app: Any) -> Counted:
        counters.append(Counted(app))
        return counters[-1]

    served.wrap(count)
    with served:
        yield served.base_url, counters[0]


def ours(fault: Fault | None, folder: Path) -> Tried:
    """The suite's own fuzzing requirements."""
    with provider(fault) as (base_url, counted):
        began = time.monotonic()
        words = [f"fuzz.{e.name}." for e in OFFICIAL]
        command = [sys.executable, "-m", "conformance", "run", *words, "--driver", "http",
                   "--base-url", base_url, *KEYS, "--out", str(folder)]  # fmt: skip
        subprocess.run(command, capture_output=True, timeout=LONGEST, check=False)  # noqa: S603
        seconds = time.monotonic() - began
        requests = counted.requests
    violated = [r for r in load(folder).results if r.observation == "violated"]
    numbers = [int(r.exchanges[0][1:]) for r in violated if r.exchanges]
    return Tried(frozenset(r.requirement for r in violated), requests,
                 min(numbers, default=None), seconds)  # fmt: skip


def theirs(fault: Fault | None, folder: Path, tool: str, how: Sequence[str]) -> Tried:
    """Schemathesis over the same endpoints; ``how``: the options that bound it."""
    spec, told = folder / "openapi.json", folder / "events.ndjson"
    spec.write_text(json.dumps(document()), "utf-8")
    with provider(fault) as (base_url, counted):
        began = time.monotonic()
        command = [tool, "run", str(spec), "--url", base_url, "-H",
                   f"Authorization: Bearer {KEY_MAIN}", "--checks", CHECKS, "--seed", "1",
                   "--generation-database", "none", "--suppress-health-check", "all",
                   "--continue-on-failure", "--no-shrink", "-w", "4", "--report", "ndjson",
                   "--report-ndjson-path", str(told), *how]  # fmt: skip
        with_time = {"capture_output": True, "timeout": LONGEST, "check": False, "cwd": folder}
        try:
            subprocess.run(command, **with_time)  # type: ignore[call-overload]  # noqa: S603
        except subprocess.TimeoutExpired:
            print(f"schemathesis was given up after {LONGEST} s", file=sys.stderr)
        seconds = time.monotonic() - began
        requests = counted.requests
    found, first = _reported(told)
    return Tried(found, requests, first, seconds)


def _reported(told: Path) -> tuple[frozenset[str], int | None]:
    """What failed where, and the number of the case that failed first."""
    found: set[str] = set()
    first: int | None = None
    number = 0
    for line in told.read_text("utf-8").splitlines() if told.exists() else ():
        event = json.loads(line).get("ScenarioFinished")
        recorder = (event or {}).get("recorder") or {}
        for checks in (recorder.get("checks") or {}).values():
            number += 1
            for check in checks:
                if check["status"] == "success":
                    continue
                failure = check.get("failure_info", {}).get("failure", {})
                component = str(failure.get("message", "")).rpartition("component: ")[2]
                found.add(f"{recorder['label']} {check['name']} {component[:200]}")
                first = number if first is None else first
    return frozenset(found), first


def table(tool: str, most: int, log: Path | None = None) -> Iterable[str]:
    """The lines of the table."""
    chosen = faults(most)
    with tempfile.TemporaryDirectory(prefix="conformance-fuzzing-") as place:
        folder = Path(place)
        sound = ours(None, folder / "ours")
        each = max(sound.requests // len(OFFICIAL), 1)
        ways: dict[str, Callable[[Fault | None], Tried]] = {
            "openai-conformance": lambda f: ours(f, folder / "ours"),
            "schemathesis, as many requests": lambda f: theirs(
                f, folder, tool, ["--phases", "coverage,fuzzing", "-n", str(each)]),
            "schemathesis, as much time": lambda f: theirs(
                f, folder, tool, ["--max-time", str(max(int(sound.seconds), 1))]),
        }  # fmt: skip
        heads = ("Fuzzer", "Faults found", "Requests", "First find after", "Requests a second",
                 "False alarms")  # fmt: skip
        yield f"| {' | '.join(heads)} |"
        yield "| --- | ---: | ---: | ---: | ---: | ---: |"
        for name, run in ways.items():
            base = run(None)
            tried = {f.id: run(f) for f in chosen}
            noticed = [id for id, one in tried.items() if one.found - base.found]
            firsts = sorted(one.first for id, one in tried.items()
                            if id in noticed and one.first is not None)  # fmt: skip
            requests = sum(one.requests for one in tried.values()) // max(len(tried), 1)
            speed = sum(o.requests for o in tried.values()) / sum(o.seconds for o in tried.values())
            if log is not None:
                missed = [id for id in tried if id not in noticed]
                said = {"tool": name, "missed": missed, "alarms": sorted(base.found)}
                with log.open("a", encoding="utf-8") as out:
                    print(json.dumps(said), file=out)
            yield (
                f"| {name} | {len(noticed)} of {len(tried)} | {requests} a fault "
                f"| {firsts[len(firsts) // 2] if firsts else '-'} (median) | {speed:.0f} "
                f"| {len(base.found)} |"
            )


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="conformance.bench.fuzzing", description=__doc__)
    parser.add_argument("--schemathesis", default="schemathesis", metavar="COMMAND")
    parser.add_argument("--faults", type=int, default=20, metavar="N", help="how many (default 20)")
    parser.add_argument("--log", type=Path, metavar="FILE", help="what each missed, as JSON lines")
    given = parser.parse_args(argv)
    for line in table(given.schemathesis, given.faults, given.log):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
