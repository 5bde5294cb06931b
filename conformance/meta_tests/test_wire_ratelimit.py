"""Rate-limit headers of OpenAI and of other dialects."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.wire.ratelimit import (
    KINDS,
    OPENAI,
    PER_MINUTE,
    RESOURCES,
    Limit,
    LimitDialect,
    RateLimits,
    read_limits,
)

quick = settings(derandomize=True, deadline=None, max_examples=100, database=None)
SENT = [
    ("x-ratelimit-limit-requests", "10000"),
    ("x-ratelimit-limit-tokens", "200000"),
    ("X-RateLimit-Remaining-Requests", "9999"),
    ("x-ratelimit-remaining-tokens", "199984"),
    ("x-ratelimit-reset-requests", "8.64s"),
    ("x-ratelimit-reset-tokens", "4ms"),
]


def test_the_six_headers_of_openai() -> None:
    limits = read_limits(SENT)
    values = {slot: limit.value for slot, limit in limits.limits.items()}
    assert values == {
        ("requests", "limit"): 10000,
        ("tokens", "limit"): 200000,
        ("requests", "remaining"): 9999,
        ("tokens", "remaining"): 199984,
        ("requests", "reset"): pytest.approx(8.64),
        ("tokens", "reset"): pytest.approx(0.004),
    }
    assert limits.get("requests", "reset") == Limit("x-ratelimit-reset-requests", "8.64s", 8.64)
    assert limits.problems() == limits.absent() == ()
    assert len(limits.present()) == 6


def test_none_of_them() -> None:
    limits = read_limits([])
    assert limits.present() == limits.problems() == ()
    assert limits.absent() == tuple(
        f"x-ratelimit-{kind}-{resource}" for kind in KINDS for resource in RESOURCES
    )
    assert RateLimits().get("tokens", "limit") is None


def test_another_dialect() -> None:
    sent = [("X-RateLimit-Limit-RPM", "10"), ("x-ratelimit-remaining-tpm", "99900")]
    limits = read_limits(sent, PER_MINUTE)
    assert limits.get("requests", "limit") == Limit("X-RateLimit-Limit-RPM", "10", 10)
    assert limits.get("tokens", "remaining") == Limit("X-RateLimit-Remaining-TPM", "99900", 99900)
    assert limits.get("tokens", "reset") is None
    assert limits.absent() == ("X-RateLimit-Remaining-RPM", "X-RateLimit-Limit-TPM")


@pytest.mark.parametrize(
    ("form", "text", "value"),
    [("seconds", "1.5", 1.5), ("epoch", "1767225600", 1767225600), ("duration", "1s", 1)],
)
def test_forms_of_reset(form: str, text: str, value: float) -> None:
    dialect = LimitDialect.from_names({"reset-requests": "x-reset"}, form)
    assert read_limits([("X-Reset", text)], dialect).get("requests", "reset") == Limit(
        "x-reset", text, value
    )
    wrong = read_limits([("X-Reset", "soon")], dialect)
    assert len(wrong.problems()) == 1


@pytest.mark.parametrize("text", ["", "-1", "1.0", "unlimited", "9" * 5000, "١", "1\x1b[31m"])
def test_a_bad_count_is_a_problem(text: str) -> None:
    (problem,) = read_limits([("x-ratelimit-limit-tokens", text)]).problems()
    assert problem.startswith("x-ratelimit-limit-tokens: ")
    assert problem.endswith(" is not a non-negative integer")
    assert problem.isprintable()


def test_a_repeated_header() -> None:
    name = "x-ratelimit-limit-tokens"
    limit = read_limits([(name, "1"), (name, "2")]).get("tokens", "limit")
    assert limit == Limit(name, "1, 2", problem="sent 2 times with different values")
    limit = read_limits([(name, "1"), (name, "1")]).get("tokens", "limit")
    assert limit == Limit(name, "1, 1", 1)


def test_a_bad_dialect() -> None:
    with pytest.raises(ValueError, match="unknown rate-limit slot 'limit-images'"):
        LimitDialect.from_names({"limit-images": "x"})
    with pytest.raises(ValueError, match="unknown form of reset 'minutes'"):
        LimitDialect.from_names({}, "minutes")


@quick
@given(st.lists(st.tuples(st.sampled_from([*OPENAI.names.values(), "x"]), st.text(max_size=9))))
def test_never_raises(headers: list[tuple[str, str]]) -> None:
    for limit in read_limits(headers).limits.values():
        assert (limit.value is None) == (limit.raw is None or limit.problem is not None)
