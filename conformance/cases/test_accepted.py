"""A valid request is answered with success: one requirement for each probe that names one."""

from __future__ import annotations

import re

from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, expect
from conformance.probe import AnyProbe, Probe, all_probes
from conformance.requirement import Case, Requirement

_TOO_LONG = re.compile(
    r"context_length_exceeded|context (?:size|length|window)|exceed\w* (?:the )?\w* ?context", re.I
)
_TOKENS = re.compile(r"invalid tokens?\b|token ids? .{0,40}(?:range|invalid)|vocab", re.I)


def too_much(x: Exchange) -> str:
    """What the model lacks, where a refusal is about that: its context, or ids in its vocabulary.

    A server may serve a model as small as it likes.
    """
    if not 400 <= x.status < 500 or x.response is None:
        return ""
    told = x.response.text[:2000]
    if _TOO_LONG.search(told):
        return "the context of the model is too small for the request"
    words = x.sent.get("prompt", x.sent.get("input"))
    ids = isinstance(words, list) and bool(words) and not isinstance(words[0], str | dict)
    return "the ids are not in the model's vocabulary" if ids and _TOKENS.search(told) else ""


def decide(found: Exchange | Steps) -> None:
    """Every exchange of the probe was answered with a 2xx status."""
    for exchange in found if isinstance(found, Steps) else (found,):
        if exchange.status == 429:
            raise Inconclusive("the answer was 429", owner="quota")
        reason = too_much(exchange)
        if reason:
            raise Inconclusive(reason)
        expect(exchange).status(2)


def _case(probe: AnyProbe) -> Case:
    wanted = probe.accepted
    assert wanted is not None
    return Case(
        Requirement(
            wanted.id, wanted.level, wanted.text, wanted.source, probe.needs, wanted.breaks
        ),
        decide,
        probes=(probe.name,),
        drivers=probe.drivers if isinstance(probe, Probe) else ("http",),
        any_status=True,
        module=__name__,
    )


CASES = [_case(probe) for probe in all_probes().values() if probe.accepted is not None]
