"""The operations of the API, one module for each area."""

from __future__ import annotations

import importlib
import pkgutil

from conformance.reference.routing import Route


def all_routes() -> tuple[Route, ...]:
    """The `ROUTES` of every module in this package."""
    routes: list[Route] = []
    for found in pkgutil.iter_modules(__path__, __name__ + "."):
        module = importlib.import_module(found.name)
        routes += getattr(module, "ROUTES", ())
    return tuple(routes)
