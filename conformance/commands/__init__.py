"""What each command of the command line does: functions of the parsed arguments.

Each is imported when it is called.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

WHERE = {
    "run": "run",
    "sdks": "sdks",
    "tap": "tap",
    "merge": "merge",
    "serve": "serve",
    "faults": "serve",
    "list": "browse",
    "explain": "browse",
    "profiles": "profiles",
    "doctor": "doctor",
    "drivers": "doctor",
    "judge": "judge",
    "diff": "reports",
    "compare": "compare",
    "migrate-check": "migrate",
    "report": "reports",
    "badge": "reports",
}


def command(name: str) -> Callable[[dict[str, Any]], int]:
    """The function behind a word of the command line."""
    module = importlib.import_module(f"conformance.commands.{WHERE[name]}")
    found: Callable[[dict[str, Any]], int] = getattr(module, f"{name.replace('-', '_')}_command")
    return found
