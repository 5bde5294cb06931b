"""Requests that only one provider's documents describe."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from conformance.capability import capability
from conformance.probe import CHAT_MODEL, Model, Skip, chat, post, probe, scenario, user
from conformance.session import Session
from conformance.target import is_local
from conformance.webhooks import Receiver

SAY = "Repeat exactly: hello there"
PERSONAL = ("jane.roe@example.com", "+1 202 555 0143", "4111 1111 1111 1111")
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get current weather for a location.",
        "parameters": {"type": "object", "properties": {"location": {"type": "string"}}},
    },
}

# What one provider documents is asked only of whoever claims it, and each of it by itself: that one
# page of a provider is wrong says nothing of the others. So all have the same gate.
for _name, _title in (
    ("assisters.moderate", "POST /moderate"),
    ("assisters.headers", "headers by RPM and TPM"),
    ("assisters.models", "models of the Assisters API"),
    ("assisters.tiers", "tiers of the Assisters API"),
    ("assisters.unsupported", "what the Assisters API does not support"),
    ("assisters-com.metrics", "GET /metrics"),
    ("assisters-com.models", "models in assisters.com's shape"),
    ("assisters-com.embeddings", "embeddings in assisters.com's shape"),
    ("assisters-com.chat", "chat by assisters.com's page"),
    ("assisters-com.keys", "keys made by a call"),
    ("assisters-com.temperature", "temperature from 0 to 1"),
    ("assisters-com.builtin-tools", "web_search and code_interpreter"),
    ("assisters-com.reasoning", "reasoning: true"),
    ("assisters-com.mask", "mask: true"),
    ("assisters-com.data", "DELETE /data/{id}"),
    ("assisters-com.audit", "GET /audit"),
    ("assisters-com.webhooks", "POST /webhooks"),
    ("assisters-com.canary", "GET /models/{model}/test"),
    ("assisters-com.unsupported", "what assisters.com has replaced"),
    ("alveare.names", "models and specialists by name"),
    ("alveare.first-token", "time to first token"),
    ("alveare.unsupported", "what Alveare does not serve"),
    ("openai-assistants.call", "assistants.chat.completions"),
    ("openai-assistants.page", "errors as the page has them"),
):
    capability(_name, _title, "chat")

probe(
    "assisters_moderate",
    *post("/moderate", input="I like trains."),
    needs="assisters.moderate",
)
probe("assisters_models", "GET", "/models", needs="assisters.models")
for _form in ("float", "base64"):
    probe(
        f"assisters_dimensions_{_form}",
        *post(
            "/embeddings",
            model="bge-m3",
            input="The quick brown fox.",
            **({} if _form == "float" else {"encoding_format": _form}),
        ),
        needs="assisters.models",
    )
probe(
    "assisters_openai_name",
    "POST",
    "/chat/completions",
    {"model": "gpt-4", "messages": [user("Hello!")], "max_tokens": 5},
    needs="assisters.models",
    valid=False,
)


@scenario("assisters_falling", needs="assisters.headers", cost=2)
async def falling(s: Session) -> None:
    """Two requests after each other, with nothing between them."""
    for step in ("first", "second"):
        await s.post(step, "/chat/completions", **_hello())


@scenario("assisters_tier", needs="assisters.tiers", cost=1)
async def tier(s: Session) -> None:
    """One request of the key whose tier the run was told."""
    if s.target.account is None:
        raise Skip("no `account_tier` is configured: which of the profile's tiers has the key?")
    told = asdict(s.target.account)
    await s.send("told", "POST", "/chat/completions", json=_hello(), context={"account": told})


@scenario("assisters_enforced", needs="assisters.tiers", keys=("limited",), exclusive=True, cost=62)
async def enforced(s: Session) -> None:
    """Requests until one is refused, at most more than two windows may serve."""
    first = await s.send("spend", "POST", "/chat/completions", json=_hello(), key="limited")
    text = first.header("x-ratelimit-limit-rpm") or ""
    limit = int(text) if text.isdigit() else 0
    if limit > 30:
        raise Skip(f"the limited key has {limit} requests a minute: too many to spend")
    context = {"limit": limit, "window": float(s.target.limited_window_s or 60)}
    for _ in range(2 * limit + 1 if first.ok and limit else 0):
        x = await s.send(
            "spend", "POST", "/chat/completions", json=_hello(), key="limited", retry=False,
            context=context,
        )  # fmt: skip
        if not x.ok:
            return


def _hello(**more: Any) -> dict[str, Any]:
    return {"model": CHAT_MODEL, "messages": [user(SAY)], "max_tokens": 16, **more}


probe("assisters_com_metrics", "GET", "/metrics", needs="assisters-com.metrics")
probe("assisters_com_models", "GET", "/models", needs="assisters-com.models")
probe("assisters_com_chat", *chat(SAY, max_tokens=16), needs="assisters-com.chat")
probe(
    "assisters_com_short",
    *chat("Count from 1 to 50.", max_tokens=5),
    needs="assisters-com.chat",
)
_EMBEDDING = Model("embedding")
probe(
    "assisters_com_embedding",
    *post("/embeddings", model=_EMBEDDING, input="The quick brown fox jumps over the lazy dog."),
    needs="assisters-com.embeddings",
)
probe(
    "assisters_com_batch",
    *post("/embeddings", model=_EMBEDDING, input=["text 1", "text 2", "text 3"]),
    needs="assisters-com.embeddings",
)
probe(
    "assisters_com_hot",
    *chat(SAY, temperature=1.5, max_tokens=16),
    needs="assisters-com.temperature",
    valid=False,
)
probe(
    "assisters_com_warm",
    *chat(SAY, temperature=1, max_tokens=16),
    needs="assisters-com.temperature",
)
for _tool in ("web_search", "code_interpreter"):
    probe(
        f"assisters_com_{_tool}",
        *chat(SAY, tools=[{"type": _tool}], max_tokens=32),
        needs="assisters-com.builtin-tools",
    )
probe(
    "assisters_com_reasoning",
    *chat("Solve 2x + 3 = 7.", reasoning=True, max_tokens=200),
    needs="assisters-com.reasoning",
)
probe(
    "assisters_com_mask",
    *chat("Repeat exactly: " + ", ".join(PERSONAL), mask=True, max_tokens=100),
    needs="assisters-com.mask",
)


@scenario("assisters_com_audit", needs="assisters-com.audit", cost=2)
async def audit(s: Session) -> None:
    """The log of a month that is long past, and of today."""
    today = datetime.fromtimestamp(s.clock.time(), UTC).date()
    ranges = {
        "past": ("2024-01-01", "2024-01-31"),
        "now": (f"{today - timedelta(days=1)}", f"{today + timedelta(days=1)}"),
    }
    for step, (start, end) in ranges.items():
        await s.send(
            step, "GET", f"/audit?start={start}&end={end}", context={"range": [start, end]}
        )


probe(
    "assisters_com_audit_bad",
    "GET",
    "/audit?start=yesterday&end=2024-01-31",
    needs="assisters-com.audit",
    valid=False,
)
probe("assisters_com_canary", "GET", "/models/{chat}/test", needs="assisters-com.canary")


@scenario("assisters_com_keys", needs="assisters-com.keys", cost=4)
async def keys(s: Session) -> None:
    """A key is made, used, revoked, and used again."""
    made = await s.post("create", "/keys", name=f"conformance-{s.nonce()}")
    body = made.json if isinstance(made.json, dict) else {}
    key, name = body.get("key"), body.get("id")
    if not (isinstance(key, str) and key and isinstance(name, str) and name):
        return
    await s.send("use", "GET", "/models", bearer=key)
    await s.send("revoke", "DELETE", f"/keys/{name}")
    await s.send("revoked", "GET", "/models", bearer=key, retry=False)


@scenario("assisters_com_data", needs="assisters-com.data", cost=3)
async def data(s: Session) -> None:
    """An answer is deleted, and looked for again."""
    made = await s.send("create", "POST", "/chat/completions", json=_hello())
    name = made.json.get("id") if isinstance(made.json, dict) else None
    if isinstance(name, str) and name:
        await s.send("delete", "DELETE", f"/data/{name}")
        await s.send("again", "DELETE", f"/data/{name}", retry=False)


@scenario("assisters_com_webhooks", needs="assisters-com.webhooks", cost=3)
async def webhooks(s: Session) -> None:
    """An address of this machine is subscribed, an answer is made, and the event is waited for."""
    local = is_local(urlsplit(s.target.base_url).hostname or "")
    if not local and not s.target.webhook_url:
        raise Skip("the target must reach this machine: give --webhook-url and --webhook-listen")
    async with Receiver(s.target.webhook_listen, s.target.webhook_url) as receiver:
        await s.post("subscribe", "/webhooks", url=receiver.url, events=["chat.completion"])
        await s.send("chat", "POST", "/chat/completions", json=_hello())
        await receiver.wait(2)
        seen = {"challenges": receiver.challenges, "events": receiver.events}
        await s.send("received", "GET", "/models", context=seen)


def _named(model: str) -> tuple[str, str, dict[str, Any]]:
    return post("/chat/completions", model=model, messages=[user(SAY)], max_tokens=16)


for _model in ("classify", "summarise", "extract"):
    probe(f"alveare_{_model}", *_named(_model), needs="alveare.names")
probe("alveare_openai_name", *_named("gpt-3.5-turbo"), needs="alveare.names")
probe(
    "alveare_stream",
    *chat("Count from 1 to 20.", stream=True, max_tokens=64),
    needs="alveare.first-token",
)


# what the page prints is no id at all; a well-made one of nobody is another matter
for _word, _id in (
    ("wrong", "your-assistant-id"),
    ("unknown", "asst_000000000000000000000000"),
):
    probe(
        f"openai_assistants_{_word}",
        "GET",
        f"/assistants/{_id}",
        needs="openai-assistants.page",
        headers={"OpenAI-Beta": "assistants=v2"},
        valid=False,
    )
