"""Exceptions that end a run, each with a sentence that says what to do.

ConformanceError
├── UsageError         arguments, configuration or files: exit status 4
├── UnreachableError   the target could not be used at all: exit status 3
└── SuiteError         the suite broke: exit status 3
"""

from __future__ import annotations


class ConformanceError(Exception):
    status = 3


class UsageError(ConformanceError):
    status = 4


class UnreachableError(ConformanceError):
    status = 3


class SuiteError(ConformanceError):
    status = 3
