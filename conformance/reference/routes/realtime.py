"""Realtime over a WebSocket: the exchange of text."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from conformance.reference import tokens
from conformance.reference.ask import Ask, Turn
from conformance.reference.auth import authenticate
from conformance.reference.errors import ApiError
from conformance.reference.model import generate

if TYPE_CHECKING:
    from conformance.reference.app import ReferenceApp

Event = dict[str, Any]
_PROTOCOL_KEY = "openai-insecure-api-key."


async def websocket(app: ReferenceApp, scope: Any, receive: Any, send: Any) -> None:
    """Serve one connection."""
    await receive()
    headers = {name.decode("latin-1").lower(): v.decode("latin-1") for name, v in scope["headers"]}
    protocols = scope.get("subprotocols") or []
    for name in protocols:
        if name.startswith(_PROTOCOL_KEY):  # browsers cannot send headers
            headers["authorization"] = "Bearer " + name.removeprefix(_PROTOCOL_KEY)
    call = app.call(app, "GET", scope["path"], headers, route="realtime")
    app.identify(call)
    verdict = await call.run("authorised", authenticate(call))
    query = dict(part.partition("=")[::2] for part in scope["query_string"].decode().split("&"))
    known = app.config.models.get(query.get("model", ""))
    accepted = "realtime" if "realtime" in protocols else None
    await send({"type": "websocket.accept", "subprotocol": accepted, "headers": []})
    problem = verdict if isinstance(verdict, ApiError) else None
    if scope["path"] != "/v1/realtime":
        problem = ApiError(404, f"Invalid URL (GET {scope['path']})")
    elif problem is None and (known is None or known.kind != "realtime"):
        problem = ApiError(404, f"The model `{query.get('model')}` does not exist.",
                           code="model_not_found")  # fmt: skip
    session = _Session(app, query.get("model", ""))

    async def say(event: Event) -> None:
        event = await call.run("reply", event)
        if event:
            await send({"type": "websocket.send", "text": json.dumps(event, ensure_ascii=False)})

    problem = await call.run("accepted", problem) or None
    if problem is not None:
        await say(session.error(problem.message, problem.code))
        await send({"type": "websocket.close", "code": 3000, "reason": "invalid_request_error"})
        return
    await say(session.event("session.created", session=dict(session.shape)))
    while (message := await receive())["type"] == "websocket.receive":
        text = message.get("text") or (message.get("bytes") or b"").decode("utf-8", "replace")
        async for event in session.answer(text):
            await say(event)
            if call.state.get("hang up"):
                await send({"type": "websocket.close", "code": 1011, "reason": "internal error"})
                return


class _Session:
    """The conversation of one connection."""

    def __init__(self, app: ReferenceApp, model: str) -> None:
        self.app = app
        self.turns: list[Turn] = []
        self.shape: Event = {
            "id": app.new_id("sess_"),
            "object": "realtime.session",
            "type": "realtime",
            "model": model,
            "output_modalities": ["text"],
            "instructions": "",
            "tools": [],
            "tool_choice": "auto",
        }

    def event(self, name: str, **fields: Any) -> Event:
        """An event with an id of its own."""
        return {"type": name, "event_id": self.app.new_id("event_"), **fields}

    def error(self, text: str, code: str | None = None, cause: object = None) -> Event:
        """The error event; the connection stays."""
        error = {"type": "invalid_request_error", "code": code, "message": text, "param": None,
                 "event_id": cause}  # fmt: skip
        return self.event("error", error=error)

    async def answer(self, text: str) -> AsyncIterator[Event]:
        """What the server says to one event of the client."""
        try:
            event = json.loads(text)
            kind = event["type"]
        except (ValueError, KeyError, TypeError, RecursionError):
            yield self.error("Failed to parse the event.", "invalid_event")
            return
        if kind == "session.update":
            self.shape.update(event.get("session") or {})
            yield self.event("session.updated", session=dict(self.shape))
        elif kind == "conversation.item.create" and isinstance(event.get("item"), dict):
            item = {"id": self.app.new_id("item_"), "object": "realtime.item",
                    "status": "completed", **event["item"]}  # fmt: skip
            said = " ".join(str(part.get("text", "")) for part in item.get("content") or ())
            self.turns.append(Turn(str(item.get("role", "user")), said))
            yield self.event("conversation.item.added", previous_item_id=None, item=item)
            yield self.event("conversation.item.done", previous_item_id=None, item=item)
        elif kind == "response.create":
            async for made in self._respond():
                yield made
        else:
            yield self.error(f"Invalid value: '{str(kind)[:80]}'.", "invalid_value",
                             event.get("event_id"))  # fmt: skip

    async def _respond(self) -> AsyncIterator[Event]:
        asked = (Turn("system", str(self.shape.get("instructions") or "")), *self.turns)
        made = generate(Ask(asked))
        response: Event = {"id": self.app.new_id("resp_"), "object": "realtime.response",
                           "status": "in_progress", "status_details": None, "output": [],
                           "usage": None}  # fmt: skip
        yield self.event("response.created", response=response)
        item: Event = {"id": self.app.new_id("item_"), "object": "realtime.item",
                       "type": "message", "role": "assistant", "status": "in_progress",
                       "content": []}  # fmt: skip
        at = {"response_id": response["id"], "output_index": 0}
        yield self.event("response.output_item.added", **at, item=item)
        yield self.event("conversation.item.added", previous_item_id=None, item=item)
        inside = {**at, "item_id": item["id"], "content_index": 0}
        yield self.event("response.content_part.added", **inside, part={"type": "text", "text": ""})
        for text, _ in tokens.deltas(made.tokens):
            await self.app.clock.sleep(self.app.config.token_delay_s)
            yield self.event("response.output_text.delta", **inside, delta=text)
        part = {"type": "text", "text": made.text}
        done = {**item, "status": "completed", "content": [{**part, "type": "output_text"}]}
        yield self.event("response.output_text.done", **inside, text=made.text)
        yield self.event("response.content_part.done", **inside, part=part)
        yield self.event("response.output_item.done", **at, item=done)
        spent = sum(tokens.count(turn.text) for turn in asked)
        usage = {"input_tokens": spent, "output_tokens": made.output_tokens,
                 "total_tokens": spent + made.output_tokens}  # fmt: skip
        final = {**response, "status": "completed", "output": [done], "usage": usage}
        self.turns.append(Turn("assistant", made.text))
        yield self.event("response.done", response=final)
