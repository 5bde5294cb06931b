"""What was found: one value per requirement and driver, and the lines of ``results.jsonl``."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from conformance.errors import UsageError


class Observation(StrEnum):
    """What was seen, before judging by level and profile."""

    HELD = "held"
    VIOLATED = "violated"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    NOT_RUN = "not run"


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    WARNED = "warned"
    NOTED = "noted"
    KNOWN = "known failure"
    UNSUPPORTED = "unsupported"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """What a case saw, before levels. ``evidence``: ids of exchanges, the telling one first."""

    observation: Observation
    message: str = ""
    at: str = ""
    expected: tuple[str, ...] = ()
    actual: Any = None
    owner: str = ""
    evidence: tuple[str, ...] = ()
    judged: int = 0
    violated: int = 0
    unsupported: bool = False


@dataclass(frozen=True)
class Result:
    """One line of a report.

    ``owner`` names who must act when it is not passed: server, model, quota, network, suite.
    ``exchange`` is the telling exchange in one line, ``again`` the command that repeats it.
    """

    requirement: str
    level: str
    driver: str
    observation: Observation
    outcome: Outcome
    text: str = ""
    source: str = ""
    source_url: str = ""
    owner: str = ""
    message: str = ""
    at: str = ""
    expected: tuple[str, ...] = ()
    actual: Any = None
    exchanges: tuple[str, ...] = ()
    exchange: str = ""
    again: str = ""
    breaks: tuple[str, ...] = ()
    judged: int = 0
    violated: int = 0
    duration_s: float = 0.0
    reason: str = ""

    @property
    def area(self) -> str:
        return self.requirement.split(".")[0]

    def line(self) -> dict[str, Any]:
        """The JSON object of ``results.jsonl``; empty fields are left out."""
        kept = {
            key: value
            for key in self.__dataclass_fields__
            if (value := getattr(self, key)) not in ("", (), None, 0)
            or key in ("actual", "exchanges", "message")
        }
        kept["expected"], kept["exchanges"] = list(self.expected), list(self.exchanges)
        return {"type": "result", **kept}

    @classmethod
    def parse(cls, line: Mapping[str, Any]) -> Result:
        fields = {k: v for k, v in line.items() if k in cls.__dataclass_fields__}
        fields["observation"] = Observation(fields["observation"])
        fields["outcome"] = Outcome(fields["outcome"])
        for name in ("expected", "exchanges", "breaks"):
            fields[name] = tuple(fields.get(name) or ())
        return cls(**fields)


@dataclass(frozen=True)
class Run:
    """A whole run as its files hold it. ``footer`` is None when it was cut off."""

    header: Mapping[str, Any]
    results: tuple[Result, ...]
    claims: tuple[Mapping[str, Any], ...] = ()
    footer: Mapping[str, Any] | None = None
    extra: tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def complete(self) -> bool:
        return self.footer is not None

    def counts(self) -> dict[str, int]:
        found = dict.fromkeys((str(o) for o in Outcome), 0)
        for result in self.results:
            found[str(result.outcome)] += 1
        return found

    def lines(self) -> Iterable[dict[str, Any]]:
        yield {"type": "header", **self.header}
        for result in self.results:
            yield result.line()
        for claim in self.claims:
            yield {"type": "claim", **claim}
        for line in self.extra:
            yield dict(line)
        if self.footer is not None:
            yield {"type": "footer", **self.footer}


def dump(run: Run) -> str:
    """``results.jsonl`` as text."""
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in run.lines())


def load(path: Path) -> Run:
    """Read ``results.jsonl`` (or the folder that holds it). Raises UsageError."""
    file = path / "results.jsonl" if path.is_dir() else path
    if path.is_dir() and not file.exists() and (path / "results.jsonl.gz").exists():
        file = path / "results.jsonl.gz"  # a published run
    try:
        data = file.read_bytes()
        text = (gzip.decompress(data) if file.suffix == ".gz" else data).decode("utf-8")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"{file} cannot be read: {why}. Give a run's folder.") from error
    header: dict[str, Any] | None = None
    footer: dict[str, Any] | None = None
    results: list[Result] = []
    claims: list[dict[str, Any]] = []
    extra: list[dict[str, Any]] = []
    # not splitlines(): a string may hold other line separators as they are
    lines = text.removesuffix("\n").split("\n")
    for number, raw in enumerate(lines, start=1):
        try:
            line = json.loads(raw)
            kind = line.get("type")
            if kind == "header":
                header = {k: v for k, v in line.items() if k != "type"}
            elif kind == "result":
                results.append(Result.parse(line))
            elif kind == "claim":
                claims.append({k: v for k, v in line.items() if k != "type"})
            elif kind == "footer":
                footer = {k: v for k, v in line.items() if k != "type"}
            else:
                extra.append(line)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if number == len(lines):
                break  # the last line of a killed run
            raise UsageError(f"{file}, line {number}: not a results line ({error})") from error
    if header is None:
        raise UsageError(f"{file} has no header line: it is not the results of a run")
    return Run(header, tuple(results), tuple(claims), footer, tuple(extra))
