"""Legacy completions."""

from __future__ import annotations

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
from conformance.reference.errors import invalid, missing
from conformance.reference.model import generate
from conformance.reference.reply import Answer
from conformance.reference.routing import Route
from conformance.reference.tokens import VOCABULARY, Token

_ids = integer(0, VOCABULARY - 1)
_prompt: Check = nullable(
    by_type(
        "a string or an array",
        string=string(),
        array=array(
            by_type(
                "a string, a token or an array of tokens",
                string=string(),
                integer=_ids,
                array=array(_ids, 1),
            ),
            1,
            2048,
        ),
    )
)
_shape = fields(
    {
        "model": string(1),
        "prompt": _prompt,
        "best_of": nullable(integer(0, 20)),
        "echo": nullable(boolean),
        "frequency_penalty": nullable(number(-2, 2)),
        "presence_penalty": nullable(number(-2, 2)),
        "logit_bias": LOGIT_BIAS,
        "logprobs": nullable(integer(0, 5)),
        "max_tokens": nullable(integer(0)),
        "n": nullable(integer(1, 128)),
        "seed": nullable(integer(-(2**63), 2**63 - 1)),
        "stop": STOP,
        "stream": nullable(boolean),
        "stream_options": STREAM_OPTIONS,
        "suffix": nullable(string()),
        "temperature": nullable(number(0, 2)),
        "top_p": nullable(number(0, 1)),
        "user": nullable(string()),
    },
    closed=True,
)


def prompts_of(body: dict[str, Any]) -> list[str]:
    """The prompts as texts."""
    prompt = body.get("prompt")
    if prompt is None:
        return ["<|endoftext|>"]
    if isinstance(prompt, str):
        return [prompt]
    if isinstance(prompt[0], int):
        return [tokens.decode_ids(prompt)]
    return [one if isinstance(one, str) else tokens.decode_ids(one) for one in prompt]


def _prompt_sizes(body: dict[str, Any]) -> list[int]:
    prompt = body.get("prompt")
    if isinstance(prompt, list) and isinstance(prompt[0], int):
        return [len(prompt)]
    if isinstance(prompt, list):
        return [tokens.count(one) if isinstance(one, str) else len(one) for one in prompt]
    return [tokens.count(text) for text in prompts_of(body)]


def validate(call: Call, body: dict[str, Any]) -> None:
    """Refuse what OpenAI refuses."""
    card = check_model(call, body, "completion")
    if "prompt" not in body:
        raise missing("prompt")
    _shape("", body)
    prompt = body["prompt"]
    if isinstance(prompt, list) and len({type(item) for item in prompt}) > 1:
        raise invalid("Invalid type for 'prompt': mixed arrays are refused.", "prompt",
                      "invalid_type")  # fmt: skip
    best_of, n = body.get("best_of"), body.get("n") or 1
    if best_of is not None and best_of < n:
        raise invalid("You requested that the server return more choices than it will generate "
                      "(HINT: best_of must be greater than or equal to n).", "best_of")  # fmt: skip
    if best_of is not None and best_of > 1 and body.get("stream"):
        raise invalid("Streaming is not supported with best_of.", "best_of")
    if body.get("stream_options") is not None and body.get("stream") is not True:
        raise invalid("The 'stream_options' parameter is only allowed when 'stream' is enabled.",
                      "stream_options")  # fmt: skip
    check_bias(body)
    largest = max(_prompt_sizes(body))
    if largest + (body.get("max_tokens") or 0) > card.context:
        raise context_exceeded(card, largest + (body.get("max_tokens") or 0), "prompt")


def _generate(body: dict[str, Any], prompt: str, index: int) -> Generation:
    limit, temperature = body.get("max_tokens"), body.get("temperature")
    ask = Ask(
        turns=(Turn("user", prompt),),
        stop=stops_of(body),
        max_tokens=16 if limit is None else limit,
        temperature=1.0 if temperature is None else temperature,
        seed=body.get("seed"),
        logit_bias={int(key): value for key, value in (body.get("logit_bias") or {}).items()},
    )
    return generate(ask, index)


def _logprobs(
    pieces: list[Token], top: int | None, offset: int, unknown_first: bool, start: int = 0
) -> dict[str, Any] | None:
    if top is None:
        return None
    made: dict[str, Any] = {"text_offset": [], "token_logprobs": [], "tokens": []}
    tops: list[dict[str, float] | None] = []
    for text, group in tokens.deltas(pieces):
        for piece in group:
            nothing = unknown_first and not made["tokens"]
            position = start + len(made["tokens"])
            made["tokens"].append(piece.text)
            made["text_offset"].append(offset)
            chance = None if nothing else logprobs.likelihood(piece, position)
            made["token_logprobs"].append(chance)
            ranked = logprobs.ranked(piece, position, top)
            tops.append(None if nothing else {one.text: value for one, value in ranked})
        offset += len(text)
    return {**made, "top_logprobs": tops if top else None}


def _choice(body: dict[str, Any], prompt: str, made: Generation, index: int) -> dict[str, Any]:
    echo = bool(body.get("echo"))
    pieces = [*(tokens.encode(prompt) if echo else ()), *made.tokens]
    return {
        "text": (prompt if echo else "") + made.text,
        "index": index,
        "logprobs": _logprobs(pieces, body.get("logprobs"), 0, echo),
        "finish_reason": made.finish,
    }


def _pieces(
    body: dict[str, Any], prompt: str, made: Generation, index: int
) -> list[dict[str, Any]]:
    """The chunks of one choice; the finish reason comes with the last text."""
    top = body.get("logprobs")
    echo = bool(body.get("echo"))
    groups = list(tokens.deltas([*(tokens.encode(prompt) if echo else ()), *made.tokens]))
    choices: list[dict[str, Any]] = []
    offset = position = 0
    for text, group in groups or [("", ())]:
        probs = _logprobs(list(group), top, offset, echo and not choices, position)
        choices.append({"text": text, "index": index, "logprobs": probs, "finish_reason": None})
        offset += len(text)
        position += len(group)
    choices[-1]["finish_reason"] = made.finish
    return choices


def create(call: Call) -> Answer:
    """POST /completions."""
    body = call.fields
    prompts = prompts_of(body)
    n = body.get("n") or 1
    made = [(prompt, _generate(body, prompt, i)) for prompt in prompts for i in range(n)]
    spent = sum(_prompt_sizes(body))
    produced = sum(one.output_tokens for _, one in made)
    usage = {
        "prompt_tokens": spent,
        "completion_tokens": produced,
        "total_tokens": spent + produced,
    }
    call.charge(spent + produced)
    base: dict[str, Any] = {
        "id": call.app.new_id("cmpl-"),
        "object": "text_completion",
        "created": call.now,
        "model": body["model"],
        "system_fingerprint": FINGERPRINT,
    }
    if not call.stream:
        choices = [_choice(body, prompt, one, i) for i, (prompt, one) in enumerate(made)]
        return Answer({**base, "choices": choices, "usage": usage}, steps=produced)
    asked = (body.get("stream_options") or {}).get("include_usage") is True
    extra: dict[str, Any] = {"usage": None} if asked else {}
    streams = [_pieces(body, prompt, one, i) for i, (prompt, one) in enumerate(made)]
    rows = [choice for row in zip_longest(*streams) for choice in row if choice]
    chunks = [{**base, "choices": [choice], **extra} for choice in rows]
    if asked:
        chunks.append({**base, "choices": [], "usage": usage})
    return Answer(chunks=chunks)


ROUTES = (Route("completions", "POST", "/completions", create, validate, "json", limited=True),)
