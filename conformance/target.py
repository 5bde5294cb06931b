"""What is tested: base URL, keys, models, limits."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from conformance.probe import Model

DEFAULT_CHAT = "gpt-4o-mini"
DEFAULTS = {"unknown": "no-such-model", "moderation": "omni-moderation-latest"}
"""Models of the kinds for which the chat model would be no use."""
OF_ANOTHER_SORT = ("speech", "transcription", "image")
"""Kinds for which the chat model is asked where none is given, and will hardly do."""


@dataclass(frozen=True)
class Limits:
    """What a run may spend. None: no limit."""

    concurrency: int = 8
    requests_per_minute: float | None = None
    max_requests: int | None = None
    max_tokens: int | None = None
    max_cost: float | None = None
    max_seconds: float | None = None
    timeout_s: float = 60.0
    connect_timeout_s: float = 10.0
    max_response_bytes: int = 16 * 1024 * 1024


@dataclass(frozen=True)
class Account:
    """A tier of the profile by its name; None: it has no such limit."""

    tier: str
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None


@dataclass(frozen=True)
class Target:
    """A server under test.

    ``keys``: by name (api, second, limited, revoked, no_quota, forbidden); ``models``: by kind
    (chat, embedding, moderation, rerank, unknown, ...). ``bounds``: the range of a parameter where
    the profile has a narrower one than OpenAI. ``account``: the tier that the key is said to have.
    ``webhook_url``, ``webhook_listen``: where the target finds the run's receiver of webhooks, and
    where that listens. ``idempotency_expiry_s``: how long the answer to an idempotency key is said
    to be kept.
    """

    base_url: str
    keys: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    limited_rpm: float | None = None
    limited_window_s: float | None = None
    name: str = ""
    version: str = ""
    bounds: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    account: Account | None = None
    webhook_url: str = ""
    webhook_listen: str = ""
    idempotency_expiry_s: float | None = None

    def model(self, kind: str) -> str:
        """The model of a kind; the chat model where none is given for that kind."""
        if kind in self.models:
            return self.models[kind]
        return DEFAULTS.get(kind) or self.models.get("chat") or DEFAULT_CHAT

    def borrowed(self, kind: str) -> bool:
        """Whether the chat model stands in for a model of quite another sort."""
        return kind in OF_ANOTHER_SORT and kind not in self.models

    def fill(self, body: Any) -> Any:
        """A body with every :class:`Model` replaced by the target's id."""
        if isinstance(body, Model):
            return self.model(body.kind)
        if isinstance(body, dict):
            return {key: self.fill(value) for key, value in body.items()}
        if isinstance(body, list):
            return [self.fill(value) for value in body]
        return body

    def fill_path(self, path: str) -> str:
        """A path with ``{kind}`` replaced by the model of that kind, percent-encoded."""
        while "{" in path:
            before, _, rest = path.partition("{")
            kind, _, after = rest.partition("}")
            path = before + quote(self.model(kind), safe="") + after
        return path


def is_local(host: str) -> bool:
    """Whether a host is of this machine or of a private network."""
    if host == "localhost" or host.endswith(
        (".localhost", ".local", ".internal", ".test", ".invalid")
    ):
        return True
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host
