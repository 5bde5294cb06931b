"""The suite's own proof: no fault, every legal variation, every fault, against every requirement.

A fault must be noticed by exactly the requirements that it names; a variation by none.
"""

from __future__ import annotations

import os
import zlib

import pytest

from conformance.catalogue import all_cases
from conformance.reference.fault import all_faults, all_variations
from conformance.reference.matrix import try_out
from conformance.reference.prove import names, prove
from conformance.results import Observation

EVERY = os.environ.get("CONFORMANCE_MATRIX") == "all"
SHARE = 6


def sample() -> list[str]:
    """No fault, and of the faults and variations one in six, always the same.

    All of them take minutes: ``CONFORMANCE_MATRIX=all``, or ``nox -s faults``.
    """
    return [
        name
        for name in names()
        if EVERY or name == "none" or zlib.crc32(name.encode()) % SHARE == 0
    ]


@pytest.mark.parametrize("name", sample())
def test_exactly_what_is_planted_is_noticed(name: str) -> None:
    proof = prove(name)
    assert (proof.missed, proof.extra, proof.errors) == ((), (), ())


def test_every_requirement_has_a_fault() -> None:
    """But for what is proved elsewhere: shapes, client libraries, providers, what is served."""
    elsewhere = ("test_shapes", "test_sdk", "test_providers", "test_served")
    broken = {id for fault in all_faults().values() for id in fault.breaks}
    asked = (c for c in all_cases() if not c.module.rsplit(".", 1)[-1].startswith(elsewhere))
    assert sorted(c.id for c in asked if c.id not in broken) == []


def test_every_fault_names_requirements_that_exist() -> None:
    known = {case.id for case in all_cases()}
    wrong = {f.id: set(f.breaks) - known for f in all_faults().values() if set(f.breaks) - known}
    assert wrong == {}


def test_faults_and_variations_say_what_they_do() -> None:
    for planted in (*all_faults().values(), *all_variations().values()):
        assert planted.text, planted.id


UNPROVOKED = {
    # what a sound provider never shows: failures in mid-answer, redirects, unguarded routes beside
    "auth.guards.beside",
    "auth.guards.beside-tokens",
    # its model begins every answer alike, and then nothing is held against anybody
    "chat.n.different",
    "chat.stream.n.different",
    "completions.n.different",
    "chat.stream.error.form",
    "chat.stream.error.last",
    "http.redirect.host",
    "http.redirect.no-loop",
    "responses.status.error-told",
    "responses.stream.error.form",
    "responses.stream.error.nested",
    "responses.stream.failed-told",
    # in process there is no TLS: test_tls.py serves the provider behind some
    "tls.certificate",
    "tls.outdated",
    "tls.plain",
    "tls.version",
}


def test_nothing_but_shapes_and_sdks_is_left_unjudged() -> None:
    """On the embedded provider every wire requirement is really decided, and holds."""
    shown = try_out()
    left = {
        id: finding.message
        for (id, _), finding in shown.findings.items()
        if finding.observation is not Observation.HELD and ".shape." not in id
    }
    assert set(left) == UNPROVOKED
