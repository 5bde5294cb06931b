"""The registry of planted faults and of legal variations, and the stages where they hook in.

A fault makes the provider break the requirements that it names; a variation changes
the provider in a way that conforms, and nothing may fail under it.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

if TYPE_CHECKING:
    from conformance.reference.call import Call

Stage = Literal[
    "flag",  # never called: the provider's own code asks `call.on(id)`
    "front",  # of what stands before the provider, which cannot serve it by itself
    "received",
    "authorised",
    "request",
    "accepted",
    "reply",
    "chunks",
    "frames",
    "error",
    "http",
]
Hook = Callable[..., Any]
_H = TypeVar("_H", bound=Hook)


@dataclass(frozen=True)
class Fault:
    """One planted defect: the requirements it breaks and the hook that does so."""

    id: str
    breaks: tuple[str, ...]
    text: str
    at: Stage
    routes: frozenset[str] | None
    hook: Hook | None
    field_defect: tuple[str, ...] = ()
    when: Callable[[Call], bool] | None = None

    def applies(self, call: Call) -> bool:
        """Whether this call is one that the fault changes."""
        if self.routes is not None and not matches(self.routes, call.route):
            return False
        return self.when is None or self.when(call)


@cache
def matches(routes: frozenset[str], route: str) -> bool:
    """Exact names, or `area.*` for a route and everything below it."""
    if route in routes:
        return True
    return any(
        name.endswith(".*") and (route == name[:-2] or route.startswith(name[:-1]))
        for name in routes
    )


_FAULTS: dict[str, Fault] = {}
_VARIATIONS: dict[str, Fault] = {}


def _register(
    registry: dict[str, Fault],
    id: str,
    breaks: Sequence[str],
    at: Stage,
    route: str | Iterable[str] | None,
    text: str | None,
    when: Callable[[Call], bool] | None,
    field_defects: str | Sequence[str],
) -> Callable[[_H], _H]:
    if at not in get_args(Stage):
        raise ValueError(f"{id}: no stage {at!r}; stages are {', '.join(get_args(Stage))}")

    def decorate(hook: _H) -> _H:
        if id in registry:
            raise ValueError(f"{id} is registered twice")
        words = text or (inspect.getdoc(hook) or "").partition("\n")[0]
        if not words:
            raise ValueError(f"{id}: say what it does, in a docstring or as text=")
        routes = None if route is None else frozenset([route] if isinstance(route, str) else route)
        defects = (field_defects,) if isinstance(field_defects, str) else tuple(field_defects)
        called = None if at in ("flag", "front") else hook
        registry[id] = Fault(id, tuple(breaks), words, at, routes, called, defects, when)
        return hook

    return decorate


def fault(
    id: str,
    *,
    at: Stage,
    breaks: str | Sequence[str] | None = None,
    route: str | Iterable[str] | None = None,
    text: str | None = None,
    when: Callable[[Call], bool] | None = None,
    field_defects: str | Sequence[str] = (),
) -> Callable[[_H], _H]:
    """Register the decorated hook as a fault; it breaks the requirement of its own id."""
    broken = (id,) if breaks is None else (breaks,) if isinstance(breaks, str) else tuple(breaks)
    return _register(_FAULTS, id, broken, at, route, text, when, field_defects)


def variation(
    id: str,
    *,
    at: Stage,
    route: str | Iterable[str] | None = None,
    text: str | None = None,
    when: Callable[[Call], bool] | None = None,
) -> Callable[[_H], _H]:
    """Register the decorated hook as a legal variation, under which nothing may fail."""
    return _register(_VARIATIONS, id, (), at, route, text, when, ())


@cache
def _load(package: str) -> None:
    module = importlib.import_module(package)
    for found in pkgutil.iter_modules(getattr(module, "__path__", []), package + "."):
        importlib.import_module(found.name)


def all_faults() -> Mapping[str, Fault]:
    """Every fault of every module in `conformance.reference.faults`."""
    _load("conformance.reference.faults")
    return _FAULTS


def all_variations() -> Mapping[str, Fault]:
    """Every variation of every module in `conformance.reference.variations`."""
    _load("conformance.reference.variations")
    return _VARIATIONS


def select(registry: Mapping[str, Fault], ids: Sequence[str], kind: str) -> list[Fault]:
    """The named entries; an unknown name is an error that lists near matches."""
    for name in ids:
        if name not in registry:
            near = difflib.get_close_matches(name, registry, n=5, cutoff=0.4)
            hint = f"; did you mean {', '.join(near)}?" if near else ""
            raise ValueError(f"no {kind} {name!r}{hint}")
    return [registry[name] for name in dict.fromkeys(ids)]
