"""Money: what the tokens of a run cost by the profile's prices, and an estimate before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.exchange import Exchange
from conformance.profile import Price, Profile

_KIND_OF_ENDPOINT = {
    "/embeddings": "embedding",
    "/moderations": "moderation",
    "/moderate": "moderation",
    "/rerank": "rerank",
    "/completions": "completion",
}


@dataclass(frozen=True)
class Tokens:
    """Tokens read and written, by one model for one kind of work."""

    model: str
    kind: str = "chat"
    input: int = 0
    output: int = 0


def used(exchanges: Iterable[Exchange]) -> list[Tokens]:
    """What the answers say was used, summed by model and kind."""
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for exchange in exchanges:
        found = _usage(exchange)
        if found is None:
            continue
        model = exchange.sent.get("model")
        key = (
            model if isinstance(model, str) else "",
            _KIND_OF_ENDPOINT.get(exchange.endpoint, "chat"),
        )
        read, written = sums.get(key, (0, 0))
        sums[key] = (read + found[0], written + found[1])
    return [Tokens(model, kind, *both) for (model, kind), both in sorted(sums.items())]


def _usage(exchange: Exchange) -> tuple[int, int] | None:
    if exchange.response is None:
        return None
    best: tuple[int, int] | None = None
    for body in exchange.payloads if exchange.is_sse else [exchange.json]:
        if not isinstance(body, dict):
            continue
        inner = body.get("response")
        usage = body.get("usage") or (inner.get("usage") if isinstance(inner, dict) else None)
        if isinstance(usage, dict):
            read = _count(usage, "prompt_tokens", "input_tokens")
            written = _count(usage, "completion_tokens", "output_tokens")
            total = _count(usage, "total_tokens", "tokens")
            found = (read or max(total - written, 0), written)
            best = max(best or found, found, key=sum)
    return best


def _count(usage: Mapping[str, Any], *names: str) -> int:
    for name in names:
        value = usage.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return 0


def price_of(profile: Profile, model: str, kind: str) -> Price | None:
    """The price of a model, by its id, else by its kind."""
    for price in profile.prices:
        if price.model and price.model == model:
            return price
    for price in profile.prices:
        if not price.model and price.kind == kind:
            return price
    return None


@dataclass(frozen=True)
class Bill:
    """``usd``: US dollars of what has a price, None where nothing has. ``unpriced``: the rest."""

    usd: float | None = None
    unpriced: Mapping[str, int] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether everything that was used is in the sum."""
        return self.usd is not None and not self.unpriced


def bill(tokens: Iterable[Tokens], profile: Profile) -> Bill:
    """What tokens cost by the profile's prices, and the tokens of kinds that it does not price."""
    total, priced = 0.0, bool(profile.prices)
    unpriced: dict[str, int] = {}
    for part in tokens:
        count = part.input + part.output
        if not count:
            continue
        found = price_of(profile, part.model, part.kind)
        if found is None:
            name = f"{part.kind}: {part.model}" if part.model else part.kind
            unpriced[name] = unpriced.get(name, 0) + count
            continue
        total += (part.input * found.input + part.output * found.output) / 1e6
    nothing = not priced or (unpriced and not total)
    return Bill(None if nothing else total, unpriced)


def cost(exchanges: Iterable[Exchange], profile: Profile) -> Bill:
    """What a run cost by the profile's prices."""
    return bill(used(exchanges), profile)


def estimate(
    tokens_by_kind: Mapping[str, int],
    profile: Profile,
    models: Mapping[str, str],
) -> float | None:
    """The most that so many tokens of each kind can cost: every token at the dearer price."""
    total = 0.0
    for kind, tokens in tokens_by_kind.items():
        found = price_of(profile, models.get(kind, ""), kind)
        if found is None:
            return None
        total += tokens * max(found.input, found.output) / 1e6
    return total if profile.prices else None
