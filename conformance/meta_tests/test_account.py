"""The tier, the money and the receiver's address that a run is told."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.errors import UsageError
from conformance.settings import Settings, resolve
from conformance.target import Account

URL = {"base_url": "https://api.example.com/v1", "profile": "assisters"}


def settled(**flags: Any) -> Settings:
    return resolve({**URL, **flags}, {})


def test_a_tier_is_known_and_sets_the_pace() -> None:
    target = settled(account_tier="free").target
    assert target.account == Account("free", 10, 100_000)
    assert target.limits.requests_per_minute == 10
    assert settled(account_tier="free", rpm=3.0).target.limits.requests_per_minute == 3
    assert settled(account_tier="enterprise").target.limits.requests_per_minute is None
    assert settled().target.account is None
    by_variable = resolve(URL, {"CONFORMANCE_ACCOUNT_TIER": "developer"})
    assert by_variable.target.account == Account("developer", 100, 1_000_000)
    with pytest.raises(UsageError, match="no tier 'gold'; it has: free, developer"):
        settled(account_tier="gold")


def test_the_embedded_provider_has_a_tier_and_no_pace() -> None:
    target = resolve({"profile": "assisters"}, {}).target
    assert target.account == Account("startup", 500, 5_000_000)
    assert target.limits.requests_per_minute is None


def test_money_becomes_tokens_at_the_dearest_price() -> None:
    limits = settled(max_cost=0.9).target.limits
    assert limits.max_tokens == 1_000_000
    assert settled(max_cost=0.9, max_tokens=7).target.limits.max_tokens == 7
    with pytest.raises(UsageError, match="has none for the chat model 'gpt-9'"):
        settled(profile="openai", model=["chat=gpt-9"], max_cost=1.0)


def test_what_costs_nothing_is_not_limited() -> None:
    from conformance.account import tokens_for
    from conformance.profile import Price, Profile

    free = Profile("x", "X", prices=(Price(0, 0, kind="chat"),))
    assert tokens_for(1, free, {"chat": "m"}) is None


def test_where_webhooks_arrive() -> None:
    target = settled(webhook_url="https://hooks.example/in", webhook_listen="0.0.0.0:8090").target
    assert (target.webhook_url, target.webhook_listen) == (
        "https://hooks.example/in",
        "0.0.0.0:8090",
    )
    for wrong in ("8090", "host:", "host:99999", ":80"):
        with pytest.raises(UsageError, match="--webhook-listen wants HOST:PORT"):
            settled(webhook_listen=wrong)
    with pytest.raises(UsageError, match="--webhook-url wants a web address"):
        settled(webhook_url="hooks.example")


def test_the_ranges_of_the_pages_are_known() -> None:
    assert settled(profile="assisters-com").target.bounds == {"temperature": (0, 1)}
