"""Stored objects under any order of what a client may do with them.

A hypothesis state machine walks over what is stored and makes the walk that is sent: creating,
retrieving, changing and deleting, also what was deleted before. What each step must show is written
on its exchange, so that a recording can be judged again.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    multiple,
    rule,
    run_state_machine_as_test,
)

from conformance.exchange import Exchange
from conformance.objects import BETA, field_of, upload

LENGTH = 14
"""Steps of a walk."""
WALKS = 60
"""Walks that are made; the one that does most is sent."""


@dataclass(frozen=True)
class Step:
    """``number``: which object. ``value``: what a change writes, and what it then shows."""

    do: str
    number: int
    value: str = ""


@dataclass(frozen=True)
class Kind:
    """What is stored. ``create``: the options of the request; ``changes``: it can be changed.

    ``inside``: below its path, what is in it.
    """

    name: str
    path: str
    create: Callable[[Any, str], dict[str, Any]]
    inside: str
    changes: bool = True
    headers: tuple[tuple[str, str], ...] = ()


def _response(s: Any, value: str) -> dict[str, Any]:
    said = {"input": "Say hi.", "max_output_tokens": 16, "store": True}
    return {"json": {"model": s.model("chat"), **said, "metadata": {"walk": value}}}


def _plain(s: Any, value: str) -> dict[str, Any]:
    return {"json": {"metadata": {"walk": value}}}


def _file(s: Any, value: str) -> dict[str, Any]:
    return upload(f"{value}.jsonl", b'{"walk": "%s"}\n' % value.encode(), "user_data")


KINDS = (
    Kind("files", "/files", _file, "content", changes=False),
    Kind("threads", "/threads", _plain, "messages", headers=tuple(BETA.items())),
    Kind("conversations", "/conversations", _plain, "items"),
    Kind("responses", "/responses", _response, "input_items", changes=False),
)


def run_machine(machine: type[RuleBasedStateMachine], number: int, length: int) -> None:
    """Let hypothesis walk, under a seed; nothing is sent meanwhile."""
    chosen = settings(
        max_examples=WALKS,
        stateful_step_count=length,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    with tempfile.TemporaryDirectory() as home:
        set_hypothesis_home_dir(home)
        try:
            run_state_machine_as_test(seed(number)(machine), settings=chosen)
        finally:
            set_hypothesis_home_dir(None)


@cache
def walk(changes: bool, number: int) -> tuple[Step, ...]:
    """The steps of a walk under a seed, the same for the same seed."""
    walks: list[list[Step]] = []

    class Store(RuleBasedStateMachine):
        alive, gone = Bundle("alive"), Bundle("gone")

        def __init__(self) -> None:
            super().__init__()
            self.steps: list[Step] = []
            self.made = 0

        def note(self, do: str, object_: int, value: str = "") -> None:
            self.steps.append(Step(do, object_, value))

        @rule(target=alive)
        def create(self) -> Any:
            if self.made == 3:
                return multiple()
            self.made += 1
            self.note("create", self.made, f"made {self.made}")
            return self.made

        @rule(thing=alive)
        def retrieve(self, thing: int) -> None:
            self.note("retrieve", thing)

        @rule(thing=alive)
        def look_inside(self, thing: int) -> None:
            self.note("inside", thing)

        @rule(thing=alive, value=st.sampled_from(["first", "second", "third"]))
        def change(self, thing: int, value: str) -> None:
            if changes:
                self.note("change", thing, value)

        @rule(thing=consumes(alive), target=gone)
        def delete(self, thing: int) -> int:
            self.note("delete", thing)
            return thing

        @rule(thing=gone, do=st.sampled_from(["retrieve", "inside", "delete"]))
        def again(self, thing: int, do: str) -> None:
            self.note(do, thing)

        def teardown(self) -> None:
            walks.append(_finished(self.steps))

    run_machine(Store, number, LENGTH)
    chance = random.Random(number)  # noqa: S311
    chance.shuffle(walks)
    return tuple(max(walks, key=_worth)) if walks else ()


def _finished(steps: Iterable[Step]) -> list[Step]:
    """A walk, and at its end one more look at what it left unseen since the last deletion.

    Hypothesis need not draw the same walk everywhere; what must be asked is asked all the same.
    """
    found = list(steps)
    made: list[int] = []
    unseen: set[int] = set()
    for step in found:
        if step.do == "create":
            made.append(step.number)
        elif step.do == "delete":
            unseen = set(made)
        elif step.do == "retrieve":
            unseen.discard(step.number)
    found += [Step("retrieve", number) for number in made if number in unseen]
    gone = {step.number for step in found if step.do == "delete"}
    late = [step for place, step in enumerate(found)
            if step.do == "inside" and step.number in gone
            and Step("delete", step.number) in found[:place]]  # fmt: skip
    left = [number for number in made if number not in gone]
    if gone and not late:
        found.append(Step("inside", max(gone)))
    if left and not any(step.do == "inside" and step.number in left for step in found):
        found.append(Step("inside", left[-1]))
    return found


def _worth(steps: Iterable[Step]) -> tuple[int, int]:
    """What a walk asks of what is gone and of what survived a deletion, and how much it does."""
    made: set[int] = set()
    gone: set[int] = set()
    survived: set[int] = set()
    found: set[tuple[str, bool, bool]] = set()
    for step in steps:
        found.add((step.do, step.number in gone, step.number in survived))
        if step.do == "create":
            made.add(step.number)
        elif step.do == "delete" and step.number not in gone:
            gone.add(step.number)
            survived = made - gone
    told = {("retrieve", True, False), ("retrieve", False, True)}
    changed = any(do == "change" for do, _, _ in found)
    return len(found & told) + changed, len(found)


async def fuzz_stored(s: Any, kind: Kind) -> None:
    """Send a walk, one step after the other; what cannot be created ends it."""
    ids: dict[int, str] = {}
    values: dict[int, str] = {}
    gone: set[int] = set()
    for place, step in enumerate(walk(kind.changes, s.seed), start=1):
        alive = step.number not in gone
        if step.do == "create":
            made = await _send(s, kind, f"{place}-create", "POST", kind.path,
                               {"do": "create", "value": step.value},
                               **kind.create(s, step.value))  # fmt: skip
            id = field_of(made, "id")
            if not made.ok or not isinstance(id, str):
                return
            ids[step.number], values[step.number] = id, step.value
            continue
        said = {"do": step.do, "id": ids[step.number], "alive": alive}
        path = f"{kind.path}/{ids[step.number]}"
        if step.do == "change":
            values[step.number] = step.value
            body = {"metadata": {"walk": step.value}}
            await _send(s, kind, f"{place}-change", "POST", path,
                        {**said, "value": step.value}, json=body)  # fmt: skip
        elif step.do == "delete":
            await _send(s, kind, f"{place}-delete", "DELETE", path, said)
            gone.add(step.number)
        elif step.do == "inside":
            await _send(s, kind, f"{place}-inside", "GET", f"{path}/{kind.inside}", said)
        else:
            said["value"] = values[step.number]
            await _send(s, kind, f"{place}-retrieve", "GET", path, said)


async def _send(
    s: Any, kind: Kind, step: str, method: str, path: str, said: dict[str, Any], **options: Any
) -> Exchange:
    headers = {**dict(kind.headers), **options.pop("headers", {})}
    sent: Exchange = await s.send(
        step, method, path, headers=headers, context={"walk": said}, **options
    )
    return sent
