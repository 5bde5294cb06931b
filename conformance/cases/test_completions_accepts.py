"""Legacy completions: every standard optional parameter is accepted, as null and neutral."""

from __future__ import annotations

import json

from conformance.cases.test_chat_accepts import single, together
from conformance.probes.completions import NEUTRALS, NULLS
from conformance.requirement import MUST, Case, Requirement, add_case, openai


class Table:
    """Holds the generated cases of one scenario."""

    def __call__(self) -> None:
        """Callable, so that the catalogue looks here for cases."""


def made(scenario: str, kind: str, values: dict[str, object]) -> Table:
    table = Table()
    for name, value in values.items():
        text = f"`{name}: {json.dumps(value)}` is accepted."
        one = Requirement(
            f"completions.{kind}.{name.replace('_', '-')}",
            MUST,
            text,
            openai(f"completions/create {name}"),
            "completions",
            ("clients and evaluation harnesses that always send it",),
        )
        add_case(table, Case(one, single(name), (scenario,), any_status=True, module=__name__))
    both = Requirement(
        f"completions.{kind}.together",
        MUST,
        f"The parameters of completions.{kind} are accepted together.",
        openai("completions/create"),
        "completions",
    )
    add_case(table, Case(both, together, (scenario,), any_status=True, module=__name__))
    return table


nulls = made("completions_nulls", "null", dict.fromkeys(NULLS))
neutrals = made("completions_neutrals", "neutral", NEUTRALS)
