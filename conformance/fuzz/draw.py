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

from conformance.fuzz.choices import groups
from conformance.fuzz.invalid import negations, related, relations
from conformance.fuzz.schema import Constraint, endpoint, resolved, types_of
from conformance.fuzz.valid import Strategy, bodies, optional, valid
from conformance.target import Target

FEWEST = 20
PART = 12
"""Invalid bodies of an endpoint in the standard tier: what is known to be refused, and of the rest
so large a part, but no fewer than these."""
FULLER = 4
"""How often the full tier draws each kind of valid value."""
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
    """Valid bodies; each kind of value of each member is in at least one of them."""
    root = endpoint(name).schema
    times = FULLER if tier == "full" else 1
    chosen: list[dict[str, Strategy]] = [{}]
    chosen += [group for n in range(times) for group in groups(root, number + n)]
    if tier == "full":
        chosen += [{name: valid(root["properties"][name], root)} for name in optional(root)]
    nodes = {member: resolved(root["properties"][member], root) for member in optional(root)}
    nulls = tuple(member for member, node in nodes.items() if "null" in types_of(node))
    made = []
    if nulls:
        # null is as good as absent wherever it is allowed, all at once
        start = draw(bodies(root, {}), 1, number)[0]
        made.append(Drawn({**start, **dict.fromkeys(nulls)}, None, nulls))
    for index, group in enumerate(chosen):
        # the first example of a strategy is its simplest: the last of a few is taken
        examples = draw(bodies(root, group), 4, number + index)
        holds = tuple(name for name in group if name not in root["required"])
        made.append(Drawn(examples[-1], None, holds))
    return tuple(made)


@cache
def constraints(name: str) -> tuple[tuple[Constraint, Strategy], ...]:
    """Every keyword of every member of an endpoint's requests, each once."""
    known: dict[tuple[str, str], tuple[Constraint, Strategy]] = {}
    root = endpoint(name).schema
    for constraint, strategy in (*relations(root), *negations(root, root)):
        if (constraint.pointer, constraint.keyword) in (("", "type"), ("", "null")):
            continue  # bodies that are no object are sent raw
        key = (constraint.pointer, constraint.keyword)
        if key not in known or _later(constraint) < _later(known[key][0]):
            known[key] = constraint, strategy
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
            if body not in seen and (related(constraint) or not allowed(name, body)):
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
    sure = sum(_later(c) == 0 for c, _ in known)
    return tuple(spread(shuffled, max(FEWEST, sure + (len(known) - sure) // PART)))


def spread(pairs: Iterable[tuple[Constraint, Strategy]], most: int) -> list[Any]:
    """The surest first, and one of every member before the second of any."""
    shuffled = list(enumerate(pairs))
    count: dict[str, int] = {}
    order: list[tuple[int, int, int, Any]] = []
    for place, pair in sorted(shuffled, key=lambda entry: _later(entry[1][0])):
        member = pair[0].pointer.split("/")[1] if pair[0].pointer else pair[0].keyword
        turn = count[member] = count.get(member, -1) + 1
        order.append((_later(pair[0]), turn, place, pair))
    return [pair for *_, pair in sorted(order, key=lambda entry: entry[:3])[:most]]


def _later(constraint: Constraint) -> int:
    """How much later than what is known to be refused."""
    if related(constraint) and constraint.level != "none":
        return 0
    return {"must": 0, "should": 1, "none": 3}[constraint.level]
