"""Keys are replaced by value, in every form in which a target may echo them; nothing else is."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.secrets import Redactor

KEY = "sk-live/abc+123=XYZ?0"


@pytest.mark.parametrize(
    "echo",
    [
        KEY,
        f"Bearer {KEY}",
        quote(KEY, safe=""),
        "".join(f"%{ord(c):02x}" for c in KEY),
        json.dumps(f"say {KEY}"),
        "".join(f"\\u{ord(c):04x}" for c in KEY),
        "".join(f"&#{ord(c)};" for c in KEY),
        KEY.encode().hex(),
        KEY[::-1],
    ],
)
def test_each_form_is_replaced_at_its_length(echo: str) -> None:
    clean = Redactor({"api": KEY}).text(echo)
    assert echo not in clean
    assert KEY not in clean
    assert len(clean) == len(echo)


@pytest.mark.parametrize("before", ["", "a", "ab", "Bearer "])
def test_base64_shows_nothing_whatever_stands_before(before: str) -> None:
    echo = base64.b64encode(f"{before}{KEY}".encode()).decode()
    clean = Redactor({"api": KEY}).text(echo)
    middle = "".join(c if c.isalnum() else "A" for c in clean)
    decoded = base64.b64decode(middle + "=" * (-len(middle) % 4))
    assert KEY[3:-3].encode() not in decoded


def test_words_that_look_secret_survive() -> None:
    text = '{"total_tokens": 17, "x-ratelimit-remaining-tokens": 3, "key": "value"}'
    assert Redactor({"api": KEY}).text(text) == text


def test_short_keys_are_left_alone() -> None:
    assert Redactor({"api": "abc"}).text("abc") == "abc"


def test_a_list_of_keys_is_accepted_and_the_longest_goes_first() -> None:
    redactor = Redactor(["secret", "secret-longer"])
    assert "longer" not in redactor.text("secret-longer")


def test_values_are_replaced_at_every_depth() -> None:
    value = {KEY: [KEY, {"a": (KEY,)}], "n": 3, "none": None}
    clean = Redactor({"api": KEY}).value(value)
    assert KEY not in json.dumps(clean)
    assert clean["n"] == 3


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.text(alphabet=st.characters(codec="ascii", min_codepoint=33), min_size=8, max_size=60))
def test_no_key_survives_in_bytes(key: str) -> None:
    clean = Redactor({"api": key}).bytes(b'{"echo": "' + key.encode() + b'"}')
    assert key.encode() not in clean or set(key) <= set("[api key]*")
