"""Runs of threads (Assistants API v2)."""

from __future__ import annotations

from typing import Any

from conformance.reference.assistants_events import streamed
from conformance.reference.assistants_run import ENDED, Run, add_message, look, start, submit
from conformance.reference.call import Call
from conformance.reference.chat_fields import TOOL_CHOICE
from conformance.reference.chat_messages import part_text
from conformance.reference.checks import (
    Check,
    anything,
    array,
    boolean,
    fields,
    integer,
    mapping,
    metadata,
    nullable,
    number,
    string,
)
from conformance.reference.errors import invalid, not_found
from conformance.reference.listing import page
from conformance.reference.reply import Answer
from conformance.reference.routes.assistants import (
    MESSAGE,
    THREAD,
    TOOLS,
    active_run,
    beta,
    check,
    find,
    new_thread,
    thread_of,
)
from conformance.reference.routing import Handler, Route

_fields: dict[str, Check] = {
    "assistant_id": string(1),
    "model": nullable(string(1)),
    "instructions": nullable(string()),
    "additional_instructions": nullable(string()),
    "additional_messages": nullable(array(MESSAGE)),
    "tools": TOOLS,
    "metadata": metadata,
    "temperature": nullable(number(0, 2)),
    "top_p": nullable(number(0, 1)),
    "max_prompt_tokens": nullable(integer(256)),
    "max_completion_tokens": nullable(integer(1)),
    "truncation_strategy": nullable(mapping(anything)),
    "response_format": anything,
    "tool_choice": TOOL_CHOICE,
    "parallel_tool_calls": nullable(boolean),
    "reasoning_effort": nullable(string()),
    "stream": nullable(boolean),
}
_run = fields(_fields, ("assistant_id",), closed=True)
_thread_and_run = fields(
    {**_fields, "thread": nullable(THREAD), "tool_resources": anything},
    ("assistant_id",),
    closed=True,
)
_outputs = fields(
    {
        "tool_outputs": array(
            fields({"tool_call_id": string(1), "output": nullable(string())}, ("tool_call_id",))
        ),
        "stream": nullable(boolean),
    },
    ("tool_outputs",),
    closed=True,
)


def _begin(call: Call, thread: str, opening: list[tuple[str, dict[str, Any]]]) -> Answer:
    body = call.fields
    assistant = find(call, "assistants", "assistant", body["assistant_id"])
    for message in body.get("additional_messages") or ():
        text = part_text(message["content"])
        add_message(call, thread, message["role"], text, metadata=message.get("metadata"))
    run = start(call, thread, assistant, body)
    if call.stream:
        opening.append(("thread.run.created", dict(run.shape)))
        return Answer(events=streamed(call, run, opening))
    return Answer(dict(run.shape))


def create(call: Call) -> Answer:
    """POST /threads/{id}/runs."""
    thread = thread_of(call)["id"]
    busy = active_run(call, thread)
    if busy:
        raise invalid(f"Thread {thread} already has an active run {busy}.")
    return _begin(call, thread, [])


def create_with_thread(call: Call) -> Answer:
    """POST /threads/runs."""
    find(call, "assistants", "assistant", call.fields["assistant_id"])
    thread = new_thread(call, call.fields.get("thread") or {})
    return _begin(call, thread["id"], [("thread.created", dict(thread))])


def _found(call: Call) -> Run:
    run: Run | None = call.table("runs").get(call.params["run"])
    if run is None or run.shape["thread_id"] != thread_of(call)["id"]:
        raise not_found(f"No run found with id '{call.params['run'][:100]}'.")
    return run


def retrieve(call: Call) -> Answer:
    """GET /threads/{id}/runs/{run}."""
    shape = look(call, _found(call))
    wait = str(max(1, round(call.config.job_step_s * 1000)))
    return Answer(dict(shape), headers=[("openai-poll-after-ms", wait)])


def listing(call: Call) -> Answer:
    """GET /threads/{id}/runs."""
    thread = thread_of(call)["id"]
    runs = [run for run in call.table("runs").values() if run.shape["thread_id"] == thread]
    return Answer(page(call, [look(call, run) for run in runs]))


def update(call: Call) -> Answer:
    """POST /threads/{id}/runs/{run}."""
    shape = look(call, _found(call))
    shape["metadata"] = call.fields.get("metadata") or {}
    return Answer(dict(shape))


def cancel(call: Call) -> Answer:
    """POST /threads/{id}/runs/{run}/cancel."""
    run = _found(call)
    status = look(call, run)["status"]
    if status in ENDED or run.cancelling is not None:
        raise invalid(f"Cannot cancel run with status '{status}'.")
    run.cancelling = call.clock.time()
    run.shape["status"] = "cancelling"
    return Answer(dict(run.shape))


def submit_outputs(call: Call) -> Answer:
    """POST /threads/{id}/runs/{run}/submit_tool_outputs."""
    run = _found(call)
    shape = look(call, run)
    if shape["status"] != "requires_action":
        raise invalid(f"Runs in status '{shape['status']}' do not accept tool outputs.", None, None)
    given = {one["tool_call_id"]: one.get("output") or "" for one in call.fields["tool_outputs"]}
    wanted = {one["id"] for one in shape["required_action"]["submit_tool_outputs"]["tool_calls"]}
    if set(given) != wanted:
        raise invalid(f"Expected tool outputs for call_ids {sorted(wanted)}.")
    submit(call, run, given)
    if call.stream:
        return Answer(events=streamed(call, run, []))
    return Answer(dict(run.shape))


def steps(call: Call) -> Answer:
    """GET /threads/{id}/runs/{run}/steps."""
    run = _found(call)
    look(call, run)
    return Answer(page(call, run.steps))


def step(call: Call) -> Answer:
    """GET /threads/{id}/runs/{run}/steps/{step}."""
    run = _found(call)
    look(call, run)
    for one in run.steps:
        if one["id"] == call.params["step"]:
            return Answer(one)
    raise not_found(f"No run step found with id '{call.params['step'][:100]}'.")


_ALL = "/threads/{id}/runs"
_ONE = _ALL + "/{run}"
_metadata = fields({"metadata": metadata}, closed=True)


def _post(name: str, path: str, handler: Handler, shape: Check) -> Route:
    return Route(name, "POST", path, beta(handler), check(shape), "optional")


ROUTES = (
    _post("threads.runs.create", _ALL, create, _run),
    _post("threads.create_and_run", "/threads/runs", create_with_thread, _thread_and_run),
    _post("threads.runs.update", _ONE, update, _metadata),
    _post("threads.runs.cancel", _ONE + "/cancel", cancel, fields({})),
    _post("threads.runs.submit", _ONE + "/submit_tool_outputs", submit_outputs, _outputs),
    Route("threads.runs.list", "GET", _ALL, beta(listing)),
    Route("threads.runs.retrieve", "GET", _ONE, beta(retrieve)),
    Route("threads.runs.steps.list", "GET", _ONE + "/steps", beta(steps)),
    Route("threads.runs.steps.retrieve", "GET", _ONE + "/steps/{step}", beta(step)),
)
