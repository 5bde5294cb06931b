"""All exchanges of a run, and what was left unsent and why."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from conformance.exchange import Exchange, Steps


@dataclass(frozen=True)
class Unsent:
    """Why a probe was not sent. ``owner``: server, quota, network or suite.

    ``kind``: skipped (by choice or configuration), prerequisite (an earlier answer was not usable),
    budget, unsupported, error.
    """

    kind: str
    reason: str
    owner: str = "suite"


class Recording:
    """Exchanges in the order of sending; safe to fill from several threads.

    ``finished``: driver and probe of all that came to its end by itself. ``listeners`` hear of an
    exchange when it has ended, ``changed`` of each that is replaced, ``endings`` of what finished.
    """

    def __init__(self, exchanges: Iterable[Exchange] = ()) -> None:
        self.exchanges: list[Exchange] = list(exchanges)
        self.unsent: dict[tuple[str, str], Unsent] = {}
        self.finished: set[tuple[str, str]] = set()
        self.listeners: list[Callable[[Exchange], None]] = []
        self.changed: list[Callable[[Exchange], None]] = []
        self.endings: list[Callable[[str, str], None]] = []
        self._lock = threading.Lock()
        self._count = max([len(self.exchanges), *map(_number, self.exchanges)])
        self._places: dict[tuple[str, str], list[int]] = {}
        for place, x in enumerate(self.exchanges):
            self._places.setdefault((x.driver, x.probe), []).append(place)

    def __getstate__(self) -> dict[str, object]:
        """Recordings go from one process to another without their lock and listeners."""
        return {"exchanges": self.exchanges, "unsent": self.unsent, "finished": self.finished}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__init__(state["exchanges"])  # type: ignore[misc]
        self.unsent = state["unsent"]  # type: ignore[assignment]
        self.finished = state["finished"]  # type: ignore[assignment]

    def next_id(self) -> str:
        with self._lock:
            self._count += 1
            return f"x{self._count}"

    def add(self, exchange: Exchange) -> None:
        with self._lock:
            self._append(exchange)
        for listener in self.listeners:
            listener(exchange)

    def _append(self, exchange: Exchange) -> None:
        places = self._places.setdefault((exchange.driver, exchange.probe), [])
        places.append(len(self.exchanges))
        self.exchanges.append(exchange)

    def update(self, exchange: Exchange) -> None:
        """Replace the exchange of the same id."""
        with self._lock:
            for place in reversed(self._places.get((exchange.driver, exchange.probe), ())):
                if self.exchanges[place].id == exchange.id:
                    self.exchanges[place] = exchange
                    break
            else:
                self._append(exchange)
        for hear in self.changed:
            hear(exchange)

    def supersede(self, exchange: Exchange) -> None:
        """Mark an exchange as one that was tried again."""
        self.update(replace(exchange, superseded=True))

    def finish(self, driver: str, probe: str) -> None:
        """A probe or scenario came to its end: it need not be sent again by a run that goes on."""
        self.finished.add((driver, probe))
        for hear in self.endings:
            hear(driver, probe)

    def leave(self, driver: str, probe: str, unsent: Unsent) -> None:
        self.unsent.setdefault((driver, probe), unsent)

    def _of(self, probe: str, driver: str) -> list[Exchange]:
        places = self._places.get((driver, probe), ())
        return [x for x in map(self.exchanges.__getitem__, places) if not x.superseded]

    def exchange(self, probe: str, driver: str = "http") -> Exchange | None:
        """The last attempt at a single probe."""
        found = self._of(probe, driver)
        return found[-1] if found else None

    def steps(self, scenario: str, driver: str = "http") -> Steps | None:
        found = tuple(sorted(self._of(scenario, driver), key=_number))
        return Steps(scenario, found) if found else None

    def by_probe(self) -> Index:
        """An index for judging many cases quickly."""
        return Index(self)

    def __len__(self) -> int:
        return len(self.exchanges)


APART = "apart"
"""In its context: sent to see what else listens there, and judged by nothing but its own cases."""


class Index:
    """A finished recording, looked up by driver and probe."""

    def __init__(self, recording: Recording) -> None:
        self.unsent = recording.unsent
        kept = [x for x in recording.exchanges if not _interrupted(x)]
        self.exchanges = tuple(sorted(kept, key=_number))
        self._groups: dict[tuple[str, str], list[Exchange]] = {}
        self._drivers: dict[str, list[Exchange]] = {}
        self._picked: dict[tuple[str, int], tuple[object, list[Exchange]]] = {}
        for x in self.exchanges:
            if not x.context.get(APART):
                self._drivers.setdefault(x.driver, []).append(x)
            if x.probe and not x.superseded:
                self._groups.setdefault((x.driver, x.probe), []).append(x)

    @cached_property
    def by_id(self) -> dict[str, Exchange]:
        """The exchanges by their numbers."""
        return {x.id: x for x in reversed(self.exchanges)}

    def exchange(self, probe: str, driver: str) -> Exchange | None:
        group = self._groups.get((driver, probe))
        return group[-1] if group else None

    def steps(self, scenario: str, driver: str) -> Steps | None:
        group = self._groups.get((driver, scenario))
        return Steps(scenario, tuple(group)) if group else None

    def picked(self, driver: str, selector: Callable[[Exchange], bool]) -> list[Exchange]:
        """A driver's exchanges that a selector picks; asked once for each selector."""
        key = (driver, id(selector))
        if key not in self._picked:
            found = [x for x in self._drivers.get(driver, []) if selector(x)]
            self._picked[key] = (selector, found)  # held, so that its id stays its own
        return self._picked[key][1]


def _interrupted(exchange: Exchange) -> bool:
    """Cut short by the end of the run, so that it says nothing about the target."""
    return exchange.failure is not None and exchange.failure.kind == "interrupted"


def _number(exchange: Exchange) -> int:
    digits = exchange.id.lstrip("x")
    return int(digits) if digits.isdigit() else 0
