"""What the providers' pages print is answered as they print it."""

from __future__ import annotations

from conformance.cases._providers import served, valid
from conformance.examples import PrintedRequest, all_examples, probe_name, requirement_id
from conformance.exchange import Exchange
from conformance.expect import expect, fail
from conformance.profile import load_profile
from conformance.requirement import MUST, Case, Requirement, document
from conformance.schemas import validator


def _streamed(exchange: Exchange, name: str) -> None:
    """Every event but the last holds an object of that schema."""
    expect(exchange).media_type("text/event-stream")
    if not exchange.payloads:
        fail("stream", "events", "none")
    for number, payload in enumerate(exchange.payloads):
        for error in validator(name).iter_errors(payload):
            fail(f"event {number}", f"valid by {name}", payload, message=error.message[:300])


def _case(profile: str, request: PrintedRequest) -> Case:
    def decide(exchange: Exchange) -> None:
        found = served(exchange)
        if found.sent.get("stream") is True:
            _streamed(found, request.answer)
        else:
            valid(found, request.answer)

    page = load_profile(profile).document(request.document)
    assert page is not None
    text = f"The printed request is answered as printed ({page.title}: {request.place})."
    source = document(f"{page.title}: {request.place}")
    rule = Requirement(requirement_id(profile, request), MUST, text, source, f"{profile}.example")
    probes = (probe_name(profile, request),)
    return Case(rule, decide, probes=probes, any_status=True, module=__name__)


CASES = [
    _case(profile, request)
    for profile, examples in all_examples().items()
    for request in examples.requests
    if request.sent
]
