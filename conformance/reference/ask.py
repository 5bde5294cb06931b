"""What the toy model is asked, whatever API it was asked through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.reference.tokens import Token


@dataclass(frozen=True)
class Turn:
    """One message of a conversation, as text."""

    role: str
    text: str


@dataclass(frozen=True)
class Tool:
    """A tool that the model may call."""

    name: str
    schema: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""
    custom: bool = False


@dataclass(frozen=True)
class Ask:
    """A request for one generation."""

    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...] = ()
    choice: str = "auto"
    """none, auto, required, or `=NAME` for one tool."""
    parallel: bool = True
    schema: Any = None
    json_object: bool = False
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    temperature: float = 1.0
    seed: int | None = None
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    reasoning_tokens: int = 0

    @property
    def last_user(self) -> str:
        """The text of the last user message."""
        return next((turn.text for turn in reversed(self.turns) if turn.role == "user"), "")

    @property
    def system(self) -> str:
        """All system and developer messages."""
        return "\n".join(t.text for t in self.turns if t.role in ("system", "developer"))


@dataclass(frozen=True)
class ToolCall:
    """A call that the model makes; `arguments` is free text for a custom tool."""

    name: str
    arguments: str
    custom: bool = False


@dataclass(frozen=True)
class Generation:
    """What the model produced for one choice."""

    text: str
    tokens: tuple[Token, ...]
    calls: tuple[ToolCall, ...]
    finish: str
    output_tokens: int
    reasoning_tokens: int = 0
