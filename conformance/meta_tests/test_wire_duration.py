"""Durations of rate-limit headers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.wire.duration import parse_duration

quick = settings(derandomize=True, deadline=None, max_examples=150, database=None)


def as_go_prints(nanoseconds: int) -> str:
    """Go's Duration.String, written from its documentation."""

    def decimal(number: int, digits: int) -> str:
        whole, rest = divmod(number, 10**digits)
        return f"{whole}.{rest:0{digits}}".rstrip("0").rstrip(".")

    if nanoseconds == 0:
        return "0s"
    for unit, digits in (("ns", 0), ("µs", 3), ("ms", 6)):
        if nanoseconds < 10 ** (digits + 3):
            return (decimal(nanoseconds, digits) if digits else str(nanoseconds)) + unit
    minutes, rest = divmod(nanoseconds, 60 * 10**9)
    hours, minutes = divmod(minutes, 60)
    text = decimal(rest, 9) + "s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1),
        ("0s", 0),
        ("6m0s", 360),
        ("120ms", 0.12),
        ("17ms", 0.017),
        ("2ms", 0.002),
        ("8.64s", 8.64),
        ("50.529s", 50.529),
        ("14m24s", 864),
        ("20m52.666s", 1252.666),
        ("1h2m3s", 3723),
        ("1h0m0s", 3600),
        ("90s", 90),
        ("1.5µs", 1.5e-6),
        ("1.5μs", 1.5e-6),
        ("3us", 3e-6),
        ("5ns", 5e-9),
    ],
)
def test_accepted(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" 1s", "white space"),
        ("1s\n", "white space"),
        ("-1s", "sign"),
        ("+1s", "sign"),
        ("60", "no unit"),
        ("1.5", "no unit"),
        ("2026-01-01T00:00:00Z", "a date"),
        ("PT1S", "ISO 8601"),
        ("1 sec", "does not know"),
        ("1d", "does not know"),
        ("5min", "does not know"),
        ("6m", "seconds are missing"),
        ("1h30m", "seconds are missing"),
        ("1s6m", "in this order"),
        ("1.s", "in this order"),
        (".5s", "in this order"),
        ("1s 2ms", "in this order"),
        ("1m5ms", "in this order"),
        ("1e3s", "in this order"),
        ("١s", "in this order"),
        ("soon", "in this order"),
        ("9" * 5000 + "s", "292 years"),
        ("2562048h0m0s", "292 years"),
    ],
)
def test_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        parse_duration(text)
    assert len(str(caught.value)) < 250


@quick
@given(st.one_of(st.integers(0, 2 * 10**9), st.integers(0, 9_223_372_035 * 10**9)))
def test_whatever_go_prints_is_read(nanoseconds: int) -> None:
    text = as_go_prints(nanoseconds)
    assert parse_duration(text) == pytest.approx(nanoseconds / 1e9, rel=1e-12)


@quick
@given(st.text(alphabet="0123456789.hmsuµn -+PTde", max_size=8) | st.text(max_size=8))
def test_anything_gives_a_number_or_a_sentence(text: str) -> None:
    message = ""
    try:
        parse_duration(text)
    except ValueError as error:
        message = str(error)
    assert message.isprintable()
