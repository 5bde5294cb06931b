"""With which clients a fault is seen: complete, true for a sample, and told."""

from __future__ import annotations

import json
from pathlib import Path

from conformance.credentials import clients, data
from conformance.drivers.sdk_open import available
from conformance.meta_tests.command import Ask, ask
from conformance.reference import seen
from conformance.reference.fault import all_faults
from conformance.requirement import EVERY_DRIVER, SDKS

__all__ = ["ask"]
SAMPLE = (
    "chat.stream.finish",  # every library loses it, openai-node notices the most
    "sdk.errors.type",  # nothing but a library shows it
)


WORDS = ("chat.stream.finish", "chat.stream.logprobs", "sdk.stream", "sdk.errors", "batches.")
"""Requirements that take no long scenario to judge."""


def test_what_is_kept_is_true_for_a_sample() -> None:
    """Whether a library sees it, not how often: releases of their helpers differ."""
    kept = seen.read(data(seen.FILE))["faults"]
    here = {name: version for name, version in available().items() if "missing" not in version}
    for name in SAMPLE:
        found = seen.seen(name, words=WORDS)
        for driver in set(SDKS) & set(here):
            told = [id for id in kept[name].get(driver, ()) if id.startswith(WORDS)]
            assert bool(found.get(driver)) == bool(told), (name, driver)
    assert seen.seen("batches.times", words=WORDS) == {}


def test_every_fault_was_tried() -> None:
    """`python -m conformance.reference.seen --missing --record snapshots/figures/seen.json`."""
    kept = seen.read(data(seen.FILE))
    assert sorted(set(seen.names()) - set(kept["faults"])) == []
    assert set(kept["faults"]) <= set(all_faults())
    assert set(kept["drivers"]) == set(SDKS)
    assert {driver for told in kept["faults"].values() for driver in told} == set(SDKS)


def test_what_was_tried_is_kept_beside_the_rest(tmp_path: Path) -> None:
    file = tmp_path / "seen.json"
    assert seen.read(file)["faults"] == {}
    one, two = "chat.usage.total", "batches.times"
    seen.record(file, {one: {"node-sdk": ["x"]}, "gone": {}}, {"node-sdk": "7"})
    seen.record(file, {two: {}}, {"node-sdk": "8"})
    found = json.loads(file.read_text())
    assert found == seen.read(file)
    assert list(found["faults"]) == [two, one]
    assert found["drivers"] == {"node-sdk": "8"}
    assert next(seen.rows(found["faults"])).split() == [two, *(w for d in SDKS for w in (d, "–"))]


def test_it_is_told(ask: Ask) -> None:
    kept = {"chat.usage.total": {"node-sdk": ["x"]}, "batches.times": {}, "sdk.errors.type": {}}
    assert seen.clients("chat.usage.total", kept) == ("http", "node-sdk")
    assert seen.clients("batches.times", kept) == ("http",)
    assert seen.clients("sdk.errors.type", kept) == ()
    assert seen.clients("chat.id", kept) is None
    assert "seen with http, python-sdk, python-sdk-async, node-sdk" in ask("faults").out
    found = clients()
    assert list(found["seen"]) == list(EVERY_DRIVER)
    assert found["seen"]["http"] > found["seen"]["node-sdk"] > 200
    assert found["faults"]["batches.times"] == ["http"]


def test_some_are_chosen() -> None:
    assert set(seen.names(["sdk."])) < set(seen.names())
    assert all(name.startswith("sdk.") for name in seen.names(["sdk."]))
