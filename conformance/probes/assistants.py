"""Assistants, threads and messages (Assistants API v2), without a model."""

from __future__ import annotations

from typing import Any

from conformance.capability import capability
from conformance.exchange import Exchange
from conformance.objects import BETA, TICK, id_of, unknown
from conformance.probe import Accepted, probe, scenario
from conformance.requirement import MUST, openai
from conformance.session import Session

NAME = "Conformance"
INSTRUCTIONS = "Do exactly what you are told, and say nothing else."
FUNCTION = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
ASSISTANT: dict[str, Any] = {
    "name": NAME,
    "description": "Made by a test.",
    "instructions": INSTRUCTIONS,
    "tools": [FUNCTION],
    "metadata": {"suite": "conformance", "number": "1"},
    "temperature": 0.5,
    "top_p": 0.9,
}

capability("assistants", "the Assistants API v2", "assistants_list")

probe(
    "assistants_list",
    "GET",
    "/assistants?limit=2",
    needs="assistants",
    headers=BETA,
    accepted=Accepted(
        "assistant.list.accepted", MUST, "Assistants are listed.",
        openai("assistants/listAssistants"), ("openai-python beta.assistants.list()",),
    ),
)  # fmt: skip


async def ask(s: Session, step: str, method: str, path: str, body: Any = None) -> Exchange:
    """One request with the beta header."""
    return await s.send(step, method, path, json=body, headers=BETA)


@scenario("assistants_use", needs="assistants", cost=25)
async def _assistants(s: Session) -> None:
    """Three assistants: made, listed, changed, deleted."""
    path, model = "/assistants", s.model("chat")
    one = id_of(await ask(s, "made-1", "POST", path, {"model": model, **ASSISTANT}))
    await s.sleep(TICK)
    two = id_of(await ask(s, "made-2", "POST", path, {"model": model}))
    await s.sleep(TICK)
    three = id_of(
        await ask(s, "made-3", "POST", path, {"model": model, "name": None, "metadata": None})
    )
    desc = f"{path}?limit=100&order=desc"
    other = f"{path}/{unknown(one)}"
    await s.gather(
        ask(s, "retrieve", "GET", f"{path}/{one}"),
        ask(s, "list", "GET", f"{path}?limit=100"),
        ask(s, "limit", "GET", f"{path}?limit=1"),
        ask(s, "after", "GET", f"{desc}&after={three}"),
        ask(s, "before", "GET", f"{desc}&before={one}"),
        ask(s, "asc", "GET", f"{path}?limit=100&order=asc&after={one}"),
        ask(s, "no-model", "POST", path, {"name": NAME}),
        ask(s, "bad-tools", "POST", path, {"model": model, "tools": "weather"}),
        ask(s, "unknown-model", "POST", path, {"model": s.model("unknown")}),
        ask(s, "unknown", "GET", other),
        ask(s, "unknown-update", "POST", other, {"name": "x"}),
        ask(s, "unknown-delete", "DELETE", other),
    )
    await ask(s, "update", "POST", f"{path}/{one}", {"name": "Other", "metadata": {"a": "b"}})
    await ask(s, "updated", "GET", f"{path}/{one}")
    await ask(s, "delete", "DELETE", f"{path}/{one}")
    await ask(s, "deleted", "GET", f"{path}/{one}")
    await ask(s, "delete-again", "DELETE", f"{path}/{one}")
    await ask(s, "left", "GET", f"{path}?limit=100")
    await ask(s, "cleanup", "DELETE", f"{path}/{two}")
    await ask(s, "cleanup", "DELETE", f"{path}/{three}")


FIRST = {"role": "user", "content": "How does AI work? ✓", "metadata": {"kind": "first"}}
REPLY = {"role": "assistant", "content": "Very well, thank you."}
PARTS = [{"type": "text", "text": "One part."}, {"type": "text", "text": "Another part."}]


