"""Optional features: what a profile claims of them, and what the target was found to do.

Each capability has a gate: the probe by which a run finds out. Works, refused cleanly, ignored in
silence, absent and broken are five different findings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from conformance.declined import declined
from conformance.exchange import Exchange, Steps
from conformance.probe import all_probes


class Claim(StrEnum):
    CLAIMED = "claimed"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Finding(StrEnum):
    WORKS = "works"
    REFUSED = "refused"
    IGNORED = "ignored"
    ABSENT = "absent"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Capability:
    """``gate``: the probe that shows it. ``within``: the capability that it is part of.

    ``took_effect``: given the gate's successful answer, whether the feature really did something
    (None: success is enough). ``core``: so much a part of what it is within that its refusal is a
    failure unless the profile says that it is refused; or an endpoint whose plainest request is
    refused for another reason than what is offered, and which is therefore not taken for absent.
    """

    name: str
    title: str
    gate: str
    within: str = ""
    took_effect: Callable[[Any], bool] | None = None
    core: bool = False


_REGISTRY: dict[str, Capability] = {}


def capability(
    name: str,
    title: str,
    gate: str,
    *,
    within: str = "",
    took_effect: Callable[[Any], bool] | None = None,
    core: bool = False,
) -> Capability:
    """Define and register a capability."""
    if name in _REGISTRY:
        raise ValueError(f"two capabilities are called {name!r}")
    made = Capability(name, title, gate, within, took_effect, core)
    _REGISTRY[name] = made
    return made


def expected(capability: Capability, claims: Mapping[str, Claim]) -> bool:
    """Whether its absence is a failure: it is claimed, or core to what is there."""
    claim = claims.get(capability.name, Claim.UNKNOWN)
    core = capability.core and bool(capability.within)
    return claim == Claim.CLAIMED or (core and claim != Claim.REFUSED)


def all_capabilities() -> Mapping[str, Capability]:
    """Every capability by name; each is defined beside its gate, in ``conformance.probes``."""
    all_probes()
    return _REGISTRY


def lineage(name: str) -> tuple[str, ...]:
    """A capability with everything that it is part of, itself first."""
    found = []
    known = all_capabilities()
    while name:
        found.append(name)
        name = known[name].within if name in known else ""
    return tuple(found)


def find(capability: Capability, gate: Exchange | Steps | None) -> Finding:
    """What the gate's answer says of the capability."""
    if gate is None:
        return Finding.UNKNOWN
    exchange = gate if isinstance(gate, Exchange) else _last(gate)
    if exchange is None or exchange.response is None:
        return Finding.UNKNOWN
    status = exchange.status
    if 200 <= status < 300 or (status == 101 and exchange.context.get("websocket")):
        if capability.took_effect is None:
            return Finding.WORKS
        try:
            works = capability.took_effect(gate)
        except Exception:
            return Finding.BROKEN
        return Finding.WORKS if works else Finding.IGNORED
    if status == 429:
        return Finding.UNKNOWN
    if status == 501 or (status in (404, 405, 410) and not _names_a_thing(exchange)):
        return Finding.ABSENT
    plain = capability.core and not capability.within and not exchange.context.get("borrowed")
    if status in (400, 422) and plain:
        if declined(exchange):
            return Finding.UNKNOWN  # what does not send the parameter may work
        return Finding.REFUSED if _not_offered(exchange) else Finding.BROKEN
    if 400 <= status < 500:
        return Finding.REFUSED
    if exchange.context.get("borrowed"):
        return Finding.ABSENT  # a model that does not speak was asked to: no more than an error
    return Finding.BROKEN


def _last(gate: Steps) -> Exchange | None:
    """What a scenario ended with; tidying up afterwards shows nothing."""
    return next((x for x in reversed(gate.exchanges) if x.step != "cleanup"), None)


def _names_a_thing(exchange: Exchange) -> bool:
    """A 404 that is about a model or an object, not about the route."""
    return bool(_error(exchange).get("code"))


_NOT_OFFERED = re.compile(r"model|support|endpoint|available|enabled|disabled|implemented")


def _not_offered(exchange: Exchange) -> bool:
    """A refusal of all that one could ask, or of the model, which may not be one for this."""
    error = _error(exchange)
    said = str(error.get("message")).lower()
    return error.get("param") == "model" or bool(_NOT_OFFERED.search(said))


def _error(exchange: Exchange) -> Mapping[str, Any]:
    body = exchange.json
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}
