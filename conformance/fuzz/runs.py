"""Threads and runs under any order of what a client may do with them, also in the middle of a run.

A hypothesis state machine makes the walk; a part that must be asked follows in any case. A run goes
on by itself meanwhile, so nothing here knows how it stands: what each answer must show is decided
from the answers before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    multiple,
    rule,
)

from conformance.exchange import Exchange
from conformance.fuzz.stateful import Step, run_machine
from conformance.objects import BETA, field_of
from conformance.probes.assistants import ASSISTANT, ask
from conformance.probes.assistants_runs import ENDED, WAIT

LENGTH = 12
THREADS = 2
ASKED = ("look", "steps", "messages", "runs", "cancel", "message", "run")
ALWAYS = ("thread", "message", "run", "message", "run", "cancel", "wait", "look", "steps",
          "messages", "forget", "messages")  # fmt: skip
"""Asked of a thread of its own after every walk: in mid-run, after a cancellation, at the end."""
DROPPED = ("thread", "message", "run", "drop", "look", "steps", "messages", "runs", "cancel", "run")
"""And of another, which is deleted in mid-run."""


@cache
def run_walk(number: int) -> tuple[Step, ...]:
    """The steps of a walk under a seed."""
    walks: list[list[Step]] = []

    class Threads(RuleBasedStateMachine):
        alive, gone = Bundle("alive"), Bundle("gone")

        def __init__(self) -> None:
            super().__init__()
            self.steps: list[Step] = []
            self.made = 0

        @rule(target=alive)
        def create(self) -> Any:
            if self.made == THREADS:
                return multiple()
            self.made += 1
            self.steps.append(Step("thread", self.made))
            return self.made

        @rule(thread=alive, do=st.sampled_from([*ASKED, "forget", "run", "cancel"]))
        def use(self, thread: int, do: str) -> None:
            self.steps.append(Step(do, thread))

        @rule(thread=consumes(alive), target=gone)
        def drop(self, thread: int) -> int:
            self.steps.append(Step("drop", thread))
            return thread

        @rule(thread=gone, do=st.sampled_from(ASKED))
        def late(self, thread: int, do: str) -> None:
            self.steps.append(Step(do, thread))

        def teardown(self) -> None:
            walks.append(self.steps)

    run_machine(Threads, number, LENGTH)
    return tuple(whole(max(walks, key=_worth, default=[])))


def whole(steps: Iterable[Step]) -> list[Step]:
    """A walk, and what is asked after every one."""
    found = list(steps)
    last = THREADS
    for part in (ALWAYS, DROPPED):
        last += 1
        found += [Step(do, last) for do in part]
    return found


def _worth(steps: Iterable[Step]) -> int:
    """How many different things are done, before and after a run, of what is there or gone."""
    found: set[tuple[str, bool, bool]] = set()
    ran: set[int] = set()
    gone: set[int] = set()
    for step in steps:
        found.add((step.do, step.number in ran, step.number in gone))
        if step.do == "run":
            ran.add(step.number)
        if step.do == "drop":
            gone.add(step.number)
    return len(found)


@dataclass
class Thread:
    """What a walk knows of a thread: the run that was begun last, and the messages written."""

    id: str
    run: str = ""
    messages: list[str] = field(default_factory=list)
    gone: bool = False

    @property
    def path(self) -> str:
        return f"/threads/{self.id}"


async def fuzz_runs(s: Any) -> None:
    """Send the walk; what cannot be created is left out with all that follows from it."""
    made = {"model": s.model("chat"), **ASSISTANT, "tools": []}
    assistant = field_of(await ask(s, "assistant", "POST", "/assistants", made), "id")
    if not isinstance(assistant, str):
        return
    threads: dict[int, Thread] = {}
    for place, step in enumerate(run_walk(s.seed), start=1):
        await _take(s, f"{place}-{step.do}", step, threads, assistant)
    for thread in threads.values():
        if not thread.gone:
            await ask(s, "cleanup", "DELETE", thread.path)
    await ask(s, "cleanup", "DELETE", f"/assistants/{assistant}")


async def _take(s: Any, name: str, step: Step, threads: dict[int, Thread], assistant: str) -> None:
    if step.do == "thread":
        id = field_of(await _send(s, name, "POST", "/threads", {"do": "thread"}, {}), "id")
        if isinstance(id, str):
            threads[step.number] = Thread(id)
        return
    thread = threads.get(step.number)
    if thread is None:
        return
    said = {"do": step.do, "thread": thread.id, "alive": not thread.gone}
    path, run = thread.path, f"{thread.path}/runs/{thread.run}"
    said |= {"run": thread.run} if thread.run else {}
    match step.do:
        case "message":
            text = {"role": "user", "content": "Say hi."}
            id = field_of(await _send(s, name, "POST", f"{path}/messages", said, text), "id")
            if isinstance(id, str):
                thread.messages.append(id)
        case "forget" if thread.messages:
            said["message"] = thread.messages[0]
            gone = await _send(s, name, "DELETE", f"{path}/messages/{said['message']}", said)
            if gone.ok:
                thread.messages.pop(0)
        case "run":
            asked = {"assistant_id": assistant, "max_completion_tokens": 256}
            id = field_of(await _send(s, name, "POST", f"{path}/runs", said, asked), "id")
            thread.run = id if isinstance(id, str) else thread.run
        case "drop":
            await _send(s, name, "DELETE", path, said)
            thread.gone = True
        case "messages":
            await _send(s, name, "GET", f"{path}/messages?limit=100", said)
        case "runs":
            await _send(s, name, "GET", f"{path}/runs", said)
        case "look" if thread.run:
            await _send(s, name, "GET", run, said)
        case "steps" if thread.run:
            await _send(s, name, "GET", f"{run}/steps", said)
        case "cancel" if thread.run:
            await _send(s, name, "POST", f"{run}/cancel", said, {})
        case "wait" if thread.run:
            for pause in WAIT:
                found = await _send(s, name, "GET", run, said)
                if not found.ok or field_of(found, "status") in ENDED:
                    break
                await s.sleep(pause)


async def _send(
    s: Any, step: str, method: str, path: str, said: dict[str, Any], body: Any = None
) -> Exchange:
    sent: Exchange = await s.send(
        step, method, path, json=body, headers=BETA, context={"walk": said}
    )
    return sent
