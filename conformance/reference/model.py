"""The toy model: the same request always gets the same answer."""

from __future__ import annotations

import json
from collections.abc import Sequence

from conformance.reference import tokens
from conformance.reference.ask import Ask, Generation, ToolCall
from conformance.reference.instructions import json_answer, plain_answer, styled
from conformance.reference.schema_values import example
from conformance.reference.tokens import Token
from conformance.reference.toolcalls import cities, hints, tool_calls
from conformance.reference.voices import SPEAKING, VOICES

_FORCED_RUN = 32
_SUBSTITUTES = (b" well", b" so", b" yes", b"~")


def generate(ask: Ask, index: int = 0) -> Generation:
    """The answer for one choice."""
    budget = ask.max_tokens
    if budget is not None:
        budget = max(0, budget - ask.reasoning_tokens)
    calls = tool_calls(ask)
    if calls:
        return _calling(calls, ask, budget)
    pieces = _biased(tokens.encode(_text(ask, index)), ask)
    return _cut(pieces, ask.stop, budget, ask.reasoning_tokens)


def _text(ask: Ask, index: int) -> str:
    if ask.schema is not None:
        place = next(iter(cities(ask.last_user)), None)
        value = example(ask.schema, hints(ask.last_user, place))
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if ask.json_object:
        return json_answer(ask, index)
    voice = VOICES.get(SPEAKING.get())
    if voice is not None:
        return voice(ask, index)
    return styled(plain_answer(ask, index), ask)


def _biased(pieces: Sequence[Token], ask: Ask) -> Sequence[Token]:
    """Banned tokens are replaced, a forced one is all that is said."""
    if not ask.logit_bias:
        return pieces
    forced = [number for number, bias in ask.logit_bias.items() if bias >= 100]
    if forced:
        number = forced[0]
        piece = Token(number, tokens.decode_ids([number]).encode())
        return [piece] * min(ask.max_tokens or _FORCED_RUN, _FORCED_RUN)
    banned = {number for number, bias in ask.logit_bias.items() if bias <= -100}
    spare = next(t for t in map(tokens.token, _SUBSTITUTES) if t.id not in banned)
    return [spare if piece.id in banned else piece for piece in pieces]


def _cut(
    pieces: Sequence[Token], stops: Sequence[str], budget: int | None, reasoning: int
) -> Generation:
    text = tokens.text_of(pieces)
    found = [position for stop in stops if stop and (position := text.find(stop)) >= 0]
    if found:
        text = text[: min(found)]
        pieces = tokens.encode(text)
    finish = "stop"
    if budget is not None and len(pieces) > budget:
        pieces = pieces[:budget]
        finish = "length"
    made = len(pieces)
    text = tokens.text_of(pieces)
    kept = tuple(part for _, group in tokens.deltas(pieces) for part in group)
    return Generation(text, kept, (), finish, made + reasoning, reasoning)


def _calling(calls: tuple[ToolCall, ...], ask: Ask, budget: int | None) -> Generation:
    kept: list[ToolCall] = []
    used = 0
    finish = "tool_calls"
    for call in calls:
        pieces = tokens.encode(call.arguments)
        overhead = tokens.count(call.name) + 4
        if budget is not None and used + overhead + len(pieces) > budget:
            left = max(0, budget - used - overhead)
            kept.append(ToolCall(call.name, tokens.text_of(pieces[:left]), call.custom))
            used = budget
            finish = "length"
            break
        kept.append(call)
        used += overhead + len(pieces)
    reasoning = ask.reasoning_tokens
    return Generation("", (), tuple(kept), finish, used + reasoning, reasoning)
