"""What the cases about single providers share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance import schemas
from conformance.capability import Finding, all_capabilities, find
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, expect, fail, require
from conformance.requirement import MUST, Level, document, requirement

Tie = Callable[[Callable[..., None]], Callable[..., None]]
PAGES = {
    "assisters": "Assisters API Overview",
    "assisters-com": "assisters.com API guide",
    "alveare": "Alveare Migration Guide",
    "openai-assistants": "How to migrate to the Assistants API",
}


def of(id: str, text: str, level: Level = MUST, *, needs: str = "", **more: Any) -> Tie:
    """A requirement of one provider; it needs the capability of its first two words."""
    own = id.split(".")[0]
    source = document(f"{PAGES[own]}: {id.split('.', 1)[1]}")
    return requirement(id, level, text, source=source, needs=needs or id.rpartition(".")[0], **more)


def valid(exchange: Exchange, name: str) -> None:
    """The body is valid by a schema of the provider's own."""
    body = expect(exchange).json.raw
    for error in schemas.validator(name).iter_errors(body):
        place = ".".join(map(str, error.absolute_path)) or "body"
        fail(place, f"valid by {name}", error.instance, message=error.message[:300])


def served(exchange: Exchange) -> Exchange:
    """The exchange, which must be a success: what the pages describe is there at all."""
    if exchange.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    expect(exchange).status(2)
    return exchange


def refused_cleanly(capability: str, gate: Exchange | Steps) -> dict[str, Any]:
    """What is documented as not served is refused by a 4xx error object; the object.

    Raises NotApplicable where it is not refused: the capability says what it is instead.
    """
    found = find(all_capabilities()[capability], gate)
    if found in (Finding.WORKS, Finding.IGNORED, Finding.UNKNOWN):
        raise NotApplicable(f"it is {found}")
    last = gate if isinstance(gate, Exchange) else gate.exchanges[-1]
    require(400 <= last.status < 500, "status", "a 4xx", last.status)
    error = expect(last).error_object
    error["message"].is_string(empty=False)
    found_error: dict[str, Any] = error.raw
    return found_error


def step(steps: Steps, name: str) -> Exchange:
    """A step of a scenario. Raises NotApplicable where it was not reached."""
    if name not in steps:
        raise NotApplicable("the step before did not answer what this one needs")
    return steps[name]
