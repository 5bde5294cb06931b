"""Runs of the Assistants API: states computed from the clock when somebody looks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from conformance.reference import tokens
from conformance.reference.ask import Ask, Generation, Tool, Turn
from conformance.reference.call import Call
from conformance.reference.model import generate

Object = dict[str, Any]
ENDED = ("completed", "failed", "cancelled", "expired", "incomplete")


@dataclass
class Run:
    """A run, and what happened in it so far."""

    shape: Object
    phase: float
    """When the run was queued last: at its creation, or by the outputs of tools."""
    steps: list[Object] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    cancelling: float | None = None


def start(call: Call, thread: str, assistant: Object, body: Object) -> Run:
    """A queued run."""
    now = call.now
    shape: Object = {
        "id": call.app.new_id("run_"),
        "object": "thread.run",
        "created_at": now,
        "assistant_id": assistant["id"],
        "thread_id": thread,
        "status": "queued",
        "started_at": None,
        "expires_at": now + int(call.config.run_expiry_s),
        "cancelled_at": None,
        "failed_at": None,
        "completed_at": None,
        "required_action": None,
        "last_error": None,
        "model": body.get("model") or assistant["model"],
        "instructions": _instructions(assistant, body),
        "tools": assistant["tools"] if body.get("tools") is None else body["tools"],
        "metadata": body.get("metadata") or {},
        "temperature": body.get("temperature") or 1.0,
        "top_p": body.get("top_p") or 1.0,
        "max_completion_tokens": body.get("max_completion_tokens"),
        "max_prompt_tokens": body.get("max_prompt_tokens"),
        "truncation_strategy": body.get("truncation_strategy")
        or {"type": "auto", "last_messages": None},
        "incomplete_details": None,
        "usage": None,
        "response_format": body.get("response_format") or "auto",
        "tool_choice": body.get("tool_choice") or "auto",
        "parallel_tool_calls": body.get("parallel_tool_calls") is not False,
        "reasoning_effort": body.get("reasoning_effort"),
    }
    run = Run(shape, call.clock.time())
    call.table("runs")[shape["id"]] = run
    return run


def _instructions(assistant: Object, body: Object) -> str:
    base = body.get("instructions")
    text = (assistant["instructions"] or "") if base is None else base
    extra = body.get("additional_instructions")
    return f"{text}\n{extra}" if extra else text


def look(call: Call, run: Run) -> Object:
    """Bring a run to where it is by now."""
    shape, now, step = run.shape, call.clock.time(), call.config.job_step_s
    if shape["status"] in ENDED:
        return shape
    if run.cancelling is not None:
        if now - run.cancelling >= step:
            shape |= {"status": "cancelled", "cancelled_at": int(run.cancelling + step)}
            shape["required_action"] = None
            _close_steps(run, "cancelled", call.now)
        return shape
    if now >= shape["expires_at"] and shape["status"] == "requires_action":
        shape |= {"status": "expired", "required_action": None}
        _close_steps(run, "expired", call.now)
        return shape
    if shape["status"] == "queued" and now - run.phase >= step:
        shape["status"] = "in_progress"
        shape["started_at"] = shape["started_at"] or int(run.phase + step)
    if shape["status"] == "in_progress" and now - run.phase >= 2 * step:
        proceed(call, run)
    return shape


def _close_steps(run: Run, status: str, now: int) -> None:
    for one in run.steps:
        if one["status"] == "in_progress":
            one |= {"status": status, f"{status}_at": now}


def _generation(call: Call, run: Run) -> tuple[Generation, int]:
    thread = call.table("messages")[run.shape["thread_id"]].values()
    turns = [Turn("system", run.shape["instructions"])]
    turns += [Turn(m["role"], m["content"][0]["text"]["value"]) for m in thread if m["content"]]
    turns += [Turn("tool", text) for text in run.outputs.values()]
    made_tools = tuple(
        Tool(
            tool["function"]["name"],
            tool["function"].get("parameters") or {},
            tool["function"].get("description") or "",
        )
        for tool in run.shape["tools"]
        if tool["type"] == "function"
    )
    choice = run.shape["tool_choice"]
    if isinstance(choice, dict):
        choice = "=" + str((choice.get("function") or {}).get("name"))
    if run.outputs:
        choice = "none"  # the tools were used, now it answers
    ask = Ask(
        tuple(turns),
        made_tools,
        choice,
        run.shape["parallel_tool_calls"],
        max_tokens=run.shape["max_completion_tokens"],
    )
    return generate(ask), sum(tokens.count(turn.text) for turn in turns)


def proceed(call: Call, run: Run) -> None:
    """The model has its say: a message, or a call for tools."""
    made, spent = _generation(call, run)
    now, shape = call.now, run.shape
    usage = {
        "prompt_tokens": spent,
        "completion_tokens": made.output_tokens,
        "total_tokens": spent + made.output_tokens,
        "prompt_token_details": {"cached_tokens": 0},
    }
    if made.calls:
        calls: list[Object] = [
            {
                "id": call.app.new_id("call_"),
                "type": "function",
                "function": {"name": one.name, "arguments": one.arguments},
            }
            for one in made.calls
        ]
        shape["status"] = "requires_action"
        outputs = {"tool_calls": calls}
        shape["required_action"] = {"type": "submit_tool_outputs", "submit_tool_outputs": outputs}
        steps = [{**c, "function": {**c["function"], "output": None}} for c in calls]
        _step(call, run, {"type": "tool_calls", "tool_calls": steps}, "in_progress", None)
        return
    message = add_message(
        call, shape["thread_id"], "assistant", made.text, shape["assistant_id"], shape["id"]
    )
    detail = {
        "type": "message_creation",
        "message_creation": {"message_id": message["id"]},
    }
    _step(call, run, detail, "completed", usage)
    cut = made.finish == "length"
    shape["usage"] = usage
    shape["status"] = "incomplete" if cut else "completed"
    shape["completed_at"] = None if cut else now
    shape["incomplete_details"] = {"reason": "max_completion_tokens"} if cut else None


def _step(call: Call, run: Run, detail: Object, status: str, usage: Object | None) -> None:
    done = status == "completed"
    run.steps.append(
        {
            "id": call.app.new_id("step_"),
            "object": "thread.run.step",
            "created_at": call.now,
            "run_id": run.shape["id"],
            "assistant_id": run.shape["assistant_id"],
            "thread_id": run.shape["thread_id"],
            "type": detail["type"],
            "status": status,
            "cancelled_at": None,
            "completed_at": call.now if done else None,
            "expired_at": None,
            "failed_at": None,
            "last_error": None,
            "step_details": detail,
            "usage": usage,
            "metadata": {},
        }
    )


def submit(call: Call, run: Run, outputs: dict[str, str]) -> None:
    """Go on with the outputs of the tools."""
    run.outputs.update(outputs)
    step = run.steps[-1]
    for one in step["step_details"]["tool_calls"]:
        one["function"]["output"] = outputs.get(one["id"])
    step |= {"status": "completed", "completed_at": call.now}
    run.shape |= {"status": "queued", "required_action": None}
    run.phase = call.clock.time()


def add_message(
    call: Call,
    thread: str,
    role: str,
    text: str,
    assistant: str | None = None,
    run: str | None = None,
    metadata: Object | None = None,
) -> Object:
    """A message at the end of a thread."""
    message: Object = {
        "id": call.app.new_id("msg_"),
        "object": "thread.message",
        "created_at": call.now,
        "assistant_id": assistant,
        "thread_id": thread,
        "run_id": run,
        "role": role,
        "content": [{"type": "text", "text": {"value": text, "annotations": []}}],
        "attachments": [],
        "metadata": metadata or {},
    }
    call.table("messages")[thread][message["id"]] = message
    return message
