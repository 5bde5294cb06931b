"""JUnit XML, as CI systems read it: a suite an area, a case a requirement and driver."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from xml.etree import ElementTree as ET

from conformance.reporting import failure, text
from conformance.reporting.report import Area, Report
from conformance.results import Outcome, Result

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FAILED = (Outcome.FAILED,)
_ERROR = (Outcome.ERROR,)
_SAID = (Outcome.WARNED, Outcome.NOTED)
_SKIPPED = (Outcome.KNOWN, Outcome.UNSUPPORTED, Outcome.INCONCLUSIVE, Outcome.SKIPPED)


def render(report: Report) -> str:
    """The whole document, with only characters that XML allows."""
    root = ET.Element("testsuites", {"name": "openai-conformance"})
    _counts(root, report.run.results)
    stamp = _stamp(report.header)
    for area in report.areas:
        root.append(_suite(area, report, stamp))
    if not report.complete or report.exit in (2, 3):
        root.append(_verdict(report, stamp))
        for name in ("tests", "errors"):
            root.set(name, str(int(root.get(name) or 0) + 1))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode") + "\n"


def legal(words: str) -> str:
    """``words`` without what XML 1.0 forbids."""
    return _ILLEGAL.sub("", words)


def _suite(area: Area, report: Report, stamp: str) -> ET.Element:
    results = [result for item in area.items for result in item.results]
    suite = ET.Element("testsuite", {"name": legal(text.plain(area.name))})
    _counts(suite, results)
    suite.set("timestamp", stamp)
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(report.header):
        ET.SubElement(properties, "property", {"name": legal(name), "value": legal(value)})
    for result in results:
        suite.append(_case(result))
    return suite


def _case(result: Result) -> ET.Element:
    case = ET.Element(
        "testcase",
        {
            "name": legal(text.plain(f"{result.requirement} [{result.driver}]")),
            "classname": legal(text.plain(f"conformance.{result.area}")),
            "time": f"{result.duration_s:.6f}",
        },
    )
    words = legal(failure.block(result))
    message = legal(failure.line(result))
    kind = legal(text.plain(result.level))
    if result.outcome in _FAILED:
        _add(case, "failure", words, message=message, type=kind)
    elif result.outcome in _ERROR:
        _add(case, "error", words, message=message, type=legal(result.owner or "suite"))
    elif result.outcome in _SKIPPED:
        why = f"{result.outcome}: {result.reason or failure.line(result)}"
        ET.SubElement(case, "skipped", {"message": legal(text.short(why, 400))})
    if result.outcome in (*_SAID, Outcome.KNOWN):
        _add(case, "system-out", words)
    return case


def _verdict(report: Report, stamp: str) -> ET.Element:
    """A run without a clean end is an error that no reader can overlook."""
    suite = ET.Element("testsuite", {"name": "run"})
    counts = {"tests": "1", "failures": "0", "errors": "1", "skipped": "0", "time": "0.000000"}
    suite.attrib.update(counts)
    suite.set("timestamp", stamp)
    case = ET.SubElement(
        suite, "testcase", {"name": "the run ended", "classname": "conformance", "time": "0.000000"}
    )
    sentence = legal(report.verdict.sentence)
    _add(case, "error", sentence, message=sentence, type="run")
    return suite


def _add(case: ET.Element, tag: str, words: str, **attributes: str) -> None:
    ET.SubElement(case, tag, attributes).text = words


def _counts(element: ET.Element, results: Iterable[Result]) -> None:
    results = list(results)
    element.set("tests", str(len(results)))
    element.set("failures", str(sum(r.outcome in _FAILED for r in results)))
    element.set("errors", str(sum(r.outcome in _ERROR for r in results)))
    element.set("skipped", str(sum(r.outcome in _SKIPPED for r in results)))
    element.set("time", f"{sum(r.duration_s for r in results):.6f}")


def _stamp(header: Mapping[str, object]) -> str:
    """The start without its zone, as the format wants it."""
    found = re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", str(header.get("started") or ""))
    return found[0] if found else "1970-01-01T00:00:00"


def _properties(header: Mapping[str, object]) -> Iterable[tuple[str, str]]:
    for name in ("target", "base_url", "profile", "version", "catalogue", "documents", "tier"):
        if header.get(name):
            yield name, text.short(str(header[name]))
    drivers = header.get("drivers")
    for name, version in drivers.items() if isinstance(drivers, dict) else ():
        yield text.plain(f"driver {name}"), text.short(str(version))
