"""Fuzzing beside schemathesis: the same provider, the same planted faults, as many requests.

Both tools get the request schemas of ``schemas/openai/requests`` and fuzz the embedded provider,
which is sound, over a socket: that gives what each sends, how fast, and what it reports though
nothing is wrong. Schemathesis reads the schemas from an OpenAPI document, in which ``model`` is the
provider's own and ``x-with`` has become ``dependentRequired``.

What each sends depends on its seed, not on the answers. So the same bodies are then sent, in the
same order, to the provider with each fault of input validation
(:mod:`conformance.bench.validation`). A fault is found by the first body that the tool's own rule
reports now and did not report of the sound provider: with schemathesis a 5xx, a valid body that is
refused, an invalid one that is accepted.

``python -m conformance.bench.fuzzing --schemathesis /path/to/schemathesis`` prints the table.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import logging
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zlib import crc32

from conformance.bench.slow import KEYS, MODELS
from conformance.bench.validation import OFFICIAL, answered, found
from conformance.exchange import Exchange
from conformance.fuzz.schema import Endpoint
from conformance.fuzz.verdict import failing, marks
from conformance.har import read_har
from conformance.reference.config import KEY_MAIN
from conformance.reference.fault import Fault
from conformance.reference.serve import ServedReference
from conformance.results import load

CHECKS = ",".join(
    f"{word}_conformance" for word in ("status_code", "content_type", "response_schema")
)
CHECKS += ",not_a_server_error,negative_data_rejection,positive_data_acceptance"
LONGEST = 600
"""Seconds after which a run of schemathesis is given up."""
ALLOWED = (401, 403, 404, 409, 429)
"""Refusals that schemathesis takes of a valid body."""
Rule = Callable[[int, bytes], bool]


@dataclass(frozen=True)
class Sent:
    """One request of a tool: its body (None: another method, or broken headers), and its rule."""

    body: bytes | None
    reports: Rule


@dataclass(frozen=True)
class Sending:
    """What one tool sent to an endpoint of the sound provider. ``alarms``: what it reported."""

    sent: tuple[Sent, ...]
    seconds: float
    alarms: frozenset[str] = frozenset()

    def first(self, requests: int) -> Sending:
        return replace(self, sent=self.sent[:requests])


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

    made = clean(dict(endpoint.schema))
    # what only the suite's own keywords speak of is left out
    defs = made.pop("$defs", {})
    used: set[str] = set()
    while more := {name for name in defs if f'/$defs/{name}"' in json.dumps(
            [made, [defs[n] for n in used]])} - used:  # fmt: skip
        used |= more
    made["$defs"] = {name: defs[name] for name in sorted(used)}
    beside = {name: sorted(node["x-with"]) for name, node in endpoint.schema["properties"].items()
              if "x-with" in node}  # fmt: skip
    if beside:
        made["dependentRequired"] = beside
    return made


def faults(most: int | None) -> list[Fault]:
    """All faults of input validation, or a stable choice of so many."""
    return sorted(found(), key=lambda f: crc32(f.id.encode()))[:most]


def endpoint_of(fault: Fault) -> Endpoint:
    return next(e for e in OFFICIAL if e.name in (fault.routes or ()))


@contextmanager
def provider() -> Iterator[str]:
    """The base URL of the embedded provider."""
    with ServedReference() as served:
        yield served.base_url


def ours(endpoint: Endpoint, folder: Path) -> Sending:
    """The suite's own fuzzing requirements of an endpoint."""
    with provider() as base_url:
        began = time.monotonic()
        command = [sys.executable, "-m", "conformance", "run", f"fuzz.{endpoint.name}.",
                   "--driver", "http", "--base-url", base_url, *KEYS,
                   "--out", str(folder)]  # fmt: skip
        subprocess.run(command, capture_output=True, timeout=LONGEST, check=False)  # noqa: S603
        seconds = time.monotonic() - began
    exchanges = sorted(read_har(folder / "exchanges.har"), key=lambda x: int(x.id[1:]))
    sent = [
        Sent(x.request.body if marks(x).get("endpoint") == endpoint.name else None, _rule(x))
        for x in exchanges
    ]
    violated = [r.requirement for r in load(folder).results if r.observation == "violated"]
    return Sending(tuple(sent), seconds, frozenset(violated))


def _rule(x: Exchange) -> Rule:
    """What the suite reports of an answer to a body that it drew."""

    def reports(status: int, body: bytes) -> bool:
        if x.response is None:
            return False
        chunks = (replace(x.response.chunks[0], data=body),) if x.response.chunks else ()
        answer = replace(x.response, status=status, chunks=chunks, headers=())
        return failing(replace(x, response=answer)) is not None

    return reports


def theirs(endpoint: Endpoint, folder: Path, tool: str, how: Sequence[str]) -> Sending:
    """Schemathesis over an endpoint; ``how``: the options that bound it."""
    spec, told = folder / "openapi.json", folder / "events.ndjson"
    spec.write_text(json.dumps(document()), "utf-8")
    told.unlink(missing_ok=True)
    with provider() as base_url:
        began = time.monotonic()
        command = [tool, "run", str(spec), "--url", base_url, "-H",
                   f"Authorization: Bearer {KEY_MAIN}", "--checks", CHECKS, "--seed", "1",
                   "--generation-database", "none", "--suppress-health-check", "all",
                   "--continue-on-failure", "--no-shrink", "--include-path", endpoint.path,
                   "--report", "ndjson", "--report-ndjson-path", str(told), *how]  # fmt: skip
        subprocess.run(  # noqa: S603 - the tool that was given
            command, capture_output=True, timeout=LONGEST, check=False, cwd=folder
        )
        seconds = time.monotonic() - began
    sent, alarms = [], set()
    for line in told.read_text("utf-8").splitlines() if told.exists() else ():
        recorder = (json.loads(line).get("ScenarioFinished") or {}).get("recorder") or {}
        for case, checks in (recorder.get("checks") or {}).items():
            sent.append(_their_case(recorder, case))
            for check in checks:
                if check["status"] != "success":
                    failure = check.get("failure_info", {}).get("failure", {})
                    component = str(failure.get("message", "")).rpartition("component: ")[2]
                    alarms.add(f"{recorder['label']} {check['name']} {component[:200]}")
    return Sending(tuple(sent), seconds, frozenset(alarms))


