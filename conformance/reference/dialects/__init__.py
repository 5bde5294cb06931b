"""The embedded provider as each documented provider describes itself: keys, models, tiers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from conformance.profile import Profile
from conformance.reference import config as reference
from conformance.reference.config import ReferenceConfig


@dataclass(frozen=True)
class Provider:
    """A provider to be served, and what a client of it must know."""

    config: ReferenceConfig
    keys: Mapping[str, str]
    models: Mapping[str, str]
    limited_rpm: float
    limited_window_s: float


_KEYS = {
    "api": reference.KEY_MAIN,
    "second": reference.KEY_SECOND,
    "limited": reference.KEY_LIMITED,
    "revoked": reference.KEY_REVOKED,
    "no_quota": reference.KEY_NO_QUOTA,
}
_MODELS = {
    "chat": reference.MODEL_CHAT,
    "reasoning": reference.MODEL_REASONING,
    "completion": reference.MODEL_INSTRUCT,
    "embedding": reference.MODEL_EMBEDDING,
    "moderation": reference.MODEL_MODERATION,
    "rerank": reference.MODEL_RERANK,
    "speech": reference.MODEL_SPEECH,
    "transcription": reference.MODEL_TRANSCRIBE,
    "image": reference.MODEL_IMAGE,
    "realtime": reference.MODEL_REALTIME,
    "unknown": "no-such-model",
}


def provider(profile: Profile) -> Provider:
    """The embedded provider that serves a profile."""
    config = ReferenceConfig()
    limited = config.keys[reference.KEY_LIMITED]
    return Provider(config, _KEYS, _MODELS, limited.requests_limit, limited.window_s)
