"""`limited_rpm` is read as requests in the window, or in a minute where the headers agree."""

from __future__ import annotations

import pytest

from conformance.meta_tests.support import made
from conformance.probes.ratelimit import configured
from conformance.target import Target


@pytest.mark.parametrize(
    ("said", "window", "shown", "wanted"),
    [
        (3, 2, "3", 3),
        (90, 2, "3", 3),
        (90, 2, "90", 90),
        (90, 2, None, 90),
        (3, 60, "4", 3),
        (None, 2, "3", None),
    ],
)
def test_readings(said: float | None, window: float, shown: str | None, wanted: float) -> None:
    target = Target("http://t.test/v1", {}, {}, limited_rpm=said, limited_window_s=window)
    headers = [] if shown is None else [("x-ratelimit-limit-requests", shown)]
    assert configured(target, made({}, headers=headers)) == wanted
