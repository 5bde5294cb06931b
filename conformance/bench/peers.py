"""Requests and tokens for 100 verdicts, beside the peers that are installed here.

Each talks to the embedded provider, which counts. A verdict is what the tool itself reports as one
decided check: passed, failed or warned, not skipped. Peers are looked for on PATH, or where
CONFORMANCE_BENCH_PEERS names folders.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from conformance.reference.config import KEY_MAIN, MODEL_CHAT
from conformance.reference.serve import ServedReference

Row = tuple[str, str, str]
_TOTAL = re.compile(rb'"total_tokens": ?(\d+)')


@dataclass
class Counted:
    """What a tool sent. ``url``: where it is to send it."""

    url: str = ""
    requests: int = 0
    tokens: int = 0


@dataclass(frozen=True)
class Peer:
    """A tool: its command on PATH, its words, and how many verdicts its output holds."""

    name: str
    program: str
    words: Callable[[str], list[str]]
    verdicts: Callable[[str], int]
    environ: dict[str, str] = field(default_factory=dict)


def _decided(text: str, lists: str, status: str) -> int:
    found = json.loads(text[text.index("{") :])
    rows = found.get(lists, [])
    return sum(str(row.get(status)).lower() in ("pass", "fail", "warn") for row in rows)


PEERS = (
    Peer(
        "trustedrouter-provider-check",
        "trustedrouter-provider-check",
        lambda url: ["--base-url", url, "--model", MODEL_CHAT, "--tier", "5", "--json", "-"],
        lambda text: _decided(text, "checks", "status"),
        {"TR_PROVIDER_API_KEY": KEY_MAIN},
    ),
    Peer(
        "CompatCanary",
        "compatcanary",
        lambda url: [
            *("scan", "--base-url", url, "--model", MODEL_CHAT),
            *("--format", "json", "--fail-on", "never"),
        ],
        lambda text: _decided(text, "results", "status"),
        {"OPENAI_API_KEY": KEY_MAIN},
    ),
    Peer(
        "openai-tests (Python 3.13)",
        "openai-tests",
        lambda url: ["text-simple", "--base-url", url, "--model", MODEL_CHAT],
        lambda text: len(re.findall(r"^/v1/\S+: \S*(?:PASSED|PARTIAL|FAILED)", text, re.M)),
        {"OPENAI_API_KEY": KEY_MAIN},
    ),
)

NOT_HERE = (
    "beranekio, avelrl (Go), octest (Rust), webai, openresponses, gpt-oss: in no registry that we "
    "can install from; llama-stack: deleted upstream; schemathesis: no verdict of its own on OpenAI"
)
"""Peers that nobody can measure again with a package manager alone."""


@contextmanager
def counting() -> Iterator[Counted]:
    """The embedded provider, with a count of what it is asked and of the tokens that it bills."""
    served, counted = ServedReference(), Counted()

    def around(app: Any) -> Any:
        async def counts(scope: Any, receive: Any, send: Any) -> None:
            body = bytearray()

            async def later(message: Any) -> None:
                body.extend(message.get("body") or b"")
                await send(message)

            counted.requests += scope["type"] == "http"
            await app(scope, receive, later)
            counted.tokens += max((int(n) for n in _TOTAL.findall(body)), default=0)

        return counts

    served.wrap(around)
    with served:
        counted.url = served.base_url
        yield counted


def rows() -> Iterator[Row]:
    """A row for each peer: requests for 100 verdicts, or why it was not run."""
    path = os.pathsep.join((os.environ.get("CONFORMANCE_BENCH_PEERS", ""), os.environ["PATH"]))
    for peer in PEERS:
        program = shutil.which(peer.program, path=path)
        name = f"requests for 100 verdicts: {peer.name}"
        if program is None:
            yield name, "not installed", ""
            continue
        with counting() as counted:
            done = subprocess.run(  # noqa: S603 - a tool that was installed for this
                [program, *peer.words(counted.url)],
                capture_output=True,
                text=True,
                timeout=600,
                env={**os.environ, **peer.environ},
            )
        try:
            verdicts = max(peer.verdicts(done.stdout), 1)
        except (ValueError, AttributeError):
            yield name, "no report", (done.stderr.strip().splitlines() or [""])[-1][:80]
            continue
        tokens = 100 * counted.tokens / verdicts
        said = f"{counted.requests} for {verdicts}, {tokens:.0f} tokens for 100"
        yield name, f"{100 * counted.requests / verdicts:.0f}", said
    yield "peers that were not measured", "", NOT_HERE
