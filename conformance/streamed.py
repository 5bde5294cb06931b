"""A streamed chat completion as values: its chunks, its deltas, the text that they join to.

Everything here takes garbage: what is not of the expected type is left out, and other requirements
say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from conformance.exchange import Exchange
from conformance.expect import NotApplicable
from conformance.wire.sse import Event

FINISHES = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})


@dataclass(frozen=True)
class Piece:
    """One choice of one chunk. ``number``: of the event, from 1; ``at``: its arrival."""

    number: int
    at: float
    index: int
    choice: dict[str, Any]

    @property
    def delta(self) -> dict[str, Any]:
        delta = self.choice.get("delta")
        return delta if isinstance(delta, dict) else {}

    @property
    def finish(self) -> str | None:
        """The finish reason, where it is one that OpenAI knows."""
        reason = self.choice.get("finish_reason")
        return reason if isinstance(reason, str) and reason in FINISHES else None

    @property
    def text(self) -> str:
        content = self.delta.get("content")
        return content if isinstance(content, str) else ""

    @property
    def speaks(self) -> bool:
        """Whether it carries a part of the answer."""
        delta = self.delta
        return bool(
            self.text
            or delta.get("tool_calls")
            or delta.get("function_call")
            or delta.get("refusal")
        )


def events(x: Exchange) -> list[Event]:
    """The events that carry data. Raises NotApplicable for a body that is no event stream."""
    found = [e for e in x.response.stream.events if e.has_data] if x.response else []
    if not found:
        raise NotApplicable("the body holds no event")
    return found


def payloads(x: Exchange) -> list[tuple[int, float, dict[str, Any]]]:
    """Number, arrival and JSON object of each event that carries one."""
    if x.response is None:
        return []
    return [(number, event.at, value) for number, event, value in x.response.numbered]


def is_error(payload: dict[str, Any]) -> bool:
    """Whether an event reports an error."""
    return bool(payload.get("error")) or (
        "choices" not in payload and ("message" in payload or "detail" in payload)
    )


def failed(x: Exchange) -> bool:
    """Whether the stream reports an error, or broke off."""
    if x.response is None or not x.response.complete:
        return True
    return any(is_error(payload) for _, _, payload in payloads(x))


def chunks(x: Exchange) -> list[tuple[int, dict[str, Any]]]:
    """Number and content of each chunk, without errors. Raises NotApplicable for none."""
    found = [(number, p) for number, _, p in payloads(x) if not is_error(p)]
    if not found:
        raise NotApplicable("the body holds no chunk")
    return found


def whole(x: Exchange) -> list[tuple[int, dict[str, Any]]]:
    """The chunks of a stream that came to its end. Raises NotApplicable for another."""
    found = chunks(x)
    if failed(x):
        raise NotApplicable("the stream broke off")
    return found


def pieces(x: Exchange) -> list[Piece]:
    """The choices of all chunks in order; an index that is no number counts as 0."""
    found = []
    for event, at, payload in payloads(x):
        listed = payload.get("choices")
        for choice in listed if isinstance(listed, list) else ():
            if isinstance(choice, dict):
                found.append(Piece(event, at, number(choice.get("index")) or 0, choice))
    return found


def by_choice(x: Exchange) -> dict[int, list[Piece]]:
    """The pieces of each choice. Raises NotApplicable when there are none."""
    found: dict[int, list[Piece]] = {}
    for piece in pieces(x):
        found.setdefault(piece.index, []).append(piece)
    if not found:
        raise NotApplicable("the stream holds no choice")
    return found


def text(x: Exchange, index: int = 0) -> str:
    """The joined content of one choice."""
    return "".join(piece.text for piece in pieces(x) if piece.index == index)


def finish(x: Exchange, index: int = 0) -> str | None:
    """The finish reason of one choice, None when there is none."""
    reasons = [p.finish for p in pieces(x) if p.index == index and p.finish]
    return reasons[0] if reasons else None


def usages(x: Exchange) -> list[tuple[int, dict[str, Any], dict[str, Any]]]:
    """Number, chunk and usage of each chunk that carries a usage object."""
    return [
        (number, payload, payload["usage"])
        for number, _, payload in payloads(x)
        if isinstance(payload.get("usage"), dict)
    ]


def asked_usage(x: Exchange) -> bool:
    options = x.sent.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def message(x: Exchange, index: int = 0) -> dict[str, Any]:
    """The message of one choice of a whole answer; {} when there is none."""
    choice = choice_of(x, index)
    found = choice.get("message")
    return found if isinstance(found, dict) else {}


def choice_of(x: Exchange, index: int = 0) -> dict[str, Any]:
    """One choice of a whole answer, by place; {} when there is none."""
    body = x.json
    listed = body.get("choices") if isinstance(body, dict) else None
    if isinstance(listed, list) and index < len(listed) and isinstance(listed[index], dict):
        found: dict[str, Any] = listed[index]
        return found
    return {}


def content(x: Exchange) -> str:
    """The text of the first choice, whole or streamed; "" when there is none."""
    if x.is_stream:
        return text(x)
    found = message(x).get("content")
    return found if isinstance(found, str) else ""


def number(value: Any) -> int | None:
    """An integer that is no boolean, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
