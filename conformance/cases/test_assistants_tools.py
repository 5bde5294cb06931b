"""Runs that call functions, and runs that are cancelled."""

from __future__ import annotations

import json
from typing import Any

from conformance.cases._objects import data_of, good, own, served
from conformance.cases.test_assistants_runs import NEEDS, POLL, outcome
from conformance.exchange import Steps
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.probes.assistants import FUNCTION
from conformance.probes.assistants_runs import OUTPUT, calls_of
from conformance.requirement import MUST, openai, openapi, requirement


def _waiting(steps: Steps) -> dict[str, Any]:
    run = outcome(steps, "poll")
    if run.get("status") != "requires_action":
        raise NotApplicable(f"the run is {run.get('status')}")
    return run


@requirement(
    "thread.run.tools.waits",
    MUST,
    'With `tool_choice: "required"` a run stops at `requires_action`.',
    source=openai("runs/createRun"),
    needs=NEEDS,
    any_status=True,
    breaks=POLL,
)
def test_waits(run_tools: Steps) -> None:
    status = outcome(run_tools, "poll").get("status")
    require(status == "requires_action", "status", "requires_action", status)


@requirement(
    "thread.run.tools.calls",
    MUST,
    "The calls that a run waits for have ids of their own, names that were declared, and "
    "arguments that are JSON in a string.",
    source=openapi("RunToolCallObject"),
    needs=NEEDS,
    any_status=True,
    breaks=POLL,
)
def test_calls(run_tools: Steps) -> None:
    run = _waiting(run_tools)
    names = calls_of(run)
    require(
        bool(names) and len(set(names)) == len(names),
        "required_action",
        "calls with ids of their own",
        run.get("required_action"),
    )
    for call in run["required_action"]["submit_tool_outputs"]["tool_calls"]:
        function = call.get("function") if isinstance(call, dict) else None
        function = function if isinstance(function, dict) else {}
        wanted = FUNCTION["function"]["name"]  # type: ignore[index]
        require(function.get("name") == wanted, "function.name", wanted, function.get("name"))
        text = function.get("arguments")
        try:
            holds = isinstance(text, str) and isinstance(json.loads(text), dict)
        except ValueError:
            holds = False
        require(holds, "function.arguments", "a JSON object in a string", text)


@requirement(
    "thread.run.tools.step",
    MUST,
    "A waiting run has a step `tool_calls` in progress with the calls that it waits for.",
    source=openapi("RunStepObject"),
    needs=NEEDS,
    any_status=True,
)
def test_waiting_step(run_tools: Steps) -> None:
    names = calls_of(_waiting(run_tools))
    served(run_tools, "waiting-steps")
    for one in data_of(run_tools, "waiting-steps"):
        details = one.get("step_details")
        calls = details.get("tool_calls") if isinstance(details, dict) else None
        if one.get("type") == "tool_calls" and isinstance(calls, list):
            found = [c.get("id") for c in calls if isinstance(c, dict)]
            require(found == names, "step_details.tool_calls", str(names), found)
            require(one.get("status") == "in_progress", "status", "in_progress", one.get("status"))
            return
    fail("data", "a step of the type tool_calls", data_of(run_tools, "waiting-steps"))


@requirement(
    "thread.run.tools.outputs-accepted",
    MUST,
    "The outputs of the calls are accepted, and the run waits for nothing any more.",
    source=openai("runs/submitToolOutputs"),
    needs=NEEDS,
    any_status=True,
    breaks=POLL,
)
def test_outputs(run_tools: Steps) -> None:
    _waiting(run_tools)
    served(run_tools, "outputs")
    body = good(run_tools, "outputs")
    require(
        body.get("id") == own(run_tools, "create"), "id", own(run_tools, "create"), body.get("id")
    )
    require(
        body.get("status") in ("queued", "in_progress", "completed"),
        "status",
        "queued",
        body.get("status"),
    )
    require(
        body.get("required_action") is None, "required_action", "null", body.get("required_action")
    )


@requirement(
    "thread.run.tools.goes-on",
    MUST,
    "A run goes on when it has its outputs, and leaves a message or another call.",
    source=openai("runs/submitToolOutputs"),
    needs=NEEDS,
    any_status=True,
    breaks=POLL,
)
def test_goes_on(run_tools: Steps) -> None:
    _waiting(run_tools)
    run = outcome(run_tools, "poll-after")
    before = set(calls_of(_waiting(run_tools)))
    if run.get("status") == "requires_action":
        now = set(calls_of(run))
        require(
            bool(now) and not now & before,
            "required_action",
            "other calls than before",
            sorted(now),
        )
        raise Inconclusive("the model called again")
    require(
        run.get("status") in ("completed", "incomplete"), "status", "completed", run.get("status")
    )
    roles = [m.get("role") for m in data_of(run_tools, "messages")]
    require("assistant" in roles, "data", "a message of the assistant", roles)


@requirement(
    "thread.run.tools.output-kept",
    MUST,
    "The step of a call has the output that was submitted.",
    source=openapi("RunStepDetailsToolCallsFunctionObject"),
    needs=NEEDS,
    any_status=True,
)
def test_output_kept(run_tools: Steps) -> None:
    good(run_tools, "outputs")
    kept = [
        function.get("output")
        for one in data_of(run_tools, "steps")
        if isinstance(details := one.get("step_details"), dict)
        for call in details.get("tool_calls") or ()
        if isinstance(call, dict) and isinstance(function := call.get("function"), dict)
    ]
    require(
        bool(kept) and kept[0] == OUTPUT, "step_details.tool_calls[0].function.output", OUTPUT, kept
    )


@requirement(
    "thread.run.cancel.accepted",
    MUST,
    "A run that waits is cancelled: it is `cancelling`, then `cancelled`.",
    source=openai("runs/cancelRun"),
    needs=NEEDS,
    any_status=True,
    breaks=POLL,
)
def test_cancel(run_cancel: Steps) -> None:
    _waiting(run_cancel)
    served(run_cancel, "cancel")
    status = good(run_cancel, "cancel").get("status")
    require(status in ("cancelling", "cancelled"), "status", "cancelling", status)


@requirement(
    "thread.run.cancel.ends",
    MUST,
    "A cancelled run ends as `cancelled`.",
    source=openai("runs/cancelRun"),
    needs=NEEDS,
    any_status=True,
    breaks=POLL,
)
def test_cancelled(run_cancel: Steps) -> None:
    _waiting(run_cancel)
    good(run_cancel, "cancel")
    run = outcome(run_cancel, "poll-after")
    require(run.get("status") == "cancelled", "status", "cancelled", run.get("status"))


@requirement(
    "thread.run.cancel.frees",
    MUST,
    "A thread takes messages after a cancelled run.",
    source=openai("runs/cancelRun"),
    needs=NEEDS,
    any_status=True,
)
def test_frees(run_cancel: Steps) -> None:
    if outcome(run_cancel, "poll-after").get("status") != "cancelled":
        raise NotApplicable
    served(run_cancel, "again")