def _their_case(recorder: Mapping[str, Any], case: str) -> Sent:
    request = recorder["interactions"][case]["request"]
    positive = recorder["cases"][case]["value"]["meta"]["generation"]["mode"] == "positive"

    def reports(status: int, body: bytes) -> bool:
        if positive:
            return status >= 500 or (400 <= status < 500 and status not in ALLOWED)
        return status >= 500 or 200 <= status < 300

    plain = (
        request["method"] == "POST"
        and request["headers"].get("Content-Type") == ["application/json"]
        and "Authorization" in request["headers"]
        and "body" in request
    )
    return Sent(base64.b64decode(request["body"]["$base64"]) if plain else None, reports)


def sendings(tool: str, folder: Path) -> dict[str, dict[str, Sending]]:
    """By tool and way, by endpoint, what is sent."""
    found: dict[str, dict[str, Sending]] = {}
    for endpoint in OFFICIAL:
        mine = ours(endpoint, folder / endpoint.name)
        many, long = str(len(mine.sent)), str(max(round(mine.seconds), 1))
        whole = theirs(endpoint, folder, tool, ["--phases", "coverage"])
        ways = {
            "openai-conformance": mine,
            "schemathesis, as many requests of its coverage phase": whole.first(len(mine.sent)),
            "schemathesis, as many requests of its fuzzing phase": theirs(
                endpoint, folder, tool, ["--phases", "fuzzing", "-n", many]
            ).first(len(mine.sent)),
            "schemathesis, as much time": theirs(endpoint, folder, tool, ["--max-time", long]),
            "schemathesis, the whole of its coverage phase": whole,
        }
        for way, sending in ways.items():
            found.setdefault(way, {})[endpoint.name] = sending
    return found


def flagged(endpoint: Endpoint, sending: Sending, fault: Fault | None) -> list[bool]:
    """For each request, whether the tool reports it of the provider with the fault."""
    bodies = [one.body for one in sending.sent if one.body is not None]
    answers = iter(asyncio.run(answered(endpoint, bodies, fault)))
    return [one.body is not None and one.reports(*next(answers)) for one in sending.sent]


def first_find(now: Sequence[bool], sound: Sequence[bool]) -> int | None:
    """After how many requests a fault is found."""
    pairs = enumerate(zip(now, sound, strict=True), start=1)
    return next((number for number, (new, old) in pairs if new and not old), None)


HEADS = ("Fuzzer", "Faults found", "Requests", "First find after", "Requests a second",
         "False alarms")  # fmt: skip


def table(tool: str, most: int | None, log: Path | None = None) -> Iterable[str]:
    """The lines of the table."""
    with tempfile.TemporaryDirectory(prefix="conformance-fuzzing-") as place:
        found = sendings(tool, Path(place))
    chosen = faults(most)
    yield f"| {' | '.join(HEADS)} |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for way, by_endpoint in found.items():
        sound = {e.name: flagged(e, by_endpoint[e.name], None) for e in OFFICIAL}
        firsts = {}
        for fault in chosen:
            endpoint = endpoint_of(fault)
            now = flagged(endpoint, by_endpoint[endpoint.name], fault)
            firsts[fault.id] = first_find(now, sound[endpoint.name])
        noticed = sorted(first for first in firsts.values() if first is not None)
        if log is not None:
            alarms = sorted(a for sending in by_endpoint.values() for a in sending.alarms)
            with log.open("a", encoding="utf-8") as out:
                print(json.dumps({"way": way, "first": firsts, "alarms": alarms}), file=out)
        requests = sum(len(sending.sent) for sending in by_endpoint.values())
        seconds = sum(sending.seconds for sending in by_endpoint.values())
        part = "of its coverage phase" in way and "as many" in way  # cut off from a longer run
        alarmed = {a for sending in by_endpoint.values() for a in sending.alarms}
        yield (
            f"| {way} | {len(noticed)} of {len(chosen)} | {requests} "
            f"| {noticed[len(noticed) // 2] if noticed else '-'} (median) "
            f"| {'' if part else f'{requests / seconds:.0f}'} | {'' if part else len(alarmed)} |"
        )


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="conformance.bench.fuzzing", description=__doc__)
    parser.add_argument("--schemathesis", default="schemathesis", metavar="COMMAND")
    parser.add_argument("--faults", type=int, metavar="N", help="how many (default all)")
    parser.add_argument("--log", type=Path, metavar="FILE", help="who found what, as JSON lines")
    given = parser.parse_args(argv)
    logging.disable(logging.CRITICAL)  # the provider says of each crash that it crashed
    machine = f"{os.cpu_count()} CPUs, {platform.system()}, Python {platform.python_version()}"
    print(machine, flush=True)
    for line in table(given.schemathesis, given.faults, given.log):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
