"""LiteLLM's proxy: a gateway, answering by itself with ``mock_response`` or before an upstream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.servers.server import Place, Process, Server, pip, pip_version

KEY = "sk-master-1234"
TEXT = "The quick brown fox jumps over the lazy dog."


def configuration() -> dict[str, Any]:
    """Models that the proxy answers for itself."""
    fake = {"api_key": "sk-none"}
    return {
        "model_list": [
            {
                "model_name": "gpt-4o-mini",
                "litellm_params": {"model": "openai/gpt-4o-mini", "mock_response": TEXT, **fake},
            },
            {
                "model_name": "text-embedding-3-small",
                "litellm_params": {
                    "model": "openai/text-embedding-3-small",
                    "mock_response": [0.1, 0.2, 0.3],
                    **fake,
                },
            },
        ],
        "general_settings": {"master_key": KEY},
    }


def proxy(place: Place, config: dict[str, Any], environ: dict[str, str] | None = None) -> Process:
    """The proxy on ``place.port``. JSON is YAML too."""
    path = place.write("litellm.yaml", config)
    return Process(
        (place.bin("litellm"), "--config", path, "--host", "127.0.0.1", "--port", str(place.port)),
        f"{place.url}/health/liveliness",
        {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False", **(environ or {})},
    )


def start(place: Place) -> Sequence[Process]:
    return [proxy(place, configuration())]


SERVERS = (
    Server(
        name="litellm",
        title="LiteLLM proxy (mock_response)",
        about="gateway; answers by itself with mock_response models and a master key",
        install=pip("litellm[proxy]"),
        version=pip_version("litellm"),
        start=start,
        settings={
            "keys": {"api": KEY},
            "models": {"chat": "gpt-4o-mini", "embedding": "text-embedding-3-small"},
        },
    ),
)
