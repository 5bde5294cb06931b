"""Chat completions: seed, temperature and logit_bias do something."""

from __future__ import annotations

from conformance.chats import body_of, content_of
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, require
from conformance.requirement import MAY, MUST, SHOULD, openai, requirement


def texts(steps: Steps) -> list[str]:
    found = []
    for x in steps:
        if not x.ok:
            raise NotApplicable(f"the answer was {x.status}")
        found.append(content_of(x))
    if len(found) < 3:
        raise NotApplicable
    return found


@requirement(
    "chat.seed.takes-effect",
    SHOULD,
    "The same request with the same `seed` and the same `system_fingerprint` mostly has the same "
    "answer.",
    source=openai("chat/create seed"),
    needs="chat",
    breaks=["evaluations cannot be reproduced"],
)
def test_seed(chat_seed: Steps) -> None:
    found = texts(chat_seed)
    prints = {str(body_of(x).get("system_fingerprint")) for x in chat_seed}
    if len(prints) > 1 or prints & {"None", ""}:
        raise Inconclusive("no fingerprint says that the system is the same")
    require(len(set(found)) < 3, "choices[0].message.content", "two equal answers of three", found)


@requirement(
    "chat.temperature.zero",
    SHOULD,
    "At temperature 0 the same request mostly has the same answer.",
    source=openai("chat/create temperature"),
    needs="chat",
    breaks=["tests and evaluations cannot be reproduced"],
)
def test_zero(chat_greedy: Steps) -> None:
    found = texts(chat_greedy)
    require(len(set(found)) < 3, "choices[0].message.content", "two equal answers of three", found)


@requirement(
    "chat.logit-bias.takes-effect",
    MAY,
    "`logit_bias` of 100 leaves nothing but the favoured token, or is refused with a 4xx status.",
    source=openai("chat/create logit_bias"),
    needs="chat",
    breaks=["classifiers that force a label get free text"],
)
def test_bias(chat: Exchange, chat_bias: Exchange) -> None:
    if not chat_bias.ok:
        raise NotApplicable("it is refused")
    before, now = content_of(chat).strip(), content_of(chat_bias).strip()
    if len(before) < 12:
        raise Inconclusive("the model's own answer is too short to compare")
    require(
        not (len(now) >= 8 and before.startswith(now[:8])),
        "choices[0].message.content",
        "another text than without logit_bias",
        now,
    )


@requirement(
    "chat.logit-bias.refused-cleanly",
    MUST,
    "`logit_bias` is done, or refused with a 4xx status.",
    source=openai("chat/create logit_bias"),
    needs="chat",
    any_status=True,
    breaks=["a 5xx is retried again and again"],
)
def test_bias_clean(chat_bias: Exchange) -> None:
    if chat_bias.status == 429 or not chat_bias.status:
        raise Inconclusive("no answer", owner="quota")
    require(chat_bias.status < 500, "status", ["200", "4xx"], chat_bias.status)
