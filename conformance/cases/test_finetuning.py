"""Fine-tuning jobs: what can be seen of them without paying for one."""

from __future__ import annotations

from conformance.cases._objects import good, ids, own, refused, rule, same, served, step
from conformance.exchange import Steps
from conformance.expect import NotApplicable, require
from conformance.requirement import MUST, Case, openai, openapi, requirement

NEEDS = "fine-tuning"
CASES: list[Case] = []
JOBS = ["openai-python fine_tuning.jobs"]

for _slug, _text, _step, _statuses in (
    ("unknown.retrieve", "An unknown job is answered 404.", "unknown", (404,)),
    ("unknown.cancel", "Cancelling an unknown job is answered 404.", "unknown-cancel", (404,)),
    ("unknown.events", "The events of an unknown job are answered 404.", "unknown-events",
     (404,)),
    ("create.no-file", "A job without a training file is refused.", "no-file", (400, 422)),
):  # fmt: skip
    rule(CASES, __name__, f"fine-tuning.{_slug}", _text,
         lambda steps, name=_step, wanted=_statuses: refused(steps, name, statuses=wanted),
         probes=("fine_tuning_wrong",), needs=NEEDS, source=openai("fine-tuning"))  # fmt: skip


def _made(steps: Steps) -> None:
    if 400 <= step(steps, "create").status < 500:
        raise NotApplicable("the chat model cannot be fine-tuned")
    served(steps, "create")


@requirement(
    "fine-tuning.create.echo",
    MUST,
    "A new job has the model and the file that were sent, and no model of its own yet.",
    source=openai("fine-tuning/create"),
    needs=NEEDS,
    any_status=True,
    breaks=JOBS,
)
def test_echo(fine_tuning_use: Steps) -> None:
    _made(fine_tuning_use)
    body = good(fine_tuning_use, "create")
    wanted = own(fine_tuning_use, "file")
    require(body.get("training_file") == wanted, "training_file", wanted, body.get("training_file"))
    sent = str(fine_tuning_use["create"].sent.get("model"))
    require(str(body.get("model")).startswith(sent), "model", sent, body.get("model"))
    for name in ("fine_tuned_model", "finished_at"):
        require(body.get(name) is None, name, "null", body.get(name))


@requirement(
    "fine-tuning.create.status",
    MUST,
    "A new job is validating its files or queued.",
    source=openapi("FineTuningJob status"),
    needs=NEEDS,
    any_status=True,
    breaks=JOBS,
)
def test_status(fine_tuning_use: Steps) -> None:
    _made(fine_tuning_use)
    status = good(fine_tuning_use, "create").get("status")
    require(
        status in ("validating_files", "queued", "running"), "status", "validating_files", status
    )


@requirement(
    "fine-tuning.cancel.status",
    MUST,
    "A cancelled job is `cancelled` and stays so.",
    source=openai("fine-tuning/cancel"),
    needs=NEEDS,
    any_status=True,
    breaks=["the job runs on, and is paid for"],
)
def test_cancel(fine_tuning_use: Steps) -> None:
    _made(fine_tuning_use)
    served(fine_tuning_use, "cancel", "retrieve")
    for name in ("cancel", "retrieve"):
        status = good(fine_tuning_use, name).get("status")
        require(status == "cancelled", "status", "cancelled", status)


@requirement(
    "fine-tuning.cancel.late",
    MUST,
    "A job that has ended cannot be cancelled.",
    source=openai("fine-tuning/cancel"),
    needs=NEEDS,
    any_status=True,
)
def test_late(fine_tuning_use: Steps) -> None:
    _made(fine_tuning_use)
    refused(fine_tuning_use, "again")


@requirement(
    "fine-tuning.retrieve.same",
    MUST,
    "A retrieved job is the one that was made.",
    source=openai("fine-tuning/retrieve"),
    needs=NEEDS,
    any_status=True,
    breaks=JOBS,
)
def test_retrieve(fine_tuning_use: Steps) -> None:
    _made(fine_tuning_use)
    served(fine_tuning_use, "retrieve")
    same(
        fine_tuning_use,
        "create",
        "retrieve",
        ("id", "object", "created_at", "model", "training_file"),
    )


@requirement(
    "fine-tuning.list.contains",
    MUST,
    "A list of jobs holds what was made a moment ago.",
    source=openai("fine-tuning/list"),
    needs=NEEDS,
    any_status=True,
    breaks=JOBS,
)
def test_list(fine_tuning_use: Steps) -> None:
    _made(fine_tuning_use)
    served(fine_tuning_use, "list")
    found = ids(fine_tuning_use, "list")
    require(own(fine_tuning_use, "create") in found, "data", own(fine_tuning_use, "create"), found)


@requirement(
    "fine-tuning.nested",
    MUST,
    "The events and checkpoints of a job are listed.",
    source=openai("fine-tuning/list-events"),
    needs=NEEDS,
    any_status=True,
    breaks=JOBS,
)
def test_nested(fine_tuning_use: Steps) -> None:
    _made(fine_tuning_use)
    served(fine_tuning_use, "events", "checkpoints")


@requirement(
    "fine-tuning.create.unknown-file",
    MUST,
    "A job on an unknown file is refused.",
    source=openai("fine-tuning/create"),
    needs=NEEDS,
    any_status=True,
)
def test_unknown_file(fine_tuning_use: Steps) -> None:
    refused(fine_tuning_use, "unknown-file")
