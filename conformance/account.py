"""What the key's account allows: the tier, the money; and where the run can be reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from conformance.cost import price_of
from conformance.errors import UsageError
from conformance.profile import Profile
from conformance.target import Account, Target


def account_of(profile: Profile, tier: str) -> Account | None:
    """The tier of that name; None where none was named. Raises UsageError."""
    if not tier:
        return None
    found = profile.tier(tier)
    return Account(found.name, found.requests_per_minute, found.tokens_per_minute)


def tokens_for(usd: float, profile: Profile, models: Mapping[str, str]) -> int | None:
    """The tokens that so much money buys at the dearest price; None: as many as there may be.

    Raises UsageError where the profile names no price.
    """
    chat = models.get("chat", "")
    if price_of(profile, chat, "chat") is None:
        raise UsageError(
            f"max_cost wants a price, and the profile {profile.name} has none for the chat model "
            f"{chat!r}; limit the run by --max-tokens, or add [[prices]] to a profile of your own."
        )
    found = [price_of(profile, model, kind) for kind, model in models.items()]
    dearest = max(max(price.input, price.output) for price in found if price is not None)
    return int(usd * 1e6 / dearest) if dearest else None


def listen_address(text: str, source: str) -> str:
    """``HOST:PORT`` as it is, when it is one. Raises UsageError."""
    host, colon, port = text.rpartition(":")
    if not (host and colon and port.isdigit() and int(port) < 65536):
        raise UsageError(f"{source} wants HOST:PORT, such as 0.0.0.0:8090, not {text!r}.")
    return text


def receiver_url(text: str, source: str) -> str:
    """A web address as it is, when it is one. Raises UsageError."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{source} wants a web address, not {text!r}.")
    return text


WEBHOOK: Mapping[str, Callable[[str, str], str]] = {
    "webhook_url": receiver_url,
    "webhook_listen": listen_address,
}


def of_account(
    target: Target,
    profile: Profile,
    tier: str,
    webhook: Mapping[str, tuple[str, str]],
    *,
    paced: bool,
) -> Target:
    """The target with what the profile, the tier and the purse allow.

    ``webhook``: its settings, each with where it comes from. ``paced``: keep to the requests a
    minute of the tier, unless another pace was set. Raises UsageError.
    """
    account, limits = account_of(profile, tier), target.limits
    rate = account.requests_per_minute if account is not None else None
    if paced and rate and limits.requests_per_minute is None:
        limits = replace(limits, requests_per_minute=rate)
    if limits.max_cost is not None:
        bought = tokens_for(limits.max_cost, profile, target.models)
        least = [n for n in (bought, limits.max_tokens) if n is not None]
        limits = replace(limits, max_tokens=min(least, default=None))
    hooks = {name: WEBHOOK[name](text, where) for name, (text, where) in webhook.items() if text}
    bounds = {name: (b.minimum, b.maximum) for name, b in profile.parameters.items()}
    return replace(
        target,
        limits=limits,
        account=account,
        bounds=bounds,
        webhook_url=hooks.get("webhook_url", ""),
        webhook_listen=hooks.get("webhook_listen", ""),
    )
