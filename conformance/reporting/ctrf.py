"""CTRF JSON, the Common Test Report Format."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from conformance.reporting import failure, text
from conformance.reporting.report import Report
from conformance.results import Outcome, Result

SPEC = "0.0.0"

_STATUS = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.ERROR: "failed",
    Outcome.SKIPPED: "skipped",
    Outcome.UNSUPPORTED: "skipped",
    Outcome.INCONCLUSIVE: "pending",
    Outcome.WARNED: "other",
    Outcome.NOTED: "other",
    Outcome.KNOWN: "other",
}


def render(report: Report) -> str:
    """The document. What CTRF has no word for is ``other``; ``rawStatus`` holds our own."""
    tests = [_test(result) for result in report.results]
    statuses = [test["status"] for test in tests]
    start = _milliseconds(str(report.header.get("started") or ""))
    duration = round((report.spent.seconds or 0) * 1000)
    summary: dict[str, Any] = {
        name: statuses.count(name) for name in ("passed", "failed", "pending", "skipped", "other")
    }
    document = {
        "reportFormat": "CTRF",
        "specVersion": SPEC,
        "generatedBy": "openai-conformance",
        "results": {
            "tool": {
                "name": "openai-conformance",
                "version": str(report.header.get("version") or ""),
            },
            "summary": {
                "tests": len(tests),
                **summary,
                "suites": len(report.areas),
                "start": start,
                "stop": start + duration,
                "extra": {"verdict": report.verdict.sentence, "complete": report.complete},
            },
            "tests": tests,
            "environment": {
                "appName": text.short(report.target),
                "extra": {
                    name: text.short(str(report.header[name]))
                    for name in ("profile", "catalogue", "documents", "base_url")
                    if report.header.get(name)
                },
            },
        },
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _test(result: Result) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": text.plain(f"{result.requirement} [{result.driver}]"),
        "status": _STATUS[result.outcome],
        "duration": round(result.duration_s * 1000),
        "suite": [text.plain(result.area)],
        "rawStatus": str(result.outcome),
        "tags": [text.plain(result.level), text.plain(result.driver)],
        "type": "conformance",
    }
    if result.outcome is not Outcome.PASSED:
        made["message"] = failure.line(result)
        made["trace"] = failure.block(result)
    return made


def _milliseconds(stamp: str) -> int:
    try:
        return round(datetime.fromisoformat(stamp).timestamp() * 1000)
    except ValueError:
        return 0
