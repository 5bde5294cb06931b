"""The simple instructions that the toy model obeys, and what it says otherwise."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Sequence

from conformance.reference.ask import Ask, Turn

_WORD = r"(?:repeat|reply|respond|answer|say|output|write|return|print)"
_EXACT = re.compile(rf"\b{_WORD}\b[^:\n]{{0,60}}?:\s*(.+)", re.IGNORECASE | re.DOTALL)
_WITH_WORD = re.compile(
    r"\b(?:reply|respond|answer)\s+(?:only\s+|always\s+)?with\s+(?:only\s+|just\s+|exactly\s+)*"
    r"(?:the\s+)?(?:single\s+|one\s+)?(?:word\s+)?[\"'`]?([\w-]+)[\"'`]?",
    re.IGNORECASE,
)
_SAY = re.compile(r"^\s*(?:please\s+)?(?:say|repeat)\s+(?:exactly\s+|only\s+)?(.+)", re.I | re.S)
_COUNT = re.compile(r"\bcount\b.*?\bfrom\s+(\d{1,6})\s+(?:up\s+)?to\s+(\d{1,6})", re.I | re.S)
_COUNT_TO = re.compile(r"\bcount\s+(?:up\s+)?to\s+(\d{1,6})", re.I)
_SECRET = re.compile(r"secret (?:word|code|number) is:?\s*[\"'`]?([\w-]+)", re.I)
_NAME = re.compile(r"my name is\s+[\"'`]?([\w-]+)", re.I)
_ENDING = re.compile(
    r"end (?:every|each|all) (?:answer|reply|response|message)s? with\s*:?\s*(.+)", re.I
)

_OPENINGS = (
    "Thank you for asking, here is a short and friendly answer",
    "That is a good question, and I am glad to help you",
    "Let me think about this for a moment and tell you",
    "Here is what I know about it, in plain and simple words",
    "Of course, it is a pleasure to talk this over with you",
)
_MIDDLES = (
    "the morning light moves slowly over the quiet hills",
    "small steps taken every day lead to lasting results",
    "a careful reader finds more than was ever written down",
    "rivers reach the sea because they never stop moving on",
    "old maps are lovely but the road itself teaches more",
    "good tools make hard work feel a little lighter",
    "warm bread and a clear plan are a fine beginning",
)
_ENDINGS = (
    "so please take your time and enjoy the way",
    "and that is really all there is to it today",
    "which I hope is a useful start for you",
    "so ask me again whenever you would like more",
    "and the rest will follow on its own soon",
)


def hashed(*parts: object) -> int:
    """A number that depends on nothing but the parts."""
    return zlib.crc32("\x1f".join(str(part) for part in parts).encode("utf-8", "replace"))


def _unquoted(text: str) -> str:
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'`":
        return text[1:-1]
    return text


def _last_after(turns: Sequence[Turn], pattern: re.Pattern[str]) -> str | None:
    for turn in reversed(turns):
        found = pattern.findall(turn.text)
        if found:
            return str(found[-1])
    return None


def told(text: str) -> str | None:
    """What a text tells the model to say word for word."""
    for pattern in (_EXACT, _SAY, _WITH_WORD):
        found = pattern.search(text)
        if found:
            return _unquoted(found[1])
    return None


def _counted(text: str) -> str | None:
    found = _COUNT.search(text)
    if found:
        first, last = int(found[1]), int(found[2])
    else:
        only = _COUNT_TO.search(text)
        if not only:
            return None
        first, last = 1, int(only[1])
    step = 1 if last >= first else -1
    numbers = range(first, last + step, step)[:2000]
    return ", ".join(str(number) for number in numbers)


def tool_results(turns: Sequence[Turn]) -> list[str]:
    """The results of tools since the last word of the user."""
    results: list[str] = []
    for turn in reversed(turns):
        if turn.role == "tool":
            results.insert(0, turn.text)
        elif turn.role == "user":
            break
    return results


def plain_answer(ask: Ask, index: int) -> str:
    """The text that the model answers."""
    question = ask.last_user
    lower = question.lower()
    results = tool_results(ask.turns)
    if results and ask.turns[-1].role == "tool":
        return f"The tool returned: {'; '.join(results)}"
    if "secret" in lower and "?" in question:
        word = _last_after(ask.turns[:-1] or ask.turns, _SECRET)
        if word:
            return f"The secret word is {word}."
    if "my name" in lower and "?" in question:
        name = _last_after(ask.turns, _NAME)
        if name:
            return f"Your name is {name}."
    if "tool" in lower and "return" in lower and "?" in question:
        every = [turn.text for turn in ask.turns if turn.role == "tool"]
        if every:
            return f"The tool returned: {'; '.join(every)}"
    if "alphabet" in lower:
        return ", ".join("abcdefghijklmnopqrstuvwxyz")
    return told(question) or _counted(question) or told(ask.system) or sentence(ask, index)


def sentence(ask: Ask, index: int) -> str:
    """A friendly sentence of about 25 words that depends on nothing but the request."""
    history = [f"{turn.role}:{turn.text}" for turn in ask.turns]
    choice = index if ask.temperature > 0 else 0
    number = hashed(ask.seed, *history)
    # the index takes part in all three, so that neighbours always differ
    opening = _OPENINGS[(number + choice) % len(_OPENINGS)]
    middle = _MIDDLES[(number // 7 + choice) % len(_MIDDLES)]
    ending = _ENDINGS[(number // 61 + choice) % len(_ENDINGS)]
    return f"{opening}: {middle}, {ending}."


def styled(text: str, ask: Ask) -> str:
    """The answer in the manner that the system message asks for."""
    system = ask.system
    if not system:
        return text
    if re.search(r"\b(?:upper ?case|capital letters|all caps)\b", system, re.I):
        text = text.upper()
    found = _ENDING.search(system)
    if found:
        text = f"{text} {_unquoted(found[1])}"
    return text


def json_answer(ask: Ask, index: int) -> str:
    """A JSON object, for JSON mode."""
    wanted = told(ask.last_user)
    if wanted:
        try:
            if isinstance(json.loads(wanted), dict):
                return wanted
        except ValueError:
            pass
    answer = {"answer": plain_answer(ask, index), "ok": True}
    return json.dumps(answer, ensure_ascii=False)
