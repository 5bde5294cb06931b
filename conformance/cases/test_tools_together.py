"""Tool calls: what shows only beside other answers, and texts that are hard to carry."""

from __future__ import annotations

import json

from conformance.cases.test_chat_together import HARMLESS, Answers, asked, own, usage_of
from conformance.chats import detail_of, integer
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, fail
from conformance.probes.tools import UNUSUAL
from conformance.requirement import MUST, SHOULD, openai, openapi, requirement
from conformance.select import CHAT_ANY, CHAT_STREAM, Selector
from conformance.toolcalls import content, finish, made_calls, offered

NEEDS = "chat.tools"
WITH_TOOLS = Selector("with tools", lambda x: bool(offered(x)))


@requirement(
    "chat.tools.ids-fresh",
    SHOULD,
    "The calls of different answers have different ids.",
    source=openapi("ChatCompletionMessageToolCall"),
    needs=NEEDS,
    over=CHAT_ANY & WITH_TOOLS,
    together=True,
    breaks=["in a conversation of several rounds a result is matched to the wrong call"],
)
def test_ids_fresh(answers: Answers) -> None:
    seen: dict[str, Exchange] = {}
    for x in own(answers):
        if x.request.header("idempotency-key"):
            continue
        try:
            ids = {call.id for _, made in made_calls(x) for call in made}
        except NotApplicable:
            continue
        known = {name for name in ids if isinstance(name, str) and name}
        for name in known & seen.keys():
            fail("tool_calls[].id", "an id that no other answer has", name, exchange=x,
                 message=f"as in {seen[name].id}")  # fmt: skip
        seen.update(dict.fromkeys(known, x))
    if len({x.id for x in seen.values()}) < 2:
        raise NotApplicable("no two answers with calls")


def _told(x: Exchange) -> str | None:
    """All that an answer says, None where it says nothing or more than one choice."""
    if integer(x.sent.get("n")) not in (None, 1) or x.sent.get("stop"):
        return None
    try:
        calls = [(c.name, c.arguments) for _, made in made_calls(x) for c in made]
    except NotApplicable:
        calls = []
    text = content(x)
    if finish(x) not in ("stop", "tool_calls") or not (text or calls):
        return None
    return json.dumps([text, calls, finish(x)], default=repr)


@requirement(
    "chat.usage.same-completion",
    MUST,
    "The same answer to the same messages has the same `completion_tokens`, streamed or not.",
    source=openapi("CompletionUsage"),
    needs="chat",
    over=CHAT_ANY,
    together=True,
    breaks=["cost accounting depends on the mode"],
)
def test_same_completion(answers: Answers) -> None:
    known: dict[tuple[str, str], tuple[int, Exchange]] = {}
    compared = False
    for x in own(answers):
        count, said = integer(usage_of(x).get("completion_tokens")), _told(x)
        if count is None or said is None or _thoughts(x):
            continue
        first, where = known.setdefault((asked(x, HARMLESS), said), (count, x))
        compared = compared or where is not x
        # the same text may once be made of other tokens
        if abs(first - count) > 1:
            fail("usage.completion_tokens", f"{first}, as in {where.id}", count, exchange=x)
    if not compared:
        raise Inconclusive("no answer was given twice")


def _thoughts(x: Exchange) -> int:
    details = usage_of(x).get("completion_tokens_details")
    found = integer(details.get("reasoning_tokens")) if isinstance(details, dict) else None
    return found or detail_of(x, "completion_tokens_details", "reasoning_tokens") or 0


def _note(x: Exchange) -> str:
    """The text that was saved. Raises Inconclusive where the model saved another one."""
    for _, made in made_calls(x):
        for call in made:
            try:
                found = json.loads(call.arguments)["text"]
            except (ValueError, TypeError, KeyError):
                continue
            if isinstance(found, str) and "rich" in found:
                return found
    raise Inconclusive("the model saved another text")


@requirement(
    "chat.tools.arguments-unicode",
    MUST,
    "Arguments carry every character, also umlauts, Chinese, quotes and emoji.",
    source=openai("chat/create tools"),
    needs=NEEDS,
    breaks=["names and addresses of most of the world reach the tool damaged"],
)
def test_unicode(tools_unicode: Exchange) -> None:
    _undamaged(_note(tools_unicode), tools_unicode)


@requirement(
    "chat.tools.stream.arguments-unicode",
    MUST,
    "Streamed arguments carry every character that they carry in a whole answer.",
    source=openai("chat/streaming"),
    needs=NEEDS,
    breaks=["names and addresses of most of the world reach the tool damaged"],
)
def test_stream_unicode(tools_unicode: Exchange, tools_unicode_stream: Exchange) -> None:
    text = _note(tools_unicode_stream)
    _undamaged(text, tools_unicode_stream)
    whole = _note(tools_unicode)
    if whole != text and "".join(whole.split()) == "".join(text.split()):
        fail("arguments.text", whole, text, exchange=tools_unicode_stream)


def _undamaged(text: str, x: Exchange) -> None:
    broken = "\ufffd" in text or "Ã¼" in text or "\\u" in text
    # every character beyond ASCII became a question mark, or nothing
    gone = text.isascii() and (text.count("?") > 2 or "Zrich" in text)
    if broken or gone:
        fail("arguments.text", UNUSUAL, text, exchange=x)
    if "東京" not in text:
        raise Inconclusive("the model saved another text")


@requirement(
    "chat.tools.stream.opening-arguments",
    SHOULD,
    'The first delta of a call has arguments that are text: "" where none have come yet.',
    source=openai("chat/streaming"),
    needs=NEEDS,
    over=CHAT_STREAM & WITH_TOOLS,
    breaks=["`call.function.arguments += delta`: TypeError, or `undefined{...`"],
)
def test_opening_arguments(stream: Exchange) -> None:
    for _, made in made_calls(stream):
        for call in made:
            inner = call.deltas[0].get("function") if call.deltas else None
            if isinstance(inner, dict) and not isinstance(inner.get("arguments"), str):
                fail(f"event {call.numbers[0]}, {call.at}: function.arguments", "a string",
                     inner.get("arguments", "absent"))  # fmt: skip


@requirement(
    "chat.tools.stream.later-unnamed",
    SHOULD,
    "The later deltas of a call have no id and no name, not even an empty one.",
    source=openai("chat/streaming"),
    needs=NEEDS,
    over=CHAT_STREAM & WITH_TOOLS,
    breaks=["clients that take what a delta brings lose the id and the name"],
)
def test_later_unnamed(stream: Exchange) -> None:
    for _, made in made_calls(stream):
        for call in made:
            for number, delta in list(zip(call.numbers, call.deltas, strict=False))[1:]:
                inner = delta.get("function")
                name = inner.get("name") if isinstance(inner, dict) else None
                if delta.get("id") == "" or name == "":
                    fail(f"event {number}, {call.at}", "absent", delta)
