"""Bodies that failed in an earlier run: kept beside its report, and sent first in the next.

``fuzz-failures.jsonl`` holds a line for each cause at each endpoint: the smallest body, what it was
drawn for, what came of it, and the curl line that sends it again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from conformance.errors import UsageError
from conformance.exchange import Exchange
from conformance.fuzz.schema import ENDPOINTS, Constraint
from conformance.fuzz.verdict import by_cause, failing, marks
from conformance.probe import Model

FILE = "fuzz-failures.jsonl"
Line = dict[str, Any]


def lines(exchanges: Iterable[Exchange]) -> list[Line]:
    """What failed in a recording, the smallest body of each cause."""
    from conformance.judge import curl

    drawn: dict[str, list[Exchange]] = {}
    for x in exchanges:
        said = marks(x)
        if said.get("endpoint") not in (None, "raw") and isinstance(x.request.json, dict):
            drawn.setdefault(str(said["endpoint"]), []).append(x)
    found = []
    for name, mine in drawn.items():
        for cause, group in by_cause((failing(x), x) for x in mine).items():
            smallest = group[0]
            found.append(
                {
                    "endpoint": name,
                    "cause": str(cause),
                    "status": smallest.status,
                    "fuzz": {k: v for k, v in marks(smallest).items() if k != "endpoint"},
                    "body": smallest.request.json,
                    "curl": curl(smallest),
                }
            )
    return found


def told(exchanges: Iterable[Exchange]) -> list[str]:
    """One line for each cause at each endpoint: what it is, and the smallest request as curl."""
    return [f"{line['endpoint']}, {line['cause']}: {line['curl']}" for line in lines(exchanges)]


def dump(found: Iterable[Line]) -> str:
    return "".join(json.dumps(line, ensure_ascii=True) + "\n" for line in found)


def load(folder: Path | None) -> Mapping[str, tuple[Any, ...]]:
    """The bodies to send first, by endpoint; nothing without a file. Raises UsageError."""
    from conformance.fuzz.draw import Drawn

    file = folder / FILE if folder is not None else None
    if file is None or not file.exists():
        return {}
    kinds = {e.name: _model_kind(e.schema) for e in ENDPOINTS}
    kept: dict[str, tuple[Any, ...]] = {}
    for number, text in enumerate(file.read_text("utf-8").splitlines(), start=1):
        try:
            line = json.loads(text)
            name, said, body = line["endpoint"], line["fuzz"], dict(line["body"])
            valid = bool(said["valid"])
            broken = None
            if not valid:
                broken = Constraint(said["pointer"], said["constraint"], said["level"])
            holds = tuple(said.get("holds", ()))
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"{file}, line {number}: no kept failure ({error}). Delete the line or the file."
            ) from error
        if name not in kinds:
            continue
        if isinstance(body.get("model"), str) and "/model" not in str(said.get("pointer", "")):
            body["model"] = Model(kinds[name])  # the model may be another one now
        kept[name] = (*kept.get(name, ()), Drawn(body, broken, holds))
    return kept


def _model_kind(schema: Mapping[str, Any]) -> str:
    return str(schema.get("properties", {}).get("model", {}).get("x-model", "chat"))


def coverage(exchanges: Iterable[Exchange]) -> dict[str, dict[str, Any]]:
    """By fuzzed endpoint: how many keywords of its request schema were negated, and which not."""
    negated: dict[str, set[tuple[str, str]]] = {}
    for x in exchanges:
        said = marks(x)
        name = said.get("endpoint")
        if name in (None, "raw") or x.response is None:
            continue
        pairs = negated.setdefault(str(name), set())
        if said.get("valid") is False:
            pairs.add((str(said.get("pointer")), str(said.get("constraint"))))
    found = {}
    if negated:
        from conformance.fuzz.draw import constraints

        for name, pairs in negated.items():
            every = {(c.pointer, c.keyword) for c, _ in constraints(name)}
            left = sorted(f"{pointer or '(body)'} {word}" for pointer, word in every - pairs)
            found[name] = {"negated": len(every & pairs), "of": len(every), "left": left}
    return found
