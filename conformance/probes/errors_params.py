"""Wrong chat completion requests: parameters, one at a time, and the same as streams."""

from __future__ import annotations

from typing import Any

from conformance.probe import Model
from conformance.probes.errors_table import CHAT, HELLO, RANGE, mistyped, outside, wrong
from conformance.requirement import MAY, SHOULD, openapi

_RANGES = openapi("CreateChatCompletionRequest")
_MISSING = ("missing_required_parameter",)

# wrong types, one at a time
for _key, _value, _kind in (
    ("temperature", "hot", "a string"),
    ("top_p", "most", "a string"),
    ("n", "two", "a string"),
    ("max_tokens", "ten", "a string"),
    ("max_completion_tokens", "ten", "a string"),
    ("presence_penalty", "much", "a string"),
    ("frequency_penalty", "much", "a string"),
    ("stop", 5, "a number"),
    ("logit_bias", [1], "an array"),
    ("logprobs", "maybe", "a string"),
    ("seed", "seven", "a string"),
    ("stream", "maybe", "a string"),
    ("response_format", "json", "a string"),
    ("tools", "hammer", "a string"),
):
    mistyped(CHAT, _key, _value, _kind, source=_RANGES, strict=_key == "response_format")
mistyped(CHAT, "stream_options", "usage", "a string", stream=True)
for _key, _value, _kind in (
    ("metadata", "x", "a string"),
    ("user", 5, "a number"),
    ("parallel_tool_calls", "maybe", "a string"),
    ("modalities", "text", "a string"),
):
    mistyped(CHAT, _key, _value, _kind, level=MAY, source=_RANGES)
wrong(
    CHAT,
    "max-tokens-fraction",
    "`max_tokens` that is no integer (1.5)",
    max_tokens=1.5,
    params=("max_tokens", None),
    codes=("invalid_type", *RANGE, None),
)
wrong(
    CHAT,
    "n-fraction",
    "`n` that is no integer (1.5)",
    n=1.5,
    params=("n", None),
    codes=("invalid_type", *RANGE, None),
)

# outside the documented range, one at a time
outside(CHAT, "temperature", -1, "below", source=_RANGES)
outside(CHAT, "temperature", 2.5, "above", params=("temperature", None), codes=(None,))
outside(CHAT, "top_p", -0.5, "below", source=_RANGES)
outside(CHAT, "top_p", 2.0, "above", source=_RANGES)
outside(CHAT, "n", 0, "below", source=_RANGES)
outside(CHAT, "n", 129, "above", source=_RANGES, strict=True, max_tokens=1)
outside(CHAT, "max_tokens", -1, "below", source=_RANGES, strict=True)
outside(CHAT, "max_completion_tokens", -1, "below", source=_RANGES)
outside(CHAT, "presence_penalty", -3, "below", source=_RANGES)
outside(CHAT, "presence_penalty", 3, "above", source=_RANGES)
outside(CHAT, "frequency_penalty", -3, "below", source=_RANGES)
outside(CHAT, "frequency_penalty", 3, "above", source=_RANGES)
outside(CHAT, "top_logprobs", 50, "above", logprobs=True, source=_RANGES)
outside(CHAT, "top_logprobs", -1, "below", logprobs=True, source=_RANGES)
wrong(
    CHAT,
    "max-tokens-zero",
    "`max_tokens: 0`",
    max_tokens=0,
    params=("max_tokens",),
    codes=("integer_below_min_value", *RANGE, None),
)
wrong(
    CHAT,
    "logit-bias-value",
    "A bias above 100",
    logit_bias={"50": 200},
    params=("logit_bias", None),
    level=MAY,
)
wrong(
    CHAT,
    "logit-bias-key",
    "A key of `logit_bias` that is no token id",
    logit_bias={"AI": 1},
    params=("logit_bias", None),
    level=MAY,
)
wrong(
    CHAT,
    "stop-too-many",
    "A list of five stop strings",
    stop=["@1", "@2", "@3", "@4", "@5"],
    params=("stop",),
    codes=("array_above_max_length", *RANGE),
    strict=True,
)

_TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
mistyped(CHAT, "tool_choice", 5, "a number", source=_RANGES, tools=[_TOOL])

