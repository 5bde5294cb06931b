"""Idempotency-Key: the same request twice, and everything that a server may confuse it with.

OpenAI documents no such header. Where a provider claims it, it must work; where nobody does, it
must do no harm.
"""

from __future__ import annotations

from typing import Any

from conformance.capability import capability
from conformance.exchange import Exchange, Steps
from conformance.probe import Skip, chat, scenario

HEADER = "Idempotency-Key"
HELLO = chat("Say hello.", max_tokens=16)
MAX = 255
LONGEST = 60.0
"""Seconds for which a key is waited for at most."""

PATIENCE = 4
"""Times that a request is sent again, after two seconds, while the first is said to go on."""

IN_PROGRESS = (409, 425)
EARLY = 0.7
"""Share of its time after which a key must still be known."""


def same_answer(one: Exchange, two: Exchange) -> bool:
    """Both were answered with success, by the same object."""
    if not (one.ok and two.ok):
        return False
    a, b = _identity(one), _identity(two)
    return a is not None and a == b


def _identity(x: Exchange) -> Any:
    """The id of the answer (of its first event), the whole body where it has none."""
    body = x.json if not x.is_sse else (x.payloads or (None,))[0]
    if isinstance(body, dict) and isinstance(body.get("id"), str):
        return body["id"]
    return x.response.body if x.response and x.response.body else None


def _replayed(steps: Steps) -> bool:
    return same_answer(steps["first"], steps["second"]) and not same_answer(
        steps["control"], steps["first"]
    )


capability("idempotency", "idempotency keys", "idempotency", took_effect=_replayed)


class _Keys:
    """Keys that no other request ever used, and a body that goes with them."""

    def __init__(self, s: Any) -> None:
        self._s = s
        self._run = f"{s.nonce()}-{int(s.clock.time() * 1000):x}"

    def key(self, label: str) -> dict[str, str]:
        return {HEADER: f"{self._run}-{label}"}

    def padded(self, label: str) -> dict[str, str]:
        """A key of the longest length; the label is its end."""
        return {HEADER: self._run + "k" * (MAX - len(self._run) - len(label)) + label}

    def body(self, label: str = "", **more: Any) -> dict[str, Any]:
        text = f"Write one sentence about the word {self._s.nonce(label)}."
        return {**chat(text, temperature=1, max_tokens=16)[2], **more}


async def _chat(s: Any, step: str, body: Any, headers: Any = None, **more: Any) -> Exchange:
    found: Exchange = await s.send(
        step, "POST", "/chat/completions", json=body, headers=headers, **more
    )
    return found


@scenario("idempotency", needs="chat", cost=3)
async def idempotency(s: Any) -> None:
    """The gate: the same request twice with a key, then without one."""
    keys = _Keys(s)
    await _chat(s, "first", keys.body(), keys.key("a"))
    await _chat(s, "second", keys.body(), keys.key("a"), retry=False)
    await _chat(s, "control", keys.body())


@scenario("idempotency_other", needs="chat", cost=6)
async def idempotency_other(s: Any) -> None:
    """A key that was used, with another body, another account, another endpoint, a stream."""
    keys = _Keys(s)
    await _chat(s, "first", keys.body(), keys.key("a"))
    sends = [
        _chat(s, "body", keys.body("other"), keys.key("a"), retry=False),
        _chat(s, "stream", keys.body(stream=True), keys.key("a"), retry=False),
        s.send("get", "GET", "/models", headers=keys.key("a")),
    ]
    if s.key("second"):
        sends.append(_chat(s, "account", keys.body(), keys.key("a"), key="second"))
    if s.target.models.get("embedding"):
        words = {"model": s.model("embedding"), "input": "hello"}
        sends.append(
            s.send(
                "endpoint", "POST", "/embeddings", json=words, headers=keys.key("a"), retry=False
            )
        )
    await s.gather(*sends)
    await _chat(s, "original", keys.body(), keys.key("a"), retry=False)


@scenario("idempotency_odd", needs="chat", cost=6)
async def idempotency_odd(s: Any) -> None:
    """Keys that a careless store stumbles over."""
    keys = _Keys(s)
    odd = {
        "empty": "",
        "empty-other": "",
        "too-long": keys.padded("x")[HEADER] + "y",
        "huge": "k" * 4000,
        "marks": f"{keys.key('m')[HEADER]}'\";--/../%00{{}}",
    }
    await s.gather(
        *(
            _chat(s, step, keys.body(step), {HEADER: value}, retry=False)
            for step, value in odd.items()
        )
    )


@scenario("idempotency_lengths", needs="idempotency", cost=5)
async def idempotency_lengths(s: Any) -> None:
    """The shortest and the longest keys, and two that differ in the last letter or in case."""
    keys = _Keys(s)
    upper = {HEADER: keys.key("case")[HEADER].upper()}
    await s.gather(
        # nobody else's key can be told from this one, so its body never changes
        _chat(s, "one", {**HELLO[2], "temperature": 0}, {HEADER: "k"}),
        _chat(s, "longest", keys.body(), keys.padded("a")),
        _chat(s, "longest-other", keys.body(), keys.padded("b")),
        _chat(s, "case", keys.body(), keys.key("case")),
        _chat(s, "case-other", keys.body(), upper),
    )


