"""LiteLLM's proxy: a gateway, answering by itself with ``mock_response`` or before an upstream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.reference import config
from conformance.servers.reference import embedded
from conformance.servers.server import Place, Process, Server, free_port, pip, pip_version

KEY = "sk-master-1234"
INSTALL = pip("litellm[proxy]", "prisma")  # without prisma it answers 500 to a wrong key
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


LIMITED, SECOND, WINDOW_S = "sk-limited-1234", "sk-second-1234", 10
AUTH = f'''\
from fastapi import HTTPException
from litellm.proxy._types import UserAPIKeyAuth

KEYS = {{
    "{KEY}": {{"user_id": "main"}},
    "{SECOND}": {{"user_id": "second"}},
    "{LIMITED}": {{"user_id": "limited", "rpm_limit": 3, "tpm_limit": 6000}},
}}


async def user_api_key_auth(request, api_key):
    if api_key not in KEYS:
        raise HTTPException(401, "Incorrect API key provided.")
    return UserAPIKeyAuth(api_key=api_key, **KEYS[api_key])
'''
"""Keys with limits of their own without a database: the proxy's documented ``custom_auth``."""


def limits(place: Place) -> Sequence[Process]:
    place.write("custom_auth.py", AUTH)
    made = configuration()
    made["general_settings"]["custom_auth"] = "custom_auth.user_api_key_auth"
    return [proxy(place, made, {"LITELLM_RATE_LIMIT_WINDOW_SIZE": str(WINDOW_S)})]


UPSTREAM = {
    "gpt-4o-mini": ("openai", config.MODEL_CHAT),
    "gpt-3.5-turbo-instruct": ("text-completion-openai", config.MODEL_INSTRUCT),
    "text-embedding-3-small": ("openai", config.MODEL_EMBEDDING),
    "omni-moderation-latest": ("openai", config.MODEL_MODERATION),
    "rerank": ("hosted_vllm", config.MODEL_RERANK),
    "tts-1": ("openai", config.MODEL_SPEECH),
    "whisper-1": ("openai", config.MODEL_TRANSCRIBE),
    "gpt-image-1": ("openai", config.MODEL_IMAGE),
}
"""The proxy's models, with its adapter and the upstream's model."""


def gateway(place: Place) -> Sequence[Process]:
    """The proxy before the embedded provider: what is wrong now, the gateway makes wrong."""
    port = free_port()
    upstream = {"api_base": f"http://127.0.0.1:{port}/v1", "api_key": config.KEY_MAIN}
    models = [
        {"model_name": name, "litellm_params": {"model": f"{adapter}/{model}", **upstream}}
        for name, (adapter, model) in UPSTREAM.items()
    ]
    made = {
        "model_list": models,
        "general_settings": {"master_key": KEY},
        "files_settings": [{"custom_llm_provider": "openai", **upstream}],
    }
    # where the proxy asks a provider without a model it takes the provider's variables
    environ = {"OPENAI_API_KEY": config.KEY_MAIN, "OPENAI_BASE_URL": upstream["api_base"]}
    return [embedded(port), proxy(place, made, environ)]


SERVERS = (
    Server(
        name="litellm",
        title="LiteLLM proxy (mock_response)",
        about="gateway; answers by itself with mock_response models and a master key",
        install=INSTALL,
        version=pip_version("litellm"),
        published=False,  # as a gateway it shows more
        start=start,
        settings={
            "keys": {"api": KEY},
            "models": {"chat": "gpt-4o-mini", "embedding": "text-embedding-3-small"},
        },
    ),
    Server(
        name="litellm-limits",
        title="LiteLLM proxy (key limits)",
        about="gateway; mock_response models, keys of which one may send 3 requests in 10 s",
        install=INSTALL,
        version=pip_version("litellm"),
        published=False,  # as a gateway it shows more
        start=limits,
        settings={
            "keys": {"api": KEY, "second": SECOND, "limited": LIMITED},
            "models": {"chat": "gpt-4o-mini", "embedding": "text-embedding-3-small"},
            "limited_rpm": 3,  # in a window
            "limited_window_s": WINDOW_S,
        },
    ),
    Server(
        name="litellm-gateway",
        title="LiteLLM proxy",
        about="gateway before the suite's own provider, which conforms",
        install=INSTALL,
        version=pip_version("litellm"),
        start=gateway,
        settings={
            "keys": {"api": KEY},
            "models": {
                "chat": "gpt-4o-mini",
                "completion": "gpt-3.5-turbo-instruct",
                "embedding": "text-embedding-3-small",
                "moderation": "omni-moderation-latest",
                "rerank": "rerank",
                "speech": "tts-1",
                "transcription": "whisper-1",
                "image": "gpt-image-1",
            },
        },
    ),
)
