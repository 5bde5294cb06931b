"""`conformance tap`: programs that know nothing of the suite talk through it and are judged."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import openai

from conformance.commands.tap import taken
from conformance.meta_tests.command import Ask, ask, clean_names, entries, of, results
from conformance.reference.config import KEY_MAIN, MODEL_CHAT
from conformance.reference.serve import ServedReference
from conformance.results import Outcome

__all__ = ["ask"]
HELLO = {"model": MODEL_CHAT, "messages": [{"role": "user", "content": "Say hello."}]}


class Tap:
    """A running tap: its address, and its exit status when it has ended."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process, self.url = process, url

    def next_line(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.readline()

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def ended(self) -> int:
        out, err = self.process.communicate(timeout=60)
        assert "Traceback" not in err, err
        assert KEY_MAIN not in out + err
        return self.process.returncode


@contextmanager
def tapping(folder: Path, *argv: str, faults: tuple[str, ...] = ()) -> Iterator[Tap]:
    """A tap before the embedded provider."""
    environ = {k: v for k, v in os.environ.items() if k not in clean_names()}
    with ServedReference(faults=faults) as served:
        words = ("tap", *argv, "--base-url", served.base_url, "--out", str(folder / "tap"))
        process = subprocess.Popen(
            [sys.executable, "-m", "conformance", *words],
            cwd=folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            found = re.search(r"give programs (http://127\.0\.0\.1:\d+/v1)", line)
            assert found, line
            yield Tap(process, found[1])
        finally:
            process.kill()
            process.communicate()


def test_the_openai_client(tmp_path: Path) -> None:
    with tapping(tmp_path, "--requests", "2") as tap:
        with openai.OpenAI(base_url=tap.url, api_key=KEY_MAIN) as client:
            answer = client.chat.completions.create(**HELLO)
            chunks = list(client.chat.completions.create(**HELLO, stream=True))
        assert tap.ended() == 0
    assert answer.choices[0].message.content
    assert chunks
    run = results(tmp_path / "tap")
    assert run.footer is not None
    assert run.footer["requests"] == 2
    assert run.footer["tokens"] > 0
    assert run.footer["counts"]["passed"] > 50
    assert of(run, "chat.stream.terminator").outcome is Outcome.PASSED
    assert KEY_MAIN not in (tmp_path / "tap" / "exchanges.har").read_text()


def test_a_plain_client_and_a_fault(tmp_path: Path) -> None:
    with tapping(tmp_path, "chat", "--api-key", KEY_MAIN, faults=("chat.usage.total",)) as tap:
        with httpx.Client(trust_env=False) as client:
            answer = client.post(f"{tap.url}/chat/completions", json=HELLO)  # it adds the key
        assert answer.status_code == 200
        assert re.match(r"x1  MUST chat.usage.total: .*expected ", tap.next_line())  # at once
        tap.interrupt()
        assert tap.ended() == 1
    found = of(results(tmp_path / "tap"), "chat.usage.total")
    assert (found.outcome, found.owner) == (Outcome.FAILED, "server")
    assert len(entries(tmp_path / "tap")) == 1


def test_it_wants_a_target(ask: Ask) -> None:
    said = ask("tap")
    assert said.status == 4
    assert "--base-url" in said.sentence


def test_signals_are_left_alone_where_they_cannot_be_taken() -> None:
    """Only the main thread may take them, and gives them back."""
    before = signal.getsignal(signal.SIGINT)

    async def waits() -> bool:
        with taken(ended := asyncio.Event()):
            changed = signal.getsignal(signal.SIGINT) is not before
            if changed:
                signal.raise_signal(signal.SIGINT)
                await ended.wait()
        return changed

    with ThreadPoolExecutor(1) as pool:
        assert not pool.submit(asyncio.run, waits()).result()
    assert asyncio.run(waits())
    assert signal.getsignal(signal.SIGINT) is before
