"""What only client libraries send: their helpers, and objects that they returned sent back."""

from __future__ import annotations

from typing import Any

from conformance.exchange import Exchange
from conformance.probe import Context, Model, chat, post, probe, user
from conformance.probes.chat import REPEAT
from conformance.probes.tools import tool
from conformance.requirement import SDKS

PLAIN: dict[str, Any] = {"temperature": 0, "max_tokens": 64}
SDK: dict[str, Any] = {"drivers": SDKS}
STREAM_HELPER = "chat.completions.stream"

# the helpers take tools only in strict mode
CAPITAL = tool(
    "look_up_capital",
    "Look up the capital of a country.",
    strict=True,
    country={"type": "string"},
)
ASK_TOOL = "Use the tool to look up the capital of France."
CITY_FORMAT = {
    "type": "json_schema",
    "json_schema": {
        "name": "City",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "population": {"type": "integer"}},
            "required": ["name", "population"],
            "additionalProperties": False,
        },
    },
}
INPUTS = ["The first sentence.", "A second one, about the sea.", "третье"]
EMBEDDING = Model("embedding")


def returned(exchange: Exchange) -> Any:
    """The object as the library returned it; as it came, where no library was between."""
    return exchange.client.value if exchange.client else exchange.json


def _next_turn(c: Context) -> dict[str, Any]:
    message = returned(c["chat"])["choices"][0]["message"]
    return chat(REPEAT, message, "Say it once more.", **PLAIN)[2]


def _tool_reply(c: Context) -> dict[str, Any]:
    message = returned(c["sdk_tools"])["choices"][0]["message"]
    results = [
        {"role": "tool", "tool_call_id": made["id"], "content": "Paris"}
        for made in message["tool_calls"]
    ]
    return chat(ASK_TOOL, message, *results, tools=[CAPITAL], **PLAIN)[2]


def _input_items(c: Context) -> str:
    return f"/responses/{c['sdk_responses'].json['id']}/input_items?limit=1"


probe(
    "sdk_chat_turn", "POST", "/chat/completions", _next_turn, needs="chat", after=("chat",), **SDK
)
FROM_ENVIRONMENT = "Repeat exactly: from the environment"
probe(
    "sdk_environment",
    *chat(FROM_ENVIRONMENT, **PLAIN),
    needs="chat",
    options={"bare": True},
    valid=False,
    **SDK,
)
probe(
    "sdk_stream_helper",
    *chat(REPEAT, stream=True, **PLAIN),
    call=STREAM_HELPER,
    needs="chat.stream",
    **SDK,
)
probe(
    "sdk_tool_stream",
    *chat(ASK_TOOL, tools=[CAPITAL], tool_choice="required", stream=True, **PLAIN),
    call=STREAM_HELPER,
    needs="chat.tools",
    **SDK,
)
probe(
    "sdk_tools",
    *chat(ASK_TOOL, tools=[CAPITAL], tool_choice="required", **PLAIN),
    needs="chat.tools",
    **SDK,
)
probe(
    "sdk_tools_reply",
    "POST",
    "/chat/completions",
    _tool_reply,
    needs="chat.tools",
    after=("sdk_tools",),
    **SDK,
)
probe(
    "sdk_parse",
    *chat(
        "Name a large city and its population.",
        response_format=CITY_FORMAT,
        temperature=0,
        max_tokens=200,
    ),
    call="chat.completions.parse",
    needs="chat.json-schema",
    tokens=200,
    **SDK,
)
probe(
    "sdk_completions",
    *post("/completions", model=Model("completion"), prompt="One, two, three,", max_tokens=16),
    needs="completions",
    **SDK,
)
probe(
    "sdk_embeddings", *post("/embeddings", model=EMBEDDING, input=INPUTS), needs="embeddings", **SDK
)
probe(
    "sdk_embeddings_float",
    *post("/embeddings", model=EMBEDDING, input=INPUTS, encoding_format="float"),
    needs="embeddings",
    **SDK,
)
probe(
    "sdk_moderations",
    *post("/moderations", model=Model("moderation"), input="I like apples."),
    needs="moderations",
    **SDK,
)
probe("sdk_models", "GET", "/models", needs="models", **SDK)
probe("sdk_model", "GET", "/models/{chat}", needs="models", **SDK)

_TURNS = [user("Hello."), {"role": "assistant", "content": "Hello!"}, user(REPEAT)]
probe(
    "sdk_responses",
    *post("/responses", model=Model("chat"), input=_TURNS, max_output_tokens=64, store=True),
    needs="responses",
    **SDK,
)
probe(
    "sdk_input_items",
    "GET",
    _input_items,
    needs="responses",
    after=("sdk_responses",),
    options={"paginate": True},
    **SDK,
)
probe(
    "sdk_responses_stream",
    *post("/responses", model=Model("chat"), input=REPEAT, max_output_tokens=64, stream=True),
    needs="responses.stream",
    **SDK,
)
probe(
    "sdk_responses_helper",
    *post("/responses", model=Model("chat"), input=REPEAT, max_output_tokens=64, stream=True),
    call="responses.stream",
    needs="responses.stream",
    **SDK,
)

_WRONG: dict[str, Any] = {"valid": False, "options": {"retry": False}, "needs": "chat", **SDK}
probe("sdk_bad_request", *chat(REPEAT, temperature="hot"), **_WRONG)
probe(
    "sdk_unknown_model",
    *post("/chat/completions", model="conformance-no-such-model", messages=[user(REPEAT)]),
    **_WRONG,
)
probe(
    "sdk_unknown_model_stream",
    *post(
        "/chat/completions", model="conformance-no-such-model", messages=[user(REPEAT)], stream=True
    ),
    **_WRONG,
)
probe(
    "sdk_wrong_key",
    *chat(REPEAT, **PLAIN),
    **{**_WRONG, "options": {"retry": False, "bearer": "sk-not-a-key-of-this-server"}},
)
