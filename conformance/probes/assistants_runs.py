"""Runs of threads: answered, with tools, cancelled, streamed."""

from __future__ import annotations

from typing import Any

from conformance.exchange import Exchange
from conformance.objects import BETA, field_of, id_of, unknown
from conformance.probe import scenario
from conformance.probes.assistants import ASSISTANT, FUNCTION, ask, walk
from conformance.probes.chat import REPEAT
from conformance.session import Session

ENDED = ("completed", "failed", "cancelled", "expired", "incomplete")
WAIT = (0.3, 0.3, 0.6, *(1.0,) * 12, *(2.5,) * 18)
"""Seconds between looks at a run: a minute in all."""
CITY = "What is the weather in Paris? Use the function."
OUTPUT = "18 degrees and sunny"


async def poll(s: Session, path: str, *until: str, step: str = "poll") -> Exchange:
    """Look at a run until it has ended or is in one of the states."""
    for pause in WAIT:
        found = await ask(s, step, "GET", path)
        if not found.ok or field_of(found, "status") in (*ENDED, *until):
            break
        await s.sleep(pause)
    return found


def calls_of(run: Any) -> list[str]:
    """Ids of the tool calls that a run waits for."""
    action = run.get("required_action") if isinstance(run, dict) else None
    outputs = action.get("submit_tool_outputs") if isinstance(action, dict) else None
    calls = outputs.get("tool_calls") if isinstance(outputs, dict) else None
    listed = [c.get("id") for c in calls or () if isinstance(c, dict)]
    return [c for c in listed if isinstance(c, str)]


async def _assistant(s: Session, **more: Any) -> str:
    body = {"model": s.model("chat"), **ASSISTANT, "temperature": 0.0, **more}
    return id_of(await ask(s, "assistant", "POST", "/assistants", body))


async def _thread(s: Session, text: str, step: str = "thread") -> str:
    body = {"messages": [{"role": "user", "content": text}]}
    return "/threads/" + id_of(await ask(s, step, "POST", "/threads", body))


@scenario("run_answer", needs="assistants", cost=53, tokens=256)
async def _answer(s: Session) -> None:
    """A run that answers, and everything that can be asked about it."""
    assistant = await _assistant(s, tools=[])
    thread = await _thread(s, REPEAT)
    runs = f"{thread}/runs"
    await ask(s, "no-assistant", "POST", runs, {})
    await ask(s, "unknown-assistant", "POST", runs, {"assistant_id": unknown(assistant)})
    sent = {"assistant_id": assistant, "metadata": {"kind": "first"}}
    run = id_of(await ask(s, "create", "POST", runs, sent))
    path = f"{runs}/{run}"
    await poll(s, path)
    asked = await s.gather(
        ask(s, "steps", "GET", f"{path}/steps"),
        ask(s, "messages", "GET", f"{thread}/messages?order=asc"),
        ask(s, "messages-of-run", "GET", f"{thread}/messages?run_id={run}"),
        ask(s, "list", "GET", f"{runs}?limit=100"),
        ask(s, "unknown", "GET", f"{runs}/{unknown(run)}"),
        ask(s, "unknown-steps", "GET", f"{runs}/{unknown(run)}/steps"),
        ask(s, "unknown-cancel", "POST", f"{runs}/{unknown(run)}/cancel"),
        ask(s, "late-cancel", "POST", f"{path}/cancel"),
        ask(s, "late-outputs", "POST", f"{path}/submit_tool_outputs",
            {"tool_outputs": [{"tool_call_id": "call_none", "output": "x"}]}),
    )  # fmt: skip
    steps = field_of(asked[0], "data")
    first = steps[0] if isinstance(steps, list) and steps else None
    if isinstance(first, dict) and isinstance(first.get("id"), str):
        await ask(s, "step", "GET", f"{path}/steps/{first['id']}")
        await ask(s, "unknown-step", "GET", f"{path}/steps/{unknown(first['id'])}")
    await ask(s, "update", "POST", path, {"metadata": {"kind": "changed"}})
    await ask(s, "retrieve", "GET", path)
    more = {
        "assistant_id": assistant,
        "instructions": "Answer in English.",
        "additional_instructions": "Be brief.",
        "additional_messages": [{"role": "user", "content": REPEAT}],
        "model": s.model("chat"),
        "max_completion_tokens": 300,
        "temperature": 0.2,
        "tools": [FUNCTION],
        "tool_choice": "none",
    }
    second = id_of(await ask(s, "create-2", "POST", runs, more))
    await poll(s, f"{runs}/{second}", step="poll-2")
    await ask(s, "messages-2", "GET", f"{thread}/messages?order=asc")
    await ask(s, "list-2", "GET", f"{runs}?limit=1")
    await walk(s, f"{runs}?limit=1&order=asc")
    await ask(s, "cleanup", "DELETE", thread)
    await ask(s, "cleanup", "DELETE", f"/assistants/{assistant}")


