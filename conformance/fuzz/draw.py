"""What a run sends: bodies drawn from the strategies, the same for the same seed.

Hypothesis generates; nothing is sent while it does, so that its engine never waits for a target
and its database never sees a body.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.configuration import set_hypothesis_home_dir
from jsonschema import Draft202012Validator

from conformance.fuzz.invalid import negations
from conformance.fuzz.schema import Constraint, endpoint, resolved, types_of
from conformance.fuzz.valid import Strategy, bodies, optional
from conformance.target import Target

STANDARD = 32
"""Invalid bodies of an endpoint in the standard tier."""
FEWEST = 9
"""Valid bodies of an endpoint in the standard tier, four times as many in the full one."""
TOGETHER = 3
"""Optional members that one valid body holds."""
TIMES = 3
"""How often the full tier negates each keyword."""


@dataclass(frozen=True)
class Drawn:
    """One body to send. ``constraint`` is None for a valid one; ``holds``: its optional members."""

    body: Any
    constraint: Constraint | None = None
    holds: tuple[str, ...] = ()

    @property
    def context(self) -> dict[str, Any]:
        """What the exchange says of itself, also in a HAR."""
        c = self.constraint
        if c is None:
            return {"valid": True, "holds": list(self.holds)}
        return {"valid": False, "pointer": c.pointer, "constraint": c.keyword, "level": c.level}


def draw(strategy: Strategy, count: int, number: int) -> list[Any]:
    """The first ``count`` examples of a strategy under a seed."""
    found: list[Any] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: Any) -> None:
        found.append(value)

    # what it caches on disk of our strategies goes with the folder
    with tempfile.TemporaryDirectory() as home:
        set_hypothesis_home_dir(home)
        try:
            collect()
        finally:
            set_hypothesis_home_dir(None)
    return found[:count]


@cache
def valid_bodies(name: str, tier: str, number: int) -> tuple[Drawn, ...]:
    """Valid bodies; every optional member is in at least one of them."""
    root = endpoint(name).schema
    members = list(optional(root))
    groups: list[tuple[str, ...]] = [()]
    chance = random.Random(number)  # noqa: S311 - which members stand together, no secret
    while members and len(groups) < (FEWEST if tier != "full" else 4 * FEWEST):
        chance.shuffle(members)
        groups += [tuple(members[i : i + TOGETHER]) for i in range(0, len(members), TOGETHER)]
    if tier == "full":
        groups += [(member,) for member in members]
    nodes = {member: resolved(root["properties"][member], root) for member in optional(root)}
    nulls = tuple(member for member, node in nodes.items() if "null" in types_of(node))
    made = []
    if nulls:
        # null is as good as absent wherever it is allowed, all at once
        start = draw(bodies(root, ()), 1, number)[0]
        made.append(Drawn({**start, **dict.fromkeys(nulls)}, None, nulls))
    for index, group in enumerate(groups):
        # the first example of a strategy is its simplest: the last of a few is taken
        examples = draw(bodies(root, group), 4, number + index)
        made.append(Drawn(examples[-1], None, group))
    return tuple(made)


@cache
def constraints(name: str) -> tuple[tuple[Constraint, Strategy], ...]:
    """Every keyword of every member of an endpoint's requests, each once."""
    known: dict[tuple[str, str], tuple[Constraint, Strategy]] = {}
    for constraint, strategy in negations(endpoint(name).schema, endpoint(name).schema):
        if (constraint.pointer, constraint.keyword) in (("", "type"), ("", "null")):
            continue  # bodies that are no object are sent raw
        known.setdefault((constraint.pointer, constraint.keyword), (constraint, strategy))
    return tuple(known.values())


@cache
def invalid_bodies(name: str, tier: str, number: int) -> tuple[Drawn, ...]:
    """Bodies with one keyword negated: all keywords in the full tier, the surest in others."""
    chosen = chosen_constraints(name, tier, number)
    count = TIMES if tier == "full" else 1
    made = []
    for constraint, strategy in chosen:
        seen: list[Any] = []
        for body in draw(strategy, count, number):
            if body not in seen and not allowed(name, body):
                seen.append(body)
                made.append(Drawn(body, constraint))
    return tuple(made)


def allowed(name: str, body: Any) -> bool:
    """Whether the schema allows the body after all: a wrong item may fit another branch."""
    return _validator(name).is_valid(Target("", models={"chat": "x"}).fill(body))


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(endpoint(name).schema)


def chosen_constraints(
    name: str, tier: str, number: int
) -> tuple[tuple[Constraint, Strategy], ...]:
    """What a tier negates: what OpenAI surely refuses first, then others by the seed."""
    known = constraints(name)
    if tier == "full":
        return known
    chance = random.Random(number)  # noqa: S311
    shuffled = list(known)
    chance.shuffle(shuffled)
    return tuple(spread(shuffled, STANDARD))


def spread(pairs: Iterable[tuple[Constraint, Strategy]], most: int) -> list[Any]:
    """The surest first, and one of every member before the second of any."""
    shuffled = list(enumerate(pairs))
    count: dict[str, int] = {}
    order: list[tuple[int, int, Any]] = []
    for place, pair in sorted(shuffled, key=lambda entry: _LATER[entry[1][0].level]):
        member = pair[0].pointer.split("/")[1] if pair[0].pointer else ""
        turn = count[member] = count.get(member, -1) + 1
        order.append((turn + _LATER[pair[0].level], place, pair))
    return [pair for _, _, pair in sorted(order, key=lambda entry: entry[:2])[:most]]


_LATER = {"must": 0, "should": 1, "none": 3}
