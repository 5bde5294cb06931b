"""Wrong requests to the other JSON endpoints."""

from __future__ import annotations

from typing import Any

from conformance.probe import Model
from conformance.probes.errors_table import (
    COMPLETIONS,
    EMBEDDINGS,
    HELLO,
    MODERATIONS,
    RESPONSES,
    Way,
    mistyped,
    outside,
    unreadable,
    wrong,
)
from conformance.requirement import MAY, SHOULD, live

_MISSING = ("missing_required_parameter",)
_TYPE = ("invalid_type", "invalid_value", None)
_ANY_MODEL = ("model", None)

# legacy completions
unreadable(COMPLETIONS)
wrong(COMPLETIONS, "model-missing", "A request without `model`", drop="model", params=_ANY_MODEL)
wrong(
    COMPLETIONS,
    "model-unknown",
    "A model that does not exist",
    model=Model("unknown"),
    statuses=(404,),
    params=_ANY_MODEL,
)
mistyped(COMPLETIONS, "prompt", {"text": HELLO}, "an object", params=("prompt", None))
# the older validator of this route leaves `param` and `code` null
mistyped(COMPLETIONS, "max_tokens", "ten", "a string", params=("max_tokens", None))
mistyped(COMPLETIONS, "stream", "maybe", "a string", params=("stream", None))
outside(COMPLETIONS, "max_tokens", -1, "below", params=("max_tokens", None), codes=(None,))
outside(COMPLETIONS, "temperature", 3, "above", params=("temperature", None), codes=(None,))
outside(COMPLETIONS, "n", 0, "below", params=("n", None), codes=(None,))
outside(COMPLETIONS, "top_p", 2.0, "above", params=("top_p", None), codes=(None,))
outside(COMPLETIONS, "logprobs", 50, "above", level=MAY)
wrong(
    COMPLETIONS,
    "best-of-below-n",
    "`best_of` smaller than `n`",
    n=3,
    best_of=2,
    params=("best_of", "n", None),
    level=MAY,
)
wrong(
    COMPLETIONS,
    "stop-too-many",
    "A list of five stop strings",
    stop=["@1", "@2", "@3", "@4", "@5"],
    params=("stop",),
    codes=("array_above_max_length",),
    level=MAY,
)
wrong(
    COMPLETIONS,
    "stream.model-unknown",
    "A model that does not exist, asked for a stream,",
    model=Model("unknown"),
    stream=True,
    statuses=(404,),
    params=_ANY_MODEL,
    needs="completions.stream",
)
wrong(
    COMPLETIONS,
    "stream.max-tokens-below",
    "`max_tokens: -1`, asked for a stream,",
    max_tokens=-1,
    stream=True,
    params=("max_tokens", None),
    needs="completions.stream",
)

# embeddings
unreadable(EMBEDDINGS)
wrong(EMBEDDINGS, "model-missing", "A request without `model`", drop="model", params=_ANY_MODEL)
wrong(
    EMBEDDINGS,
    "model-unknown",
    "A model that does not exist",
    model=Model("unknown"),
    statuses=(404,),
    params=_ANY_MODEL,
    source=live("embeddings 2025: 404 model_not_found"),
)
wrong(
    EMBEDDINGS,
    "input-missing",
    "A request without `input`",
    drop="input",
    params=("input", None),
    codes=(*_MISSING, None),
)
wrong(EMBEDDINGS, "input-null", "`input: null`", input=None, params=("input", None))
wrong(EMBEDDINGS, "input-empty-array", "`input: []`", input=[], params=("input", None))
wrong(EMBEDDINGS, "input-object", "`input` that is an object", input={}, params=("input", None))
wrong(EMBEDDINGS, "input-number", "`input` that is a number", input=17, params=("input", None))
wrong(
    EMBEDDINGS,
    "input-empty-string",
    "An empty string as `input`",
    input="",
    params=("input", None),
    level=MAY,
)
wrong(
    EMBEDDINGS,
    "input-mixed",
    "A list of strings and other things",
    input=["hello", {"text": "hello"}],
    params=("input", None),
)
wrong(
    EMBEDDINGS,
    "input-too-many",
    "A list of 2049 inputs",
    input=["a"] * 2049,
    params=("input", None),
    level=SHOULD,
)
wrong(
    EMBEDDINGS,
    "encoding-format-unknown",
    "An unknown `encoding_format`",
    encoding_format="hex",
    params=("encoding_format", None),
    codes=("invalid_value", None),
)
outside(EMBEDDINGS, "dimensions", 0, "below", params=("dimensions", None), codes=(None,))
mistyped(EMBEDDINGS, "dimensions", "many", "a string", params=("dimensions", None))
wrong(
    EMBEDDINGS,
    "parameter-unknown",
    "An unknown parameter",
    no_such_parameter=1,
    params=("no_such_parameter", None),
    level=MAY,
)