@scenario("idempotency_twins", needs="idempotency", cost=4)
async def idempotency_twins(s: Any) -> None:
    """The same request four times at once."""
    keys = _Keys(s)
    await s.gather(
        *(
            _chat(s, "twin", keys.body(), keys.key("a"), retry=False, limited=False)
            for _ in range(4)
        )
    )
    await _chat(s, "later", keys.body(), keys.key("a"))


@scenario("idempotency_errors", needs="idempotency", cost=4)
async def idempotency_errors(s: Any) -> None:
    """A request that is refused, twice, and then one that is right, with the same key."""
    keys = _Keys(s)
    wrong = keys.body(messages=[])
    await _chat(s, "refused", wrong, keys.key("a"), retry=False)
    await _chat(s, "refused-again", wrong, keys.key("a"), retry=False)
    await _chat(s, "right", keys.body(), keys.key("a"), retry=False)
    await _chat(s, "right-again", keys.body(), keys.key("a"), retry=False)


@scenario("idempotency_stream", needs="chat.stream", cost=2)
async def idempotency_stream(s: Any) -> None:
    """The same streamed request twice."""
    keys = _Keys(s)
    await _chat(s, "first", keys.body(stream=True), keys.key("a"))
    await _chat(s, "second", keys.body(stream=True), keys.key("a"), retry=False)


@scenario("idempotency_left", needs="chat.stream", cost=2 + PATIENCE)
async def idempotency_left(s: Any) -> None:
    """A client leaves a stream, and asks for the same with the same key, as retries do."""
    keys = _Keys(s)
    body = keys.body(stream=True)
    await _chat(
        s, "left", body, keys.key("a"), retry=False, stop=lambda seen: b"data:" in seen,
        context={"left": True},
    )  # fmt: skip
    for turn in range(1 + PATIENCE):
        await s.sleep(2.0 if turn else 0.3)
        again = await _chat(s, "again", body, keys.key("a"), retry=False)
        if again.status not in IN_PROGRESS:
            break


ELSEWHERE = ("responses", "completions")
"""Endpoints beside chat completions whose answers have ids."""


@scenario("idempotency_elsewhere", needs="idempotency", cost=2 * len(ELSEWHERE))
async def idempotency_elsewhere(s: Any) -> None:
    """The same request twice at other endpoints."""
    keys = _Keys(s)
    words = "Write one sentence about the word"
    bodies = {
        "responses": {
            "model": s.model("chat"),
            "input": f"{words} {s.nonce('responses')}.",
            "max_output_tokens": 64,
            "store": False,
        },
        "completions": {
            "model": s.model("completion"),
            "prompt": f"{words} {s.nonce('completions')}.",
            "max_tokens": 16,
        },
    }

    async def twice(name: str) -> Exchange:
        for step in (f"{name}-first", f"{name}-second"):
            found: Exchange = await s.send(
                step, "POST", f"/{name}", json=bodies[name], headers=keys.key(name), retry=False
            )
            if not found.ok:
                break
        return found

    await s.gather(*(twice(name) for name in ELSEWHERE))


def _kept(target: Any) -> float:
    """Seconds that a key is waited for; 0 where nobody says how many, or where they are many."""
    kept = target.idempotency_expiry_s or 0.0
    return kept + margin(kept) if 0 < kept <= LONGEST else 0.0


def margin(kept: float) -> float:
    """Seconds after its end in which a store may still hold a key: it sweeps now and then."""
    return max(1.0, kept * 0.1)


@scenario("idempotency_expiry", needs="idempotency", cost=4, waits=_kept)
async def idempotency_expiry(s: Any) -> None:
    """Two keys: one shortly before the end of its documented time, one after it."""
    kept = s.target.idempotency_expiry_s
    if kept is None:
        raise Skip("nobody says how long keys are kept: `idempotency_expiry_s` of the profile")
    if kept > LONGEST:
        raise Skip(f"keys are kept for {kept:g} s; at most {LONGEST:g} s are waited for")
    keys = _Keys(s)
    s.announce(f"waits {_kept(s.target):g} s for an idempotency key to expire")
    began = s.clock.monotonic()
    await _chat(s, "soon", keys.body("soon"), keys.key("soon"))
    await _chat(s, "late", keys.body("late"), keys.key("late"))
    ended = s.clock.monotonic()
    context = {"kept": kept}
    await s.sleep(kept * EARLY - (ended - began))
    await _chat(s, "soon-again", keys.body("soon"), keys.key("soon"), retry=False, context=context)
    await s.sleep(ended + _kept(s.target) - s.clock.monotonic())
    await _chat(s, "late-again", keys.body("late"), keys.key("late"), retry=False, context=context)


@scenario("idempotency_cost", needs="idempotency", exclusive=True, cost=4)
async def idempotency_cost(s: Any) -> None:
    """What a replay takes from the limits, between two requests of the same size."""
    keys = _Keys(s)
    await _chat(s, "before", keys.body())
    await _chat(s, "first", keys.body(), keys.key("a"))
    await _chat(s, "replay", keys.body(), keys.key("a"))
    await _chat(s, "after", keys.body())
