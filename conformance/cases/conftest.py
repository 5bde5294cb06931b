"""Lets ``pytest --pyargs conformance.cases`` find the options and hooks of the suite."""

from __future__ import annotations

from conformance.plugin import (  # noqa: F401 - hooks
    pytest_addoption,
    pytest_configure,
    pytest_configure_node,
    pytest_pycollect_makemodule,
    pytest_report_teststatus,
    pytest_runtest_makereport,
    pytest_runtestloop,
)
