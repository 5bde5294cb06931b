"""Refusals by which a model says that it does not take a parameter, as OpenAI's own models do."""

from __future__ import annotations

from conformance.exchange import Exchange

PARAMETERS = frozenset(
    {
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "max_tokens",
        "n",
        "parallel_tool_calls",
        "presence_penalty",
        "stop",
        "temperature",
        "top_logprobs",
        "top_p",
    }
)
"""What OpenAI's reasoning models refuse."""
CODES = ("unsupported_parameter", "unsupported_value")


def declined(x: Exchange) -> str:
    """The parameter of the request that the model does not take; empty where it is not that."""
    body = x.json if x.status == 400 else None
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict) or error.get("code") not in CODES:
        return ""
    param = error.get("param")
    taken = isinstance(param, str) and param in PARAMETERS and param in x.sent
    return str(param) if taken else ""
