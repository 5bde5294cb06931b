"""Strict JSON reading of bytes (first form)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class JsonProblem:
    kind: str
    detail: str
    position: int | None = None


@dataclass(frozen=True)
class JsonDocument:
    value: Any
    problems: tuple[JsonProblem, ...] = ()


class JsonError(ValueError):
    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.message, self.position = message, position


def read_json(data: bytes) -> JsonDocument:
    try:
        return JsonDocument(json.loads(data))
    except (ValueError, RecursionError) as error:
        raise JsonError(str(error)) from error
