"""Fine-tuning jobs, and the models that come of them."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.checks import anything, fields, integer, metadata, nullable, string
from conformance.reference.errors import invalid, not_found
from conformance.reference.listing import page
from conformance.reference.reply import Answer
from conformance.reference.routes.files import find_file
from conformance.reference.routing import Route

_shape = fields(
    {
        "model": string(1),
        "training_file": string(1),
        "validation_file": nullable(string()),
        "hyperparameters": nullable(anything),
        "method": nullable(anything),
        "integrations": nullable(anything),
        "suffix": nullable(string(1, 64)),
        "seed": nullable(integer(0, 2**31 - 1)),
        "metadata": metadata,
    },
    ("model", "training_file"),
    closed=True,
)
_STATES = ("validating_files", "queued", "running", "succeeded")
_ENDED = ("succeeded", "failed", "cancelled")


def _check(call: Call, body: dict[str, Any]) -> None:
    _shape("", body)
    call.card("chat")


def create(call: Call) -> Answer:
    """POST /fine_tuning/jobs."""
    body = call.fields
    find_file(call, body["training_file"], "training_file")
    job: dict[str, Any] = {
        "id": call.app.new_id("ftjob-"),
        "object": "fine_tuning.job",
        "created_at": call.now,
        "error": None,
        "estimated_finish": None,
        "fine_tuned_model": None,
        "finished_at": None,
        "hyperparameters": {"n_epochs": 1, "batch_size": 1, "learning_rate_multiplier": 1.0},
        "integrations": [],
        "metadata": body.get("metadata"),
        "model": body["model"],
        "organization_id": call.config.organization,
        "result_files": [],
        "seed": body.get("seed") or 0,
        "status": _STATES[0],
        "trained_tokens": None,
        "training_file": body["training_file"],
        "validation_file": body.get("validation_file"),
        "user_provided_suffix": body.get("suffix"),
    }
    call.table("jobs")[job["id"]] = job
    call.table("jobs.started")[job["id"]] = call.clock.time()
    return Answer(dict(job))


def _look(call: Call, job: dict[str, Any]) -> dict[str, Any]:
    """Bring a job to where it is by now."""
    if job["status"] in (*_ENDED, "paused"):
        return job
    age = call.clock.time() - call.table("jobs.started")[job["id"]]
    job["status"] = _STATES[min(3, int(age / call.config.job_step_s))]
    if job["status"] == "succeeded":
        suffix = job["user_provided_suffix"] or ""
        name = f"ft:{job['model']}:{call.config.organization}:{suffix}:{job['id'][-8:]}"
        job |= {"finished_at": call.now, "fine_tuned_model": name, "trained_tokens": 100}
        owned = {"id": name, "object": "model", "created": call.now, "owned_by": call.owner}
        call.table("models")[name] = owned
    return job


def _found(call: Call) -> dict[str, Any]:
    job = call.table("jobs").get(call.params["id"])
    if job is None:
        raise not_found(f"Could not find fine tune: {call.params['id'][:100]}",
                        "fine_tune_id", "fine_tune_not_found")  # fmt: skip
    return _look(call, job)


def retrieve(call: Call) -> Answer:
    """GET /fine_tuning/jobs/{id}."""
    return Answer(_found(call))


def listing(call: Call) -> Answer:
    """GET /fine_tuning/jobs."""
    return Answer(page(call, [_look(call, job) for job in call.table("jobs").values()]))


def _to(status: str, fresh: bool = False) -> Any:
    def change(call: Call) -> Answer:
        job = _found(call)
        if job["status"] in _ENDED:
            raise invalid(f"Job has already completed with status '{job['status']}'.")
        job["status"] = status
        if fresh:
            call.table("jobs.started")[job["id"]] = call.clock.time()
        if status == "cancelled":
            job["finished_at"] = call.now
        return Answer(job)

    return change


def events(call: Call) -> Answer:
    """GET /fine_tuning/jobs/{id}/events."""
    job = _found(call)
    told = [f"Created fine-tuning job: {job['id']}"]
    if job["status"] in _ENDED:
        told.append(f"The job has ended: {job['status']}")
    made = [
        {
            "object": "fine_tuning.job.event",
            "id": f"ftevent-{number}{job['id'][6:]}",
            "created_at": job["finished_at"] if number else job["created_at"],
            "level": "info",
            "message": text,
            "data": {},
            "type": "message",
        }
        for number, text in enumerate(told)
    ]
    return Answer(page(call, made))


def checkpoints(call: Call) -> Answer:
    """GET /fine_tuning/jobs/{id}/checkpoints."""
    job = _found(call)
    made = {
        "object": "fine_tuning.job.checkpoint",
        "id": "ftckpt_" + job["id"][6:],
        "created_at": job["created_at"],
        "fine_tuned_model_checkpoint": f"{job['fine_tuned_model']}:ckpt-step-1",
        "fine_tuning_job_id": job["id"],
        "metrics": {"step": 1, "train_loss": 0.5},
        "step_number": 1,
    }
    return Answer(page(call, [made] if job["fine_tuned_model"] else []))


_ALL = "/fine_tuning/jobs"
_ONE = _ALL + "/{id}"

ROUTES = (
    Route("fine_tuning.create", "POST", _ALL, create, _check, "json"),
    Route("fine_tuning.list", "GET", _ALL, listing),
    Route("fine_tuning.retrieve", "GET", _ONE, retrieve),
    Route("fine_tuning.cancel", "POST", _ONE + "/cancel", _to("cancelled"), body="optional"),
    Route("fine_tuning.pause", "POST", _ONE + "/pause", _to("paused"), body="optional"),
    Route("fine_tuning.resume", "POST", _ONE + "/resume", _to("queued", True), body="optional"),
    Route("fine_tuning.events", "GET", _ONE + "/events", events),
    Route("fine_tuning.checkpoints", "GET", _ONE + "/checkpoints", checkpoints),
)
