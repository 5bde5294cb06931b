"""Chat completions: parameters that must do something."""

from __future__ import annotations

from typing import Any

from conformance.capability import capability
from conformance.chats import choices_of, entries_of
from conformance.probe import Accepted, Context, chat, probe, scenario, user
from conformance.probes.chat import REPEAT, STORY, answer_of
from conformance.requirement import MUST, SHOULD, openai
from conformance.session import Session

CHAT = ("POST", "/chat/completions")

capability(
    "chat.n",
    "several choices (`n`)",
    "chat_n",
    within="chat",
    took_effect=lambda x: len(choices_of(x)) > 1,
)
capability(
    "chat.logprobs",
    "log probabilities",
    "chat_logprobs",
    within="chat",
    took_effect=lambda x: any(entries_of(choice) for choice in choices_of(x)),
)

probe("chat_n", *chat(STORY, n=2, temperature=1, max_tokens=8), needs="chat", valid=False)


def again(c: Context, **more: Any) -> dict[str, Any]:
    """The request of the probe `chat` with something added."""
    return {
        "model": c.model("chat"),
        "messages": [user(REPEAT)],
        "temperature": 0,
        "max_tokens": 64,
        **more,
    }


def long_stop(text: str) -> str:
    """A piece of a text that spans several tokens and words."""
    start = len(text) // 3
    return text[start : start + 13] or "brown fox jumps"


def _stop_list(c: Context) -> dict[str, Any]:
    return again(c, stop=["@@never@@", "##nor this##", "~~nor that~~", long_stop(answer_of(c))])


def _stop_tail(c: Context) -> dict[str, Any]:
    """A stop string of which the answer's end is the beginning, and no more."""
    return again(c, stop=[(answer_of(c)[-4:] or "dog.") + "\u2603 never"])


probe(
    "chat_stop_list",
    *CHAT,
    _stop_list,
    needs="chat",
    after=("chat",),
    accepted=Accepted(
        "chat.stop.accepts-list",
        MUST,
        "`stop` may be a list of up to four strings.",
        openai("chat/create stop"),
        ("LangChain and other agent frameworks always send lists",),
    ),
)
probe("chat_stop_tail", *CHAT, _stop_tail, needs="chat", after=("chat",))
probe(
    "chat_stop_empty",
    *chat(REPEAT, temperature=0, max_tokens=64, stop=[]),
    needs="chat",
    valid=False,
)
probe(
    "chat_stop_logprobs",
    *CHAT,
    lambda c: again(c, stop=[long_stop(answer_of(c))], logprobs=True, top_logprobs=2),
    needs="chat.logprobs",
    after=("chat",),
)

probe(
    "chat_logprobs",
    *chat(STORY, temperature=1, max_tokens=12, logprobs=True, top_logprobs=5),
    needs="chat",
    valid=False,
)
probe(
    "chat_logprobs_top_p",
    *chat(STORY, temperature=1, top_p=0.1, max_tokens=12, logprobs=True, top_logprobs=5),
    needs="chat.logprobs",
)
probe(
    "chat_logprobs_plain",
    *chat(REPEAT, temperature=0, max_tokens=64, logprobs=True),
    needs="chat.logprobs",
    accepted=Accepted(
        "chat.logprobs.accepts-plain",
        MUST,
        "`logprobs: true` is accepted without `top_logprobs`.",
        openai("chat/create logprobs"),
        ("every client that wants the chosen token only",),
    ),
)
probe(
    "chat_logprobs_zero",
    *chat(REPEAT, temperature=0, max_tokens=8, logprobs=True, top_logprobs=0),
    needs="chat.logprobs",
    accepted=Accepted(
        "chat.logprobs.accepts-zero",
        MUST,
        "`top_logprobs` may be 0, the lower end of its range.",
        openai("chat/create top_logprobs"),
    ),
)
probe(
    "chat_logprobs_unicode",
    *chat(
        "Repeat exactly: Zürich 東京 🎉🧑‍🚀 naïve",
        temperature=0,
        max_tokens=64,
        logprobs=True,
        top_logprobs=2,
    ),
    needs="chat.logprobs",
)
probe(
    "chat_logprobs_n",
    *chat(STORY, n=2, temperature=1, max_tokens=6, logprobs=True, top_logprobs=1),
    needs="chat.n",
    valid=False,
)
probe(
    "chat_logprobs_twenty",
    *chat(STORY, temperature=1, max_tokens=4, logprobs=True, top_logprobs=20),
    needs="chat.logprobs",
    accepted=Accepted(
        "chat.logprobs.accepts-twenty",
        SHOULD,
        "`top_logprobs` may be 20, the upper end of its range.",
        openai("chat/create top_logprobs"),
    ),
)

probe(
    "chat_bias",
    *chat(REPEAT, temperature=0, max_tokens=6, logit_bias={"1000": 100}),
    needs="chat",
    valid=False,
)


@scenario("chat_seed", needs="chat", cost=3)
async def _seed(session: Session) -> None:
    """The same request with the same seed three times."""
    for step in ("first", "second", "third"):
        await session.post(
            step,
            "/chat/completions",
            model=session.model("chat"),
            messages=[user(STORY)],
            temperature=1,
            seed=42,
            max_tokens=20,
        )


@scenario("chat_greedy", needs="chat", cost=3)
async def _greedy(session: Session) -> None:
    """A free question at temperature 0, three times."""
    for step in ("first", "second", "third"):
        await session.post(
            step,
            "/chat/completions",
            model=session.model("chat"),
            messages=[user("Invent a name for a small island and describe it in one sentence.")],
            temperature=0,
            max_tokens=24,
        )
