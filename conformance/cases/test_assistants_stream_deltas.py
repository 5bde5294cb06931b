"""The deltas of streamed runs: pieces that join to the message and the calls that are kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.cases._objects import data_of, step
from conformance.cases.test_assistants_stream import HELPER, NEEDS, RUN_STREAM, of
from conformance.cases.test_assistants_threads import texts
from conformance.exchange import Exchange, Steps
from conformance.expect import NotApplicable, fail, require
from conformance.requirement import MUST, openai, openapi, requirement


@requirement(
    "thread.run.stream.text",
    MUST,
    "The deltas of a message join to the text of the completed message.",
    source=openapi("MessageDeltaObject"),
    needs=NEEDS,
    over=RUN_STREAM,
    breaks=["openai-python until_done(), text_deltas: another text"],
)
def test_text(x: Exchange) -> None:
    completed = {p.get("id"): texts(p) for p in of(x, "thread.message.completed")}
    if not completed:
        raise NotApplicable
    pieces: dict[Any, dict[int, str]] = {name: {} for name in completed}
    for payload in of(x, "thread.message.delta"):
        for index, text in _pieces(payload):
            kept = pieces.setdefault(payload.get("id"), {})
            kept[index] = kept.get(index, "") + text
    for name, whole in completed.items():
        joined = [pieces[name].get(i, "") for i in range(len(whole))]
        wanted = [str(text or "") for text in whole]
        require(joined == wanted, "thread.message.delta", str(wanted), joined)


def _pieces(payload: dict[str, Any]) -> Iterator[tuple[int, str]]:
    delta = payload.get("delta")
    content = delta.get("content") if isinstance(delta, dict) else None
    for part in content if isinstance(content, list) else ():
        text = part.get("text") if isinstance(part, dict) else None
        index = part.get("index") if isinstance(part, dict) else None
        if isinstance(text, dict) and isinstance(index, int):
            yield index, str(text.get("value") or "")


@requirement(
    "thread.run.stream.delta-index",
    MUST,
    "Every piece of content in a delta has its `index`.",
    source=openapi("MessageDeltaContentTextObject"),
    needs=NEEDS,
    over=RUN_STREAM,
    breaks=["openai-python accumulate_delta: RuntimeError"],
)
def test_index(x: Exchange) -> None:
    judged = 0
    for payload in of(x, "thread.message.delta"):
        delta = payload.get("delta")
        content = delta.get("content") if isinstance(delta, dict) else None
        for part in content if isinstance(content, list) else ():
            judged += 1
            found = part.get("index") if isinstance(part, dict) else None
            require(isinstance(found, int), "delta.content[0].index", "an integer", found)
    if not judged:
        raise NotApplicable


@requirement(
    "thread.run.stream.calls",
    MUST,
    "The deltas of a step join to the calls that the run waits for.",
    source=openapi("RunStepDeltaObject"),
    needs=NEEDS,
    over=RUN_STREAM,
    breaks=["openai-python on_tool_call_delta: other arguments than the run has"],
)
def test_calls(x: Exchange) -> None:
    waiting = list(of(x, "thread.run.requires_action"))
    if not waiting:
        raise NotApplicable
    joined: dict[int, dict[str, str]] = {}
    for payload in of(x, "thread.run.step.delta"):
        delta = payload.get("delta")
        details = delta.get("step_details") if isinstance(delta, dict) else None
        calls = details.get("tool_calls") if isinstance(details, dict) else None
        for call in calls if isinstance(calls, list) else ():
            if not isinstance(call, dict) or not isinstance(call.get("index"), int):
                fail("tool_calls[0].index", "an integer", call)
            kept = joined.setdefault(call["index"], {"id": "", "name": "", "arguments": ""})
            function = call.get("function")
            function = function if isinstance(function, dict) else {}
            kept["id"] += str(call.get("id") or "")
            kept["name"] += str(function.get("name") or "")
            kept["arguments"] += str(function.get("arguments") or "")
    action = waiting[-1].get("required_action")
    outputs = action.get("submit_tool_outputs") if isinstance(action, dict) else None
    listed = outputs.get("tool_calls") if isinstance(outputs, dict) else None
    wanted = [
        {"id": call.get("id"), "name": function.get("name"), "arguments": function.get("arguments")}
        for call in (listed if isinstance(listed, list) else ())
        if isinstance(call, dict) and isinstance(function := call.get("function"), dict)
    ]
    if not wanted:
        raise NotApplicable
    found = [joined[index] for index in sorted(joined)]
    require(found == wanted, "thread.run.step.delta", str(wanted), found)


@requirement(
    "thread.run.stream.kept",
    MUST,
    "The message that was streamed is in the thread afterwards.",
    source=openai("assistants-streaming"),
    needs=NEEDS,
    any_status=True,
    breaks=HELPER,
)
def test_kept(run_stream: Steps) -> None:
    streamed = list(of(step(run_stream, "answer"), "thread.message.completed"))
    if not streamed:
        raise NotApplicable
    kept = {m.get("id"): texts(m) for m in data_of(run_stream, "messages")}
    for message in streamed:
        found = kept.get(message.get("id"))
        require(found == texts(message), "data", str(texts(message)), found)