# moderations
unreadable(MODERATIONS)
wrong(
    MODERATIONS,
    "input-missing",
    "A request without `input`",
    drop="input",
    params=("input", None),
    codes=(*_MISSING, None),
)
wrong(MODERATIONS, "input-number", "`input` that is a number", input=17, params=("input", None))
wrong(MODERATIONS, "input-null", "`input: null`", input=None, params=("input", None))
wrong(
    MODERATIONS,
    "model-unknown",
    "A model that does not exist",
    model=Model("unknown"),
    statuses=(400, 404),
    params=_ANY_MODEL,
)

# responses
unreadable(RESPONSES)
wrong(
    RESPONSES,
    "model-missing",
    "A request without `model`",
    drop="model",
    params=_ANY_MODEL,
)
wrong(
    RESPONSES,
    "model-unknown",
    "A model that does not exist",
    model=Model("unknown"),
    statuses=(400, 404),
    params=_ANY_MODEL,
    source=live("responses 2025: 400 model_not_found, param model"),
)
mistyped(RESPONSES, "input", 17, "a number", params=("input", None))
wrong(
    RESPONSES,
    "role-unknown",
    "An input message with an unknown role",
    input=[{"role": "narrator", "content": HELLO}],
    params=("input[0].role", "input[0]", "input", None),
    codes=_TYPE,
)
wrong(
    RESPONSES,
    "item-unknown",
    "An input item of an unknown type",
    input=[{"type": "no_such_item"}],
    params=("input[0].type", "input[0]", "input", None),
    codes=_TYPE,
)
outside(
    RESPONSES,
    "temperature",
    -1,
    "below",
    strict=True,
    source=live("responses 2025-03: decimal_below_min_value"),
)
outside(RESPONSES, "temperature", 3, "above")
outside(RESPONSES, "top_p", 1.5, "above")
outside(RESPONSES, "max_output_tokens", 1, "below", level=MAY)
outside(RESPONSES, "top_logprobs", 50, "above", level=MAY)
mistyped(RESPONSES, "temperature", "hot", "a string")
mistyped(RESPONSES, "max_output_tokens", "ten", "a string")
mistyped(RESPONSES, "stream", "maybe", "a string")
mistyped(RESPONSES, "tools", "hammer", "a string")
wrong(
    RESPONSES,
    "tool-name-missing",
    "A function without `name`",
    tools=[{"type": "function", "parameters": {"type": "object"}}],
    params=("tools[0].name", None),
    codes=(*_MISSING, None),
)
wrong(
    RESPONSES,
    "format-unknown",
    "An unknown `text.format.type`",
    text={"format": {"type": "xml"}},
    params=("text.format.type", None),
    codes=("invalid_value", None),
)
wrong(
    RESPONSES,
    "parameter-unknown",
    "An unknown parameter",
    no_such_parameter=1,
    params=("no_such_parameter", None),
    codes=("unknown_parameter", None),
    level=MAY,
)
wrong(
    RESPONSES,
    "stream.model-unknown",
    "A model that does not exist, asked for a stream,",
    model=Model("unknown"),
    stream=True,
    statuses=(400, 404),
    params=_ANY_MODEL,
)
wrong(
    RESPONSES,
    "stream.temperature-below",
    "`temperature: -1`, asked for a stream,",
    temperature=-1,
    stream=True,
    params=("temperature",),
)

# endpoints of which only the commonest mistakes are tried
_OTHERS = (
    Way("images", "/images/generations", {"model": Model("image"), "prompt": "A red dot."},
        "images/create", "images"),
    Way("speech", "/audio/speech",
        {"model": Model("speech"), "input": "Hello.", "voice": "alloy"},
        "audio/createSpeech", "audio.speech"),
    Way("batches", "/batches",
        {"input_file_id": "file-none", "endpoint": "/v1/chat/completions",
         "completion_window": "24h"},
        "batch/create", "batches"),
)  # fmt: skip
_NEEDED = {"images": "prompt", "speech": "input", "batches": "input_file_id"}
for _way in _OTHERS:
    _key = _NEEDED[_way.name]
    _number: dict[str, Any] = {_key: 17}
    wrong(_way, "invalid-json", "A body that is not JSON", b'{"model": "x", ')
    wrong(
        _way,
        f"{_key.replace('_', '-')}-missing",
        f"A request without `{_key}`",
        drop=_key,
        params=(_key, None),
        codes=(*_MISSING, None),
    )
    wrong(
        _way,
        f"{_key.replace('_', '-')}-type",
        f"`{_key}` that is a number",
        params=(_key, None),
        codes=(*_TYPE,),
        **_number,
    )
