"""Chat streams: limits, counts and times, which whole answers keep and streams forget."""

from __future__ import annotations

from conformance import streamed
from conformance.chats import asked_n, content_of, integer, limit_of, related, same_start
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.requirement import MUST, SHOULD, openai, openapi, requirement
from conformance.select import CHAT_STREAM, Selector

NEEDS = "chat.stream"
SKEW = 600
ASKED = CHAT_STREAM & Selector("with include_usage", streamed.asked_usage)


@requirement(
    "chat.stream.created.now",
    MUST,
    "`created` of a chunk is the time of the answer in Unix seconds.",
    source=openapi("CreateChatCompletionStreamResponse"),
    needs=NEEDS,
    over=CHAT_STREAM,
    breaks=["logs and conversations are sorted by it"],
)
def test_created(stream: Exchange) -> None:
    created = integer(streamed.chunks(stream)[0][1].get("created"))
    if created is None or not 1e9 < created < 1e11 or stream.context.get("foreign"):
        raise NotApplicable
    off = created - stream.started
    fine = -SKEW <= off <= SKEW + stream.duration
    require(fine, "created", f"about {int(stream.started)}", created)


@requirement(
    "chat.stream.model.echo",
    MUST,
    "`model` of a chunk is the requested model, or a name that is derived from it.",
    source=openapi("CreateChatCompletionStreamResponse"),
    needs=NEEDS,
    over=CHAT_STREAM,
    breaks=["cost tables and logs that are keyed by the model"],
)
def test_model(stream: Exchange) -> None:
    asked, answered = stream.sent.get("model"), streamed.chunks(stream)[0][1].get("model")
    if not (isinstance(asked, str) and isinstance(answered, str) and asked and answered):
        raise NotApplicable
    require(related(asked, answered), "model", f"{asked} or a version of it", answered)


def _made(stream: Exchange) -> int:
    found = streamed.usages(stream)
    count = integer(found[-1][2].get("completion_tokens")) if found else None
    if count is None:
        raise NotApplicable("no usage was sent")
    return count


def _limit(stream: Exchange) -> int:
    limit = limit_of(stream)
    if limit is None:
        raise NotApplicable("no limit was set")
    return limit


@requirement(
    "chat.stream.usage.within-limit",
    MUST,
    "A stream's completion_tokens are not above the request's limit, times the choices.",
    source=openai("chat/create max_completion_tokens"),
    needs=NEEDS,
    over=ASKED,
    breaks=["runaway generation: the limit protects the caller's money and time"],
)
def test_within_limit(stream: Exchange) -> None:
    most = _limit(stream) * asked_n(stream)
    made = _made(stream)
    require(made <= most, "usage.completion_tokens", f"<= {most}", made)


@requirement(
    "chat.stream.usage.cut-counted",
    MUST,
    "A stream's completion_tokens count the whole limit for each choice that it cut off.",
    source=openapi("CompletionUsage"),
    needs=NEEDS,
    over=ASKED,
    breaks=["under-billing, and budgets that are overrun"],
)
def test_cut_counted(stream: Exchange) -> None:
    limit, made = _limit(stream), _made(stream)
    if made > 1500:
        raise NotApplicable("the context may be full")
    cut = sum(
        any(piece.finish == "length" for piece in found)
        for found in streamed.by_choice(stream).values()
    )
    if not cut:
        raise NotApplicable
    require(made >= limit * cut, "usage.completion_tokens", f"at least {cut} times {limit}", made)


@requirement(
    "chat.stream.n.different",
    SHOULD,
    "With a temperature of 1 the choices of a streamed free answer differ.",
    source=openai("chat/create n"),
    needs=NEEDS,
    breaks=["several samples of one answer are worth no more than one"],
)
def test_different(chat_max_completion: Exchange, stream_n: Exchange) -> None:
    texts = ["".join(p.text for p in found) for found in streamed.by_choice(stream_n).values()]
    if len(texts) < 2:
        raise NotApplicable
    if min(map(len, texts)) < 12:
        raise Inconclusive("the answers are too short to tell")
    single = content_of(chat_max_completion).strip()
    if len(single) < 4 or any(same_start(single, text) for text in texts):
        raise Inconclusive("the model begins every answer to that prompt alike")
    require(len(set(texts)) > 1, "delta.content of the choices", "different texts", texts)


@requirement(
    "chat.stream.long-whole",
    MUST,
    "A long answer is as long streamed as not streamed.",
    source=openai("chat/streaming"),
    needs=NEEDS,
    breaks=["long answers end in the middle, and look finished"],
)
def test_long_whole(long_whole: Exchange, stream_long: Exchange) -> None:
    streamed.whole(stream_long)
    text, joined = streamed.content(long_whole), streamed.content(stream_long)
    if len(text) < 60 or not joined:
        raise Inconclusive("the answer is too short to compare")
    one, other = streamed.choice_of(long_whole).get("finish_reason"), streamed.finish(stream_long)
    if text == joined:
        return
    shorter, longer = sorted((text, joined), key=len)
    if longer.startswith(shorter) and one == other == "stop":
        fail("the joined deltas", f"{len(text)} characters", f"{len(joined)}, then {other}")
    if _without(joined, text) and one == other:
        fail("the joined deltas", text[:200], joined[:200], message="a piece is lost or repeated")
    raise Inconclusive("the model gave another answer")


def _without(one: str, other: str) -> bool:
    """Whether two texts are the same but for one piece that only one of them has."""
    head = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if head is None:
        return False
    short, long = sorted((one[head:], other[head:]), key=len)
    return 0 < len(long) - len(short) <= 24 and len(short) >= 12 and long.endswith(short)


@requirement(
    "chat.stream.constant-fingerprint",
    SHOULD,
    "Every chunk of a stream that names a `system_fingerprint` names the same.",
    source=openapi("CreateChatCompletionStreamResponse"),
    needs=NEEDS,
    over=CHAT_STREAM,
    breaks=["evaluations that check by it whether the backend has changed"],
)
def test_fingerprint(stream: Exchange) -> None:
    listed = [chunk.get("system_fingerprint") for _, chunk in streamed.chunks(stream)]
    found = {name for name in listed if isinstance(name, str) and name}
    if not found:
        raise NotApplicable
    require(len(found) == 1, "system_fingerprint", "one value", sorted(found)[:3])


@requirement(
    "chat.stream.obfuscation-off",
    SHOULD,
    "With `include_obfuscation: false` no chunk carries `obfuscation`.",
    source=openai("chat/create stream_options"),
    needs=NEEDS,
    breaks=["clients that save bandwidth on links that they trust"],
)
def test_obfuscation(stream_unpadded: Exchange) -> None:
    for number, chunk in streamed.chunks(stream_unpadded):
        if chunk.get("obfuscation"):
            fail(f"event {number}: obfuscation", "absent", chunk["obfuscation"])