# unknown words
wrong(
    CHAT,
    "response-format-unknown",
    "An unknown `response_format.type`",
    response_format={"type": "xml"},
    params=("response_format.type",),
    codes=("invalid_value",),
    strict=True,
)
wrong(
    CHAT,
    "response-format-schema-missing",
    "`response_format` json_schema without `json_schema`",
    response_format={"type": "json_schema"},
    params=("response_format.json_schema", None),
    codes=(*_MISSING, None),
)
wrong(
    CHAT,
    "tool-type-unknown",
    "A tool of an unknown type",
    tools=[{"type": "hammer", "hammer": {"name": "hit"}}],
    params=("tools[0].type", "tools[0]", None),
    codes=("invalid_value", None),
)
wrong(
    CHAT,
    "tool-function-missing",
    "A tool without `function`",
    tools=[{"type": "function"}],
    params=("tools[0].function", None),
    codes=(*_MISSING, None),
)
wrong(
    CHAT,
    "tool-name-missing",
    "A function without `name`",
    tools=[{"type": "function", "function": {"description": "nameless"}}],
    params=("tools[0].function.name", "tools[0].name", None),
    codes=(*_MISSING, None),
)
wrong(
    CHAT,
    "tool-choice-unknown",
    "An unknown `tool_choice`",
    tools=[_TOOL],
    tool_choice="sometimes",
    params=("tool_choice", None),
    codes=("invalid_value", None),
)
wrong(
    CHAT,
    "tool-choice-absent",
    "A `tool_choice` that names a function which is not among the tools",
    tools=[_TOOL],
    tool_choice={"type": "function", "function": {"name": "listen"}},
    params=("tool_choice", None),
    level=SHOULD,
)
wrong(
    CHAT,
    "service-tier-unknown",
    "An unknown `service_tier`",
    service_tier="gold",
    params=("service_tier", None),
    level=MAY,
)
wrong(
    CHAT,
    "reasoning-effort-unknown",
    "An unknown `reasoning_effort`",
    reasoning_effort="extreme",
    params=("reasoning_effort", None),
    level=MAY,
)
wrong(
    CHAT,
    "parameter-unknown",
    "An unknown parameter",
    no_such_parameter=1,
    params=("no_such_parameter", None),
    codes=("unknown_parameter", None),
    level=MAY,
)
wrong(
    CHAT,
    "top-logprobs-alone",
    "`top_logprobs` without `logprobs`",
    top_logprobs=2,
    params=("top_logprobs", "logprobs", None),
    level=MAY,
)
wrong(
    CHAT,
    "stream-options-alone",
    "`stream_options` without `stream`",
    stream_options={"include_usage": True},
    params=("stream_options", "stream", None),
    level=MAY,
)
wrong(
    CHAT,
    "metadata-too-many",
    "`metadata` of 17 pairs",
    metadata={f"key{i}": "x" for i in range(17)},
    params=("metadata", None),
    level=MAY,
)

# the same with a stream: refused before the first byte, so the same status
_AS_STREAM: dict[str, Any] = {"stream": True, "needs": "chat.stream"}
wrong(
    CHAT,
    "stream.model-unknown",
    "A model that does not exist, asked for a stream,",
    model=Model("unknown"),
    statuses=(404,),
    params=("model", None),
    **_AS_STREAM,
)
wrong(
    CHAT,
    "stream.temperature-below",
    "`temperature: -1`, asked for a stream,",
    temperature=-1,
    params=("temperature",),
    **_AS_STREAM,
)
wrong(
    CHAT,
    "stream.role-unknown",
    "An unknown role, asked for a stream,",
    messages=[{"role": "narrator", "content": HELLO}],
    params=("messages[0].role", None),
    **_AS_STREAM,
)
wrong(
    CHAT,
    "stream.model-missing",
    "A request for a stream without `model`",
    drop="model",
    params=("model", None),
    **_AS_STREAM,
)
wrong(
    CHAT,
    "stream.messages-type",
    "`messages` that is a string, asked for a stream,",
    messages=HELLO,
    params=("messages",),
    **_AS_STREAM,
)
wrong(
    CHAT,
    "stream.max-tokens-below",
    "`max_tokens: -1`, asked for a stream,",
    max_tokens=-1,
    params=("max_tokens",),
    **_AS_STREAM,
)
