"""How `param` of an error is compared with the field that is wrong."""

from __future__ import annotations

import pytest

from conformance.cases.test_errors_table import names_field, path_of


@pytest.mark.parametrize(
    "text", ["messages[0].role", "messages.[0].role", "messages.0.role", "$.messages[0].role"]
)
def test_notations(text: str) -> None:
    assert path_of(text) == ("messages", "0", "role")


@pytest.mark.parametrize(
    ("param", "wanted", "named"),
    [
        ("temperature", ("temperature",), True),
        ("top_p", ("temperature",), False),
        ("messages.[0].role", ("messages[0].role", None), True),
        ("messages", ("messages[0].role",), True),
        ("messages[1].role", ("messages[0].role",), False),
        ("messages[0].content[0].type", ("messages[0]",), True),
        ("body.temperature", ("temperature",), True),
        ("", ("temperature",), False),
        ("max_tokens_x", ("max_tokens",), False),
    ],
)
def test_names_field(param: str, wanted: tuple[str | None, ...], named: bool) -> None:
    assert names_field(param, wanted) is named
