"""Will my client work: from the notes of the requirements, client by client."""

from __future__ import annotations

from conformance.catalogue import all_cases
from conformance.meta_tests.test_reporting_samples import result
from conformance.reporting.clients import (
    BROKEN,
    CLIENTS,
    OTHERS,
    SHAKY,
    SOUND,
    UNKNOWN,
    Client,
    clients,
    notes_of,
)
from conformance.reporting.workarounds import WORKAROUNDS, workaround
from conformance.results import Outcome, Result

PLAIN, HELPERS, AGENTS = CLIENTS[0].name, CLIENTS[1].name, CLIENTS[-1].name


def found(*results: Result, **capabilities: str) -> dict[str, Client]:
    names = {name.replace("_", "."): state for name, state in capabilities.items()}
    return {client.name: client for client in clients(results, names)}


def test_every_client_has_a_row_and_nothing_unseen_is_green() -> None:
    assert {client.state for client in found().values()} == {UNKNOWN}
    assert set(found()) == {known.name for known in CLIENTS}


def test_a_violation_hits_the_clients_that_it_names() -> None:
    made = found(
        result("chat.stream.usage.once", Outcome.FAILED, breaks=("openai-python: counts twice",)),
        result("chat.x", Outcome.PASSED, breaks=("LangChain: loses it",)),
        result("chat.y", Outcome.WARNED, level="SHOULD", breaks=("Go, Rust: fails to decode",)),
        result("chat.z", Outcome.FAILED, breaks=("users see nothing",)),
    )
    (trouble,) = made[PLAIN].troubles
    assert (trouble.what, trouble.requirements) == ("counts twice", ("chat.stream.usage.once",))
    assert trouble.workaround.startswith("ask without `stream`")
    states = {name: client.state for name, client in made.items()}
    assert (states[PLAIN], states["LangChain"], states[HELPERS]) == (BROKEN, SOUND, UNKNOWN)
    assert states["openai-go and other strictly typed clients"] == SHAKY
    assert [trouble.what for trouble in made[OTHERS].troubles] == ["users see nothing"]
    assert (made["LangChain"].held, made["LangChain"].named) == (1, 1)


def test_one_driver_that_fails_is_enough() -> None:
    note = ("openai-python: TypeError",)
    made = found(
        result("chat.x", Outcome.PASSED, breaks=note),
        result("chat.x", Outcome.FAILED, driver="python-sdk", breaks=note),
    )
    assert (made[PLAIN].state, made[PLAIN].held, made[PLAIN].named) == (BROKEN, 0, 1)


def test_helpers_and_calls_are_told_apart() -> None:
    made = found(
        result("chat.a", Outcome.FAILED, breaks=("openai-python runs.poll(): ValueError",)),
        result("chat.b", Outcome.FAILED, breaks=("openai-python audio.speech.create()",)),
    )
    assert [trouble.what for trouble in made[HELPERS].troubles] == ["runs.poll(): ValueError"]
    assert [trouble.what for trouble in made[PLAIN].troubles] == ["audio.speech.create() fails"]


def test_what_a_client_cannot_do_without() -> None:
    made = found(
        result("chat.tools.stream.index", Outcome.FAILED, text="Each has an index."),
        chat_stream="refused",
    )
    assert [trouble.what for trouble in made[AGENTS].troubles] == [
        "it needs `chat.stream`, which is refused here",
        "Each has an index.",
    ]


def test_the_catalogue_names_every_client() -> None:
    """A client that no requirement concerns would always be unknown."""
    results = [
        result(case.id, Outcome.PASSED, breaks=case.requirement.breaks) for case in all_cases()
    ]
    for known in CLIENTS:
        assert any(notes_of(known, each) for each in results), known.name


def test_every_workaround_is_for_something() -> None:
    ids = [case.id for case in all_cases()]
    for start, advice in WORKAROUNDS:
        assert any(id == start or id.startswith(f"{start}.") for id in ids), start
        assert not advice.endswith(".")
    assert workaround("nothing.of.the.kind") == ""
