"""Chat completions: what shows only when several answers, whole and streamed, are laid together."""

from __future__ import annotations

import html
import json
from typing import Any

from conformance import streamed
from conformance.chats import body_of, integer
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, fail
from conformance.requirement import MAY, MUST, live, openai, openapi, requirement
from conformance.select import CHAT_ANY

Answers = tuple[Exchange, ...]

HARMLESS = frozenset(
    [
        "temperature",
        "top_p",
        "max_tokens",
        "max_completion_tokens",
        "stop",
        "n",
        "seed",
        "stream",
        "stream_options",
        "logprobs",
        "top_logprobs",
        "presence_penalty",
        "frequency_penalty",
        "logit_bias",
        "user",
        "metadata",
        "store",
    ]
)
"""Parameters that are no part of the prompt."""


DRIFT = 5
"""Seconds by which a clock may be off from answer to answer."""


def own(answers: Answers) -> list[Exchange]:
    """Without what somebody else recorded, maybe months apart, and without odd requests."""
    return [
        x
        for x in answers
        if x.sent.get("messages")
        and not x.context.get("foreign")
        and not x.probe.startswith("fuzz")
    ]


def asked(x: Exchange, without: frozenset[str]) -> str:
    """The request without some parameters and without what is null."""
    kept = {k: v for k, v in x.sent.items() if k not in without and v is not None}
    return json.dumps(kept, sort_keys=True)


def usage_of(x: Exchange) -> dict[str, Any]:
    """The usage of an answer, whole or streamed; {} where there is none."""
    if x.is_stream:
        found = streamed.usages(x)
        return found[-1][2] if found else {}
    usage = body_of(x).get("usage")
    return usage if isinstance(usage, dict) else {}


def _groups(answers: Answers, without: frozenset[str]) -> dict[str, list[Exchange]]:
    groups: dict[str, list[Exchange]] = {}
    for x in own(answers):
        groups.setdefault(asked(x, without), []).append(x)
    return {key: group for key, group in groups.items() if len(group) > 1}


@requirement(
    "chat.usage.same-prompt",
    MUST,
    "The same messages and tools have the same `prompt_tokens` in every answer, whatever limits, "
    "stop strings, choices or streaming the request asks for.",
    source=live("chat completions, 2025"),
    needs="chat",
    over=CHAT_ANY,
    together=True,
    breaks=["cost accounting and budgets are wrong"],
)
def test_same_prompt(answers: Answers) -> None:
    compared = False
    for group in _groups(answers, HARMLESS).values():
        counts = [(x, integer(usage_of(x).get("prompt_tokens"))) for x in group]
        known = [(x, count) for x, count in counts if count is not None]
        for x, count in known[1:]:
            compared = True
            if count != known[0][1]:
                first = f"{known[0][1]}, as in {known[0][0].id}"
                fail("usage.prompt_tokens", first, count, exchange=x)
    if not compared:
        raise NotApplicable("no two requests have the same messages")


@requirement(
    "chat.tools.counted",
    MAY,
    "Tools reach the model: their definitions count as a part of the prompt.",
    source=openai("chat/create tools"),
    needs="chat.tools",
    breaks=["cost accounting", "tools that are dropped are never called"],
)
def test_tools_counted(tools_auto: Exchange, tools_without: Exchange) -> None:
    much = integer(usage_of(tools_auto).get("prompt_tokens"))
    few = integer(usage_of(tools_without).get("prompt_tokens"))
    if much is None or few is None:
        raise NotApplicable("no usage was sent")
    if much <= few:
        fail("usage.prompt_tokens", f"more than {few}, as without tools", much)


def _flat(text: str) -> str:
    """A text without the differences that careless writers make."""
    return "".join(html.unescape(text.replace("\\n", "").replace("\\t", "")).split())


@requirement(
    "chat.stream.same-characters",
    MUST,
    "Line breaks, spaces and quotes are the same streamed and not streamed.",
    source=openai("chat/streaming"),
    needs="chat.stream",
    breaks=["code, lists and tables in a streamed answer lose their form"],
)
def test_same_characters(
    lines: Exchange, lines_stream: Exchange, unicode: Exchange, stream_unicode: Exchange
) -> None:
    compared = False
    for whole, stream in ((lines, lines_stream), (unicode, stream_unicode)):
        text, joined = streamed.content(whole), streamed.content(stream)
        if not joined or streamed.failed(stream) or _flat(text) != _flat(joined):
            continue
        compared = True
        # a single space more or less may be the model's own choice
        if text != joined and abs(len(text) - len(joined)) > 1:
            fail("the joined deltas", text[:200], joined[:200], exchange=stream)
    if not compared:
        raise Inconclusive("the answers differ in more than their spaces")


def _clock(stamps: list[tuple[Exchange, int]]) -> None:
    """Between the clocks of server and client lies always about the same time."""
    # a stamp may be of the beginning or of the end of its answer
    late = max(stamps, key=lambda pair: pair[1] - pair[0].started - pair[0].duration)
    early = min(stamps, key=lambda pair: pair[1] - pair[0].started)
    ahead = late[1] - late[0].started - late[0].duration
    behind = early[1] - early[0].started
    if ahead - behind > DRIFT:
        fail("created", f"{ahead - behind:.0f} s later", early[1], exchange=early[0],
             message="`created` stands still or lags behind")  # fmt: skip


@requirement(
    "chat.created.runs",
    MUST,
    "`created` goes with the time: it is not that of the server's start or of an example.",
    source=openapi("CreateChatCompletionResponse"),
    needs="chat",
    over=CHAT_ANY,
    together=True,
    breaks=["logs and conversations are sorted by it"],
)
def test_created_runs(answers: Answers) -> None:
    stamps = []
    for x in own(answers):
        if x.request.header("idempotency-key"):
            continue  # a replay has the time of the first answer
        sources = [p for _, _, p in streamed.payloads(x)] if x.is_stream else [body_of(x)]
        stamp = integer(sources[0].get("created")) if sources else None
        if stamp is not None and 1e9 < stamp < 1e11:
            stamps.append((x, stamp))
    if len(stamps) < 2:
        raise NotApplicable
    _clock(stamps)
