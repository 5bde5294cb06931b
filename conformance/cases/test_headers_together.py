"""Headers that are right on one route and wrong, missing or constant over the run."""

from __future__ import annotations

from conformance.exchange import Exchange, Steps
from conformance.expect import NotApplicable, fail, require
from conformance.ratelimits import number, resets
from conformance.requirement import MAY, MUST, SHOULD, live, openai, requirement
from conformance.select import ANY, Selector

LIMIT = "x-ratelimit-limit-requests"
PROCESSING = "openai-processing-ms"
TIMED = ANY & Selector("with a processing time", lambda x: bool(x.header(PROCESSING)))


def _as_chat(chat: Exchange, other: Exchange) -> None:
    if not chat.header(LIMIT) or not chat.ok or not other.ok:
        raise NotApplicable("chat completions have none either")
    require(other.header(LIMIT) is not None, f"header {LIMIT}", "as on chat completions", "absent")


@requirement(
    "headers.ratelimit.embeddings",
    SHOULD,
    "Embeddings carry rate-limit headers where chat completions do.",
    source=live("embeddings, 2023 to 2026"),
    needs="embeddings",
    breaks=["indexers that pace themselves run into the limit"],
)
def test_embeddings(chat: Exchange, embeddings: Exchange) -> None:
    _as_chat(chat, embeddings)


@requirement(
    "headers.ratelimit.completions",
    SHOULD,
    "Legacy completions carry rate-limit headers where chat completions do.",
    source=live("completions, 2023 to 2026"),
    needs="completions",
    breaks=["clients that pace themselves run into the limit"],
)
def test_completions(chat: Exchange, completions: Exchange) -> None:
    _as_chat(chat, completions)


@requirement(
    "ratelimit.reset.not-over",
    MUST,
    "A refusal with nothing left does not say that the limit is whole again now.",
    source=openai("rate-limits"),
    breaks=["clients that wait for the reset do not wait, and are refused again"],
)
def test_not_over(ratelimit_window: Steps) -> None:
    refused = [x for x in ratelimit_window if x.status == 429]
    judged = [x for x in refused if number(x, "requests", "remaining") == 0 and resets(x)]
    if not judged:
        raise NotApplicable("no refusal says what is left and when it comes back")
    for x in judged:
        if max(resets(x)) <= 0:
            fail("header x-ratelimit-reset-requests", "more than 0",
                 x.header("x-ratelimit-reset-requests"), exchange=x)  # fmt: skip


@requirement(
    "headers.processing-ms.measured",
    MAY,
    "`openai-processing-ms` is measured: it is not the same on every answer.",
    source=live("all endpoints, 2024 to 2026"),
    over=TIMED,
    together=True,
    breaks=["latency boards show a straight line"],
)
def test_measured(answers: tuple[Exchange, ...]) -> None:
    own = [x for x in answers if x.response is not None and not x.context.get("foreign")]
    spent = [x.response.head_at for x in own if x.response is not None]
    if len(own) < 10 or max(spent) - min(spent) < 0.5:
        raise NotApplicable("no two answers take another time")
    found = {x.header(PROCESSING) for x in own}
    require(
        len(found) > 1, f"header {PROCESSING}", "the time of each answer", sorted(map(str, found))
    )
