"""The rate-limit headers of a response, OpenAI's six or those of another dialect.

OpenAI sends `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, all six together: `limit` and
`remaining` are decimal integers, `reset` is a Go duration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, get_args

from conformance.wire.duration import parse_duration
from conformance.wire.shown import shown

Resource = Literal["requests", "tokens"]
Kind = Literal["limit", "remaining", "reset"]
ResetForm = Literal["duration", "seconds", "epoch"]

RESOURCES: tuple[Resource, ...] = get_args(Resource)
KINDS: tuple[Kind, ...] = get_args(Kind)
_DIGITS = 18  # more than any limit has, and far from CPython's limit for int


@dataclass(frozen=True)
class LimitDialect:
    """How a provider names the headers.

    `names` maps (resource, kind) to the header's name; what a provider does not send is absent.
    `reset` is the form of the reset: Go duration, number of seconds, or seconds since the epoch.
    """

    names: Mapping[tuple[Resource, Kind], str]
    reset: ResetForm = "duration"

    @classmethod
    def from_names(cls, names: Mapping[str, str], reset: str = "duration") -> LimitDialect:
        """Build a dialect from a profile's table, e.g. `{"limit-requests": "X-Limit-RPM"}`.

        Raises:
            ValueError: a key is not `<kind>-<resource>`, or `reset` is not a known form.
        """
        slots: dict[str, tuple[Resource, Kind]] = {
            f"{kind}-{resource}": (resource, kind) for resource in RESOURCES for kind in KINDS
        }
        if unknown := sorted(set(names) - set(slots)):
            raise ValueError(f"unknown rate-limit slot {unknown[0]!r}; known: {', '.join(slots)}")
        for form in get_args(ResetForm):
            if form == reset:
                return cls({slots[key]: name for key, name in names.items()}, form)
        raise ValueError(f"unknown form of reset {reset!r}")


OPENAI = LimitDialect.from_names(
    {
        f"{kind}-{resource}": f"x-ratelimit-{kind}-{resource}"
        for kind in KINDS
        for resource in RESOURCES
    }
)

PER_MINUTE = LimitDialect.from_names(
    {
        "limit-requests": "X-RateLimit-Limit-RPM",
        "remaining-requests": "X-RateLimit-Remaining-RPM",
        "limit-tokens": "X-RateLimit-Limit-TPM",
        "remaining-tokens": "X-RateLimit-Remaining-TPM",
    }
)


@dataclass(frozen=True)
class Limit:
    """One header. `raw` is None where it is absent; then `value` and `problem` are None too.

    `value` is a count for `limit` and `remaining`; for `reset` seconds (since the epoch in a
    dialect of that form). Exactly one of `value` and `problem` is None for a header that is there.
    """

    header: str
    raw: str | None = None
    value: float | None = None
    problem: str | None = None


@dataclass(frozen=True)
class RateLimits:
    """The headers that the dialect names, by (resource, kind)."""

    limits: Mapping[tuple[Resource, Kind], Limit] = field(
        default_factory=lambda: MappingProxyType({})
    )

    def get(self, resource: Resource, kind: Kind) -> Limit | None:
        """One header; None where the dialect has no name for it."""
        return self.limits.get((resource, kind))

    def present(self) -> tuple[Limit, ...]:
        """The headers that were sent."""
        return tuple(limit for limit in self.limits.values() if limit.raw is not None)

    def absent(self) -> tuple[str, ...]:
        """Names of the headers that the dialect has and the response has not."""
        return tuple(limit.header for limit in self.limits.values() if limit.raw is None)

    def problems(self) -> tuple[str, ...]:
        """What is wrong, one sentence a header."""
        return tuple(self._sentences())

    def _sentences(self) -> Iterator[str]:
        for limit in self.limits.values():
            if limit.problem is not None:
                yield f"{limit.header}: {limit.problem}"


def read_limits(headers: Sequence[tuple[str, str]], dialect: LimitDialect = OPENAI) -> RateLimits:
    """Read the headers that `dialect` names. Never raises; a bad value becomes a problem."""
    limits: dict[tuple[Resource, Kind], Limit] = {}
    for (resource, kind), name in dialect.names.items():
        values = [value for key, value in headers if key.lower() == name.lower()]
        form = dialect.reset if kind == "reset" else "count"
        limits[resource, kind] = _read(name, values, form)
    return RateLimits(MappingProxyType(limits))


def _read(name: str, values: list[str], form: str) -> Limit:
    if not values:
        return Limit(name)
    raw = ", ".join(values)
    if len(set(values)) > 1:
        return Limit(name, raw, problem=f"sent {len(values)} times with different values")
    try:
        value = _number(values[0], form)
    except ValueError as error:
        return Limit(name, raw, problem=str(error))
    return Limit(name, raw, value)


def _number(text: str, form: str) -> float:
    """The value of one header.

    Raises:
        ValueError: `text` is not of this form.
    """
    if form == "duration":
        return parse_duration(text)
    if form == "count":
        if re.fullmatch(rf"[0-9]{{1,{_DIGITS}}}", text):
            return int(text)
        raise ValueError(f"{shown(text)} is not a non-negative integer")
    if re.fullmatch(rf"[0-9]{{1,{_DIGITS}}}(\.[0-9]{{1,{_DIGITS}}})?", text):
        return float(text)
    raise ValueError(f"{shown(text)} is not a number of seconds")
