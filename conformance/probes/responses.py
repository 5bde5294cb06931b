"""The Responses API: plain creation, and every form of input and option that clients send."""

from __future__ import annotations

from typing import Any

from conformance import response_events as re
from conformance.capability import capability
from conformance.probe import CHAT_MODEL, Accepted, Context, post, probe, user
from conformance.probes.chat import COUNT, REPEAT
from conformance.probes.chat_stream import UNICODE
from conformance.requirement import MUST, SHOULD, Level, Source, field, openai

CREATE = openai("responses/create")
PLAIN: dict[str, Any] = {"temperature": 0, "max_output_tokens": 64}
PATH = "/responses"

capability("responses", "the Responses API", "responses", core=True)
capability(
    "responses.stream", "streamed responses", "responses_stream", within="responses", core=True
)
capability(
    "responses.logprobs",
    "log probabilities of responses",
    "responses_logprobs",
    within="responses",
    took_effect=lambda x: any(p.get("logprobs") for p in re.text_parts(re.result(x))),
)


def response(input: Any, **body: Any) -> tuple[str, str, dict[str, Any]]:
    """The first arguments of a probe that creates a response."""
    return post(PATH, model=CHAT_MODEL, input=input, **body)


def message(role: str, text: str, kind: str = "input_text") -> dict[str, Any]:
    """A message in the long form, with one content part."""
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


probe("responses", *response(REPEAT), needs="responses", tier="smoke")
probe(
    "responses_zero",
    *response(REPEAT, **PLAIN),
    needs="responses",
    accepted=Accepted(
        "responses.accepts.plain-options",
        MUST,
        "`temperature: 0` and `max_output_tokens` are accepted.",
        CREATE,
    ),
)
probe("responses_again", *response(REPEAT, **PLAIN), needs="responses")
# a server without storage may refuse these
probe("responses_kept", *response(REPEAT, **PLAIN, store=True), needs="responses", valid=False)
probe(
    "responses_kept_stream",
    *response(REPEAT, **PLAIN, store=True, stream=True),
    needs="responses.stream",
    valid=False,
)
probe(
    "responses_stream",
    *response(REPEAT, **PLAIN, stream=True),
    needs="responses.stream",
    tier="smoke",
)
probe(
    "responses_length",
    *response(COUNT, temperature=0, max_output_tokens=16),
    needs="responses",
    accepted=Accepted(
        "responses.accepts.max-output-tokens",
        MUST,
        "`max_output_tokens: 16`, the least that OpenAI takes, is accepted.",
        openai("responses/create max_output_tokens"),
        ("health checks and classifiers send it",),
    ),
)
probe(
    "responses_stream_length",
    *response(COUNT, temperature=0, max_output_tokens=16, stream=True),
    needs="responses.stream",
)
probe(
    "responses_unicode",
    *response(UNICODE, temperature=0, max_output_tokens=96),
    needs="responses",
    tokens=128,
)
probe(
    "responses_stream_unicode",
    *response(UNICODE, temperature=0, max_output_tokens=96, stream=True),
    needs="responses.stream",
    tokens=128,
)
probe(
    "responses_logprobs",
    *response(REPEAT, **PLAIN, include=["message.output_text.logprobs"], top_logprobs=2),
    needs="responses.logprobs",
    valid=False,
)
probe(
    "responses_stream_logprobs",
    *response(
        REPEAT, **PLAIN, include=["message.output_text.logprobs"], top_logprobs=2, stream=True
    ),
    needs="responses.logprobs",
    valid=False,
)


def accepts(
    word: str,
    sentence: str,
    /,
    *,
    input: Any = REPEAT,
    level: Level = MUST,
    source: Source = CREATE,
    breaks: tuple[str, ...] = (),
    needs: str = "responses",
    **body: Any,
) -> None:
    """A probe of one form of input or one option, and the requirement that it is accepted."""
    probe(
        f"responses_with_{word.replace('-', '_')}",
        *response(input, **{"max_output_tokens": 64, **body}),
        needs=needs,
        accepted=Accepted(f"responses.accepts.{word}", level, sentence, source, breaks),
    )


accepts("message", "An input item may be a message without `type`, its content a string.",
        input=[user(REPEAT)])  # fmt: skip
accepts("message-typed", "An input message may say `type: message`.",
        input=[{"type": "message", **user(REPEAT)}])  # fmt: skip
accepts("parts", "The content of a message may be a list of `input_text` parts.",
        input=[{"role": "user", "content": [{"type": "input_text", "text": "Say one thing."},
                                            {"type": "input_text", "text": REPEAT}]}])  # fmt: skip
accepts(
    "several",
    "The input may hold several messages.",
    input=[user("Hello."), {"role": "assistant", "content": "Hello!"}, user(REPEAT)],
    source=field("https://github.com/lmstudio-ai/lmstudio-bug-tracker"),
    breaks=("every second turn fails",),
)
accepts(
    "assistant-output-text",
    "An assistant message of the input may hold an `output_text` part and have no id.",
    input=[user("Hello."), message("assistant", "Hello!", "output_text"), user(REPEAT)],
    breaks=("replaying a history fails",),
)
accepts(
    "assistant-full",
    "An assistant message of the input may have id, status, annotations and no logprobs.",
    input=[
        user("Hello."),
        {
            "type": "message",
            "id": "msg_0123456789abcdef0123456789abcdef",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Hello!", "annotations": []}],
        },
        user(REPEAT),
    ],
    store=False,
    level=SHOULD,
)
accepts("developer", "The role `developer` is accepted.",
        input=[{"role": "developer", "content": "Be brief."}, user(REPEAT)])  # fmt: skip