@scenario("threads_use", needs="assistants", cost=34)
async def _threads(s: Session) -> None:
    """A thread with messages."""
    body = {"messages": [FIRST, REPLY], "metadata": {"topic": "test"}}
    thread = id_of(await ask(s, "create", "POST", "/threads", body))
    path = f"/threads/{thread}"
    messages = f"{path}/messages"
    await ask(s, "initial", "GET", f"{messages}?order=asc")
    made = []
    for number, content in enumerate(("Two words.", PARTS, "The last one."), start=1):
        await s.sleep(TICK)
        sent = {"role": "user", "content": content, "metadata": {"number": str(number)}}
        made.append(id_of(await ask(s, f"made-{number}", "POST", messages, sent)))
    one, _, three = made
    desc = f"{messages}?limit=100&order=desc"
    absent = f"/threads/{unknown(thread)}"
    await s.gather(
        ask(s, "retrieve", "GET", path),
        ask(s, "message", "GET", f"{messages}/{one}"),
        ask(s, "list", "GET", f"{messages}?limit=100"),
        ask(s, "limit", "GET", f"{messages}?limit=1"),
        ask(s, "after", "GET", f"{desc}&after={three}"),
        ask(s, "before", "GET", f"{desc}&before={one}"),
        ask(s, "asc", "GET", f"{messages}?limit=100&order=asc&after={one}"),
        ask(s, "no-role", "POST", messages, {"content": "x"}),
        ask(s, "bad-role", "POST", messages, {"role": "narrator", "content": "x"}),
        ask(s, "no-content", "POST", messages, {"role": "user"}),
        ask(s, "unknown", "GET", f"{messages}/{unknown(one)}"),
        ask(s, "unknown-delete", "DELETE", f"{messages}/{unknown(one)}"),
        ask(s, "unknown-thread", "GET", absent),
        ask(s, "unknown-thread-delete", "DELETE", absent),
        ask(s, "unknown-thread-messages", "GET", f"{absent}/messages"),
        ask(s, "unknown-thread-add", "POST", f"{absent}/messages", FIRST),
        ask(s, "unknown-thread-runs", "GET", f"{absent}/runs"),
    )
    await walk(s, f"{messages}?limit=2&order=asc")
    await ask(s, "update", "POST", path, {"metadata": {"topic": "changed"}})
    await ask(s, "updated", "GET", path)
    await ask(s, "message-update", "POST", f"{messages}/{three}", {"metadata": {"new": "yes"}})
    await ask(s, "message-updated", "GET", f"{messages}/{three}")
    await ask(s, "delete", "DELETE", f"{messages}/{one}")
    await ask(s, "deleted", "GET", f"{messages}/{one}")
    await ask(s, "delete-again", "DELETE", f"{messages}/{one}")
    await ask(s, "left", "GET", f"{messages}?limit=100")
    empty = id_of(await ask(s, "empty", "POST", "/threads", {}))
    await ask(s, "empty-list", "GET", f"/threads/{empty}/messages")
    await ask(s, "empty-delete", "DELETE", f"/threads/{empty}")
    await ask(s, "thread-delete", "DELETE", path)
    await ask(s, "thread-deleted", "GET", path)
    await ask(s, "thread-deleted-messages", "GET", messages)


async def walk(s: Session, path: str, most: int = 5) -> None:
    """Pages as the SDKs ask for them: `after` is the id of the last element."""
    after = ""
    for _ in range(most):
        page = await ask(s, "page", "GET", path + after)
        body = page.json if page.ok else None
        data = body.get("data") if isinstance(body, dict) else None
        last = data[-1] if isinstance(data, list) and data else None
        name = last.get("id") if isinstance(last, dict) else None
        if not isinstance(body, dict) or not body.get("has_more") or not isinstance(name, str):
            return
        after = f"&after={name}"


@scenario("assistants_other_key", needs="assistants", keys=("second",), cost=19)
async def _other_key(s: Session) -> None:
    """Another account looks for an assistant and a thread."""
    made = await ask(s, "create", "POST", "/assistants", {"model": s.model("chat")})
    thread = await ask(s, "thread", "POST", "/threads", {"messages": [FIRST]})
    one, two = f"/assistants/{id_of(made)}", f"/threads/{id_of(thread)}"
    message = id_of(await ask(s, "message", "POST", f"{two}/messages", FIRST))
    run = {"assistant_id": id_of(made)}
    for step, path, body in (
        ("update", one, {"name": "Taken"}),
        ("thread-update", two, {"metadata": {"by": "another"}}),
        ("thread-add", f"{two}/messages", {"role": "user", "content": "From another."}),
        ("thread-run", f"{two}/runs", run),
    ):
        await s.send(step, "POST", path, json=body, headers=BETA, key="second")
    for step, method, path in (
        ("get", "GET", one),
        ("list", "GET", "/assistants?limit=100"),
        ("delete", "DELETE", one),
        ("thread-get", "GET", two),
        ("thread-messages", "GET", f"{two}/messages"),
        ("thread-message", "GET", f"{two}/messages/{message}"),
        ("thread-runs", "GET", f"{two}/runs"),
        ("thread-delete", "DELETE", two),
    ):
        await s.send(step, method, path, headers=BETA, key="second")
    await ask(s, "still-there", "GET", one)
    await ask(s, "thread-still-there", "GET", two)
    await ask(s, "cleanup", "DELETE", one)
    await ask(s, "cleanup", "DELETE", two)
