"""Retry-After by RFC 9110, and as the official SDKs of several generations read it."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

import httpx
import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.wire.retry_after import (
    RetryAfter,
    RetryDecision,
    node_sdk_delay,
    parse_retry_after,
    python_sdk_delay,
)

quick = settings(derandomize=True, deadline=None, max_examples=150, database=None)
NOW = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", RetryAfter(0, "seconds")),
        (" 20\t", RetryAfter(20, "seconds")),
        ("007", RetryAfter(7, "seconds")),
        ("0" * 5000 + "1", RetryAfter(1, "seconds")),
        ("2147483648", RetryAfter(2**31, "seconds")),
        ("Sun, 06 Nov 1994 08:49:37 GMT", RetryAfter(0, "date")),
        ("Sun, 06 Nov 1994 08:50:07 GMT", RetryAfter(30, "date")),
        ("Sun, 06 Nov 1994 08:49:27 GMT", RetryAfter(-10, "date")),
    ],
)
def test_accepted(text: str, expected: RetryAfter) -> None:
    assert parse_retry_after(text, NOW) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("-1", "negative"),
        ("+1", "sign"),
        ("1.5", "fraction"),
        ("1e3", "exponent"),
        ("5s", "unit"),
        ("1m30s", "unit"),
        ("20 seconds", "unit"),
        ("2026-01-01T00:00:00Z", "ISO 8601"),
        ("2026-01-01", "ISO 8601"),
        ("Sunday, 06-Nov-94 08:49:37 GMT", "obsolete"),
        ("Sun Nov  6 08:49:37 1994", "obsolete"),
        ("Sun, 6 Nov 1994 08:49:37 GMT", "not exactly"),
        ("Sun, 06 Nov 1994 08:49:37 +0000", "not exactly"),
        ("Mon, 06 Nov 1994 08:49:37 GMT", "wrong day"),
        ("Wed, 30 Feb 1994 08:49:37 GMT", "does not exist"),
        ("Sun, 06 Nov 1994 24:00:00 GMT", "does not exist"),
        ("Sat, 01 Jan 0000 00:00:00 GMT", "does not exist"),
        ("9" * 5000, "2\\^31"),
        ("2147483649", "2\\^31"),
        ("٣", "neither"),
        ("soon", "neither"),
    ],
)
def test_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        parse_retry_after(text, NOW)
    assert len(str(caught.value)) < 250


@quick
@given(st.integers(0, 4_000_000_000))
def test_every_http_date_is_read(epoch: int) -> None:
    assert parse_retry_after(formatdate(epoch, usegmt=True), 0.0).seconds == epoch


values = st.one_of(
    st.sampled_from(["", "0", "5", "5s", "60", "61", "120", "121", "1e400", "inf", "nan", "-1"]),
    st.sampled_from(["1_0", " 7 ", "0.5", "soon", "2026-01-01T00:00:00Z", formatdate(NOW + 30)]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12),
)
header_sets = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["retry-after", "Retry-After-Ms"]), values),
        st.tuples(st.just("x-should-retry"), st.sampled_from(["true", "false", "True", ""])),
    ),
    max_size=3,
)
statuses = st.sampled_from([400, 401, 408, 409, 422, 429, 500, 503, 529])


@quick
@given(headers=header_sets, status=statuses)
def test_the_installed_python_sdk_agrees(headers: list[tuple[str, str]], status: int) -> None:
    client: Any = _client()
    response = httpx.Response(status, headers=headers)
    decision = python_sdk_delay(headers, status, NOW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("openai._base_client.time.time", lambda: NOW)
        patch.setattr("openai._base_client.random", lambda: 0.0)
        assert client._should_retry(response) is decision.retries
        if decision.retries:
            options = openai._models.FinalRequestOptions.construct(method="get", url="/")
            delay = client._calculate_retry_timeout(2, options, response.headers)
            assert delay == (0.5 if decision.delay is None else decision.delay)


_made: list[openai.OpenAI] = []


def _client() -> openai.OpenAI:
    if not hasattr(openai._base_client, "MAX_RETRY_AFTER_DELAY"):
        pytest.skip("openai-python before 2.52")
    if not _made:
        _made.append(openai.OpenAI(api_key="k", base_url="http://127.0.0.1:1"))
    return _made[0]


def python(*headers: tuple[str, str], status: int = 429, old: bool = False) -> RetryDecision:
    return python_sdk_delay(headers, status, NOW, "1.0" if old else "2.52")


def node(*headers: tuple[str, str], status: int = 429, old: bool = False) -> RetryDecision:
    return node_sdk_delay(headers, status, NOW, "6" if old else "7")


def outcome(decision: RetryDecision) -> tuple[bool, float | None]:
    return decision.retries, decision.delay


@pytest.mark.parametrize("client", [python, node])
@pytest.mark.parametrize("old", [False, True])
def test_what_all_share(client: Any, old: bool) -> None:
    assert outcome(client(old=old)) == (True, None)
    for status in (408, 409, 429, 500, 529):
        assert client(status=status, old=old).retries
    for status in (400, 401, 404, 422):
        assert outcome(client(status=status, old=old)) == (False, None)
    assert client(("X-Should-Retry", "true"), status=400, old=old).retries
    assert not client(("x-should-retry", "false"), status=500, old=old).retries
    assert not client(("x-should-retry", "True"), status=400, old=old).retries
    assert outcome(client(("retry-after", "3"), old=old)) == (True, 3.0)
    both = (("retry-after", "9"), ("Retry-After-Ms", "1500"))
    assert outcome(client(*both, old=old)) == (True, 1.5)
    date = ("retry-after", formatdate(NOW + 30, usegmt=True))
    assert outcome(client(date, old=old)) == (True, 30.0)


BACKOFF, GIVES_UP, AT_ONCE = (True, None), (False, None), (True, 0.0)
TABLE = [
    # value, Python 2.52, Python 1.0, Node 7, Node 6
    ("60", (True, 60.0), (True, 60.0), (True, 60.0), (True, 60.0)),
    ("61", (True, 61.0), BACKOFF, BACKOFF, (True, 61.0)),
    ("121", GIVES_UP, BACKOFF, BACKOFF, (True, 121.0)),
    ("1e400", GIVES_UP, BACKOFF, BACKOFF, AT_ONCE),
    ("inf", BACKOFF, BACKOFF, BACKOFF, AT_ONCE),
    ("Infinity", BACKOFF, BACKOFF, BACKOFF, AT_ONCE),
    ("0", BACKOFF, BACKOFF, AT_ONCE, AT_ONCE),
    ("-5", BACKOFF, BACKOFF, BACKOFF, AT_ONCE),
    ("nan", BACKOFF, BACKOFF, BACKOFF, AT_ONCE),
    ("soon", BACKOFF, BACKOFF, BACKOFF, AT_ONCE),
    ("5s", BACKOFF, BACKOFF, (True, 5.0), (True, 5.0)),
    ("", BACKOFF, BACKOFF, BACKOFF, BACKOFF),
    ("2026-01-01", BACKOFF, BACKOFF, BACKOFF, (True, 2026.0)),
    ("Mon, 01 Jan 99999999999999 00:00:00 GMT", BACKOFF, BACKOFF, BACKOFF, AT_ONCE),
    (formatdate(NOW - 5), BACKOFF, BACKOFF, BACKOFF, AT_ONCE),
    ("9999999", GIVES_UP, BACKOFF, BACKOFF, AT_ONCE),
]


@pytest.mark.parametrize(("value", "python_new", "python_old", "node_new", "node_old"), TABLE)
def test_where_they_differ(
    value: str, python_new: Any, python_old: Any, node_new: Any, node_old: Any
) -> None:
    header = ("retry-after", value)
    assert outcome(python(header)) == python_new
    assert outcome(python(header, old=True)) == python_old
    assert outcome(node(header)) == node_new
    assert outcome(node(header, old=True)) == node_old


def test_a_long_delay_beats_x_should_retry_in_python() -> None:
    headers = (("retry-after", "300"), ("x-should-retry", "true"))
    assert outcome(python(*headers)) == GIVES_UP
    assert "over 120 s" in python(*headers).reason


def test_milliseconds_shadow_seconds() -> None:
    headers = (("retry-after-ms", "-1"), ("retry-after", "3"))
    assert outcome(python(*headers)) == BACKOFF
    zero = (("retry-after-ms", "0"), ("retry-after", "3"))
    assert outcome(node(*zero)) == AT_ONCE
    assert outcome(node(*zero, old=True)) == (True, 3.0)
    assert outcome(node(("retry-after-ms", "0"), old=True)) == AT_ONCE
    garbage = (("retry-after-ms", "x"), ("retry-after", "3"))
    assert outcome(python(*garbage)) == outcome(node(*garbage)) == (True, 3.0)


@quick
@given(headers=header_sets, status=statuses)
def test_reasons_are_printable(headers: list[tuple[str, str]], status: int) -> None:
    for old in (False, True):
        for client in (python, node):
            decision = client(*headers, status=status, old=old)
            assert decision.reason.isprintable()
            assert decision.delay is None or (decision.retries and decision.delay >= 0)