@scenario("run_tools", needs="assistants", cost=60, tokens=256)
async def _tools(s: Session) -> None:
    """A run that has to call a function, waits for its output and goes on; another is cancelled."""
    assistant = await _assistant(s)
    thread = await _thread(s, CITY)
    body = {"assistant_id": assistant, "tool_choice": "required"}
    run = id_of(await ask(s, "create", "POST", f"{thread}/runs", body))
    path = f"{thread}/runs/{run}"
    waiting = await poll(s, path, "requires_action")
    calls = calls_of(waiting.json)
    if calls:
        await ask(s, "waiting-steps", "GET", f"{path}/steps")
        await ask(s, "busy-message", "POST", f"{thread}/messages",
                  {"role": "user", "content": "Hello?"})  # fmt: skip
        await ask(s, "busy-run", "POST", f"{thread}/runs", {"assistant_id": assistant})
        wrong = [{"tool_call_id": unknown(calls[0]), "output": OUTPUT}]
        await ask(s, "wrong-outputs", "POST", f"{path}/submit_tool_outputs",
                  {"tool_outputs": wrong})  # fmt: skip
        await ask(s, "no-outputs", "POST", f"{path}/submit_tool_outputs", {"tool_outputs": []})
        outputs = [{"tool_call_id": name, "output": OUTPUT} for name in calls]
        await ask(s, "outputs", "POST", f"{path}/submit_tool_outputs", {"tool_outputs": outputs})
        after = await poll(s, path, "requires_action", step="poll-after")
        for _ in range(3):  # a forced choice may force every turn
            again = calls_of(after.json)
            if field_of(after, "status") != "requires_action" or not again:
                break
            more = [{"tool_call_id": name, "output": OUTPUT} for name in again]
            await ask(s, "more", "POST", f"{path}/submit_tool_outputs", {"tool_outputs": more})
            after = await poll(s, path, "requires_action", step="poll-more")
        await ask(s, "steps", "GET", f"{path}/steps?order=asc")
        await walk(s, f"{path}/steps?limit=1&order=asc", 12)
        await ask(s, "messages", "GET", f"{thread}/messages?order=asc")
    await ask(s, "cleanup", "DELETE", thread)
    await ask(s, "cleanup", "DELETE", f"/assistants/{assistant}")


@scenario("run_cancel", needs="assistants", cost=33, tokens=128)
async def _cancel(s: Session) -> None:
    """A run that waits for the output of a function is cancelled."""
    assistant = await _assistant(s)
    thread = await _thread(s, CITY)
    body = {"assistant_id": assistant, "tool_choice": "required"}
    run = id_of(await ask(s, "create", "POST", f"{thread}/runs", body))
    path = f"{thread}/runs/{run}"
    await poll(s, path, "requires_action")
    if s.key("second"):
        for step, method, where, sent in (
            ("foreign-get", "GET", path, None),
            ("foreign-steps", "GET", f"{path}/steps", None),
            ("foreign-cancel", "POST", f"{path}/cancel", {}),
        ):
            await s.send(step, method, where, json=sent, headers=BETA, key="second")
    await ask(s, "cancel", "POST", f"{path}/cancel")
    await poll(s, path, "requires_action", step="poll-after")
    await ask(s, "again", "POST", f"{thread}/messages", {"role": "user", "content": "Hello?"})
    await ask(s, "cleanup", "DELETE", thread)
    await ask(s, "cleanup", "DELETE", f"/assistants/{assistant}")


@scenario("run_stream", needs="assistants", cost=8, tokens=256)
async def _stream(s: Session) -> None:
    """A streamed answer, and a streamed call of a function with its streamed continuation."""
    assistant = await _assistant(s)
    thread = await _thread(s, REPEAT)
    body = {"assistant_id": assistant, "stream": True, "tool_choice": "none"}
    await ask(s, "answer", "POST", f"{thread}/runs", body)
    await ask(s, "messages", "GET", f"{thread}/messages")
    forced = {
        "assistant_id": assistant,
        "stream": True,
        "tool_choice": "required",
        "thread": {"messages": [{"role": "user", "content": CITY}]},
    }
    called = await ask(s, "tools", "POST", "/threads/runs", forced)
    run = last_run(called)
    calls = calls_of(run)
    if run and calls:
        path = f"/threads/{run.get('thread_id')}/runs/{run.get('id')}/submit_tool_outputs"
        outputs = [{"tool_call_id": name, "output": OUTPUT} for name in calls]
        await ask(s, "outputs", "POST", path, {"tool_outputs": outputs, "stream": True})
        await ask(s, "cleanup", "DELETE", f"/threads/{run.get('thread_id')}")
    await ask(s, "cleanup", "DELETE", thread)
    await ask(s, "cleanup", "DELETE", f"/assistants/{assistant}")


def last_run(exchange: Exchange) -> dict[str, Any]:
    """The last run object of a stream; {} where there is none."""
    for payload in reversed(exchange.payloads):
        if isinstance(payload, dict) and payload.get("object") == "thread.run":
            return payload
    return {}
