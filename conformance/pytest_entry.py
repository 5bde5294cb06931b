"""Lets plain pytest find the suite: `pytest --pyargs conformance.cases --base-url ...`.

Loaded into every pytest of the environment, so it does nothing, and imports nothing, unless the
cases are asked for by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    if any("conformance.cases" in word or "conformance/cases" in word for word in args):
        early_config.pluginmanager.import_plugin("conformance.plugin")
