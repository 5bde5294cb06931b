"""Other models than the obliging one: what they say, whatever they are asked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextvars import ContextVar

from conformance.reference.ask import Ask

SPEAKING: ContextVar[str] = ContextVar("SPEAKING", default="")
"""The voice of the calls of this task; empty: the obliging model."""

_WORDS = (
    "the",
    "of",
    "and",
    "to",
    "in",
    "is",
    "that",
    "for",
    "it",
    "was",
    "with",
    "be",
    "by",
    "on",
)


def _echo(ask: Ask, index: int) -> str:
    return ask.last_user or "Nothing was said."


def _refuse(ask: Ask, index: int) -> str:
    return "I'm sorry, but I can't help with that."


def _short(ask: Ask, index: int) -> str:
    return "OK"


def _repeat(ask: Ask, index: int) -> str:
    return "na na na na Crêpes 🦊 — " * 40


def _babble(ask: Ask, index: int) -> str:
    told = "/".join(f"{turn.role}:{turn.text}" for turn in ask.turns)
    choice = index if ask.temperature else 0
    digest = hashlib.sha256(f"{told}/{choice}/{ask.seed}".encode()).digest()
    words = [_WORDS[byte % len(_WORDS)] for byte in digest[: 6 + digest[0] % 24]]
    return " ".join(words).capitalize() + "."


_NOISE = "ab cd\te\n\"\\'{}[]<|>\x7f%T7 \u0621\u6587\U0001f98a\ufffde\u0301\u200dxyz,.:;0"


def _noise(ask: Ask, index: int) -> str:
    """A model of random weights: any characters, and to some prompts not one."""
    told = "/".join(f"{turn.role}:{turn.text}" for turn in ask.turns)
    choice = index if ask.temperature else 0
    digest = hashlib.sha256(f"{told}/{choice}".encode()).digest()
    if "Repeat exactly" in ask.last_user or digest[0] < 50:
        return ""
    often = 1 + digest[1] % 12
    return "".join(_NOISE[byte % len(_NOISE)] for byte in digest * often)


VOICES: Mapping[str, Callable[[Ask, int], str]] = {
    "echo": _echo,
    "refuse": _refuse,
    "short": _short,
    "repeat": _repeat,
    "babble": _babble,
    "noise": _noise,
}
