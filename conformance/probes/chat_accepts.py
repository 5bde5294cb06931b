"""Chat completions: many optional parameters in one request, each alone when that is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.exchange import Exchange
from conformance.probe import CHAT_MODEL, probe, scenario, user
from conformance.probes.chat import REPEAT
from conformance.requirement import MUST, SHOULD, Level
from conformance.session import Session

Values = Mapping[str, tuple[Level, Any]]

NULLS: Values = {
    "temperature": (MUST, None),
    "top_p": (MUST, None),
    "n": (MUST, None),
    "max_completion_tokens": (MUST, None),
    "stop": (MUST, None),
    "frequency_penalty": (MUST, None),
    "presence_penalty": (MUST, None),
    "logit_bias": (MUST, None),
    "logprobs": (MUST, None),
    "top_logprobs": (MUST, None),
    "seed": (MUST, None),
    "stream": (MUST, None),
    "stream_options": (MUST, None),
    "service_tier": (SHOULD, None),
    "store": (SHOULD, None),
    "metadata": (SHOULD, None),
    "modalities": (SHOULD, None),
    "reasoning_effort": (SHOULD, None),
    "verbosity": (SHOULD, None),
}
"""Optional parameters whose documented type includes null. (`max_tokens` is bounded instead.)"""

NEUTRALS: Values = {
    "temperature": (MUST, 1),
    "top_p": (MUST, 1),
    "n": (MUST, 1),
    "frequency_penalty": (MUST, 0),
    "presence_penalty": (MUST, 0),
    "logit_bias": (MUST, {}),
    "logprobs": (MUST, False),
    "seed": (MUST, 7),
    "stream": (MUST, False),
    "user": (MUST, "conformance-user"),
    "response_format": (MUST, {"type": "text"}),
    "store": (MUST, False),
    "service_tier": (MUST, "auto"),
    "modalities": (SHOULD, ["text"]),
    "prompt_cache_key": (SHOULD, "conformance"),
    "safety_identifier": (SHOULD, "conformance-user"),
}
"""Standard optional parameters at the value that changes nothing."""

BOUNDS: Values = {
    "temperature": (MUST, 2),
    "top_p": (SHOULD, 0),
    "frequency_penalty": (MUST, -2),
    "presence_penalty": (MUST, 2),
    "seed": (SHOULD, 2**53 - 1),
}
"""Parameters at the end of their documented range."""

FRACTIONS: Values = {
    "temperature": (MUST, 0.7),
    "top_p": (MUST, 0.95),
    "frequency_penalty": (MUST, 0.5),
    "presence_penalty": (MUST, -0.5),
    "seed": (SHOULD, -1),
}

_HELLO = {"role": "assistant", "content": "Hello, how can I help?"}
_BRIEF = {"role": "system", "content": "Be brief."}

ORDERS: Mapping[str, tuple[Level, list[dict[str, Any]]]] = {
    "assistant-first": (MUST, [_HELLO, user(REPEAT)]),
    "two-users": (MUST, [user("I have a question."), user(REPEAT)]),
    "two-systems": (
        MUST,
        [{"role": "system", "content": "You are helpful."}, _BRIEF, user(REPEAT)],
    ),
    "late-system": (SHOULD, [user("Hello."), _HELLO, _BRIEF, user(REPEAT)]),
    "name": (MUST, [{"role": "user", "name": "Alice_1", "content": REPEAT}]),
    "empty-text": (SHOULD, [{"role": "system", "content": ""}, user(REPEAT)]),
    "assistant-last": (SHOULD, [user(REPEAT), {"role": "assistant", "content": "The quick"}]),
    "system-only": (SHOULD, [{"role": "system", "content": REPEAT}]),
}
"""Orders and forms of messages that OpenAI takes."""

ALONE = ("assistant-last", "system-only")
"""What does not fit into one conversation with the rest."""

_MIXED = [
    {"role": "system", "content": "You are helpful."},
    _BRIEF,
    {"role": "system", "content": ""},
    _HELLO,
    user("I have a question."),
    {"role": "user", "name": "Alice_1", "content": "Here it is."},
    _HELLO,
    _BRIEF,
    user(REPEAT),
]


def _plain(**more: Any) -> dict[str, Any]:
    return {"model": CHAT_MODEL, "messages": [user(REPEAT)], "max_tokens": 32, **more}


async def bundle(session: Session, values: Values) -> None:
    """All values in one request; if that is refused, each in a request of its own."""
    given = {name: value for name, (_, value) in values.items()}
    whole = await session.post("all", "/chat/completions", **_plain(**given))
    if whole.ok or whole.status == 429:
        return
    for name, value in given.items():
        await session.post(name, "/chat/completions", **_plain(**{name: value}))


@scenario("chat_nulls", needs="chat", cost=len(NULLS) + 1)
async def _nulls(session: Session) -> None:
    await bundle(session, NULLS)


@scenario("chat_neutrals", needs="chat", cost=len(NEUTRALS) + 1)
async def _neutrals(session: Session) -> None:
    await bundle(session, NEUTRALS)


@scenario("chat_bounds", needs="chat", cost=len(BOUNDS) + 1)
async def _bounds(session: Session) -> None:
    await bundle(session, BOUNDS)


@scenario("chat_fractions", needs="chat", cost=len(FRACTIONS) + 1)
async def _fractions(session: Session) -> None:
    await bundle(session, FRACTIONS)


@scenario("chat_orders", needs="chat", cost=len(ORDERS) + 1)
async def _orders(session: Session) -> None:
    """One conversation that holds every order; each alone when it is refused."""

    async def ask(step: str, messages: list[dict[str, Any]]) -> Exchange:
        return await session.post(
            step,
            "/chat/completions",
            model=session.model("chat"),
            messages=messages,
            max_tokens=16,
        )

    whole, *_ = await session.gather(
        ask("all", _MIXED), *(ask(name, ORDERS[name][1]) for name in ALONE)
    )
    if whole.ok or whole.status == 429:
        return
    for name, (_, messages) in ORDERS.items():
        if name not in ALONE:
            await ask(name, messages)


OPTIONAL: Mapping[str, dict[str, Any]] = {
    "reasoning_effort": {"reasoning_effort": "low"},
    "verbosity": {"verbosity": "low"},
    "metadata": {"metadata": {"purpose": "conformance"}},
    "prediction": {"prediction": {"type": "content", "content": "The quick brown fox"}},
    "flex": {"service_tier": "flex"},
    "web_search_options": {"web_search_options": {}},
}
"""What some models of OpenAI refuse: success or a clean refusal, nothing else."""

for _name, _more in OPTIONAL.items():
    probe(
        f"chat_optional_{_name}",
        "POST",
        "/chat/completions",
        _plain(**_more),
        needs="chat",
        valid=False,
    )
