"""The fields of a chat completion request, one check each."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.reference.checks import (
    Check,
    anything,
    array,
    boolean,
    by_type,
    enum,
    fields,
    integer,
    mapping,
    metadata,
    nullable,
    number,
    string,
    tagged,
)

NAME = r"[a-zA-Z0-9_-]+"
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
TIERS = ("auto", "default", "flex", "scale", "priority", "fast")

STOP: Check = nullable(
    by_type("a string or an array of strings", string=string(), array=array(string(), 1, 4))
)
LOGIT_BIAS: Check = nullable(mapping(number(-100, 100)))
STREAM_OPTIONS: Check = nullable(
    fields({"include_usage": boolean, "include_obfuscation": boolean}, closed=True)
)

_text_part = fields({"text": string()}, ("text",))
_image_part = fields(
    {
        "image_url": fields(
            {"url": string(), "detail": nullable(enum("auto", "low", "high"))}, ("url",)
        )
    },
    ("image_url",),
)
_audio_part = fields(
    {"input_audio": fields({"data": string(), "format": enum("wav", "mp3")}, ("data", "format"))},
    ("input_audio",),
)
_file_part = fields({"file": fields({})}, ("file",))

TEXT_PARTS: Check = by_type(
    "a string or an array of content parts",
    string=string(),
    array=array(tagged("type", text=_text_part), 1),
)
USER_PARTS: Check = by_type(
    "a string or an array of content parts",
    string=string(),
    array=array(
        tagged(
            "type",
            text=_text_part,
            image_url=_image_part,
            input_audio=_audio_part,
            file=_file_part,
        ),
        1,
    ),
)
ASSISTANT_PARTS: Check = by_type(
    "a string or an array of content parts",
    string=string(),
    null=anything,
    array=array(
        tagged("type", text=_text_part, refusal=fields({"refusal": string()}, ("refusal",))), 1
    ),
)

TOOL_CALLS: Check = nullable(
    array(
        fields(
            {
                "id": string(),
                "type": enum("function", "custom"),
                "function": fields(
                    {"name": string(), "arguments": string()}, ("name", "arguments")
                ),
                "custom": fields({"name": string(), "input": string()}, ("name", "input")),
            },
            ("id", "type"),
        ),
        1,
        128,
    )
)

_schema_object = nullable(mapping(anything))
FUNCTION: Check = fields(
    {
        "name": string(1, 64, NAME),
        "description": nullable(string()),
        "parameters": _schema_object,
        "strict": nullable(boolean),
    },
    ("name",),
)
_custom_tool = fields(
    {"name": string(1, 64, NAME), "description": nullable(string()), "format": nullable(anything)},
    ("name",),
)
TOOLS: Check = nullable(
    array(
        tagged(
            "type",
            function=fields({"function": FUNCTION}, ("function",)),
            custom=fields({"custom": _custom_tool}, ("custom",)),
        ),
        0,
        128,
    )
)
_named = fields({"name": string(1)}, ("name",))
TOOL_CHOICE: Check = nullable(
    by_type(
        "one of none, auto, required, or an object",
        string=enum("none", "auto", "required"),
        object=tagged(
            "type",
            function=fields({"function": _named}, ("function",)),
            custom=fields({"custom": _named}, ("custom",)),
            allowed_tools=fields(
                {
                    "allowed_tools": fields(
                        {"mode": enum("auto", "required"), "tools": array(mapping(anything), 1)},
                        ("mode", "tools"),
                    )
                },
                ("allowed_tools",),
            ),
        ),
    )
)
RESPONSE_FORMAT: Check = nullable(
    tagged(
        "type",
        json_object=anything,
        json_schema=fields(
            {
                "json_schema": fields(
                    {
                        "name": string(1, 64, NAME),
                        "description": nullable(string()),
                        "schema": mapping(anything),
                        "strict": nullable(boolean),
                    },
                    ("name",),
                )
            },
            ("json_schema",),
        ),
        text=anything,
    )
)

CHAT: Mapping[str, Check] = {
    "model": string(1),
    "messages": array(mapping(anything), 1),
    "temperature": nullable(number(0, 2)),
    "top_p": nullable(number(0, 1)),
    "n": nullable(integer(1, 128)),
    "max_completion_tokens": nullable(integer(1)),
    "max_tokens": nullable(integer(1)),
    "stop": STOP,
    "frequency_penalty": nullable(number(-2, 2)),
    "presence_penalty": nullable(number(-2, 2)),
    "logit_bias": LOGIT_BIAS,
    "logprobs": nullable(boolean),
    "top_logprobs": nullable(integer(0, 20)),
    "seed": nullable(integer(-(2**63), 2**63 - 1)),
    "stream": nullable(boolean),
    "stream_options": STREAM_OPTIONS,
    "response_format": RESPONSE_FORMAT,
    "tools": TOOLS,
    "tool_choice": TOOL_CHOICE,
    "parallel_tool_calls": nullable(boolean),
    "service_tier": nullable(enum(*TIERS)),
    "modalities": nullable(array(enum("text", "audio"), 1)),
    "audio": nullable(
        fields(
            {
                "voice": anything,
                "format": enum("wav", "aac", "mp3", "flac", "opus", "pcm16"),
            },
            ("voice", "format"),
        )
    ),
    "prediction": nullable(
        fields({"type": enum("content"), "content": TEXT_PARTS}, ("type", "content"))
    ),
    "reasoning_effort": nullable(enum(*EFFORTS)),
    "verbosity": nullable(enum("low", "medium", "high")),
    "store": nullable(boolean),
    "metadata": metadata,
    "moderation": nullable(mapping(anything)),
    "prompt_cache_key": nullable(string()),
    "prompt_cache_options": nullable(mapping(anything)),
    "prompt_cache_retention": nullable(enum("in_memory", "in-memory", "24h")),
    "safety_identifier": nullable(string(high=64)),
    "user": nullable(string()),
    "web_search_options": nullable(mapping(anything)),
    "functions": nullable(array(FUNCTION, 1, 128)),
    "function_call": nullable(
        by_type("one of none, auto, or an object", string=enum("none", "auto"), object=_named)
    ),
}
