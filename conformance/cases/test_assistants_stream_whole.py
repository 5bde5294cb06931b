"""Streamed runs: what was begun is also ended, and nothing is left out."""

from __future__ import annotations

from conformance.cases.test_assistants_stream import HELPER, NEEDS, RUN_STREAM, events, of
from conformance.exchange import Exchange
from conformance.expect import NotApplicable, require
from conformance.requirement import MUST, SHOULD, openai, requirement

EVENTS = openai("assistants-streaming/events")


@requirement(
    "thread.run.stream.closed",
    MUST,
    "Each message and step that a stream creates is also completed in it, if the run completes.",
    source=EVENTS,
    needs=NEEDS,
    over=RUN_STREAM,
    breaks=[*HELPER, "openai-python: on_message_done and on_run_step_done are never called"],
)
def test_closed(x: Exchange) -> None:
    if not list(of(x, "thread.run.completed")):
        raise NotApplicable("the run is not completed in this stream")
    for thing in ("thread.message", "thread.run.step"):
        made = [one.get("id") for one in of(x, f"{thing}.created")]
        done = [one.get("id") for one in of(x, f"{thing}.completed")]
        left = [name for name in made if name not in done]
        require(not left, f"{thing}.completed", f"an event for {left}", f"only {done}")


@requirement(
    "thread.run.stream.queued",
    SHOULD,
    "A streamed new run is told to be queued and in progress before it works.",
    source=EVENTS,
    needs=NEEDS,
    over=RUN_STREAM,
    breaks=HELPER,
)
def test_queued(x: Exchange) -> None:
    if x.endpoint.endswith("submit_tool_outputs") or not list(of(x, "thread.run.created")):
        raise NotApplicable
    told = [name for name, _ in events(x)]
    for name in ("thread.run.queued", "thread.run.in_progress"):
        require(name in told, name, "one such event", sorted(set(told)))


@requirement(
    "thread.run.stream.opened",
    SHOULD,
    "A message and a step are told to be in progress after they are created.",
    source=EVENTS,
    needs=NEEDS,
    over=RUN_STREAM,
    breaks=HELPER,
)
def test_opened(x: Exchange) -> None:
    judged = 0
    for thing in ("thread.message", "thread.run.step"):
        open_ = {one.get("id") for one in of(x, f"{thing}.in_progress")}
        for made in of(x, f"{thing}.created"):
            judged += 1
            require(made.get("id") in open_, f"{thing}.in_progress", f"one for {made.get('id')}",
                    sorted(map(str, open_)))  # fmt: skip
    if not judged:
        raise NotApplicable


@requirement(
    "thread.run.stream.usage",
    MUST,
    "The run of `thread.run.completed` has its usage, of which the parts make up the total.",
    source=openai("runs/object usage"),
    needs=NEEDS,
    over=RUN_STREAM,
    breaks=["cost accounting"],
)
def test_usage(x: Exchange) -> None:
    runs = list(of(x, "thread.run.completed"))
    if not runs:
        raise NotApplicable
    for run in runs:
        usage = run.get("usage")
        counts = usage if isinstance(usage, dict) else {}
        parts = [counts.get(f"{name}_tokens") for name in ("prompt", "completion", "total")]
        numbers = [n for n in parts if isinstance(n, int) and not isinstance(n, bool)]
        holds = len(numbers) == 3 and numbers[0] + numbers[1] == numbers[2] > 0
        require(holds, "usage", "prompt_tokens + completion_tokens = total_tokens", usage)


@requirement(
    "thread.run.stream.belongs",
    MUST,
    "Messages and steps of a stream name its thread and its run.",
    source=openai("messages/object run_id"),
    needs=NEEDS,
    over=RUN_STREAM,
    breaks=["clients that show which run a message is from"],
)
def test_belongs(x: Exchange) -> None:
    runs = [one for name, one in events(x) if one.get("object") == "thread.run"]
    if not runs:
        raise NotApplicable
    thread, run = runs[0].get("thread_id"), runs[0].get("id")
    for name, one in events(x):
        if one.get("object") not in ("thread.message", "thread.run.step"):
            continue
        require(one.get("thread_id") == thread, f"{name} thread_id", str(thread),
                one.get("thread_id"))  # fmt: skip
        require(one.get("run_id") == run, f"{name} run_id", str(run), one.get("run_id"))
