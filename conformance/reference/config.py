"""What the embedded provider serves: accounts, models, pace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

AccountState = Literal["active", "revoked", "no_quota", "forbidden"]

KEY_MAIN = "sk-reference-main"
KEY_SECOND = "sk-reference-second"
KEY_LIMITED = "sk-reference-limited"
KEY_REVOKED = "sk-reference-revoked"
KEY_NO_QUOTA = "sk-reference-no-quota"
KEY_FORBIDDEN = "sk-reference-forbidden"

MODEL_CHAT = "reference-chat"
MODEL_CHAT_MINI = "reference-chat-mini"
MODEL_CHAT_SLASH = "reference/chat-slash"
MODEL_REASONING = "reference-reasoning"
MODEL_INSTRUCT = "reference-instruct"
MODEL_EMBEDDING = "reference-embedding"
MODEL_MODERATION = "reference-moderation"
MODEL_RERANK = "reference-rerank"
MODEL_SPEECH = "reference-speech"
MODEL_TRANSCRIBE = "reference-transcribe"
MODEL_IMAGE = "reference-image"
MODEL_REALTIME = "reference-realtime"

CONTEXT_TOKENS = 4096
EMBEDDING_DIMENSIONS = 256


@dataclass(frozen=True)
class Account:
    """Who a key belongs to, and what it may use."""

    name: str
    requests_limit: int = 10_000
    tokens_limit: int = 2_000_000
    window_s: float = 60.0
    state: AccountState = "active"


@dataclass(frozen=True)
class ModelCard:
    """A served model: what it is for, and what it can do."""

    id: str
    kind: str
    vision: bool = False
    reasoning: bool = False
    context: int = CONTEXT_TOKENS
    owned_by: str = "reference"


def _accounts() -> Mapping[str, Account]:
    return {
        KEY_MAIN: Account("main"),
        KEY_SECOND: Account("second"),
        KEY_LIMITED: Account("limited", requests_limit=3, tokens_limit=6000, window_s=2.0),
        KEY_REVOKED: Account("revoked", state="revoked"),
        KEY_NO_QUOTA: Account("no-quota", state="no_quota"),
        KEY_FORBIDDEN: Account("forbidden", state="forbidden"),
    }


def _models() -> Mapping[str, ModelCard]:
    cards = (
        ModelCard(MODEL_CHAT, "chat", vision=True),
        ModelCard(MODEL_CHAT_MINI, "chat"),
        ModelCard(MODEL_CHAT_SLASH, "chat"),
        ModelCard(MODEL_REASONING, "chat", reasoning=True),
        ModelCard(MODEL_INSTRUCT, "completion"),
        ModelCard(MODEL_EMBEDDING, "embedding", context=8192),
        ModelCard(MODEL_MODERATION, "moderation"),
        ModelCard("omni-moderation-latest", "moderation"),
        ModelCard(MODEL_RERANK, "rerank"),
        ModelCard(MODEL_SPEECH, "speech"),
        ModelCard(MODEL_TRANSCRIBE, "transcription"),
        ModelCard(MODEL_IMAGE, "image"),
        ModelCard(MODEL_REALTIME, "realtime"),
    )
    return {card.id: card for card in cards}


@dataclass(frozen=True)
class ReferenceConfig:
    """Settings of one provider instance."""

    keys: Mapping[str, Account] = field(default_factory=_accounts)
    models: Mapping[str, ModelCard] = field(default_factory=_models)
    organization: str = "reference-org"
    token_delay_s: float = 0.01
    latency_s: float = 0.0
    idempotency_ttl_s: float = 86_400.0
    max_body_bytes: int = 16 * 1024 * 1024
    max_depth: int = 128
    gzip_above_bytes: int = 500
    job_step_s: float = 0.5
    """How long a batch, a run or a background response stays in each of its states."""
    run_expiry_s: float = 600.0
    seed: int = 0
    profile: str = ""
    """Whose documents it keeps to; empty: OpenAI's."""

    def __post_init__(self) -> None:
        """A documented provider has its own keys beside the usual ones, and its own models."""
        own = _own(self)
        if own is not None:
            object.__setattr__(self, "keys", {**own.accounts, **self.keys})
            object.__setattr__(self, "models", own.cards)


def _own(config: ReferenceConfig) -> Any:
    from conformance.reference.dialects import providers

    return providers().get(config.profile)


def reference_keys(config: ReferenceConfig) -> dict[str, str]:
    """The keys of the provider by the names under which a target's configuration has them."""
    own = _own(config)
    if own is not None:
        return dict(own.keys)
    names = {
        "api": KEY_MAIN,
        "second": KEY_SECOND,
        "limited": KEY_LIMITED,
        "revoked": KEY_REVOKED,
        "no_quota": KEY_NO_QUOTA,
        "forbidden": KEY_FORBIDDEN,
    }
    return {name: key for name, key in names.items() if key in config.keys}


def reference_models(config: ReferenceConfig) -> dict[str, str]:
    """The models of the provider by kind."""
    own = _own(config)
    if own is not None:
        return dict(own.models)
    names = {
        "chat": MODEL_CHAT,
        "reasoning": MODEL_REASONING,
        "completion": MODEL_INSTRUCT,
        "embedding": MODEL_EMBEDDING,
        "moderation": MODEL_MODERATION,
        "rerank": MODEL_RERANK,
        "speech": MODEL_SPEECH,
        "transcription": MODEL_TRANSCRIBE,
        "image": MODEL_IMAGE,
        "realtime": MODEL_REALTIME,
    }
    found = {kind: id for kind, id in names.items() if id in config.models}
    return {**found, "unknown": "no-such-model"}
