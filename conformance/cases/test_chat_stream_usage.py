"""Chat streaming: usage, sent when asked for and only then."""

from __future__ import annotations

from conformance import streamed
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, fail
from conformance.requirement import MUST, openai, openapi, requirement
from conformance.select import CHAT_STREAM, Selector

NEEDS = "chat.stream"
SOURCE = openai("chat/create stream_options")
ASKED = CHAT_STREAM & Selector("with include_usage", streamed.asked_usage)
UNASKED = CHAT_STREAM & Selector("without include_usage", lambda x: not streamed.asked_usage(x))


@requirement(
    "chat.stream.usage.only-when-asked",
    MUST,
    "No chunk carries usage unless `stream_options.include_usage` is true.",
    source=SOURCE,
    needs=NEEDS,
    over=UNASKED,
    breaks=[
        "`chunk.choices[0]` on the extra chunk: IndexError",
        "usage summed over chunks is far too high",
    ],
)
def test_only_when_asked(stream: Exchange) -> None:
    streamed.chunks(stream)
    for number, chunk, _ in streamed.usages(stream):
        fail(f"event {number}: usage", "absent", chunk["usage"])


@requirement(
    "chat.stream.usage.present",
    MUST,
    "With `stream_options.include_usage` the stream reports usage, also with tools or a format.",
    source=SOURCE,
    needs=NEEDS,
    over=ASKED,
    breaks=["LangChain, gateways: cost accounting reads nothing"],
)
def test_present(stream: Exchange) -> None:
    found = streamed.whole(stream)
    if not streamed.usages(stream):
        fail(f"event {found[-1][0]}: usage", "an object", found[-1][1].get("usage", "absent"))


@requirement(
    "chat.stream.usage.last",
    MUST,
    "The usage comes in the last chunk, after the finish reasons.",
    source=SOURCE,
    needs=NEEDS,
    over=ASKED,
    breaks=["clients that take the last chunk's usage read nothing"],
)
def test_last(stream: Exchange) -> None:
    found = [(n, chunk) for n, chunk in streamed.whole(stream) if not chunk.get("moderation")]
    reported = streamed.usages(stream)
    if not reported:
        raise NotApplicable
    if found and reported[-1][0] < found[-1][0]:
        fail(f"event {found[-1][0]}", f"nothing after the usage of event {reported[-1][0]}",
             found[-1][1])  # fmt: skip


@requirement(
    "chat.stream.usage.own-chunk",
    MUST,
    "The chunk that reports usage has an empty `choices`.",
    source=SOURCE,
    needs=NEEDS,
    over=ASKED,
    breaks=["clients that skip chunks with choices when they look for usage"],
)
def test_own_chunk(stream: Exchange) -> None:
    streamed.whole(stream)
    reported = streamed.usages(stream)
    if not reported:
        raise NotApplicable
    number, chunk, _ = reported[-1]
    if chunk.get("choices"):
        fail(f"event {number}: choices", "[]", chunk["choices"])


@requirement(
    "chat.stream.usage.once",
    MUST,
    "One chunk reports usage; in the others it is null or absent.",
    source=SOURCE,
    needs=NEEDS,
    over=ASKED,
    breaks=["clients that add up what they see count the prompt again and again"],
)
def test_once(stream: Exchange) -> None:
    streamed.chunks(stream)
    reported = streamed.usages(stream)
    if not reported:
        raise NotApplicable
    if len(reported) > 1:
        fail(f"event {reported[0][0]}: usage", "null or absent", reported[0][2])


def _counts(usage: dict[str, object]) -> tuple[int, int, int]:
    found = [
        streamed.number(usage.get(key))
        for key in ("prompt_tokens", "completion_tokens", "total_tokens")
    ]
    if found[0] is None or found[1] is None or found[2] is None:
        raise NotApplicable("the counts are not complete")
    return found[0], found[1], found[2]


def _last_usage(stream: Exchange) -> dict[str, object]:
    reported = streamed.usages(stream)
    if not reported:
        raise NotApplicable("no usage was sent")
    return reported[-1][2]


@requirement(
    "chat.stream.usage.total",
    MUST,
    "In a stream's usage, total_tokens is prompt_tokens plus completion_tokens.",
    source=openapi("CompletionUsage"),
    needs=NEEDS,
    over=ASKED,
    breaks=["cost accounting"],
)
def test_total(stream: Exchange) -> None:
    usage = _last_usage(stream)
    prompt, completion, total = _counts(usage)
    if total != prompt + completion:
        fail("usage.total_tokens", str(prompt + completion), total)


@requirement(
    "chat.stream.usage.counted",
    MUST,
    "A stream's usage counts the tokens of the prompt and of what was streamed.",
    source=openapi("CompletionUsage"),
    needs=NEEDS,
    over=ASKED,
    breaks=["cost accounting"],
)
def test_counted(stream: Exchange) -> None:
    usage = _last_usage(stream)
    prompt, completion, _ = _counts(usage)
    if prompt < 1:
        fail("usage.prompt_tokens", "at least 1", prompt)
    said = {piece.index for piece in streamed.pieces(stream) if piece.speaks}
    if completion < len(said):
        fail("usage.completion_tokens", f"at least {len(said)}", completion)


@requirement(
    "chat.stream.usage.prompt-equal",
    MUST,
    "The same request has the same prompt_tokens streamed and not streamed.",
    source=openapi("CompletionUsage"),
    needs=NEEDS,
    breaks=["cost accounting"],
)
def test_prompt_equal(chat: Exchange, chat_stream_usage: Exchange) -> None:
    streamed_prompt = _counts(_last_usage(chat_stream_usage))[0]
    whole_prompt = _counts(_usage_of(chat))[0]
    if streamed_prompt != whole_prompt:
        fail("usage.prompt_tokens", f"{whole_prompt}, as without stream", streamed_prompt)


@requirement(
    "chat.stream.usage.completion-equal",
    MUST,
    "The same text has the same completion_tokens streamed and not streamed.",
    source=openapi("CompletionUsage"),
    needs=NEEDS,
    breaks=["cost accounting"],
)
def test_completion_equal(chat: Exchange, chat_stream_usage: Exchange) -> None:
    text = streamed.content(chat)
    if not text or text != streamed.content(chat_stream_usage):
        raise Inconclusive("the two answers differ")
    usage, other = _usage_of(chat), _last_usage(chat_stream_usage)
    if _reasoning(usage) or _reasoning(other):
        raise Inconclusive("hidden reasoning differs from answer to answer")
    whole, found = _counts(usage)[1], _counts(other)[1]
    if whole != found:
        fail("usage.completion_tokens", f"{whole}, as without stream", found)


def _usage_of(x: Exchange) -> dict[str, object]:
    body = x.json
    usage = body.get("usage") if isinstance(body, dict) else None
    if not isinstance(usage, dict):
        raise NotApplicable("no usage was sent")
    return usage


def _reasoning(usage: dict[str, object]) -> bool:
    details = usage.get("completion_tokens_details")
    return isinstance(details, dict) and bool(details.get("reasoning_tokens"))
