"""Operations that only other providers document: keys, deletion, audit, metrics, moderate."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import httpx

from conformance.reference.call import Call
from conformance.reference.errors import invalid, missing, not_found
from conformance.reference.reply import Answer
from conformance.reference.routes import moderations
from conformance.reference.routing import Route


def create_key(call: Call) -> Answer:
    """POST /keys."""
    name = call.fields.get("name")
    if not isinstance(name, str) or not name:
        raise missing("name")
    made = {"id": call.app.new_id("key_"), "name": name, "key": call.app.new_id("asc_", 32)}
    assert call.account is not None
    call.app.data.setdefault("keys", {})[made["key"]] = replace(call.account)
    call.table("keys")[made["id"]] = made["key"]
    return Answer({**made, "created": call.now}, status=201)


def revoke_key(call: Call) -> Answer:
    """DELETE /keys/{key_id}."""
    key = call.table("keys").pop(call.params["key_id"], None)
    if key is None:
        raise not_found("No such key.", "key_id")
    if not call.on("assisters-com.keys.revoked"):
        call.app.data["keys"].pop(key)
    return Answer({"id": call.params["key_id"], "deleted": True})


def delete_data(call: Call) -> Answer:
    """DELETE /data/{id}."""
    if call.params["id"] not in call.table("data"):
        raise not_found("No such data.", "id")
    if not call.on("assisters-com.data.deleted"):
        del call.table("data")[call.params["id"]]
    return Answer({"id": call.params["id"], "deleted": True})


def audit(call: Call) -> Answer:
    """GET /audit?start=&end=, days included."""
    days = {}
    for name in ("start", "end"):
        try:
            days[name] = date.fromisoformat(call.query.get(name, ""))
        except ValueError as error:
            raise invalid(f"{name} must be a day such as 2024-01-31.", name) from error
    if days["start"] > days["end"]:
        raise invalid("start must not be after end.", "start")
    today = datetime.fromtimestamp(call.now, UTC).date()
    inside = days["start"] <= today <= days["end"] or call.on("assisters-com.audit.inside")
    entry = {"time": call.now, "method": call.method, "path": call.path, "account": call.owner}
    return Answer({"entries": [entry] if inside else []})


def metrics(call: Call) -> Answer:
    """GET /metrics."""
    served = {name: len(rows) for (_, name), rows in call.app.tables.items()}
    return Answer({"requests": sum(served.values()), "models": len(call.config.models)})


async def subscribe(call: Call) -> Answer:
    """POST /webhooks: the address is asked for a challenge before it is used."""
    url, events = call.fields.get("url"), call.fields.get("events")
    if not isinstance(url, str) or not url.startswith("http://127.0.0.1:"):
        raise invalid("url must be an address that can be verified.", "url")
    if not isinstance(events, list) or not events:
        raise missing("events")
    token = call.app.new_id("whc_")
    if not call.on("assisters-com.webhooks.verified"):
        verify = url.rpartition("/")[0] + "/webhooks/verify"
        async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
            answer = await client.get(verify, params={"challenge": token})
        if token not in answer.text:
            raise invalid("The address did not answer the challenge.", "url")
    name = call.app.new_id("wh_")
    call.table("webhooks")[name] = {"id": name, "url": url, "events": events}
    return Answer(call.table("webhooks")[name], status=201)


ROUTES = (
    Route(
        "providers.moderate", "POST", "/moderate", moderations.create, moderations.validate, "json"
    ),
    Route("providers.keys.create", "POST", "/keys", create_key, None, "json"),
    Route("providers.keys.revoke", "DELETE", "/keys/{key_id}", revoke_key),
    Route("providers.data.delete", "DELETE", "/data/{id}", delete_data),
    Route("providers.audit", "GET", "/audit", audit),
    Route("providers.webhooks", "POST", "/webhooks", subscribe, None, "json"),
    Route("providers.metrics", "GET", "/metrics", metrics),
)
