"""Will my client work? What the violated requirements say that they break, by client."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from conformance.results import Observation, Result

OTHERS = "other clients"


@dataclass(frozen=True)
class Trouble:
    """What a client meets, and the requirements that say so."""

    what: str
    requirements: tuple[str, ...]


@dataclass(frozen=True)
class Client:
    name: str
    troubles: tuple[Trouble, ...]


def clients(results: Iterable[Result]) -> tuple[Client, ...]:
    """The clients that the violations of a run break, most troubled first.

    A note has the form ``client: what happens``; one without a colon belongs to other clients.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for result in results:
        if result.observation is not Observation.VIOLATED:
            continue
        for note in result.breaks:
            name, what = _split(note)
            ids = found.setdefault(name, {}).setdefault(what, [])
            if result.requirement not in ids:
                ids.append(result.requirement)
    made = [
        Client(name, tuple(Trouble(what, tuple(ids)) for what, ids in troubles.items()))
        for name, troubles in found.items()
    ]
    return tuple(sorted(made, key=lambda c: (c.name == OTHERS, -len(c.troubles), c.name)))


def _split(note: str) -> tuple[str, str]:
    name, colon, what = note.partition(": ")
    return (name.strip(), what.strip()) if colon else (OTHERS, note)
