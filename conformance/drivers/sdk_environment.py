"""Keeps the environment out of client libraries, and their warnings off the screen."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO

_PREFIXES = ("OPENAI_", "AZURE_OPENAI_")
_NAMES = frozenset(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSLKEYLOGFILE"))
_OURS = r"(conformance\.drivers|openai|pydantic)(\.|$)"

current_warnings: ContextVar[list[str] | None] = ContextVar("current_warnings", default=None)
"""Where the warnings of the call under way go."""


@contextmanager
def clean_environment(given: Mapping[str, str] | None = None) -> Iterator[None]:
    """No variable that steers a client library, except those given; restored afterwards.

    Only for code that does not wait: the environment belongs to the whole process.
    """
    taken = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(_PREFIXES) or name.upper() in _NAMES
    }
    for name in taken:
        del os.environ[name]
    os.environ.update(given or {})
    try:
        yield
    finally:
        for name in given or {}:
            os.environ.pop(name, None)
        os.environ.update(taken)


class Hush:
    """While entered, warnings of client libraries are gathered for their call, not printed.

    ``warnings.catch_warnings`` would not do: several threads call at once.
    """

    def __enter__(self) -> Hush:
        self._filters = list(warnings.filters)
        warnings.filterwarnings("always", module=_OURS)
        self._added = [f for f in warnings.filters if f not in self._filters]
        self._show = warnings.showwarning
        warnings.showwarning = self._gather
        self._level = logging.getLogger("openai").level
        # below this the library logs request bodies and headers
        logging.getLogger("openai").setLevel(logging.WARNING)
        return self

    def __exit__(self, *_: object) -> None:
        for entry in self._added:
            if entry in warnings.filters:
                warnings.filters.remove(entry)  # type: ignore[attr-defined]
        getattr(warnings, "_filters_mutated", lambda: None)()
        if warnings.showwarning == self._gather:
            warnings.showwarning = self._show
        logging.getLogger("openai").setLevel(self._level)

    def _gather(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> Any:
        gathered = current_warnings.get()
        if gathered is None:
            self._show(message, category, filename, lineno, file, line)
        else:
            gathered.append(f"{category.__name__}: {str(message)[:300]}")
