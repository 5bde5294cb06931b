"""Legacy text completions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from conformance.reference import logprobs, tokens
from conformance.reference.ask import Ask, Generation, Turn
from conformance.reference.call import Call
from conformance.reference.chat_fields import LOGIT_BIAS, STOP, STREAM_OPTIONS
from conformance.reference.chat_reply import FINGERPRINT, stops_of
from conformance.reference.chat_rules import check_bias, check_model, context_exceeded
from conformance.reference.checks import (
    Check,
    array,
    boolean,
    by_type,
    fields,
    integer,
    nullable,
    number,
    string,
)
from conformance.reference.errors import invalid
from conformance.reference.model import generate
from conformance.reference.reply import Answer
from conformance.reference.routing import Route
from conformance.reference.tokens import Token

DEFAULT_MAX = 16


def _prompt(path: str, value: Any) -> None:
    """A string, token ids, or a list of either."""
    ids = array(integer(0), 1)
    if isinstance(value, list) and value and isinstance(value[0], int):
        ids(path, value)
        return
    item = by_type("a string or an array of integers", string=string(), array=ids)
    by_type("a string or an array", string=string(), array=array(item, 1, 2048))(path, value)


FIELDS: dict[str, Check] = {
    "model": string(1),
    "prompt": nullable(_prompt),
    "best_of": nullable(integer(0, 20)),
    "echo": nullable(boolean),
    "frequency_penalty": nullable(number(-2, 2)),
    "logit_bias": LOGIT_BIAS,
    "logprobs": nullable(integer(0, 5)),
    "max_tokens": nullable(integer(0)),
    "n": nullable(integer(1, 128)),
    "presence_penalty": nullable(number(-2, 2)),
    "seed": nullable(integer(-(2**63), 2**63 - 1)),
    "stop": STOP,
    "stream": nullable(boolean),
    "stream_options": STREAM_OPTIONS,
    "suffix": nullable(string()),
    "temperature": nullable(number(0, 2)),
    "top_p": nullable(number(0, 1)),
    "user": nullable(string()),
}
_shape = fields(FIELDS, closed=True)


def validate(call: Call, body: dict[str, Any]) -> None:
    """Refuse what OpenAI refuses."""
    card = check_model(call, body, "completion")
    _shape("", body)
    check_bias(body)
    best, n = body.get("best_of") or 1, body.get("n") or 1
    if best < n and body.get("best_of") is not None:
        raise invalid("'best_of' must be greater than or equal to 'n'.", "best_of")
    if best > n and body.get("stream"):
        raise invalid("Results cannot be streamed when 'best_of' is greater than 'n'.", "best_of")
    if body.get("stream_options") is not None and body.get("stream") is not True:
        raise invalid(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            "stream_options",
        )
    for prompt in prompts_of(body):
        used = len(prompt)
        if used > card.context:
            raise context_exceeded(card, used, "prompt")


def prompts_of(body: dict[str, Any]) -> list[tuple[Token, ...]]:
    """Every prompt in tokens."""
    given = body.get("prompt")
    if given is None:
        return [tokens.encode("<|endoftext|>")]
    if isinstance(given, str):
        return [tokens.encode(given)]
    if given and isinstance(given[0], int):
        return [_from_ids(given)]
    return [tokens.encode(p) if isinstance(p, str) else _from_ids(p) for p in given]


def _from_ids(ids: Sequence[int]) -> tuple[Token, ...]:
    return tuple(Token(i, tokens.decode_ids([i]).encode()) for i in ids)


def _generate(body: dict[str, Any], prompt: Sequence[Token], index: int) -> Generation:
    limit = body.get("max_tokens")
    temperature = body.get("temperature")
    ask = Ask(
        turns=(Turn("user", tokens.text_of(prompt)),),
        stop=stops_of(body),
        max_tokens=DEFAULT_MAX if limit is None else limit,
        temperature=1.0 if temperature is None else temperature,
        seed=body.get("seed"),
        logit_bias={int(key): value for key, value in (body.get("logit_bias") or {}).items()},
    )
    made = generate(ask, index)
    if limit == 0:
        return replace(made, finish="length")
    return made


class _Piece:
    """One choice on its way out: what was generated, with the prompt before it if asked."""

    def __init__(self, body: dict[str, Any], prompt: tuple[Token, ...], index: int) -> None:
        self.body = body
        self.prompt = prompt
        self.made = _generate(body, prompt, index)
        self.echoed = prompt if body.get("echo") else ()

    @property
    def text(self) -> str:
        return tokens.text_of(self.echoed) + self.made.text

    @property
    def pieces(self) -> tuple[Token, ...]:
        return (*self.echoed, *self.made.tokens)


def _logprobs(
    body: dict[str, Any], pieces: Sequence[Token], first: bool, start: int, offset: int
) -> dict[str, Any] | None:
    top = body.get("logprobs")
    if top is None:
        return None
    words: list[str] = []
    probs: list[float | None] = []
    tops: list[dict[str, float] | None] = []
    offsets: list[int] = []
    for position, piece in enumerate(pieces, start):
        words.append(piece.text)
        offsets.append(offset)
        offset += len(piece.data.decode("utf-8", "ignore"))
        if first and position == start:
            probs.append(None)
            tops.append(None)
            continue
        probs.append(logprobs.likelihood(piece, position))
        tops.append({t.text: p for t, p in logprobs.ranked(piece, position, top)})
    return {
        "tokens": words,
        "token_logprobs": probs,
        "top_logprobs": tops if top else None,
        "text_offset": offsets,
    }


def create(call: Call) -> Answer:
    """POST /completions."""
    body = call.fields
    prompts = prompts_of(body)
    n = body.get("n") or 1
    made = [_Piece(body, prompt, index) for prompt in prompts for index in range(n)]
    completion = sum(one.made.output_tokens for one in made)
    prompt_tokens = sum(len(prompt) for prompt in prompts)
    usage = {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion,
        "total_tokens": prompt_tokens + completion,
    }
    call.charge(usage["total_tokens"])
    base: dict[str, Any] = {
        "id": call.app.new_id("cmpl-"),
        "object": "text_completion",
        "created": call.now,
        "model": call.model,
        "system_fingerprint": FINGERPRINT,
    }
    if call.stream:
        return Answer(chunks=_chunks(body, base, made, usage))
    choices = [
        {
            "text": one.text,
            "index": index,
            "logprobs": _logprobs(body, one.pieces, bool(one.echoed), 0, 0),
            "finish_reason": one.made.finish,
        }
        for index, one in enumerate(made)
    ]
    return Answer({**base, "choices": choices, "usage": usage}, steps=completion)


def _chunks(
    body: dict[str, Any], base: dict[str, Any], made: list[_Piece], usage: dict[str, Any]
) -> list[dict[str, Any]]:
    with_usage = (body.get("stream_options") or {}).get("include_usage") is True
    extra: dict[str, Any] = {"usage": None} if with_usage else {}
    found = [
        {**base, **extra, "choices": [choice]}
        for row in zip_longest(*(_choice(body, i, one) for i, one in enumerate(made)))
        for choice in filter(None, row)
    ]
    if with_usage:
        found.append({**base, "choices": [], "usage": usage})
    return found


def _choice(body: dict[str, Any], index: int, one: _Piece) -> Iterator[dict[str, Any]]:
    position = offset = 0
    last = None
    for text, pieces in tokens.deltas(one.pieces):
        if last is not None:
            yield last
        probs = _logprobs(body, pieces, bool(one.echoed) and position == 0, position, offset)
        last = {"text": text, "index": index, "logprobs": probs, "finish_reason": None}
        position += len(pieces)
        offset += len(text)
    # as OpenAI does it, the reason comes with the last piece of text
    yield {**(last or {"text": "", "index": index, "logprobs": None}),
           "finish_reason": one.made.finish}  # fmt: skip


ROUTES = (Route("completions", "POST", "/completions", create, validate, "json", limited=True),)
