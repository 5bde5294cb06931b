"""All exchanges of a run, and what was left unsent and why."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

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
    """Exchanges in the order of sending; safe to fill from several threads."""

    def __init__(self, exchanges: Iterable[Exchange] = ()) -> None:
        self.exchanges: list[Exchange] = list(exchanges)
        self.unsent: dict[tuple[str, str], Unsent] = {}
        self.listeners: list[Callable[[Exchange], None]] = []
        self._lock = threading.Lock()
        self._count = len(self.exchanges)

    def __getstate__(self) -> dict[str, object]:
        """Recordings go from one process to another without their lock and listeners."""
        return {"exchanges": self.exchanges, "unsent": self.unsent}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__init__(state["exchanges"])  # type: ignore[misc]
        self.unsent = state["unsent"]  # type: ignore[assignment]

    def next_id(self) -> str:
        with self._lock:
            self._count += 1
            return f"x{self._count}"

    def add(self, exchange: Exchange) -> None:
        with self._lock:
            self.exchanges.append(exchange)
        for listener in self.listeners:
            listener(exchange)

    def update(self, exchange: Exchange) -> None:
        """Replace the exchange of the same id."""
        with self._lock:
            for index in range(len(self.exchanges) - 1, -1, -1):
                if self.exchanges[index].id == exchange.id:
                    self.exchanges[index] = exchange
                    return
            self.exchanges.append(exchange)

    def supersede(self, exchange: Exchange) -> None:
        """Mark an exchange as one that was tried again."""
        self.update(replace(exchange, superseded=True))

    def leave(self, driver: str, probe: str, unsent: Unsent) -> None:
        self.unsent.setdefault((driver, probe), unsent)

    def exchange(self, probe: str, driver: str = "http") -> Exchange | None:
        """The last attempt at a single probe."""
        for x in reversed(self.exchanges):
            if x.probe == probe and x.driver == driver and not x.superseded:
                return x
        return None

    def steps(self, scenario: str, driver: str = "http") -> Steps | None:
        found = tuple(
            sorted(
                (
                    x
                    for x in self.exchanges
                    if x.probe == scenario and x.driver == driver and not x.superseded
                ),
                key=_number,
            )
        )
        return Steps(scenario, found) if found else None

    def by_probe(self) -> Index:
        """An index for judging many cases quickly."""
        return Index(self)

    def __len__(self) -> int:
        return len(self.exchanges)


class Index:
    """A finished recording, looked up by driver and probe."""

    def __init__(self, recording: Recording) -> None:
        self.unsent = recording.unsent
        self.exchanges = tuple(sorted(recording.exchanges, key=_number))
        self._groups: dict[tuple[str, str], list[Exchange]] = {}
        self._drivers: dict[str, list[Exchange]] = {}
        self._picked: dict[tuple[str, int], tuple[object, list[Exchange]]] = {}
        self._digests: dict[tuple[str, int], bytes] = {}
        for x in self.exchanges:
            self._drivers.setdefault(x.driver, []).append(x)
            if x.probe and not x.superseded:
                self._groups.setdefault((x.driver, x.probe), []).append(x)

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

    def digest(self, driver: str, selector: Callable[[Exchange], bool]) -> bytes:
        """The same for recordings in which the selector picks equal exchanges."""
        key = (driver, id(selector))
        if key not in self._digests:
            self._digests[key] = fingerprint(self.picked(driver, selector))
        return self._digests[key]


def fingerprint(exchanges: Iterable[Exchange]) -> bytes:
    """One digest of several exchanges, in order."""
    return hashlib.sha256(b"".join(x.fingerprint for x in exchanges)).digest()


def _number(exchange: Exchange) -> int:
    digits = exchange.id.lstrip("x")
    return int(digits) if digits.isdigit() else 0
