"""Chat completions: `stop`."""

from __future__ import annotations

from conformance.chats import content_of, contents_of, finish_of, stops_of
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, require
from conformance.requirement import MUST, openai, requirement
from conformance.select import CHAT

STOP = openai("chat/create stop")
AGENTS = ["ReAct agents run past `Observation:`"]
CONTENT = "choices[0].message.content"


@requirement(
    "chat.stop.not-in-text",
    MUST,
    "The text does not contain a stop string.",
    source=STOP,
    needs="chat",
    over=CHAT,
    breaks=AGENTS,
)
def test_not_in_text(x: Exchange) -> None:
    stops, texts = stops_of(x), contents_of(x)
    if not stops or not texts:
        raise NotApplicable
    for text in texts:
        found = [stop for stop in stops if stop in text]
        require(not found, "choices[].message.content", f"nothing of {stops}", text)


def where(earlier: Exchange, stopped: Exchange) -> tuple[str, str]:
    """What was said until the stop string should have come, and what was said now."""
    before, now = content_of(earlier), content_of(stopped)
    places = [before.find(s) for s in stops_of(stopped) if s in before]
    if not places:
        raise Inconclusive("the stop string did not come in the earlier answer")
    if any(s in now for s in stops_of(stopped)):
        raise NotApplicable("another requirement speaks of stop strings in the text")
    return before[: min(places)], now


def cuts(earlier: Exchange, stopped: Exchange) -> None:
    wanted, now = where(earlier, stopped)
    if now.rstrip() == wanted.rstrip():
        return
    if wanted.startswith(now):
        require(False, CONTENT, wanted, now)
    if now.startswith(wanted):
        require(False, CONTENT, f"the end before the stop string: {wanted!r}", now)
    raise Inconclusive("the model gave another answer")


@requirement(
    "chat.stop.cuts-before",
    MUST,
    "The text is all that came before the stop string.",
    source=STOP,
    needs="chat",
    breaks=["parsers lose the end of the text, or get a part of the stop string"],
)
def test_cuts(chat: Exchange, chat_stop: Exchange) -> None:
    cuts(chat, chat_stop)


@requirement(
    "chat.stop.cuts-before-list",
    MUST,
    "A stop string of several words that is the last of a list ends the text before it.",
    source=STOP,
    needs="chat",
    breaks=AGENTS,
)
def test_cuts_list(chat: Exchange, chat_stop_list: Exchange) -> None:
    cuts(chat, chat_stop_list)


@requirement(
    "chat.stop.finish-reason",
    MUST,
    'An answer that a stop string ended has `finish_reason` "stop".',
    source=openai("chat/object finish_reason"),
    needs="chat",
    breaks=["agents treat the step as cut off"],
)
def test_reason(chat: Exchange, chat_stop: Exchange, chat_stop_list: Exchange) -> None:
    unclear = True
    for x in (chat_stop, chat_stop_list):
        try:
            wanted, now = where(chat, x)
        except (NotApplicable, Inconclusive):
            continue
        if now.rstrip() != wanted.rstrip():
            continue
        unclear = False
        reason = finish_of(x)
        bad = reason in ("length", "tool_calls", "function_call", "content_filter")
        require(not bad, "choices[0].finish_reason", '"stop"', reason)
    if unclear:
        raise Inconclusive("no stop string came")


@requirement(
    "chat.stop.no-false-match",
    MUST,
    "A text that only ends like the beginning of a stop string is whole.",
    source=STOP,
    needs="chat",
    breaks=["the last words of an answer are lost"],
)
def test_tail(chat: Exchange, chat_stop_tail: Exchange) -> None:
    before, now = content_of(chat), content_of(chat_stop_tail)
    if now == before:
        return
    lost = before.startswith(now) and finish_of(chat_stop_tail) != "length"
    require(not lost, CONTENT, before, now)
    raise Inconclusive("the model gave another answer")


@requirement(
    "chat.stop.empty-list",
    MUST,
    "`stop: []` changes nothing, or is refused with a 4xx status.",
    source=STOP,
    needs="chat",
    any_status=True,
    breaks=["LangChain-like clients always send a list"],
)
def test_empty_list(chat: Exchange, chat_stop_empty: Exchange) -> None:
    if chat_stop_empty.status == 429 or not chat_stop_empty.status:
        raise Inconclusive("no answer", owner="quota")
    require(chat_stop_empty.status < 500, "status", ["200", "4xx"], chat_stop_empty.status)
    if not chat_stop_empty.ok or not chat.ok:
        return
    before, now = content_of(chat), content_of(chat_stop_empty)
    longer = finish_of(chat) == "stop" and now != before and now.startswith(before.rstrip())
    require(not longer, CONTENT, before, now)
    cut = before != now and before.startswith(now)
    require(not cut, CONTENT, before, now)
