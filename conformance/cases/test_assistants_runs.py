"""Runs: their states, what they answer, the functions that they wait for."""

from __future__ import annotations

import itertools
from typing import Any

from conformance.cases._objects import (
    data_of,
    echo,
    gone,
    good,
    ids,
    own,
    refused,
    rule,
    served,
)
from conformance.cases.test_assistants_threads import texts
from conformance.chats import integer
from conformance.exchange import Steps
from conformance.expect import Inconclusive, NotApplicable, require
from conformance.probes.assistants_runs import ENDED
from conformance.requirement import MUST, Case, openai, openapi, requirement

NEEDS = "assistants"
CASES: list[Case] = []
POLL = ["openai-python runs.create_and_poll(): never returns or is misled"]
NEXT: dict[str, tuple[str, ...]] = {
    "queued": ("in_progress", "requires_action", "completed", "failed", "incomplete", "expired",
               "cancelling", "cancelled"),
    "in_progress": ("requires_action", "completed", "failed", "incomplete", "expired", "cancelling",
                    "cancelled"),
    "requires_action": ("queued", "in_progress", "cancelling", "cancelled", "expired", "failed",
                        "completed", "incomplete"),
    "cancelling": ("cancelled", "completed", "failed", "expired", "incomplete"),
}  # fmt: skip


def seen(steps: Steps, *names: str) -> list[dict[str, Any]]:
    """The runs that these steps showed, in the order of sending."""
    return [x.json for x in steps if x.step in names and x.ok and isinstance(x.json, dict)]


def outcome(steps: Steps, name: str) -> dict[str, Any]:
    """The run as it was seen last. Raises Inconclusive where a quota ended it."""
    runs = seen(steps, name)
    if not runs:
        raise NotApplicable(f"{name} showed no run")
    error = runs[-1].get("last_error")
    if isinstance(error, dict) and error.get("code") == "rate_limit_exceeded":
        raise Inconclusive("the run ended at a rate limit", owner="quota")
    return runs[-1]


def _done(steps: Steps, name: str) -> dict[str, Any]:
    run = outcome(steps, name)
    if run.get("status") != "completed":
        raise NotApplicable(f"the run is {run.get('status')}")
    return run


@requirement(
    "thread.run.retrieve.accepted",
    MUST,
    "A run is retrieved by its id, as polling does.",
    source=openai("runs/getRun"),
    needs=NEEDS,
    any_status=True,
    breaks=POLL,
)
def test_retrieve(run_answer: Steps) -> None:
    served(run_answer, "poll")


@requirement(
    "thread.run.ends",
    MUST,
    "A run ends: polled for a minute, it is `completed`.",
    source=openapi("RunObject"),
    needs=NEEDS,
    any_status=True,
    breaks=POLL,
)
def test_ends(run_answer: Steps) -> None:
    for name in ("poll", "poll-2"):
        status = outcome(run_answer, name).get("status")
        require(status in ("completed", "incomplete"), "status", "completed", status)


@requirement(
    "thread.run.transitions",
    MUST,
    "A run goes from state to state only as documented, and stays where it ends.",
    source=openapi("RunObject"),
    needs=NEEDS,
    any_status=True,
    breaks=POLL,
)
def test_transitions(run_answer: Steps, run_tools: Steps, run_cancel: Steps) -> None:
    chains = [
        seen(run_answer, "create", "poll", "retrieve"),
        seen(run_answer, "create-2", "poll-2"),
        seen(run_tools, "create", "poll", "outputs", "poll-after"),
        seen(run_cancel, "create", "poll", "cancel", "poll-after"),
    ]
    if not any(chains):
        raise NotApplicable
    for runs in chains:
        states = [str(run.get("status")) for run in runs]
        for before, now in itertools.pairwise(states):
            if before != now and before in (*NEXT, *ENDED):
                require(
                    now in NEXT.get(before, ()),
                    "status",
                    ", ".join(NEXT.get(before, ())) or f"{before}, for it has ended",
                    f"{now} after {before}",
                )


@requirement(
    "thread.run.answers",
    MUST,
    "A completed run leaves a message of the assistant that names the run.",
    source=openai("assistants/overview"),
    needs=NEEDS,
    any_status=True,
    breaks=POLL,
)
def test_answers(run_answer: Steps) -> None:
    run = _done(run_answer, "poll")
    messages = [m for m in data_of(run_answer, "messages") if m.get("role") == "assistant"]
    require(len(messages) >= 1, "data", "a message of the assistant", "none")
    for name, wanted in (("run_id", run.get("id")), ("assistant_id", run.get("assistant_id"))):
        require(messages[-1].get(name) == wanted, name, str(wanted), messages[-1].get(name))
    made = integer((run.get("usage") or {}).get("completion_tokens"))
    if not any(texts(messages[-1])) and made is not None and made <= 1:
        raise Inconclusive("the model ended its answer at once")
    require(any(texts(messages[-1])), "content", "a text", messages[-1].get("content"))


@requirement(
    "thread.run.messages-filter",
    MUST,
    "`run_id` lists only the messages of a run.",
    source=openai("messages/listMessages"),
    needs=NEEDS,
    any_status=True,
)
def test_filter(run_answer: Steps) -> None:
    run = _done(run_answer, "poll")
    served(run_answer, "messages-of-run")
    found = [m.get("run_id") for m in data_of(run_answer, "messages-of-run")]
    require(bool(found) and set(found) == {run.get("id")}, "data", "messages of the run", found)


