"""New runs: what they take, what they have of their assistant, what of their own."""

from __future__ import annotations

from conformance.cases._objects import data_of, echo, good, own, same, served
from conformance.cases.test_assistants_runs import NEEDS, POLL
from conformance.exchange import Steps
from conformance.expect import require
from conformance.probes.assistants import INSTRUCTIONS
from conformance.requirement import MUST, SHOULD, openai, openapi, requirement


@requirement(
    "thread.run.create.accepted",
    MUST,
    "A run of an assistant in a thread is made.",
    source=openai("runs/createRun"),
    needs=NEEDS,
    any_status=True,
    breaks=POLL,
)
def test_create(run_answer: Steps) -> None:
    served(run_answer, "create")


@requirement(
    "thread.run.create.options",
    MUST,
    "A run takes instructions, messages, model, tools and limits of its own.",
    source=openai("runs/createRun"),
    needs=NEEDS,
    any_status=True,
    breaks=POLL,
)
def test_options(run_answer: Steps) -> None:
    served(run_answer, "create-2")


@requirement(
    "thread.run.create.status",
    MUST,
    "A new run is `queued` (or already further on).",
    source=openapi("RunObject"),
    needs=NEEDS,
    any_status=True,
    breaks=POLL,
)
def test_status(run_answer: Steps) -> None:
    found = good(run_answer, "create").get("status")
    require(found in ("queued", "in_progress", "completed"), "status", "queued", found)


@requirement(
    "thread.run.create.belongs",
    MUST,
    "A new run names its thread and its assistant and has the metadata that was sent.",
    source=openapi("RunObject"),
    needs=NEEDS,
    any_status=True,
    breaks=POLL,
)
def test_belongs(run_answer: Steps) -> None:
    for name, made in (("thread_id", "thread"), ("assistant_id", "assistant")):
        wanted, found = own(run_answer, made), good(run_answer, "create").get(name)
        require(found == wanted, name, wanted, found)
    echo(run_answer, "create", {"metadata": {"kind": "first"}})


@requirement(
    "thread.run.create.inherits",
    MUST,
    "A run has the model and the instructions of its assistant unless it names its own.",
    source=openai("runs/createRun"),
    needs=NEEDS,
    any_status=True,
    breaks=POLL,
)
def test_inherits(run_answer: Steps) -> None:
    same(run_answer, "assistant", "create", ("model",))
    found = good(run_answer, "create").get("instructions")
    require(found == INSTRUCTIONS, "instructions", INSTRUCTIONS, found)


@requirement(
    "thread.run.create.overrides",
    MUST,
    "What a run names itself stands in place of what its assistant has.",
    source=openai("runs/createRun"),
    needs=NEEDS,
    any_status=True,
    breaks=POLL,
)
def test_overrides(run_answer: Steps) -> None:
    body = good(run_answer, "create-2")
    text = str(body.get("instructions"))
    require(
        "Answer in English." in text and INSTRUCTIONS not in text,
        "instructions",
        "Answer in English.",
        text,
    )
    for name, wanted in (("max_completion_tokens", 300), ("temperature", 0.2)):
        require(body.get(name) == wanted, name, str(wanted), body.get(name))
    tools = body.get("tools")
    require(isinstance(tools, list) and len(tools) == 1, "tools", "the one tool of the run", tools)


@requirement(
    "thread.run.create.additional-instructions",
    SHOULD,
    "`additional_instructions` are appended to the instructions of a run.",
    source=openai("runs/createRun"),
    needs=NEEDS,
    any_status=True,
)
def test_additional(run_answer: Steps) -> None:
    text = str(good(run_answer, "create-2").get("instructions"))
    require(text.endswith("Be brief."), "instructions", "… Be brief.", text)


@requirement(
    "thread.run.create.additional-messages",
    MUST,
    "`additional_messages` are added to the thread before a run begins.",
    source=openai("runs/createRun"),
    needs=NEEDS,
    any_status=True,
    breaks=POLL,
)
def test_more_messages(run_answer: Steps) -> None:
    good(run_answer, "create-2")
    users = [m for m in data_of(run_answer, "messages-2") if m.get("role") == "user"]
    require(len(users) == 2, "data", "2 messages of the user", f"{len(users)}")
