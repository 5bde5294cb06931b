"""What no other requirement asks for by name: every valid request of the core areas is served."""

from __future__ import annotations

from collections.abc import Callable

from conformance.declined import declined
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, expect
from conformance.probe import Probe, all_probes
from conformance.requirement import HTTP, MUST, Case, Requirement, openai
from conformance.select import Selector

AREAS = {
    "chat": ("chat completions", "chat/create"),
    "chat.stream": ("chat streams", "chat/streaming"),
    "completions": ("legacy completions", "completions/create"),
    "embeddings": ("embeddings", "embeddings/create"),
    "responses": ("responses", "responses/create"),
    "responses.stream": ("streams of responses", "responses/streaming"),
}

MAY_REFUSE = (
    "stream_n", "chat_long", "chat_long_greedy", "chat_recall_developer", "responses_developer",
    "embeddings_dimensions", "completions_batch_n",
)  # fmt: skip
"""Probes of options that a server may refuse cleanly; their own requirements say so."""


def names(area: str) -> frozenset[str]:
    """The valid probes of an area of which no requirement says that they are accepted."""
    return frozenset(
        probe.name
        for probe in all_probes().values()
        if isinstance(probe, Probe)
        and probe.valid
        and probe.accepted is None
        and probe.needs == area
        and probe.key == "api"
        and probe.name not in MAY_REFUSE
    )


def decide(x: Exchange) -> None:
    """Answered with success, if it was answered at all."""
    if x.response is None or x.superseded:
        raise NotApplicable
    if x.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    if declined(x):
        raise NotApplicable(f"the model does not take {declined(x)}")
    expect(x).status(2)


def _among(probes: frozenset[str]) -> Callable[[Exchange], bool]:
    return lambda x: x.probe in probes and not x.step


def _case(area: str) -> Case:
    title, ref = AREAS[area]
    selector = Selector(f"other valid {title}", _among(names(area)))
    text = f"Every other valid request for {title} is answered with success as well."
    made = Requirement(
        f"{area}.accepts.others",
        MUST,
        text,
        openai(ref),
        area,
        ("what works for a short request fails for a longer one, or for the second turn",),
    )
    return Case(made, decide, over=selector, drivers=HTTP, any_status=True, module=__name__)


CASES = [_case(area) for area in AREAS]
