"""What each command of the command line does: functions of the parsed arguments.

Each is imported when it is called.
"""

from __future__ import annotations

import importlib
from typing import Any

WHERE = {
    "run": "run",
    "serve": "serve",
    "faults": "serve",
    "list": "browse",
    "explain": "browse",
    "profiles": "profiles",
    "doctor": "doctor",
    "drivers": "doctor",
    "judge": "judge",
    "diff": "reports",
    "report": "reports",
    "badge": "reports",
}


def __getattr__(name: str) -> Any:
    if name not in WHERE:
        raise AttributeError(name)
    module = importlib.import_module(f"conformance.commands.{WHERE[name]}")
    return getattr(module, f"{name}_command")