@requirement(
    "thread.run.list.contains",
    MUST,
    "The runs of a thread are listed.",
    source=openai("runs/listRuns"),
    needs=NEEDS,
    any_status=True,
)
def test_list(run_answer: Steps) -> None:
    served(run_answer, "list")
    require(
        own(run_answer, "create") in ids(run_answer, "list"),
        "data",
        own(run_answer, "create"),
        ids(run_answer, "list"),
    )


@requirement(
    "thread.run.list.newest-first",
    MUST,
    "A list of runs begins with the newest.",
    source=openai("runs/listRuns"),
    needs=NEEDS,
    any_status=True,
)
def test_newest(run_answer: Steps) -> None:
    wanted = own(run_answer, "create-2")
    one, two = good(run_answer, "create"), good(run_answer, "create-2")
    if one.get("created_at") == two.get("created_at") and len(ids(run_answer, "list-2")) == 1:
        raise NotApplicable("both runs are of the same second")
    require(ids(run_answer, "list-2") == [wanted], "data", f"[{wanted}]", ids(run_answer, "list-2"))


@requirement(
    "thread.run.update.kept",
    MUST,
    "A change of a run's metadata is answered and kept.",
    source=openai("runs/modifyRun"),
    needs=NEEDS,
    any_status=True,
)
def test_update(run_answer: Steps) -> None:
    served(run_answer, "update")
    for name in ("update", "retrieve"):
        echo(run_answer, name, {"metadata": {"kind": "changed"}})


@requirement(
    "thread.run.step.list",
    MUST,
    "A completed run has a step of the type `message_creation` that names its message.",
    source=openai("run-steps/listRunSteps"),
    needs=NEEDS,
    any_status=True,
)
def test_steps(run_answer: Steps) -> None:
    run = _done(run_answer, "poll")
    served(run_answer, "steps")
    made = [one for one in data_of(run_answer, "steps") if one.get("type") == "message_creation"]
    require(bool(made), "data", "a step of the type message_creation", data_of(run_answer, "steps"))
    details = made[0].get("step_details")
    creation = details.get("message_creation") if isinstance(details, dict) else None
    named = creation.get("message_id") if isinstance(creation, dict) else None
    listed = ids(run_answer, "messages")
    require(
        named in listed,
        "data[0].step_details.message_creation.message_id",
        f"one of {listed}",
        named,
    )
    require(
        made[0].get("run_id") == run.get("id"),
        "data[0].run_id",
        str(run.get("id")),
        made[0].get("run_id"),
    )


@requirement(
    "thread.run.step.completed",
    MUST,
    "The steps of a completed run are completed.",
    source=openapi("RunStepObject"),
    needs=NEEDS,
    any_status=True,
)
def test_steps_done(run_answer: Steps) -> None:
    _done(run_answer, "poll")
    for one in data_of(run_answer, "steps"):
        require(one.get("status") == "completed", "status", "completed", one.get("status"))


@requirement(
    "thread.run.step.retrieve",
    MUST,
    "A step is retrieved as it is listed.",
    source=openai("run-steps/getRunStep"),
    needs=NEEDS,
    any_status=True,
)
def test_step(run_answer: Steps) -> None:
    served(run_answer, "step")
    body = good(run_answer, "step")
    listed = [one for one in data_of(run_answer, "steps") if one.get("id") == body.get("id")]
    require(bool(listed), "id", str(ids(run_answer, "steps")), body.get("id"))
    for name in ("type", "status", "step_details"):
        require(
            body.get(name) == listed[0].get(name), name, str(listed[0].get(name)), body.get(name)
        )


for _slug, _text, _step in (
    ("retrieve", "An unknown run is answered 404.", "unknown"),
    ("steps", "The steps of an unknown run are answered 404.", "unknown-steps"),
    ("cancel", "Cancelling an unknown run is answered 404.", "unknown-cancel"),
    ("step", "An unknown step is answered 404.", "unknown-step"),
    ("assistant", "A run of an unknown assistant is answered 404.", "unknown-assistant"),
):
    rule(CASES, __name__, f"thread.run.unknown.{_slug}", _text,
         lambda steps, name=_step: gone(steps, name), probes=("run_answer",), needs=NEEDS,
         source=openai("runs"))  # fmt: skip
for _slug, _text, _step, _probe in (
    ("no-assistant", "A run without `assistant_id` is refused.", "no-assistant", "run_answer"),
    ("late-cancel", "A run that has ended cannot be cancelled.", "late-cancel", "run_answer"),
    ("late-outputs", "A run that waits for nothing takes no outputs.", "late-outputs",
     "run_answer"),
    ("busy-message", "A thread takes no message while a run waits in it.", "busy-message",
     "run_tools"),
    ("busy-run", "A thread takes no second run while one waits in it.", "busy-run", "run_tools"),
    ("wrong-outputs", "Outputs for a call that nobody made are refused.", "wrong-outputs",
     "run_tools"),
):  # fmt: skip
    rule(CASES, __name__, f"thread.run.refuses.{_slug}", _text,
         lambda steps, name=_step: refused(steps, name), probes=(_probe,), needs=NEEDS,
         source=openai("runs"))  # fmt: skip
