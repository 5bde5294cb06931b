"""The embedded provider as each documented provider describes itself: accounts, models, tiers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from conformance.reference.config import (
    Account,
    ModelCard,
    ReferenceConfig,
    reference_keys,
    reference_models,
)


@dataclass(frozen=True)
class Provider:
    """A provider to be served, and what a client of it must know."""

    keys: Mapping[str, str]
    models: Mapping[str, str]
    accounts: Mapping[str, Account]
    cards: Mapping[str, ModelCard]
    limited_rpm: float = 3
    limited_window_s: float = 2.0
    tier: str = ""


def _make(
    prefix: str,
    cards: tuple[ModelCard, ...],
    rpm: int,
    tpm: int,
    models: Mapping[str, str],
    tier: str = "",
) -> Provider:
    """A provider whose keys begin with a prefix. ``rpm``, ``tpm``: the limits of its small tier.

    ``tier``: the tier of its main account, where the profile names tiers.

    The window of the limited account is short, so that nobody waits for it.
    """
    accounts = {
        "api": Account("main", 500, 5_000_000),
        "second": Account("second", 500, 5_000_000),
        "limited": Account("limited", rpm, tpm, window_s=2.0),
        "revoked": Account("revoked", state="revoked"),
        "no_quota": Account("no-quota", state="no_quota"),
    }
    keys = {name: f"{prefix}reference_{name}" for name in accounts}
    return Provider(
        keys,
        models,
        {keys[name]: account for name, account in accounts.items()},
        {card.id: card for card in cards},
        rpm,
        tier=tier,
    )


@cache
def providers() -> Mapping[str, Provider]:
    """The providers that are not OpenAI, by the name of their profile."""
    moderation = ModelCard("omni-moderation-latest", "moderation")
    return {
        "assisters": _make(
            "ask_",
            (
                ModelCard("llama-3.3-70b", "chat"),
                ModelCard("llama-3.1-8b", "chat"),
                ModelCard("llama-3.1-70b", "chat"),
                ModelCard("bge-m3", "embedding", context=8192),
                ModelCard("bge-reranker-v2-m3", "rerank"),
                moderation,
            ),
            10,
            100_000,
            {
                "chat": "llama-3.1-8b",
                "embedding": "bge-m3",
                "rerank": "bge-reranker-v2-m3",
                "moderation": moderation.id,
                "unknown": "no-such-model",
            },
            "startup",
        ),
        "assisters-com": _make(
            "asc_",
            (
                ModelCard("gpt-4.1-mini", "chat", context=128_000),
                ModelCard("text-embedding-3-small", "embedding", context=8192),
            ),
            10,
            100_000,
            {
                "chat": "gpt-4.1-mini",
                "embedding": "text-embedding-3-small",
                "unknown": "no-such-model",
            },
        ),
        "alveare": _make(
            "alv_live_",
            tuple(
                ModelCard(name, "chat")
                for name in ("gpt-3.5-turbo", "classify", "summarise", "extract")
            ),
            10,
            100_000,
            {"chat": "gpt-3.5-turbo", "unknown": "no-such-model"},
        ),
    }


def provider(name: str) -> Provider:
    """The embedded provider that serves a profile; OpenAI's surface where it has no own."""
    own = providers().get(name)
    if own is not None:
        return own
    config = ReferenceConfig()
    return Provider(reference_keys(config), reference_models(config), config.keys, config.models)
