"""What one exchange of fuzzing shows. Pure: scenarios shrink by it, cases judge by it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from conformance.exchange import Exchange

_ELSEWHERE = (401, 402, 403, 404, 405, 408, 409, 410, 413, 429)
"""Refusals that are about something else than the body."""
_EXCUSES = re.compile(
    r"unsupported|not (?:yet )?(?:supported|available|allowed|permitted|implemented|enabled)|"
    r"(?:does not|doesn't|cannot|can't) support|unknown (?:parameter|field|argument)|"
    r"unrecognized|extra (?:inputs|fields)|unexpected keyword|context length|"
    r"maximum context|context size|invalid tokens|requires logprobs|"
    r"only (?:allowed|supported)|does not exist|not found|"
    r"unknown_parameter|unsupported_|context_length|model_not_found|content_policy",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Cause:
    """Why a body fails; bodies with the same cause are one finding."""

    kind: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}"


def marks(x: Exchange) -> dict[str, Any]:
    """What fuzzing wrote on its exchange."""
    found = x.context.get("fuzz")
    return found if isinstance(found, dict) else {}


def place(x: Exchange) -> str:
    """The constraint that the body violates, or the members that a valid one holds."""
    said = marks(x)
    if said.get("valid"):
        return ", ".join(map(str, said.get("holds", ()))) or "the smallest body"
    if "raw" in said:
        return str(said["raw"])
    return f"{said.get('pointer') or '(body)'} {said.get('constraint')}"


def error_of(x: Exchange) -> dict[str, Any]:
    """The error object; {} where there is none."""
    body = x.json
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def away(x: Exchange) -> str:
    """Why nothing can be said of the target: network, quota, or the suite's own limits."""
    if x.failure is not None and x.failure.kind in ("connect", "tls", "cancelled", "budget"):
        return x.failure.message
    if x.status == 429:
        return "the answer was 429"
    error = error_of(x)
    if x.status == 503 and "overload" in f"{error.get('code')} {error.get('type')}":
        return "the target says that it is overloaded"
    return ""


def trouble(x: Exchange) -> Cause | None:
    """A 5xx, a hang, or a dropped connection."""
    if away(x) or (x.failure is not None and x.failure.kind == "size"):
        return None
    if x.response is None or (x.failure is not None and x.failure.kind == "timeout"):
        failure = x.failure
        kind = "hang" if failure is not None and failure.kind == "timeout" else "no answer"
        return Cause(kind, place(x) if not marks(x).get("valid") else x.route)
    if x.status >= 500:
        error = error_of(x)
        told = " ".join(str(error[k]) for k in ("type", "code") if error.get(k))
        return Cause(f"status {x.status}", told or "without an error object")
    return None


def excuse(x: Exchange) -> str:
    """Why the refusal of a valid body is no fault: the feature, or something else, is not there."""
    if x.status in _ELSEWHERE:
        return f"the answer was {x.status}"
    error = error_of(x)
    told = f"{error.get('code')} {error.get('message')}" if error else ""
    if not told and x.response is not None:
        told = x.response.text[:2000]
    found = _EXCUSES.search(told)
    return f"it says: {found.group(0)}" if found else ""


def refusal(x: Exchange) -> Cause | None:
    """A valid body that is refused, and not for a feature that the target lacks."""
    if not marks(x).get("valid") or not 400 <= x.status < 500 or away(x) or excuse(x):
        return None
    error = error_of(x)
    if "dimensions" in x.sent and "dim" in str(error).lower():
        return None  # how many there may be is the model's affair
    told = f"{error.get('param')} {error.get('code')}"
    if not error and x.response is not None:
        told = x.response.text[:80]  # no error object: what it says instead
    return Cause(f"refused with {x.status}", told)


def blamed(x: Exchange) -> frozenset[str]:
    """The members of a valid body that its refusal names as not supported."""
    error = error_of(x)
    if x.status not in (400, 422) or not error or not excuse(x):
        return frozenset()
    words = frozenset(re.findall(r"\w+", f"{error.get('param')} {error.get('message')}"))
    return words & frozenset(map(str, marks(x).get("holds", ())))


def acceptance(x: Exchange, *levels: str) -> Cause | None:
    """An invalid body that is accepted, of the given levels."""
    said = marks(x)
    if said.get("valid") or said.get("level") not in levels or not x.ok:
        return None
    return Cause("accepted", place(x))


def failing(x: Exchange) -> Cause | None:
    """Whatever is wrong with an exchange of fuzzing."""
    return trouble(x) or refusal(x) or acceptance(x, "must", "should")


def by_cause(pairs: Iterable[tuple[Cause | None, Exchange]]) -> dict[Cause, list[Exchange]]:
    """The exchanges of each cause, the smallest body first."""
    found: dict[Cause, list[Exchange]] = {}
    for cause, exchange in pairs:
        if cause is not None:
            found.setdefault(cause, []).append(exchange)
    for group in found.values():
        group.sort(key=lambda x: len(x.request.body))
    return found
