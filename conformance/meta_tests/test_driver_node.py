"""The driver node-sdk against the embedded provider; skipped where it is not installed."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from conformance.catalogue import all_cases
from conformance.clock import SystemClock, VirtualClock
from conformance.drivers import node_place, node_sdk
from conformance.drivers.http import HttpDriver
from conformance.drivers.inprocess import InProcessTransport
from conformance.drivers.sdk_open import available, open_drivers
from conformance.engine import Engine, World, findings, plan
from conformance.exchange import ClientView
from conformance.judge import Bench, judge
from conformance.meta_tests.command import Ask, ask, results
from conformance.probe import Probe, Skip
from conformance.recording import Recording
from conformance.reference.app import create_app
from conformance.reference.config import (
    KEY_MAIN,
    MODEL_CHAT,
    MODEL_EMBEDDING,
    MODEL_INSTRUCT,
    MODEL_MODERATION,
)
from conformance.requirement import Case
from conformance.results import Finding, Observation
from conformance.session import Courier
from conformance.target import Limits, Target

__all__ = ["ask"]
NODE = node_sdk.NAME
MODELS = {
    "chat": MODEL_CHAT,
    "embedding": MODEL_EMBEDDING,
    "moderation": MODEL_MODERATION,
    "completion": MODEL_INSTRUCT,
}
needs_node = pytest.mark.skipif(bool(node_place.missing()), reason=node_place.missing() or "-")
CASES = {
    case.id: case
    for case in all_cases()
    if case.id.startswith("sdk.") and NODE in case.drivers and ".retries." not in case.id
}
SEEN = (
    "sdk.chat.error-in-200",
    "sdk.chat.object",
    "sdk.embeddings.decoded",
    "sdk.errors.not-found",
    "sdk.models.list",
    "sdk.pagination.ends",
    "sdk.parse.object",
    "sdk.responses.stream-helper",
    "sdk.stream-helper.end",
    "sdk.stream.readable",
    "sdk.tools.round-trip",
)
UNSEEN = {
    "sdk.stream-helper.text": "the Node helper does not look at `object`",
    "sdk.stream-helper.tool-id": "the Node helper overwrites an id that is repeated",
}


async def _driven(
    cases: Sequence[Case], faults: Sequence[str]
) -> tuple[Recording, dict[str, Finding]]:
    clock, recording = VirtualClock(), Recording()
    target = Target("http://t.test/v1", {"api": KEY_MAIN}, MODELS, Limits(timeout_s=10))
    app = create_app(clock=clock, faults=faults)
    http = HttpDriver(target, recording, clock, InProcessTransport(app))
    courier = Courier(target, http, recording, clock)
    opened = await open_drivers((NODE,), courier, http.transport)
    try:
        world = World(courier, recording, clock, sdks=opened.drivers, missing=opened.missing)
        await Engine(world, plan(cases, (NODE,))).run()
    finally:
        await opened.aclose()
        await http.aclose()
    bench = Bench(recording.by_probe(), {}, findings(recording))
    return recording, {c.id: judge(c, NODE, bench) for c in cases}


def driven(cases: Sequence[Case], *faults: str) -> tuple[Recording, dict[str, Finding]]:
    async def within() -> tuple[Recording, dict[str, Finding]]:
        async with asyncio.timeout(60):
            return await _driven(cases, faults)

    return asyncio.run(within())


@functools.cache
def sound() -> tuple[Recording, dict[str, Finding]]:
    return driven(tuple(CASES.values()))


@needs_node
@pytest.mark.parametrize("id", CASES)
def test_holds_with_the_embedded_provider(id: str) -> None:
    finding = sound()[1][id]
    if id == "sdk.chat.types":
        assert finding.observation is Observation.NOT_RUN
    else:
        assert finding.observation is Observation.HELD, finding


@needs_node
@pytest.mark.parametrize("id", SEEN)
def test_fault_is_seen(id: str) -> None:
    assert driven([CASES[id]], id)[1][id].observation is Observation.VIOLATED


@needs_node
@pytest.mark.parametrize("id", UNSEEN)
def test_node_copes_where_python_does_not(id: str) -> None:
    assert driven([CASES[id]], id)[1][id].observation is Observation.HELD, UNSEEN[id]


@needs_node
def test_views_are_those_of_the_library() -> None:
    recording = sound()[0]

    def view(probe: str) -> ClientView:
        exchange = recording.exchange(probe, NODE)
        assert exchange is not None
        assert exchange.client is not None
        assert exchange.request.header("user-agent").startswith("OpenAI/JS ")  # type: ignore[union-attr]
        return exchange.client

    chat = view("chat")
    assert chat.client.startswith("openai-node ")
    assert (chat.call, chat.outcome) == ("chat.completions.create", "returned")
    assert chat.extra["attempts"] == 1
    assert isinstance(view("sdk_embeddings").value["data"][0]["embedding"], list)
    wrong = view("sdk_unknown_model").error
    assert wrong["classes"][:2] == ["NotFoundError", "APIError"]
    assert (wrong["status_code"], wrong["library"]) == (404, "openai")
    assert wrong["body"]["code"] == wrong["code"] == "model_not_found"


@needs_node
def test_process_that_dies_is_no_pass() -> None:
    async def run() -> None:
        clock, recording = SystemClock(), Recording()
        target = Target("http://t.test/v1", {"api": KEY_MAIN}, MODELS, Limits(timeout_s=5))
        http = HttpDriver(target, recording, clock, InProcessTransport(create_app()))
        opened = await open_drivers(
            (NODE,), Courier(target, http, recording, clock), http.transport
        )
        try:
            driver: Any = opened.drivers[NODE]
            driver._library._process.kill()
            await driver._library._process.wait()
            world = World(driver._hub.courier, recording, clock, sdks=opened.drivers)
            await Engine(world, plan([CASES["sdk.chat.text"]], (NODE,))).run()
        finally:
            await opened.aclose()
            await http.aclose()
        unsent = recording.unsent[NODE, "chat"]
        assert (unsent.kind, unsent.owner) == ("error", "suite")
        assert "Node process has ended" in unsent.reason

    asyncio.run(run())


class TestMissing:
    """Without the package nothing breaks and nothing passes."""

    @pytest.fixture(autouse=True)
    def nowhere(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        self.place = tmp_path / "empty"

    def test_it_says_how_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CONFORMANCE_NODE_DIR", str(self.place))
        assert node_place.place() == self.place
        said = available()[NODE]
        assert said.startswith("missing: ")
        assert said == node_place.missing()
        assert node_place.INSTALL in said

    def test_without_node_itself(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(self.place))
        assert "install Node.js" in node_place.missing()

    def test_run_says_not_run(
        self, ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("CONFORMANCE_NODE_DIR", str(self.place))
        said = ask("run", "sdk.chat.text", "--driver", NODE, "--out", "here")
        assert said.status == 5
        (result,) = results(tmp_path / "here").results
        assert result.observation is Observation.NOT_RUN
        assert "missing: " in result.message


class TestCall:
    """A probe as the Node process reads it."""

    def test_path_arguments(self) -> None:
        call = node_sdk._call(
            Probe("p", "GET", "/threads/t/runs/r?limit=2"), None, "/threads/t/runs/r?limit=2"
        )
        assert call["method"] == "beta.threads.runs.retrieve"
        assert list(call["ids"].items()) == [("thread_id", "t"), ("run_id", "r")]
        assert (call["query"], call["body"]) == ({"limit": "2"}, None)

    def test_helper_takes_no_stream(self) -> None:
        body = {"model": "m", "stream": True}
        probe = Probe("p", "POST", "/chat/completions", body, call="chat.completions.stream")
        call = node_sdk._call(probe, body, "/chat/completions")
        assert call["helper"]
        assert call["body"] == {"model": "m"}

    def test_files_travel_as_base64(self) -> None:
        assert node_sdk.packed({"file": ("a.txt", b"hi", "text/plain")}) == {
            "file": {"$file": ["a.txt", "aGk=", "text/plain"]}
        }

    def test_lists_are_refused(self) -> None:
        with pytest.raises(Skip):
            node_sdk._call(Probe("p", "POST", "/embeddings", [1]), [1], "/embeddings")
