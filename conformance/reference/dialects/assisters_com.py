"""assisters.com: its own shapes, built-in tools, reasoning, masking, and keys made by a call."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import httpx

from conformance.reference.call import Call
from conformance.reference.config import Account
from conformance.reference.errors import ApiError, invalid, not_found
from conformance.reference.reply import Answer
from conformance.reference.routing import Route

BUILT_IN = ("web_search", "code_interpreter")
PERSONAL = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.-]+|\b(?:\d[ -]?){13,16}\b|\+?\d[\d ()-]{7,}\d", re.ASCII
)


def model_test(call: Call, early: object) -> None:
    """/models/{model}/test is a route of its own, though a model's id may hold a slash."""
    name = call.params.get("model", "")
    if call.route == "models.retrieve" and name.endswith("/test"):
        call.route, call.spec = "providers.models.test", TEST
        call.params = {"model": name.removesuffix("/test")}


def _test(call: Call) -> Answer:
    name = call.params["model"]
    if name not in call.config.models:
        raise not_found(f"The model '{name}' does not exist", "model", "model_not_found")
    return Answer({"model": name, "status": "ok"})


TEST = Route("providers.models.test", "GET", "/models/{model}/test", _test)


def made_keys(call: Call, verdict: Account | ApiError) -> Account | ApiError:
    """Keys that a call has made are as good as others, until they are revoked."""
    key = call.headers.get("authorization", "").removeprefix("Bearer ").strip()
    found: Account | None = call.app.data.get("keys", {}).get(key)
    return found if found is not None else verdict


def request(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    """Take out what OpenAI does not know, and remember it."""
    body = dict(body)
    temperature = body.get("temperature")
    hot = isinstance(temperature, int | float) and temperature > 1
    if hot and not call.on("assisters-com.temperature.bounded"):
        raise invalid("Temperature must be between 0 and 1.", "temperature", "invalid_value")
    for name in ("reasoning", "mask"):
        wanted = body.pop(name, False)
        if not isinstance(wanted, bool):
            raise invalid(f"{name} must be true or false.", name, "invalid_type")
        call.state[name] = wanted
    tools = body.get("tools")
    if isinstance(tools, list):
        kept = [t for t in tools if not (isinstance(t, dict) and t.get("type") in BUILT_IN)]
        if kept:
            body["tools"] = kept
        else:
            del body["tools"]
    masking = call.state["mask"] and not call.on("assisters-com.mask.redacted")
    if masking and isinstance(body.get("messages"), list):
        body["messages"] = [_masked(message) for message in body["messages"]]
    return body


def _masked(message: Any) -> Any:
    if isinstance(message, dict) and isinstance(message.get("content"), str):
        return {**message, "content": PERSONAL.sub("[redacted]", message["content"])}
    return message


async def events(call: Call, body: dict[str, Any]) -> None:
    """Tell the subscribers of a finished completion."""
    for hook in list(call.table("webhooks").values()):
        if "chat.completion" in hook["events"]:
            data = {"id": body["id"], "status": "completed"}
            event = {"event": "chat.completion", "data": data}
            if call.on("assisters-com.webhooks.event"):
                del event["data"]
            with contextlib.suppress(httpx.HTTPError):
                async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
                    await client.post(hook["url"], json=event)


def reply(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    """Reasoning where it was asked for; the answer can be deleted by its id."""
    if call.state.get("reasoning"):
        for choice in body["choices"]:
            choice["message"]["reasoning"] = "Read the question, then answered it."
    call.table("data")[body["id"]] = body
    return body


def models(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    """The list of models in this provider's shape."""
    return {
        "models": [
            {
                "id": card.id,
                "name": card.id.replace("-", " ").title(),
                "max_tokens": card.context,
                "supports": ["chat", "reasoning"] if card.kind == "chat" else ["embeddings"],
            }
            for card in call.config.models.values()
        ]
    }


def embeddings(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    """One vector, or one for each input, without OpenAI's list around them."""
    vectors = [item["embedding"] for item in body["data"]]
    single = isinstance(call.fields.get("input"), str)
    return {
        "embedding": vectors[0] if single else vectors,
        "model": body["model"],
        "usage": {"tokens": body["usage"]["total_tokens"]},
    }


HOOKS: Any = (
    ("received", None, model_test),
    ("authorised", None, made_keys),
    ("request", "chat", request),
    ("reply", "chat", reply),
    ("reply", "chat", events),
    ("reply", "models.list", models),
    ("reply", "embeddings", embeddings),
)
