"""From settings to a run: what a configuration says beside its letters."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.capability import Claim
from conformance.setup import setup_of

CONFIG = 'base_url = "http://t.test/v1"\n[keys]\napi = "sk-1"\n'


@pytest.mark.parametrize(
    ("more", "wanted"),
    [("", None), ('revoked = "sk-2"\n', Claim.CLAIMED), ('second = "sk-3"\n', Claim.CLAIMED)],
)
def test_who_gives_several_keys_says_that_keys_are_checked(
    tmp_path: Path, more: str, wanted: Claim | None
) -> None:
    config = tmp_path / "conformance.toml"
    config.write_text(CONFIG + more)
    made = setup_of({"config": str(config), "fuzz": False}, {})
    assert made.options.claims.get("auth") is wanted
