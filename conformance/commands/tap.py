"""``conformance tap``: any program talks through the forwarder and is judged, at once and whole."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from conformance.errors import UsageError

if TYPE_CHECKING:
    from conformance.exchange import Exchange
    from conformance.judge import Bench
    from conformance.requirement import Case
    from conformance.results import Finding
    from conformance.secrets import Redactor
    from conformance.select import Selector

DRIVER = "http"
"""The traffic is judged as raw HTTP: nobody saw what the program made of it."""

_KEY_HEADERS = ("authorization", "api-key", "x-api-key", "proxy-authorization", "cookie")


def tap_command(given: dict[str, Any]) -> int:
    from rich.console import Console

    from conformance.catalogue import select
    from conformance.commands.run import DEFAULT_OUT
    from conformance.engine import findings
    from conformance.output import Spool, redacted
    from conformance.recording import Recording
    from conformance.reporting import terminal
    from conformance.reporting.report import build
    from conformance.run import Drive, judge_all
    from conformance.setup import setup_of

    words, port, most, details = (
        given.pop(name) for name in ("requirement", "port", "requests", "details")
    )
    given["out"] = given.get("out") or DEFAULT_OUT
    setup = setup_of(given)
    if setup.settings.embedded:
        raise UsageError("`conformance tap` wants a target: give --base-url URL.")
    applies = setup.settings.profile.applies
    cases = [c for c in select(words) if c.passive and applies(c.requirement.needs)]
    setup.options = replace(setup.options, drivers=(DRIVER,))
    recording = Recording()
    live = Live(cases, setup.redactor)
    # judged in a thread of its own: nothing that is on its way may wait for that
    with Spool(setup.settings.out, setup.redactor) as spool, ThreadPoolExecutor(1) as aside:

        def judge(exchange: Exchange) -> None:
            aside.submit(live.add, exchange)

        recording.listeners += [spool.add, judge]
        asyncio.run(_tap(setup, recording, port, most))
        recording.listeners.clear()
    print(f"{len(recording)} exchanges", file=sys.stderr)
    drive = Drive(recording, findings(recording), requests=len(recording))
    drive.tokens = _tokens(recording)
    run = setup.finish(drive, judge_all(cases, drive, setup.options, redactor=setup.redactor))
    report = build(run, [redacted(x, setup.redactor) for x in recording.exchanges])
    terminal.render(report, Console(highlight=False), details=details)
    print(f"report: {Path(given['out']) / 'report.html'}", file=sys.stderr)
    return int(run.footer["exit"]) if run.footer else 3


def _tokens(recording: Any) -> int:
    from conformance.session import tokens_of

    return sum(tokens_of(exchange) for exchange in recording.exchanges)


class Live:
    """Says at once what an exchange violates, each requirement the first time only."""

    def __init__(self, cases: Sequence[Case], redactor: Redactor) -> None:
        self._cases: dict[Selector, list[Case]] = {}
        for case in cases:
            if case.over is not None and not case.together:
                self._cases.setdefault(case.over, []).append(case)
        self._redactor = redactor

    def add(self, exchange: Exchange) -> None:
        from conformance.judge import Bench, judge
        from conformance.recording import Recording
        from conformance.results import Observation

        bench = Bench(Recording([exchange]).by_probe())
        for selector, cases in self._cases.items():
            for case in tuple(cases) if selector(exchange) else ():
                finding = judge(case, DRIVER, bench)
                if finding.observation is Observation.VIOLATED:
                    cases.remove(case)
                    self._say(case, finding, bench)

    def _say(self, case: Case, finding: Finding, bench: Bench) -> None:
        from conformance.reporting.failure import line
        from conformance.run import Options, make_result

        found = make_result(case, DRIVER, finding, bench, Options(), 0.0, self._redactor)
        said = f"{finding.evidence[0]}  {found.level} {found.requirement}: {line(found)}"
        print(said, file=sys.stderr, flush=True)


async def _tap(setup: Any, recording: Any, port: int, most: int | None) -> None:
    """Forward until a signal comes or so many requests have been answered."""
    from conformance.clock import SystemClock
    from conformance.drivers.forwarder import Forwarder, Passage
    from conformance.drivers.http import HttpDriver
    from conformance.drivers.sdk_link import Arrival
    from conformance.drivers.transport import Meta

    clock, target = SystemClock(), setup.target
    http = HttpDriver(target, recording, clock)
    ended = asyncio.Event()
    served = 0

    @asynccontextmanager
    async def admit(arrival: Arrival) -> AsyncIterator[Passage]:
        nonlocal served
        for name in _KEY_HEADERS:
            # the program's own key is nobody's business either
            key = (arrival.header(name) or "").rpartition(" ")[2]
            if key:
                setup.redactor.learn("program", key)
        try:
            yield Passage(Meta(driver=DRIVER), target.limits.timeout_s)
        finally:
            served += 1
            if most is not None and served >= most:
                ended.set()

    transport = _Keyed(http.transport, target.keys.get("api"))
    forwarder = Forwarder(transport, target.base_url, admit)
    try:
        await forwarder.start(port=port)
    except OSError as error:
        await http.aclose()
        raise UsageError(f"port {port} cannot be used: {error.strerror}") from error
    url = forwarder.base_url()
    said = f"tapping {target.base_url}: give programs {url}, Ctrl-C ends"
    print(said, file=sys.stderr, flush=True)
    try:
        with taken(ended):
            await ended.wait()
        await asyncio.sleep(0.2)  # the last answer is still on its way to the program
    finally:
        await forwarder.aclose()
        await http.aclose()


@contextmanager
def taken(ended: asyncio.Event) -> Iterator[None]:
    """Let an interruption end the tap in an orderly way; on Windows too, where loops take none."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are for the main thread alone
        return
    loop = asyncio.get_running_loop()

    def end(number: int, frame: object) -> None:
        loop.call_soon_threadsafe(ended.set)

    before = {n: signal.signal(n, end) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Keyed(httpx.AsyncBaseTransport):
    """Adds the configured key to requests that come without one."""

    def __init__(self, inner: httpx.AsyncBaseTransport, key: str | None) -> None:
        self._inner = inner
        self._key = key

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._key and "authorization" not in request.headers:
            request.headers["authorization"] = f"Bearer {self._key}"
        return await self._inner.handle_async_request(request)
