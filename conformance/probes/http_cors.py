"""Cross-origin requests: what a browser asks before it sends, and what it then sends."""

from __future__ import annotations

from typing import Any

from conformance.capability import capability
from conformance.exchange import Steps
from conformance.probe import probe
from conformance.probes.http import PATH, hello

ORIGIN = "https://app.example"
STAINLESS = (
    "authorization",
    "content-type",
    "openai-organization",
    "openai-project",
    "x-stainless-arch",
    "x-stainless-async",
    "x-stainless-custom-poll-interval",
    "x-stainless-helper-method",
    "x-stainless-lang",
    "x-stainless-os",
    "x-stainless-package-version",
    "x-stainless-poll-helper",
    "x-stainless-read-timeout",
    "x-stainless-retry-count",
    "x-stainless-runtime",
    "x-stainless-runtime-version",
    "x-stainless-timeout",
    "x-stainless-new-in-next-release",
)
"""What a browser asks for on behalf of openai-node: its headers, and one of a release to come."""


def _allows(found: Any) -> bool:
    assert not isinstance(found, Steps)
    return bool(found.header("access-control-allow-origin"))


probe(
    "cors_preflight",
    "OPTIONS",
    PATH,
    key=None,
    valid=False,
    timeout=30.0,
    headers={
        "origin": ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": ",".join(STAINLESS),
    },
)
capability("cors", "requests from browsers (CORS)", "cors_preflight", took_effect=_allows)
probe(
    "cors_answer",
    "POST",
    PATH,
    hello("strawberry"),
    needs="chat",
    headers={"origin": ORIGIN},
)
probe("cors_error", "GET", "/models/no-such-model-anywhere", valid=False,
      headers={"origin": ORIGIN})  # fmt: skip
probe("cors_refused", "GET", "/models", valid=False, key=None, headers={"origin": ORIGIN})
probe(
    "cors_preflight_get",
    "OPTIONS",
    "/models",
    key=None,
    valid=False,
    headers={
        "origin": ORIGIN,
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization",
    },
)
