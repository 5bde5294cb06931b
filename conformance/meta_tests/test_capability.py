"""What a gate says of a capability that is core to a target."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.capability import Capability, Finding, find
from conformance.meta_tests.support import made

BODY = {"model": "m", "temperature": 0}


@pytest.mark.parametrize(
    ("status", "error", "wanted"),
    [
        (400, {"message": "temperature must be positive"}, Finding.BROKEN),
        (422, None, Finding.BROKEN),
        (400, {"code": "unsupported_value", "param": "temperature"}, Finding.UNKNOWN),
        (400, {"message": "m is no chat model", "param": None}, Finding.REFUSED),
        (400, {"message": "no", "param": "model"}, Finding.REFUSED),
        (400, {"message": "Responses are not supported here"}, Finding.REFUSED),
        (404, {"message": "no such path"}, Finding.ABSENT),
        (403, {"message": "no"}, Finding.REFUSED),
    ],
)
def test_a_plain_request_that_is_refused(status: int, error: Any, wanted: Finding) -> None:
    x = made({"error": error}, status=status, sent=BODY)
    assert find(Capability("a", "a", "g", core=True), x) is wanted
    within = find(Capability("a.b", "a", "g", within="a", core=True), x)
    assert within in (Finding.REFUSED, Finding.ABSENT)
