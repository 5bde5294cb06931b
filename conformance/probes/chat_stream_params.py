"""Chat streams: log probabilities and stop strings."""

from __future__ import annotations

from typing import Any

from conformance.probe import Context, chat, probe
from conformance.probes.chat import REPEAT, STORY, answer_of
from conformance.probes.chat_params import again, long_stop

USAGE = {"include_usage": True}


def _stop(c: Context) -> dict[str, Any]:
    """The request of chat_stop_list, streamed, with the stop strings in another order."""
    stops = [long_stop(answer_of(c)), "@@never@@", "##nor this##", "~~nor that~~"]
    return again(c, stop=stops, stream=True, stream_options=USAGE)


def _tail(c: Context) -> dict[str, Any]:
    """The request of chat_stop_tail, streamed."""
    return again(c, stop=[(answer_of(c)[-4:] or "dog.") + "\u2603 never"], stream=True)


def _stop_logprobs(c: Context) -> dict[str, Any]:
    return again(c, stop=[long_stop(answer_of(c))], logprobs=True, top_logprobs=1, stream=True)


_POST = ("POST", "/chat/completions")
probe("chat_stream_stop", *_POST, _stop, needs="chat.stream", after=("chat",))
probe("chat_stream_stop_tail", *_POST, _tail, needs="chat.stream", after=("chat",))
probe(
    "chat_stream_logprobs",
    *chat(
        REPEAT,
        temperature=0,
        max_tokens=64,
        logprobs=True,
        top_logprobs=2,
        stream=True,
        stream_options=USAGE,
    ),
    needs="chat.logprobs",
    valid=False,
)
probe(
    "chat_stream_logprobs_one",
    *chat(STORY, temperature=0, max_tokens=1, logprobs=True, stream=True),
    needs="chat.logprobs",
    valid=False,
)
