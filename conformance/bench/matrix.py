"""What the fault matrix costs: a sample of it, tried as `prove` tries all of it, in one process."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator, Sequence

from conformance.reference import prove, seen

Row = tuple[str, str, str]


def rows(every: int) -> Iterator[Row]:
    """``every``: one fault or variation of so many is tried; 1 tries them all."""
    names = [name for name in prove.names() if name != "none"]
    yield _row("the fault matrix", names, every, _sound, lambda name: prove.prove(name))
    yield _row("its client libraries", seen.names(), every, seen.versions, seen.seen)


def _sound() -> None:
    for fuzz in (True, False):
        prove.clean(("http",), fuzz)


def _row(
    title: str,
    names: Sequence[str],
    every: int,
    begin: Callable[[], object],
    one: Callable[[str], object],
) -> Row:
    before = _cpu()
    begin()
    base = _cpu() - before
    chosen = names[:: max(every, 1)]
    for name in chosen:
        one(name)
    share = len(names) / len(chosen)
    spent = (_cpu() - before - base) * share + base
    how = "all tried" if every <= 1 else f"reckoned from {len(chosen)} of {len(names)}"
    return title, f"{spent / 60:.1f} min of CPU", f"{len(names)} tried one by one; {how}"


def _cpu() -> float:
    """Seconds of this process and of those that it waited for."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)
