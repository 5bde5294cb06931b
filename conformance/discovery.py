"""Which model to ask for what, where the settings do not say: from the list that the target gives.

A chat model is only taken when it has answered; the first of the list may be anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from conformance.exchange import Exchange
from conformance.session import Session
from conformance.target import Target

TRIES = 3
"""Listed models that are asked for a completion, at most."""

KINDS: Mapping[str, re.Pattern[str]] = {
    "embedding": re.compile(r"embed|\bbge|\be5-|gte-|minilm", re.I),
    "moderation": re.compile(r"moderation|guard", re.I),
    "rerank": re.compile(r"rerank", re.I),
    "completion": re.compile(r"instruct$|davinci|babbage", re.I),
    "speech": re.compile(r"\btts|speech", re.I),
    "transcription": re.compile(r"whisper|transcribe", re.I),
    "image": re.compile(r"dall-e|image|flux|sdxl", re.I),
    "realtime": re.compile(r"realtime", re.I),
}


def listed(exchange: Exchange) -> list[str]:
    """The ids of a list of models, in any of the forms that servers use."""
    body = exchange.json
    rows: Any = body
    if isinstance(body, dict):
        rows = body.get("data") or body.get("models")
    if not isinstance(rows, list):
        return []
    ids = [row.get("id") for row in rows if isinstance(row, dict)]
    return [id for id in ids if isinstance(id, str) and id]


async def complete(session: Session, models: Exchange, target: Target) -> Target:
    """The target with a model for each kind that the settings leave open and the list suggests."""
    ids = listed(models)
    found = dict(target.models)
    for kind, pattern in KINDS.items():
        if kind not in found:
            suggested = next((id for id in ids if pattern.search(id)), None)
            if suggested:
                found[kind] = suggested
    if "chat" not in found:
        special = re.compile("|".join(p.pattern for k, p in KINDS.items() if k != "completion"))
        for id in [id for id in ids if not special.search(id.lower())][:TRIES]:
            answer = await session.send(
                "chat-model",
                "POST",
                "/chat/completions",
                json={
                    "model": id,
                    "messages": [{"role": "user", "content": "Say hello."}],
                    "max_tokens": 1,
                },
                retry=False,
            )
            if answer.ok:
                found["chat"] = id
                break
    return replace(target, models=found)
