"""What cases about scenarios of stored responses share: their steps, and what a model remembers."""

from __future__ import annotations

from conformance import response_events as re
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, expect, fail


def step(steps: Steps, name: str) -> Exchange:
    """A step of a scenario. Raises NotApplicable where it was not sent or not let through."""
    x = steps.get(name)
    if x is None:
        raise NotApplicable(f"the step {name!r} was not sent")
    if x.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    return x


def good(steps: Steps, name: str) -> Exchange:
    """A step that was answered with success."""
    x = step(steps, name)
    if not x.ok:
        raise NotApplicable(f"the step {name!r} was answered {x.status}")
    return x


def gone(x: Exchange, *more: int) -> None:
    """The answer is 404 with an error in JSON."""
    try:
        expect(x).status(404, *more)
    except Exception as violation:
        violation.exchange = x  # type: ignore[attr-defined]
        raise


def remembers(steps: Steps, first: str, later: str) -> None:
    told, asked = good(steps, first), step(steps, later)
    if re.result(told).get("store") is False:
        raise NotApplicable("the response says that it is not stored")
    if not asked.ok:
        if asked.status >= 500:
            expect(asked).status(2, 4)
        raise NotApplicable("refused")
    word = str(asked.context.get("word"))
    if word in re.text_of(asked):
        return
    before = re.number(re.usage_of(told).get("input_tokens"))
    after = re.number(re.usage_of(asked).get("input_tokens"))
    if before is None or after is None:
        raise Inconclusive("the model did not recall the word, and nothing is counted")
    if after < before:
        fail(
            "output_text and usage.input_tokens",
            f"the word {word}, or at least the {before} tokens of the turn before",
            f"{re.text_of(asked)[:100]!r}, {after} tokens",
            exchange=asked,
        )
    raise Inconclusive("the model did not recall the word")