accepts("system", "The role `system` is accepted.",
        input=[{"role": "system", "content": "Be brief."}, user(REPEAT)])  # fmt: skip
accepts("instructions", "`instructions` is accepted.", instructions="Be brief and exact.")
accepts("metadata", "`metadata` is accepted.", metadata={"topic": "demo", "run": "7"})
accepts("sampling", "`temperature` and `top_p` are accepted together.", temperature=0.5, top_p=0.9)
accepts("truncation", '`truncation` may be "auto".', truncation="auto")
accepts(
    "text-empty",
    "`text` may be an empty object.",
    text={},
    source=field("https://github.com/lmstudio-ai/lmstudio-bug-tracker"),
    breaks=("n8n and LibreChat send it",),
)
accepts(
    "text-format",
    '`text.format` may be `{"type": "text"}`, the default.',
    text={"format": {"type": "text"}},
    breaks=("clients that always send the default format",),
)
accepts("store-false", "`store: false` is accepted.", store=False)
accepts("stream-false", "`stream: false` is accepted.", stream=False)
accepts("background-false", "`background: false` is accepted.", background=False, level=SHOULD)
accepts(
    "nulls",
    "Options may be null where the schema says so.",
    instructions=None,
    previous_response_id=None,
    max_output_tokens=None,
    temperature=None,
    top_p=None,
    truncation=None,
    metadata=None,
    store=None,
    include=None,
    parallel_tool_calls=None,
    breaks=("typed clients send null for what was not set",),
)
accepts(
    "identifiers",
    "`safety_identifier`, `prompt_cache_key` and `user` are accepted.",
    safety_identifier="someone-1",
    prompt_cache_key="demo-1",
    user="someone-1",
    level=SHOULD,
)
accepts("service-tier", '`service_tier` may be "auto".', service_tier="auto", level=SHOULD)
accepts("include-empty", "`include` may be an empty list.", include=[], level=SHOULD)
accepts("tool-free-choice", "`parallel_tool_calls` is accepted without tools.",
        parallel_tool_calls=True, level=SHOULD)  # fmt: skip
accepts(
    "obfuscation-off",
    "`stream_options.include_obfuscation` is accepted.",
    temperature=0,
    stream=True,
    stream_options={"include_obfuscation": False},
    needs="responses.stream",
    level=SHOULD,
)


def _own_output(c: Context) -> dict[str, Any]:
    answered = re.output(re.result(c["responses_zero"]))
    return response([user(REPEAT), *answered, user(REPEAT)], **PLAIN)[2]


probe(
    "responses_with_own_output",
    "POST",
    PATH,
    _own_output,
    needs="responses",
    after=("responses_zero",),
    accepted=Accepted(
        "responses.accepts.own-output",
        MUST,
        "The items of `output` may be sent back as input.",
        openai("responses/create input"),
        ("Agents SDK: the second turn fails",),
    ),
)

FILLER = " ".join(
    f"Shelf {n} of the pantry holds flour, salt, oats and honey." for n in range(1, 13)
)
"""About 150 tokens that ask for nothing: long enough to show in a count."""

HELLO = "Say hello in one word."
SHORT: dict[str, Any] = {"temperature": 0, "max_output_tokens": 32}

probe("responses_short", *response(HELLO, **SHORT), needs="responses")
probe("responses_long_input", *response(f"{FILLER} {HELLO}", **SHORT), needs="responses")
probe(
    "responses_instructed",
    *response(HELLO, **SHORT, instructions=FILLER),
    needs="responses",
)
probe(
    "responses_instructed_stream",
    *response(HELLO, **SHORT, instructions=FILLER, stream=True),
    needs="responses.stream",
)
probe(
    "responses_developer",
    *response([{"role": "developer", "content": FILLER}, user(HELLO)], **SHORT),
    needs="responses",
)
probe(
    "responses_history",
    *response([user(FILLER), {"role": "assistant", "content": "I see."}, user(HELLO)], **SHORT),
    needs="responses",
)
probe(
    "responses_long_parts",
    *response(
        [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": FILLER},
                    {"type": "input_text", "text": HELLO},
                ],
            }
        ],
        **SHORT,
    ),
    needs="responses",
)

# what OpenAI refuses, beyond the table of errors
_bad: dict[str, Any] = {"needs": "responses", "valid": False}
probe("responses_bad_messages", *post(PATH, model=CHAT_MODEL, messages=[user(REPEAT)]), **_bad)
probe(
    "responses_bad_previous",
    *response(REPEAT, **PLAIN, previous_response_id="resp_00000000000000000000000000000000"),
    **_bad,
)
probe(
    "responses_bad_previous_stream",
    *response(
        REPEAT,
        **PLAIN,
        previous_response_id="resp_00000000000000000000000000000000",
        stream=True,
    ),
    **_bad,
)
