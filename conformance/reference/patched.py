"""A recording of which a part was sent again, looked up without looking at the rest once more."""

from __future__ import annotations

from collections.abc import Callable

from conformance.exchange import Exchange
from conformance.probe import all_probes
from conformance.recording import Index, Recording
from conformance.reference.trace import Pair
from conformance.requirement import Case


class Patched(Index):
    """``before``: the index of the first recording; ``again``: the pairs that were sent again."""

    def __init__(self, before: Index, recording: Recording, again: frozenset[Pair]) -> None:
        super().__init__(recording)
        self._before = before
        self._again = again
        self._gone = {id(x) for x in before.exchanges if (x.driver, x.probe) in again}
        self._new = [x for x in self.exchanges if (x.driver, x.probe) in again]

    def picked(self, driver: str, selector: Callable[[Exchange], bool]) -> list[Exchange]:
        key = (driver, id(selector))
        if key not in self._picked:
            kept = self._before.picked(driver, selector)
            new = [x for x in self._new if x.driver == driver and selector(x)]
            if new or not self._gone.isdisjoint(map(id, kept)):
                kept = [x for x in kept if id(x) not in self._gone] + new
            self._picked[key] = (selector, kept)
        return self._picked[key][1]

    def concerns(self, case: Case, driver: str) -> bool:
        """Whether a case judges anything of what was sent again."""
        if case.over is not None:
            return self.picked(driver, case.over) is not self._before.picked(driver, case.over)
        known = all_probes()
        return any(
            (driver if driver in known[name].drivers else "http", name) in self._again
            for name in case.probes
        )
