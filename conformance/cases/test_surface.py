"""What a server does not have it refuses cleanly: one requirement for each group of routes."""

from __future__ import annotations

from conformance.cases._objects import words
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, fail
from conformance.probes.surface import GROUPS
from conformance.requirement import MUST, Case, Requirement, openai


def decide(x: Exchange) -> None:
    """Nothing of this id is there, so the answer is a refusal, served or not."""
    if x.response is None:
        fail("response", "an answer", x.failure.message if x.failure else "none")
    if x.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    if not (400 <= x.status < 500 or x.status == 501):
        fail("status", "4xx (501 where the route is not implemented)", words(x))


def _text(name: str) -> str:
    if name == "realtime":
        return "A request for a realtime session without an upgrade is refused with a 4xx status."
    return f"Below the routes of {name}, what does not exist is refused with a 4xx status."


CASES = [
    Case(
        Requirement(
            f"surface.refused.{name}",
            MUST,
            _text(name),
            openai("introduction"),
            breaks=("SDKs: an error that is retried, or an empty object instead of one",),
        ),
        decide,
        probes=(f"surface_{name.replace('-', '_')}",),
        any_status=True,
        module=__name__,
    )
    for name in GROUPS
]
